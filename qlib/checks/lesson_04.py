"""The exercises of lesson 04: what is right, and the mistakes that people make."""

import math

import numpy as np

from qlib.checks.exercise import Exercise, mistakes_of, progress_over

_RNG = np.random.default_rng(52)


def _normal(spread, shape):
    """Return values of few binary digits, so that every way to add them up agrees."""
    return np.round(_RNG.normal(0, spread, shape) * 256) / 256


# --- Exercise 1: (upstream, x, scale, qmin, qmax) are u, x, s, a, b


def _pass_where(mask, codes=lambda x, s: x / s):
    """Return upstream where mask(v, qmin, qmax), and 0 elsewhere; v = codes(x, s)."""
    return lambda u, x, s, a, b: np.where(mask(codes(x, s), a, b), u, 0.0)


def _inside(v, a, b):
    return (a <= v) & (v <= b)


def _on_grid(x, s, a, b):
    return s * np.clip(np.round(x / s), a, b)


def _case(u, x, *grid):
    return np.array(u, np.float64), np.array(x, np.float64), *grid


_ste_gradient = _pass_where(_inside)

_STE_GRADIENT_MISTAKES = {
    "This is the true derivative of rounding, 0 wherever there is one, and nothing "
    "learns from it: inside the range upstream passes.": lambda u, x, s, a, b: 0 * x,
    "The gradient passes everywhere: where x / scale lies outside qmin to qmax the "
    "value was clipped, and gets 0.": lambda u, x, s, a, b: u,
    "This compares x itself with qmin and qmax: they are codes, so divide x by the "
    "scale first.": _pass_where(_inside, lambda x, s: x),
    "This compares after rounding, so values up to half a step outside pass: compare "
    "x / scale as it is.": _pass_where(_inside, lambda x, s: np.round(x / s)),
    "Values whose code is qmin or qmax get 0: those codes belong to the range, so "
    "compare x / scale, without rounding.": _pass_where(
        lambda v, a, b: (a < v) & (v < b), lambda x, s: np.round(x / s)
    ),
    "This is the mask alone, 1 and 0: multiply it by upstream, for the chain rule goes "
    "on.": lambda u, x, s, a, b: _inside(x / s, a, b),
    "The mask is inverted: what was clipped gets 0, and what lies inside the range "
    "passes.": _pass_where(lambda v, a, b: ~_inside(v, a, b)),
    "The scale is left in the gradient: x is divided by it and the code multiplied, so "
    "it cancels.": [
        lambda u, x, s, a, b: s * _ste_gradient(u, x, s, a, b),
        lambda u, x, s, a, b: _ste_gradient(u, x, s, a, b) / s,
    ],
    "The range is taken to reach equally far below 0 and above: the lower end is qmin, "
    "which need not be -qmax.": _pass_where(lambda v, a, b: np.abs(v) <= b),
    "Only one end is looked at: below qmin and above qmax values were clipped.": [
        _pass_where(lambda v, a, b: v <= b),
        _pass_where(lambda v, a, b: v >= a),
    ],
    "This is x_hat, the way forward: asked is the gradient, on the way "
    "back.": lambda u, x, s, a, b: _on_grid(x, s, a, b),
}

ste_gradient = Exercise(
    "Exercise 1",
    _ste_gradient,
    [
        _case([1, 2, -3, 4, -5], [0.2, -0.9, 0.6, 2, -1.2], 0.5, -2, 1),
        (_normal(3, (2, 3)), _normal(1, (2, 3)) + 0.501, 0.1, 0, 15),
        (_normal(3, (2, 3, 5)), _normal(2, (2, 3, 5)) + 0.001, 0.25, -8, 7),
        (_normal(2, 40), _normal(9, 40) + 0.001, 3, -4, 2),
    ],
    mistakes_of(_STE_GRADIENT_MISTAKES),
    praise="right: rounding lets the gradient through, clipping holds it back.",
)


# --- Exercise 2: (step, steps, peak, warm_up) are i, n, peak, w


def _half_cosine(t):
    return (1 + math.cos(math.pi * t)) / 2


def _rate(
    rise=lambda i, w: (i + 1) / w,
    fall=_half_cosine,
    t=lambda i, n, w: (i - w) / (n - w),
    longer=0,
):
    """Return the rate that rises with rise(i, w) and falls with fall(t(i, n, w))."""
    return lambda i, n, peak, w: (
        peak * (rise(i, w) if i < w + longer else fall(t(i, n, w)))
    )


def _joined(both):
    """Return the rate that joins, in every step, the rise and a fall over all steps."""
    return lambda i, n, peak, w: (
        peak * both(min(1, (i + 1) / max(w, 1)), _half_cosine(i / n))
    )


_LEARNING_RATE_MISTAKES = {
    "Step 0 has the rate 0 and learns nothing: it is the first of warm_up equal steps "
    "up, so take step + 1.": _rate(rise=lambda i, w: i / w),
    "The warm-up ends below the peak: it has warm_up steps, not one more, so divide by "
    "warm_up.": _rate(rise=lambda i, w: (i + 1) / (w + 1)),
    "The warm-up is one step too long and rises above the peak: its last step is "
    "number warm_up - 1.": _rate(longer=1),
    "The warm-up is missing: the first warm_up steps rise to the peak.": [
        _rate(rise=lambda i, w: 1.0),
        lambda i, n, peak, w: peak * _half_cosine(i / n),
        lambda i, n, peak, w: peak * _half_cosine((i - w) / (n - w)),
    ],
    "The cosine is that of all steps, so the rate jumps down after the warm-up: count "
    "from warm_up on, over the steps that are left.": _rate(t=lambda i, n, w: i / n),
    "The rate does not come down to 0: steps - warm_up are left to fall in, fewer than "
    "steps.": _rate(t=lambda i, n, w: (i - w) / n),
    "The cosine starts late and turns up again at the end: take warm_up off the step "
    "as well.": _rate(t=lambda i, n, w: i / (n - w)),
    "The last step has the rate 0 and learns nothing: divide by steps - warm_up, "
    "without - 1.": _rate(t=lambda i, n, w: (i - w) / (n - w - 1)),
    "The rate becomes negative, and training goes uphill: the cosine is to be raised "
    "by 1 and halved.": _rate(fall=lambda t: math.cos(math.pi * t)),
    "The rate begins its fall at twice the peak: 1 + cos goes from 2 down to 0, so "
    "halve it.": _rate(fall=lambda t: 1 + math.cos(math.pi * t)),
    "This is a quarter of a cosine: half of one takes pi * t, is raised by 1 and "
    "halved.": _rate(fall=lambda t: math.cos(math.pi * t / 2)),
    "This is a whole cosine, which comes up again at the end: half of one takes "
    "pi * t.": _rate(fall=lambda t: _half_cosine(2 * t)),
    "The angle is not in radians: half a turn is pi, so take cos(pi * t).": [
        _rate(fall=lambda t: (1 + math.cos(180 * t)) / 2),
        _rate(fall=lambda t: (1 + math.cos(t)) / 2),
    ],
    "The rate falls along a straight line: half a cosine is flat at both ends, and "
    "steep between.": _rate(fall=lambda t: 1 - t),
    "The rate stays at the peak after the warm-up: it is to fall. Does // round t down "
    "to 0?": _rate(fall=lambda t: 1.0),
    "Warm-up and cosine are multiplied, so the peak is never reached: the cosine "
    "begins where the warm-up ends.": _joined(lambda rise, fall: rise * fall),
    "This takes the lower of warm-up and cosine: the cosine begins where the warm-up "
    "ends, at the full peak.": _joined(min),
}

learning_rate = Exercise(
    "Exercise 2",
    _rate(),
    [
        *[(step, 20, 0.5, 4) for step in (0, 3, 4, 1, 7, 12, 19)],
        *[(step, 10, 0.02, 0) for step in (6, 9)],
        *[(step, 1000, 0.003, 50) for step in (9, 700)],
        *[(step, 5, 0.25, 1) for step in (0, 3)],
    ],
    mistakes_of(_LEARNING_RATE_MISTAKES),
    praise="right: up to the peak, and down without a jump.",
)


# --- Exercise 3: (upstream, x, scale, qmin, qmax) are u, x, s, a, b


def _part(inside=lambda v: np.round(v) - v, below=lambda a, b: a):
    """Return the function (v, qmin, qmax) -> what upstream is multiplied by."""
    return lambda v, a, b: np.where(
        _inside(v, a, b), inside(v), np.where(v < a, below(a, b), b)
    )


def _by_scale(part, total=np.sum):
    """Return total(upstream * part): the gradient by the scale, or nearly so."""
    return lambda u, x, s, a, b: total(u * part(x / s, a, b))


def _after_rounding(v, a, b):
    q = np.round(v)
    return np.where(_inside(q, a, b), q - v, np.clip(q, a, b))


_lsq = _part()
_step_gradient = _by_scale(_lsq)

_STEP_GRADIENT_MISTAKES = {
    "Where it was clipped this counts 0: x_hat is scale * qmin or scale * qmax there, "
    "and grows with the scale.": _by_scale(
        lambda v, a, b: _inside(v, a, b) * (np.round(v) - v)
    ),
    "The codes are held, as in lesson 02: inside the range x / scale moves as well, "
    "and brings -v.": _by_scale(lambda v, a, b: np.clip(np.round(v), a, b)),
    "The sign is turned: inside it is round(v) - v, outside qmin and qmax.": [
        _by_scale(_part(inside=lambda v: v - np.round(v))),
        _by_scale(lambda v, a, b: -_lsq(v, a, b)),
    ],
    "Clipping is left out: outside the range it is qmin or qmax, not "
    "round(v) - v.": _by_scale(lambda v, a, b: np.round(v) - v),
    "Where it was clipped -v is still there: x_hat does not follow x outside, so qmin "
    "or qmax stands alone.": _by_scale(lambda v, a, b: np.clip(np.round(v), a, b) - v),
    "This looks at round(v) to see what was clipped, so values up to half a step "
    "outside count as inside: compare v.": _by_scale(_after_rounding),
    "This is a mean: the scale moves all values at once, so add them up.": [
        _by_scale(_lsq, np.mean),
        lambda u, x, s, a, b: _step_gradient(u, x, s, a, b) / len(x),
    ],
    "These are the parts of the single values: they share one scale, so add them "
    "up.": _by_scale(_lsq, lambda parts: parts),
    "The factor upstream is missing: a value counts as much as the loss depends on "
    "it.": lambda u, x, s, a, b: np.sum(_lsq(x / s, a, b)),
    "There is a factor scale too many: round(v) - v and the ends are codes.": [
        lambda u, x, s, a, b: s * _step_gradient(u, x, s, a, b),
        lambda u, x, s, a, b: np.sum(u * (_on_grid(x, s, a, b) - x)),
    ],
    "The ends are in units of x: outside stands the code, qmin or qmax, without the "
    "scale.": lambda u, x, s, a, b: np.sum(
        u * _lsq(x / s, a, b) * np.where(_inside(x / s, a, b), 1, s)
    ),
    "Below the range it is qmin, with its sign: not qmax, and not -qmin.": [
        _by_scale(_part(below=lambda a, b: b)),
        _by_scale(_part(below=lambda a, b: -b)),
        _by_scale(_part(below=lambda a, b: -a)),
    ],
    "Halves go up, or away from 0: np.round takes the even neighbour, 0.5 to 0.": [
        _by_scale(_part(lambda v: np.floor(v + 0.5) - v)),
        _by_scale(_part(lambda v: np.trunc(v + np.copysign(0.5, v)) - v)),
    ],
    "The decimals are cut off: take the nearest whole number, up or down, with "
    "np.round.": _by_scale(_part(lambda v: np.floor(v) - v)),
    "Signs are lost: a value that is rounded up and one that is rounded down pull in "
    "opposite directions.": _by_scale(_part(lambda v: np.abs(np.round(v) - v))),
    "This is made smaller by a root, as training does it: the gradient itself is "
    "asked.": lambda u, x, s, a, b: _step_gradient(u, x, s, a, b) / np.sqrt(x.size * b),
    "This takes x for v: divide it by the scale first, for qmin and qmax are "
    "codes.": lambda u, x, s, a, b: _step_gradient(u, x, 1.0, a, b),
}

step_gradient = Exercise(
    "Exercise 3",
    _step_gradient,
    [
        _case([1, 2, 3, -1], [0.4, -0.7, 1.4, -1.5], 0.5, -2, 1),
        _case(
            [[1, -0.5, 3], [2, 1.5, 0.5]],
            [[1.25, -1.75, 0.6], [0.25, -3, 4]],
            0.5,
            -4,
            3,
        ),
        _case([2, 0.5, 1], [0.62, 1.57, -0.3], 0.1, 0, 15),
        (_normal(1, (2, 4, 5)), _normal(4, (2, 4, 5)) + 0.001, 1.5, -3, 2),
    ],
    mistakes_of(_STEP_GRADIENT_MISTAKES),
    praise="right: rounding errors inside, the ends outside, and all in one sum.",
)


# --- Exercise 4: (rates, held_out, test) are r, h, t


def _highest(score):
    """Return the rate with the highest score(held_out, test), an array (m,)."""
    return lambda r, h, t: float(r[np.argmax(score(h, t))])


def _mean(accuracies):
    return np.mean(accuracies, axis=1)


_choose_rate = _highest(lambda h, t: _mean(h))

_CHOOSE_RATE_MISTAKES = {
    "This chooses by the test digits, and what they say afterwards is too good: choose "
    "by held_out, and keep test for the one rate.": [
        _highest(lambda h, t: _mean(t)),
        _highest(lambda h, t: np.max(t, axis=1)),
    ],
    "The test digits have a say in the choice: held_out alone decides, and test waits "
    "for the one rate.": _highest(lambda h, t: _mean(h) + _mean(t)),
    "This takes the best single run, which may be luck: take the mean over the "
    "seeds.": _highest(lambda h, t: np.max(h, axis=1)),
    "This looks at the worst seed of each rate alone: take the mean over the "
    "seeds.": _highest(lambda h, t: np.min(h, axis=1)),
    "This looks at one seed alone: take the mean over all of them.": [
        _highest(lambda h, t: h[:, 0]),
        _highest(lambda h, t: h[:, -1]),
    ],
    "This takes the median over the seeds: the mean is asked, in which each of "
    "them counts.": _highest(lambda h, t: np.median(h, axis=1)),
    "The mean goes over the rates, one for each seed: axis 1 holds the "
    "seeds.": lambda r, h, t: float(r[np.argmax(np.mean(h, axis=0))]),
    "This is the worst rate: the accuracy is to be high, so take argmax, not "
    "argmin.": _highest(lambda h, t: -_mean(h)),
    "This is the number of the rate: return the rate itself, "
    "rates[number].": lambda r, h, t: int(np.argmax(_mean(h))),
    "This is an accuracy: return the rate that reached it.": [
        lambda r, h, t: np.max(_mean(h)),
        lambda r, h, t: np.max(h),
    ],
}


def _tried(seeds):
    """Return six rates and their accuracies with so many seeds."""
    rates = _RNG.permutation([0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03])
    held_out, test = np.round(0.97 + _RNG.normal(0, 0.008, (2, 6, seeds)), 4)
    return rates, held_out, test


choose_rate = Exercise(
    "Exercise 4",
    _choose_rate,
    [
        (
            np.array([0.0001, 0.001, 0.01]),
            np.array([[0.95, 0.96], [0.97, 0.98], [0.99, 0.92]]),
            np.array([[0.97, 0.98], [0.96, 0.97], [0.91, 0.92]]),
        ),
        *[_tried(seeds) for seeds in (3, 5, 4, 6, 3, 5)],
    ],
    mistakes_of(_CHOOSE_RATE_MISTAKES),
    praise="right: the test digits stay unseen until one rate is left.",
)


# --- Exercise 5: (scores, damaged) are f, d


def _most(change):
    """Return the number of the layer with the largest change(scores, its scores)."""
    return lambda f, d: int(np.argmax([change(f, layer) for layer in d]))


def _changed(f, layer, winner=np.argmax, axis=-1):
    return np.count_nonzero(winner(f, axis=axis) != winner(layer, axis=axis))


_first_to_break = _most(_changed)

_FIRST_TO_BREAK_MISTAKES = {
    "This looks at the error of the scores: if all of them move together no prediction "
    "changes, so compare the winners.": [
        _most(lambda f, layer: np.mean((f - layer) ** 2)),
        _most(lambda f, layer: np.mean(np.abs(f - layer))),
    ],
    "This looks at the largest single error: a score that loses may move far and still "
    "lose, so compare the winners.": _most(lambda f, layer: np.max(np.abs(f - layer))),
    "This counts changed scores: a prediction changes only when another digit wins.": [
        _most(lambda f, layer: np.count_nonzero(f != layer)),
        _most(lambda f, layer: np.count_nonzero(np.any(f != layer, axis=-1))),
    ],
    "This is the layer that changes the fewest predictions: the most are asked, so "
    "take argmax.": _most(lambda f, layer: -_changed(f, layer)),
    "This is how many predictions changed, or which share: return the number of the "
    "layer.": [
        lambda f, d: max(_changed(f, layer) for layer in d),
        lambda f, d: max(_changed(f, layer) for layer in d) / len(f),
    ],
    "This is the first layer that changes any prediction: the one that changes the "
    "most is asked.": _most(lambda f, layer: _changed(f, layer) > 0),
    "This compares with the first damaged network: compare with the float network's "
    "scores.": lambda f, d: _first_to_break(d[0], d),
    "This compares the lowest scores: the digit that is seen has the highest, so take "
    "argmax.": _most(lambda f, layer: _changed(f, layer, np.argmin)),
    "The scores are averaged over the images first: take the winner of each image, "
    "then count.": _most(lambda f, layer: _changed(f.mean(0), layer.mean(0))),
    "The winners are taken over the images: the 10 digits are the last axis, of each "
    "image.": _most(lambda f, layer: _changed(f, layer, axis=0)),
    "This measures how far apart two digits are: a 9 for a 0 is one changed "
    "prediction, as a 1 for a 0 is.": _most(
        lambda f, layer: np.sum(np.abs(np.argmax(f, -1) - np.argmax(layer, -1)))
    ),
}


def _damaged(n, *layers):
    """Return scores, and those after (factor, offset, noise, share of noisy images)."""
    scores, damaged = _normal(3, (n, 10)), []
    for factor, offset, noise, share in layers:
        noisy = _normal(noise, (n, 10)) * (_RNG.random((n, 1)) < share)
        damaged.append(factor * scores + offset + noisy)
    return scores, np.array(damaged)


_SHIFTED, _DOUBLED, _TINY = (1, 8, 0, 0), (2, 0, 0, 0), (1, 0, 0.002, 1)

first_to_break = Exercise(
    "Exercise 5",
    _first_to_break,
    [
        _damaged(4, _SHIFTED, (1, 0, 3, 1), (1, 0, 0.5, 1)),
        _damaged(30, (1, 0, 1, 1), (1, 0, 4, 1), _DOUBLED, (1, 0, 30, 0.2)),
        _damaged(60, _TINY, (1, 0, 9, 0.4), (1, 0, 0.7, 1), (1, -5, 0, 0)),
        _damaged(25, (1, 0, 3, 1), (1, 3, 2, 1), (1, 0, 2, 1), (1, 0, 2, 1)),
        _damaged(25, (1, 0, 2, 1), (1, 0, 1, 1), (1, 0, 2, 1), (1, 9, 1.5, 1)),
        _damaged(40, (1, 0, 2, 1), _TINY, (1, 0, 2.5, 1), (1, 0, 60, 0.2)),
    ],
    mistakes_of(_FIRST_TO_BREAK_MISTAKES),
    praise="right: no label was needed, and no error that changes nothing counted.",
)


# --- Exercise 6


def _count(y):
    return np.unique(y).size


def _above(limit=lambda bits: 2**bits, count=_count):
    """Return whether count(y) is above limit(bits)."""
    return lambda x, y, bits: bool(count(y) > limit(bits))


def _uneven(equal):
    """Return whether the steps between values are not all equal(a, b)."""

    def uneven(x, y, bits):
        steps = np.diff(np.unique(y))
        return not np.all(equal(steps, steps[:1]))

    return uneven


_only_observes = _above()

_ONLY_OBSERVES_MISTAKES = {
    "This asks whether y is x: a layer that clips, or changes the scale, gives "
    "something else, and does not quantize either. Count the values of "
    "y.": lambda x, y, bits: np.array_equal(x, y),
    "This asks whether y is close to x: clipping may move it far, and 8 bits keep it "
    "close. Count the values of y.": [
        lambda x, y, bits, near=near: np.allclose(x, y, atol=near)
        for near in (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    ],
    "This counts the values of x: what comes in decides nothing, so count those of "
    "y.": lambda x, y, bits: _only_observes(y, x, bits),
    "The answer is inverted: True stands for a layer that does not "
    "quantize.": lambda x, y, bits: not _only_observes(x, y, bits),
    "A full grid counts as none: bits give 2**bits levels, and only more are too "
    "many.": _above(lambda bits: 2**bits - 1),
    "The limit is the number of bits: they tell 2**bits levels apart, and more are too "
    "many.": _above(lambda bits: bits),
    "The limit is 2 ^ bits, which is no power in Python, but the bits that differ: "
    "write 2**bits.": _above(lambda bits: 2 ^ bits),
    "The limit is 2 * bits: each bit doubles the number of levels, so they are "
    "2**bits.": _above(lambda bits: 2 * bits),
    "The limit is bits**2: each bit doubles the number of levels, so they are "
    "2**bits.": _above(lambda bits: bits**2),
    "The limit is that of one bit less: negative codes are among the 2**bits as "
    "well.": _above(lambda bits: 2 ** (bits - 1)),
    "This asks whether y is whole numbers: it is real values, codes times the scale. "
    "Count them.": lambda x, y, bits: bool(np.any(y != np.round(y))),
    "This compares the ends of x and y: clipping changes them, and a grid may leave "
    "them. Count the values of y.": lambda x, y, bits: (
        x.min() == y.min() and x.max() == y.max()
    ),
    "This counts all values of y, equal ones too: np.unique leaves one of "
    "each.": _above(count=np.size),
    "This counts the rows of y, whatever stands in them: count its different "
    "values.": _above(count=len),
    "This asks whether the values are equally far apart: a grid may leave levels "
    "unused, and one of too many levels is even as well. Count them.": [
        _uneven(np.equal),
        _uneven(np.isclose),
    ],
    "This is the number of values: compare it with 2**bits, to return True or "
    "False.": lambda x, y, bits: _count(y),
    "The answer is always the same: some of these layers quantize, some do not.": [
        lambda x, y, bits: True,
        lambda x, y, bits: False,
    ],
}


def _layer(x, bits, layer):
    return x, layer(x), bits


def _grid(*scale_and_ends):
    return lambda x: _on_grid(x, *scale_and_ends)


only_observes = Exercise(
    "Exercise 6",
    _only_observes,
    [
        _layer(np.array([0.1, 0.4, -0.7, 1.2, 0.9, -1.5]), 2, np.copy),
        _layer(np.array([0.4, 3.1, -1.2, -1.3, 0.3]), 2, _grid(1.5, -1, 2)),
        _layer(np.arange(-8, 7) / 8, 3, _grid(0.25, -4, 3)),
        _layer(np.arange(-9, 9) / 8, 3, _grid(0.25, -4, 4)),
        _layer(np.tile([0.5, -1.0, 2.0], (4, 3)), 3, lambda x: np.minimum(x, 1.5)),
        _layer(_normal(1, (3, 4)) - 9, 4, lambda x: np.maximum(x, 0)),
        _layer(_normal(1, (6, 10)), 3, lambda x: np.clip(x, -1, 1)),
        _layer(_normal(9, (5, 12)), 4, np.round),
        _layer(_normal(60, 40), 4, _grid(40, -3, 2)),
        _layer(_normal(1, (20, 30)), 2, _grid(0.6, -1, 0)),
        _layer(_normal(1.7e4, 900) / 2**36, 8, _grid(2.0**-27, -128, 127)),
    ],
    mistakes_of(_ONLY_OBSERVES_MISTAKES),
    praise="right: what comes out decides, not the name.",
)


# --- Exercise 7: (decay, share) are d, s


def _whole(number):
    """Return number(decay, share) as it is, and rounded in each direction."""
    ways = (float, math.ceil, math.floor, round)
    return [lambda d, s, way=way: way(number(d, s)) for way in ways]


def _exact(d, s):
    return math.log(s) / math.log(d)


def _steps_until(decay, share):
    return math.ceil(_exact(decay, share))


_STEPS_UNTIL_MISTAKES = {
    "This is rounded down, so more than the share is still left after the last step: "
    "round up.": lambda d, s: math.floor(_exact(d, s)),
    "This is rounded to the nearest number, which may be a step too few: "
    "round up.": lambda d, s: round(_exact(d, s)),
    "This is a fraction of a step: the smallest whole n that is enough is asked, so "
    "round up.": _exact,
    "This goes one step too far where the share is hit exactly: at most the share "
    "means <=, not <.": lambda d, s: math.floor(_exact(d, s)) + 1,
    "This is one step too many: before the first step, with n = 0, all of it is "
    "left.": lambda d, s: _steps_until(d, s) + 1,
    "This is one step too few: after n steps decay**n is left, not one power "
    "more.": lambda d, s: _steps_until(d, s) - 1,
    "This is 1 / (1 - decay), after which about 37 % is left, whatever was asked: use "
    "the share.": _whole(lambda d, s: 1 / (1 - d)),
    "This takes all steps to be as long as the first: each is 1 - decay of what is "
    "left, so they become shorter.": [
        *_whole(lambda d, s: (1 - s) / (1 - d)),
        *_whole(lambda d, s: s / (1 - d)),
    ],
    "This is when the share has been covered: it is what may be left, so take "
    "log(share).": _whole(lambda d, s: _exact(d, 1 - s)),
    "Here 1 - decay is left after a step: that is what is covered, and decay is "
    "left.": _whole(lambda d, s: _exact(1 - d, s)),
    "The quotient is upside down: decay**n = share gives n = log(share) / "
    "log(decay).": _whole(lambda d, s: 1 / _exact(d, s)),
    "This subtracts the logarithms: decay**n = share gives n * log(decay) = "
    "log(share), so divide.": _whole(lambda d, s: math.log(d) - math.log(s)),
}

steps_until = Exercise(
    "Exercise 7",
    _steps_until,
    [(0.9, 0.5), (0.5, 0.25), (0.999, 0.1), (0.999, 0.01), (0.75, 0.9), (0.3, 0.02)],
    mistakes_of(_STEPS_UNTIL_MISTAKES),
    praise="right: each step covers less than the one before.",
)


# --- Exercise 8: kernel, bias, gamma, beta, mean, ... are k, b, g, t, m, v, e


def _factor(g, v, e):
    return g / np.sqrt(v + e)


def _folded(
    factor=_factor,
    bias=lambda b, m, f, t: (b - m) * f + t,
    kernel=lambda k, m, f, t: k * f,
):
    """Return the fold with one of its three parts done another way."""

    def fold(k, b, g, t, m, v, e):
        f = factor(g, v, e)
        return kernel(k, m, f, t), bias(b, m, f, t)

    return fold


_FOLD_MISTAKES = {
    "The epsilon is missing: it is added to the variance, and where that is small it "
    "counts.": _folded(lambda g, v, e: g / np.sqrt(v)),
    "The epsilon is added after the root: it belongs to the variance, under the "
    "root.": _folded(lambda g, v, e: g / (np.sqrt(v) + e)),
    "The root is missing: divide by sqrt(variance + epsilon), the standard "
    "deviation.": _folded(lambda g, v, e: g / (v + e)),
    "The gamma is missing: it is the upper part of the factor, gamma / sqrt(variance + "
    "epsilon).": _folded(lambda g, v, e: 1 / np.sqrt(v + e)),
    "The variance is missing: gamma is the upper part of the factor, and the root of "
    "variance + epsilon the lower.": _folded(lambda g, v, e: g),
    "The factor is upside down: gamma stands above, and the root below divides.": [
        _folded(lambda g, v, e: np.sqrt(v + e) / g),
        _folded(lambda g, v, e: g * np.sqrt(v + e)),
    ],
    "The kernel is scaled along another axis: its channels are the last one, to "
    "which kernel * factor applies.": _folded(kernel=lambda k, m, f, t: k * f[:, None]),
    "The kernel stays as it was: each channel of it is to be multiplied by its "
    "factor.": _folded(kernel=lambda k, m, f, t: k),
    "The bias of the layer is not scaled: it is a part of y, and takes the "
    "factor.": _folded(bias=lambda b, m, f, t: b - m * f + t),
    "The mean is not scaled: it is taken off y before the factor, so it takes the "
    "factor, too.": _folded(bias=lambda b, m, f, t: b * f - m + t),
    "The beta is scaled: the batch norm adds it at the end, when the factor has done "
    "its work.": _folded(bias=lambda b, m, f, t: (b - m + t) * f),
    "The mean is missing: it is taken off y, so off the bias, before the "
    "factor.": _folded(bias=lambda b, m, f, t: b * f + t),
    "The bias of the layer is lost: the mean is taken off it, and what is left takes "
    "the factor.": _folded(bias=lambda b, m, f, t: t - m * f),
    "The beta is missing: it is what the batch norm adds at the end, so it goes into "
    "the bias.": _folded(bias=lambda b, m, f, t: (b - m) * f),
    "The bias stays as it was: mean, factor and beta change it, too, one after the "
    "other.": _folded(bias=lambda b, m, f, t: b),
    "The mean is added: the batch norm takes it off, so what takes the factor is bias "
    "- mean.": _folded(bias=lambda b, m, f, t: (b + m) * f + t),
    "The two are swapped: the kernel comes first, then the bias, as in the arguments "
    "of fold.": lambda *given: _folded()(*given)[::-1],
}


def _norm(*shape):
    """Return the arguments for a kernel of this shape, some variances small."""
    n = shape[-1]
    bias, gamma, beta, mean = _normal(1, (4, n)) + 0.125
    variance = np.where(np.arange(n) % 2, 0.002, 0.5) * (1 + np.arange(n))
    return _normal(1, shape), bias, gamma, beta, mean, variance, 0.001


fold = Exercise(
    "Exercise 8",
    _folded(),
    [
        (
            np.array([[1.0, 2.0], [3.0, -5.0]]),
            *np.array([[0.5, -1.0], [4.0, -6.0], [0.25, 2.0], [1.5, 3.0], [3.0, 8.0]]),
            1.0,
        ),
        _norm(3, 3, 1, 4),
        _norm(4, 4),
        _norm(1, 3),
    ],
    mistakes_of(_FOLD_MISTAKES),
    praise="right: one layer does the work of two.",
)

EXERCISES: dict[str, Exercise] = {
    "ste_gradient": ste_gradient,
    "learning_rate": learning_rate,
    "step_gradient": step_gradient,
    "choose_rate": choose_rate,
    "first_to_break": first_to_break,
    "only_observes": only_observes,
    "steps_until": steps_until,
    "fold": fold,
}

progress = progress_over(EXERCISES)
