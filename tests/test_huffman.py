"""qlib.huffman: the least total by two queues, round trips, bits by hand, bad input."""

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlib.huffman import (
    entropy_bits,
    huffman_decode,
    huffman_encode,
    huffman_lengths,
)

some_counts = st.one_of(
    st.lists(st.integers(0, 5), min_size=1, max_size=40),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=40),
    st.lists(st.integers(0, 40).map(lambda i: 2**i), min_size=1, max_size=20),
).filter(any)


def least_total(counts):
    """Return the fewest bits of any prefix code, by van Leeuwen's two queues."""
    one, two = deque(sorted(c for c in counts if c)), deque()
    if len(one) == 1:
        return one[0]
    total = 0
    while len(one) + len(two) > 1:
        pair = [
            (one if one and (not two or one[0] <= two[0]) else two).popleft()
            for _ in range(2)
        ]
        two.append(sum(pair))
        total += sum(pair)
    return total


def codes_of(counts, seed=0):
    codes = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(codes)


# --- lengths -------------------------------------------------------------------------


@given(some_counts)
def test_no_prefix_code_takes_fewer_bits(counts):
    lengths = huffman_lengths(counts)
    assert lengths.dtype == np.int64 and lengths.shape == (len(counts),)
    total = sum(c * int(n) for c, n in zip(counts, lengths, strict=True))
    assert total == least_total(counts)
    np.testing.assert_array_equal(lengths > 0, np.array(counts) > 0)
    present = [c for c in counts if c]
    kraft = sum(2.0 ** -int(n) for n in lengths if n)
    assert kraft == (0.5 if len(present) == 1 else 1)
    entropy, mean = entropy_bits(counts), total / sum(counts)
    assert entropy <= mean * (1 + 1e-12)
    assert mean < entropy + 1 or len(present) == 1


@given(some_counts)
def test_what_occurs_more_often_never_gets_more_bits(counts):
    lengths = huffman_lengths(counts)
    for a, n in zip(counts, lengths, strict=True):
        for b, m in zip(counts, lengths, strict=True):
            assert not (a > b > 0 and n > m)


def test_lengths_of_the_textbook_are_found():
    assert huffman_lengths([8, 4, 2, 1, 1]).tolist() == [1, 2, 3, 4, 4]
    assert huffman_lengths([1, 1, 1, 1]).tolist() == [2, 2, 2, 2]
    assert huffman_lengths([0, 7, 0]).tolist() == [0, 1, 0]
    assert huffman_lengths([0.5, 0.25, 0.25]).tolist() == [1, 2, 2]
    fibonacci = [1, 1]
    while len(fibonacci) < 40:
        fibonacci.append(sum(fibonacci[-2:]))
    assert huffman_lengths(fibonacci[::-1]).tolist() == [*range(1, 40), 39]


def test_many_symbols_are_coded_in_good_time():
    counts = np.random.default_rng(0).zipf(1.3, 20_000).clip(0, 10**12)
    lengths = huffman_lengths(counts)
    assert int(counts @ lengths) == least_total(counts.tolist())


# --- entropy -------------------------------------------------------------------------


@given(some_counts)
def test_entropy_is_the_sum_of_its_definition(counts):
    shares = [c / sum(counts) for c in counts if c]
    expected = math.fsum(p * math.log2(1 / p) for p in shares)
    assert entropy_bits(counts) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert entropy_bits([*counts[::-1], 0]) == pytest.approx(expected, abs=1e-12)


def test_entropies_that_everybody_knows():
    assert entropy_bits(np.ones(256)) == 8
    assert entropy_bits([1, 1]) == entropy_bits([0.3, 0.3]) == 1
    one = entropy_bits([0, 9])
    assert one == 0 and math.copysign(1, one) == 1


# --- encode and decode ---------------------------------------------------------------


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(1, 8))
def test_decoding_gives_back_what_was_encoded(codes, more):
    lengths = huffman_lengths(np.bincount(codes, minlength=max(codes) + more))
    packed = huffman_encode(codes, lengths)
    assert packed.dtype == np.uint8
    assert len(packed) == -(-int(lengths[codes].sum()) // 8)
    back = huffman_decode(packed, lengths, len(codes))
    assert back.dtype == np.int64
    np.testing.assert_array_equal(back, codes)
    np.testing.assert_array_equal(huffman_decode(packed, lengths, 0), [])


@pytest.mark.parametrize("k", [2, 16, 256, 1000])
def test_many_codes_take_the_bytes_that_the_lengths_say(k):
    rng = np.random.default_rng(k)
    codes = (rng.exponential(0.15, 20_000) * k).astype(np.uint16).clip(0, k - 1)
    counts = np.bincount(codes, minlength=k)
    lengths = huffman_lengths(counts)
    packed = huffman_encode(codes.reshape(100, 200), lengths)
    assert len(packed) == math.ceil(int(counts @ lengths) / 8)
    assert len(packed) * 8 / 20_000 < entropy_bits(counts) + 1
    np.testing.assert_array_equal(huffman_decode(packed, lengths, codes.size), codes)


def test_codes_of_one_length_count_upwards_and_short_ones_come_first():
    lengths = [2, 0, 1, 3, 3]  # 10, none, 0, 110, 111
    packed = huffman_encode([0, 2, 3, 4], lengths)
    assert packed.tolist() == [0b10011011, 0b10000000]


def test_the_longest_codes_are_written_and_read():
    lengths = [*range(1, 64), 64, 64]
    codes = np.array([64, 0, 63, 40, 64])
    packed = huffman_encode(codes, lengths)
    assert len(packed) == -(-(64 + 1 + 64 + 41 + 64) // 8)
    np.testing.assert_array_equal(huffman_decode(packed, lengths, 5), codes)
    assert packed[:8].tolist() == [255] * 8


def test_a_single_symbol_takes_one_bit():
    lengths = huffman_lengths([0, 0, 9])
    packed = huffman_encode([2] * 9, lengths)
    assert packed.tolist() == [0, 0]
    np.testing.assert_array_equal(huffman_decode(packed, lengths, 9), [2] * 9)


def test_nothing_given_is_changed():
    counts, codes = np.array([3, 0, 1, 5]), np.array([[0, 3], [2, 3]], np.uint8)
    lengths = huffman_lengths(counts)
    packed = huffman_encode(codes, lengths)
    for array in (counts, codes, lengths, packed):
        array.flags.writeable = False
    entropy_bits(counts), huffman_lengths(counts)
    again = huffman_encode(codes, lengths)
    np.testing.assert_array_equal(again, packed)
    np.testing.assert_array_equal(huffman_decode(packed, lengths, 4), [0, 3, 2, 3])
    np.testing.assert_array_equal(huffman_encode(codes.T, lengths)[:0], [])


# --- bad input: each is refused in a sentence that names it --------------------------

COUNTS = {"entropy_bits": entropy_bits, "huffman_lengths": huffman_lengths}
BAD_COUNTS = {
    "empty": ([], ValueError, "counts have shape .0,.: one row .*not all 0"),
    "all 0": ([0, 0], ValueError, "counts have shape .2,.: one row .*not all 0"),
    "rows": ([[1, 2]], ValueError, "counts have shape .1, 2.: one row"),
    "a number": (3, ValueError, "counts have shape"),
    "NaN": ([1.0, np.nan], ValueError, "counts run from nan .*finite"),
    "infinity": ([1.0, np.inf], ValueError, "counts run from 1.0 to inf.*finite"),
    "huge": ([1e308] * 3, ValueError, "counts run .*at most 2..53"),
    "negative": ([2, -1], ValueError, "counts run from -1.0 .*not negative"),
    "strings": (["a"], TypeError, "counts has dtype <U1"),
    "booleans": ([True, False], TypeError, "counts have dtype bool"),
    "None": (None, TypeError, "counts is None"),
    "masked": (np.ma.array([1]), TypeError, "counts is a masked array"),
}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("kind", BAD_COUNTS)
def test_counts_that_are_none_are_refused(name, kind):
    value, error, message = BAD_COUNTS[kind]
    with pytest.raises(error, match=f"(?s)^{message}"):
        COUNTS[name](value)


BYTES = huffman_encode([0, 1, 2], [1, 2, 2])
CALLS = {
    "encode": lambda lengths: huffman_encode([0], lengths),
    "decode": lambda lengths: huffman_decode(BYTES, lengths, 3),
}
BAD_LENGTHS = {
    "too short": ([1, 1, 1], ValueError, r"no prefix code.*Kraft.*huffman_lengths"),
    "just too short": ([1, 2, 3, 3, 64], ValueError, "no prefix code"),
    "all 0": ([0, 0], ValueError, "no prefix code"),
    "negative": ([-1, 1], ValueError, "lengths must be one row of 0 to 64"),
    "65": ([1, 65], ValueError, "lengths must be one row of 0 to 64"),
    "2**63": (np.array([2**63], np.uint64), ValueError, "lengths must be one row"),
    "rows": ([[1, 1]], ValueError, "lengths must be one row"),
    "a number": (1, ValueError, "lengths must be one row"),
    "reals": ([1.0, 1.0], TypeError, "lengths has dtype float64"),
    "empty": (np.zeros(0, int), ValueError, "lengths is empty"),
    "None": (None, TypeError, "lengths is None"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", BAD_LENGTHS)
def test_lengths_that_are_no_code_are_refused(name, kind):
    value, error, message = BAD_LENGTHS[kind]
    with pytest.raises(error, match=f"(?s)^.*{message}"):
        CALLS[name](value)


L = [1, 2, 0, 2]
BAD = {
    "code too high": (
        lambda: huffman_encode([0, 4], L),
        ValueError,
        "codes run from 0 to 4: there are lengths for 0 to 3",
    ),
    "code below 0": (lambda: huffman_encode([-1], L), ValueError, "from -1 to -1"),
    "no length": (lambda: huffman_encode([0, 2], L), ValueError, "code 2 has length 0"),
    "real codes": (lambda: huffman_encode([1.0], L), TypeError, "codes has dtype flo"),
    "no codes": (lambda: huffman_encode([], [1]), TypeError, "codes has dtype float64"),
    "empty codes": (
        lambda: huffman_encode(np.zeros(0, int), L),
        ValueError,
        "codes is empty",
    ),
    "too few bytes": (
        lambda: huffman_decode(BYTES, [1, 2, 2], 9),
        ValueError,
        "only [3-8] of 9 codes were found in 1 bytes",
    ),
    "bits that are no code": (
        lambda: huffman_decode(np.full(99, 255, np.uint8), [1, 2], 1),
        ValueError,
        "only 0 of 1 codes.*other codes",
    ),
    "int8": (lambda: huffman_decode(np.int8([1]), L, 1), TypeError, "int8.*uint8"),
    "list": (lambda: huffman_decode([1], L, 1), TypeError, "int64.*uint8"),
    "byte rows": (
        lambda: huffman_decode(np.zeros((1, 1), np.uint8), L, 1),
        TypeError,
        "flat uint8",
    ),
    "no bytes": (
        lambda: huffman_decode(np.zeros(0, np.uint8), L, 1),
        ValueError,
        "packed is empty",
    ),
    "n -1": (lambda: huffman_decode(BYTES, L, -1), ValueError, "n is -1"),
    "n 1.0": (lambda: huffman_decode(BYTES, L, 1.0), TypeError, "n is 1.0"),
    "n True": (lambda: huffman_decode(BYTES, L, True), TypeError, "n is True"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        call()
