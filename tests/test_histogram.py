"""qlib.histogram: any order of batches gives one pass's counts; np.histogram's too."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib._checked import require_float32
from qlib.histogram import Histogram, require_counts

F32_MAX = float(np.finfo(np.float32).max)
EDGE_CASES = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e-310, 1e-45, -1e-45, 1e-38, 1e-60]
EDGE_CASES += [F32_MAX, -F32_MAX, 1e30, -1e-30, 1 - 2.0**-53, 1 + 2.0**-52, 65504.0]
BINS = [2, 3, 4, 7, 64, 257, 2048]


def floats(width):
    most = {16: 65504.0, 32: F32_MAX, 64: F32_MAX}[width]
    return st.floats(-most, most, width=width)


@st.composite
def batches(draw):
    """Return 1 to 5 arrays: all sizes mixed, or multiples of one power of two."""
    kind = draw(st.sampled_from(["any", "special", "small", "grid", "constant"]))
    shapes = arrays.array_shapes(min_dims=0, max_dims=2, max_side=6)
    power, constant = draw(st.integers(-140, 110)), draw(floats(64))
    found = []
    for _ in range(draw(st.integers(1, 5))):
        dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
        elements = {
            "any": floats(dtype().itemsize * 8),
            "special": st.sampled_from(EDGE_CASES),
            "small": st.floats(-3, 3, width=16),
            "grid": st.integers(-40, 40).map(lambda i: math.ldexp(i, power)),
            "constant": st.just(constant),
        }[kind]
        values = draw(arrays.arrays(np.float64, draw(shapes), elements=elements))
        if np.abs(values).max() >= np.finfo(dtype).max:
            dtype = np.float64
        found.append(values.astype(dtype))
    return found


def joined(arrays):
    return np.concatenate([np.ravel(x).astype(np.float64) for x in arrays])


def assert_same(one, other):
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_array_equal(one.edges, other.edges)
    assert (one.low, one.high, one.width) == (other.low, other.high, other.width)
    assert (one.total, one.start, one.bins) == (other.total, other.start, other.bins)


def counted(x, edges):
    """Return NumPy's counts; a bin more takes the closed last edge away."""
    beyond = edges[-1] + (edges[-1] - edges[-2])
    found = np.histogram(x, np.append(edges, beyond))[0]
    assert found[-1] == 0
    return found[:-1]


# --- one pass ------------------------------------------------------------------------


@given(batches(), st.sampled_from(BINS))
def test_counts_are_those_of_np_histogram_between_its_edges(parts, bins):
    x = joined(parts)
    h = Histogram.from_array(x, bins)
    assert h.counts.dtype == np.int64 and h.edges.dtype == np.float64
    np.testing.assert_array_equal(h.counts, counted(x, h.edges))
    assert h.total == x.size == h.counts.sum()
    assert (h.low, h.high) == (x.min(), x.max())


@given(batches(), st.sampled_from(BINS))
def test_edges_are_whole_multiples_of_a_power_of_two(parts, bins):
    x = joined(parts)
    h = Histogram.from_array(x, bins)
    assert math.frexp(h.width)[0] == 0.5
    numbers = np.ldexp(h.edges, 1 - math.frexp(h.width)[1])
    np.testing.assert_array_equal(numbers, h.start + np.arange(len(h.counts) + 1))
    assert 1 <= len(h.counts) <= bins
    assert h.counts[0] > 0 and h.counts[-1] > 0
    if x.max() - x.min() > 1e-9 * np.abs(x).max() > 1e-300:
        assert len(h.counts) > bins / 2


@pytest.mark.parametrize("bins", [2, 100, 2048, 2**16, 2**20])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_many_values_are_counted_to_the_last(bins, dtype):
    x = np.random.default_rng(bins).laplace(size=300_000).astype(dtype)
    h = Histogram.from_array(x.reshape(2, -1), bins)
    np.testing.assert_array_equal(h.counts, counted(x.astype(np.float64), h.edges))
    assert bins / 2 < len(h.counts) <= bins


@pytest.mark.parametrize("scale", [2.0**-140, 2.0**-101, 2.0**-100, 1.0, 2.0**120])
def test_a_power_of_two_moves_the_edges_and_no_count(scale):
    x = np.random.default_rng(0).integers(-(2**8), 2**8, 500) / 256
    plain, scaled = (Histogram.from_array(v, 37) for v in (x, x * scale))
    small = Histogram.from_array((x * scale).astype(np.float32), 37)
    np.testing.assert_array_equal(plain.counts, scaled.counts)
    np.testing.assert_array_equal(plain.edges * scale, scaled.edges)
    assert_same(small, scaled)


def test_values_on_an_edge_belong_to_the_bin_above():
    h = Histogram.from_array([-1.0, -0.5, 0.0, 0.5, 1.0, 0.999], bins=5)
    np.testing.assert_array_equal(h.edges, [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
    np.testing.assert_array_equal(h.counts, [1, 1, 1, 2, 1])


def test_the_least_below_0_is_not_counted_at_0():
    h = Histogram(bins=2).update([1e38, -1e-300]).update([-5e-324])
    np.testing.assert_array_equal(h.counts, [2, 1])
    assert h.edges[1] == 0


@pytest.mark.parametrize("value", [0.0, -0.0, 0.7, -3.0, F32_MAX, 1e-45, 5e-324])
def test_a_constant_is_one_full_bin(value):
    h = Histogram.from_array(np.full(7, value))
    np.testing.assert_array_equal(h.counts, [7])
    assert h.low == h.high == value
    assert h.edges[0] <= value < h.edges[1]


# --- many batches --------------------------------------------------------------------


@given(batches(), st.sampled_from(BINS), st.randoms())
def test_batches_in_any_order_give_what_one_pass_gives(parts, bins, chance):
    whole = Histogram.from_array(joined(parts), bins)
    h = Histogram(bins)
    for x in parts:
        assert h.update(x) is h
    assert_same(h, whole)
    values = joined(parts).tolist()
    chance.shuffle(values)
    one_by_one = Histogram(bins)
    for value in values:
        one_by_one.update(value)
    assert_same(one_by_one, whole)


@given(batches(), st.sampled_from(BINS), st.randoms())
def test_merging_in_any_order_and_grouping_gives_what_one_pass_gives(
    parts, bins, chance
):
    whole = Histogram.from_array(joined(parts), bins)
    some = [Histogram.from_array(x, bins) for x in parts]
    while len(some) > 1:
        chance.shuffle(some)
        other = some.pop()
        before = (other.counts, other.edges, other.low, other.high)
        assert some[0].merge(other) is some[0]
        np.testing.assert_array_equal(other.counts, before[0])
        np.testing.assert_array_equal(other.edges, before[1])
        assert (other.low, other.high) == before[2:]
    assert_same(some[0], whole)


def test_a_range_that_grows_again_and_again_loses_no_value():
    powers = list(range(-149, 128))
    random.Random(0).shuffle(powers)
    values = [math.ldexp((-1) ** p, p) for p in powers]
    h = Histogram(bins=64)
    for value in values:
        h.update(np.float32(value))
    assert_same(h, Histogram.from_array(values, 64))
    assert h.total == len(values)


def test_an_empty_histogram_adds_nothing_and_takes_all():
    h = Histogram.from_array([1.0, 2.5], bins=8)
    expected = Histogram.from_array([1.0, 2.5], bins=8)
    assert_same(h.merge(Histogram(8)), expected)
    assert_same(Histogram(8).merge(h), expected)
    assert_same(Histogram(8).merge(Histogram(8)), Histogram(8))


def test_a_histogram_merged_with_itself_counts_all_twice():
    x = np.random.default_rng(0).normal(size=100)
    h = Histogram.from_array(x, 16)
    assert_same(h.merge(h), Histogram.from_array(np.append(x, x), 16))


@pytest.mark.parametrize("dtype", ["<f2", ">f2", ">f4", "<f8", ">f8", "g"])
def test_every_float_dtype_layout_and_list_is_counted_alike(dtype):
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float16)
    expected = Histogram.from_array(x.astype(np.float64), 32)
    other = x.astype(dtype)
    other.flags.writeable = False
    assert_same(Histogram.from_array(other, 32), expected)
    assert_same(Histogram.from_array(other[::-1].T, 32), expected)
    assert_same(Histogram.from_array(other.tolist(), 32), expected)


# --- what it gives -------------------------------------------------------------------


def test_what_is_given_out_is_a_copy():
    h = Histogram.from_array([0.1, 0.9, -0.2], bins=4)
    expected = Histogram.from_array([0.1, 0.9, -0.2], bins=4)
    h.counts[:], h.edges[:] = 99, 99
    h.holding_zero().counts[:] = 99
    h.holding_zero().update([5.0])
    h.magnitudes()[0][:] = 99
    assert_same(h, expected)


def test_an_empty_histogram_says_so():
    h = Histogram(bins=8)
    assert h.total == 0 and (h.low, h.high) == (np.inf, -np.inf)
    assert h.counts.shape == h.edges.shape == (0,)
    assert repr(h) == "Histogram(bins=8), empty"


def test_a_histogram_tells_what_it_holds():
    h = Histogram(bins=4).update([0.1, 0.3]).update([0.9, -0.2])
    said = "Histogram(bins=4) of 4 values from -0.2 to 0.9, 3 bins of width 0.5"
    assert repr(h) == said


@given(batches(), st.sampled_from(BINS))
def test_bins_that_hold_zero_are_those_of_the_values_and_zero(parts, bins):
    x = joined(parts)
    h = Histogram.from_array(x, bins).holding_zero()
    with_zero = Histogram.from_array(np.append(x, 0.0), bins)
    counts = with_zero.counts
    counts[-with_zero.start] -= 1
    np.testing.assert_array_equal(h.counts, counts)
    np.testing.assert_array_equal(h.edges, with_zero.edges)


@pytest.mark.parametrize("bins", [2, 3, 50, 2048])
@pytest.mark.parametrize("shift", [-5.0, -0.5, 0.0, 0.5, 5.0])
def test_magnitudes_are_np_abs_binned_by_hand(bins, shift):
    x = np.random.default_rng(bins).normal(shift, 1, 3000)
    counts, width = Histogram.from_array(x, bins).magnitudes()
    by_hand = np.bincount((np.abs(x) // width).astype(int))
    np.testing.assert_array_equal(counts, by_hand)
    assert len(counts) <= bins and counts[-1] > 0
    assert math.frexp(width)[0] == 0.5


def test_negative_multiples_of_the_width_are_counted_nearer_to_0_by_one_bin():
    counts, width = Histogram.from_array([-1.0, -0.5, 0.0, 0.5, 1.0], 8).magnitudes()
    assert width == 0.5
    np.testing.assert_array_equal(counts, [2, 2, 1])
    counts, width = Histogram.from_array(np.zeros(3), 8).magnitudes()
    np.testing.assert_array_equal(counts, [3])


# --- bad input: each is refused in a sentence, and nothing is counted ----------------

BAD_X = {
    "NaN": (np.array([9.0, np.nan]), ValueError, "x holds 1 .*NaN.*index 1"),
    "all NaN": (np.full(3, np.nan, np.float32), ValueError, "x holds 3"),
    "infinity": (np.array([[9, -np.inf]]), ValueError, r"x holds 1 .*index \(0, 1\)"),
    "both": (np.array([np.inf, -np.inf]), ValueError, "x holds 2"),
    "beyond float32": ([9.0, -1e39], ValueError, r"x holds 1e\+39: beyond float32"),
    "empty": (np.zeros((0, 2)), ValueError, r"x is empty \(shape \(0, 2\)\)"),
    "integers": (np.arange(9), TypeError, "x has dtype int64.*not codes"),
    "booleans": ([True, False], TypeError, "x has dtype bool"),
    "strings": (["a"], TypeError, "x has dtype <U1.*no strings"),
    "None": (None, TypeError, "x is None"),
    "complex": ([1j], TypeError, "x has dtype complex128"),
    "masked": (np.ma.array([9.0]), TypeError, "x is a masked array"),
    "ragged": ([[9.0], [1.0, 2.0]], ValueError, "x does not form an array"),
}


@pytest.mark.parametrize("kind", BAD_X)
@pytest.mark.parametrize("filled", [False, True])
def test_a_refused_update_leaves_the_histogram_as_it_was(kind, filled):
    value, error, message = BAD_X[kind]
    h, expected = Histogram(bins=4), Histogram(bins=4)
    if filled:
        h.update([0.1, 0.5]), expected.update([0.1, 0.5])
    with pytest.raises(error, match=f"(?s)^{message}"):
        h.update(value)
    assert_same(h, expected)
    assert_same(h.update([9.0]), expected.update([9.0]))


def test_a_float64_just_beyond_float32_is_refused():
    Histogram.from_array([-F32_MAX, F32_MAX])
    with pytest.raises(ValueError, match="beyond float32"):
        Histogram.from_array([np.nextafter(F32_MAX, np.inf)])
    require_float32(F32_MAX)
    with pytest.raises(ValueError, match="^range holds 1e"):
        require_float32(1e39, "range")


H = Histogram.from_array([0.1, 0.5], bins=4)
BAD = {
    "an array": (lambda: H.merge(np.ones(3)), TypeError, "ndarray.*update"),
    "None": (lambda: H.merge(None), TypeError, "NoneType"),
    "other bins": (lambda: H.merge(Histogram(8)), ValueError, "bins=8, this one 4"),
    "1 bin": (lambda: Histogram(1), ValueError, "bins is 1: allowed are 2 to 1048576"),
    "too many": (lambda: Histogram(2**20 + 1), ValueError, "bins is 1048577"),
    "2.0 bins": (lambda: Histogram(2.0), TypeError, "bins is 2.0"),
    "True bins": (lambda: Histogram(True), TypeError, "bins is True"),
    "'8' bins": (lambda: Histogram.from_array([1.0], "8"), TypeError, "bins is '8'"),
    "empty magnitudes": (lambda: Histogram().magnitudes(), ValueError, "is empty.*upd"),
    "empty with zero": (lambda: Histogram().holding_zero(), ValueError, "is empty"),
    "empty": (lambda: require_counts(Histogram()), ValueError, "is empty"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    before = repr(H)
    with pytest.raises(error, match=message):
        call()
    assert repr(H) == before
