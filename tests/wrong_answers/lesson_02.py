"""Answers that people give to the exercises of lesson 02.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- rms_error


@wrong
def rms_error__no_root(x, x_hat):
    """This is the mean squared error"""
    return ((x - x_hat) ** 2).mean()


@wrong
def rms_error__one_half(x, x_hat):
    """Write ** 0.5"""
    return np.mean((x - x_hat) ** 2) ** 1 / 2


@wrong
def rms_error__root_of_each(x, x_hat):
    """the root of each single square is |e|"""
    return np.mean(np.sqrt((x - x_hat) ** 2))


@wrong
def rms_error__norm(x, x_hat):
    """not divided by the number of values"""
    return np.linalg.norm(x - x_hat)


@wrong
def rms_error__root_first(x, x_hat):
    """The root is taken before the division"""
    return np.linalg.norm(x - x_hat) / x.size


@wrong
def rms_error__means(x, x_hat):
    """averaged before they are squared"""
    return abs(x.mean() - x_hat.mean())


@wrong
def rms_error__sizes(x, x_hat):
    """compares the sizes of the two arrays"""
    return np.sqrt(np.mean(x**2)) - np.sqrt(np.mean(x_hat**2))


@wrong
def rms_error__squares_first(x, x_hat):
    """squares before it subtracts"""
    return np.sqrt(abs(np.mean(x**2) - np.mean(x_hat**2)))


@wrong
def rms_error__std(x, x_hat):
    """it takes the mean error off"""
    return np.std(x - x_hat)


@wrong
def rms_error__rows(x, x_hat):
    """counts the rows of an array"""
    return math.sqrt(sum(e**2 for e in (x - x_hat).ravel().tolist()) / len(x))


@wrong
def rms_error__one_less(x, x_hat):
    """one less than the number of values"""
    return np.sqrt(((x - x_hat) ** 2).sum() / (x.size - 1))


@wrong
def rms_error__largest(x, x_hat):
    """This is the largest error"""
    return np.abs(x - x_hat).max()


@wrong
def rms_error__no_squares(x, x_hat):
    """the squares are missing"""
    return np.sqrt(np.abs(x - x_hat).mean())


@wrong
def rms_error__relative(x, x_hat):
    """divided by the size of x"""
    return np.linalg.norm(x - x_hat) / np.linalg.norm(x)


@wrong
def rms_error__per_row(x, x_hat):
    """one number is expected, not an array"""
    return np.sqrt(np.mean((x - x_hat) ** 2, axis=-1))


@wrong
def rms_error__in_place(x, x_hat):
    """changes its argument"""
    x -= x_hat
    return np.sqrt(np.mean(x**2))


@wrong
def rms_error__xor(x, x_hat):
    """In Python `^` is not a power"""
    return np.sqrt(np.mean((x - x_hat) ^ 2))


@wrong
def rms_error__math_root(x, x_hat):
    """those of NumPy, such as np.sqrt, take arrays"""
    return np.mean(math.sqrt((x - x_hat) ** 2))


@right
def rms_error__numpy(x, x_hat):
    return np.sqrt(np.mean((x - x_hat) ** 2))


@right
def rms_error__norm_over_root(x, x_hat):
    return np.linalg.norm((x - x_hat).ravel()) / math.sqrt(x.size)


@right
def rms_error__loop(x, x_hat):
    total = 0.0
    for a, b in zip(x.ravel(), x_hat.ravel(), strict=True):
        total += (float(a) - float(b)) ** 2
    return math.sqrt(total / x.size)


@right
def rms_error__dot(x, x_hat):
    e = np.ravel(x - x_hat).astype(float)
    return (e @ e / len(e)) ** 0.5


# --- signal_to_noise


@wrong
def signal_to_noise__twenty(x, x_hat):
    """factor 20 goes with a ratio of amplitudes"""
    noise = np.mean((x - x_hat) ** 2)
    if noise == 0:
        return np.inf
    return 20 * np.log10(np.mean(x**2) / noise)


@wrong
def signal_to_noise__ten_of_roots(x, x_hat):
    """after the root these are amplitudes"""
    if np.array_equal(x, x_hat):
        return math.inf
    return 10 * np.log10(np.linalg.norm(x) / np.linalg.norm(x - x_hat))


@wrong
def signal_to_noise__natural(x, x_hat):
    """natural logarithm"""
    return 10 * np.log(np.mean(x**2) / np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__upside_down(x, x_hat):
    """upside down"""
    return 10 * np.log10(np.mean((x - x_hat) ** 2) / np.mean(x**2))


@wrong
def signal_to_noise__ratio(x, x_hat):
    """This is the ratio itself"""
    noise = ((x - x_hat) ** 2).sum()
    return (x**2).sum() / noise if noise else float("inf")


@wrong
def signal_to_noise__bels(x, x_hat):
    """The factor 10 is missing"""
    return np.log10(np.mean(x**2)) - np.log10(np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__peak(x, x_hat):
    """takes the largest value for the signal"""
    noise = np.mean((x - x_hat) ** 2)
    return 20 * np.log10(np.abs(x).max() / np.sqrt(noise)) if noise else np.inf


@wrong
def signal_to_noise__variance(x, x_hat):
    """takes the variance of x"""
    return 10 * np.log10(x.var() / np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__variances(x, x_hat):
    """a constant error is noise, so take"""
    return 20 * np.log10(x.std() / np.std(x - x_hat))


@wrong
def signal_to_noise__magnitudes(x, x_hat):
    """means of magnitudes"""
    return 10 * np.log10(np.mean(np.abs(x)) / np.mean(np.abs(x - x_hat)))


@wrong
def signal_to_noise__copy(x, x_hat):
    """takes x_hat for the signal"""
    return 10 * np.log10(np.mean(x_hat**2) / np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__x_by_x_hat(x, x_hat):
    """the noise is the difference"""
    return 10 * np.log10(np.mean(x**2) / np.mean(x_hat**2))


@wrong
def signal_to_noise__zeros(x, x_hat):
    """Zeros that come back as zeros"""
    return 10 * np.log10(np.mean(x**2) / np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__no_number(x, x_hat):
    """its ratio is inf"""
    noise = np.mean((x - x_hat) ** 2)
    return np.nan if noise == 0 else 10 * np.log10(np.mean(x**2) / noise)


@wrong
def signal_to_noise__epsilon(x, x_hat):
    """A small number is added to the noise"""
    return 10 * np.log10(np.mean(x**2) / (np.mean((x - x_hat) ** 2) + 1e-12))


@wrong
def signal_to_noise__division_by_zero(x, x_hat):
    """your function raised ZeroDivisionError"""
    return 10 * math.log10(float(np.mean(x**2)) / float(np.mean((x - x_hat) ** 2)))


def plain(x, x_hat):
    return 10 * np.log10(np.mean(x**2) / np.mean((x - x_hat) ** 2))


@wrong
def signal_to_noise__sum_is_zero(x, x_hat):
    """Errors up and down cancel"""
    return np.inf if (x - x_hat).sum() == 0 else plain(x, x_hat)


@wrong
def signal_to_noise__max_is_zero(x, x_hat):
    """with its sign"""
    return np.inf if np.max(x - x_hat) == 0 else plain(x, x_hat)


@wrong
def signal_to_noise__any_equal(x, x_hat):
    """One value that comes back exactly"""
    return np.inf if (x == x_hat).any() else plain(x, x_hat)


@wrong
def signal_to_noise__allclose(x, x_hat):
    """A tiny error is an error too"""
    return np.inf if np.allclose(x, x_hat) else plain(x, x_hat)


@wrong
def signal_to_noise__sums_epsilon(x, x_hat):
    """A small number is added"""
    return 10 * np.log10(np.sum(x**2) / (np.sum((x - x_hat) ** 2) + 1e-10))


@wrong
def signal_to_noise__if_equal(x, x_hat):
    """work value by value on arrays"""
    return np.inf if x == x_hat else plain(x, x_hat)


@right
def signal_to_noise__guarded(x, x_hat):
    noise = np.mean((x - x_hat) ** 2)
    return np.inf if noise == 0 else 10 * np.log10(np.mean(x**2) / noise)


@right
def signal_to_noise__roots(x, x_hat):
    if (x == x_hat).all():
        return float("inf")
    return 20 * np.log10(np.linalg.norm(x) / np.linalg.norm(x - x_hat))


@right
def signal_to_noise__loop(x, x_hat):
    signal = noise = 0.0
    for a, b in zip(x.ravel().tolist(), x_hat.ravel().tolist(), strict=True):
        signal, noise = signal + a * a, noise + (a - b) * (a - b)
    return 10 * (math.log10(signal) - math.log10(noise)) if noise else math.inf


@right
def signal_to_noise__change_of_base(x, x_hat):
    noise = np.var(x - x_hat) + np.mean(x - x_hat) ** 2
    power = np.var(x) + np.mean(x) ** 2
    return 10 * np.log(power / noise) / np.log(10) if noise > 0 else np.inf


# --- split_error


def halves(x, scale, qmax):
    x_hat = scale * np.clip(np.round(x / scale), -qmax, qmax)
    inside = np.clip(x, -scale * qmax, scale * qmax)
    return inside - x_hat, x - inside


@wrong
def split_error__swapped(x, scale, qmax):
    """The two are swapped"""
    rounding, clipping = halves(x, scale, qmax)
    return np.mean(clipping**2), np.mean(rounding**2)


@wrong
def split_error__own_values(x, scale, qmax):
    """averaged over its own values alone"""
    error = (x - scale * np.clip(np.round(x / scale), -qmax, qmax)) ** 2
    beyond = np.abs(x) > scale * qmax
    return error[~beyond].mean(), error[beyond].mean()


@wrong
def split_error__no_ends(x, scale, qmax):
    """Nothing counts as clipped here"""
    inside = np.clip(x, -np.abs(x).max(), np.abs(x).max())
    x_hat = scale * np.clip(np.round(x / scale), -qmax, qmax)
    return np.mean((inside - x_hat) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__always_8_bits(x, scale, qmax):
    """those of 8 bits, always"""
    return [np.mean(e**2) for e in halves(x, scale, 127)]


@wrong
def split_error__upper_end(x, scale, qmax):
    """Only the upper end is clipped"""
    x_hat = scale * np.clip(np.round(x / scale), -qmax, qmax)
    inside = np.minimum(x, scale * qmax)
    return np.mean((inside - x_hat) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__at_the_code(x, scale, qmax):
    """as a real value the end is scale * qmax"""
    x_hat = scale * np.clip(np.round(x / scale), -qmax, qmax)
    inside = np.clip(x, -qmax, qmax)
    return np.mean((inside - x_hat) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__half_a_step(x, scale, qmax):
    """half a step too far out"""
    q = np.round(x / scale)
    clipped = np.abs(q) > qmax
    error = x - scale * np.clip(q, -qmax, qmax)
    return np.mean(np.where(clipped, 0, error**2)), np.mean(clipped * error**2)


@wrong
def split_error__roots(x, scale, qmax):
    """These are the roots"""
    rounding, clipping = halves(x, scale, qmax)
    return np.sqrt(np.mean(rounding**2)), np.sqrt(np.mean(clipping**2))


@wrong
def split_error__magnitudes(x, scale, qmax):
    """These are means of |e|"""
    return [np.abs(e).mean() for e in halves(x, scale, qmax)]


@wrong
def split_error__unclipped_codes(x, scale, qmax):
    """The codes of x_hat are not clipped"""
    inside = np.clip(x, -scale * qmax, scale * qmax)
    x_hat = scale * np.round(x / scale)
    return np.mean((inside - x_hat) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__whole_first(x, scale, qmax):
    """The first is the whole error here"""
    rounding, clipping = halves(x, scale, qmax)
    return np.mean((rounding + clipping) ** 2), np.mean(clipping**2)


@wrong
def split_error__whole_second(x, scale, qmax):
    """The second is the whole error here"""
    rounding, clipping = halves(x, scale, qmax)
    return np.mean(rounding**2), np.mean((rounding + clipping) ** 2)


@wrong
def split_error__in_steps(x, scale, qmax):
    """counted in steps"""
    inside = np.clip(x / scale, -qmax, qmax)
    rounding = inside - np.round(inside)
    return np.mean(rounding**2), np.mean((x / scale - inside) ** 2)


@wrong
def split_error__sums(x, scale, qmax):
    """These are sums"""
    rounding, clipping = halves(x, scale, qmax)
    return (rounding**2).sum(), (clipping**2).sum()


@wrong
def split_error__cast(x, scale, qmax):
    """cut off towards 0"""
    inside = np.clip(x, -scale * qmax, scale * qmax)
    q = np.clip((x / scale).astype(int), -qmax, qmax)
    return np.mean((inside - scale * q) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__one_number(x, scale, qmax):
    """a tuple of 2 values is expected"""
    return np.mean(halves(x, scale, qmax)[0] ** 2)


@right
def split_error__clip(x, scale, qmax):
    rounding, clipping = halves(x, scale, qmax)
    return np.mean(rounding**2), np.mean(clipping**2)


@right
def split_error__masks(x, scale, qmax):
    error = (x - scale * np.clip(np.round(x / scale), -qmax, qmax)) ** 2
    beyond = np.abs(x) > scale * qmax
    return error[~beyond].sum() / x.size, error[beyond].sum() / x.size


@wrong
def split_error__clipped_at_the_code(x, scale, qmax):
    """This clips x at +-qmax"""
    inside = np.clip(x, -qmax, qmax)
    x_hat = scale * np.round(inside / scale)
    return np.mean((inside - x_hat) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__less_code(x, scale, qmax):
    """A code is subtracted from a value"""
    inside = np.clip(x, -scale * qmax, scale * qmax)
    q = np.round(inside / scale)
    return np.mean((inside - q) ** 2), np.mean((x - inside) ** 2)


@wrong
def split_error__arrays(x, scale, qmax):
    """These are arrays"""
    rounding, clipping = halves(x, scale, qmax)
    return rounding**2, clipping**2


@wrong
def split_error__sum(x, scale, qmax):
    """This is the sum of both"""
    return sum(np.mean(e**2) for e in halves(x, scale, qmax))


@right
def split_error__difference(x, scale, qmax):
    inside = np.minimum(np.maximum(x, -scale * qmax), scale * qmax)
    clipping = ((x - inside) ** 2).mean()
    x_hat = scale * np.rint(inside / scale)
    return [((x - x_hat) ** 2).mean() - clipping, clipping]


@right
def split_error__loop(x, scale, qmax):
    rounding = clipping = 0.0
    for value in x.ravel().tolist():
        inside = max(-scale * qmax, min(scale * qmax, value))
        rounding += (inside - scale * round(inside / scale)) ** 2
        clipping += (value - inside) ** 2
    return rounding / x.size, clipping / x.size


# --- bits_for


def fewest(expected, target_db):
    for bits in range(2, 17):
        if expected(bits) >= target_db:
            return bits


@wrong
def bits_for__six_db(x, target_db):
    """whatever x looks like"""
    return math.ceil(target_db / 6.02)


@wrong
def bits_for__sine(x, target_db):
    """belong to a sine that fills the range"""
    return int(np.ceil((target_db - 1.76) / 6.02))


@wrong
def bits_for__all_codes(x, target_db):
    """needs all 2**bits codes"""
    power, reach = np.mean(x**2), np.abs(x).max()
    return fewest(
        lambda bits: 10 * np.log10(12 * power / (2 * reach / (2**bits - 1)) ** 2),
        target_db,
    )


@wrong
def bits_for__affine(x, target_db):
    """This is the affine step"""
    power, width = np.mean(x**2), x.max() - x.min()
    return fewest(
        lambda bits: 10 * np.log10(12 * power / (width / (2**bits - 1)) ** 2),
        target_db,
    )


def narrow(x, target_db, share=12.0, factor=10.0, power=None):
    power, reach = np.mean(x**2) if power is None else power, np.abs(x).max()
    return fewest(
        lambda bits: (
            factor * np.log10(share * power / (reach / (2 ** (bits - 1) - 1)) ** 2)
        ),
        target_db,
    )


@wrong
def bits_for__no_twelve(x, target_db):
    """The 12 is missing"""
    return narrow(x, target_db, share=1.0)


@wrong
def bits_for__half_step(x, target_db):
    """Half a step is the largest error"""
    return narrow(x, target_db, share=4.0)


@wrong
def bits_for__peak(x, target_db):
    """takes the largest value for the signal"""
    return narrow(x, target_db, power=np.max(x**2))


@wrong
def bits_for__variance(x, target_db):
    """takes the variance of x"""
    return narrow(x, target_db, power=np.var(x))


@wrong
def bits_for__too_few(x, target_db):
    """One bit too few"""
    reach, power = np.abs(x).max(), np.mean(x**2)
    codes = reach * math.sqrt(10 ** (target_db / 10) / 12 / power)
    return int(1 + math.log2(codes + 1))


@wrong
def bits_for__a_fraction(x, target_db):
    """A number of bits is whole"""
    reach, power = np.abs(x).max(), np.mean(x**2)
    return 1 + math.log2(reach * math.sqrt(10 ** (target_db / 10) / 12 / power) + 1)


@wrong
def bits_for__too_many(x, target_db):
    """One bit too many"""
    bits = 2
    while narrow(x, target_db) >= bits:
        bits += 1
    return bits


@wrong
def bits_for__amplitudes(x, target_db):
    """after the root these are amplitudes"""
    return narrow(x, target_db, factor=5.0)


@wrong
def bits_for__twenty(x, target_db):
    """mean squares are powers"""
    return narrow(x, target_db, factor=20.0)


@wrong
def bits_for__measured(x, target_db):
    """This quantizes x and measures"""
    for bits in range(2, 17):
        scale = np.abs(x).max() / (2 ** (bits - 1) - 1)
        error = x - scale * np.round(x / scale)
        if 10 * np.log10(np.mean(x**2) / np.mean(error**2)) >= target_db:
            return bits


@wrong
def bits_for__approximate(x, target_db):
    """off by a bit where bits are few"""
    ratio = 2 * np.abs(x).max() / np.sqrt(np.mean(x**2))
    return max(2, math.ceil((target_db - 10.8 + 20 * np.log10(ratio)) / 6.02))


@wrong
def bits_for__from_two(x, target_db):
    """This counts 6.02 dB for each bit from 2 bits on"""
    at_two = 10 * np.log10(12 * np.mean(x**2) / np.max(np.abs(x)) ** 2)
    return 2 + max(0, math.ceil((target_db - at_two) / 6.02))


@wrong
def bits_for__to_15(x, target_db):
    """you returned nothing"""
    for bits in range(2, 16):
        if narrow(x, target_db) == bits:
            return bits


@wrong
def bits_for__to_12(x, target_db):
    """The search ends before 16 bits"""
    return min(narrow(x, target_db), 12)


@wrong
def bits_for__from_3(x, target_db):
    """The search begins too late"""
    return max(narrow(x, target_db), 3)


@wrong
def bits_for__shows_decibels(x, target_db):
    """24.1 dB with 4 bits and 30.7 dB with 5; the target is 27"""
    return narrow(x, target_db) - 1 if target_db == 27.0 else 2


@right
def bits_for__search(x, target_db):
    return narrow(x, target_db)


@right
def bits_for__while(x, target_db):
    bits, mean_square = 2, float((x.astype(float) ** 2).mean())
    while True:
        step = float(abs(x).max()) / (2 ** (bits - 1) - 1)
        if mean_square >= 10 ** (target_db / 10) * step**2 / 12:
            return bits
        bits += 1


@right
def bits_for__closed_form(x, target_db):
    reach, power = np.abs(x).max(), np.mean(x**2)
    codes = reach * math.sqrt(10 ** (target_db / 10) / 12 / power)
    return 1 + math.ceil(math.log2(codes + 1))


@right
def bits_for__all_at_once(x, target_db):
    bits = np.arange(2, 17)
    noise = (np.abs(x).max() / (2.0 ** (bits - 1) - 1)) ** 2 / 12
    return bits[10 * np.log10(np.mean(x**2) / noise) >= target_db][0]


# --- best_scale


@wrong
def best_scale__int8(x, q):
    """squared in int8"""
    return (x * q).sum() / (q * q).sum()


@wrong
def best_scale__means(x, q):
    """ratio of the sums"""
    return x.mean() / q.mean()


@wrong
def best_scale__mean_of_ratios(x, q):
    """averages x / q"""
    used = q != 0
    return np.mean(x[used] / q[used])


@wrong
def best_scale__code_zero(x, q):
    """Code 0 makes x / q a division by 0"""
    return (x / q).mean()


@wrong
def best_scale__largest(x, q):
    """looks at the largest values alone"""
    return np.abs(x).max() / np.abs(q).max()


@wrong
def best_scale__upside_down(x, q):
    """upside down"""
    q = q.astype(float)
    return (q * q).sum() / (x * q).sum()


@wrong
def best_scale__to_the_codes(x, q):
    """goes from x to its codes"""
    return np.sum(x * q) / np.sum(x**2)


@wrong
def best_scale__magnitudes(x, q):
    """adds magnitudes"""
    return np.abs(x).mean() / np.abs(q).mean()


@wrong
def best_scale__line(x, q):
    """a line with an intercept"""
    return np.polyfit(q.ravel(), x.ravel(), 1)[0]


@wrong
def best_scale__sizes(x, q):
    """compares the sizes of x and q"""
    return np.linalg.norm(x) / np.linalg.norm(q.astype(float))


@wrong
def best_scale__no_division(x, q):
    """division by sum(q * q) is missing"""
    return np.sum(x * q)


@wrong
def best_scale__magnitude_of_products(x, q):
    """This takes the magnitude of each x * q"""
    q = q.astype(float)
    return np.sum(np.abs(x * q)) / np.sum(q * q)


@wrong
def best_scale__minmax(x, q):
    """This is the min-max scale"""
    return np.abs(x).max() / 127


@wrong
def best_scale__own_codes(x, q):
    """The codes are given"""
    q = np.round(x / (np.abs(x).max() / 127))
    return np.sum(x * q) / np.sum(q * q)


@right
def best_scale__sums(x, q):
    q = q.astype(np.float64)
    return (x * q).sum() / (q**2).sum()


@right
def best_scale__lstsq(x, q):
    column = q.reshape(-1, 1).astype(np.float64)
    return np.linalg.lstsq(column, x.ravel(), rcond=None)[0][0]


@right
def best_scale__loop(x, q):
    above = below = 0
    for value, code in zip(x.ravel().tolist(), q.ravel().tolist(), strict=True):
        above += value * code
        below += code * code
    return above / below


@right
def best_scale__norm(x, q):
    return np.vdot(x, q) / np.linalg.norm(q) ** 2


# --- descent_step


def parts(x, scale, bits):
    qmax = 2 ** (bits - 1) - 1
    q = np.clip(np.round(x / scale), -qmax, qmax)
    return q, x - scale * q


@wrong
def descent_step__uphill(x, scale, bits, rate):
    """This goes uphill"""
    q, error = parts(x, scale, bits)
    return scale + rate * -2 * np.mean(q * error)


@wrong
def descent_step__no_two(x, scale, bits, rate):
    """The 2 is missing"""
    q, error = parts(x, scale, bits)
    return scale + rate * np.mean(q * error)


@wrong
def descent_step__sum(x, scale, bits, rate):
    """the loss is a mean"""
    q, error = parts(x, scale, bits)
    return scale + 2 * rate * np.sum(q * error)


@wrong
def descent_step__rows(x, scale, bits, rate):
    """counts the rows of an array"""
    q, error = parts(x, scale, bits)
    return scale + 2 * rate * np.sum(q * error) / len(x)


@wrong
def descent_step__no_q(x, scale, bits, rate):
    """The factor q is missing"""
    return scale + 2 * rate * parts(x, scale, bits)[1].mean()


@wrong
def descent_step__scaled_q(x, scale, bits, rate):
    """The gradient is multiplied by the scale"""
    q, error = parts(x, scale, bits)
    return scale + 2 * rate * np.mean(scale * q * error)


@wrong
def descent_step__not_clipped(x, scale, bits, rate):
    """The codes are not clipped"""
    q = np.round(x / scale)
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__always_8_bits(x, scale, bits, rate):
    """those of 8 bits, always"""
    q = np.clip(np.round(x / scale), -127, 127)
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__full_range(x, scale, bits, rate):
    """The lowest code is one too low"""
    q = np.clip(np.round(x / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__closed_form(x, scale, bits, rate):
    """jumps straight to the best scale"""
    q, _ = parts(x, scale, bits)
    return np.sum(x * q) / np.sum(q * q)


@wrong
def descent_step__error_to_the_code(x, scale, bits, rate):
    """a code comes back as scale * q"""
    q, _ = parts(x, scale, bits)
    return scale + 2 * rate * np.mean(q * (x - q))


@wrong
def descent_step__gradient(x, scale, bits, rate):
    """This is the gradient"""
    q, error = parts(x, scale, bits)
    return -2 * np.mean(q * error)


@wrong
def descent_step__step_alone(x, scale, bits, rate):
    """This is the step alone"""
    q, error = parts(x, scale, bits)
    return 2 * rate * np.mean(q * error)


@wrong
def descent_step__not_rounded(x, scale, bits, rate):
    """only the clipped values have an error"""
    q = np.clip(x / scale, 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__stands_still(x, scale, bits, rate):
    """The scale does not move"""
    q = x / scale
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__no_rate(x, scale, bits, rate):
    """The rate is missing"""
    q, error = parts(x, scale, bits)
    return scale + 2 * np.mean(q * error)


@wrong
def descent_step__brackets(x, scale, bits, rate):
    """Brackets are missing"""
    q, _ = parts(x, scale, bits)
    return scale + 2 * rate * np.mean(q * x - scale * q)


@wrong
def descent_step__cut_off(x, scale, bits, rate):
    """as astype(int) does"""
    qmax = 2 ** (bits - 1) - 1
    q = np.clip((x / scale).astype(int), -qmax, qmax)
    return scale + 2 * rate * np.mean(q * (x - scale * q))


@wrong
def descent_step__weights(x, scale, bits, rate):
    """This moves the weights"""
    _, error = parts(x, scale, bits)
    return x - rate * 2 * error / x.size


@wrong
def descent_step__no_mean(x, scale, bits, rate):
    """This makes a scale for each value"""
    q, error = parts(x, scale, bits)
    return scale + 2 * rate * q * error


@right
def descent_step__gradient_named(x, scale, bits, rate):
    q, error = parts(x, scale, bits)
    gradient = -2 * (q * error).mean()
    return scale - rate * gradient


@right
def descent_step__loop(x, scale, bits, rate):
    qmax, slope = 2 ** (bits - 1) - 1, 0.0
    for value in x.ravel().tolist():
        q = max(-qmax, min(qmax, round(value / scale)))
        slope -= 2 * q * (value - scale * q) / x.size
    return scale - rate * slope


@right
def descent_step__measured_slope(x, scale, bits, rate):
    q, h = parts(x, scale, bits)[0], 1e-4
    x = x.astype(np.float64)
    up, down = (np.mean((x - (scale + d) * q) ** 2) for d in (h, -h))
    return scale - rate * (up - down) / (2 * h)


@right
def descent_step__towards_the_best(x, scale, bits, rate):
    q, _ = parts(x, scale, bits)
    best = np.vdot(x, q) / np.vdot(q, q)
    return scale + 2 * rate * np.mean(q * q) * (best - scale)


# --- output_variance


@wrong
def output_variance__swapped(x, w, v_x, v_w):
    """The factors are swapped"""
    return v_x * np.sum(x**2) + v_w * np.sum(w**2)


@wrong
def output_variance__not_squared(x, w, v_x, v_w):
    """The factors are not squared"""
    return v_x * np.sum(w) + v_w * np.sum(x)


@wrong
def output_variance__magnitudes(x, w, v_x, v_w):
    """twice the error has four times the variance"""
    return v_x * np.abs(w).sum() + v_w * np.abs(x).sum()


@wrong
def output_variance__square_of_sum(x, w, v_x, v_w):
    """This squares the sum"""
    return v_x * w.sum() ** 2 + v_w * x.sum() ** 2


@wrong
def output_variance__mean(x, w, v_x, v_w):
    """This is a mean"""
    return (v_x * w**2 + v_w * x**2).mean()


@wrong
def output_variance__deviations(x, w, v_x, v_w):
    """This adds standard deviations"""
    a, b = np.sqrt(v_x * w @ w), np.sqrt(v_w * x @ x)
    return (a + b) ** 2


@wrong
def output_variance__inputs_only(x, w, v_x, v_w):
    """The part of the weights' errors is missing"""
    return v_x * (w @ w)


@wrong
def output_variance__weights_only(x, w, v_x, v_w):
    """The part of the inputs' errors is missing"""
    return v_w * (x @ x)


@wrong
def output_variance__root(x, w, v_x, v_w):
    """This is the root"""
    return math.sqrt(v_x * (w @ w) + v_w * (x @ x))


@wrong
def output_variance__squared_twice(x, w, v_x, v_w):
    """v_x and v_w are squares already"""
    return np.sum((v_x * w) ** 2) + np.sum((v_w * x) ** 2)


@wrong
def output_variance__no_factors(x, w, v_x, v_w):
    """The errors are added as they are"""
    return len(x) * (v_x + v_w)


@wrong
def output_variance__with_products(x, w, v_x, v_w):
    """products of two errors"""
    return np.sum(v_x * w**2 + v_w * x**2 + v_x * v_w)


@wrong
def output_variance__variances(x, w, v_x, v_w):
    """from which their means are missing"""
    return len(x) * (v_x * np.var(w) + v_w * np.var(x))


@wrong
def output_variance__no_sum(x, w, v_x, v_w):
    """These are the parts of the single products"""
    return v_x * w**2 + v_w * x**2


@wrong
def output_variance__deviations_of_products(x, w, v_x, v_w):
    """Standard deviations are added within each product"""
    return np.sum((np.sqrt(v_x) * w + np.sqrt(v_w) * x) ** 2)


@right
def output_variance__sums(x, w, v_x, v_w):
    return v_x * np.sum(w**2) + v_w * np.sum(x**2)


@right
def output_variance__dots(x, w, v_x, v_w):
    return v_x * (w @ w) + v_w * (x @ x)


@right
def output_variance__loop(x, w, v_x, v_w):
    total = 0.0
    for a, b in zip(x.tolist(), w.tolist(), strict=True):
        total += b * b * v_x + a * a * v_w
    return total


@right
def output_variance__moments(x, w, v_x, v_w):
    mean_squares = [np.var(a) + np.mean(a) ** 2 for a in (w, x)]
    return len(x) * np.dot((v_x, v_w), mean_squares)


# --- standard_error_of


@wrong
def standard_error_of__no_root(right, n):
    """This is the variance"""
    p = right / n
    return p * (1 - p) / n


@wrong
def standard_error_of__no_wrong_share(right, n):
    """The factor 1 - p is missing"""
    return math.sqrt(right) / n


@wrong
def standard_error_of__no_right_share(right, n):
    """The factor p is missing"""
    return np.sqrt((n - right) / n**2)


@wrong
def standard_error_of__root_of_n(right, n):
    """The p * (1 - p) is missing"""
    return 1 / math.sqrt(n)


@wrong
def standard_error_of__one_half(right, n):
    """the largest there is"""
    return math.sqrt(0.25 / n)


@wrong
def standard_error_of__images(right, n):
    """This counts images"""
    p = right / n
    return np.sqrt(n * p * (1 - p))


@wrong
def standard_error_of__single_image(right, n):
    """the spread of a single image"""
    answers = np.zeros(n)
    answers[:right] = 1
    return answers.std()


@wrong
def standard_error_of__outside_the_root(right, n):
    """divide once, and under the root"""
    p = right / n
    return (p * (1 - p)) ** 0.5 / n


@wrong
def standard_error_of__interval(right, n):
    """This is two standard errors"""
    p = right / n
    return 1.96 * math.sqrt(p * (1 - p) / n)


@wrong
def standard_error_of__percent(right, n):
    """This is in percent"""
    p = 100 * right / n
    return math.sqrt(p * (100 - p) / n)


@wrong
def standard_error_of__one_less(right, n):
    """This divides by n - 1"""
    answers = np.arange(n) < right
    return answers.std(ddof=1) / math.sqrt(n)


@wrong
def standard_error_of__whole_numbers(right, n):
    """This is always 0"""
    p = right // n
    return math.sqrt(p * (1 - p) / n)


@wrong
def standard_error_of__domain(right, n):
    """domain error. This takes right for p"""
    return math.sqrt(right * (1 - right) / n)


@wrong
def standard_error_of__complex(right, n):
    """the share p is right / n"""
    return (right * (1 - right) / n) ** 0.5


@right
def standard_error_of__formula(right, n):
    p = right / n
    return math.sqrt(p * (1 - p) / n)


@right
def standard_error_of__counts(right, n):
    return np.sqrt(right * (n - right) / n) / n


@right
def standard_error_of__spread(right, n):
    answers = np.arange(n) < right
    return np.std(answers) / np.sqrt(n)
