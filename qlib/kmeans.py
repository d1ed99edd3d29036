"""K-means in one dimension, where an optimum can be computed.

On a line each cluster is an interval of the sorted values, and running sums tell its
squared error at once:

    cost(i, j) = sum of x**2 - (sum of x)**2 / n        for the values i to j - 1

So a partition is a row of k + 1 bounds, and the best one is a shortest path, found by
dynamic programming: best(k, j) = min over i of best(k - 1, i) + cost(i, j). Introduced
in lesson 03; `qlib.codebook` makes codebooks of the result.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import (
    code_array,
    real_array,
    require_finite,
    require_float32,
    whole_number,
)
from qlib._passes import FLOAT32

EXACT = 1 << 21  # (different values) x (clusters) that are searched with no short cut
CELLS = 4096, 32  # where there are more: least cells in all, and for each cluster
PATHS = 1 << 10  # most clusters for dynamic programming; more start where it is dense
REACH = 16  # places to either side that a bound may move in one refinement


class Line:
    """Sorted values on a line with the running sums that give any interval's cost.

    Sums run outwards from the middle, so that an outlier spoils no digits but those of
    its own interval.

    Args:
        values: shape (m,), sorted ascending.
        counts: how often each occurs, shape (m,), 1 or more; None for once each.

    Raises:
        TypeError: values hold integers or no numbers, or counts no integers.
        ValueError: values are not one row, not ascending, not finite or far beyond
            float32; counts are not as many, or one is below 1.

    Example:
        >>> line = Line(np.array([1.0, 2.0, 6.0]))
        >>> line.cost(np.array([0, 0]), np.array([2, 3]))
        array([ 0.5, 14. ])
    """

    def __init__(self, values: np.ndarray, counts: np.ndarray | None = None) -> None:
        self.values = values = _ascending(values, "values")
        self.counts = counts = None if counts is None else _counts(counts, len(values))
        self.origin = float(values[len(values) // 2])
        away = np.subtract(values, self.origin, dtype=np.float64)
        if counts is None:
            self.x = _outwards(away)
            self.xx = _outwards(np.multiply(away, away, out=away))
        else:
            self._n = _running(counts)
            self.x, self.xx = _outwards(away * counts), _outwards(away**2 * counts)

    def n(self, bounds: np.ndarray) -> np.ndarray:
        """Return how many values lie before each bound."""
        return bounds if self.counts is None else self._n[bounds]

    def cost(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return the summed squared error of the values i to j - 1 about their mean."""
        n = np.maximum(self.n(j) - self.n(i), 1)
        x = self.x[j] - self.x[i]
        return np.maximum(self.xx[j] - self.xx[i] - x * x / n, 0.0)

    def means(self, bounds: np.ndarray) -> np.ndarray:
        """Return the mean of each interval between `bounds`, none of them empty."""
        means = self.origin + np.diff(self.x[bounds]) / np.diff(self.n(bounds))
        first, last = self.values[bounds[:-1]], self.values[bounds[1:] - 1]
        return np.clip(means, first, last)  # rounding leads none out of its interval

    def bounds(self, centers: np.ndarray) -> np.ndarray:
        """Return the k + 1 bounds of the intervals that lie nearest to each center."""
        inner = np.searchsorted(
            self.values, middles(centers, self.values.dtype), side="right"
        )
        return np.concatenate([[0], inner, [len(self.values)]])

    def loss(self, bounds: np.ndarray) -> float:
        """Return the mean squared error of the partition."""
        return float(self.cost(bounds[:-1], bounds[1:]).sum() / self.n(bounds)[-1])


def optimal_bounds(line: Line, *ks: int) -> list[np.ndarray]:
    """Return the bounds of the best partition into k intervals, for each k, or nearly.

    For up to `EXACT` / k different values it is the optimum. For more, bounds are first
    sought among cells, then moved together, finer and finer, until no joint move within
    reach improves them. For more than `PATHS` clusters they are only spread as dense as
    the best ones would be. Several k cost little more than the largest, whose search
    passes the others on its way.

    Args:
        line: the values, with at least k different ones.
        ks: numbers of intervals, 1 or more.

    Returns:
        For each k an int array of shape (k + 1,), from 0 to m.

    Source: Wang and Song 2011, "Ckmeans.1d.dp" (The R Journal 3/2), for dynamic
    programming; the exact search halves the range of bounds, as each best bound moves
    one way only. Lesson 03, "The optimum, computed".

    Example:
        >>> optimal_bounds(Line(np.array([1.0, 2.0, 6.0, 7.0, 30.0])), 3, 2)
        [array([0, 2, 4, 5]), array([0, 4, 5])]
    """
    m = len(line.values)
    exact = [k for k in ks if m * k <= EXACT]
    paths = _best_paths(line, np.arange(m + 1), exact) if exact else []
    found = dict(zip(exact, paths, strict=True))
    return [found[k] if k in found else _near_optimal_bounds(line, k) for k in ks]


def _near_optimal_bounds(line: Line, k: int) -> np.ndarray:
    if k > PATHS:
        edges = cell_edges(line, 8 * k)
        return edges[np.arange(k + 1) * (len(edges) - 1) // k]
    edges = cell_edges(line, max(CELLS[0], min(CELLS[1] * k, 8 * PATHS)))
    (at,) = _best_paths(line, edges, [k])
    reach = edges[np.minimum(at + 1, len(edges) - 1)] - edges[np.maximum(at - 1, 0)]
    return refined(line, edges[at], reach)


def cell_edges(line: Line, cells: int) -> np.ndarray:
    """Return the bounds of about so many cells, finer where centers will lie denser.

    Where n values lie in a width d, the best density of centers goes with the cube root
    of n / d, so a gap of width d between two values counts n**(1/3) d**(2/3). A gap has
    room for one bound: none counts for more than one cell.

    Args:
        line: the values.
        cells: how many, about.

    Source: Panter and Dite 1951, "Quantization distortion in pulse-count modulation
    with nonuniform spacing of levels" (Proc. IRE 39).

    Example:
        >>> cell_edges(Line(np.array([0.0, 1.0, 2.0, 90.0])), 3)
        array([0, 2, 3, 4])
    """
    with np.errstate(over="ignore"):
        gaps = np.diff(line.values)
    np.minimum(gaps, np.finfo(gaps.dtype).max, out=gaps)
    if np.count_nonzero(gaps) < cells:  # few different values: each has its cell
        return np.concatenate([[0], np.flatnonzero(gaps) + 1, [len(line.values)]])
    np.square(np.cbrt(gaps, out=gaps), out=gaps)
    if line.counts is not None:
        gaps = gaps * np.cbrt(line.counts[1:] + line.counts[:-1])
    most = np.inf
    for _ in range(300):  # what a wide gap may not take goes to the others
        np.minimum(gaps, most, out=gaps)
        total = float(gaps.sum(dtype=np.float64))
        if total >= 0.99 * most * cells:
            break
        most = total / cells
    passed = gaps.astype(np.float64)
    del gaps  # memory, where there are millions of values
    np.cumsum(passed, out=passed)
    step = 0.999 * most  # a little less, so that every gap of this size holds a mark
    marks = np.arange(step, passed[-1], step)
    inner = np.unique(np.searchsorted(passed, marks) + 1)
    inner = inner[inner < len(line.values)]
    return np.concatenate([[0], inner, [len(line.values)]])


def refined(line: Line, bounds: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return bounds that no joint move to nearby places improves.

    All bounds move at once: each has 2 `REACH` + 1 places, up to `reach` values away,
    and the best row of places is again a shortest path. Where nothing is gained the
    places draw together, until they are neighbours.

    Args:
        line: the values.
        bounds: shape (k + 1,), from 0 to m.
        reach: how far each may move at first, shape (k + 1,).

    Example:
        >>> line = Line(np.array([1.0, 2.0, 6.0, 7.0, 30.0]))
        >>> refined(line, np.array([0, 1, 3, 5]), np.full(4, 4))
        array([0, 2, 4, 5])
    """
    loss = line.loss(bounds)
    while True:
        moved = _moved(line, bounds, np.maximum(reach, REACH))
        found = line.loss(moved)
        if found < loss * (1 - 1e-12):
            bounds, loss = moved, found
        elif np.all(reach <= REACH):
            return bounds
        else:
            reach = reach // 4


def lloyd(line: Line, centers: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Yield the centers that Lloyd's algorithm goes through, `centers` first.

    A step costs k searches among the sorted values, however many there are. It ends
    where nothing changes any more. A center without values stays where it is.

    Args:
        line: the values.
        centers: sorted ascending, shape (k,).
        steps: at most so many.

    Raises:
        TypeError, ValueError: line is no Line, centers are none (as the values of a
            `Line`), or steps is no whole number from 0 up.

    Source: Lloyd 1982, "Least squares quantization in PCM" (IEEE Trans. Information
    Theory 28). Lesson 03.

    Example:
        >>> line = Line(np.array([1.0, 2.0, 6.0, 7.0]))
        >>> [centers.tolist() for centers in lloyd(line, np.array([1.0, 3.0]), 9)]
        [[1.0, 3.0], [1.5, 6.5]]
    """
    if not isinstance(line, Line):
        raise TypeError(f"line is {type(line).__name__}: a Line of values is needed.")
    steps = whole_number(steps, "steps", 0, 10**9)
    centers = _ascending(centers, "centers").astype(np.float64)
    yield centers
    for _ in range(steps):
        bounds = line.bounds(centers)
        some = np.diff(bounds) > 0
        moved = centers.copy()
        moved[some] = line.means(bounds[np.append(some, True)])
        if np.array_equal(moved, centers):
            return
        centers = moved
        yield centers


def middles(centers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the middles between neighbouring centers, as numbers of type `dtype`.

    Rounded down, so that a number of this type lies above the result if and only if it
    lies above the true middle: none changes its cell by the rounding.

    Example:
        >>> middles(np.array([0.0, 1.0, 4.0]), np.float32)
        array([0.5, 2.5], dtype=float32)
    """
    a, b = (np.asarray(each, np.float64) for each in (centers[:-1], centers[1:]))
    sums = a + b
    rest = (a - (sums - (sums - a))) + (b - (sums - a))  # what rounding took off
    exact = sums / 2
    high = (2 * exact > sums) | ((2 * exact == sums) & (rest < 0))
    exact = np.where(high, np.nextafter(exact, -np.inf), exact)
    with np.errstate(over="ignore"):  # a middle beyond float16 has no value above it
        near = exact.astype(dtype)
    return np.where(near > exact, np.nextafter(near, -np.inf, dtype=dtype), near)


def _ascending(values: ArrayLike, name: str) -> np.ndarray:
    """Return one row of finite values in ascending order, or say what they are not."""
    values = real_array(values, name)
    row = values.ndim == 1
    if not row or not np.all(values[1:] >= values[:-1]):  # NaN is not, either
        require_finite(values, name)
        given = "are not ascending" if row else f"have shape {values.shape}"
        raise ValueError(
            f"{name} {given}: one row in ascending order is needed, such as "
            "np.sort(x, axis=None)."
        )
    largest = max(-float(values[0]), float(values[-1]))
    if not np.isfinite(largest) or not np.isfinite(values[0]):
        require_finite(values, name)
    if largest > 2 * float(FLOAT32.max):  # the middle of a bin may lie a little beyond
        require_float32(largest, name)
    return values


def _counts(counts: ArrayLike, m: int) -> np.ndarray:
    counts = code_array(counts, "counts")
    if counts.shape != (m,) or counts.min() < 1:
        raise ValueError(
            f"counts have shape {counts.shape} and begin at {counts.min()}: {m} whole "
            "numbers from 1 up are needed, one for each value."
        )
    return counts


def _moved(line: Line, bounds: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return the best bounds among the places within reach of each."""
    m, steps = len(line.values), np.linspace(-1, 1, 2 * REACH + 1)
    places = bounds[:, None] + np.rint(steps * reach[:, None]).astype(np.int64)
    places = np.clip(places, 0, m)
    places[0], places[-1] = 0, m
    best, back = np.zeros(1), []
    for begin in range(0, len(places) - 1, 64):  # layers that are in memory at once
        block = places[begin : begin + 65]
        left, right = block[:-1, :, None], block[1:, None, :]
        costs = line.cost(left, np.maximum(right, left))
        costs[left >= right] = np.inf
        for cost in costs:
            total = best[:, None] + cost
            back.append(total.argmin(axis=0))
            best = total.min(axis=0)
    path = [int(best.argmin())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    return places[np.arange(len(places)), path[::-1]]


def _best_paths(line: Line, edges: np.ndarray, ks: Sequence[int]) -> list[np.ndarray]:
    """Return which k + 1 of the edges bound the best k intervals, for each k.

    Layer by layer; within one the best last bound never falls from left to right, so
    the middle bound halves the range of all others.
    """
    m = len(edges) - 1
    best = line.cost(np.zeros(m + 1, np.int64), edges)
    halvings, back = _halvings(m), []
    n, x, xx = line.n(edges).astype(np.float64), line.x[edges], line.xx[edges]
    for layer in range(1, max(ks)):
        reduced = best - xx
        came = np.full(m + 2, layer)
        came[-1] = m
        new = np.full(m + 1, np.inf)
        for j, left, right in halvings:
            keep = j > layer
            if not keep.all():
                j, left, right = j[keep], left[keep], right[keep]
                if not len(j):
                    continue
            low = np.maximum(came[left], layer)
            high = np.minimum(came[right], j - 1)
            size = high - low + 1
            begin = np.cumsum(size) - size
            i = np.arange(begin[-1] + size[-1]) - np.repeat(begin - low, size)
            away = np.repeat(x[j], size) - x.take(i)
            away *= away
            away /= np.repeat(n[j], size) - n.take(i)
            loss = reduced.take(i) - away
            least = np.minimum.reduceat(loss, begin)
            hit = np.flatnonzero(loss == np.repeat(least, size))
            first = hit[np.searchsorted(hit, begin)]
            came[j], new[j] = i[first], least + xx[j]
        back.append(came.astype(np.int32))
        best = np.maximum(new, 0.0)
    found = []
    for k in ks:
        path = [m]
        for came in reversed(back[: k - 1]):
            path.append(int(came[path[-1]]))
        found.append(np.array([0, *path[::-1]]))
    return found


def _halvings(m: int) -> list[tuple]:
    """Return (middles, ends to the left, ends to the right) of 1 to m, halved."""
    rows, found = np.array([[1, m]]), []
    while len(rows):
        low, high = rows.T
        middle = (low + high) // 2
        found.append((middle, low - 1, high + 1))
        rows = np.concatenate(
            [np.stack([low, middle - 1], 1), np.stack([middle + 1, high], 1)]
        )
        rows = rows[rows[:, 0] <= rows[:, 1]]
    return found


def _running(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(len(values) + 1, np.result_type(values, np.float64))
    np.cumsum(values, out=sums[1:], dtype=sums.dtype)
    return sums


def _outwards(values: np.ndarray) -> np.ndarray:
    """Return running sums that are 0 in the middle, negative to its left."""
    middle = len(values) // 2
    sums = np.zeros(len(values) + 1)
    np.cumsum(values[middle:], out=sums[middle + 1 :])
    np.cumsum(values[:middle][::-1], out=sums[:middle][::-1])
    sums[:middle] *= -1
    return sums
