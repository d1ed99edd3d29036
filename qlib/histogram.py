"""A histogram that grows with its data: batches in any order give the same counts.

The width of the bins is a power of two and every edge a whole multiple of it:

    bin i holds the values with  i * width <= x < (i + 1) * width

So when the range grows and the width must double, each two bins become one and no value
is ever counted in the wrong place. Introduced in lesson 03, "Histograms that can grow".
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import (
    real_array,
    require_finite,
    require_float32,
    whole_number,
)
from qlib._passes import PART

FINEST = -52  # widths go down to 2**FINEST of the largest magnitude, float64's spacing


class Histogram:
    """How many values lie in each bin, with at most `bins` bins from least to greatest.

    The width is the least power of two that fits. It follows from the least and the
    greatest value alone, so `update` and `merge`, in any order, give exactly what one
    pass over all values gives.

    Args:
        bins: most bins that are kept, 2 to 2**20.

    Attributes:
        low, high: the least and the greatest value; inf and -inf while empty.

    Raises:
        TypeError, ValueError: bins is no whole number from 2 to 2**20.

    Source: lesson 03, "Histograms that can grow".

    Example:
        >>> h = Histogram(bins=4).update([0.1, 0.3]).update([0.9, -0.2])
        >>> h.counts, h.edges
        (array([1, 2, 1]), array([-0.5,  0. ,  0.5,  1. ]))
    """

    def __init__(self, bins: int = 2048) -> None:
        self.bins = whole_number(bins, "bins", 2, 2**20)
        self.low, self.high = math.inf, -math.inf
        self._exponent, self._start = 0, 0  # width 2**exponent, number of first bin
        self._counts = np.zeros(0, np.int64)

    @classmethod
    def from_array(cls, x: ArrayLike, bins: int = 2048) -> "Histogram":
        """Return the histogram of all values of `x`.

        Args:
            x: real array of any shape.
            bins: as for the class.

        Raises:
            TypeError, ValueError: as `update`.

        Example:
            >>> Histogram.from_array([0.1, 0.3, 0.9], bins=4).counts
            array([1, 1, 0, 1])
        """
        return cls(bins).update(x)

    @property
    def counts(self) -> np.ndarray:
        """The number of values in each bin, int64; first and last are not 0."""
        return self._counts.copy()

    @property
    def edges(self) -> np.ndarray:
        """The edges of the bins, one more than counts, float64, in units of x."""
        numbers = np.arange(len(self._counts) + 1, dtype=np.float64) + self._start
        return np.ldexp(numbers, self._exponent) if len(self._counts) else np.zeros(0)

    @property
    def width(self) -> float:
        """The width of a bin, in units of x."""
        return math.ldexp(1.0, self._exponent)

    @property
    def start(self) -> int:
        """The number of the first bin: its left edge is start * width."""
        return self._start

    @property
    def total(self) -> int:
        """The number of values."""
        return int(self._counts.sum())

    def __repr__(self) -> str:
        if not self.total:
            return f"Histogram(bins={self.bins}), empty"
        return (
            f"Histogram(bins={self.bins}) of {self.total:,} values from {self.low:.4g} "
            f"to {self.high:.4g}, {len(self._counts)} bins of width {self.width:g}"
        )

    def update(self, x: ArrayLike) -> "Histogram":
        """Count the values of `x` too, and return this histogram.

        Args:
            x: real array of any shape.

        Raises:
            TypeError: x holds integers or no numbers.
            ValueError: x is empty, or holds NaN, infinity or values beyond float32;
                nothing is counted then.

        Example:
            >>> Histogram(bins=4).update([0.5, 0.75]).update([1.0]).counts
            array([1, 1, 1])
        """
        x = real_array(x)
        low, high = float(x.min()), float(x.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            require_finite(x)
        require_float32(max(-low, high))
        self._widen(low, high)
        flat = x.reshape(-1)
        for begin in range(0, x.size, PART):
            numbers = _numbers(flat[begin : begin + PART], self._exponent)
            numbers -= self._start
            self._counts += np.bincount(numbers, minlength=len(self._counts))
        return self

    def merge(self, other: "Histogram") -> "Histogram":
        """Count what `other` has counted too, and return this histogram.

        Args:
            other: a histogram with the same `bins`; it stays as it is.

        Raises:
            TypeError: other is no histogram.
            ValueError: other has another number of bins.

        Example:
            >>> half = Histogram.from_array([3.0], bins=4)
            >>> Histogram.from_array([1.0, 2.0], bins=4).merge(half).counts
            array([1, 1, 1])
        """
        if not isinstance(other, Histogram):
            raise TypeError(
                f"other is {type(other).__name__}: a Histogram is needed. Count an "
                "array with update(x)."
            )
        if other.bins != self.bins:
            raise ValueError(
                f"the other histogram has bins={other.bins}, this one {self.bins}: "
                "make both with the same, or their counts cannot be joined exactly."
            )
        if other.total:
            self._widen(other.low, other.high)
            start, counts = other._coarser(self._exponent)
            first = start - self._start
            self._counts[first : first + len(counts)] += counts
        return self

    def magnitudes(self) -> tuple[np.ndarray, float]:
        """Return (counts of |x| in bins from 0 up, their width): at most `bins` bins.

        Bin i holds what lay in bin i and in its mirror image, bin -1 - i. (A negative
        value that is a whole multiple of the width is counted nearer to 0 by one bin.)

        Raises:
            ValueError: the histogram is empty.

        Example:
            >>> Histogram.from_array([-0.6, 0.3, 0.7, 1.2], bins=8).magnitudes()
            (array([0, 1, 2, 0, 1]), 0.25)
        """
        whole = self.holding_zero()
        numbers = whole._start + np.arange(len(whole._counts))
        mirrored = np.where(numbers < 0, -1 - numbers, numbers)
        counts = np.zeros(mirrored.max() + 1, np.int64)
        np.add.at(counts, mirrored, whole._counts)
        return np.trim_zeros(counts, "b"), whole.width

    def holding_zero(self) -> "Histogram":
        """Return the same counts in bins that reach to 0, as every grid does.

        Raises:
            ValueError: the histogram is empty.

        Example:
            >>> Histogram.from_array([0.5, 1.0], bins=4).holding_zero().counts
            array([0, 1, 1])
        """
        require_counts(self)
        whole = Histogram(self.bins).merge(self)
        whole._widen(0.0, 0.0)
        return whole

    def _widen(self, low: float, high: float) -> None:
        """Make room for the values from low to high; double the width as needed."""
        low, high = min(low, self.low), max(high, self.high)
        exponent = _exponent(low, high, self.bins)
        start, counts = self._coarser(exponent)
        first, last = (int(_numbers(np.float64(v), exponent)) for v in (low, high))
        room = np.zeros(last - first + 1, np.int64)
        room[start - first : start - first + len(counts)] = counts
        self.low, self.high = low, high
        self._exponent, self._start, self._counts = exponent, first, room

    def _coarser(self, exponent: int) -> tuple[int, np.ndarray]:
        """Return (number of the first bin, counts) with bins of width 2**exponent."""
        if not len(self._counts):
            return int(_numbers(np.float64(0), exponent)), self._counts
        numbers = np.arange(len(self._counts)) + self._start
        numbers >>= min(exponent - self._exponent, 63)
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
        return int(numbers[0]), np.add.reduceat(self._counts, starts)


def require_counts(histogram: Histogram) -> None:
    """Raise ValueError if the histogram is empty.

    Example:
        >>> require_counts(Histogram.from_array([1.0]))
    """
    if not histogram.total:
        raise ValueError("the histogram is empty: count values with update(x) first.")


def _exponent(low: float, high: float, bins: int) -> int:
    """Return the least exponent whose bins of width 2**exponent fit, from low to high.

    It never falls when the range grows: the finest width follows the largest magnitude,
    and what fits a range fits each part of it.
    """
    largest = max(abs(low), abs(high))
    finest = max(math.frexp(largest)[1] + FINEST, -1074) if largest else -149
    span = high - low
    exponent = max(finest, math.frexp(span / bins)[1] - 1) if span else finest
    while _count(low, high, exponent) > bins:
        exponent += 1
    while exponent > finest and _count(low, high, exponent - 1) <= bins:
        exponent -= 1
    return exponent


def _count(low: float, high: float, exponent: int) -> int:
    first, last = (int(_numbers(np.float64(v), exponent)) for v in (low, high))
    return last - first + 1


def _numbers(x: np.ndarray, exponent: int) -> np.ndarray:
    """Return floor(x / 2**exponent), exactly, as int64.

    Division by a power of two only moves the exponent of a float. Where the factor or a
    result would leave the normal numbers of float32, float64 is used.
    """
    if x.dtype != np.float64 and -100 < exponent <= 0:
        steps = x.astype(np.float32) * np.float32(2.0**-exponent)
        return np.floor(steps, out=steps).astype(np.int64)
    with np.errstate(under="ignore"):
        steps = np.floor(np.ldexp(x.astype(np.float64), -exponent))
    # What float64 rounds to -0 was still below 0.
    return np.where((steps == 0) & (x < 0), -1, steps).astype(np.int64)
