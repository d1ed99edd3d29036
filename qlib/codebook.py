"""Codebooks: levels that stand where the values are, and not at equal steps.

    q     = number of the center nearest to x
    x_hat = centers[q]

A linear grid is described by two numbers, a codebook by all of its k centers, which
have to be kept beside the codes. Introduced in lesson 03.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import code_array, plain_array, whole_number
from qlib._passes import PART, channel_axis
from qlib.histogram import Histogram, require_counts
from qlib.kmeans import PATHS, Line, cell_edges, lloyd, middles, optimal_bounds
from qlib.thresholds import finite

MOST = 2**16  # centers
STARTS = ("linear", "quantile", "random", "density")


@dataclass(frozen=True, eq=False)
class Codebook:
    """The levels that codes stand for.

    Args:
        centers: real levels, strictly ascending, shape (k,), 1 to 65,536 of them.

    Raises:
        TypeError: centers are no real numbers.
        ValueError: centers are not one row, not finite, or not ascending.

    Source: lesson 03, "Levels where the values are".

    Example:
        >>> book = Codebook([-1.0, 0.0, 0.25, 1.0])
        >>> book.encode([0.1, 0.9, -3.0]), book.fake_quantize([0.1, 0.9, -3.0])
        (array([1, 3, 0], dtype=uint8), array([ 0.,  1., -1.]))
    """

    centers: np.ndarray

    def __post_init__(self) -> None:
        centers = finite(self.centers, "centers").copy()
        if centers.ndim != 1 or len(centers) > MOST:
            raise ValueError(
                f"centers have shape {centers.shape}: one row of 1 to {MOST} levels is "
                "needed."
            )
        if np.any(centers[1:] <= centers[:-1]):
            raise ValueError(
                "centers are not strictly ascending: sort them and leave equal ones "
                "out, np.unique(centers)."
            )
        centers.flags.writeable = False
        object.__setattr__(self, "centers", centers)

    @property
    def bits(self) -> int:
        """The width of a code: the fewest bits that number all centers."""
        return (len(self.centers) - 1).bit_length()

    def encode(self, x: ArrayLike) -> np.ndarray:
        """Return the number of the center nearest to each value; of two, the lower.

        Args:
            x: real array of any shape.

        Returns:
            Codes of x's shape, from 0 to k - 1; uint8 up to 256 centers, else uint16.

        Raises:
            TypeError: x holds integers or no numbers.
            ValueError: x is empty or holds NaN or infinity.

        Example:
            >>> Codebook([0.0, 1.0]).encode([[0.4, 0.5], [0.6, 7.0]])
            array([[0, 0],
                   [1, 1]], dtype=uint8)
        """
        x = finite(x)
        codes = np.empty(x.shape, np.uint8 if len(self.centers) <= 256 else np.uint16)
        flat, out = x.reshape(-1), codes.reshape(-1)
        edges = middles(self.centers.astype(np.float64), flat.dtype)
        for begin in range(0, x.size, PART):
            part = slice(begin, begin + PART)
            out[part] = np.searchsorted(edges, flat[part])
        return codes if codes.ndim else codes[()]

    def decode(self, codes: ArrayLike) -> np.ndarray:
        """Return the center of each code, in the centers' dtype.

        Args:
            codes: integer array of any shape, from 0 to k - 1.

        Raises:
            TypeError: codes are no integers.
            ValueError: codes are empty, or one is outside 0 to k - 1.

        Example:
            >>> Codebook([0.0, 2.5]).decode(np.array([1, 0, 1]))
            array([2.5, 0. , 2.5])
        """
        codes = code_array(codes, "codes")
        if codes.min() < 0 or codes.max() >= len(self.centers):
            raise ValueError(
                f"codes run from {codes.min()} to {codes.max()}: a codebook of "
                f"{len(self.centers)} centers has the codes 0 to "
                f"{len(self.centers) - 1}."
            )
        return self.centers[codes]

    def fake_quantize(self, x: ArrayLike) -> np.ndarray:
        """Return decode(encode(x)): each value moved to its nearest center.

        Args:
            x: real array of any shape.

        Raises:
            TypeError, ValueError: as `encode`.

        Example:
            >>> Codebook([0.0, 2.5]).fake_quantize([2.0, 0.1])
            array([2.5, 0. ])
        """
        return self.centers[self.encode(x)]

    def astype(self, dtype: np.dtype) -> "Codebook":
        """Return the codebook with centers rounded to float32 or float64.

        Args:
            dtype: np.float32 or np.float64.

        Raises:
            TypeError: dtype is neither.
            ValueError: two centers would coincide.

        Example:
            >>> Codebook([0.0, 0.1]).astype(np.float32).centers
            array([0. , 0.1], dtype=float32)
        """
        known = isinstance(dtype, (type, np.dtype))
        if not known or dtype not in (np.float32, np.float64):
            raise TypeError(
                f"dtype is {dtype!s:.60}: np.float32 or np.float64 is needed."
            )
        return Codebook(self.centers.astype(dtype))

    def scaled(self, factor: float) -> "Codebook":
        """Return the codebook with all centers times `factor`.

        Args:
            factor: above 0, such as the largest magnitude of a tensor.

        Raises:
            TypeError, ValueError: factor is no finite number above 0, or so small or
                large that centers coincide or leave float32.

        Example:
            >>> Codebook([-1.0, 0.5]).scaled(4.0).centers
            array([-4.,  2.])
        """
        factor = plain_array(factor, "factor")
        if factor.dtype.kind == "b":
            raise TypeError(f"factor is {factor}: a number is needed.")
        if factor.ndim or not 0 < factor < np.inf:
            raise ValueError(f"factor is {factor}: one finite number above 0, please.")
        with np.errstate(over="ignore"):
            centers = (self.centers * np.float64(factor)).astype(self.centers.dtype)
        if not np.all(np.isfinite(centers)):
            raise ValueError(f"factor is {factor}: that is beyond {centers.dtype}.")
        return Codebook(centers)

    def nbytes(self, n: int) -> int:
        """Return the bytes of n codes, packed without gaps, and of the codebook itself.

        Args:
            n: number of codes, 0 or more.

        Raises:
            TypeError, ValueError: n is no whole number, or negative.

        Source: Han, Mao, Dally 2016 (arXiv 1510.00149), section 3. Lesson 03.

        Example:
            >>> Codebook(np.arange(16, dtype=np.float32)).nbytes(1000)
            564
        """
        n = whole_number(n, "n", 0, 2**48)
        return math.ceil(n * self.bits / 8) + self.centers.nbytes


def kmeans_codebook(x: ArrayLike | Histogram, k: int) -> Codebook:
    """Return the codebook of least mean squared error: k-means in one dimension.

    The centers are the means of their values, up to the rounding to x's dtype. For up
    to 2**21 / k different values the result is the optimum; for more, a local optimum
    that was within 2e-5 of it wherever that was measured (up to 256 centers). With more
    than 1,024 centers it is a local optimum from a good start, no more.

    Args:
        x: real array of any shape; or a histogram, whose values count as the middle of
            their bin.
        k: most centers, 1 to 65,536. Where x has fewer different values, each gets a
            center of its own.

    Returns:
        Centers in float64 for float64 and histograms, else float32.

    Raises:
        TypeError: x holds integers or no numbers; k is no whole number.
        ValueError: x is empty or holds NaN, infinity or values beyond float32; k is
            outside 1 to 65,536.

    Source: Han, Mao, Dally 2016 (arXiv 1510.00149), section 3, for k-means on weights;
    `qlib.kmeans` for the search. Lesson 03, "The optimum, computed".

    Example:
        >>> kmeans_codebook([1.0, 2.0, 6.0, 7.0, 30.0], k=3).centers
        array([ 1.5,  6.5, 30. ])
    """
    return kmeans_codebooks(x, [k])[0]


def kmeans_codebooks(x: ArrayLike | Histogram, ks: Sequence[int]) -> list[Codebook]:
    """Return `kmeans_codebook(x, k)` for each k, in little more time than the largest.

    Args:
        x: real array of any shape, or a histogram.
        ks: numbers of centers, each as for `kmeans_codebook`, at least one.

    Raises:
        TypeError, ValueError: as `kmeans_codebook`; ks is no row of whole numbers.

    Source: as `kmeans_codebook`.

    Example:
        >>> [book.centers for book in kmeans_codebooks([1.0, 2.0, 6.0, 7.0], [1, 2])]
        [array([4.]), array([1.5, 6.5])]
    """
    if not isinstance(ks, Sequence) or isinstance(ks, (str, bytes)) or not ks:
        raise TypeError(
            f"ks is {ks!r:.60}: a list of whole numbers is needed, such as [4]."
        )
    ks = [whole_number(k, "k", 1, MOST) for k in ks]
    line, dtype = _line(x, max(ks))
    fewer = [k for k in ks if k < len(line.values)]
    bounds = iter(optimal_bounds(line, *fewer) if fewer else ())
    books = []
    for k in ks:
        centers = line.values
        if k < len(line.values):
            steps = 100 if k > PATHS else 1000
            centers = _last(lloyd(line, line.means(next(bounds)), steps))
        books.append(Codebook(np.unique(centers.astype(dtype))))
    return books


def lloyd_max(
    x: ArrayLike | Histogram,
    k: int,
    start: str | ArrayLike = "quantile",
    *,
    seed: int = 0,
    steps: int = 10_000,
) -> Codebook:
    """Return the codebook at which Lloyd's algorithm arrives: a local optimum.

    It alternates between the two conditions of an optimum: each value belongs to its
    nearest center, and each center is the mean of its values. A center without values
    stays where it is.

    Args:
        x: real array of any shape, or a histogram.
        k: number of centers, 1 to 65,536 (fewer, where x has fewer different values).
        start: one of the ways of `start_centers`, or the first centers, ascending, at
            most k of them.
        seed: of the random start.
        steps: at most so many.

    Raises:
        TypeError, ValueError: as `kmeans_codebook`; start is none of these.

    Source: Lloyd 1982, "Least squares quantization in PCM"; Max 1960, "Quantizing for
    minimum distortion". Lesson 03, "Two conditions of the best levels".

    Example:
        >>> lloyd_max([1.0, 2.0, 6.0, 7.0, 30.0], k=3, start=[1.0, 2.0, 6.0]).centers
        array([ 1.5,  6.5, 30. ])
    """
    k = whole_number(k, "k", 1, MOST)
    steps = whole_number(steps, "steps", 1, 10**9)
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    line, dtype = _line(x, k)
    if isinstance(start, str):
        first = start_centers(x, k, start, seed=seed)
    else:
        first = Codebook(start).centers
        if len(first) > k:
            raise ValueError(
                f"start has {len(first)} centers, and k is {k}: give k at most."
            )
    centers = _last(lloyd(line, first, steps))
    return Codebook(np.unique(centers.astype(dtype)))


def start_centers(
    x: ArrayLike | Histogram, k: int, start: str, *, seed: int = 0
) -> np.ndarray:
    """Return the centers from which Lloyd's algorithm may start, float64, ascending.

    Args:
        x: real array of any shape, or a histogram.
        k: how many, 1 to 65,536 (fewer, where x has fewer different values, or a start
            meets the same one twice).
        start: "linear", equal steps from the least to the greatest value; "quantile",
            equal shares of the values; "random", values drawn by chance; "density",
            as dense as the cube root of the density of the values.
        seed: of the random start.

    Raises:
        TypeError, ValueError: as `kmeans_codebook`; start is none of the four.

    Source: Han, Mao, Dally 2016 (arXiv 1510.00149), section 3.2, for three of them
    (they call the quantile start density-based); Panter and Dite 1951 for the cube
    root. Lesson 03, "K-means and its optimum".

    Example:
        >>> start_centers([0.0, 1.0, 2.0, 9.0], 2, "quantile")
        array([1., 9.])
    """
    k = whole_number(k, "k", 1, MOST)
    if not isinstance(start, str) or start not in STARTS:
        raise ValueError(f"start is {start!r:.60}: allowed are {', '.join(STARTS)}.")
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    line, _ = _line(x, k)
    values = line.values
    if len(values) <= k:
        return np.unique(values.astype(np.float64))
    m = len(values)
    if start == "linear":
        found = np.linspace(float(values[0]), float(values[-1]), k)
    elif start == "quantile":
        shares = (np.arange(k) + 0.5) / k * float(line.n(np.array([m]))[0])
        found = values[np.searchsorted(line.n(np.arange(1, m + 1)), shares, "right")]
    elif start == "random":
        found = np.random.default_rng(seed).choice(values, k, replace=False)
    else:
        edges = cell_edges(line, 8 * k)
        places = np.rint((np.arange(k) + 0.5) / k * (len(edges) - 1)).astype(int)
        found = values[np.minimum(edges[places], m - 1)]
    return np.unique(found.astype(np.float64))


def kmeans_fake_quantize(
    x: ArrayLike, k: int, *, axis: int | None = None
) -> np.ndarray:
    """Return x with each value moved to a center of the best codebook of k centers.

    Args:
        x: real array of any shape.
        k: centers, 1 to 65,536.
        axis: channel axis: each channel gets a codebook of its own; None for one.

    Raises:
        TypeError, ValueError: as `kmeans_codebook`; x has no such axis.

    Source: lesson 03, "One fair table".

    Example:
        >>> x = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]])
        >>> kmeans_fake_quantize(x, 2, axis=1)
        array([[ 1.5, 15. ],
               [ 1.5, 15. ],
               [ 6. , 60. ]])
    """
    x = finite(x)
    if axis is None:
        return kmeans_codebook(x, k).fake_quantize(x)
    axis = channel_axis(axis, x.ndim)
    x_hat = np.empty(x.shape, x.dtype if x.dtype == np.float64 else np.float32)
    for channel in range(x.shape[axis]):
        index = (*[slice(None)] * axis, channel)
        x_hat[index] = kmeans_codebook(x[index], k).fake_quantize(x[index])
    return x_hat


def _last(path: Iterator[np.ndarray]) -> np.ndarray:
    return deque(path, maxlen=1)[0]


def _line(x: ArrayLike | Histogram, k: int) -> tuple[Line, np.dtype]:
    """Return the sorted values with their sums, and the dtype that centers get.

    Equal values are counted where that saves work; never can more than one center be
    better for them than one.
    """
    if isinstance(x, Histogram):
        require_counts(x)
        full = np.flatnonzero(x.counts)
        values = (x.edges[:-1] + x.width / 2)[full]
        return Line(values, x.counts[full]), np.dtype(np.float64)
    x = finite(x)
    dtype = np.dtype(np.float64 if x.dtype == np.float64 else np.float32)
    values = np.sort(x, axis=None).astype(dtype, copy=False)
    new = values[1:] != values[:-1]
    different = 1 + np.count_nonzero(new)
    if different == len(values):
        return Line(values), dtype
    if different > max(k, len(values) // 2):
        return Line(values), dtype
    begins = np.concatenate([[0], np.flatnonzero(new) + 1])
    counts = np.diff(np.append(begins, len(values)))
    return Line(values[begins], counts), dtype
