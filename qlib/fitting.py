"""The scale of least error: closed form, regression, descent, and the true optimum.

A symmetric grid has one number to choose, its scale:

    loss(scale) = mean (x - scale * q)**2,    q = clip(round(x / scale), -qmax, qmax)

The codes q change only where the edge between two codes, (k + 1/2) * scale, crosses a
value. Between two such breakpoints they stand still, and the loss is a parabola with
its bottom at sum(x * q) / sum(q * q). Introduced in lesson 02.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import (
    code_array,
    plain_array,
    real_array,
    require_finite,
    require_float32,
    whole_number,
)
from qlib._passes import FLOAT32, channel_axis
from qlib.thresholds import finite

BREAKPOINTS = 1 << 18  # are swept one by one; a window with more is narrowed first
COARSE = 256  # scales that are tried to narrow a window


def least_squares_scale(
    x: ArrayLike, bits: int = 8, *, axis: int | None = None
) -> float | np.ndarray:
    """Return the scale of least MSE for symmetric narrow-range codes.

    A coarse grid of scales finds the valley; inside it, all breakpoints are swept. The
    result is the optimum, to float32, where all are swept at once: in any tensor of up
    to `BREAKPOINTS` / qmax different values. A tensor of zeros gets scale 1.

    Args:
        x: real array of any shape.
        bits: 2 to 16.
        axis: channel axis; None for one scale for all.

    Returns:
        A float that float32 holds; with `axis`, an array of shape (channels,), float32.

    Raises:
        TypeError: x holds integers or no numbers.
        ValueError: x is empty, holds NaN, infinity or values beyond float32, or has no
            such axis; bits is outside 2 to 16.

    Source: the closed form as in Rastegari et al. 2016 (arXiv 1603.05279), section
    3.1, there for one bit. Lesson 02, "Making it smallest".

    Example:
        >>> least_squares_scale([-1.0, -0.4, 0.5, 1.5], bits=2)
        1.25
    """
    x, qmax = _checked(x, bits)
    if axis is None:
        return float(_best_scale(x, qmax))
    rows = np.moveaxis(x, channel_axis(axis, x.ndim), 0)
    return np.array([_best_scale(row, qmax) for row in rows], dtype=np.float32)


def scale_losses(x: ArrayLike, scales: ArrayLike, bits: int = 8) -> np.ndarray:
    """Return the MSE of symmetric narrow-range codes for each of many scales.

    The values are sorted once. After that a scale costs qmax searches, however many
    values there are: code k + 1 is reached where |x| passes (k + 1/2) * scale.

    Args:
        x: real array of any shape.
        scales: steps to try, above 0, shape (m,), in units of x.
        bits: 2 to 16.

    Returns:
        float64 array of shape (m,), in squared units of x.

    Raises:
        TypeError, ValueError: as `least_squares_scale`; scales are not one row, or
            one is not above 0 or beyond float32.

    Source: lesson 02, "Making it smallest".

    Example:
        >>> scale_losses([-1.0, -0.4, 0.5, 1.1], [0.5, 0.75, 1.0], bits=2)
        array([0.155 , 0.0925, 0.105 ])
    """
    x, qmax = _checked(x, bits)
    scales = np.atleast_1d(np.asarray(_positive(scales, "scales"), dtype=np.float64))
    if scales.ndim > 1:
        raise ValueError(f"scales have shape {scales.shape}: one row is needed.")
    require_float32(float(scales.max()), "scales")
    a, n, unit = _magnitudes(x, least=float(FLOAT32.tiny))  # scales / unit is finite
    return _losses(a, n, scales / unit, qmax) * unit**2


def alternate(x: ArrayLike, bits: int, start: float, steps: int = 1000) -> np.ndarray:
    """Return the scales that alternating least squares goes through, `start` first.

    Each step rounds to codes with the last scale, then takes the scale that is best for
    these codes. It ends where the scale no longer changes: at a local optimum (unless a
    value lies exactly half-way between two levels), not always at the best one.

    Args:
        x: real array of any shape.
        bits: 2 to 16.
        start: first scale, above 0, in units of x.
        steps: at most so many.

    Raises:
        TypeError, ValueError: as `least_squares_scale`; start is so large that all
            codes are 0.

    Source: Lloyd's alternation ("Least squares quantization in PCM", IEEE Trans.
    Information Theory 28, 1982) for a grid of equal steps. Lesson 02.

    Example:
        >>> alternate([-1.0, -0.4, 0.5, 1.1], bits=2, start=1.1)
        array([1.1 , 1.05])
    """
    x, qmax = _checked(x, bits)
    path = [_one_positive(start, "start")]
    for _ in range(whole_number(steps, "steps", 1, 10**9)):
        q = _codes(x, path[-1], qmax)
        scale = float(np.sum(x * q) / np.sum(q * q))
        if scale == path[-1]:
            break
        path.append(scale)
    return np.array(path)


def scale_gradient(x: ArrayLike, scale: float, bits: int = 8) -> float:
    """Return the derivative of the MSE by the scale, -2 mean(q * (x - scale * q)).

    It exists at every scale but the breakpoints, where a value lies half-way between
    two levels.

    Args:
        x: real array of any shape.
        scale: above 0, in units of x.
        bits: 2 to 16.

    Raises:
        TypeError, ValueError: as `least_squares_scale`; scale is so large that all
            codes are 0.

    Source: lesson 02, "Making it smallest".

    Example:
        >>> round(scale_gradient([-1.0, -0.4, 0.5, 1.1], 1.0, bits=2), 3)
        -0.05
    """
    x, qmax = _checked(x, bits)
    scale = _one_positive(scale, "scale")
    q = _codes(x, scale, qmax)
    return float(-2 * np.mean(q * (x - scale * q)))


def descend(
    x: ArrayLike,
    bits: int,
    start: float,
    *,
    rate: float,
    steps: int,
    batch: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Return the scales of gradient descent on the MSE, shape (steps + 1,).

    Args:
        x: real array of any shape.
        bits: 2 to 16.
        start: first scale, above 0, in units of x.
        rate: learning rate. At 1 / (2 mean(q * q)), with the codes of that step, it
            is a step of `alternate`; below twice that no full step can raise the loss.
        steps: number of steps.
        batch: values drawn at random for each step (stochastic gradient descent); None
            takes all.
        seed: of the drawing, 0 to 2**32 - 1.

    Raises:
        TypeError, ValueError: as `scale_gradient`; a step leads to a scale of 0 or
            less, or so far that all codes are 0; seed is no whole number.

    Source: the course's article, 4.1.3, with the scale in the place of the weights.
    Lesson 02.

    Example:
        >>> descend([-1.0, -0.4, 0.5, 1.1], 2, 0.6, rate=0.1, steps=3)
        array([0.6   , 0.63  , 0.654 , 0.6732])
    """
    x, _ = _checked(x, bits)
    rng = np.random.default_rng(whole_number(seed, "seed", 0, 2**32 - 1))
    flat = np.ravel(x)
    rate = _one_positive(rate, "rate")
    path = [_one_positive(start, "start")]
    for step in range(1, whole_number(steps, "steps", 1, 10**9) + 1):
        some = flat
        if batch is not None:
            some = rng.choice(flat, whole_number(batch, "batch", 1, x.size))
        scale = path[-1] - rate * scale_gradient(some, path[-1], bits)
        if not 0 < scale < float(FLOAT32.max):
            raise ValueError(
                f"step {step} leads from scale {path[-1]:.4g} to {scale:.4g}: "
                f"the rate {rate:g} is too large. Try a tenth of it."
            )
        path.append(scale)
    return np.array(path)


def regress(x: ArrayLike, q: ArrayLike) -> tuple[float, float]:
    """Return (slope, intercept) of the line slope * q + intercept nearest to x.

    The slope is a scale; the intercept is what comes back of code 0.

    Args:
        x: real array of any shape.
        q: its codes, an integer array of the same shape.

    Raises:
        TypeError: x holds integers, or q does not.
        ValueError: the shapes differ, x holds NaN, infinity or values beyond float32,
            or all codes are equal.

    Source: simple linear regression, as the course's article asks for in section 2.
    Lesson 02.

    Example:
        >>> slope, intercept = regress([0.9, 3.1, 4.9], np.array([0, 1, 2]))
        >>> round(slope, 3), round(intercept, 3)
        (2.0, 0.967)
    """
    x, q = finite(x), code_array(q)
    if x.shape != q.shape:
        raise ValueError(
            f"x has shape {x.shape} and q {q.shape}: they must be equal, one code for "
            "each value."
        )
    x, q = x.astype(np.float64), q.astype(np.float64)
    away = q - q.mean()
    spread = float(np.sum(away * away))
    if spread == 0:
        raise ValueError(
            f"all codes are {int(q.flat[0])}: a line needs two different codes at "
            "least. Use a smaller scale."
        )
    slope = float(np.sum(away * x)) / spread
    return slope, float(x.mean() - slope * q.mean())


def _checked(x: ArrayLike, bits: int) -> tuple[np.ndarray, int]:
    """Return x as float64 and the highest code."""
    x = real_array(x)
    require_finite(x)
    require_float32(float(np.abs(x).max()))
    return x.astype(np.float64), 2 ** (whole_number(bits, "bits", 2, 16) - 1) - 1


def _positive(values: ArrayLike, name: str) -> np.ndarray:
    values = plain_array(values, name)
    if values.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {values!r}: a number, or an array of them.")
    if values.size == 0 or not np.all((values > 0) & np.isfinite(values)):
        raise ValueError(f"{name} is {values}: above 0 and finite is needed.")
    return values


def _one_positive(value: float, name: str) -> float:
    array = _positive(value, name)
    if array.ndim:
        raise ValueError(f"{name} has shape {array.shape}: one number is needed.")
    return float(array)


def _codes(x: np.ndarray, scale: float, qmax: int) -> np.ndarray:
    """Return the codes as float64; refuse a scale that leaves nothing but zeros."""
    with np.errstate(over="ignore"):  # what leaves float64 saturates
        q = np.clip(np.rint(x / scale), -qmax, qmax)
    if not q.any():
        raise ValueError(
            f"scale {scale:.4g} is so large that all codes are 0: it must be below "
            f"{2 * np.abs(x).max():.4g}, twice the largest magnitude."
        )
    return q


def _magnitudes(
    x: np.ndarray, least: float = 0.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (a, n, unit): the different |x| / unit from 0 to 1, and how often each."""
    a, n = np.unique(np.abs(x), return_counts=True)
    unit = max(float(a[-1]), least) or 1.0
    return a / unit, n.astype(np.float64), unit


def _best_scale(x: np.ndarray, qmax: int) -> np.float32:
    a, n, unit = _magnitudes(x)
    if np.float32(a[-1] * unit) == 0:
        return np.float32(1.0)
    # Where the best scale lies. Above `high` the codes stay in the lower half of 1 to
    # qmax, and half of the scale does as well. And it reaches to mean |x| at least:
    # scale * qmax >= sum(a q) / sum(q) >= mean(a), for q grows with a.
    low, high = 0.999 * (a @ n) / n.sum() / qmax, 1.001 / (qmax // 2 + 0.5)
    while _count_breakpoints(a, low, high, qmax) > BREAKPOINTS:
        scales = np.geomspace(low, high, COARSE)
        best = int(np.argmin(_losses(a, n, scales, qmax)))
        low, high = scales[max(best - 1, 0)], scales[min(best + 1, COARSE - 1)]
    return max(np.float32(_sweep(a, n, low, high, qmax) * unit), FLOAT32.tiny)


def _losses(a: np.ndarray, n: np.ndarray, scales: np.ndarray, qmax: int) -> np.ndarray:
    """Return the MSE of each scale, for sorted magnitudes `a` that occur `n` times.

    A value that has passed k edges has |q| = k and q**2 = 1 + 3 + 5 + ... + (2k - 1),
    so each edge adds to both sums what all values above it contribute.
    """
    above_n = np.append(np.cumsum(n[::-1])[::-1], 0.0)  # of all values from index i on
    above_a = np.append(np.cumsum((n * a)[::-1])[::-1], 0.0)
    square, k = float(n @ a**2), np.arange(qmax)
    losses = np.empty(len(scales))
    for i, scale in enumerate(scales):
        first = np.searchsorted(a, (k + 0.5) * scale)
        aq, qq = above_a[first].sum(), (2 * k + 1) @ above_n[first]
        losses[i] = square - 2 * scale * aq + scale**2 * qq
    return np.maximum(losses, 0.0) / n.sum()


def _count_breakpoints(a: np.ndarray, low: float, high: float, qmax: int) -> int:
    edges = np.arange(qmax) + 0.5
    return int(np.sum(a.searchsorted(high * edges) - a.searchsorted(low * edges)))


def _sweep(a: np.ndarray, n: np.ndarray, low: float, high: float, qmax: int) -> float:
    """Return the best scale between low and high.

    From high to low, each breakpoint raises the code of one magnitude from k to k + 1.
    For the codes between two of them, the least loss is
    sum(a a) - sum(a q)**2 / sum(q q).
    """
    begin, end = (np.minimum(np.rint(a / scale), qmax) for scale in (high, low))
    count = (end - begin).astype(np.int64)
    which = np.repeat(np.arange(len(a)), count)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    k = begin[which] + nth
    order = np.argsort(-a[which] / (k + 0.5), kind="stable")
    which, k = which[order], k[order]
    aq = np.cumsum(np.append(n @ (a * begin), (n * a)[which]))
    qq = np.cumsum(np.append(n @ begin**2, n[which] * (2 * k + 1)))
    gain = np.divide(aq**2, qq, out=np.zeros_like(aq), where=qq > 0)
    best = np.argmax(gain >= gain.max() * (1 - 1e-14))  # of equals, the coarsest
    return aq[best] / qq[best]
