"""qlib.packing: nothing is lost, half or a quarter of the bytes, bad input named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.packing import pack, unpack

shapes = arrays.array_shapes(max_dims=3, max_side=7)


@st.composite
def packable(draw):
    bits, signed = draw(st.sampled_from([2, 4])), draw(st.booleans())
    half = 2 ** (bits - 1)
    low, high = (-half, half - 1) if signed else (0, 2 * half - 1)
    dtype = draw(st.sampled_from([np.int8, np.int32] if signed else [np.uint8, int]))
    codes = arrays.arrays(dtype, shapes, elements=st.integers(low, high))
    return draw(codes), bits, signed


@given(packable())
def test_unpack_gives_back_what_was_packed(case):
    codes, bits, signed = case
    packed = pack(codes, bits)
    back = unpack(packed, bits, codes.shape, signed)
    np.testing.assert_array_equal(back, codes)
    assert back.dtype == (np.int8 if signed else np.uint8)
    assert packed.dtype == np.uint8
    assert packed.size == -(-codes.size * bits // 8)


@pytest.mark.parametrize("bits", [2, 4])
def test_bytes_are_built_little_end_first(bits):
    codes = np.random.default_rng(0).integers(0, 2**bits, 40)
    per_byte = 8 // bits
    by_hand = [
        sum(int(c) << (bits * i) for i, c in enumerate(codes[start : start + per_byte]))
        for start in range(0, 40, per_byte)
    ]
    np.testing.assert_array_equal(pack(codes, bits), by_hand)


def test_the_left_over_bits_are_zero():
    np.testing.assert_array_equal(pack(np.array([-1], np.int8), 4), [15])
    np.testing.assert_array_equal(pack(np.array([-1], np.int8), 2), [3])


def test_views_and_read_only_codes_are_taken_and_kept():
    codes = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    codes.flags.writeable = False
    packed = pack(codes.T, 4)
    np.testing.assert_array_equal(unpack(packed, 4, (4, 4)), codes.T)


Q = np.array([1, -1], np.int8)
BAD = {
    "bits 8": (lambda: pack(Q, 8), ValueError, "bits is 8.*2 or 4"),
    "bits 3": (lambda: pack(Q, 3), ValueError, "bits is 3"),
    "bits 4.0": (lambda: pack(Q, 4.0), TypeError, "bits is 4.0"),
    "floats": (lambda: pack([1.0], 4), TypeError, "float64"),
    "empty": (lambda: pack(np.array([], int), 4), ValueError, "empty"),
    "too large": (lambda: pack([8, -1], 4), ValueError, "-1 to 8.*-8 to 7"),
    "too small": (lambda: pack([-9], 4), ValueError, "-9"),
    "unsigned too large": (lambda: pack([16], 4), ValueError, "16.*0 to 15"),
    "too few bytes": (
        lambda: unpack(np.zeros(1, np.uint8), 4, 3),
        ValueError,
        "1 bytes.*3 codes.*take 2",
    ),
    "too many bytes": (
        lambda: unpack(np.zeros(3, np.uint8), 4, 2),
        ValueError,
        "3 bytes.*2 codes.*take 1",
    ),
    "signed bytes": (lambda: unpack(Q, 4, 4), TypeError, "int8"),
    "bytes in rows": (
        lambda: unpack(np.zeros((1, 1), np.uint8), 4, 2),
        TypeError,
        "flat",
    ),
    "shape 1.5": (lambda: unpack(pack(Q, 4), 4, 1.5), TypeError, "shape is 1.5"),
    "shape negative": (lambda: unpack(pack(Q, 4), 4, (-2,)), ValueError, "shape is -2"),
    "signed 'no'": (lambda: unpack(pack(Q, 4), 4, 2, "no"), TypeError, "signed"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        call()
