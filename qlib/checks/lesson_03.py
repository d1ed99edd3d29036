"""The exercises of lesson 03: what is right, and the mistakes that people make."""

import math

import numpy as np

from qlib.checks.exercise import Exercise, mistakes_of, progress_over

_RNG = np.random.default_rng(3)


def _normal(spread, shape):
    """Return values of few binary digits, so that every way to add them up agrees."""
    return np.round(_RNG.normal(0, spread, shape) * 256) / 256


# --- Exercise 1


def _halved(start, counts, first=None, low=0, high=0, total=np.sum):
    """Return counts in pairs, with `low` and `high` bins more than there should be."""
    owner = (start + np.arange(len(counts))) // 2
    bins = np.arange(owner[0] - low, owner[-1] + 1 + high)
    new = [total(counts[owner == i]) if i in owner else 0 for i in bins]
    return int(bins[0]) if first is None else first, np.array(new)


def _pairs(start, counts, before=0, cut=False):
    """Return counts in pairs from the first on, with `before` zeros in front."""
    counts = np.concatenate([np.zeros(before, counts.dtype), counts])
    if len(counts) % 2:
        counts = counts[:-1] if cut else np.append(counts, 0)
    return start // 2, counts.reshape(-1, 2).sum(axis=1)


def _by_index(index):
    """Return the bins that a function of (start + i) sends the counts to."""

    def halve(start, counts):
        owner = [index(start + i) for i in range(len(counts))]
        new = np.zeros(owner[-1] - owner[0] + 1, np.int64)
        np.add.at(new, np.array(owner) - owner[0], counts)
        return owner[0], new

    return halve


_HALVE_MISTAKES = {
    "The pairs begin at the first bin, whatever its number: with an odd start that bin "
    "is the upper half of a wide one, and stands alone.": [
        _pairs,
        lambda s, c: _pairs(s, c, cut=True),
        lambda s, c: (math.ceil(s / 2), _pairs(s, c)[1]),
    ],
    "A last bin without a partner is dropped: it is half of a wide bin, and its counts "
    "belong there.": lambda s, c: _pairs(s, c, s % 2, cut=True),
    "A zero goes in front when the number of bins is odd: what decides is whether "
    "start is odd.": lambda s, c: _pairs(s, c, len(c) % 2),
    "A negative start is cut off towards 0: -3 / 2 must become -2, as -3 // 2 does, "
    "for the bin from -3 w lies in that from -4 w.": [
        lambda s, c: _halved(s, c, first=int(s / 2)),
        _by_index(lambda i: int(i / 2)),
    ],
    "The start is left as it is: it counts "
    "bins, and these are twice as wide.": lambda s, c: _halved(s, c, first=s),
    "The start is a fraction here: edges are whole multiples of 2 w, so round down "
    "with //.": lambda s, c: _halved(s, c, first=s / 2),
    "The wide bins are one too far up: (start + i) is to be rounded down, not up.": [
        _by_index(lambda i: -(-i // 2)),
        lambda s, c: _halved(s, c, first=-(-s // 2)),
    ],
    "This takes means: no value gets lost when bins merge, so add the counts.": [
        lambda s, c: _halved(s, c, total=np.mean),
        lambda s, c: _halved(s, c, total=lambda pair: np.sum(pair) / 2),
        lambda s, c: _halved(s, c, total=lambda pair: np.sum(pair) // 2),
    ],
    "This takes every second bin and forgets its neighbour: add the two.": [
        lambda s, c: (s // 2, c[::2]),
        lambda s, c: (s // 2, c[1::2]),
        lambda s, c: (s // 2, c[s % 2 :: 2]),
    ],
    "Of each pair the last count alone is left: new[i] += counts adds once for an i "
    "that occurs twice, np.add.at adds all.": lambda s, c: _halved(
        s, c, total=lambda pair: pair[-1]
    ),
    "There is an empty bin too many at the upper end: the last is number (start + "
    "len(counts) - 1) // 2.": [
        lambda s, c: _halved(s, c, high=1),
        lambda s, c: _halved(s, c, high=1 - (s + len(c)) % 2),
        lambda s, c: (s // 2, np.append(_pairs(s, c, s % 2)[1], [0] * (s % 2))),
        lambda s, c: (s // 2, np.append(_halved(s, c)[1], 0)[: len(c) // 2 + 1]),
    ],
    "There is an empty bin too many at the lower end: the first is start // 2.": [
        lambda s, c: _halved(s, c, low=1),
        lambda s, c: _halved(s, c, low=s % 2),
    ],
    "The two are swapped: the start comes first, then the counts.": lambda s, c: (
        _halved(s, c)[::-1]
    ),
}

halve = Exercise(
    "Exercise 1",
    _halved,
    [
        (3, np.array([1, 2, 4, 8])),
        (-3, np.array([5, 1, 2])),
        (0, np.array([1, 2, 4])),
        (4, np.array([7])),
        (-1, np.array([9, 4])),
        (-4, np.array([1, 0, 2, 5])),
        (-7, np.array([3, 0, 0, 6, 0, 11, 4, 20, 13])),
        (11, _RNG.integers(1, 100, 23)),
        (-12, _RNG.integers(1, 100, 31)),
    ],
    mistakes_of(_HALVE_MISTAKES),
    praise="right: every value is still counted, and the edges stay on the grid.",
)


# --- Exercise 2


def _at(index, measure=np.abs, of=lambda value: value):
    """Return the sorted value at an index that is a function of (percentile, n)."""

    def reach(x, percentile):
        ordered = np.sort(measure(x), axis=None)
        return float(of(ordered[min(index(percentile, x.size), x.size - 1)]))

    return reach


def _last(percentile, n):
    """Return where the smallest that is large enough lies."""
    return math.ceil(percentile * n / 100) - 1


def _two_sided(method):
    """Return the further end after half of the rest is cut off at either end."""

    def ends(x, percentile):
        rest = (100 - percentile) / 2
        return np.abs(np.percentile(x, [rest, 100 - rest], method=method))

    return ends


_REACH_FOR_MISTAKES = {
    "The signs are left in: -3 reaches further than 1, so sort the magnitudes.": [
        _at(_last, lambda x: x),
        _at(_last, lambda x: x, np.abs),
        lambda x, p: np.percentile(x, p),
    ],
    "Between two values np.percentile blends them: take a magnitude that occurs, "
    "number ceil(p * n / 100) from below.": [
        lambda x, p: np.percentile(np.abs(x), p),
        *[
            lambda x, p, m=m: np.percentile(np.abs(x), p, method=m)
            for m in ("midpoint", "hazen", "weibull", "median_unbiased")
        ],
    ],
    "This counts the n - 1 steps between the values, as np.percentile does: count the "
    "n values.": [
        _at(lambda p, n: math.floor(p * (n - 1) / 100)),
        _at(lambda p, n: math.ceil(p * (n - 1) / 100)),
        _at(lambda p, n: round(p * (n - 1) / 100)),
    ],
    "This goes one value too far where p percent of n is a whole number: the third "
    "value has index 2, and |x| <= T counts T itself.": _at(
        lambda p, n: math.floor(p * n / 100)
    ),
    "This goes one value too far: the value number k has index k - 1.": _at(
        lambda p, n: math.ceil(p * n / 100)
    ),
    "This rounds p percent of n down, so too few values are within T: round up.": [
        _at(lambda p, n: math.floor(p * n / 100) - 1),
        _at(lambda p, n: max(math.floor(p * n / 100) - 1, 0)),
    ],
    "This rounds p percent of n to the nearest number: with fewer than p percent "
    "within, T is too small, so round up.": [
        _at(lambda p, n: round(p * n / 100) - 1),
        _at(lambda p, n: max(round(p * n / 100) - 1, 0)),
    ],
    "This is the largest magnitude, whatever the percentile: 60 means 60 of 100, so "
    "divide by 100.": lambda x, p: np.max(np.abs(x)),
    "This leaves p percent out, not in: count from the smallest magnitude.": [
        _at(lambda p, n: math.ceil((100 - p) * n / 100) - 1),
        _at(lambda p, n: math.ceil((100 - p) * n / 100)),
        _at(lambda p, n: n - math.ceil(p * n / 100)),
        lambda x, p: np.percentile(np.abs(x), 100 - p),
    ],
    "This leaves out half of the rest at either end: magnitudes have one end, so take "
    "|x| first and leave out the largest alone.": [
        *[
            lambda x, p, of=of, m=m: of(_two_sided(m)(x, p))
            for of in (np.max, lambda ends: ends[1], np.mean)
            for m in ("linear", "inverted_cdf", "higher", "lower")
        ],
        lambda x, p: np.percentile(np.abs(x), 50 + p / 2),
        _at(lambda p, n: math.ceil((50 + p / 2) * n / 100) - 1),
    ],
    "This is p percent of the largest magnitude: p percent of the values are meant, so "
    "sort and count them.": lambda x, p: p / 100 * np.max(np.abs(x)),
    "This counts len(x), the rows of an "
    "array: x.size counts all values.": lambda x, p: np.sort(np.abs(x), axis=None)[
        _last(p, len(x))
    ],
    "Each magnitude counts once here: one that "
    "occurs four times is four values.": lambda x, p: _at(_last)(
        np.unique(np.abs(x)), p
    ),
    "This is how many values are within T: T is the largest of them.": lambda x, p: (
        _last(p, x.size) + 1
    ),
}

reach_for = Exercise(
    "Exercise 2",
    _at(_last),
    [
        (np.array([0.5, -3.0, 1.0, -2.0, 0.25]), 60),
        (np.array([-1.0, 0.5, -6.0, 2.0, 2.5, -4.0, 0.1]), 33),
        (np.array([-7.0, 3.0, 1.5, -0.5, 2.0]), 100),
        (np.array([[0.75, -8.0, 1.0], [-1.25, 0.0, 2.5], [5.0, -3.0, 0.5]]), 55),
        (np.array([1.0, -1.0, 1.0, 1.0, -2.0, 9.0]), 50),
        (np.array([4.0, -0.3, 2.0, -5.0]), 10),
        (_normal(3, 10), 20),
        (_normal(1, 100) - 0.5, 99),
        (_normal(2, (10, 15)), 98.5),
    ],
    mistakes_of(_REACH_FOR_MISTAKES),
    praise="right: p percent of the values are within, and no smaller one will do.",
)


# --- Exercise 3


def _shares(p, q):
    return p / np.sum(p), q / np.sum(q)


def _by_terms(term, total=np.sum, shares=_shares):
    """Return two sums of terms(p, q): with the zeros seen to, and left to NumPy."""

    def guarded(p, q):
        p, q = shares(p, q)
        used = p > 0
        if np.any(q[used] == 0):
            return math.inf
        return float(total(term(p[used], q[used])))

    return guarded, lambda p, q: total(term(*shares(p, q)))


def _log_term(p, q):
    return p * np.log(p / q)


_KL, _RAW_KL = _by_terms(_log_term)


def _only(used):
    """Return the sum over the bins for which used(p, q) is true."""

    def before(p, q):
        return _KL(p[used(p, q)], q[used(p, q)]) if np.any(used(p, q)) else 0.0

    def after(p, q):
        keep, (p, q) = used(p, q), _shares(p, q)
        return float(np.sum(_log_term(p[keep], q[keep])))

    return before, after


def _infinity_is(value):
    return lambda p, q: value if np.isinf(_KL(p, q)) else _KL(p, q)


def _with_epsilon(epsilon):
    """Return the ways in which people keep a small number in q, or in both."""

    def terms(p, q):
        return np.sum(np.where(p > 0, _log_term(p, q), 0))

    for fill in (
        lambda a: a + epsilon,
        lambda a: np.maximum(a, epsilon),
        lambda a: np.where(a == 0, epsilon, a),
    ):
        yield lambda p, q, f=fill: terms(_shares(p, q)[0], f(_shares(p, q)[1]))
        yield lambda p, q, f=fill: terms(*map(f, _shares(p, q)))
        yield lambda p, q, f=fill: terms(*_shares(p, f(q)))
        yield lambda p, q, f=fill: terms(*_shares(f(p), f(q)))


def _jensen_shannon(p, q):
    p, q = _shares(p, q)
    return (_KL(p, p + q) + _KL(q, p + q)) / 2


_EPSILONS = [*(10.0**-k for k in (6, 7, 8, 9, 10, 12, 16)), 2.0**-52]

_KL_MISTAKES = {
    "An empty bin of p becomes NaN, for NumPy has no value for 0 * log(0): such a term "
    "counts 0, so leave it out.": [
        _RAW_KL,
        lambda p, q: math.inf if np.any(q[p > 0] == 0) else _RAW_KL(p, q),
    ],
    "Bins where q is 0 and p is not are left out: what p holds there, q says cannot "
    "happen, and the result is inf.": [
        *_only(lambda p, q: (p > 0) & (q > 0)),
        *_only(lambda p, q: q > 0),
    ],
    "Where q is 0 and p is not, the result is inf: nothing else is further away.": [
        _infinity_is(0.0),
        _infinity_is(math.nan),
        _infinity_is(-math.inf),
    ],
    "The counts are not divided by their sums: both histograms are to become shares "
    "first.": _by_terms(_log_term, shares=lambda p, q: (p, q)),
    "Only p is divided by its sum: do the same with q.": _by_terms(
        _log_term, shares=lambda p, q: (p / np.sum(p), q)
    ),
    "Only q is divided by its sum: do the same with p.": _by_terms(
        _log_term, shares=lambda p, q: (p, q / np.sum(q))
    ),
    "This is in bits, from log2: nats take np.log.": _by_terms(
        lambda p, q: p * np.log2(p / q)
    ),
    "This is the logarithm to base 10: nats take np.log.": _by_terms(
        lambda p, q: p * np.log10(p / q)
    ),
    "The two are swapped: p weighs the terms, and p stands above q.": [
        lambda p, q: _KL(q, p),
        lambda p, q: _RAW_KL(q, p),
    ],
    "The sign is turned: it is log(p / q), and the sum is never negative.": _by_terms(
        lambda p, q: p * np.log(q / p)
    ),
    "The weight p in front of the logarithm is missing.": _by_terms(
        lambda p, q: np.log(p / q)
    ),
    "This is a mean: the shares weigh the bins already, so add the terms up.": [
        lambda p, q: _KL(p, q) / len(p),
        *_by_terms(_log_term, total=np.mean),
    ],
    "This is the cross-entropy, -sum p * log(q): "
    "it lacks the p of log(p / q).": _by_terms(lambda p, q: -p * np.log(q)),
    "This adds up |p - q|: asked is the sum of p * log(p / q).": [
        lambda p, q: np.sum(np.abs(np.subtract(*_shares(p, q)))),
        lambda p, q: np.sum(np.abs(np.subtract(*_shares(p, q)))) / 2,
    ],
    "This is the Jensen-Shannon divergence, which compares both with their mean: "
    "compare p with q.": _jensen_shannon,
    "Both directions are added up: only that from p to q is asked.": [
        lambda p, q: _KL(p, q) + _KL(q, p),
        lambda p, q: (_KL(p, q) + _KL(q, p)) / 2,
        lambda p, q: _RAW_KL(p, q) + _RAW_KL(q, p),
        lambda p, q: (_RAW_KL(p, q) + _RAW_KL(q, p)) / 2,
        *_by_terms(lambda p, q: (p - q) * np.log(p / q)),
    ],
    "A small number stands in for 0 so that nothing divides by it: it makes up a "
    "finite result where q is 0 and p is not, which is inf.": [
        does for epsilon in _EPSILONS for does in _with_epsilon(epsilon)
    ],
}

kl = Exercise(
    "Exercise 3",
    _KL,
    [
        (np.array([1, 3]), np.array([2, 2])),
        (np.array([1, 2, 1]), np.array([2, 3, 0])),
        (np.array([2.0, 6.0, 1.0, 3.0]), np.array([5.0, 1.0, 4.0, 15.0])),
        (_RNG.integers(1, 60, 20), _RNG.integers(1, 40, 20)),
        (np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])),
        (np.array([4, 0, 1]), np.array([2, 7, 3])),
        (np.array([0, 3, 0, 5]), np.array([0, 2, 4, 2])),
    ],
    mistakes_of(_KL_MISTAKES),
    praise="right: 0 for the same shape, inf for what q rules out.",
)


# --- Exercise 4


def _groups(counts, levels):
    return counts.reshape(levels, -1).astype(np.float64)


def _spread(fill, groups=_groups):
    """Return the histogram whose group g, a row, becomes fill(g)."""
    return lambda counts, levels: np.concatenate(
        [fill(group) for group in groups(counts, levels)]
    )


def _even(group):
    return np.where(group > 0, group.sum() / max(np.sum(group > 0), 1), 0.0)


def _without_last(group):
    return np.append(_even(group[:-1]), 0.0) if len(group) > 1 else 0 * group


def _strided(counts, levels):
    columns = counts.reshape(-1, levels).T.astype(np.float64)
    return np.array([_even(column) for column in columns]).T.ravel()


_candidate = _spread(_even)

_CANDIDATE_MISTAKES = {
    "The counts of a group are spread over all of its bins: where nothing was counted "
    "the candidate stays 0.": _spread(lambda g: np.full_like(g, g.mean())),
    "The mean over all bins of a group goes into those that were not empty, and counts "
    "get lost: divide the sum by the number of these bins.": _spread(
        lambda g: g.mean() * (g > 0)
    ),
    "A group without counts becomes NaN: there is nothing to divide, so it stays 0.": [
        _spread(lambda g: (g > 0) * (g.sum() / np.sum(g > 0))),
        _spread(lambda g: _even(g) if g.any() else np.full_like(g, np.nan)),
    ],
    "The last group is left out: it becomes 0.": lambda c, n: np.where(
        np.arange(len(c)) < len(c) - len(c) // n, _candidate(c, n), 0
    ),
    "The last bin of each group is left out: a slice [a:b] stops before b, so b is to "
    "be the first bin of the next group.": _spread(_without_last),
    "The groups are of `levels` bins each: there are to be `levels` groups, as by "
    "reshape(levels, -1).": _spread(
        _even, lambda c, n: c.reshape(-1, n).astype(np.float64)
    ),
    "Each group takes every levels-th bin: neighbours belong together, as by "
    "reshape(levels, -1).": _strided,
    "Each bin gets the whole sum of its group: divide it by the number of bins that "
    "share it.": [
        _spread(lambda g: g.sum() * (g > 0)),
        _spread(lambda g: np.full_like(g, g.sum())),
    ],
    "This has one number for each group: spread it over the group's bins, so that the "
    "length stays that of counts.": [
        lambda c, n: _groups(c, n).sum(axis=1),
        lambda c, n: _groups(c, n).mean(axis=1),
        lambda c, n: np.array([_even(g).max() for g in _groups(c, n)]),
    ],
    "The result is divided by its sum: the counts stay counts here, and kl does the "
    "dividing.": lambda c, n: _candidate(c, n) / np.sum(c),
    "This is cut to whole numbers: divide with /, into an array of floats (zeros_like "
    "of integers holds integers).": lambda c, n: np.floor(_candidate(c, n)),
    "The counts come back as they were: each bin of a group gets the same.": [
        lambda c, n: c,
        lambda c, n: c * (n / n),
    ],
    "Each bin gets the largest count of its group: spread the sum.": _spread(
        lambda g: g.max() * (g > 0)
    ),
}

candidate = Exercise(
    "Exercise 4",
    _candidate,
    [
        (np.array([1, 0, 3, 6]), 2),
        (np.array([8, 0, 1, 5, 0, 2, 4, 4, 1]), 3),
        (np.array([0, 0, 0, 0, 7, 2, 0, 0, 9, 0, 1, 0]), 4),
        (np.array([2.0, 9.0, 0.0, 4.0]), 1),
        (np.array([3.0, 0.0, 5.0]), 3),
        (np.maximum(_RNG.integers(-30, 90, 48), 0), 6),
    ],
    mistakes_of(_CANDIDATE_MISTAKES),
    praise="right: no count is lost, and what was empty stays empty.",
)


# --- Exercise 5


def _nearest(x, centers):
    return np.argmin(np.abs(x[:, None] - centers), axis=1)


def _moved(place, assign=_nearest, empty=lambda center: center):
    """Return the step that moves a center to place(its values, center)."""

    def step(x, centers):
        cell = assign(x, centers)
        parts = [x[cell == j] for j in range(len(centers))]
        return np.array(
            [
                place(part, center) if part.size else empty(center)
                for part, center in zip(parts, centers, strict=True)
            ]
        )

    return step


def _mean(part, center):
    return part.mean()


def _steps(place, assign=_nearest):
    """Return a step twice: empty cells keep their center, or get NaN."""
    return _moved(place, assign), _moved(place, assign, lambda center: math.nan)


_lloyd_step = _moved(_mean)


def _fewer(x, centers):
    cell = _nearest(x, centers)
    return np.array([x[cell == j].mean() for j in np.unique(cell)])


def _all_steps(x, centers):
    for _ in range(100):
        centers = _lloyd_step(x, centers)
    return centers


def _while_moving(x, centers):
    centers = centers.copy()
    for j in range(len(centers)):
        part = x[_nearest(x, centers) == j]
        centers[j] = part.mean() if part.size else centers[j]
    return centers


def _first_alone(x, centers):
    return np.append(_lloyd_step(x, centers)[:1], centers[1:])


def _below(x, centers):
    return np.maximum(np.searchsorted(centers, x, side="right") - 1, 0)


def _above(x, centers):
    return np.minimum(np.searchsorted(centers, x), len(centers) - 1)


_LLOYD_STEP_MISTAKES = {
    "A center without values becomes NaN, the mean "
    "of nothing: it stays where it is.": _moved(_mean, empty=lambda center: math.nan),
    "A center without values becomes 0: it stays where it is.": _moved(
        _mean, empty=lambda center: 0.0
    ),
    "A center without values is removed: it stays where it is, so that their number "
    "stays the same.": _fewer,
    "Centers move to the median of their values: the mean is what makes the squared "
    "error least.": _steps(lambda part, center: np.median(part)),
    "Centers move to the middle between the ends of their values: take the mean, in "
    "which each value counts.": _steps(
        lambda part, center: (part.min() + part.max()) / 2
    ),
    "These are the midpoints between the centers, where cells meet: each center moves "
    "to the mean of its cell's values.": lambda x, c: (c[1:] + c[:-1]) / 2,
    "Values go to the next center below them: cells meet halfway between two centers, "
    "so search in the midpoints.": _steps(_mean, _below),
    "Values go to the next center above them: cells meet halfway between two centers, "
    "so search in the midpoints.": _steps(_mean, _above),
    "The distance has its sign, so values go to the highest center: take its "
    "magnitude.": _steps(_mean, lambda x, c: np.argmin(x[:, None] - c, axis=1)),
    "Centers move only half of the way: Lloyd's step goes to the mean itself.": _steps(
        lambda part, center: (part.mean() + center) / 2
    ),
    "These are sums: divide each by the number of values in its cell.": _steps(
        lambda part, center: part.sum()
    ),
    "This divides by len(x) / k, the same for all: each cell has its own number of "
    "values.": [
        lambda x, c: _moved(lambda part, _: part.sum() / (len(x) / len(c)))(x, c),
        lambda x, c: _moved(
            lambda part, _: part.sum() / (len(x) / len(c)), empty=lambda _: 0.0
        )(x, c),
    ],
    "This divides by len(x): each cell has its own number of values.": [
        lambda x, c: _moved(lambda part, _: part.sum() / len(x))(x, c),
        lambda x, c: _moved(lambda a, _: a.sum() / len(x), empty=lambda _: 0.0)(x, c),
    ],
    "Only the first center moves: does the function "
    "return inside its loop?": _first_alone,
    "The first centers have moved before the last values are given out: find the cells "
    "of all values first, with the old centers.": _while_moving,
    "This goes on until nothing moves: one step is asked.": _all_steps,
    "These are the numbers of the nearest centers: "
    "asked is where the centers move.": _nearest,
    "The centers alone are asked, without the numbers of the nearest ones.": [
        lambda x, c: (_nearest(x, c), _lloyd_step(x, c)),
        lambda x, c: (_lloyd_step(x, c), _nearest(x, c)),
    ],
    "Each value is replaced by its center here: asked are the moved centers.": [
        lambda x, c: c[_nearest(x, c)],
        lambda x, c: _lloyd_step(x, c)[_nearest(x, c)],
    ],
    "The centers have not moved: each goes to the mean of its values.": lambda x, c: c,
}

lloyd_step = Exercise(
    "Exercise 5",
    _lloyd_step,
    [
        (np.array([0.0, 1.0, 4.0, 12.0]), np.array([1.0, 5.0])),
        (np.array([7.0, -1.0, 0.0, 1.5, 9.5, -6.0]), np.array([-4.0, 1.0, 3.0])),
        (np.array([2.0, 1.0, 4.5, 3.0]), np.array([-20.0, 2.25, 4.0, 50.0])),
        (np.array([3.0, -1.0, 7.5]), np.array([0.5])),
        (np.array([0.9, 1.1, 10.0, 30.0, 31.0]), np.array([0.0, 8.0, 20.0])),
        (_normal(1, 60) + 0.25, np.array([-1.3, -0.4, 0.2, 0.9, 8.0])),
    ],
    mistakes_of(_LLOYD_STEP_MISTAKES),
    praise="right: the error is never larger after it.",
)


# --- Exercise 6


def _cuts(x, first=1, last=1):
    """Return the ways to cut sorted values, with so many left on either side."""
    return [(x[:i], x[i:]) for i in range(first, max(len(x) - last, first) + 1)]


def _squares(part):
    return float(np.sum((part - part.mean()) ** 2))


def _deviations(part):
    return float(np.sum(np.abs(part - np.median(part))))


def _least(cost=_squares, center=np.mean, order=np.sort, first=1, last=1):
    """Return the centers of the cut with the least sum of cost(part)."""

    def centers(x):
        cuts = _cuts(order(x), first, last)
        parts = min(cuts, key=lambda parts: cost(parts[0]) + cost(parts[1]))
        return tuple(float(center(part)) for part in parts)

    return centers


def _cut_at(where):
    """Return the means below and above where(x); where it is a value, below."""

    def centers(x):
        return float(x[x <= where(x)].mean()), float(x[x > where(x)].mean())

    return centers


def _lloyd_from(start):
    """Return the centers at which Lloyd's steps from start(x) end."""

    def centers(x):
        at = np.sort(np.array(start(x), np.float64))
        for _ in range(100):
            at = _lloyd_step(x, at)
        return float(at[0]), float(at[1])

    return centers


def _quartiles(x):
    return tuple(map(float, np.percentile(x, [25, 75])))


def _middle(x):
    return (x.min() + x.max()) / 2


def _below_gap(x):
    ordered = np.sort(x)
    return ordered[np.argmax(np.diff(ordered))]


def _best_cut(x):
    return sum(_two_means(x)) / 2


_two_means = _least()

_TWO_MEANS_MISTAKES = {
    "Here Lloyd's steps end, begun at the smallest and the largest value: a local "
    "optimum. In one dimension every cut of the sorted values can be tried.": (
        _lloyd_from(lambda x: (x.min(), x.max()))
    ),
    "Here Lloyd's steps end, begun at the quartiles: a local optimum. In one dimension "
    "every cut of the sorted values can be tried.": _lloyd_from(_quartiles),
    "Here Lloyd's steps end, begun at two of the values: a local optimum. Try every "
    "cut of the sorted values.": [
        _lloyd_from(lambda x: x[:2]),
        _lloyd_from(lambda x: (x[0], x[-1])),
    ],
    "This cuts at the median, so that both sides have equally many values: the best "
    "cut may lie elsewhere.": [
        _cut_at(np.median),
        lambda x: tuple(float(a.mean()) for a in np.array_split(np.sort(x), 2)),
    ],
    "This cuts at the mean of all: the best cut may lie elsewhere.": _cut_at(np.mean),
    "This cuts in the middle of the range, one step of Lloyd's from its ends: the best "
    "cut may lie elsewhere.": _cut_at(_middle),
    "This cuts at the widest gap: a single far value can stand behind it, and the "
    "error come from elsewhere.": _cut_at(_below_gap),
    "This makes the sum of two standard deviations least: squares add up over the "
    "values, so a side of many weighs more.": _least(np.std),
    "This makes the sum of two variances least: a side of many values weighs more, so "
    "add up squares, not their means.": _least(np.var),
    "This makes the sum of |x - center| least, with medians: squares are asked, and "
    "means.": _least(_deviations, np.median),
    "The cut is right, but these are the medians of its sides: the mean has the least "
    "squared error.": _least(center=np.median),
    "These are the smallest and the largest value: "
    "values gather around a center.": lambda x: (float(x.min()), float(x.max())),
    "These are the quartiles: they leave out where the values gather.": _quartiles,
    "This is the cut between the two sides: asked are their centers.": [
        _best_cut,
        lambda x: float(np.sort(x)[np.sum(x < _best_cut(x))]),
        lambda x: float(np.sort(x)[np.sum(x < _best_cut(x)) - 1]),
    ],
    "The two are swapped: the lower center comes first.": lambda x: _two_means(x)[::-1],
    "The values are cut in the order in which they come: sort them first.": _least(
        order=np.array
    ),
    "Each value counts once here: one that occurs "
    "three times weighs three times.": lambda x: _two_means(np.unique(x)),
    "The last cut is not tried: the largest value may have a center to itself.": _least(
        last=2
    ),
    "The first cut is not tried: the smallest "
    "value may have a center to itself.": _least(first=2),
    "Each side gets at least two values: one "
    "value may have a center to itself.": _least(first=2, last=2),
}

two_means = Exercise(
    "Exercise 6",
    _two_means,
    [
        (np.array([2.0, 10.0, 1.0, 3.0]),),
        (np.array([4.0, -8.0, 1.0, 15.0, -6.0, -4.0]),),
        (np.array([13.0, 6.0, 13.0, 1.0, 13.0, 8.0]),),
        (np.array([15.0, 1.0, 3.0, -2.0, -7.0]),),
        (np.array([3.0, 9.0, 14.0, -9.0, -6.0]),),
        (np.array([9.0, -8.0, -2.0, 3.0, 3.0]),),
        (np.array([15.0, 2.0, 3.0, 8.0, 15.0, 4.0]),),
        (np.array([2.0, 5.0, 5.0, 5.0]),),
        (np.array([2.0, 6.0, 11.0, -7.0, 9.0, -3.0]),),
        (np.array([-5.0, 6.0, 6.0, -5.0, 1.0, -7.0, 15.0]),),
        (np.concatenate([_normal(1, 30), _normal(0.5, 6) + 4, [9.0]]),),
        (_normal(1, 40) ** 2,),
    ],
    mistakes_of(_TWO_MEANS_MISTAKES),
    praise="right: the best of all cuts, not the nearest.",
)


# --- Exercise 7


def _bits(k):
    return math.ceil(math.log2(k))


def _bytes_with(index_bytes, center_bytes=lambda k: 4 * k):
    """Return the sum of two parts, functions of (n, k) and of k."""
    return lambda n, k: index_bytes(n, k) + center_bytes(k)


def _packed(n, k):
    return math.ceil(n * _bits(k) / 8)


def _width(bits):
    """Return the bytes with another number of bits for each index."""
    return _bytes_with(lambda n, k: math.ceil(n * bits(k) / 8))


_CODEBOOK_BYTES_MISTAKES = {
    "The codebook is left out: its k centers take 4 bytes each.": _packed,
    "Each index takes whole bytes here: they are packed without gaps, so round once, "
    "at the end.": [
        _bytes_with(lambda n, k: n),
        _bytes_with(lambda n, k: n * math.ceil(_bits(k) / 8)),
        _bytes_with(lambda n, k: n * max(1, math.ceil(_bits(k) / 8))),
    ],
    "The bits are rounded down: 2 bits tell 4 centers apart, and 5 need 3.": _width(
        lambda k: math.floor(math.log2(k))
    ),
    "An index takes a fraction of a bit here: log2(k) is to be rounded up before it is "
    "multiplied by n.": [
        _width(math.log2),
        _bytes_with(lambda n, k: n * math.log2(k) / 8),
    ],
    "These are bits: 8 of them make a byte.": [
        lambda n, k: n * _bits(k) + 32 * k,
        lambda n, k: n * _bits(k),
    ],
    "The indices are counted in bits, the codebook "
    "in bytes: divide the first by 8.": lambda n, k: n * _bits(k) + 4 * k,
    "This is rounded down, and the last indices have "
    "no room: 30 bits need 4 bytes.": _bytes_with(lambda n, k: n * _bits(k) // 8),
    "This is not rounded up to whole bytes: 30 bits need 4.": _bytes_with(
        lambda n, k: n * _bits(k) / 8
    ),
    "This always takes a byte more: 4000 bits "
    "fill 500 bytes with none left.": _bytes_with(lambda n, k: n * _bits(k) // 8 + 1),
    "A center takes one byte here: it is a float32, of 4 bytes.": [
        _bytes_with(_packed, lambda k: k),
        lambda n, k: math.ceil((n * _bits(k) + 8 * k) / 8),
    ],
    "The centers take as few bits as the indices here: "
    "each is a float32, of 4 bytes.": lambda n, k: math.ceil((n + k) * _bits(k) / 8),
    "A center takes 8 bytes here: that is "
    "a float64, and a float32 takes 4.": _bytes_with(_packed, lambda k: 8 * k),
    "The codebook is counted in bits: 32 of them are 4 bytes.": _bytes_with(
        _packed, lambda k: 32 * k
    ),
    "A power of two gets one bit too many: 16 centers have the indices 0 to 15, of 4 "
    "bits.": _width(lambda k: math.floor(math.log2(k)) + 1),
    "A codebook of one center needs no indices at all: log2(1) is 0.": _width(
        lambda k: max(1, _bits(k))
    ),
    "This takes k for the number of bits: it is the number of centers, and log2(k) "
    "bits tell them apart.": [
        _width(lambda k: k),
        _width(lambda k: k - 1),
    ],
    "This is the natural logarithm: bits count in twos, with log2.": _width(
        lambda k: math.ceil(math.log(k))
    ),
    "This is n float32 values: with a codebook each is an index of a few bits.": [
        lambda n, k: 4 * n,
        lambda n, k: 4 * (n + k),
    ],
}

codebook_bytes = Exercise(
    "Exercise 7",
    _bytes_with(_packed),
    [
        (1000, 16),
        (10, 5),
        (7, 1),
        (3, 2),
        (1001, 17),
        (5, 256),
        (100, 3),
        (4, 300),
        (1, 8),
        (77, 90),
    ],
    mistakes_of(_CODEBOOK_BYTES_MISTAKES),
    rtol=1e-9,
    praise="right: a few bits for each value, and the codebook once.",
)


# --- Exercise 8


def _code_shares(q):
    return np.unique(q, return_counts=True)[1] / q.size


def _entropy_of(shares, log=np.log2):
    """Return the entropy of the shares that a function makes of q."""
    return lambda q: -np.sum(shares(q) * log(shares(q)))


def _slots(q):
    """Return a share for every code from the lowest to the highest."""
    return np.bincount(q.ravel().astype(np.int64) - int(q.min())) / q.size


def _in_bins(q):
    counts = np.histogram(q)[0]
    return counts[counts > 0] / q.size


_code_entropy = _entropy_of(_code_shares)
_SKEWED = np.round(_RNG.normal(0, 9, 400)).clip(-128, 127).astype(np.int8)

_CODE_ENTROPY_MISTAKES = {
    "This is in nats, from the natural logarithm: bits take log2.": [
        _entropy_of(_code_shares, np.log),
        _entropy_of(_slots, np.log),
    ],
    "This is the logarithm to base 10: bits take log2.": [
        _entropy_of(_code_shares, np.log10),
        _entropy_of(_slots, np.log10),
    ],
    "This is what the codes would take if all of them were equally frequent: weigh "
    "each by how often it occurs.": lambda q: np.log2(len(np.unique(q))),
    "This is what a code of the whole range takes: how often each occurs is not looked "
    "at.": [
        lambda q: np.log2(float(q.max()) - float(q.min()) + 1),
        lambda q: np.ceil(np.log2(float(q.max()) - float(q.min()) + 1)),
        lambda q: 8.0,
    ],
    "The counts are not divided by how many codes there are: the logarithm takes "
    "shares.": [
        lambda q: -q.size * np.sum(_code_shares(q) * np.log2(_code_shares(q) * q.size)),
        lambda q: q.size * np.sum(_code_shares(q) * np.log2(_code_shares(q) * q.size)),
        lambda q: -np.sum(_code_shares(q) * np.log2(_code_shares(q) * q.size)),
    ],
    "Codes that never occur make this NaN, for NumPy has no value for 0 * log(0): "
    "leave them out.": [
        _entropy_of(_slots),
        _entropy_of(
            lambda q: np.bincount(q.ravel().astype(np.uint8), minlength=256) / q.size
        ),
    ],
    "The minus sign is missing: the logarithm of a share is negative.": [
        lambda q: -_code_entropy(q),
        lambda q: -_entropy_of(_slots)(q),
    ],
    "These are the bits of all codes together: "
    "divide by how many there are.": lambda q: q.size * _code_entropy(q),
    "The mean is over the different codes, each counted once: weigh -log2 of a share "
    "by the share.": lambda q: -np.mean(np.log2(_code_shares(q))),
    "The weights are missing: each -log2 of a "
    "share counts as much as the share.": lambda q: -np.sum(np.log2(_code_shares(q))),
    "This is divided by the number of different codes: the shares weigh already, so "
    "add the terms up.": [
        lambda q: _code_entropy(q) / len(np.unique(q)),
        lambda q: -np.mean(_slots(q) * np.log2(_slots(q))),
    ],
    "The 10 bins of np.histogram hold several codes each: count each code on its own, "
    "as np.unique does.": [
        _entropy_of(_in_bins),
        _entropy_of(lambda q: np.histogram(q)[0] / q.size),
    ],
    "The codes themselves are taken for counts: count how often each occurs.": [
        lambda q: -np.sum(q / np.sum(q) * np.log2(q / np.sum(q))),
        lambda q: _entropy_of(lambda a: a / a.sum())(np.abs(q[q != 0] * 1.0)),
    ],
    "Codes of opposite sign are counted together: "
    "-2 and 2 are different codes.": lambda q: _code_entropy(
        np.abs(q.astype(np.int64))
    ),
    "This divides by len(q), which counts the rows of an array: q.size counts all "
    "codes.": _entropy_of(lambda q: _code_shares(q) * q.size / len(q)),
}

code_entropy = Exercise(
    "Exercise 8",
    lambda q: float(_code_entropy(q)) + 0.0,
    [
        (np.array([3, 3, 3, -1], np.int8),),
        (np.array([[1, 0, 2, 2], [1, 1, -2, 1]]),),
        (np.array([7, 6, 5, 4, 4, 5, 6, 7, 7, 7]),),
        (_SKEWED,),
        (np.arange(-8, 8, dtype=np.int8),),
        (np.array([-128, 127, 127, 5, 5, 5], np.int8),),
        (np.array([5, 5, 5]),),
    ],
    mistakes_of(_CODE_ENTROPY_MISTAKES),
    praise="right: written one by one, they take no fewer bits on average.",
)

EXERCISES: dict[str, Exercise] = {
    "halve": halve,
    "reach_for": reach_for,
    "kl": kl,
    "candidate": candidate,
    "lloyd_step": lloyd_step,
    "two_means": two_means,
    "codebook_bytes": codebook_bytes,
    "code_entropy": code_entropy,
}

progress = progress_over(EXERCISES)
