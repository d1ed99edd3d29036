"""Answers that people give to the exercises of lesson 04.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- ste_gradient


@wrong
def ste_gradient__true_derivative(upstream, x, scale, qmin, qmax):
    """the true derivative of rounding"""
    return np.zeros(x.shape)


@wrong
def ste_gradient__everywhere(upstream, x, scale, qmin, qmax):
    """The gradient passes everywhere"""
    return upstream * 1.0


@wrong
def ste_gradient__x_itself(upstream, x, scale, qmin, qmax):
    """compares x itself with qmin and qmax"""
    return np.where((x >= qmin) & (x <= qmax), upstream, 0)


@wrong
def ste_gradient__rounded(upstream, x, scale, qmin, qmax):
    """up to half a step outside"""
    q = np.round(x / scale)
    return upstream * ((q >= qmin) & (q <= qmax))


@wrong
def ste_gradient__end_codes(upstream, x, scale, qmin, qmax):
    """Values whose code is qmin or qmax get 0"""
    q = np.clip(np.round(x / scale), qmin, qmax)
    return np.where((q == qmin) | (q == qmax), 0.0, upstream)


@wrong
def ste_gradient__mask(upstream, x, scale, qmin, qmax):
    """the mask alone"""
    return ((x / scale >= qmin) & (x / scale <= qmax)).astype(float)


@wrong
def ste_gradient__inverted(upstream, x, scale, qmin, qmax):
    """The mask is inverted"""
    v = x / scale
    return np.where((v < qmin) | (v > qmax), upstream, 0)


@wrong
def ste_gradient__scaled(upstream, x, scale, qmin, qmax):
    """The scale is left in the gradient"""
    v = x / scale
    return upstream * scale * ((v > qmin) & (v < qmax))


@wrong
def ste_gradient__divided(upstream, x, scale, qmin, qmax):
    """so it cancels"""
    v = x / scale
    return upstream / scale * (np.clip(v, qmin, qmax) == v)


@wrong
def ste_gradient__symmetric(upstream, x, scale, qmin, qmax):
    """which need not be -qmax"""
    return upstream * (np.abs(x) <= scale * qmax)


@wrong
def ste_gradient__upper_end(upstream, x, scale, qmin, qmax):
    """Only one end is looked at"""
    return np.where(x > scale * qmax, 0, upstream)


@wrong
def ste_gradient__forward(upstream, x, scale, qmin, qmax):
    """This is x_hat, the way forward"""
    return np.clip(np.round(x / scale), qmin, qmax) * scale


@wrong
def ste_gradient__in_place(upstream, x, scale, qmin, qmax):
    """changes its argument"""
    upstream[(x / scale < qmin) | (x / scale > qmax)] = 0
    return upstream


@wrong
def ste_gradient__sum(upstream, x, scale, qmin, qmax):
    """is expected"""
    return np.sum(upstream[(x / scale >= qmin) & (x / scale <= qmax)])


@right
def ste_gradient__mask_times(upstream, x, scale, qmin, qmax):
    v = x / scale
    return upstream * ((qmin <= v) & (v <= qmax))


@right
def ste_gradient__real_ends(upstream, x, scale, qmin, qmax):
    return np.where((x < scale * qmin) | (x > scale * qmax), 0.0, upstream)


@right
def ste_gradient__unclipped(upstream, x, scale, qmin, qmax):
    v = x / scale
    result = np.zeros_like(upstream)
    result[np.clip(v, qmin, qmax) == v] = upstream[np.clip(v, qmin, qmax) == v]
    return result


@right
def ste_gradient__loop(upstream, x, scale, qmin, qmax):
    result = [
        float(u) if qmin <= value / scale <= qmax else 0.0
        for u, value in zip(upstream.ravel(), x.ravel(), strict=True)
    ]
    return np.array(result).reshape(x.shape)


# --- learning_rate


def half_cosine(t):
    return 0.5 * (1 + np.cos(np.pi * t))


def rising(step, steps, peak, warm_up, fall):
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * fall((step - warm_up) / (steps - warm_up))


@wrong
def learning_rate__from_zero(step, steps, peak, warm_up):
    """Step 0 has the rate 0 and learns nothing"""
    if step < warm_up:
        return peak * step / warm_up
    return peak * half_cosine((step - warm_up) / (steps - warm_up))


@wrong
def learning_rate__linspace(step, steps, peak, warm_up):
    """it has warm_up steps, not one more"""
    if step < warm_up:
        return np.linspace(0, peak, warm_up + 2)[step + 1]
    return peak * half_cosine((step - warm_up) / (steps - warm_up))


@wrong
def learning_rate__one_too_long(step, steps, peak, warm_up):
    """one step too long"""
    if step <= warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine((step - warm_up) / (steps - warm_up))


@wrong
def learning_rate__no_warm_up(step, steps, peak, warm_up):
    """The warm-up is missing"""
    return peak * half_cosine(step / steps)


@wrong
def learning_rate__all_steps(step, steps, peak, warm_up):
    """so the rate jumps down after the warm-up"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine(step / steps)


@wrong
def learning_rate__ends_high(step, steps, peak, warm_up):
    """does not come down to 0"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine((step - warm_up) / steps)


@wrong
def learning_rate__turns_up(step, steps, peak, warm_up):
    """take warm_up off the step"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine(step / (steps - warm_up))


@wrong
def learning_rate__last_is_zero(step, steps, peak, warm_up):
    """The last step has the rate 0"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine(np.linspace(0, 1, steps - warm_up)[step - warm_up])


@wrong
def learning_rate__negative(step, steps, peak, warm_up):
    """The rate becomes negative"""
    return rising(step, steps, peak, warm_up, lambda t: np.cos(np.pi * t))


@wrong
def learning_rate__twice(step, steps, peak, warm_up):
    """at twice the peak"""
    return rising(step, steps, peak, warm_up, lambda t: 1 + np.cos(np.pi * t))


@wrong
def learning_rate__quarter(step, steps, peak, warm_up):
    """a quarter of a cosine"""
    return rising(step, steps, peak, warm_up, lambda t: np.sin(np.pi / 2 * (1 - t)))


@wrong
def learning_rate__whole(step, steps, peak, warm_up):
    """a whole cosine"""
    return rising(step, steps, peak, warm_up, lambda t: half_cosine(2 * t))


@wrong
def learning_rate__degrees(step, steps, peak, warm_up):
    """not in radians"""
    return rising(step, steps, peak, warm_up, lambda t: (1 + math.cos(180 * t)) / 2)


@wrong
def learning_rate__line(step, steps, peak, warm_up):
    """along a straight line"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (steps - step) / (steps - warm_up)


@wrong
def learning_rate__whole_division(step, steps, peak, warm_up):
    """The rate stays at the peak"""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * half_cosine((step - warm_up) // (steps - warm_up))


@wrong
def learning_rate__product(step, steps, peak, warm_up):
    """Warm-up and cosine are multiplied"""
    rise = min(1.0, (step + 1) / warm_up) if warm_up else 1.0
    return peak * rise * np.cos(np.pi / 2 * step / steps) ** 2


@wrong
def learning_rate__minimum(step, steps, peak, warm_up):
    """the lower of warm-up and cosine"""
    fall = peak * half_cosine(step / steps)
    return min(fall, peak * (step + 1) / warm_up) if warm_up else fall


@wrong
def learning_rate__divides_by_zero(step, steps, peak, warm_up):
    """your function raised ZeroDivisionError"""
    if (step + 1) / warm_up <= 1:
        return peak * (step + 1) / warm_up
    return peak * half_cosine((step - warm_up) / (steps - warm_up))


@right
def learning_rate__by_the_text(step, steps, peak, warm_up):
    if step < warm_up:
        return peak * (step + 1) / warm_up
    t = (step - warm_up) / (steps - warm_up)
    return peak * (1 + math.cos(math.pi * t)) / 2


@right
def learning_rate__squared(step, steps, peak, warm_up):
    return rising(step, steps, peak, warm_up, lambda t: np.cos(np.pi / 2 * t) ** 2)


@right
def learning_rate__whole_schedule(step, steps, peak, warm_up):
    rise = peak * np.arange(1, warm_up + 1) / max(warm_up, 1)
    fall = peak * half_cosine(np.linspace(0, 1, steps - warm_up, endpoint=False))
    return np.concatenate([rise, fall])[step]


@right
def learning_rate__loop(step, steps, peak, warm_up):
    rate = 0.0
    for i in range(step + 1):
        if i < warm_up:
            rate += peak / warm_up
        else:
            angle = math.pi * (i - warm_up) / (steps - warm_up)
            rate = peak / 2 + peak / 2 * math.cos(angle)
    return rate


# --- step_gradient


def parts(x, scale, qmin, qmax, inside, below=None, above=None):
    v = x / scale
    result = inside(v)
    result[v < qmin] = qmin if below is None else below
    result[v > qmax] = qmax if above is None else above
    return result


def rounding(v):
    return np.round(v) - v


@wrong
def step_gradient__zero_outside(upstream, x, scale, qmin, qmax):
    """Where it was clipped this counts 0"""
    return np.sum(upstream * parts(x, scale, qmin, qmax, rounding, 0, 0))


@wrong
def step_gradient__codes_held(upstream, x, scale, qmin, qmax):
    """The codes are held, as in lesson 02"""
    return np.sum(upstream * np.clip(np.round(x / scale), qmin, qmax))


@wrong
def step_gradient__sign_inside(upstream, x, scale, qmin, qmax):
    """The sign is turned"""
    return np.sum(upstream * parts(x, scale, qmin, qmax, lambda v: v - np.round(v)))


@wrong
def step_gradient__sign_of_all(upstream, x, scale, qmin, qmax):
    """outside qmin and qmax"""
    return -np.sum(upstream * parts(x, scale, qmin, qmax, rounding))


@wrong
def step_gradient__not_clipped(upstream, x, scale, qmin, qmax):
    """Clipping is left out"""
    v = x / scale
    return (upstream * (np.rint(v) - v)).sum()


@wrong
def step_gradient__error_in_steps(upstream, x, scale, qmin, qmax):
    """Where it was clipped -v is still there"""
    x_hat = scale * np.clip(np.round(x / scale), qmin, qmax)
    return np.sum(upstream * (x_hat - x) / scale)


@wrong
def step_gradient__rounded_first(upstream, x, scale, qmin, qmax):
    """This looks at round(v) to see what was clipped"""
    total = 0.0
    for u, v in zip(upstream.ravel(), x.ravel() / scale, strict=True):
        q = round(float(v))
        total += u * (qmin if q < qmin else qmax if q > qmax else q - v)
    return total


@wrong
def step_gradient__mean(upstream, x, scale, qmin, qmax):
    """This is a mean"""
    return np.mean(upstream * parts(x, scale, qmin, qmax, rounding))


@wrong
def step_gradient__each(upstream, x, scale, qmin, qmax):
    """the parts of the single values"""
    return upstream * parts(x, scale, qmin, qmax, rounding)


@wrong
def step_gradient__no_upstream(upstream, x, scale, qmin, qmax):
    """The factor upstream is missing"""
    return np.sum(parts(x, scale, qmin, qmax, rounding))


@wrong
def step_gradient__times_scale(upstream, x, scale, qmin, qmax):
    """a factor scale too many"""
    return scale * np.sum(upstream * parts(x, scale, qmin, qmax, rounding))


@wrong
def step_gradient__error(upstream, x, scale, qmin, qmax):
    """and the ends are codes"""
    x_hat = scale * np.clip(np.round(x / scale), qmin, qmax)
    return np.sum(upstream * (x_hat - x))


@wrong
def step_gradient__real_ends(upstream, x, scale, qmin, qmax):
    """The ends are in units of x"""
    ends = scale * qmin, scale * qmax
    return np.sum(upstream * parts(x, scale, qmin, qmax, rounding, *ends))


@wrong
def step_gradient__no_sign_inside(upstream, x, scale, qmin, qmax):
    """Signs are lost"""
    inside = parts(x, scale, qmin, qmax, lambda v: np.abs(rounding(v)))
    return np.sum(upstream * inside)


@wrong
def step_gradient__positive_below(upstream, x, scale, qmin, qmax):
    """Below the range it is qmin, with its sign"""
    return np.sum(upstream * parts(x, scale, qmin, qmax, rounding, below=abs(qmin)))


@wrong
def step_gradient__qmax_at_both(upstream, x, scale, qmin, qmax):
    """not qmax, and not -qmin"""
    return np.sum(upstream * parts(x, scale, qmin, qmax, rounding, below=-qmax))


@wrong
def step_gradient__half_up(upstream, x, scale, qmin, qmax):
    """np.round takes the even neighbour"""
    up = parts(x, scale, qmin, qmax, lambda v: np.floor(v + 0.5) - v)
    return np.sum(upstream * up)


@wrong
def step_gradient__floor(upstream, x, scale, qmin, qmax):
    """The decimals are cut off"""
    return np.sum(upstream * parts(x, scale, qmin, qmax, lambda v: np.floor(v) - v))


@wrong
def step_gradient__root(upstream, x, scale, qmin, qmax):
    """smaller by a root"""
    factor = 1 / np.sqrt(x.size * qmax)
    return factor * np.sum(upstream * parts(x, scale, qmin, qmax, rounding))


@wrong
def step_gradient__not_divided(upstream, x, scale, qmin, qmax):
    """This takes x for v"""
    return np.sum(upstream * parts(x, 1, qmin, qmax, rounding))


@right
def step_gradient__where(upstream, x, scale, qmin, qmax):
    v = x / scale
    part = np.where(v < qmin, qmin, np.where(v > qmax, qmax, np.round(v) - v))
    return float(np.sum(upstream * part))


@right
def step_gradient__select(upstream, x, scale, qmin, qmax):
    v = x / scale
    part = np.select([v < qmin, v > qmax], [qmin, qmax], np.rint(v) - v)
    return np.vdot(upstream, part)


@right
def step_gradient__code_less_what_moves(upstream, x, scale, qmin, qmax):
    v = x / scale
    inside = np.clip(v, qmin, qmax) == v
    return np.sum(upstream * (np.clip(np.round(v), qmin, qmax) - v * inside))


@right
def step_gradient__loop(upstream, x, scale, qmin, qmax):
    total = 0.0
    for u, value in zip(upstream.ravel().tolist(), x.ravel().tolist(), strict=True):
        v = value / scale
        if v < qmin:
            total += u * qmin
        elif v > qmax:
            total += u * qmax
        else:
            total += u * (round(v) - v)
    return total


# --- choose_rate


@wrong
def choose_rate__test(rates, held_out, test):
    """This chooses by the test digits"""
    return rates[np.argmax(test.mean(axis=1))]


@wrong
def choose_rate__both(rates, held_out, test):
    """The test digits have a say"""
    return rates[np.hstack([held_out, test]).mean(axis=1).argmax()]


@wrong
def choose_rate__best_run(rates, held_out, test):
    """the best single run"""
    return rates[np.argmax(held_out) // held_out.shape[1]]


@wrong
def choose_rate__worst_seed(rates, held_out, test):
    """the worst seed of each rate"""
    return rates[np.argmax(np.min(held_out, axis=1))]


@wrong
def choose_rate__first_seed(rates, held_out, test):
    """This looks at one seed alone"""
    return rates[np.argmax(held_out[:, 0])]


@wrong
def choose_rate__last_seed(rates, held_out, test):
    """take the mean over all of them"""
    return max(zip(held_out[:, -1], rates, strict=True))[1]


@wrong
def choose_rate__median(rates, held_out, test):
    """the median over the seeds"""
    return rates[np.argmax(np.median(held_out, axis=1))]


@wrong
def choose_rate__wrong_axis(rates, held_out, test):
    """axis 1 holds the seeds"""
    return rates[np.argmax(held_out.mean(axis=0))]


@wrong
def choose_rate__worst(rates, held_out, test):
    """This is the worst rate"""
    return rates[np.argsort(held_out.mean(axis=1))[0]]


@wrong
def choose_rate__number(rates, held_out, test):
    """the number of the rate"""
    return np.argmax(held_out.mean(axis=1))


@wrong
def choose_rate__accuracy(rates, held_out, test):
    """This is an accuracy"""
    return max(held_out.mean(axis=1))


@wrong
def choose_rate__flat_index(rates, held_out, test):
    """your function raised IndexError"""
    return rates[np.argmax(held_out)]


@right
def choose_rate__mean(rates, held_out, test):
    return rates[np.argmax(held_out.mean(axis=1))]


@right
def choose_rate__sum(rates, held_out, test):
    return float(rates[held_out.sum(axis=1).argmax()])


@right
def choose_rate__loop(rates, held_out, test):
    best, highest = None, -1.0
    for rate, accuracies in zip(rates.tolist(), held_out.tolist(), strict=True):
        mean = sum(accuracies) / len(accuracies)
        if mean > highest:
            best, highest = rate, mean
    return best


# --- first_to_break


def layers_by(measure, scores, damaged):
    return int(np.argmax([measure(scores, layer) for layer in damaged]))


@wrong
def first_to_break__mse(scores, damaged):
    """if all of them move together"""
    return np.argmax(np.mean((damaged - scores) ** 2, axis=(1, 2)))


@wrong
def first_to_break__largest_error(scores, damaged):
    """the largest single error"""
    return np.argmax(np.abs(damaged - scores).max(axis=(1, 2)))


@wrong
def first_to_break__changed_scores(scores, damaged):
    """This counts changed scores"""
    return np.argmax(np.sum(damaged != scores, axis=(1, 2)))


@wrong
def first_to_break__fewest(scores, damaged):
    """the fewest predictions"""
    same = damaged.argmax(axis=2) == scores.argmax(axis=1)
    return np.argmax(same.sum(axis=1))


@wrong
def first_to_break__how_many(scores, damaged):
    """This is how many predictions changed"""
    changed = damaged.argmax(axis=2) != scores.argmax(axis=1)
    return changed.sum(axis=1).max()


@wrong
def first_to_break__share(scores, damaged):
    """or which share"""
    changed = damaged.argmax(axis=2) != scores.argmax(axis=1)
    return changed.mean(axis=1).max()


@wrong
def first_to_break__first_at_all(scores, damaged):
    """the first layer that changes any prediction"""
    for number, layer in enumerate(damaged):
        if np.any(layer.argmax(axis=1) != scores.argmax(axis=1)):
            return number
    return -1


@wrong
def first_to_break__first_network(scores, damaged):
    """This compares with the first damaged network"""
    seen = damaged.argmax(axis=2)
    return np.argmax((seen != seen[0]).sum(axis=1))


@wrong
def first_to_break__lowest(scores, damaged):
    """This compares the lowest scores"""
    return np.argmax((damaged.argmin(-1) != scores.argmin(-1)).sum(-1))


@wrong
def first_to_break__averaged(scores, damaged):
    """averaged over the images first"""
    return np.argmax(damaged.mean(axis=1).argmax(-1) != scores.mean(axis=0).argmax())


@wrong
def first_to_break__over_images(scores, damaged):
    """The winners are taken over the images"""
    changed = damaged.argmax(axis=1) != scores.argmax(axis=0)
    return np.argmax(changed.sum(axis=1))


@wrong
def first_to_break__distance(scores, damaged):
    """how far apart two digits are"""
    return layers_by(
        lambda a, b: np.abs(a.argmax(axis=1) - b.argmax(axis=1)).mean(), scores, damaged
    )


@right
def first_to_break__vectorised(scores, damaged):
    changed = damaged.argmax(axis=-1) != scores.argmax(axis=-1)
    return np.argmax(changed.sum(axis=1))


@right
def first_to_break__accuracy(scores, damaged):
    labels = scores.argmax(axis=1)
    return int(np.argmin((damaged.argmax(axis=2) == labels).mean(axis=1)))


@right
def first_to_break__loop(scores, damaged):
    most, worst = -1, None
    for number in range(len(damaged)):
        changed = 0
        for before, after in zip(scores, damaged[number], strict=True):
            if np.argmax(before) != np.argmax(after):
                changed += 1
        if changed > most:
            most, worst = changed, number
    return worst


# --- only_observes


@wrong
def only_observes__equal(x, y, bits):
    """This asks whether y is x"""
    return np.array_equal(x, y)


@wrong
def only_observes__close(x, y, bits):
    """This asks whether y is close to x"""
    return np.allclose(x, y)


@wrong
def only_observes__of_x(x, y, bits):
    """This counts the values of x"""
    return len(np.unique(x)) > 2**bits


@wrong
def only_observes__inverted(x, y, bits):
    """The answer is inverted"""
    return len(np.unique(y)) <= 2**bits


@wrong
def only_observes__full_grid(x, y, bits):
    """A full grid counts as none"""
    return len(np.unique(y)) >= 2**bits


@wrong
def only_observes__bits(x, y, bits):
    """The limit is the number of bits"""
    return len(np.unique(y)) > bits


@wrong
def only_observes__xor(x, y, bits):
    """which is no power in Python"""
    return len(np.unique(y)) > 2 ^ bits


@wrong
def only_observes__twice(x, y, bits):
    """The limit is 2 * bits"""
    return len(np.unique(y)) > 2 * bits


@wrong
def only_observes__signed(x, y, bits):
    """The limit is that of one bit less"""
    return np.unique(y).size > 2 ** (bits - 1)


@wrong
def only_observes__whole(x, y, bits):
    """This asks whether y is whole numbers"""
    return not all(float(value).is_integer() for value in y.ravel())


@wrong
def only_observes__ends(x, y, bits):
    """This compares the ends of x and y"""
    return np.min(x) == np.min(y) and np.max(x) == np.max(y)


@wrong
def only_observes__size(x, y, bits):
    """This counts all values of y"""
    return len(y.ravel()) > 2**bits


@wrong
def only_observes__rows(x, y, bits):
    """This counts the rows of y"""
    return len(y) > 2**bits


@wrong
def only_observes__uneven(x, y, bits):
    """equally far apart"""
    steps = np.diff(np.unique(y))
    return len(steps) > 0 and not np.allclose(steps, steps[0], atol=0)


@wrong
def only_observes__how_many(x, y, bits):
    """This is the number of values"""
    return np.unique(y).size


@wrong
def only_observes__always(x, y, bits):
    """The answer is always the same"""
    return y.dtype == x.dtype


@right
def only_observes__unique(x, y, bits):
    return np.unique(y).size > 2**bits


@right
def only_observes__set(x, y, bits):
    return len(set(y.ravel().tolist())) > 2**bits


@right
def only_observes__loop(x, y, bits):
    seen = []
    for value in y.flat:
        if value not in seen:
            seen.append(value)
    return bool(len(seen) > 1 << bits)


@right
def only_observes__sorted(x, y, bits):
    ordered = np.sort(y, axis=None)
    return 1 + np.count_nonzero(ordered[1:] > ordered[:-1]) > 2**bits


# --- steps_until


@wrong
def steps_until__down(decay, share):
    """This is rounded down"""
    return int(np.log(share) / np.log(decay))


@wrong
def steps_until__nearest(decay, share):
    """This is rounded to the nearest number"""
    return round(math.log(share, decay))


@wrong
def steps_until__fraction(decay, share):
    """This is a fraction of a step"""
    return np.log(share) / np.log(decay)


@wrong
def steps_until__below(decay, share):
    """at most the share means <=, not <"""
    n = 0
    while decay**n >= share:
        n += 1
    return n


@wrong
def steps_until__one_more(decay, share):
    """This is one step too many"""
    n, left = 1, 1.0
    while left > share:
        left *= decay
        n += 1
    return n


@wrong
def steps_until__one_less(decay, share):
    """This is one step too few"""
    n = 0
    while decay ** (n + 1) > share:
        n += 1
    return n


@wrong
def steps_until__time_constant(decay, share):
    """after which about 37 % is left"""
    return math.ceil(1 / (1 - decay))


@wrong
def steps_until__equal_steps(decay, share):
    """as long as the first"""
    return math.ceil((1 - share) / (1 - decay))


@wrong
def steps_until__covered(decay, share):
    """when the share has been covered"""
    return math.ceil(math.log(1 - share) / math.log(decay))


@wrong
def steps_until__swapped_decay(decay, share):
    """Here 1 - decay is left after a step"""
    return math.ceil(math.log(share) / math.log(1 - decay))


@wrong
def steps_until__upside_down(decay, share):
    """The quotient is upside down"""
    return math.ceil(math.log(decay) / math.log(share))


@wrong
def steps_until__difference(decay, share):
    """This subtracts the logarithms"""
    return math.ceil(math.log(decay) - math.log(share))


@right
def steps_until__log(decay, share):
    return math.ceil(math.log(share) / math.log(decay))


@right
def steps_until__numpy(decay, share):
    return int(np.ceil(np.log10(share) / np.log10(decay)))


@right
def steps_until__base(decay, share):
    return np.ceil(math.log(share, decay))


@right
def steps_until__power(decay, share):
    n = 0
    while decay**n > share:
        n += 1
    return n


@right
def steps_until__loop(decay, share):
    n, left = 0, 1.0
    while left > share:
        left *= decay
        n += 1
    return n


@right
def steps_until__distance(decay, share):
    n, at = 0, 0.0
    while 1 - at > share:
        at = decay * at + (1 - decay) * 1
        n += 1
    return n


# --- fold


def folded(kernel, bias, beta, mean, factor):
    return kernel * factor, (bias - mean) * factor + beta


@wrong
def fold__no_epsilon(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The epsilon is missing"""
    return folded(kernel, bias, beta, mean, gamma / np.sqrt(variance))


@wrong
def fold__epsilon_after_the_root(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The epsilon is added after the root"""
    return folded(kernel, bias, beta, mean, gamma / (variance**0.5 + epsilon))


@wrong
def fold__no_root(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The root is missing"""
    return folded(kernel, bias, beta, mean, gamma / (variance + epsilon))


@wrong
def fold__no_gamma(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The gamma is missing"""
    return folded(kernel, bias, beta, mean, (variance + epsilon) ** -0.5)


@wrong
def fold__no_variance(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The variance is missing"""
    return gamma * kernel, gamma * (bias - mean) + beta


@wrong
def fold__upside_down(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The factor is upside down"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel / factor, (bias - mean) / factor + beta


@wrong
def fold__times_the_root(kernel, bias, gamma, beta, mean, variance, epsilon):
    """and the root below divides"""
    return folded(kernel, bias, beta, mean, gamma * np.sqrt(variance + epsilon))


@wrong
def fold__first_axis(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The kernel is scaled along another axis"""
    factor = gamma / np.sqrt(variance + epsilon)
    return factor.reshape(-1, 1) * kernel, factor * (bias - mean) + beta


@wrong
def fold__kernel_stays(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The kernel stays as it was"""
    return kernel, gamma * (bias - mean) / np.sqrt(variance + epsilon) + beta


@wrong
def fold__bias_not_scaled(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The bias of the layer is not scaled"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias + (beta - mean * factor)


@wrong
def fold__mean_not_scaled(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The mean is not scaled"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias * factor - mean + beta


@wrong
def fold__beta_scaled(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The beta is scaled"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean + beta) * factor


@wrong
def fold__no_mean(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The mean is missing"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias * factor + beta


@wrong
def fold__no_bias(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The bias of the layer is lost"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, beta - mean * factor


@wrong
def fold__no_beta(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The beta is missing"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean) * factor


@wrong
def fold__bias_stays(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The bias stays as it was"""
    return kernel * gamma / np.sqrt(variance + epsilon), bias


@wrong
def fold__mean_added(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The mean is added"""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias + mean) * factor + beta


@wrong
def fold__swapped(kernel, bias, gamma, beta, mean, variance, epsilon):
    """The two are swapped"""
    factor = gamma / np.sqrt(variance + epsilon)
    return (bias - mean) * factor + beta, kernel * factor


@wrong
def fold__kernel_alone(kernel, bias, gamma, beta, mean, variance, epsilon):
    """a tuple of 2 values is expected"""
    return kernel * gamma / np.sqrt(variance + epsilon)


@wrong
def fold__in_place(kernel, bias, gamma, beta, mean, variance, epsilon):
    """changes its argument"""
    factor = gamma / np.sqrt(variance + epsilon)
    kernel *= factor
    return kernel, (bias - mean) * factor + beta


@right
def fold__factor(kernel, bias, gamma, beta, mean, variance, epsilon):
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean) * factor + beta


@right
def fold__loop(kernel, bias, gamma, beta, mean, variance, epsilon):
    new_kernel, new_bias = kernel.copy(), []
    for c in range(len(bias)):
        factor = gamma[c] / math.sqrt(variance[c] + epsilon)
        new_kernel[..., c] *= factor
        new_bias.append(beta[c] + (bias[c] - mean[c]) * factor)
    return [new_kernel, new_bias]


@right
def fold__two_offsets(kernel, bias, gamma, beta, mean, variance, epsilon):
    factor = gamma * (variance + epsilon) ** -0.5
    offset = beta - mean * factor
    return np.einsum("...c,c->...c", kernel, factor), bias * factor + offset


@right
def fold__by_asking(kernel, bias, gamma, beta, mean, variance, epsilon):
    def norm(y):
        return gamma * (y - mean) / np.sqrt(variance + epsilon) + beta

    at_zero = norm(bias)
    rows = kernel.reshape(-1, len(bias))
    return (norm(rows + bias) - at_zero).reshape(kernel.shape), at_zero
