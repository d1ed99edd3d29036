"""Codes of 4 and 2 bits in bytes: two or four to a byte, the first in the lowest bits.

    byte = code_0 + 16 * code_1                                   (4 bits)
    byte = code_0 + 4 * code_1 + 16 * code_2 + 64 * code_3        (2 bits)

Introduced in lesson 01, "Fewer than eight bits". Negative codes are kept in two's
complement, cut to `bits` bits. LiteRT lays its int4 tensors out the same way.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import code_array, flag, whole_number


def pack(q: ArrayLike, bits: int) -> np.ndarray:
    """Return the codes of `q` side by side in a flat uint8 array, little end first.

    Args:
        q: integer array of any shape, codes from -2**(bits-1) to 2**(bits-1) - 1, or
            from 0 to 2**bits - 1.
        bits: 2 or 4.

    Returns:
        uint8 array of ceil(q.size * bits / 8) bytes; the bits left over are 0.

    Raises:
        TypeError: q is not an integer array.
        ValueError: bits is neither 2 nor 4, q is empty, or a code needs more bits.

    Source: for 4 bits, `UnpackDenseInt4IntoInt8` in TensorFlow Lite's
    portable_tensor_utils.cc. Lesson 01, "Fewer than eight bits".

    Example:
        >>> pack(np.array([1, -1, 7], np.int8), bits=4)
        array([241,   7], dtype=uint8)
    """
    q, bits = code_array(q), _pack_bits(bits)
    _require_fitting(q, bits)
    per_byte = 8 // bits
    codes = np.zeros(-(-q.size // per_byte) * per_byte, np.uint8)
    codes[: q.size] = q.reshape(-1)  # the last 8 bits, of which the last few are kept
    codes &= np.uint8(2**bits - 1)
    packed = codes[::per_byte].copy()
    for place in range(1, per_byte):  # a pass each, where a reduction would go by bytes
        packed |= codes[place::per_byte] << np.uint8(place * bits)
    return packed


def unpack(
    packed: ArrayLike, bits: int, shape: int | tuple[int, ...], signed: bool = True
) -> np.ndarray:
    """Return the codes that `pack` put into bytes, in their shape.

    Args:
        packed: uint8 array, flat, as `pack` made it.
        bits: 2 or 4.
        shape: shape of the codes; it says how many there are.
        signed: whether the highest bit of a code counts as its sign.

    Returns:
        int8 array, or uint8 if not signed, of the given shape.

    Raises:
        TypeError: packed is not uint8, or shape is not made of whole numbers.
        ValueError: bits is neither 2 nor 4, or the bytes are too few or too many.

    Source: as `pack`.

    Example:
        >>> unpack(np.array([241, 7], np.uint8), bits=4, shape=3)
        array([ 1, -1,  7], dtype=int8)
    """
    packed, bits = code_array(packed, "packed"), _pack_bits(bits)
    shape = _code_shape(shape)
    if packed.dtype != np.uint8 or packed.ndim != 1:
        raise TypeError(
            f"packed is {packed.dtype} of shape {packed.shape}: a flat uint8 array is "
            "needed, as pack(q, bits) makes it."
        )
    size, per_byte = math.prod(shape), 8 // bits
    if len(packed) != -(-size // per_byte):
        raise ValueError(
            f"packed has {len(packed)} bytes, but {size} codes of {bits} bits (shape "
            f"{shape}) take {-(-size // per_byte)}: check shape and bits."
        )
    places = np.arange(per_byte, dtype=np.uint8) * bits
    codes = (packed[:, None] >> places) & (2**bits - 1)
    codes = codes.reshape(-1)[:size].reshape(shape)
    if not flag(signed, "signed"):
        return codes
    sign = 2 ** (bits - 1)
    return (codes ^ sign).astype(np.int8) - np.int8(sign)  # 15 ^ 8 - 8 = -1


def _pack_bits(bits: int) -> int:
    if whole_number(bits, "bits", 2, 16) not in (2, 4):
        raise ValueError(
            f"bits is {bits}: 2 or 4 can be packed. Codes of 8 and 16 bits fill their "
            "bytes already; others do not divide a byte."
        )
    return int(bits)


def _require_fitting(q: np.ndarray, bits: int) -> None:
    low, high, half = int(q.min()), int(q.max()), 2 ** (bits - 1)
    if -half <= low and high < (half if low < 0 else 2 * half):
        return
    raise ValueError(
        f"q holds codes from {low} to {high}: {bits} bits hold {-half} to {half - 1}, "
        f"or 0 to {2 * half - 1}. Quantize with bits={bits} first."
    )


def _code_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(whole_number(n, "shape", 0, 2**48) for n in sizes)
