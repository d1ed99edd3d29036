"""How far a quantized tensor lies from the real one, and what theory expects.

    e = x - x_hat

All measures compare values of the same axis: x with what comes back, never x with its
code. Introduced in lesson 02. Sums run in float64, a part of the array at a time.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import plain_array, real_array, require_finite
from qlib._passes import parts
from qlib.linear import fake_quantize, quantize
from qlib.params import QuantParams

PART = 1 << 18  # values at a time: the float64 copies stay in the cache


def mse(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Return the mean squared error, the mean of (x - x_hat)**2.

    Args:
        x: real array of any shape.
        x_hat: what came back, of the same shape.

    Returns:
        The error in squared units of the tensor.

    Raises:
        TypeError: an argument holds integers (codes?) or no numbers.
        ValueError: the shapes differ; an argument is empty or holds NaN or infinity.

    Source: the course's article, 4.1.2, with x_hat where it has the code. Lesson 02.

    Example:
        >>> mse([0.0, 1.0], [0.0, 0.5])
        0.125
    """
    mean, power = _mean_square(*_pair(x, x_hat))
    return _times_power(mean, 2 * power)


def mae(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Return the mean absolute error, the mean of |x - x_hat|, in units of the tensor.

    Args:
        x, x_hat: as for `mse`.

    Raises:
        TypeError, ValueError: as `mse`.

    Source: "ABS" of the course's article, 4.1.2. Lesson 02.

    Example:
        >>> mae([0.0, 1.0], [0.0, 0.5])
        0.25
    """
    x, x_hat = _pair(x, x_hat)
    power = _power(x, x_hat)
    total = sum(float(np.abs(a - b).sum()) for a, b in _parts(x, x_hat, power))
    return _times_power(total / x.size, power)


def max_error(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Return the largest |x - x_hat|, in units of the tensor.

    Args:
        x, x_hat: as for `mse`.

    Raises:
        TypeError, ValueError: as `mse`.

    Source: lesson 02.

    Example:
        >>> max_error([0.0, 1.0], [0.0, 0.5])
        0.5
    """
    x, x_hat = _pair(x, x_hat)
    power = _power(x, x_hat)
    largest = max(float(np.abs(a - b).max()) for a, b in _parts(x, x_hat, power))
    return _times_power(largest, power)


def sqnr_db(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Return the signal-to-quantization-noise ratio 10 log10(mean x**2 / MSE), in dB.

    It is inf for an exact copy, and -inf if x is all zeros and x_hat is not.

    Args:
        x, x_hat: as for `mse`.

    Raises:
        TypeError, ValueError: as `mse`.

    Source: Bennett, "Spectra of quantized signals", Bell System Technical Journal 27,
    1948. Lesson 02.

    Example:
        >>> round(sqnr_db([3.0, 4.0], [3.0, 3.5]), 2)
        20.0
    """
    x, x_hat = _pair(x, x_hat)
    return _decibels(_mean_square(x), _mean_square(x, x_hat))


def cosine_similarity(x: ArrayLike, x_hat: ArrayLike) -> float:
    """Return the cosine of the angle between x and x_hat, read as two long vectors.

    A vector of zeros has no direction: beside another it gives 0, beside a second one
    of zeros (an exact copy) 1.

    Args:
        x, x_hat: as for `mse`.

    Raises:
        TypeError, ValueError: as `mse`.

    Source: lesson 02.

    Example:
        >>> cosine_similarity([1.0, 0.0], [2.0, 0.0])
        1.0
    """
    x, x_hat = _pair(x, x_hat)
    # Each vector in a unit of its own, for the angle does not depend on the lengths.
    units = _power(x), _power(x_hat)
    xx = xy = yy = 0.0
    pairs = zip(_parts(x, None, units[0]), _parts(x_hat, None, units[1]), strict=True)
    for a, b in pairs:
        xx, xy, yy = xx + _dot(a, a), xy + _dot(a, b), yy + _dot(b, b)
    if xx == 0 or yy == 0:
        return float(xx == yy)
    return min(1.0, max(-1.0, xy / math.sqrt(xx) / math.sqrt(yy)))


def error_parts(x: ArrayLike, params: QuantParams) -> tuple[float, float]:
    """Return the MSE of rounding and the MSE of clipping, whose sum is the MSE.

        x - x_hat = (clip(x) - x_hat) + (x - clip(x))

    clip moves a value to the nearer end of the grid. A value inside has no clipping
    error; one outside comes back as the end itself, and has no rounding error.

    Args:
        x: real array of any shape.
        params: the grid, per tensor or per channel.

    Raises:
        TypeError, ValueError: as `fake_quantize`.

    Source: Nagel et al. 2021 (arXiv 2106.08295), section 2.2. Lesson 02.

    Example:
        >>> error_parts([0.5, 5.0], QuantParams(1.0, 0, bits=3))
        (0.125, 2.0)
    """
    rounding = clipping = 0.0
    x, x_hat = real_array(x), fake_quantize(x, params)
    for _, low, high, a, b in _on_grid(params, x, x_hat):
        inside = np.clip(a, low, high)
        rounding += _sum_of_squares(inside - b)
        clipping += _sum_of_squares(a - inside)
    return rounding / x.size, clipping / x.size


def uniform_noise_mse(scale: ArrayLike) -> float:
    """Return step**2 / 12: the MSE if errors fill half a step either way evenly.

    Args:
        scale: step of the grid, above 0; of an array, the mean over its channels.

    Returns:
        The expected MSE in squared units of the tensor.

    Raises:
        TypeError, ValueError: scale is no number above 0.

    Source: Bennett 1948, as for `sqnr_db`. Lesson 02.

    Example:
        >>> round(uniform_noise_mse(0.5), 6)
        0.020833
    """
    mean, power = _mean_square(_steps(scale))
    return _times_power(mean / 12, 2 * power)


def uniform_noise_sqnr_db(x: ArrayLike, scale: ArrayLike) -> float:
    """Return the SQNR in dB that the uniform-noise model expects of this step.

    Args:
        x: real array of any shape.
        scale: as for `uniform_noise_mse`.

    Raises:
        TypeError, ValueError: as `mse` and `uniform_noise_mse`.

    Source: Bennett 1948, as for `sqnr_db`. Lesson 02.

    Example:
        >>> round(uniform_noise_sqnr_db(np.linspace(-1, 1, 10_001), 2 / 255), 1)
        48.1
    """
    mean, power = _mean_square(_steps(scale))
    return _decibels(_mean_square(_finite(x, "x")), (mean / 12, power))


class Health(NamedTuple):
    """What tells why the error of a tensor is as large as it is.

    Attributes:
        rmse_in_steps: RMSE of the errors, each in steps of its own channel; 0.289 if
            the uniform-noise model holds.
        exact: share of values that come back exactly.
        clipped: share of values beyond the ends of the grid.
        levels: number of different codes in use.
    """

    rmse_in_steps: float
    exact: float
    clipped: float
    levels: int


def health(x: ArrayLike, params: QuantParams) -> Health:
    """Return the `Health` of a tensor on a grid.

    Args:
        x: real array of any shape.
        params: the grid, per tensor or per channel.

    Raises:
        TypeError, ValueError: as `fake_quantize`.

    Source: lesson 02, "A health meter".

    Example:
        >>> health([0.0, 1.0, 7.0, 3.0], QuantParams(1.0, 0, bits=3))
        Health(rmse_in_steps=2.0, exact=0.75, clipped=0.25, levels=3)
    """
    x, codes, x_hat = real_array(x), quantize(x, params), fake_quantize(x, params)
    squares, exact, clipped = 0.0, 0, 0
    used = np.zeros(params.qmax - params.qmin + 1, dtype=bool)
    used[np.ravel(codes).astype(np.int64) - params.qmin] = True
    for scale, low, high, a, b in _on_grid(params, x, x_hat):
        with np.errstate(over="ignore"):  # beyond float64 it is inf
            steps = (a - b) / scale
        squares += _sum_of_squares(steps)
        exact += int(np.count_nonzero(a == b))
        clipped += int(np.count_nonzero((a < low) | (a > high)))
    rms = math.sqrt(squares / x.size)
    return Health(rms, exact / x.size, clipped / x.size, int(used.sum()))


def _finite(x: ArrayLike, name: str) -> np.ndarray:
    x = real_array(x, name)
    require_finite(x, name)
    return x


def _pair(x: ArrayLike, x_hat: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both as finite real arrays of one shape."""
    x, x_hat = _finite(x, "x"), _finite(x_hat, "x_hat")
    if x.shape != x_hat.shape:
        raise ValueError(
            f"x has shape {x.shape} and x_hat {x_hat.shape}: they must be equal, for "
            "each value is compared with what came back of it."
        )
    return x, x_hat


def _steps(scale: ArrayLike) -> np.ndarray:
    """Return the scale as float64, above 0 and finite."""
    scale = plain_array(scale, "scale")
    if scale.dtype.kind not in "iuf":
        raise TypeError(f"scale is {scale!r}: a number, or an array of them.")
    scale = scale.astype(np.float64)
    if scale.size == 0 or not np.all((scale > 0) & np.isfinite(scale)):
        raise ValueError(f"scale is {scale}: a step is above 0 and finite.")
    return scale


def _power(*arrays: np.ndarray) -> int:
    """Return a power of two near the largest magnitude, the unit to compute in.

    Squares then neither overflow nor vanish, and nothing is rounded.
    """
    return int(np.frexp(max(float(np.abs(a).max()) for a in arrays))[1])


def _parts(x: np.ndarray, x_hat: np.ndarray | None, power: int) -> Iterator:
    """Yield flat float64 parts of x, or of both, in units of 2**power."""
    flat = [np.ravel(a) for a in (x, x_hat) if a is not None]
    for start in range(0, x.size, PART):
        cut = [a[start : start + PART].astype(np.float64) for a in flat]
        scaled = [np.ldexp(a, -power) for a in cut]
        yield scaled[0] if x_hat is None else scaled


def _mean_square(x: np.ndarray, x_hat: np.ndarray | None = None) -> tuple[float, int]:
    """Return (m, p) with mean (x - x_hat)**2, or mean x**2, equal to m * 4**p."""
    if x_hat is None:
        power = _power(x)
        total = sum(_dot(a, a) for a in _parts(x, None, power))
    else:
        power = _power(x, x_hat)
        errors = (a - b for a, b in _parts(x, x_hat, power))
        total = sum(_dot(e, e) for e in errors)
    return total / x.size, power


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of a * b; BLAS would wait for a second core, busy or not."""
    return float(np.einsum("i,i", a, b))


def _times_power(value: float, power: int) -> float:
    with np.errstate(over="ignore"):  # beyond float64 it is inf
        return float(np.ldexp(value, power))


def _decibels(signal: tuple[float, int], noise: tuple[float, int]) -> float:
    """Return 10 log10(signal / noise), each a mean square as (m, p)."""
    if noise[0] == 0:
        return math.inf
    if signal[0] == 0:
        return -math.inf
    ratio = math.log10(signal[0]) - math.log10(noise[0])
    return 10 * (ratio + 2 * (signal[1] - noise[1]) * math.log10(2))


def _sum_of_squares(e: np.ndarray) -> float:
    with np.errstate(over="ignore"):  # beyond float64 it is inf
        return float(np.sum(e**2))


def _on_grid(params: QuantParams, x: np.ndarray, x_hat: np.ndarray) -> Iterator:
    """Yield scale, both ends of the grid, and parts of x and x_hat, all in float64."""
    for scale, zero, a, b in parts(params, x, x_hat):
        scale = scale.astype(np.float64)
        low, high = scale * (params.qmin - zero), scale * (params.qmax - zero)
        yield scale, low, high, a.astype(np.float64), b.astype(np.float64)
