"""The exercises of lesson 05: what is right, and the mistakes that people make.

Mistakes compute in int64 where the type is not the point: an answer of another type
that makes the same mistake is recognised as well.
"""

import math
from itertools import pairwise

import numpy as np

from qlib.checks.exercise import Exercise, mistakes_of, progress_over

_RNG = np.random.default_rng(55)


def _codes(*shape):
    """Return random int8 codes."""
    return _RNG.integers(-128, 128, shape).astype(np.int8)


def _wrapped(values):
    """Return what is left of integers when int8 holds them, as int64."""
    return (np.asarray(values) + 128) % 256 - 128


# --- Exercise 1: (images, indices) are x, i


def _items(
    real=lambda x: x / np.float32(255),
    axes=lambda x: x[np.newaxis, ..., np.newaxis],
    item=lambda x: (x,),
    wanted=lambda x, i: x[np.asarray(i)],
):
    """Return the list of items with one part of the work done another way."""
    return lambda x, i: tuple(item(axes(real(image))) for image in wanted(x, i))


def _batch(x, i):
    """Return all images as one array, (n, 28, 28, 1)."""
    return x[np.asarray(i)][..., np.newaxis] / np.float32(255)


_representative = _items()

_REPRESENTATIVE_MISTAKES = {
    "The grey levels run up to 255: the network was trained on 0 to 1, so divide by "
    "np.float32(255).": _items(np.int64),
    "The levels are divided by 256, or by the brightest of an image: the network was "
    "trained on levels divided by 255.": [
        _items(lambda x: x / np.float32(256)),
        _items(lambda x: x / np.float32(x.max())),
    ],
    "The levels are shifted, such as to -1 to 1: the network was trained on 0 to 1, so "
    "divide by 255 and take nothing off.": [
        _items(lambda x: x / np.float32(127.5) - 1),
        _items(lambda x: x / np.float32(255) - np.float32(0.5)),
    ],
    "These are codes, 128 below the grey levels: the converter has yet to find their "
    "grid, so give it real values.": _items(lambda x: x - np.int64(128)),
    "The levels are cut to whole numbers, 0 and 1: their decimals count, so keep "
    "float32.": _items(lambda x: x // 255),
    "These arrays are float64: the model takes float32, and so is a uint8 array "
    "divided by np.float32(255).": _items(lambda x: x / 255),
    "The batch axis is missing: the model takes a batch, even of one image, so put a 1 "
    "in front.": _items(axes=lambda x: x[..., np.newaxis]),
    "The channel axis is missing: grey images have one channel, so put a 1 at the "
    "end.": _items(axes=lambda x: x[np.newaxis]),
    "Two axes are missing: put a 1 in front for the batch, and one at the end for the "
    "channel.": _items(axes=lambda x: x),
    "The channel stands in second place: it is the last axis here, after row and "
    "column.": _items(axes=lambda x: x[np.newaxis, np.newaxis]),
    "These items are bare arrays: an item lists all inputs of the model, so put its "
    "one array in a list.": _items(item=lambda x: x),
    "These are the first images, whatever was asked for: take images[i] for each i of "
    "indices.": _items(wanted=lambda x, i: x[: len(i)]),
    "This is one array that holds all images: a list is asked, with an item for each "
    "image.": [
        _batch,
        lambda x, i: _batch(x, i)[:, np.newaxis],
        lambda x, i: _batch(x, i)[:, np.newaxis, np.newaxis],
    ],
    "All images are in one item: each gets a list of its own.": [
        lambda x, i: (tuple(array for (array,) in _representative(x, i)),),
        lambda x, i: ((_batch(x, i),),),
    ],
}


def _images(n):
    return _RNG.integers(0, 250, (n, 28, 28)).astype(np.uint8)


representative = Exercise(
    "Exercise 1",
    _representative,
    [(_images(3), [2, 0]), (_images(5), np.array([3, 4, 1])), (_images(4), [1])],
    mistakes_of(_REPRESENTATIVE_MISTAKES),
    rtol=1e-4,
    praise="right: the converter sees what the network was trained on.",
    exact=True,
)


# --- Exercise 2: (q, scale, axis) are q, s, a


def _along(axis=lambda a: a, times=np.multiply):
    """Return times(q, scale), with the scales along axis(a)."""

    def real(q, s, a):
        shape = np.ones(q.ndim, int)
        shape[axis(a)] = -1
        return times(q, s.reshape(shape))

    return real


_real = _along()

_DEQUANTIZE_WEIGHTS_MISTAKES = {
    "The scales lie along the last axis, whatever axis says: q * scale alone does "
    "that.": _along(lambda a: -1),
    "The scales lie along the first axis, whatever axis says: the file may name "
    "another one.": _along(lambda a: 0),
    "This divides by the scale: a real weight is scale * q.": _along(times=np.divide),
    "All codes get the same scale: each place along the axis has its own.": [
        lambda q, s, a, one=one: q * np.float32(one(s))
        for one in (np.mean, np.max, np.min, np.median, lambda s: s[0])
    ],
    "The axes of the result are in another order: axis was moved, so move it back.": [
        lambda q, s, a: np.moveaxis(_real(q, s, a), a, -1),
        lambda q, s, a: np.moveaxis(_real(q, s, a), a, 0),
        lambda q, s, a: np.moveaxis(_real(q, s, a), -1, a),
        lambda q, s, a: _real(q, s, a).T,
    ],
    "The real weights are cut to whole numbers: keep the product, which is float32.": [
        lambda q, s, a, whole=whole: whole(_real(q, s, a))
        for whole in (np.trunc, np.round, np.floor)
    ],
    "The scales are cut to whole numbers: they are real, so multiply them as they "
    "are.": _along(times=lambda q, s: q * np.trunc(s)),
    "A zero point is taken off: that of weights is 0.": [
        _along(times=lambda q, s: (q - np.float32(128)) * s),
        _along(times=lambda q, s: (q + np.float32(128)) * s),
        _along(times=lambda q, s: _wrapped(q.astype(np.int64) + 128) * s),
    ],
    "The result is float64: the product of an int8 and a float32 array is "
    "float32.": _along(times=lambda q, s: q * s.astype(np.float64)),
}


def _weights(axis, *shape):
    """Return (q, scale, axis) with random codes and scales."""
    scale = _RNG.uniform(0.1, 0.9, shape[axis]).astype(np.float32)
    return _codes(*shape), scale, axis


dequantize_weights = Exercise(
    "Exercise 2",
    _real,
    [
        (np.int8([[1, 2], [3, -4]]), np.float32([0.5, 1.5]), 0),
        (np.int8([[1, 2], [3, -4]]), np.float32([0.5, 1.5]), 1),
        *[_weights(axis, 3, 3, 3) for axis in range(3)],
        *[_weights(axis, 3, 3, 3, 3) for axis in (3, 0, 1)],
        _weights(1, 2, 1, 3),  # finds lengths that were taken from another axis
    ],
    mistakes_of(_DEQUANTIZE_WEIGHTS_MISTAKES),
    praise="right: each place along the axis has its own scale.",
    exact=True,
)


# --- Exercise 3: (window, weights, bias, zero_point) are x, w, b, z, and d = x - z


def _wide(of):
    """Return of(d, w, b, z), with both arrays as int64."""
    return lambda x, w, b, z: of(x.astype(np.int64) - z, w.astype(np.int64), b, z)


_ACCUMULATE_MISTAKES = {
    "The differences are in int8, where 127 + 1 is -128: turn window into int32 before "
    "you subtract.": [lambda d, w, b, z: np.sum(_wrapped(d) * w) + b],
    "The products are in int8 and keep 8 bits each: turn both arrays into int32 "
    "first.": [lambda d, w, b, z: np.sum(_wrapped(d * w)) + b],
    "The sum is in int8 or int16, and its upper bits are lost: it needs int32.": [
        lambda d, w, b, z: _wrapped(np.sum(d * w)) + b,
        lambda d, w, b, z: _wrapped(np.sum(d * w) + b),
        lambda d, w, b, z: int(np.sum(d * w).astype(np.int16)) + b,
        lambda d, w, b, z: int((np.sum(d * w) + b).astype(np.int16)),
    ],
    "The zero point is forgotten: take it off each code of the window.": [
        lambda d, w, b, z: np.sum((d + z) * w) + b
    ],
    "The zero point is added: x = scale * (q - zero_point), so take it off.": [
        lambda d, w, b, z: np.sum((d + 2 * z) * w) + b
    ],
    "The zero point is taken off the weights as well: theirs is 0.": [
        lambda d, w, b, z: np.sum(d * (w - z)) + b
    ],
    "The zero point is taken off the weights alone: it is that of the window.": [
        lambda d, w, b, z: np.sum((d + z) * (w - z)) + b
    ],
    "The zero point is taken off the products: take it off the codes, before the "
    "weights multiply them.": [lambda d, w, b, z: np.sum((d + z) * w - z) + b],
    "The zero point is taken off once, at the end: each code of the window has it.": [
        lambda d, w, b, z: np.sum((d + z) * w) - z + b
    ],
    "The zero point is taken off twice, in the codes and folded into the bias: one of "
    "the two is enough.": [lambda d, w, b, z: np.sum(d * w) + b - z * np.sum(w)],
    "The bias is forgotten: add it to the sum.": [lambda d, w, b, z: np.sum(d * w)],
    "The bias is subtracted: add it to the sum.": [
        lambda d, w, b, z: np.sum(d * w) - b
    ],
    "The zero point changes the bias: that is an int32 number of its own, with the "
    "zero point 0.": [
        lambda d, w, b, z: np.sum(d * w) + b - z,
        lambda d, w, b, z: np.sum(d * w) + b * z,
    ],
    "The bias is added to each product: it comes once, to the sum.": [
        lambda d, w, b, z: np.sum(d * w + b)
    ],
    "This is a mean: an accumulator is a sum.": [
        lambda d, w, b, z: np.mean(d * w) + b,
        lambda d, w, b, z: int(np.mean(d * w)) + b,
    ],
    "This is a matrix product, rows by columns: each code meets the weight in its own "
    "place, so take *.": [
        lambda d, w, b, z: np.sum(d @ w) + b,
        lambda d, w, b, z: np.sum(np.dot(d, w)) + b,
        lambda d, w, b, z: np.sum(d @ w.swapaxes(-1, -2)) + b,
    ],
    "The weights are turned round: the first code meets the first weight.": [
        lambda d, w, b, z: np.sum(d * np.flip(w)) + b
    ],
    "These are the products: add them up, to one number.": [
        lambda d, w, b, z: d * w,
        lambda d, w, b, z: d * w + b,
    ],
    "The result is a float: codes, weights and bias are integers, and so is their "
    "sum.": [lambda d, w, b, z: float(np.sum(d * w) + b)],
}

accumulate = Exercise(
    "Exercise 3",
    _wide(lambda d, w, b, z: int(np.sum(d * w)) + b),
    [
        (np.int8([[1, 2], [3, 5]]), np.int8([[1, 0], [2, -1]]), 10, -1),
        (np.int8([[-128, -3], [127, 60]]), np.int8([[127, 1], [90, -7]]), -500, -128),
        *[(_codes(3, 3), _codes(3, 3), b, z) for b, z in ((812, 5), (-9000, -100))],
        (_codes(2, 2, 2), _codes(2, 2, 2), 12_345, 127),
        (np.abs(_codes(5, 5) // 2), np.abs(_codes(5, 5) // 2), 40_000, -120),
    ],
    mistakes_of({s: list(map(_wide, fs)) for s, fs in _ACCUMULATE_MISTAKES.items()}),
    rtol=0.0,
    praise="right: int8 goes in, and 32 bits hold the sum.",
    exact=True,
)


# --- Exercise 4: the pair is m, e


def _pair(
    split=math.frexp,
    bits=31,
    whole=round,
    full=lambda m, e: (2**30, e + 1),
    told=lambda m, e: (m, e),
):
    """Return real -> (mantissa, shift) with one step done another way."""

    def pair(real):
        fraction, e = split(real)
        m = whole(fraction * 2**bits)
        return told(*full(m, e)) if m == 2**bits else told(m, e)

    return pair


def _by_logarithm(whole):
    """Return (fraction, exponent) with the exponent whole(log2(real))."""
    return lambda real: (real / 2 ** whole(math.log2(real)), whole(math.log2(real)))


_multiplier = _pair()

_MULTIPLIER_MISTAKES = {
    "The mantissa is not rounded to the nearest whole number: round it, neither down "
    "nor up alone.": [
        _pair(whole=whole) for whole in (math.floor, math.ceil, lambda v: v)
    ],
    "Close to a power of two the mantissa becomes 2**31, which int32 does not hold: "
    "then take 2**30, and a shift one more.": [
        _pair(full=lambda m, e: (m, e)),
        _pair(_by_logarithm(math.ceil), full=lambda m, e: (m, e)),
    ],
    "Just below 1, or 0.5, the mantissa is halved to 2**30 and the shift is not one "
    "more: add 1 to it, or the factor is halved, too.": [
        _pair(full=lambda m, e: (2**30, e)),
        _pair(full=lambda m, e: (2**30, e - 1)),
    ],
    "Just below 1, or 0.5, the mantissa is held at 2**31 - 1: 2**30 with a shift one "
    "more is nearer to the factor.": _pair(full=lambda m, e: (2**31 - 1, e)),
    "The mantissa has 32 bits: the fraction runs from 0.5 up to 1, not from 1 up to 2, "
    "and the shift is one more.": [
        _pair(_by_logarithm(math.floor)),
        _pair(_by_logarithm(math.floor), full=lambda m, e: (m, e)),
    ],
    "The fraction is multiplied by 2**32, so the pair stands for twice the factor: "
    "take 2**31.": _pair(bits=32),
    "The fraction is multiplied by 2**30, so the pair stands for half the factor: take "
    "2**31.": _pair(bits=30),
    "The sign of the shift is turned: small factors have negative shifts.": _pair(
        told=lambda m, e: (m, -e)
    ),
    "The 31 is in the shift already: it comes in with 2**(shift - 31), so return the "
    "exponent of frexp.": [
        _pair(told=lambda m, e: (m, e - 31)),
        _pair(told=lambda m, e: (m, 31 - e)),
    ],
    "The two are swapped: the mantissa comes first.": _pair(told=lambda m, e: (e, m)),
    "The shift is always 0, so a small factor has few bits left: the mantissa is to "
    "have 31 of them, whatever the factor.": [
        lambda real: (round(real * 2**31), 0),
        lambda real: (int(real * 2**31), 0),
    ],
    "This is the fraction that frexp returns: multiply it by 2**31 and "
    "round.": math.frexp,
    "The factor was rounded to float32, which has 24 bits: the mantissa is to have "
    "31.": lambda real: _multiplier(float(np.float32(real))),
    "The pair holds a float: mantissa and shift are whole numbers, so make them "
    "int.": lambda real: tuple(map(float, _multiplier(real))),
}

multiplier = Exercise(
    "Exercise 4",
    _multiplier,
    [
        *[(real,) for real in (0.75, 0.003, 0.5, 0.25, 1 - 2**-40, 0.5 - 2**-45)],
        *[(float(real),) for real in 2.0 ** _RNG.uniform(-20, 0, 12)],
    ],
    mistakes_of(_MULTIPLIER_MISTAKES),
    rtol=0.0,
    praise="right: 31 bits, whatever the size of the factor.",
    exact=True,
)


# --- Exercise 5: (acc, mantissa, shift) are a, m, s; each rule rounds x / 2**n


def _product(a, m):
    return a.astype(np.int64) * m


def _high(a, m):
    return (_product(a, m) + 2**30) >> 31


def _up(x, n):
    return (x + ((1 << n) >> 1)) >> n


def _away(x, n):
    return np.sign(x) * _up(np.abs(x), n)


def _down(x, n):
    return x >> n


def _to_zero(x, n):
    return np.sign(x) * (np.abs(x) >> n)


def _to_even(x, n):
    return np.round(x / 2**n).astype(np.int64)


def _higher(x, n):
    return -(-x >> n)


def _both(away=_away, up=_up, high=_high, n=lambda s: -s):
    """Return the pair (away, up), with one step done another way."""
    return lambda a, m, s: (away(high(a, m), n(s)), up(high(a, m), n(s)))


def _either(rule, *others):
    """Return the pairs that have this rule in one place or both."""
    return [_both(rule, up) for up in (_up, rule, *others)] + [_both(up=rule)]


def _once(away, up):
    """Return the pair that rounds the whole product, in one step."""
    return _both(away, up, _product, lambda s: 31 - s)


_requantize = _both()

_REQUANTIZE_MISTAKES = {
    "The product is in int32, which does not hold it: turn acc into int64 first.": [
        _both(high=lambda a, m: (a * np.int32(m) + np.int32(2**30)) >> 31),
        _both(high=lambda a, m: ((a * np.int32(m)).astype(np.int64) + 2**30) >> 31),
    ],
    "The division cuts off, toward zero: round to the nearest.": _either(_to_zero),
    "The division does not round: >> alone goes down, so add half of 2**n "
    "first.": _either(_down, _to_zero),
    "Ties go to the even neighbour, as np.round has it: here they go away from zero, "
    "or up.": _either(_to_even),
    "Both take ties up: away from zero, -1.5 becomes -2, so work on np.abs(x) and put "
    "the sign back.": _both(_up, _up),
    "Both take ties away from zero: up, -1.5 becomes -1, as in (x + half) >> n.": _both(
        _away, _away
    ),
    "The two are swapped: away comes first, then up.": _both(_up, _away),
    "Below 0 this subtracts half, and then >> goes down once more: work on np.abs(x) "
    "and put the sign back.": _both(
        lambda x, n: (x + np.where(x < 0, -1, 1) * ((1 << n) >> 1)) >> n
    ),
    "The sign is lost: put it back at the end, as np.sign(x) * ...": _both(
        lambda x, n: np.abs(_away(x, n))
    ),
    "Every fraction goes up: only ties do, and others go to the nearest.": [
        _both(up=_higher),
        _both(lambda x, n: np.sign(x) * _higher(np.abs(x), n), _higher),
    ],
    "This rounds once, by 31 - shift bits: these kernels round twice, first in "
    "high_mul, then in the division.": [
        *[_once(away, up) for away in (_away, _up) for up in (_up, _away)],
        *[_once(rule, rule) for rule in (_to_even, _down, _to_zero)],
        lambda a, m, s: (_requantize(a, m, s)[0], _once(_up, _up)(a, m, s)[1]),
        lambda a, m, s: (_once(_away, _up)(a, m, s)[0], _requantize(a, m, s)[1]),
    ],
    "The first step does not round: high_mul adds 2**30 before >> 31.": _both(
        high=lambda a, m: _product(a, m) >> 31
    ),
    "The first step has another rule for ties: high_mul takes them up.": [
        _both(high=lambda a, m: _to_even(_product(a, m), 31)),
        _both(high=lambda a, m: _away(_product(a, m), 31)),
    ],
    "The mantissa is taken as if 2**30 were 1, and all is twice too large: shift by "
    "31.": [
        _both(high=lambda a, m, half=half: (_product(a, m) + half) >> 30)
        for half in (2**30, 2**29, 0)
    ],
    "The mantissa is left out: begin with high_mul(acc, mantissa).": _both(
        high=lambda a, m: _product(a, 1)
    ),
    "The division is left out: high_mul stands for shift 0, and a shift below 0 "
    "divides once more.": _both(n=lambda s: 0),
    "This multiplies by 2**(-shift): a shift below 0 makes the result smaller, so take "
    ">>.": [
        _both(rule, rule)
        for rule in (lambda x, n: x << n, lambda x, n: (x << n).astype(np.int32))
    ],
    "The values are right, and their type is not: end with "
    ".astype(np.int32).": _requantize,
}


def _sums(n, spread):
    """Return n random accumulators and a random mantissa."""
    acc = np.round(_RNG.normal(0, spread, n)).astype(np.int32)
    return acc, int(_RNG.integers(2**30, 2**31))


requantize = Exercise(
    "Exercise 5",
    lambda a, m, s: tuple(part.astype(np.int32) for part in _requantize(a, m, s)),
    [
        (np.int32([6, -6, 7, -7, 9, -9]), 2**30, -1),
        (np.int32([5, -5, 3, -4]), 2**30, 0),
        (np.arange(-40, 40, dtype=np.int32), 2**30 + 12_345, -2),
        *[(*_sums(60, spread), s) for spread, s in ((30, -1), (9e3, -7), (6e7, -12))],
    ],
    mistakes_of(_REQUANTIZE_MISTAKES),
    rtol=0.0,
    praise="right: two runtimes, one factor, and ties below 0 tell them apart.",
)


# --- Exercise 6: (ours, theirs) are a, b, and d = a - b


def _first_by(*axes):
    """Return the first place that differs, with the axes looked at in this order."""

    def first(d):
        order = np.argwhere(d.transpose(axes))[0]
        return np.ravel_multi_index(order[np.argsort(axes)], d.shape)

    return first


def _found(
    count=np.count_nonzero,
    at=lambda d: np.flatnonzero(d)[0],
    place=lambda place: place,
    by=lambda difference: difference,
    none=lambda d: (0, None, 0),
):
    """Return (count, place, by) with one of them found another way."""

    def found(a, b):
        d = a.astype(np.int64) - b
        if not d.any():
            return none(d)
        index = tuple(map(int, np.unravel_index(at(d), d.shape)))
        return count(d), place(index), by(int(d[index]))

    return found


_first_difference = _found()


def _with_place(place):
    """Return the right answer, but for its place: place(d != 0) where any differs."""

    def found(a, b):
        count, known, by = _first_difference(a, b)
        return count, known and place(a != b), by

    return found


_FIRST_DIFFERENCE_MISTAKES = {
    "The difference is in int8, or uint8: 127 - (-128) is 255, so make both values "
    "Python ints first.": [
        _found(by=lambda v: int(_wrapped(v))),
        _found(by=lambda v: v % 256),
    ],
    "The sign is turned: by is ours - theirs.": [
        _found(by=lambda v: -v),
        _found(by=lambda v: int(_wrapped(-v))),
    ],
    "The sign is lost: by is ours - theirs, which may be negative.": _found(by=abs),
    "This counts the values that are equal: count those that differ.": [
        _found(lambda d: np.sum(d == 0)),
        _found(lambda d: np.sum(d == 0), none=lambda d: (d.size, None, 0)),
    ],
    "This adds the differences up: count the values that differ, each as 1.": [
        _found(np.sum),
        _found(lambda d: np.sum(np.abs(d))),
        _found(lambda d: np.sum(_wrapped(d))),
        _found(lambda d: np.sum(np.abs(_wrapped(d)))),
    ],
    "Only one sign is counted: ours may be above theirs or below.": [
        _found(lambda d: np.sum(d > 0)),
        _found(lambda d: np.sum(d < 0)),
        _found(lambda d: np.sum(d > 0), lambda d: np.argmax(d > 0)),
    ],
    "This counts the images that differ: count the values in them.": _found(
        lambda d: np.sum(np.any(d, axis=(1, 2, 3)))
    ),
    "This is the last place that differs: the first one is asked.": _found(
        at=lambda d: np.flatnonzero(d)[-1]
    ),
    "This is the largest difference: the first one is asked, whatever its size.": [
        _found(at=lambda d: np.argmax(np.abs(d))),
        _found(at=lambda d: np.argmax(_wrapped(np.abs(_wrapped(d))))),
        _found(at=np.argmax),
    ],
    "The axes are looked at in another order: in memory the channel, the last one, "
    "changes first, then the column.": [
        _found(at=_first_by(*axes))
        for axes in ((0, 3, 1, 2), (3, 0, 1, 2), (3, 2, 1, 0))
    ],
    "The index is in another order: it is image, row, column, channel.": [
        _found(place=lambda at: (at[0], at[3], at[1], at[2])),
        _found(place=lambda at: at[::-1]),
    ],
    "The place is one number, counted along memory: np.unravel_index(number, "
    "ours.shape) makes four of it.": _with_place(lambda ne: np.flatnonzero(ne)[0]),
    "These are all places that differ: the first one is asked.": _with_place(
        np.argwhere
    ),
    "Where nothing differs this still names a place, or none in another way: return "
    "(0, None, 0).": [
        _found(none=lambda d, place=place: (0, place, 0))
        for place in ((0, 0, 0, 0), (), -1, 0, (-1, -1, -1, -1))
    ],
}


def _changed(shape, *changes):
    """Return (ours, theirs): random codes, equal but for changes, (place, a, b)."""
    ours = _codes(*shape)
    theirs = ours.copy()
    for place, here, there in changes:
        ours[place], theirs[place] = here, there
    return ours, theirs


first_difference = Exercise(
    "Exercise 6",
    _first_difference,
    [
        _changed((1, 2, 2, 1), ((0, 1, 0, 0), 3, 5)),
        _changed((1, 2, 2, 1)),
        _changed((1, 3, 1, 2), ((0, 1, 0, 1), 127, -128), ((0, 2, 0, 0), 3, 4)),
        _changed(
            (2, 3, 4, 3),
            *[((0, 1, 2, 2), 5, 6), ((0, 1, 3, 0), 9, 7), ((0, 2, 0, 1), -90, 0)],
            *[((1, 0, 0, 0), -100, 90), ((1, 0, 0, 1), 3, 1)],
        ),
        (_codes(3, 4, 5, 2), _codes(3, 4, 5, 2)),
    ],
    mistakes_of(_FIRST_DIFFERENCE_MISTAKES),
    rtol=0.0,
    praise="right: one place is enough to look for the reason.",
)


# --- Exercise 7: (scores, scale) are q, s


def _below(q):
    return np.max(q, axis=1, keepdims=True) - q


def _nearest(share):
    return np.floor(share + 0.5)


def _uncut(codes):
    return codes


def _in_floats(
    kind=np.float32,
    distance=_below,
    power=lambda s, d: np.exp(-s * d),
    total=lambda p: np.sum(p, axis=1, keepdims=True),
    code=lambda share: _nearest(share) - 128,
    cut=lambda codes: np.clip(codes, -128, 127),
    levels=256,
):
    """Return the softmax in floats of this kind, with one step done another way."""

    def codes(q, s):
        p = power(kind(s), distance(q.astype(np.int64)).astype(kind))
        found = code(p / (total(p) / kind(levels)))
        return cut(np.where(np.isfinite(found), found, 0))  # int8 makes 0 of NaN

    return codes


def _softmax(**steps):
    """Return the softmaxes in float32 and float64."""
    return [_in_floats(np.float32, **steps), _in_floats(np.float64, **steps)]


_TABLE_SOFTMAX_MISTAKES = {
    "The distances are in int8: from -128 to 127 it is 255, which becomes -1, so turn "
    "scores into int32 first.": [
        *_softmax(distance=lambda q: _wrapped(_below(q))),
        *_softmax(distance=lambda q: -_wrapped(-_below(q))),
    ],
    "The largest score is not taken off, and exp of a large number overflows: count "
    "from the largest of the row.": _softmax(distance=lambda q: -q),
    "This counts from the same score in all rows, and a row far below it comes out as "
    "0 / 0: each row has its own largest.": [
        *_softmax(distance=lambda q: np.max(q) - q),
        *_softmax(distance=lambda q: 127 - q),
    ],
    "The largest of each column is taken off: rows are images, so take max with "
    "axis=1.": _softmax(distance=lambda q: np.max(q, axis=0) - q),
    "Halves go to the even neighbour: the kernel adds 0.5 and takes floor, so 0.5 "
    "becomes 1.": _softmax(code=lambda share: np.round(share) - 128),
    "Fractions are cut off: add 0.5 before floor.": _softmax(
        code=lambda share: np.floor(share) - 128
    ),
    "The cast cuts off toward zero, and below 0 that is up: take floor before it.": [
        *_softmax(code=lambda share: np.trunc(share + 0.5 - 128)),
        *_softmax(code=lambda share: np.trunc(share - 128)),
    ],
    "The zero point is missing: a probability of 0 has the code -128, so take 128 "
    "off.": [
        *_softmax(code=_nearest),
        *_softmax(code=_nearest, cut=_wrapped),
        *_softmax(code=_nearest, cut=lambda codes: np.minimum(codes, 255)),
        *_softmax(code=_nearest, cut=_uncut),
    ],
    "A class that is certain gets 128, which int8 turns into -128: cut to -128 and 127 "
    "first.": [*_softmax(cut=_wrapped), *_softmax(cut=_uncut)],
    "The codes are in steps of 1/255: the scale is 1/256, and the largest code is cut "
    "to 127.": _softmax(levels=255),
    "These are probabilities: asked are their codes, of scale 1/256 and zero point "
    "-128.": _softmax(code=_uncut, cut=_uncut, levels=1),
    "The scale is left out: a distance of one code is scale, so the table holds "
    "exp(-scale * d).": _softmax(power=lambda s, d: np.exp(-d)),
    "The sign of the exponent is turned, and the lowest score wins: the table holds "
    "exp(-scale * d).": _softmax(power=lambda s, d: np.exp(s * d)),
    "These are powers of 2: the table holds exp(-scale * d).": _softmax(
        power=lambda s, d: 2.0 ** (-s * d)
    ),
    "The sum goes over the images, or over all scores: the shares of each row add up "
    "to 1, so sum with axis=1.": [
        *_softmax(total=lambda p: np.sum(p, axis=0)),
        *_softmax(total=np.sum),
    ],
    "The entries are not divided by their sum: each is a share of it.": _softmax(
        total=lambda p: 1
    ),
}


def _scores(n, classes, scale):
    """Return (scores, scale) with no code near a tie: float64 has the same codes."""
    q = _codes(20 * n, classes)
    share = np.exp(-scale * _below(q.astype(np.float64)))
    share *= 256 / share.sum(axis=1, keepdims=True)
    clear = np.all(np.abs(share % 1 - 0.5) > 0.01, axis=1)
    return q[clear][:n], scale


table_softmax = Exercise(
    "Exercise 7",
    lambda q, s: _in_floats()(q, s).astype(np.int8),
    [
        (np.int8([[40, 20, 20]]), 0.1),
        (np.int8([[127, -128, -127], [0, -30, 1]]), 0.5),
        _scores(6, 10, 0.02),
        _scores(5, 4, 0.12),
        (np.int8([[127, 126, 127, -128], [-120, -128, -119, -119]]), 8.0),
        (np.zeros((1, 512), np.int8), 0.2),  # 512 times exactly 1/2, a tie
    ],
    mistakes_of(_TABLE_SOFTMAX_MISTAKES),
    rtol=1e-4,
    praise="right: 256 exponentials are all that it needs.",
)


# --- Exercise 8: sizes are s


def _largest_sum(part=lambda s: s, together=pairwise, most=max):
    """Return the largest sum of tensors that are there together, in part(sizes)."""
    return lambda s: most([sum(tensors) for tensors in together(part(s))])


def _beside_largest(pick):
    """Return the largest tensor with a neighbour of it, that pick chooses."""

    def peak(s):
        at = s.index(max(s))
        return max(s) + pick([0, *s][at], [*s, 0][at + 1])

    return peak


_PEAK_RAM_MISTAKES = {
    "This adds up all tensors: those that no layer needs any more make room.": sum,
    "This is the largest tensor alone: while a layer runs, what it reads and what it "
    "writes are both there.": max,
    "This is twice the largest tensor: the other one of its layer has a size of its "
    "own.": lambda s: 2 * max(s),
    "These are the two largest tensors, wherever they are: only neighbours are there "
    "at the same time.": lambda s: sum(sorted(s)[-2:]),
    "This is what two buffers take, used in turn, each for the largest that comes into "
    "it: those two need not be neighbours.": lambda s: max(s[::2]) + max(s[1::2]),
    "This looks at the largest tensor and its neighbours: two others together may be "
    "larger, so look at all pairs.": [
        _beside_largest(pick) for pick in (max, lambda a, b: a, lambda a, b: b)
    ],
    "The input is left out: the first layer reads it, so it takes room.": _largest_sum(
        lambda s: s[1:]
    ),
    "The output is left out: the last layer writes it, so it takes room.": _largest_sum(
        lambda s: s[:-1]
    ),
    "Input and output are left out: they take room as the others do.": _largest_sum(
        lambda s: s[1:-1]
    ),
    "This takes three tensors in a row: a layer needs two, the one that it reads and "
    "the one that it writes.": _largest_sum(
        together=lambda s: zip(s, s[1:], s[2:], strict=False)
    ),
    "These pairs do not overlap: what one layer writes the next one reads, so a tensor "
    "inside is in two pairs.": _largest_sum(
        together=lambda s: zip(s[::2], s[1::2], strict=False)
    ),
    "This is the smallest pair: memory must do for the largest.": _largest_sum(
        most=min
    ),
    "This is what one layer needs, the first or the last: look at all of them.": [
        _largest_sum(most=lambda sums: sums[0]),
        _largest_sum(most=lambda sums: sums[-1]),
    ],
    "This is a mean over the layers: memory must do for the largest.": _largest_sum(
        most=np.mean
    ),
    "These are the sums of all pairs: return the largest.": _largest_sum(most=tuple),
}

peak_ram = Exercise(
    "Exercise 8",
    _largest_sum(),
    [
        ([10, 40, 20, 30],),
        ([784, 21632, 5408, 64, 10, 10],),
        ([50, 10, 45, 44, 15],),
        ([900, 700, 20, 800, 30],),
        ([20, 30, 10, 400, 600],),
        *[(_RNG.integers(1, 5000, n).tolist(),) for n in (6, 7, 12)],
    ],
    mistakes_of(_PEAK_RAM_MISTAKES),
    praise="right: neighbours alone are there together.",
)

EXERCISES: dict[str, Exercise] = {
    "representative": representative,
    "dequantize_weights": dequantize_weights,
    "accumulate": accumulate,
    "multiplier": multiplier,
    "requantize": requantize,
    "first_difference": first_difference,
    "table_softmax": table_softmax,
    "peak_ram": peak_ram,
}

progress = progress_over(EXERCISES)
