"""A real multiplier as an integer and a shift, and the roundings that runtimes use.

The accumulators of a layer come in steps of S_x * S_w, its output in steps of S_y. The
factor between them, S_x * S_w / S_y, is a real number; a device without floats holds
it as mantissa * 2^(shift - 31) and multiplies in integers. That leaves bits to be
rounded away, and runtimes do not agree how. Introduced in lesson 05.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import plain_array

ROUNDINGS = ("double-away", "double-up", "single")
INT32 = np.iinfo(np.int32)


def quantize_multiplier(real: ArrayLike) -> tuple:
    """Return (mantissa, shift), so that real is about mantissa * 2^(shift - 31).

    The mantissa is 0 or has its 31st bit set, from 2^30 to 2^31 - 1: the relative error
    is at most 2^-31. Factors below 2^-32 become (0, 0), as in the runtimes.

    Args:
        real: one factor or an array of them, 0 or more and below 2^31, no unit.

    Returns:
        Two Python integers for one factor, two int32 arrays for an array.

    Raises:
        TypeError: real holds no numbers.
        ValueError: a factor is negative, not finite, or 2^31 or more; real is empty.

    Source: Jacob et al. 2018 (arXiv 1712.05877), equation 6; `QuantizeMultiplier` in
    TensorFlow Lite's quantization_util.cc.

    Example:
        >>> quantize_multiplier(0.75), quantize_multiplier(0.003)
        ((1610612736, 0), (1649267442, -8))
    """
    factors = _factors(real)
    fraction, shift = np.frexp(factors)  # 0.5 <= fraction < 1
    mantissa = np.floor(fraction * 2.0**31 + 0.5).astype(np.int64)
    full = mantissa == 2**31  # rounded up to 1.0
    mantissa, shift = np.where(full, 2**30, mantissa), shift + full
    tiny = (shift < -31) | (mantissa == 0)
    mantissa = np.where(tiny, 0, mantissa).astype(np.int32)
    shift = np.where(tiny, 0, shift).astype(np.int32)
    return (mantissa, shift) if factors.ndim else (int(mantissa), int(shift))


def doubling_high_mul(a: ArrayLike, mantissa: ArrayLike) -> np.ndarray:
    """Return a * mantissa / 2^31, rounded to the nearest integer, ties up.

    The upper half of the doubled 64-bit product: one instruction on an Arm core.

    Args:
        a, mantissa: int32 values, of shapes that broadcast.

    Raises:
        TypeError: one holds no integers.
        ValueError: one is empty or leaves int32; their shapes don't broadcast.

    Source: `SaturatingRoundingDoublingHighMul` in gemmlowp's fixedpoint.h. (Its one
    saturating case, -2^31 times -2^31, comes back as 2^31 - 1.)

    Example:
        >>> doubling_high_mul([3, -3], 2**30)
        array([ 2, -1], dtype=int32)
    """
    a, mantissa = _int32(a, "a"), _int32(mantissa, "mantissa")
    _require_one_shape(a=a, mantissa=mantissa)
    return high_mul(a, mantissa).astype(np.int32)


def rounding_divide_by_pot(x: ArrayLike, exponent: ArrayLike) -> np.ndarray:
    """Return x / 2^exponent, rounded to the nearest integer, ties away from zero.

    Args:
        x: int32 values.
        exponent: 0 to 31; shapes broadcast.

    Raises:
        TypeError: one holds no integers.
        ValueError: one is empty, x leaves int32, or exponent leaves 0 to 31; their
            shapes don't broadcast.

    Source: `RoundingDivideByPOT` in gemmlowp's fixedpoint.h.

    Example:
        >>> rounding_divide_by_pot([5, 6, -6], 2)
        array([ 1,  2, -2], dtype=int32)
    """
    x, exponent = _int32(x, "x"), _within(exponent, "exponent", 0, 31)
    _require_one_shape(x=x, exponent=exponent)
    return shift_away(x, exponent).astype(np.int32)


def multiply_by_quantized_multiplier(
    acc: ArrayLike, mantissa: ArrayLike, shift: ArrayLike, rounding: str
) -> np.ndarray:
    """Return acc * mantissa * 2^(shift - 31), rounded to integers as a runtime does.

    Args:
        acc: accumulators, int32 values.
        mantissa, shift: of `quantize_multiplier`; the three shapes broadcast.
        rounding: "double-away" rounds twice, the second time with ties away from zero;
            "double-up" rounds twice, ties up both times; "single" rounds once, ties up.

    Returns:
        int32 array.

    Raises:
        TypeError: an argument holds no integers.
        ValueError: rounding is none of the three; a value leaves int32; mantissa is
            negative; shift leaves -31 to 30; acc * 2^shift leaves int32; the shapes
            don't broadcast.

    Source: `MultiplyByQuantizedMultiplier` in TensorFlow Lite's common.cc ("double-
    away"; "single" where it is built with TFLITE_SINGLE_ROUNDING), ruy's AVX kernels
    ("double-up") and its apply_multiplier.cc ("single"). Lesson 05.

    Example:
        >>> [int(multiply_by_quantized_multiplier(-6, 2**30, -1, r)) for r in ROUNDINGS]
        [-2, -1, -1]
    """
    if not isinstance(rounding, str) or rounding not in ROUNDINGS:
        raise ValueError(
            f"rounding is {rounding!r:.60}: allowed are "
            f"{', '.join(map(repr, ROUNDINGS))}."
        )
    acc, mantissa = _int32(acc, "acc"), _within(mantissa, "mantissa", 0, INT32.max)
    shift = _within(shift, "shift", -31, 30)
    _require_one_shape(acc=acc, mantissa=mantissa, shift=shift)
    _int32(acc << np.maximum(shift, 0), "acc * 2^shift")  # runtimes shift left first
    return rescaled(acc, mantissa, shift, rounding).astype(np.int32)


def rescaled(
    acc: np.ndarray, mantissa: np.ndarray, shift: np.ndarray, rounding: str
) -> np.ndarray:
    """Return what `multiply_by_quantized_multiplier` does, as int64 and unchecked."""
    if rounding == "single":
        return (acc * mantissa + (np.int64(1) << (30 - shift))) >> (31 - shift)
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    high = high_mul(acc << left, mantissa)
    if rounding == "double-away":
        return shift_away(high, right)
    return (high + ((np.int64(1) << right) >> 1)) >> right


def high_mul(a: np.ndarray, mantissa: np.ndarray | int) -> np.ndarray:
    """Return what `doubling_high_mul` does, as int64 and unchecked.

    Below 0 gemmlowp adds 1 - 2^30 and truncates, which comes to the same.
    """
    return np.minimum((a * mantissa + 2**30) >> 31, INT32.max)


def shift_away(x: np.ndarray, exponent: np.ndarray | int) -> np.ndarray:
    """Return what `rounding_divide_by_pot` does, as int64 and unchecked."""
    half = (np.int64(1) << np.asarray(exponent, np.int64)) >> 1
    return np.sign(x) * ((np.abs(x) + half) >> exponent)


def _factors(real: ArrayLike) -> np.ndarray:
    factors = plain_array(real, "real")
    if factors.dtype.kind not in "iuf":
        raise TypeError(
            f"real has dtype {factors.dtype}: a number or an array of them is needed."
        )
    with np.errstate(over="ignore"):  # what float64 cannot hold is refused below
        factors = factors.astype(np.float64)
    if factors.size == 0:
        raise ValueError("real is empty: give at least one factor.")
    allowed = (factors >= 0) & (factors < 2.0**31)
    if not allowed.all():
        raise ValueError(
            f"real holds {factors[~allowed].flat[0]}: factors of scales are 0 or more, "
            "and below 2^31."
        )
    return factors


def _int32(values: ArrayLike, name: str) -> np.ndarray:
    return _within(values, name, INT32.min, INT32.max)


def _within(values: ArrayLike, name: str, low: int, high: int) -> np.ndarray:
    """Return integers as int64 if all of them lie from low to high."""
    values = plain_array(values, name)
    if values.dtype.kind not in "iu":
        raise TypeError(
            f"{name} has dtype {values.dtype}: integers are needed. Round and cast "
            "real values first."
        )
    if values.size == 0:
        raise ValueError(f"{name} is empty (shape {values.shape}): give one at least.")
    if int(values.min()) < low or int(values.max()) > high:
        raise ValueError(
            f"{name} runs from {values.min()} to {values.max()}: {low} to {high} is "
            "allowed."
        )
    return values.astype(np.int64)


def _require_one_shape(**arrays: np.ndarray) -> None:
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(
            f"the shapes don't fit together: {shapes}. Each axis must have one length "
            "or 1."
        ) from None
