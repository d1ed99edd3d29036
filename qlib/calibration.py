"""Range setting: which part of the real line shall the codes cover?

Four answers, each from an array or from a `Histogram`:

    min-max      all of it
    percentile   all but a small share of the values
    MSE          where mean (x - x_hat)**2 is least
    entropy      where KL(values || clipped and merged values) is least

Introduced in lesson 03. Each returns (low, high) for `qlib.linear.choose_params`.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import flag, plain_array, whole_number
from qlib.fitting import least_squares_scale, scale_losses
from qlib.histogram import Histogram, require_counts
from qlib.thresholds import BINS, entropy_curve, finite, grid_mse, require_bins

__all__ = [
    "Histogram",
    "entropy_range",
    "minmax_range",
    "mse_range",
    "percentile_range",
]

FINE = 1 << 16  # bins for an array's MSE: 257 and more to a step of 8 bits
WORK = 1 << 22  # level sums that one search may compute
COARSE = 32  # places tried for either end before the fine search


def minmax_range(x: ArrayLike | Histogram) -> tuple[float, float]:
    """Return the least and the greatest value.

    Args:
        x: real array of any shape, or a histogram (which remembers both exactly).

    Raises:
        TypeError: x holds integers or no numbers.
        ValueError: x is empty or holds NaN or infinity.

    Source: Krishnamoorthi 2018 (arXiv 1806.08342), section 2. Lesson 01.

    Example:
        >>> minmax_range([0.5, -1.0, 2.0])
        (-1.0, 2.0)
    """
    if isinstance(x, Histogram):
        require_counts(x)
        return x.low, x.high
    x = finite(x)
    return float(x.min()), float(x.max())


def percentile_range(
    x: ArrayLike | Histogram, percentile: float = 99.9
) -> tuple[float, float]:
    """Return the range that keeps the middle `percentile` percent of the values.

    Half of the rest is cut off at either end. Between two values the ends are
    interpolated; from a histogram they are right to the width of a bin, wherever
    neighbouring values lie no further apart.

    Args:
        x: real array of any shape, or a histogram.
        percentile: above 0, up to 100 (which is min-max).

    Raises:
        TypeError: x holds integers or no numbers; percentile is no number.
        ValueError: x is empty or holds NaN or infinity; percentile is outside (0, 100].

    Source: Wu et al. 2020 (arXiv 2004.09602), who take the percentile of the
    magnitudes. Lesson 03, "Four ways to choose a range".

    Example:
        >>> percentile_range(np.arange(101.0), 90)
        (5.0, 95.0)
    """
    kept = _percentile(percentile)
    ends = np.array([100 - kept, 100 + kept]) / 200
    if isinstance(x, Histogram):
        require_counts(x)
        before = np.concatenate([[0.0], np.cumsum(x.counts)]) / x.total
        low, high = np.clip(np.interp(ends, before, x.edges), x.low, x.high)
    else:
        x = finite(x)
        with np.errstate(over="raise"):
            try:
                low, high = np.quantile(x, ends)
            except FloatingPointError:  # two neighbours further apart than float32
                low, high = np.quantile(x.astype(np.float64), ends)
    return float(low), float(high)


def mse_range(
    x: ArrayLike | Histogram,
    bits: int = 8,
    symmetric: bool = False,
    narrow_range: bool = False,
) -> tuple[float, float]:
    """Return the range whose grid gives the least mean squared error.

    Either end is sought at 2,048 places between 0 and the outermost value. A histogram
    is taken with all its values at the middle of their bins; an array is first counted
    in 65,536 bins (more from 13 bits on). For an array on a symmetric, narrow grid the
    result is the optimum, by `qlib.fitting.least_squares_scale`.

    Args:
        x: real array of any shape, or a histogram.
        bits, symmetric, narrow_range: as for `qlib.linear.choose_params`, which turns
            the result into the grid.

    Raises:
        TypeError: x holds integers or no numbers; an option is of the wrong kind.
        ValueError: x is empty or holds NaN, infinity or values beyond float32; bits is
            outside 2 to 16; a histogram has fewer bins than the grid has codes.

    Source: Nagel et al. 2021 (arXiv 2106.08295), on range setting. Lesson 03, "Least
    MSE".

    Example:
        >>> low, high = mse_range([-1.0, -0.4, 0.5, 1.5], 2, True, True)
        >>> low, high
        (-1.25, 1.25)
    """
    qmin, qmax = _codes(bits, narrow_range)
    if flag(symmetric, "symmetric") and qmin == -qmax and not isinstance(x, Histogram):
        reach = _best_reach(finite(x), bits, qmax)
        return 0.0 - reach, reach
    if not isinstance(x, Histogram):
        x = Histogram.from_array(x, max(FINE, 16 * (qmax - qmin + 1)))
    histogram = x.holding_zero()
    if np.float32(max(-histogram.low, histogram.high)) == 0:
        return 0.0, 0.0
    require_bins(len(histogram.counts), qmax - qmin + 1, bits)
    if symmetric:
        reach = max(-histogram.low, histogram.high)
        ends = _thinned(np.linspace(reach, 0, BINS + 1)[:-1], qmax - qmin)
        best = ends[np.argmin(grid_mse(histogram, -ends, ends, (qmin, qmax), True))]
        return -float(best), float(best)
    return _best_two_ends(histogram, (qmin, qmax))


def entropy_range(
    x: ArrayLike | Histogram,
    bits: int = 8,
    signed: bool = True,
    *,
    keep_zeros: bool = True,
) -> tuple[float, float]:
    """Return the range, symmetric about 0, of least Kullback-Leibler divergence.

    It is cut to the values that occur: (0, T) where none is negative.

    Args:
        x: real array of any shape, or a histogram. The magnitudes of an array are
            counted in up to 2,048 bins; those of a histogram in its own.
        bits: 2 to 16.
        signed: whether half of the codes is for negative values, as published, though
            there be none; if not, all 2**bits codes are for magnitudes.
        keep_zeros: whether the bin at 0 counts in full, as published; if not, it counts
            no more than the next. Zeros have a code of their own on every grid, and
            say nothing about its range; after ReLU they drown all the rest.

    Raises:
        TypeError: x holds integers or no numbers; an option is of the wrong kind.
        ValueError: x is empty or holds NaN, infinity or values beyond float32; bits is
            outside 2 to 16 or has more codes than there are bins.

    Source: Migacz 2017, "8-bit Inference with TensorRT" (slides). There the loop ends
    one short of the full range, and the threshold is half a bin further out. Lesson 03,
    "KL divergence".

    Example:
        >>> x = np.random.default_rng(0).laplace(size=100_000)
        >>> low, high = entropy_range(x, bits=4)
        >>> round(float(high / np.abs(x).max()), 1)
        0.5
    """
    if not isinstance(x, Histogram):
        x = finite(x)
    low, high = minmax_range(x)
    if np.float32(max(-low, high)) == 0:
        return 0.0, 0.0
    thresholds, divergences = entropy_curve(x, bits, signed, keep_zeros=keep_zeros)
    best = float(thresholds[np.argmin(divergences)])
    return max(min(low, 0.0), -best), min(max(high, 0.0), best)


def _best_reach(x: np.ndarray, bits: int, qmax: int) -> float:
    """Return the best reach of a symmetric narrow grid; of equals, that of min-max."""
    largest = float(np.abs(x).max())
    if np.float32(largest) == 0:
        return 0.0
    scales = np.array([least_squares_scale(x, bits), largest / qmax])
    if scales[0] > scales[1] > 0:
        fitted, full = scale_losses(x, scales, bits)
        scales = scales[int(full <= fitted * (1 + 1e-9)) :]
    return float(scales[0]) * qmax


def _best_two_ends(histogram: Histogram, codes) -> tuple[float, float]:
    """Return the best (low, high): a coarse look at all pairs, then end by end."""
    steps = codes[1] - codes[0]
    lows = np.linspace(min(histogram.low, 0.0), 0, BINS + 1)
    highs = np.linspace(max(histogram.high, 0.0), 0, BINS + 1)
    lows, highs = (v[:-1] if v[0] else v[-1:] for v in (lows, highs))

    def best_of(low, high):
        low, high = np.broadcast_arrays(low, high)
        low, high = low.ravel(), high.ravel()
        best = int(np.argmin(grid_mse(histogram, low, high, codes, False)))
        return low[best], high[best]

    side = max(2, min(COARSE, int((WORK / steps) ** 0.5)))
    some = [v[:: -(-len(v) // side)] for v in (lows, highs)]
    best = best_of(some[0][:, None], some[1][None, :])
    for _ in range(8):
        before = best
        best = best_of(best[0], np.append(_thinned(highs, steps), best[1]))
        best = best_of(np.append(_thinned(lows, steps), best[0]), best[1])
        if best == before:
            break
    return float(best[0]), float(best[1])


def _thinned(ends: np.ndarray, steps: int) -> np.ndarray:
    """Return every n-th end from the outermost on, so that the work stays bounded."""
    return ends[:: max(1, len(ends) * steps // WORK)]


def _codes(bits: int, narrow_range: bool) -> tuple[int, int]:
    half = 2 ** (whole_number(bits, "bits", 2, 16) - 1)
    return -half + int(flag(narrow_range, "narrow_range")), half - 1


def _percentile(value: float) -> float:
    array = plain_array(value, "percentile")
    if array.dtype.kind not in "iuf" or array.ndim:
        raise TypeError(f"percentile is {value!r}: a number is needed.")
    if not 0 < array <= 100:
        raise ValueError(
            f"percentile is {value}: allowed are values above 0, up to 100. It is the "
            "share that is kept, in percent, such as 99.9."
        )
    return float(array)
