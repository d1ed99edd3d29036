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
BLOCK = 1 << 16  # half-way points at once: they fit a cache


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
    within, last = mass[kept], counts[kept - 1]
    outliers = mass[-1] - within
    sums = np.diff(mass.take(edges))
    shares = np.diff(bins.take(edges))
    shares[:, -1] += (last == 0) & (outliers > 0)
    p = sums.copy()
    p[:, -1] += outliers
    spread = sums > 0
    q = np.divide(sums, shares, out=np.ones_like(p), where=spread)  # times `within`
    cross = _log(within) - np.einsum("ij,ij->i", p, np.log(q)) / mass[-1]
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

    Were every value given the highest level L, the sum of squares would be that of
    x - L. For a value under the point t half-way between two levels, the lower level
    saves 2 scale (t - x). So, summed over values x and half-way points t,

        sum (x - level)**2  =  sum (x - L)**2  -  2 scale sum (t - x, where x < t)

    and running sums of n and n x tell the last sum: t n - x, of the bins below t.
    """
    qmin, qmax = codes
    n, x, squares = sums
    between = np.arange(qmin, qmax) + 0.5
    saved = np.empty(len(scale))
    rows = max(1, BLOCK // len(between))
    for begin in range(0, len(scale), rows):
        part = slice(begin, begin + rows)
        t = scale[part, None] * (between - zero[part, None])
        # How many bins have their middle under t.
        below = np.ceil(t - (start + 0.5)).astype(np.int64)
        t *= n.take(below, mode="clip")
        t -= x.take(below, mode="clip")
        saved[part] = 2 * scale[part] * t.sum(axis=1)
    last = scale * (qmax - zero)
    all_last = squares[-1] - 2 * last * x[-1] + last**2 * n[-1]
    return np.maximum(all_last - saved, 0.0) / n[-1]


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
    return values * _log(values)


def _log(values: np.ndarray) -> np.ndarray:
    """Return the logarithms of values, and 0 for 0, where it plays no part."""
    return np.log(np.where(values > 0, values, 1.0))


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
