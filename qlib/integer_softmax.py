"""The two softmaxes by which runtimes turn int8 scores into int8 probabilities.

Probabilities are codes on the grid of scale 1/256 and zero point -128, whatever the
scores. "fixed" computes in integers alone, for devices without floats; "table" looks
256 exponentials up and divides in float32. Introduced in lesson 05.
"""

import numpy as np

from qlib._checked import code_array, one_number
from qlib.fixed_point import high_mul, quantize_multiplier, rescaled, shift_away

SOFTMAXES = ("fixed", "table")
ONE = np.int64(2**31 - 1)  # the largest value with 31 bits after the point: nearly 1

_THIRD = 715827883  # 1/3
_EXP_EIGHTH = 1895147668  # exp(-1/8)
_FIRST_GUESS, _SLOPE = 1515870810, -1010580540  # 48/17 and -32/17, with 29 bits

# exp(-2^k) for k = -2 to 4, with 31 bits after the point.
POWERS = [round(float(np.exp(-(2.0**k))) * 2**31) for k in range(-2, 5)]


def integer_softmax(
    scores: np.ndarray, scale: float, beta: float = 1.0, kind: str = "fixed"
) -> np.ndarray:
    """Return the softmax of int8 scores as int8 codes of scale 1/256, zero point -128.

    Args:
        scores: int8 codes, shape (n, classes).
        scale: of the scores, real units a code; the zero point makes no difference.
        beta: the real scores are multiplied by it, above 0.
        kind: "fixed" as in TensorFlow Lite's reference kernel, "table" as in its
            optimised one, which XNNPACK's users get too.

    Raises:
        TypeError: scores are not int8, or a number is none.
        ValueError: scores do not have two axes, are empty, or kind is neither.

    Source: `Softmax` in TensorFlow Lite's reference softmax.h, with gemmlowp's
    fixedpoint.h, and in optimized_ops.h. (Builds for 64-bit Arm by clang may have
    another table.) Lesson 05.

    Example:
        >>> integer_softmax(np.array([[40, 20, 20]], np.int8), scale=0.1)
        array([[  73, -101, -101]], dtype=int8)
    """
    scores = code_array(scores, "scores")
    if scores.dtype != np.int8 or scores.ndim != 2:
        raise (TypeError if scores.dtype != np.int8 else ValueError)(
            f"scores are {scores.dtype} of shape {scores.shape}: int8 of shape (n, "
            "classes) is needed."
        )
    if not isinstance(kind, str) or kind not in SOFTMAXES:
        raise ValueError(f"kind is {kind!r:.60}: allowed are 'fixed' and 'table'.")
    scale = np.float32(one_number(scale, "scale", 0.0, 2.0**30))
    beta = np.float32(one_number(beta, "beta", 0.0, 2.0**30))
    below = scores.astype(np.int64) - scores.max(axis=1, keepdims=True)  # 0 or less
    with np.errstate(under="ignore"):  # far below the largest, exp(...) is 0
        codes = (_fixed if kind == "fixed" else _table)(below, scale, beta)
    return np.clip(codes, -128, 127).astype(np.int8)


def _table(below: np.ndarray, scale: np.float32, beta: np.float32) -> np.ndarray:
    step = scale * beta
    exponents = step * np.arange(256, dtype=np.float32)  # rounded to float32 first
    powers = np.exp(-exponents.astype(np.float64)).astype(np.float32)
    parts = powers[-below]
    total = np.zeros(len(parts), np.float32)
    for column in parts.T:  # in this order, for float32 sums depend on it
        total += column
    inverse = np.float32(1) / (total * np.float32(1 / 256))
    # In float32 0.49999997 + 0.5 would be 1, and the runtime rounds it down.
    found = (parts * inverse[:, None]).astype(np.float64)
    return np.floor(found + 0.5).astype(np.int64) - 128


def _fixed(below: np.ndarray, scale: np.float32, beta: np.float32) -> np.ndarray:
    """Sum exponentials with 12 bits before the point, divide by Newton's method."""
    factor = min(float(beta) * float(scale) * 2**26, float(ONE))
    mantissa, shift = quantize_multiplier(factor)
    least = -int(31 * 2**26 / 2**shift)  # below it exp(...) counts as 0
    counts = below >= least
    exponent = rescaled(np.where(counts, below, 0), mantissa, shift, "double-up")
    powers = np.where(counts, _exp(exponent), 0)
    total = shift_away(powers, 12).sum(axis=1)
    room = 32 - np.frexp(total.astype(np.float64))[1]  # leading zeros of 32 bits
    inverse = _inverse((total << room) - 2**31)
    product = high_mul(inverse[:, None], powers)
    return np.where(counts, shift_away(product, (35 - room)[:, None]) - 128, -128)


def _exp(a: np.ndarray) -> np.ndarray:
    """Return exp(a / 2^26) for a of 0 or less, with 31 bits after the point.

    A polynomial from -1/4 to 0, then a factor for each bit of what is left.
    """
    inner = (a & (2**24 - 1)) - 2**24
    x = (inner << 5) + 2**28  # from the middle of the interval, -1/8
    x2 = high_mul(x, x)
    x3, x4 = high_mul(x2, x), high_mul(x2, x2)
    curve = shift_away(high_mul(shift_away(x4, 2) + x3, _THIRD) + x2, 1)
    found = _EXP_EIGHTH + high_mul(_EXP_EIGHTH, x + curve)
    left = inner - a
    for bit, power in enumerate(POWERS, start=24):
        found = np.where(left & (1 << bit), high_mul(found, power), found)
    return np.where(a == 0, ONE, found)


def _inverse(a: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + a / 2^31) with 31 bits after the point, for a from 0 up."""
    half = (a + ONE + 1) >> 1  # (1 + a) / 2, rounded
    x = _FIRST_GUESS + high_mul(half, _SLOPE)  # 29 bits after the point
    for _ in range(3):
        x = x + (high_mul(x, 2**29 - high_mul(half, x)) << 2)
    return np.minimum(x << 1, ONE)
