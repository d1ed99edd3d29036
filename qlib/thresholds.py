"""Every threshold at once: the divergence and the error of cutting a histogram there.

One pass a threshold would go over all bins again for each. Running sums answer for any
group of bins with one subtraction:

    sum of bins a to b-1  =  running[b] - running[a]

Introduced in lesson 03; `qlib.calibration` takes the best threshold of each curve.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import (
    count_row,
    flag,
    real_array,
    require_finite,
    require_float32,
    whole_number,
)
from qlib.histogram import Histogram

BINS = 2048  # of the published entropy calibration
BLOCK = 1 << 18  # level sums that are in memory at once


def entropy_curve(
    x: ArrayLike | Histogram,
    bits: int = 8,
    signed: bool = True,
    *,
    keep_zeros: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (thresholds, divergences): what `entropy_range` takes the least of.

    Args:
        x, bits, signed, keep_zeros: as for `entropy_range`.

    Returns:
        float64 arrays: thresholds in units of x, divergences in nats.

    Raises:
        TypeError, ValueError: as `entropy_range`.

    Example:
        >>> thresholds, kl = entropy_curve(np.linspace(0.0, 4.0, 5000), bits=4)
        >>> float(thresholds[kl.argmin()])
        4.0
    """
    levels = 2 ** (whole_number(bits, "bits", 2, 16) - int(flag(signed, "signed")))
    counts, width = _magnitudes(x, BINS)
    require_bins(len(counts), levels, bits)
    if not flag(keep_zeros, "keep_zeros") and counts[1:].any():
        counts[0] = min(counts[0], max(counts[1], 1))
    kept = np.arange(levels, len(counts) + 1)
    return kept * width, kl_divergences(counts, levels)


def kl_divergences(counts: ArrayLike, levels: int = 128) -> np.ndarray:
    """Return the divergence KL(P || Q) of every threshold, in nats, all at once.

    With the first i bins kept, P is their counts with all outliers added to the last
    one. For Q the i bins are merged into `levels` groups (group j begins at bin
    floor(j i / levels)), and the sum of each is spread evenly over its bins that P does
    not have empty. Both are divided by their sums. Where P has outliers in a group that
    has nothing to spread, the divergence is inf.

    Sums over a group are differences of running sums, so a threshold costs `levels`
    subtractions, however many bins it keeps.

    Args:
        counts: how many magnitudes lie in each bin, from 0 up, shape (n,), not
            negative.
        levels: groups, 1 to n; 128 for 8 bits.

    Returns:
        float64 array of shape (n - levels + 1,), for i = levels, ..., n.

    Raises:
        TypeError: counts are no numbers.
        ValueError: counts are not one row, or negative, or all 0; levels is not a
            whole number from 1 to n.

    Source: as `entropy_range`. Lesson 03, "KL divergence".

    Example:
        >>> kl_divergences([4, 2, 0, 1, 0, 1], levels=2).round(3)
        array([0.059, 0.059, 0.082, 0.082, 0.042])
    """
    counts = count_row(counts)
    levels = whole_number(levels, "levels", 1, len(counts))
    kept = np.arange(levels, len(counts) + 1)
    edges = np.arange(levels + 1) * kept[:, None] // levels  # (thresholds, levels + 1)
    mass, bins = _running(counts), _running(counts > 0)
    outliers, last = mass[-1] - mass[kept], counts[kept - 1]
    sums = np.diff(mass[edges])
    shares = np.diff(bins[edges])
    shares[:, -1] += (last == 0) & (outliers > 0)
    p = sums.copy()
    p[:, -1] += outliers
    spread = sums > 0
    q = np.divide(sums, shares * mass[kept][:, None], out=np.ones_like(p), where=spread)
    cross = -np.sum(p * np.log(q), axis=1) / mass[-1]
    cross[np.any((p > 0) & ~spread, axis=1)] = np.inf
    own = _running(_xlogx(counts))[kept] - _xlogx(last) + _xlogx(last + outliers)
    return np.maximum(own / mass[-1] - np.log(mass[-1]) + cross, 0.0)


def mse_curve(
    x: ArrayLike | Histogram, bits: int = 8, signed: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return (thresholds, MSE) of grids that end at the edge of each bin, all at once.

    The grid is that of magnitudes: 0 and 2**(bits - 1) - 1 further levels up to the
    threshold (2**bits - 1 if not signed). Values count as the middle of their bin.

    Args:
        x, bits, signed: as for `entropy_range`.

    Returns:
        float64 arrays: thresholds in units of x, MSE in squared units.

    Raises:
        TypeError, ValueError: as `entropy_range`.

    Source: lesson 03, "Least MSE".

    Example:
        >>> thresholds, mse = mse_curve(np.linspace(0.0, 4.0, 5000), bits=4)
        >>> float(thresholds[mse.argmin()])
        3.734375
    """
    steps = 2 ** (whole_number(bits, "bits", 2, 16) - int(flag(signed, "signed"))) - 1
    counts, width = _magnitudes(x, BINS)
    require_bins(len(counts), steps + 1, bits)
    kept = np.arange(steps + 1, len(counts) + 1)
    sums = _moments(counts, 0)
    losses = _losses(sums, 0, kept / steps, np.zeros(len(kept)), (0, steps))
    return kept * width, losses * width**2


def grid_mse(
    histogram: Histogram,
    low: np.ndarray,
    high: np.ndarray,
    codes: tuple[int, int],
    symmetric: bool = False,
) -> np.ndarray:
    """Return the MSE of the grid of each range from low[i] to high[i].

    Values count as the middle of their bin. The grids are those that
    `qlib.linear.choose_params` makes, with scales in float64.

    Args:
        histogram: values, in bins that reach to 0.
        low, high: ends of the ranges, shape (m,), holding 0, in units of the values.
        codes: (qmin, qmax).
        symmetric: zero point 0, and `high` counts alone.

    Returns:
        float64 array of shape (m,), in squared units.

    Example:
        >>> h = Histogram.from_array(np.linspace(-1.0, 1.0, 1001))
        >>> grid_mse(h, np.array([-1.0]), np.array([1.0]), (0, 4)).round(4)
        array([0.0208])
    """
    (qmin, qmax), width = codes, histogram.width
    if symmetric:
        scale, zero = high / qmax, np.zeros(len(high))
    else:
        scale = (high - low) / (qmax - qmin)
        zero = np.rint(qmin - low / scale)
    sums = _moments(histogram.counts, histogram.start)
    return _losses(sums, histogram.start, scale / width, zero, codes) * width**2


def _moments(counts: np.ndarray, start: int) -> np.ndarray:
    """Return running sums of n, n x and n x**2 for the middles of bins of width 1."""
    middles = start + np.arange(len(counts)) + 0.5
    return np.stack([_running(counts * middles**power) for power in (0, 1, 2)])


def _losses(sums, start, scale, zero, codes) -> np.ndarray:
    """Return the MSE for each scale and zero point, in units of a bin.

    All bins whose middle rounds to one code lie side by side, so that running sums give
    sum (x - level)**2 = sum x**2 - 2 level sum x + level**2 n for each code.
    """
    qmin, qmax = codes
    losses = np.empty(len(scale))
    q = np.arange(qmin, qmax + 1, dtype=np.float64)
    n_bins = sums.shape[1] - 1
    block = max(1, BLOCK // len(q))
    for begin in range(0, len(scale), block):
        part = slice(begin, begin + block)
        levels = scale[part, None] * (q - zero[part, None])
        first = np.ceil(levels[:, 1:] - scale[part, None] / 2 - 0.5) - start
        edges = np.zeros((len(levels), len(q) + 1), np.int64)
        edges[:, 1:-1] = np.clip(first, 0, n_bins)
        edges[:, -1] = n_bins
        n, x = (np.diff(each[edges]) for each in sums[:2])
        losses[part] = np.sum(levels * (levels * n - 2 * x), axis=1)
    return np.maximum(losses + sums[2, -1], 0.0) / sums[0, -1]


def _magnitudes(x: ArrayLike | Histogram, bins: int) -> tuple[np.ndarray, float]:
    if not isinstance(x, Histogram):
        x = Histogram.from_array(np.abs(finite(x)), bins)
    counts, width = x.magnitudes()
    if not max(-x.low, x.high):
        raise ValueError("all values are 0: there is no threshold to choose.")
    return counts, width


def require_bins(found: int, codes: int, bits: int) -> None:
    """Raise ValueError if a histogram has fewer bins than a grid has codes.

    Example:
        >>> require_bins(2048, 128, bits=8)
    """
    if found < codes:
        raise ValueError(
            f"bits={bits} has {codes} codes for {found} bins of the histogram: each "
            "needs one at least. Count with more bins, such as "
            f"Histogram(bins={max(BINS, 16 * codes)}), or ask for fewer bits."
        )


def _running(values: np.ndarray) -> np.ndarray:
    """Return 0 and the running sums, float64."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def _xlogx(values: np.ndarray) -> np.ndarray:
    return values * np.log(np.where(values > 0, values, 1.0))


def finite(x: ArrayLike, name: str = "x") -> np.ndarray:
    """Return x as an array of finite values that float32 could hold.

    Example:
        >>> finite([0.5, 2.0])
        array([0.5, 2. ])
    """
    x = real_array(x, name)
    low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        require_finite(x, name)
    require_float32(max(-low, high), name)
    return x
