"""The exercises of lesson 02: what is right, and the mistakes that people make."""

import math

import numpy as np

from qlib.checks.exercise import Exercise, Mistake, progress_over

_RNG = np.random.default_rng(2)


def _normal(spread, shape, dtype=np.float64):
    """Return values that float32 holds exactly, so that both widths compute alike."""
    return (np.round(_RNG.normal(0, spread, shape) * 256) / 256).astype(dtype)


def _all_say(says, *functions):
    """Return one mistake for each function, all of them named by one sentence."""
    return [Mistake(does, says) for does in functions]


# --- Exercise 1


def _rms(x):
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


_FINE, _CUBE = _normal(1, 60, np.float32), _normal(3, (2, 3, 4))

rms_error = Exercise(
    "Exercise 1",
    lambda x, x_hat: _rms(x - x_hat),
    [
        (np.array([1.0, -2.0, 3.0]), np.array([1.0, -1.5, 2.0])),
        (np.array([0.5, 1.5, 2.5]), np.array([0.0, 1.0, 2.0])),
        (np.array([[0.6, -1.2, 2.0], [4.0, 0.1, -3.0]]), np.full((2, 3), -0.5)),
        (_FINE, np.floor(_FINE * 2) / 2),
        (_CUBE, np.round(_CUBE)),
        (np.array([-1.0, 7.0]), np.array([-1.0, 7.0])),
        (np.array([-30.0, -2.0]), np.array([10.0, -32.0])),
    ],
    [
        Mistake(
            lambda x, x_hat: np.mean((x - x_hat) ** 2),
            "This is the mean squared error: take its root, to have it in units of x.",
        ),
        Mistake(
            lambda x, x_hat: np.mean((x - x_hat) ** 2) / 2,
            "This is half of the mean square: ** 1/2 takes the power 1, then halves. "
            "Write ** 0.5.",
        ),
        Mistake(
            lambda x, x_hat: np.mean(np.abs(x - x_hat)),
            "This is the mean of |e|, for the root of each single square is |e|: take "
            "one root, of the mean.",
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.sum((x - x_hat) ** 2)),
            "The sum is not divided by the number of values: more values would look "
            "like a larger error.",
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.sum((x - x_hat) ** 2)) / x.size,
            "The root is taken before the division: divide by the number of values "
            "first.",
        ),
        *_all_say(
            "The errors are averaged before they are squared, so those up and those "
            "down cancel: square each one first.",
            lambda x, x_hat: np.abs(np.mean(x - x_hat)),
            lambda x, x_hat: np.mean(x - x_hat),
            lambda x, x_hat: np.mean(x_hat - x),
            lambda x, x_hat: np.mean(x - x_hat) ** 2,
            lambda x, x_hat: np.sqrt(np.mean(x - x_hat)),
        ),
        *_all_say(
            "This compares the sizes of the two arrays: take the difference first, "
            "value by value.",
            lambda x, x_hat: abs(_rms(x) - _rms(x_hat)),
            lambda x, x_hat: _rms(x) - _rms(x_hat),
            lambda x, x_hat: _rms(x_hat) - _rms(x),
        ),
        *_all_say(
            "This squares before it subtracts: x**2 - x_hat**2 is not the square of "
            "the error.",
            lambda x, x_hat: np.sqrt(np.mean(x**2 - x_hat**2)),
            lambda x, x_hat: np.sqrt(np.abs(np.mean(x**2 - x_hat**2))),
            lambda x, x_hat: np.sqrt(np.mean(np.abs(x**2 - x_hat**2))),
        ),
        *_all_say(
            "This is the standard deviation of the error: it takes the mean error off, "
            "which is a part of what went wrong.",
            lambda x, x_hat: np.std(x - x_hat),
            lambda x, x_hat: np.std(x - x_hat, ddof=1),
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.sum((x - x_hat) ** 2) / len(x)),
            "This divides by len(x), which counts the rows of an array: x.size counts "
            "all values.",
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.sum((x - x_hat) ** 2) / (x.size - 1)),
            "This divides by one less than the number of values: that is for the "
            "spread about a mean, and no mean is taken off here.",
        ),
        Mistake(
            lambda x, x_hat: np.max(np.abs(x - x_hat)),
            "This is the largest error: the mean over all values is asked.",
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.mean(np.abs(x - x_hat))),
            "This takes the root of the mean of |e|: the squares are missing.",
        ),
        Mistake(
            lambda x, x_hat: np.sqrt(np.median((x - x_hat) ** 2)),
            "This takes the median of the squares: the mean is asked, in which the "
            "few large errors count.",
        ),
        Mistake(
            lambda x, x_hat: _rms(x - x_hat) / _rms(x),
            "This is divided by the size of x: the error in units of x is asked.",
        ),
    ],
    praise="right: one number in units of x, and large errors weigh most.",
)


# --- Exercise 2


def _powers(x, x_hat):
    """Return the mean squares of the signal and of the noise."""
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    return np.mean(x**2), np.mean((x - x_hat) ** 2)


def _decibels(power, noise):
    return 10 * np.log10(np.divide(power, noise))


def _copies_are(value, does):
    """Return `does`, but for an exact copy, which gets `value`."""

    def answer(x, x_hat):
        return value if np.array_equal(x, x_hat) else does(x, x_hat)

    return answer


def _plain_snr(x, x_hat):
    return _decibels(*_powers(x, x_hat))


def _zeros_are(value):
    return lambda x, x_hat: _plain_snr(x, x_hat) if np.any(x) else value


def _either_way(says, *functions):
    """Return mistakes with exact copies left to NumPy, and with copies told apart."""
    return _all_say(says, *functions, *[_copies_are(np.inf, f) for f in functions])


def _with_epsilon(epsilon):
    def below(x, x_hat):
        power, noise = _powers(x, x_hat)
        return _decibels(power, noise + epsilon)

    def both(x, x_hat):
        power, noise = _powers(x, x_hat)
        return _decibels(power + epsilon, noise + epsilon)

    def at_least(x, x_hat):
        power, noise = _powers(x, x_hat)
        return _decibels(power, max(noise, epsilon))

    def under_sums(x, x_hat):
        power, noise = _powers(x, x_hat)
        return _decibels(power * x.size, noise * x.size + epsilon)

    return [below, both, at_least, under_sums]


def _none_where(test):
    """Return the SNR that takes x_hat for a copy where a test of the errors says so."""
    return lambda x, x_hat: np.inf if test(x, x_hat) else _plain_snr(x, x_hat)


_EPSILONS = [*(10.0**-k for k in (6, 7, 8, 9, 10, 12, 15, 16, 20)), 2.0**-52]
_HIGH, _TABLE = _normal(1, 30) + 5, _normal(0.5, (4, 6), np.float32)

signal_to_noise = Exercise(
    "Exercise 2",
    _copies_are(np.inf, _plain_snr),
    [
        (np.array([3.0, 4.0]), np.array([3.0, 3.5])),
        (_HIGH, np.floor(_HIGH * 4) / 4),
        (_TABLE, np.round(_TABLE * 4) / 4),
        (np.array([0.1, -0.2, 0.3]), np.array([1.0, -1.0, 0.0])),
        (np.array([-9.0, -1.0, 2.0, 0.5]), np.array([-7.0, -1.5, 1.25, 0.0])),
        (np.array([2.0, -1.0]), np.array([2.0, -1.0])),
        (np.array([0.0, 0.0]), np.array([0.0, 0.0])),
        (np.array([1.0, 3.0]), np.array([2.0, 2.0])),
        (np.array([-1.0, 3.0]), np.array([-1.0, 4.0])),
        (np.array([1.0, 2.0]), np.array([1.0 + 2.0**-30, 2.0])),
    ],
    [
        *_all_say(
            "Zeros that come back as zeros are an exact copy too, and 0 / 0 is no "
            "ratio: where there is no noise, return inf before you divide.",
            _plain_snr,
            _zeros_are(0.0),
            _zeros_are(-np.inf),
        ),
        *_all_say(
            "An exact copy has no noise at all: its ratio is inf.",
            *[
                _copies_are(value, _plain_snr)
                for value in (np.nan, 0.0, -np.inf, 100.0, 1000.0)
            ],
        ),
        *_all_say(
            "A small number is added to the noise so that nothing divides by 0: it "
            "makes up a ratio for an exact copy, which is inf.",
            *[does for epsilon in _EPSILONS for does in _with_epsilon(epsilon)],
        ),
        *_all_say(
            "Errors up and down cancel in a sum or a mean, so it can be 0 where there "
            "is noise: ask whether the mean of their squares is 0.",
            _none_where(lambda x, x_hat: np.sum(x - x_hat) == 0),
        ),
        *_all_say(
            "This takes the largest error for the test, with its sign: it can be 0 "
            "while others are negative. Ask whether all of them are 0.",
            _none_where(lambda x, x_hat: np.max(x - x_hat) == 0),
            _none_where(lambda x, x_hat: np.max(x_hat - x) == 0),
        ),
        *_all_say(
            "One value that comes back exactly makes no exact copy: all must do.",
            _none_where(lambda x, x_hat: np.any(x == x_hat)),
            _none_where(lambda x, x_hat: x.flat[0] == x_hat.flat[0]),
        ),
        *_all_say(
            "A tiny error is an error too, and has a ratio: only where the noise is "
            "exactly 0 is it inf.",
            _none_where(np.allclose),
            *[
                _none_where(lambda x, x_hat, k=k: _powers(x, x_hat)[1] < 10.0**-k)
                for k in (6, 9, 12, 15)
            ],
        ),
        *_either_way(
            "The factor 20 goes with a ratio of amplitudes: mean squares are powers, "
            "and take 10.",
            lambda x, x_hat: 2 * _plain_snr(x, x_hat),
        ),
        *_either_way(
            "The factor 10 goes with a ratio of powers: after the root these are "
            "amplitudes, and take 20.",
            lambda x, x_hat: _plain_snr(x, x_hat) / 2,
        ),
        *_either_way(
            "This is the natural logarithm: decibels count in tens, with log10.",
            lambda x, x_hat: 10 * np.log(np.divide(*_powers(x, x_hat))),
            lambda x, x_hat: np.log(np.divide(*_powers(x, x_hat))),
        ),
        *_either_way(
            "This is the logarithm to base 2: decibels count in tens, with log10.",
            lambda x, x_hat: 10 * np.log2(np.divide(*_powers(x, x_hat))),
        ),
        *_either_way(
            "This is upside down, noise over signal: a good copy would get a negative "
            "number.",
            lambda x, x_hat: -_plain_snr(x, x_hat),
        ),
        *_either_way(
            "This is the ratio itself: decibels are 10 times its log10.",
            lambda x, x_hat: np.divide(*_powers(x, x_hat)),
        ),
        *_either_way(
            "The factor 10 is missing: log10 alone counts bels, ten decibels each.",
            lambda x, x_hat: np.log10(np.divide(*_powers(x, x_hat))),
        ),
        *_either_way(
            "This takes the largest value for the signal: the mean of all squares is "
            "its power.",
            lambda x, x_hat: _decibels(np.max(x**2), _powers(x, x_hat)[1]),
            lambda x, x_hat: _decibels(np.max(x) ** 2, _powers(x, x_hat)[1]),
            lambda x, x_hat: _decibels(np.ptp(x) ** 2, _powers(x, x_hat)[1]),
        ),
        *_either_way(
            "This takes the variance of x, from which its mean is missing: the signal "
            "is all of x, so take mean x**2.",
            lambda x, x_hat: _decibels(np.var(x), _powers(x, x_hat)[1]),
        ),
        *_either_way(
            "Variances take the means off: a constant part of x is signal, and a "
            "constant error is noise, so take mean squares.",
            lambda x, x_hat: _decibels(np.var(x), np.var(x - x_hat)),
        ),
        *_either_way(
            "This takes the variance of the error: a constant error is noise too, so "
            "take the mean of its squares.",
            lambda x, x_hat: _decibels(_powers(x, x_hat)[0], np.var(x - x_hat)),
        ),
        *_either_way(
            "This takes means of magnitudes: the ratio is one of mean squares.",
            lambda x, x_hat: _decibels(np.abs(x).mean(), np.abs(x - x_hat).mean()),
            lambda x, x_hat: 2 * _decibels(np.abs(x).mean(), np.abs(x - x_hat).mean()),
        ),
        *_either_way(
            "This takes x_hat for the signal: what came back holds noise already.",
            lambda x, x_hat: _decibels(np.mean(x_hat**2), _powers(x, x_hat)[1]),
        ),
        *_either_way(
            "This compares x with x_hat: the noise is the difference, x - x_hat.",
            lambda x, x_hat: _decibels(np.mean(x**2), np.mean(x_hat**2)),
        ),
        *_either_way(
            "The errors are averaged before they are squared, so those up and those "
            "down cancel: square each one first.",
            lambda x, x_hat: _decibels(_powers(x, x_hat)[0], np.mean(x - x_hat) ** 2),
        ),
        *_either_way(
            "This takes the largest error for the noise: the mean of all squares is "
            "its power.",
            lambda x, x_hat: _decibels(
                _powers(x, x_hat)[0], np.max((x - x_hat) ** 2).astype(np.float64)
            ),
        ),
        *_either_way(
            "This makes a ratio of each value and averages them: average the squares "
            "first, then make one ratio.",
            lambda x, x_hat: np.mean(_decibels(x**2, (x - x_hat) ** 2)),
            lambda x, x_hat: 10 * np.log10(np.mean(x**2 / (x - x_hat) ** 2)),
        ),
        *_either_way(
            "This compares a sum with a mean: take the same of both.",
            lambda x, x_hat: _decibels(np.sum(x**2), _powers(x, x_hat)[1]),
            lambda x, x_hat: _decibels(_powers(x, x_hat)[0], np.sum((x - x_hat) ** 2)),
        ),
    ],
    praise="right: ten decibels for each factor of ten in power.",
)


# --- Exercise 3


def _mean_squares(x, inside, x_hat):
    """Return what lies between the clipped value and x_hat, and what was clipped."""
    return float(np.mean((inside - x_hat) ** 2)), float(np.mean((x - inside) ** 2))


def _come_back(x, scale, qmax):
    return scale * np.clip(np.round(x / scale), -qmax, qmax)


def _split_at(low, high):
    """Return a split of the error whose ends are functions of (scale, qmax)."""

    def split(x, scale, qmax):
        inside = np.clip(x.astype(np.float64), low(scale, qmax), high(scale, qmax))
        return _mean_squares(x, inside, _come_back(x, scale, qmax))

    return split


_split_error = _split_at(lambda s, qmax: -s * qmax, lambda s, qmax: s * qmax)


def _both(measure):
    """Return the split whose two errors are measured by something else than a mean."""

    def split(x, scale, qmax):
        x = x.astype(np.float64)
        inside = np.clip(x, -scale * qmax, scale * qmax)
        rounding, clipping = inside - _come_back(x, scale, qmax), x - inside
        return float(measure(rounding)), float(measure(clipping))

    return split


def _errors(x, scale, qmax):
    """Return the errors of rounding and of clipping, value by value."""
    inside = np.clip(x, -scale * qmax, scale * qmax)
    return inside - _come_back(x, scale, qmax), x - inside


def _less_code(parts):
    """Return the split in which a code stands for what comes back."""

    def split(x, scale, qmax):
        inside = np.clip(x.astype(np.float64), -scale * qmax, scale * qmax)
        value, clipped = parts(x, inside)
        q = np.clip(np.round(x / scale), -qmax, qmax)
        return float(np.mean((value - q) ** 2)), float(np.mean(clipped**2))

    return split


def _each_by_its_own(empty):
    def split(x, scale, qmax):
        error = (x - _come_back(x, scale, qmax)) ** 2
        beyond = np.abs(x) > scale * qmax
        parts = error[~beyond], error[beyond]
        return tuple(float(np.mean(part)) if part.size else empty for part in parts)

    return split


def _by_code(x, scale, qmax):
    error = (x - _come_back(x, scale, qmax)) ** 2
    beyond = np.abs(np.round(x / scale)) > qmax
    return np.mean(error * ~beyond), np.mean(error * beyond)


def _one_more_below(x, scale, qmax):
    codes = np.clip(np.round(x / scale), -qmax - 1, qmax)
    inside = np.clip(x.astype(np.float64), -scale * (qmax + 1), scale * qmax)
    return _mean_squares(x, inside, scale * codes)


def _one_sided(x, scale, qmax):
    codes = np.minimum(np.round(x / scale), qmax)
    return _mean_squares(x, np.minimum(x, scale * qmax), scale * codes)


def _rounded_by(rounding):
    def split(x, scale, qmax):
        inside = np.clip(x.astype(np.float64), -scale * qmax, scale * qmax)
        x_hat = scale * np.clip(rounding(x / scale), -qmax, qmax)
        return _mean_squares(x, inside, x_hat)

    return split


_WIDE = _normal(2, (5, 8), np.float32)

split_error = Exercise(
    "Exercise 3",
    _split_error,
    [
        (np.array([0.3, -0.9, 2.5]), 0.5, 3),
        (np.array([-4.0, 1.6, -1.55, 0.2, 0.7]), 0.5, 3),
        (_WIDE, 0.25, 7),
        (_normal(1, 50), 0.06, 31),
        (np.array([0.4, -0.3, 0.1]), 0.005, 127),
        (np.array([[9.0, 2.0], [-7.0, -3.5]]), 1.5, 1),
        (np.array([-9.0, 14.0, 3.2, -7.7]), 2.0, 3),
        (np.array([9.0, 0.33, -7.0, -0.2]), 0.05, 15),
    ],
    [
        Mistake(
            lambda x, s, qmax: _split_error(x, s, qmax)[::-1],
            "The two are swapped: rounding comes first, then clipping.",
        ),
        *_all_say(
            "Each error is averaged over its own values alone: both are means over "
            "all values, so that they add up to the MSE.",
            _each_by_its_own(np.nan),
            _each_by_its_own(0.0),
        ),
        *_all_say(
            "Nothing counts as clipped here: the ends lie at +-scale * qmax, however "
            "large the values are.",
            lambda x, s, qmax: (np.mean((x - _come_back(x, s, qmax)) ** 2), 0.0),
            lambda x, s, qmax: (np.mean((x - s * np.round(x / s)) ** 2), 0.0),
        ),
        Mistake(
            lambda x, s, qmax: _split_error(x, s, 127),
            "The ends are those of 8 bits, always: they lie at +-scale * qmax.",
        ),
        *_all_say(
            "Only the upper end is clipped: negative values run into the lower end.",
            _split_at(lambda s, qmax: -np.inf, lambda s, qmax: s * qmax),
            _one_sided,
        ),
        *_all_say(
            "This clips x at +-qmax, which is a code: as a real value the end is "
            "scale * qmax.",
            _split_at(lambda s, qmax: -qmax, lambda s, qmax: qmax),
            lambda x, s, qmax: _mean_squares(
                x,
                np.clip(x, -qmax, qmax),
                s * np.round(np.clip(x, -qmax, qmax) / s),
            ),
        ),
        *_all_say(
            "A code is subtracted from a value: bring it back first, scale * q.",
            _less_code(lambda x, inside: (inside, x - inside)),
            _less_code(lambda x, inside: (x, x - inside)),
        ),
        *_all_say(
            "These are arrays, one number for each value: take the mean of each.",
            lambda x, s, qmax: tuple(e**2 for e in _errors(x, s, qmax)),
            lambda x, s, qmax: tuple(np.abs(e) for e in _errors(x, s, qmax)),
            lambda x, s, qmax: tuple(_errors(x, s, qmax)),
        ),
        Mistake(
            lambda x, s, qmax: sum(_split_error(x, s, qmax)),
            "This is the sum of both, the whole MSE: return the two as a pair.",
        ),
        *_all_say(
            "The ends are half a step too far out: what lies beyond the last level is "
            "clipped, even where it is near.",
            _split_at(
                lambda s, qmax: -s * (qmax + 0.5), lambda s, qmax: s * (qmax + 0.5)
            ),
            _by_code,
        ),
        Mistake(
            _both(lambda e: np.sqrt(np.mean(e**2))),
            "These are the roots: leave the mean squares as they are, for only those "
            "add up.",
        ),
        Mistake(
            _both(lambda e: np.mean(np.abs(e))),
            "These are means of |e|: mean squares are asked.",
        ),
        Mistake(
            _both(np.mean),
            "The errors are averaged without being squared, so those up and those down "
            "cancel.",
        ),
        Mistake(
            _both(lambda e: np.sum(e**2)),
            "These are sums: divide by the number of values.",
        ),
        Mistake(
            _both(lambda e: np.sum(e**2) / len(e)),
            "This divides by len(x), which counts the rows of an array: x.size counts "
            "all values.",
        ),
        *_all_say(
            "The codes of x_hat are not clipped: what lies beyond the ends comes back "
            "as +-scale * qmax.",
            lambda x, s, qmax: (
                np.mean((x - s * np.round(x / s)) ** 2),
                _split_error(x, s, qmax)[1],
            ),
            lambda x, s, qmax: _mean_squares(
                x, np.clip(x, -s * qmax, s * qmax), s * np.round(x / s)
            ),
        ),
        Mistake(
            lambda x, s, qmax: (
                sum(_split_error(x, s, qmax)),
                _split_error(x, s, qmax)[1],
            ),
            "The first is the whole error here, with the clipping in it: rounding is "
            "what is left between the clipped x and x_hat.",
        ),
        Mistake(
            lambda x, s, qmax: (
                _split_error(x, s, qmax)[0],
                sum(_split_error(x, s, qmax)),
            ),
            "The second is the whole error here, with the rounding in it: clipping is "
            "what lies between x and the clipped x.",
        ),
        Mistake(
            lambda x, s, qmax: (s**2 / 12, _split_error(x, s, qmax)[1]),
            "The first is step**2 / 12, what the model expects: measure it.",
        ),
        Mistake(
            lambda x, s, qmax: tuple(e / s**2 for e in _split_error(x, s, qmax)),
            "These errors are counted in steps: in units of x they are scale times as "
            "large, and their squares scale**2 times.",
        ),
        Mistake(
            _one_more_below,
            "The lower end is one code too far out: a symmetric grid has codes -qmax "
            "to qmax.",
        ),
        Mistake(
            _rounded_by(np.floor),
            "This rounds down: floor pulls every value one way.",
        ),
        Mistake(
            _rounded_by(np.trunc),
            "This does not round: values are cut off towards 0, as a cast to int does.",
        ),
    ],
    praise="right: the two add up to the MSE.",
)


# --- Exercise 4


def _reach(x):
    return float(np.abs(x).max())


def _power(x):
    return _rms(x) ** 2


def _narrow_step(x, bits):
    return _reach(x) / (2 ** (bits - 1) - 1)


def _first(expected_db):
    """Return the search for the fewest bits, with a model of the SQNR in dB."""

    def bits_for(x, target_db):
        return next(b for b in range(2, 99) if expected_db(x, b) >= target_db)

    return bits_for


def _model(step=_narrow_step, power=_power, share=12):
    return lambda x, bits: 10 * np.log10(power(x) * share / step(x, bits) ** 2)


def _measured_db(x, bits):
    step = _narrow_step(x, bits)
    return _decibels(*_powers(x, step * np.round(x / step)))


_bits_for = _first(_model())


def _approximate_bits(x, target_db):
    """Return the bits of the formula with 6.02 and 10.8, as a fraction."""
    return (target_db - 10.8 + 20 * np.log10(2 * _reach(x) / _rms(x))) / 6.02


def _missing_bits(x, target_db):
    """Return what 2 bits leave missing, counted in 6.02 dB."""
    return (target_db - _model()(x, 2)) / 6.02


def _decibels_of(case, result, want):
    """Return what the model expects with the bits returned, and with the right ones."""
    try:
        bits = int(result)
    except (TypeError, ValueError):
        return ""
    if bits != result or not 2 <= bits <= 32:
        return ""
    x, target_db = case
    got, right = _model()(x, bits), _model()(x, want)
    return (
        f"(The model expects {got:.1f} dB with {bits} bits and {right:.1f} dB with "
        f"{want}; the target is {target_db:g} dB.)"
    )


_PEAK = _normal(0.5, 200)
_PEAK[7] = -30.0

bits_for = Exercise(
    "Exercise 4",
    _bits_for,
    [
        (np.array([0.5, -1.0, 0.25]), 27.0),
        (np.array([-8.0, 0.1, -0.2, 0.3, 0.0, 0.1, -0.1, 0.2]), 22.0),
        (np.array([-4.0, -2.1, -3.3, -0.7, 0.9]), 11.0),
        (np.array([-7.5, -7.0, -6.9, -7.1]), 40.0),
        (np.array([0.2, 1.7, 1.1, 0.9, 1.4, 0.6]), 31.0),
        (np.array([[-3.0, 2.0, 1.0], [0.0, 3.0, -1.0]]), 24.5),
        (np.array([-1.0, 0.0, 1.0, 1.0]), 20.0),
        (np.array([-1.0, 0.0, 1.0, 1.0]), 19.0),
        (_PEAK, 20.0),
        (_PEAK, 35.0),
        (_normal(0.3, (4, 8), np.float32), 35.0),
        (np.array([1.0, -1.0, 1.0]), 16.2),
        (np.array([1.0, -1.0, 1.0]), 29.2),
        (np.array([1.0, -1.0, 1.0]), 9.0),
        (np.array([0.5, -1.0, 0.25]), 95.0),
    ],
    [
        *_all_say(
            "This counts 6 dB for each bit, whatever x looks like: a few large values "
            "make the step wide and leave the mean square small.",
            _first(lambda x, bits: 6.02 * bits),
            _first(lambda x, bits: 6.02 * (bits - 1)),
        ),
        Mistake(
            _first(lambda x, bits: 6.02 * bits + 1.76),
            "The 1.76 dB belong to a sine that fills the range: take the mean square "
            "of this x.",
        ),
        *_all_say(
            "This is the approximate formula, whose step is 2 max|x| / 2**bits: it is "
            "off by a bit where bits are few. Try each width with its step, "
            "max|x| / (2**(bits - 1) - 1).",
            _first(_model(step=lambda x, bits: 2 * _reach(x) / 2**bits)),
            lambda x, target_db: int(np.ceil(_approximate_bits(x, target_db))),
            lambda x, target_db: max(2, int(np.ceil(_approximate_bits(x, target_db)))),
            lambda x, target_db: round(_approximate_bits(x, target_db)),
            _approximate_bits,
        ),
        *_all_say(
            "This counts 6.02 dB for each bit from 2 bits on, and the first ones bring "
            "more: the step goes from max|x| to max|x| / 3, then / 7. Try each width.",
            lambda x, target_db: 2 + int(np.ceil(_missing_bits(x, target_db))),
            lambda x, target_db: max(2, 2 + int(np.ceil(_missing_bits(x, target_db)))),
        ),
        *_all_say(
            "The search ends before 16 bits.",
            *[lambda x, db, k=k: min(_bits_for(x, db), k) for k in (8, 10, 12, 15)],
        ),
        Mistake(
            lambda x, target_db: max(_bits_for(x, target_db), 3),
            "The search begins too late: 2 bits may do.",
        ),
        Mistake(
            _first(_model(step=lambda x, bits: 2 * _reach(x) / (2**bits - 1))),
            "This step needs all 2**bits codes, 2 max|x| / (2**bits - 1): narrow codes "
            "leave the lowest one out.",
        ),
        Mistake(
            _first(_model(step=lambda x, bits: np.ptp(x) / (2**bits - 1))),
            "This is the affine step: a symmetric grid reaches max|x| on both sides.",
        ),
        Mistake(
            _first(_model(step=lambda x, bits: np.max(x) / (2 ** (bits - 1) - 1))),
            "This takes the largest value, not the largest magnitude, for the step.",
        ),
        Mistake(
            _first(_model(share=1)),
            "The 12 is missing: the noise is step**2 / 12, not step**2.",
        ),
        Mistake(
            _first(_model(share=4)),
            "Half a step is the largest error: the mean square of all of them is "
            "step**2 / 12.",
        ),
        Mistake(
            _first(_model(power=lambda x: _reach(x) ** 2)),
            "This takes the largest value for the signal: its power is the mean of "
            "x**2.",
        ),
        Mistake(
            _first(_model(power=np.var)),
            "This takes the variance of x, from which its mean is missing: the signal "
            "is all of x, so take mean x**2.",
        ),
        Mistake(
            _first(_model(power=lambda x: np.abs(x).mean() ** 2)),
            "This squares the mean of |x|: the mean of the squares is larger.",
        ),
        Mistake(
            lambda x, target_db: _bits_for(x, target_db) - 1,
            "One bit too few: these stay below the target. Did you round down, or "
            "divide max|x| by 2**bits - 1, the steps of both sides?",
        ),
        Mistake(
            lambda x, target_db: float(
                1
                + np.log2(
                    1 + np.sqrt(10 ** (target_db / 10) / 12) * _reach(x) / _rms(x)
                )
            ),
            "A number of bits is whole: round this up.",
        ),
        Mistake(
            lambda x, target_db: _bits_for(x, target_db) + 1,
            "One bit too many: one fewer reaches the target already.",
        ),
        Mistake(
            _first(lambda x, bits: _model()(x, bits) / 2),
            "The factor 10 goes with a ratio of powers: after the root these are "
            "amplitudes, and take 20.",
        ),
        Mistake(
            _first(lambda x, bits: _model()(x, bits) * 2),
            "The factor 20 goes with a ratio of amplitudes: mean squares are powers, "
            "and take 10.",
        ),
        Mistake(
            _first(lambda x, bits: _model()(x, bits) * np.log(10)),
            "This is the natural logarithm: decibels count in tens, with log10.",
        ),
        Mistake(
            _first(_measured_db),
            "This quantizes x and measures: asked is what the model expects, with "
            "noise step**2 / 12.",
        ),
    ],
    praise="right: the fewest bits that reach it.",
    note=_decibels_of,
)


# --- Exercise 5


def _best_scale(x, q):
    q = q.astype(np.float64)
    return float(np.sum(x * q) / np.sum(q * q))


def _energy(a):
    return float(np.sum(np.square(a, dtype=np.float64)))


def _own_codes(scale):
    """Return the best scale for codes that a first scale makes of x."""

    def answer(x, q):
        return _best_scale(x, np.round(x / scale(x, q.astype(np.float64))))

    return answer


def _line_slope(x, q):
    away = q - np.mean(q)
    return np.sum(away * x) / np.sum(away * away)


def _mean_ratio(x, q):
    return np.mean(x[q != 0] / q[q != 0])


def _rounded(x, scale, bits=8):
    qmax = 2 ** (bits - 1) - 1
    return x, np.clip(np.round(x / scale), -qmax, qmax).astype(np.int8)


_SQUARES_WRAP = (
    "The codes are squared in int8, where 127 * 127 wraps around to 1: turn q into "
    "floats first."
)

best_scale = Exercise(
    "Exercise 5",
    _best_scale,
    [
        (np.array([0.9, -2.3, 0.2]), np.array([1, -2, 0], np.int8)),
        (np.array([1.3, -0.5, 0.7]), np.array([127, -50, 70], np.int8)),
        _rounded(_normal(1, (4, 5), np.float32), 0.25, bits=4),
        _rounded(_normal(1, 40) + 1, 0.03),
        _rounded(_normal(3, 30), 0.7, bits=3),
        (np.array([-8.0, -2.6, 1.4, 3.0]), np.array([-3, -2, 1, 3], np.int8)),
        (np.array([[5.0, 0.1], [-0.2, 0.4]]), np.array([[1, 0], [0, 0]], np.int8)),
        (np.array([1.0, -0.1, 2.0]), np.array([1, 1, 2], np.int8)),
    ],
    [
        *_all_say(
            _SQUARES_WRAP,
            lambda x, q: np.sum(x * q) / np.sum(q * q),
            lambda x, q: np.sum(x * q) / (q.ravel() @ q.ravel()),
        ),
        Mistake(
            lambda x, q: np.mean(x) / np.mean(q),
            "This is the ratio of the sums (or means), in which positive and negative "
            "values cancel: weigh each value by its code first.",
        ),
        Mistake(
            _mean_ratio,
            "This averages x / q, where small codes count as much as large ones: the "
            "error of a large code moves most, so it must weigh most.",
        ),
        Mistake(
            lambda x, q: np.mean(x / q),
            "Code 0 makes x / q a division by 0: sums of products need no division "
            "value by value.",
        ),
        Mistake(
            lambda x, q: np.abs(x).max() / np.abs(q).max(),
            "This looks at the largest values alone: all of them have a say.",
        ),
        Mistake(
            lambda x, q: np.max(x) / np.max(q),
            "This looks at the highest value alone: all of them have a say.",
        ),
        Mistake(
            lambda x, q: 1 / _best_scale(x, q),
            "This is upside down: sum(x * q) is divided by sum(q * q).",
        ),
        Mistake(
            lambda x, q: np.sum(x * q) / np.sum(x * x),
            "This goes from x to its codes: for the way back divide by sum(q * q).",
        ),
        Mistake(
            lambda x, q: np.sum(x * x) / np.sum(x * q),
            "This divides sum(x * x) by sum(x * q): the codes stand below, so it is "
            "sum(x * q) by sum(q * q).",
        ),
        Mistake(
            lambda x, q: np.sum(np.abs(x)) / np.sum(np.abs(q)),
            "This adds magnitudes: least squares weigh each value by its code, as in "
            "sum(x * q).",
        ),
        Mistake(
            _line_slope,
            "This is the slope of a line with an intercept: here code 0 must come back "
            "as 0.",
        ),
        Mistake(
            lambda x, q: _rms(x) / _rms(q),
            "This compares the sizes of x and q, whichever value belongs to which "
            "code: sum(x * q) pairs them.",
        ),
        Mistake(
            lambda x, q: np.std(x) / np.std(q),
            "This compares the spreads of x and q, whichever value belongs to which "
            "code: sum(x * q) pairs them.",
        ),
        *_all_say(
            "This takes the magnitude of each x * q: where a value and its code have "
            "different signs, the product must count as negative.",
            lambda x, q: np.sum(np.abs(x * q.astype(np.float64))) / _energy(q),
        ),
        *_all_say(
            "This is the min-max scale, which ends at max|x|: asked is the one that "
            "fits the given codes best.",
            *[
                lambda x, q, k=k: np.abs(x).max() / k
                for k in (127.0, 127.5, 128.0, 255.0)
            ],
            lambda x, q: np.ptp(x) / 255.0,
        ),
        *_all_say(
            "The codes are given: this rounds x to codes of its own.",
            *[
                _own_codes(lambda x, q, k=k: np.abs(x).max() / k)
                for k in (127.0, 128.0)
            ],
            _own_codes(lambda x, q: np.abs(x).max() / np.abs(q).max()),
        ),
        *_all_say(
            "The division by sum(q * q) is missing.",
            lambda x, q: np.sum(x * q),
            lambda x, q: np.mean(x * q),
        ),
        Mistake(
            lambda x, q: np.sum(x * q) / np.sum(q, dtype=np.float64) ** 2,
            "This squares the sum of the codes: the sum of their squares is asked.",
        ),
        Mistake(
            lambda x, q: np.sum(x * q) / np.sum(np.abs(q)),
            "This divides by the sum of |q|: the squares of q are asked.",
        ),
    ],
    praise="right: no other scale does better with these codes.",
)


# --- Exercise 6


def _codes(x, scale, bits):
    qmax = 2 ** (bits - 1) - 1
    return np.clip(np.round(x / scale), -qmax, qmax)


def _slope(x, scale, q):
    """Return the derivative of mean (x - scale * q)**2 by the scale."""
    return float(-2 * np.mean(q * (x - scale * q), dtype=np.float64))


def _step_with(codes):
    """Return the step of descent with codes from a function of (x, scale, bits)."""
    return lambda x, s, bits, rate: s - rate * _slope(x, s, codes(x, s, bits))


def _step_by(slope):
    """Return the step of descent with a slope from a function of (x, scale, q)."""
    return lambda x, s, bits, rate: s - rate * slope(x, s, _codes(x, s, bits))


_descent_step = _step_by(_slope)

descent_step = Exercise(
    "Exercise 6",
    _descent_step,
    [
        (np.array([-1.0, -0.4, 0.5, 1.1]), 0.6, 2, 0.1),
        (np.array([0.3, -0.8, 2.0]), 0.5, 3, 0.05),
        (_normal(1, (4, 5), np.float32), 0.35, 3, 0.06),
        (_normal(1, 40) + 0.5, 0.01131, 8, 4e-5),
        (_normal(2, (3, 4, 2)), 1.3, 4, 0.2),
        (np.array([[-3.0, 1.2], [0.7, -0.2]]), 0.9, 2, 0.03),
        (np.array([5.2, -3.1, 2.7, 0.8]), 0.3, 5, 0.002),
        (np.array([40.0, -3.0, 0.6, -50.0]), 0.25, 3, 0.01),
    ],
    [
        Mistake(
            _step_by(lambda x, s, q: -_slope(x, s, q)),
            "This goes uphill: the gradient points to more error, so subtract it.",
        ),
        Mistake(
            _step_by(lambda x, s, q: _slope(x, s, q) / 2),
            "The 2 is missing: the derivative of a square brings it down.",
        ),
        Mistake(
            _step_by(lambda x, s, q: _slope(x, s, q) * x.size),
            "This adds the gradients of all values: the loss is a mean, so is its "
            "gradient.",
        ),
        Mistake(
            _step_by(lambda x, s, q: _slope(x, s, q) * x.size / len(x)),
            "This divides by len(x), which counts the rows of an array: x.size counts "
            "all values.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(x - s * q)),
            "The factor q is missing: scale * q changes q times as fast as the scale.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(s * q * (x - s * q))),
            "The gradient is multiplied by the scale: its factor is q alone, what "
            "scale * q changes by for each unit of scale.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(x * (x - s * q))),
            "The factor is q, not x: q is what scale * q changes by for each unit of "
            "scale.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(q * (x - q))),
            "The error is taken to the code, x - q: a code comes back as scale * q.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(q) * np.mean(x - s * q)),
            "This multiplies two means: multiply value by value, then take one mean.",
        ),
        Mistake(
            _step_by(lambda x, s, q: -2 * np.mean(q * x - s * q)),
            "Brackets are missing: it is q * (x - scale * q), not q * x - scale * q.",
        ),
        Mistake(
            _step_with(
                lambda x, s, bits: np.clip(
                    np.trunc(x / s), -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1
                )
            ),
            "The codes are cut off towards 0, as astype(int) does: round them.",
        ),
        *_all_say(
            "This moves the weights, and they are what the grid is fitted to: asked is "
            "the scale after the step, one number.",
            *[
                lambda x, s, bits, rate, f=f, n=n: (
                    x + f * rate * (x - s * _codes(x, s, bits)) / (x.size if n else 1)
                )
                for f in (-2, 2, -1, 1)
                for n in (0, 1)
            ],
            *[
                lambda x, s, bits, rate, f=f: (
                    x + f * rate * _slope(x, s, _codes(x, s, bits))
                )
                for f in (-1, 1)
            ],
        ),
        *_all_say(
            "This makes a scale for each value: take the mean of q * (x - scale * q).",
            *[
                lambda x, s, bits, rate, f=f: (
                    s + f * rate * _codes(x, s, bits) * (x - s * _codes(x, s, bits))
                )
                for f in (2, 1, -2)
            ],
        ),
        Mistake(
            _step_with(lambda x, s, bits: np.round(x / s)),
            "The codes are not clipped: with so few bits large values need it.",
        ),
        Mistake(
            _step_with(lambda x, s, bits: _codes(x, s, 8)),
            "The codes are those of 8 bits, always: the highest one is "
            "2**(bits - 1) - 1.",
        ),
        Mistake(
            _step_with(
                lambda x, s, bits: np.clip(
                    np.round(x / s), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
                )
            ),
            "The lowest code is one too low: symmetric codes run from -qmax to qmax.",
        ),
        Mistake(
            _step_with(
                lambda x, s, bits: np.clip(
                    np.round(x / s), -(2 ** (bits - 1)), 2 ** (bits - 1)
                )
            ),
            "The codes go one too far at both ends: the highest one is "
            "2**(bits - 1) - 1.",
        ),
        Mistake(
            _step_with(lambda x, s, bits: _codes(x, s, bits + 1)),
            "These are the codes of one bit more: the highest one is "
            "2**(bits - 1) - 1.",
        ),
        Mistake(
            lambda x, s, bits, rate: s,
            "The scale does not move: are the codes rounded? With q = x / scale "
            "nothing is lost, and the gradient is 0.",
        ),
        Mistake(
            _step_with(
                lambda x, s, bits: np.clip(
                    x / s, -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1
                )
            ),
            "The codes are not rounded, so only the clipped values have an error.",
        ),
        Mistake(
            lambda x, s, bits, rate: _best_scale(x, _codes(x, s, bits)),
            "This jumps straight to the best scale for these codes: asked is one step "
            "of descent, as long as the rate says.",
        ),
        Mistake(
            lambda x, s, bits, rate: _slope(x, s, _codes(x, s, bits)),
            "This is the gradient: asked is the scale after the step, "
            "scale - rate * gradient.",
        ),
        *_all_say(
            "This is the step alone: asked is the scale that it leads to.",
            lambda x, s, bits, rate: rate * _slope(x, s, _codes(x, s, bits)),
            lambda x, s, bits, rate: -rate * _slope(x, s, _codes(x, s, bits)),
        ),
        Mistake(
            lambda x, s, bits, rate: s - _slope(x, s, _codes(x, s, bits)),
            "The rate is missing: it says how far to go along the gradient.",
        ),
        Mistake(
            _step_by(lambda x, s, q: np.mean((x - s * q) ** 2)),
            "This moves by the loss itself: its derivative says which way is down.",
        ),
    ],
    praise="right: one step down the slope.",
)


# --- Exercise 7


def _output_variance(x, w, v_x, v_w):
    return v_x * _energy(w) + v_w * _energy(x)


def _weighed(measure):
    """Return a variance in which something else stands for the sum of squares."""
    return lambda x, w, v_x, v_w: v_x * measure(w) + v_w * measure(x)


_INPUTS, _LAYER = _normal(1, 50) + 1, _normal(0.2, 50) - 0.1

output_variance = Exercise(
    "Exercise 7",
    _output_variance,
    [
        (np.array([1.0, 2.0]), np.array([0.5, -1.0]), 0.1, 0.2),
        (np.array([3.0, -2.0, 0.5]), np.array([-0.5, 1.5, 4.0]), 0.04, 0.0),
        (np.array([3.0, -2.0, 0.5]), np.array([-0.5, 1.5, 4.0]), 0.0, 0.09),
        (np.array([-1.5]), np.array([2.5]), 2.0, 3.0),
        (_INPUTS, _LAYER, 0.02, 0.001),
        (_normal(2, 20, np.float32), _normal(1, 20, np.float32), 0.5, 0.25),
    ],
    [
        Mistake(
            lambda x, w, v_x, v_w: _output_variance(w, x, v_x, v_w),
            "The factors are swapped: an input's error comes out times the weight, a "
            "weight's error times the input.",
        ),
        *_all_say(
            "The factors are not squared: twice the error has four times the variance.",
            _weighed(np.sum),
            _weighed(lambda a: np.sum(np.abs(a))),
        ),
        *_all_say(
            "This squares the sum, as if all errors went the same way: square each "
            "factor, then add.",
            _weighed(lambda a: np.sum(a) ** 2),
            _weighed(lambda a: np.sum(np.abs(a)) ** 2),
        ),
        Mistake(
            lambda x, w, v_x, v_w: v_x * w**2 + v_w * x**2,
            "These are the parts of the single products: add them up.",
        ),
        *_all_say(
            "Standard deviations are added within each product here: of independent "
            "errors the variances add.",
            lambda x, w, v_x, v_w: _energy(np.sqrt(v_x) * w + np.sqrt(v_w) * x),
            lambda x, w, v_x, v_w: np.sum(
                np.sqrt(v_x) * np.abs(w) + np.sqrt(v_w) * np.abs(x)
            ),
            lambda x, w, v_x, v_w: np.sum(np.sqrt(v_x) * w + np.sqrt(v_w) * x),
        ),
        Mistake(
            _weighed(lambda a: np.mean(a**2)),
            "This is a mean: the errors of all terms add up in the output, so take "
            "sums.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: (
                (np.sqrt(v_x * _energy(w)) + np.sqrt(v_w * _energy(x))) ** 2
            ),
            "This adds standard deviations: of independent errors the variances add.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: (
                np.sqrt(v_x * _energy(w)) + np.sqrt(v_w * _energy(x))
            ),
            "These are standard deviations, and of independent errors they do not add: "
            "leave out the roots.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: v_x * _energy(w),
            "The part of the weights' errors is missing, v_w * sum(x**2).",
        ),
        Mistake(
            lambda x, w, v_x, v_w: v_w * _energy(x),
            "The part of the inputs' errors is missing, v_x * sum(w**2).",
        ),
        Mistake(
            lambda x, w, v_x, v_w: np.sqrt(_output_variance(x, w, v_x, v_w)),
            "This is the root, a standard deviation: the variance is asked.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: _output_variance(x, w, v_x**2, v_w**2),
            "The variances are squared: v_x and v_w are squares already.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: x.size * (v_x + v_w),
            "The errors are added as they are: each comes out times its partner in the "
            "product, the weight or the input.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: (
                _output_variance(x, w, v_x, v_w) + x.size * v_x * v_w
            ),
            "This holds the products of two errors, K * v_x * v_w: they are small, and "
            "left out here.",
        ),
        *_all_say(
            "This takes the variance of x and of w, from which their means are "
            "missing: sums of squares are asked.",
            _weighed(np.var),
            _weighed(lambda a: a.size * np.var(a)),
        ),
        Mistake(
            _weighed(lambda a: np.sqrt(_energy(a))),
            "These are the lengths of x and w: their squares are asked, sum(w**2) and "
            "sum(x**2).",
        ),
        Mistake(
            lambda x, w, v_x, v_w: (v_x + v_w) * (_energy(x) + _energy(w)),
            "Each variance meets both sums here: v_x goes with the weights alone, v_w "
            "with the inputs alone.",
        ),
        Mistake(
            lambda x, w, v_x, v_w: (v_x + v_w) * _energy(x * w),
            "The factors are multiplied with each other: an input's error meets the "
            "weight alone, a weight's error the input alone.",
        ),
    ],
    praise="right: each error comes out times its partner, squared.",
)


# --- Exercise 8


def _standard_error(right, n):
    return float(np.sqrt(right / n * (1 - right / n) / n))


standard_error_of = Exercise(
    "Exercise 8",
    _standard_error,
    [(98, 100), (9920, 10_000), (3, 4), (1, 10), (25, 50), (20, 20), (620, 1000)],
    [
        Mistake(
            lambda right, n: _standard_error(right, n) ** 2,
            "This is the variance: its root is the standard error.",
        ),
        Mistake(
            lambda right, n: _standard_error(right, n) ** 2 / 2,
            "This is half of the variance: ** 1/2 takes the power 1, then halves. "
            "Write ** 0.5.",
        ),
        Mistake(
            lambda right, n: np.sqrt(right / n / n),
            "The factor 1 - p is missing: where nearly all are right there is little "
            "to vary.",
        ),
        Mistake(
            lambda right, n: np.sqrt((1 - right / n) / n),
            "The factor p is missing: it is p * (1 - p) that is divided by n.",
        ),
        Mistake(
            lambda right, n: 1 / np.sqrt(n),
            "The p * (1 - p) is missing: an accuracy near 1 varies less than one near "
            "a half.",
        ),
        Mistake(
            lambda right, n: 0.5 / np.sqrt(n),
            "This is the standard error of p = 1/2, the largest there is: put in the "
            "measured p.",
        ),
        Mistake(
            lambda right, n: n * _standard_error(right, n),
            "This counts images: the accuracy is a share, so divide by n.",
        ),
        Mistake(
            lambda right, n: np.sqrt(right / n * (1 - right / n)),
            "The division by n is missing: this is the spread of a single image.",
        ),
        Mistake(
            lambda right, n: np.sqrt(right / n * (1 - right / n)) / n,
            "The root is divided by n: divide once, and under the root, for four times "
            "the images halve the standard error.",
        ),
        *_all_say(
            "This is two standard errors, the error bar of the figures: one is asked.",
            lambda right, n: 2 * _standard_error(right, n),
            lambda right, n: 1.96 * _standard_error(right, n),
        ),
        Mistake(
            lambda right, n: 100 * _standard_error(right, n),
            "This is in percent: a share is asked, from 0 to 1.",
        ),
        Mistake(
            lambda right, n: np.sqrt(right / n * (1 - right / n) / (n - 1)),
            "This divides by n - 1, as some books do: here it is n, and for thousands "
            "of images nobody sees the difference.",
        ),
        Mistake(
            lambda right, n: 0.0,
            "This is always 0: is p cut to a whole number, as by right // n? The share "
            "is right / n.",
        ),
        Mistake(
            lambda right, n: right / n * (1 - right / n),
            "This is p * (1 - p): divide it by n, and take the root.",
        ),
        *_all_say(
            "This takes right for p: it is a number of images, and the share p is "
            "right / n.",
            lambda right, n: np.sqrt(np.float64(right) * (1 - right) / n),
            lambda right, n: math.sqrt(right * (1 - right) / n),
            lambda right, n: math.sqrt(right * (1 - right)) / n,
            lambda right, n: (right * (1 - right) / n) ** 0.5,
            lambda right, n: (right * (1 - right)) ** 0.5 / n,
            lambda right, n: np.sqrt(np.float64(right) * (1 - right)) / n,
        ),
    ],
    praise="right: what luck alone moves an accuracy by.",
)

EXERCISES: dict[str, Exercise] = {
    "rms_error": rms_error,
    "signal_to_noise": signal_to_noise,
    "split_error": split_error,
    "bits_for": bits_for,
    "best_scale": best_scale,
    "descent_step": descent_step,
    "output_variance": output_variance,
    "standard_error_of": standard_error_of,
}

progress = progress_over(EXERCISES)
