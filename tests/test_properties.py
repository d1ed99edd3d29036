"""What holds for any tensor, grid or code, across modules: laws, and not examples.

Laws that belong to one module alone stand beside its other tests. Each law is tried on
as many examples as the profile says (see conftest.py).
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib import nn
from qlib.accumulators import Sums
from qlib.batch_norm import fold_batch_norm
from qlib.calibration import (
    entropy_range,
    minmax_range,
    mse_range,
    percentile_range,
)
from qlib.codebook import STARTS, Codebook, kmeans_codebook, lloyd_max, start_centers
from qlib.errors import (
    cosine_similarity,
    error_parts,
    mae,
    max_error,
    mse,
    sqnr_db,
)
from qlib.fitting import least_squares_scale, scale_losses
from qlib.fixed_point import (
    ROUNDINGS,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from qlib.histogram import Histogram
from qlib.huffman import entropy_bits, huffman_encode, huffman_lengths
from qlib.integer_softmax import SOFTMAXES, integer_softmax
from qlib.linear import choose_params, dequantize, fake_quantize, params_for, quantize
from qlib.packing import pack, unpack
from qlib.params import QuantParams
from qlib.rescale import ROUNDINGS as ALL_ROUNDINGS
from qlib.rescale import Rescale
from qlib.thresholds import kl_divergences
from qlib.windows import Window, average_pool, max_pool, seen_by_windows

F32 = np.finfo(np.float32)
DTYPES = [np.float16, np.float32, np.float64]
any_bits = st.integers(2, 16)
few_bits = st.integers(2, 6)
shapes = arrays.array_shapes(max_dims=3, max_side=5)
moderate = st.floats(-1e4, 1e4, width=32)
rows = arrays.arrays(np.float64, st.integers(1, 25), elements=st.floats(-9, 9))
whole = arrays.arrays(np.float64, st.integers(1, 25), elements=st.integers(-30, 30))


@st.composite
def grids(draw, bits=any_bits, channels=None, axis=None):
    """Return parameters of any width and kind, not made from a tensor."""
    kind = QuantParams(1.0, 1, draw(bits), draw(st.booleans()), draw(st.booleans()))
    zeros = st.integers(kind.qmin, kind.qmax)
    if channels is None:
        scale, zero = draw(st.floats(2.0**-80, 2.0**80, width=32)), draw(zeros)
    else:
        scales = st.floats(2.0**-10, 2.0**10, width=32)
        scale, zero = (
            draw(arrays.arrays(dtype, channels, elements=each, fill=st.nothing()))
            for dtype, each in ((np.float32, scales), (np.int32, zeros))
        )
    return QuantParams(scale, zero, kind.bits, kind.signed, kind.narrow_range, axis)


@st.composite
def values_near(draw, params, dtype=np.float32):
    """Return values about as large as the grid: inside, outside, on it, half-way."""
    codes = st.integers(2 * params.qmin - 9, 2 * params.qmax + 9)
    steps = st.one_of(
        codes.map(lambda q: q - params.zero_point),
        codes.map(lambda q: q - params.zero_point + 0.5),
        st.floats(params.qmin - 9, params.qmax + 9).map(
            lambda q: q - params.zero_point
        ),
    )
    steps = draw(arrays.arrays(np.float64, shapes, elements=steps))
    return (steps * np.float64(params.scale)).astype(dtype)


@st.composite
def on_a_grid(draw, bits=any_bits, dtype=np.float32):
    """Return (x, params) of about the same size."""
    params = draw(grids(bits))
    return draw(values_near(params, dtype)), params


@st.composite
def with_channels(draw):
    """Return (x, params, axis): one scale and one zero point for each channel."""
    x = draw(arrays.arrays(np.float32, shapes, elements=moderate, fill=st.nothing()))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    return x, draw(grids(channels=x.shape[axis], axis=axis)), axis


@st.composite
def pairs(draw, of=2):
    """Return tensors of one shape."""
    shape = draw(shapes)
    values = st.one_of(st.floats(-100, 100), st.integers(-3, 3))
    values = values.map(lambda v: v if abs(v) > 1e-100 else 0.0)  # a square is above 0
    return [draw(arrays.arrays(float, shape, elements=values)) for _ in range(of)]


def level(code, params):
    """Return the real value of a code, exactly."""
    return Fraction(float(params.scale)) * (int(code) - int(params.zero_point))


def channel(params, i):
    return QuantParams(
        params.scale[i],
        params.zero_point[i],
        params.bits,
        params.signed,
        params.narrow_range,
    )


# --- grids: there and back -----------------------------------------------------------


@given(grids())
def test_every_code_of_every_grid_comes_back_as_itself(params):
    q = np.arange(params.qmin, params.qmax + 1).astype(params.dtype)
    np.testing.assert_array_equal(quantize(dequantize(q, params), params), q)
    wide = np.empty(q.shape)
    np.testing.assert_array_equal(quantize(dequantize(q, params, wide), params), q)


@given(on_a_grid())
def test_what_lies_on_the_grid_stays_there(case):
    x, params = case
    once = fake_quantize(x, params)
    np.testing.assert_array_equal(fake_quantize(once, params), once)


@given(st.sampled_from(DTYPES), st.data())
def test_inside_the_range_nothing_moves_by_more_than_half_a_step(dtype, data):
    ends = data.draw(arrays.arrays(np.float64, 2, elements=st.floats(-1e4, 1e4)))
    low, high = sorted(ends.tolist())
    assume(high - low > 1e-3)
    kind = {
        "signed": data.draw(st.booleans()),
        "narrow_range": data.draw(st.booleans()),
    }
    params = choose_params(low, high, data.draw(any_bits), **kind)
    x = data.draw(arrays.arrays(np.float64, 9, elements=st.floats(low, high)))
    x = np.clip(x.astype(dtype), dtype(low), dtype(high))
    x_hat = fake_quantize(x, params)
    for value, back in zip(x, x_hat, strict=True):
        moved = abs(Fraction(float(value)) - Fraction(float(back)))
        # Of the quotient, of the scale and of the product: a float32 rounding each.
        rounding = 8 * Fraction(float(F32.eps)) * Fraction(max(abs(low), abs(high)))
        edge = abs(Fraction(float(dtype(low))) - Fraction(low))
        edge += abs(Fraction(float(dtype(high))) - Fraction(high))
        assert moved <= Fraction(float(params.scale)) / 2 + rounding + edge


@given(on_a_grid(few_bits))
def test_no_other_code_is_nearer(case):
    x, params = case
    levels = [level(q, params) for q in range(params.qmin, params.qmax + 1)]
    for value, q in zip(x.flat, quantize(x, params).flat, strict=True):
        exact = Fraction(float(value))
        least = min(abs(exact - other) for other in levels)
        # The quotient is a float32: within its rounding of a tie either code will do.
        noise = Fraction(float(F32.eps)) * abs(exact)
        assert abs(exact - level(q, params)) <= least + noise


@given(on_a_grid(dtype=np.float64), st.sampled_from(DTYPES))
def test_codes_and_levels_rise_with_the_values(case, dtype):
    x, params = case
    with np.errstate(over="ignore", under="ignore"):
        x = np.sort(np.ravel(x.astype(dtype)))
    assume(np.isfinite(x).all())
    q, x_hat = quantize(x, params), fake_quantize(x, params)
    assert np.all(np.diff(q.astype(int)) >= 0)
    assert np.all(np.diff(x_hat) >= 0)
    assert q.min() >= params.qmin and q.max() <= params.qmax


@given(on_a_grid(), st.integers(-30, 30))
def test_a_unit_that_is_a_power_of_two_changes_no_code(case, power):
    x, params = case
    scale = np.ldexp(np.float32(params.scale), power)
    other = QuantParams(
        scale, params.zero_point, params.bits, params.signed, params.narrow_range
    )
    moved = np.ldexp(x, power)
    np.testing.assert_array_equal(quantize(moved, other), quantize(x, params))
    np.testing.assert_array_equal(
        fake_quantize(moved, other), np.ldexp(fake_quantize(x, params), power)
    )


@given(
    arrays.arrays(np.float64, 2, elements=moderate),
    any_bits,
    st.booleans(),
    st.booleans(),
    st.integers(-60, 60),
)
def test_a_range_in_another_unit_gets_the_same_grid_in_that_unit(
    ends, bits, symmetric, narrow, power
):
    low, high = np.sort(ends)
    assume(max(-low, high) > 1e-6)
    kind = {"symmetric": symmetric, "narrow_range": narrow}
    one = choose_params(low, high, bits, **kind)
    two = choose_params(np.ldexp(low, power), np.ldexp(high, power), bits, **kind)
    assert two.scale == np.ldexp(one.scale, power)
    assert two.zero_point == one.zero_point


@given(st.data(), any_bits)
def test_a_symmetric_narrow_grid_knows_no_side(data, bits):
    scale = data.draw(st.floats(2.0**-80, 2.0**80, width=32))
    params = QuantParams(scale, 0, bits, narrow_range=True)
    x = data.draw(values_near(params))
    np.testing.assert_array_equal(quantize(-x, params), -quantize(x, params))
    np.testing.assert_array_equal(fake_quantize(-x, params), -fake_quantize(x, params))


@given(on_a_grid(st.integers(2, 15)))
def test_with_a_level_more_between_each_two_nothing_gets_worse(case):
    x, params = case
    finer = QuantParams(
        np.float32(params.scale) / 2, 2 * params.zero_point, params.bits + 1,
        params.signed,
    )  # fmt: skip
    coarse, fine = (np.abs(x - fake_quantize(x, p)) for p in (params, finer))
    # A value near a tie may go either way, as far as float32 tells.
    assert np.all(fine <= coarse + F32.eps * np.abs(x))


@given(
    arrays.arrays(np.float64, 2, elements=moderate),
    st.floats(0, 100),
    st.floats(0, 100),
    any_bits,
    st.booleans(),
)
def test_the_grid_of_a_range_reaches_over_it_and_grows_with_it(
    ends, below, above, bits, symmetric
):
    low, high = np.sort(ends)
    params = choose_params(low, high, bits, symmetric=symmetric)
    assert params.qmin <= params.zero_point <= params.qmax
    first, last = level(params.qmin, params), level(params.qmax, params)
    half = Fraction(float(params.scale)) / 2 * (1 + Fraction(1, 2**6))
    assert first <= 0 <= last
    assert first - half <= min(low, 0) and max(high, 0) <= last + half
    wider = choose_params(low - below, high + above, bits, symmetric=symmetric)
    assert wider.scale >= params.scale or max(-low, high) < F32.tiny * 2**17


@given(on_a_grid(), st.randoms())
def test_a_value_gets_its_code_wherever_it_stands(case, chance):
    x, params = case
    q, order = quantize(x, params), list(range(x.size))
    chance.shuffle(order)
    flat = np.ravel(x)
    np.testing.assert_array_equal(quantize(flat[order], params), np.ravel(q)[order])
    np.testing.assert_array_equal(quantize(x.T, params), q.T)
    np.testing.assert_array_equal(quantize(x[::-1], params), q[::-1])
    out = np.empty(2 * x.size, params.dtype)[::2]
    assert quantize(flat, params, out) is out
    np.testing.assert_array_equal(out, np.ravel(q))


# --- channels ------------------------------------------------------------------------


@given(with_channels())
def test_with_channels_it_is_one_call_for_each_channel(case):
    x, params, axis = case
    q, x_hat = quantize(x, params), fake_quantize(x, params)
    back = dequantize(q, params)
    for i in range(x.shape[axis]):
        one, own = np.take(x, i, axis), channel(params, i)
        np.testing.assert_array_equal(np.take(q, i, axis), quantize(one, own))
        np.testing.assert_array_equal(np.take(x_hat, i, axis), fake_quantize(one, own))
        np.testing.assert_array_equal(
            np.take(back, i, axis), dequantize(quantize(one, own), own)
        )


@given(with_channels(), any_bits, st.booleans(), st.booleans())
def test_each_channel_has_the_grid_of_its_own_values(case, bits, symmetric, narrow):
    x, _, axis = case
    kind = {"symmetric": symmetric, "narrow_range": narrow}
    params = params_for(x, bits, axis=axis, **kind)
    scales = least_squares_scale(x, bits, axis=axis)
    for i in range(x.shape[axis]):
        one = np.take(x, i, axis)
        assert channel(params, i) == params_for(one, bits, **kind)
        assert scales[i] == np.float32(least_squares_scale(one, bits))


@given(with_channels())
def test_the_mse_is_the_mean_of_that_of_the_channels(case):
    x, params, axis = case
    ones = [np.take(x, i, axis) for i in range(x.shape[axis])]
    owns = [channel(params, i) for i in range(x.shape[axis])]
    each = [mse(a, fake_quantize(a, p)) for a, p in zip(ones, owns, strict=True)]
    x_hat = fake_quantize(x, params)
    total = mse(x, x_hat)
    assert total == pytest.approx(np.mean(each), rel=1e-12, abs=1e-300)
    parts = np.array([error_parts(a, p) for a, p in zip(ones, owns, strict=True)])
    found = error_parts(x, params)
    assert found == pytest.approx(tuple(parts.mean(axis=0)), rel=1e-12, abs=1e-300)
    # A clipped value comes back as the end of the grid, rounded to float32.
    rounding = 4 * F32.eps * float(np.abs(x_hat).max()) * max_error(x, x_hat)
    assert abs(sum(found) - total) <= 1e-12 * total + rounding


# --- errors --------------------------------------------------------------------------


@given(pairs())
def test_the_mean_error_the_rmse_and_the_largest_come_in_this_order(pair):
    mean, root, largest = mae(*pair), math.sqrt(mse(*pair)), max_error(*pair)
    assert mean <= root * (1 + 1e-12)
    assert root <= largest * (1 + 1e-12)
    assert largest <= mean * pair[0].size * (1 + 1e-12)
    assert (largest == 0) == np.array_equal(*pair)


@given(pairs(of=3))
def test_a_detour_is_never_shorter_and_the_way_back_as_long(three):
    x, y, z = three
    for length in (mae, max_error, lambda a, b: math.sqrt(mse(a, b))):
        assert length(x, z) <= (length(x, y) + length(y, z)) * (1 + 1e-12)
        assert length(x, y) == length(y, x)


@given(pairs(), st.randoms())
def test_neither_order_nor_sign_nor_a_second_copy_changes_a_measure(pair, chance):
    order = list(range(pair[0].size))
    chance.shuffle(order)
    x, x_hat = (np.ravel(a) for a in pair)
    for measure in (mse, mae, max_error, sqnr_db, cosine_similarity):
        found = pytest.approx(measure(*pair), rel=1e-9, abs=1e-12)
        assert measure(x[order], x_hat[order]) == found
        assert measure(-x, -x_hat) == found
        assert measure(np.tile(x, 3), np.tile(x_hat, 3)) == found


# --- ranges and histograms -----------------------------------------------------------

RANGES = {
    "min-max": minmax_range,
    "percentile": lambda x: percentile_range(x, 95),
    "MSE": lambda x: mse_range(x, 3),
    "entropy": lambda x: entropy_range(x, 3),
}
each_range = pytest.mark.parametrize("name", RANGES)


@each_range
@given(rows, st.booleans())
def test_a_range_stays_between_the_values_and_0_and_its_grid_holds_0(name, x, counted):
    low, high = RANGES[name](Histogram.from_array(x, 64) if counted else x)
    assert low <= high
    tiny = 1e-12 * np.abs(x).max()
    assert min(x.min(), 0) - tiny <= low and high <= max(x.max(), 0) + tiny
    params = choose_params(low, high, 3)
    assert fake_quantize(np.zeros(1), params) == 0


@each_range
@given(rows.filter(np.any), st.integers(-40, 40))
def test_a_range_moves_with_the_unit(name, x, power):
    x = np.float64(np.float32(x))
    assume(np.abs(x).max() > 1e-12)
    ends = np.ldexp(RANGES[name](x), power)
    # (A sum of rounded squares may prefer one of two equally good ends to the other.)
    assert RANGES[name](np.ldexp(x, power)) == pytest.approx(tuple(ends), rel=1e-9)


@given(st.lists(rows, min_size=3, max_size=3), st.sampled_from([2, 5, 64, 2048]))
def test_histograms_add_like_numbers(three, bins):
    def counted(*parts):
        h = Histogram(bins)
        for x in parts:
            h.merge(Histogram.from_array(x, bins))
        return h

    def facts(h):
        return h.counts.tolist(), h.edges.tolist(), h.low, h.high

    a, b, c = three
    left = counted(a, b).merge(counted(c))
    right = counted(a).merge(counted(b, c))
    assert facts(left) == facts(right) == facts(counted(c, b, a))
    assert facts(counted(a).merge(Histogram(bins))) == facts(counted(a))
    assert facts(Histogram(bins).merge(counted(a))) == facts(counted(a))
    twice = counted(a, a)
    assert twice.counts.tolist() == (2 * counted(a).counts).tolist()
    assert twice.total == 2 * a.size


@given(rows, st.integers(-60, 60), st.sampled_from([2, 5, 64, 2048]), st.randoms())
def test_a_histogram_knows_neither_order_nor_unit(x, power, bins, chance):
    x = np.where(np.abs(x) < 1e-9, 0.0, x)
    h = Histogram.from_array(x, bins)
    order = list(range(x.size))
    chance.shuffle(order)
    moved = Histogram.from_array(np.ldexp(x[order], power), bins)
    np.testing.assert_array_equal(moved.counts, h.counts)
    if np.any(x):
        np.testing.assert_array_equal(moved.edges, np.ldexp(h.edges, power))


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=30).filter(any),
    st.integers(2, 1000),
    st.data(),
)
def test_divergences_are_of_shares_and_not_of_counts(counts, factor, data):
    levels = data.draw(st.integers(1, len(counts)))
    found = kl_divergences(counts, levels)
    assert np.all(found >= 0)
    more = kl_divergences(np.array(counts) * factor, levels)
    np.testing.assert_allclose(more, found, rtol=1e-9, atol=1e-12)
    if levels == len(counts):
        assert found == pytest.approx(0, abs=1e-12)


@given(rows, any_bits, st.integers(-40, 40))
def test_the_best_symmetric_scale_knows_neither_side_nor_unit(x, bits, power):
    x = np.float64(np.float32(x))
    assume(np.abs(x).max() > 1e-12)
    scale = least_squares_scale(x, bits)
    (best,) = scale_losses(x, [scale], bits)
    for other, unit in ((-x, 1.0), (np.ldexp(x, power), 2.0**power)):
        found = least_squares_scale(other, bits)
        assert scale_losses(other / unit, [found / unit], bits) == pytest.approx(
            best, rel=1e-6, abs=1e-14 * np.mean(x * x)
        )


# --- codebooks -----------------------------------------------------------------------


@st.composite
def books(draw):
    """Return a codebook of any float dtype."""
    dtype = draw(st.sampled_from(DTYPES))
    values = draw(arrays.arrays(np.float64, 12, elements=st.floats(-99, 99)))
    return Codebook(np.unique(values.astype(dtype) + dtype(0)))


@given(books(), rows)
def test_every_code_of_a_codebook_comes_back_and_codes_rise(book, x):
    codes = np.arange(len(book.centers))
    np.testing.assert_array_equal(book.decode(codes), book.centers)
    np.testing.assert_array_equal(book.encode(book.decode(codes)), codes)
    once = book.fake_quantize(x)
    np.testing.assert_array_equal(book.fake_quantize(once), once)
    assert np.all(np.diff(book.encode(np.sort(x)).astype(int)) >= 0)
    assert book.encode(x).max() < 2**book.bits


def loss(x, book):
    return float(np.mean((x - book.fake_quantize(x)) ** 2))


@given(rows | whole, st.integers(1, 8), st.data())
def test_no_other_codebook_is_better_than_that_of_k_means(x, k, data):
    best = loss(x, kmeans_codebook(x, k))
    others = data.draw(
        arrays.arrays(np.float64, k, elements=st.floats(-9, 9) | st.sampled_from(x))
    )
    start = data.draw(st.sampled_from(STARTS))
    candidates = [
        Codebook(np.unique(others + 0.0)),
        Codebook(start_centers(x, k, start)),
        lloyd_max(x, k, start),
        Codebook(np.unique(np.linspace(x.min(), x.max(), k))),
    ]
    for book in candidates:
        assert len(book.centers) <= k
        assert best <= loss(x, book) * (1 + 1e-9) + 1e-15 * np.mean(x * x)
    assert loss(x, kmeans_codebook(x, k + 1)) <= best * (1 + 1e-9) + 1e-30


@given(rows | whole, st.integers(1, 8), st.integers(-40, 40))
def test_k_means_moves_with_the_unit(x, k, power):
    x = np.where(np.abs(x) < 1e-9, 0.0, x)
    centers = kmeans_codebook(x, k).centers
    moved = kmeans_codebook(np.ldexp(x, power), k).centers
    np.testing.assert_array_equal(moved, np.ldexp(centers, power))


@given(whole, st.integers(1, 8), st.integers(-(2**20), 2**20))
def test_k_means_is_as_good_on_the_other_side_and_elsewhere(x, k, shift):
    best = loss(x, kmeans_codebook(x, k))
    mirrored, moved = -x, x + shift
    for other in (mirrored, moved):
        found = loss(other, kmeans_codebook(other, k))
        # The centers are rounded where the values lie now.
        rounding = 2.0**-50 * np.abs(other).max()
        assert found == pytest.approx(best, rel=1e-9, abs=rounding)


@given(rows | whole, st.integers(1, 8), st.sampled_from(STARTS))
def test_no_step_of_lloyd_makes_the_error_larger(x, k, start):
    losses = [loss(x, Codebook(start_centers(x, k, start)))]
    losses += [loss(x, lloyd_max(x, k, start, steps=n)) for n in (1, 2, 3, 50)]
    for before, after in pairwise(losses):
        assert after <= before * (1 + 1e-9) + 1e-15 * np.mean(x * x)


# --- bytes ---------------------------------------------------------------------------


@given(
    arrays.arrays(np.uint8, st.integers(1, 40)), st.sampled_from([2, 4]), st.booleans()
)
def test_every_byte_stands_for_codes_that_pack_to_it(packed, bits, signed):
    n = packed.size * 8 // bits
    codes = unpack(packed, bits, n, signed)
    np.testing.assert_array_equal(pack(codes, bits), packed)
    half = 2 ** (bits - 1)
    assert codes.min() >= (-half if signed else 0)
    assert codes.max() < (half if signed else 2 * half)
    other = unpack(packed, bits, n, not signed)
    np.testing.assert_array_equal((codes.astype(int) - other) % (2 * half), 0)


two_bits = st.integers(-2, 1)


@given(
    arrays.arrays(np.int8, st.sampled_from(range(4, 40, 4)), elements=two_bits),
    arrays.arrays(np.int8, st.integers(1, 20), elements=two_bits),
    st.sampled_from([2, 4]),
)
def test_whole_bytes_may_be_packed_one_after_the_other(first, second, bits):
    joined = pack(np.concatenate([first, second]), bits)
    np.testing.assert_array_equal(
        joined, np.concatenate([pack(first, bits), pack(second, bits)])
    )


def word(symbol, lengths):
    """Return the bits by which one symbol is written, as a text of 0 and 1."""
    packed = huffman_encode(np.array([symbol]), lengths)
    return "".join(f"{byte:08b}" for byte in packed)[: lengths[symbol]]


counts = st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any)


@given(counts)
def test_no_word_begins_another_and_they_rise_with_their_length(counts):
    lengths = huffman_lengths(counts)
    words = [word(s, lengths) for s in np.flatnonzero(lengths)]
    for i, one in enumerate(words):
        assert not any(other.startswith(one) for other in words[:i] + words[i + 1 :])
    ordered = sorted(range(len(words)), key=lambda i: (len(words[i]), i))
    assert sorted(words) == [words[i] for i in ordered]


@given(counts, st.integers(2, 50), st.randoms())
def test_entropy_and_bits_are_of_shares_in_any_order(counts, factor, chance):
    mean = np.dot(counts, huffman_lengths(counts)) / sum(counts)
    entropy = entropy_bits(counts)
    mixed = [factor * c for c in counts]
    chance.shuffle(mixed)
    assert entropy_bits(mixed) == pytest.approx(entropy, rel=1e-12, abs=1e-12)
    assert np.dot(mixed, huffman_lengths(mixed)) / sum(mixed) == pytest.approx(mean)
    several = np.count_nonzero(counts)
    assert 0 <= entropy <= math.log2(several) * (1 + 1e-12)
    assert several == 1 or entropy - 1e-12 <= mean < entropy + 1
    joined = [counts[0] + counts[-1], *counts[1:-1]] if len(counts) > 1 else counts
    assert entropy_bits(joined) <= entropy * (1 + 1e-12) + 1e-12


# --- integers in the place of factors ------------------------------------------------

factors = st.floats(2.0**-31, 2.0**20)


@given(factors, factors, st.integers(-10, 10))
def test_mantissas_know_no_power_of_two_and_rise_with_the_factor(a, b, power):
    (m, shift), (n, other) = quantize_multiplier(a), quantize_multiplier(b)
    assume(math.ldexp(a, power) >= 2.0**-31)
    assert quantize_multiplier(math.ldexp(a, power)) == (m, shift + power)
    one, two = m * Fraction(2) ** shift, n * Fraction(2) ** other
    assert one <= two if a <= b else two <= one
    assert abs(one / 2**31 - Fraction(a)) <= Fraction(a) / 2**31


@pytest.mark.parametrize("rounding", ROUNDINGS)
@given(st.integers(-(2**31), 2**31 - 1), st.floats(2.0**-31, 1))
@example(-(2**31), 1.0)
def test_a_product_is_off_by_its_roundings_and_no_more(rounding, acc, factor):
    found = multiply_by_quantized_multiplier(
        acc >> 1, *quantize_multiplier(factor), rounding
    )
    exact = (acc >> 1) * Fraction(factor)
    most = Fraction(1, 2) if rounding == "single" else Fraction(3, 4)
    if rounding != "single" and quantize_multiplier(factor)[1] >= 0:
        most = Fraction(1, 2)  # the second rounding has nothing to do
    assert abs(int(found) - exact) <= most + abs(exact) / 2**31


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(0, 31))
def test_a_shift_that_rounds_away_from_zero_knows_no_side(x, exponent):
    assert rounding_divide_by_pot(-x, exponent) == -rounding_divide_by_pot(x, exponent)


@pytest.mark.parametrize("rounding", ALL_ROUNDINGS)
@given(
    arrays.arrays(np.int32, (3, 9), elements=st.integers(-(2**22), 2**22)),
    arrays.arrays(np.float32, 9, elements=st.floats(2.0**-24, 1, width=32)),
    st.integers(-128, 127),
)
def test_every_rule_of_rescaling_is_within_one_code(rounding, acc, factor, zero_point):
    one = np.float32(1)
    rule = Rescale(one, factor, one, zero_point, -128, 127, 2**22)
    found = rule.codes(acc, rounding)
    exact = acc.astype(np.float64) * factor.astype(np.float64)
    near = 0.75 + np.abs(exact) * 2.0**-22  # the factor in float32, and its product
    low, high = (np.clip(exact + d + zero_point, -128, 127) for d in (-near, near))
    assert np.all((low <= found) & (found <= high))


@given(
    arrays.arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 4))),
    st.integers(-128, 127),
    st.data(),
)
def test_no_input_leads_beyond_the_bound_and_one_comes_close(w, zero_point, data):
    bias = data.draw(
        arrays.arrays(np.int64, w.shape[1], elements=st.integers(-(2**20), 2**20))
    )
    sums = Sums(w, bias, zero_point)
    codes = np.concatenate([np.where(w.T > 0, 127, -128), np.where(w.T > 0, -128, 127)])
    exact = (codes - zero_point) @ w.astype(np.int64) + bias
    np.testing.assert_array_equal(sums.of(codes.astype(np.float32)), exact)
    slack = np.abs(w.astype(np.int64)).sum(0).max()  # a code of +128 is not there
    assert sums.bound - slack <= np.abs(exact).max() <= sums.bound


# --- layers --------------------------------------------------------------------------


@st.composite
def images_and_kernels(draw):
    """Return (x, kernel, bias) of whole numbers: every order of adding is exact."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    r, c, channels, filters = (draw(st.integers(1, 3)) for _ in range(4))
    height, width = r + draw(st.integers(0, 4)), c + draw(st.integers(0, 4))
    x = rng.integers(-9, 10, (draw(st.integers(1, 2)), height, width, channels))
    kernel = rng.integers(-9, 10, (r, c, channels, filters))
    bias = rng.integers(-9, 10, filters)
    return [a.astype(np.float32) for a in (x, kernel, bias)]


def looped(x, kernel, bias, window=None):
    """Return the convolution by its definition, one product at a time."""
    window = window or Window(kernel.shape[:2])
    (down, right), (gap, over) = window.stride, window.dilation
    r, c = kernel.shape[:2]
    height = (x.shape[1] - (r - 1) * gap - 1) // down + 1
    width = (x.shape[2] - (c - 1) * over - 1) // right + 1
    y = np.zeros((len(x), height, width, kernel.shape[3]))
    for n, i, j, f in np.ndindex(y.shape):
        total = float(bias[f])
        for a, b, channel in np.ndindex(kernel.shape[:3]):
            seen = x[n, i * down + a * gap, j * right + b * over, channel]
            total += float(seen) * float(kernel[a, b, channel, f])
        y[n, i, j, f] = total
    return y


@given(images_and_kernels())
def test_a_convolution_is_that_of_plain_loops_and_adds_up(case):
    x, kernel, bias = case
    y = nn.conv2d(x, kernel, bias)
    np.testing.assert_array_equal(y, looped(x, kernel, bias))
    none = np.zeros_like(bias)
    np.testing.assert_array_equal(nn.conv2d(3 * x, kernel, none), 3 * (y - bias))
    other = x[:, ::-1, ::-1]
    both = nn.conv2d(x, kernel, none) + nn.conv2d(other, kernel, none)
    np.testing.assert_array_equal(nn.conv2d(x + other, kernel, none), both)


@given(
    images_and_kernels(),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.tuples(*[st.integers(1, 2)] * 2),
    st.booleans(),
    st.integers(-128, 127),
)
def test_sums_under_windows_are_those_of_plain_loops(
    case, stride, dilation, same, zero_point
):
    x, kernel, bias = case
    window = Window(kernel.shape[:2], stride, dilation, same)
    spans = [(k - 1) * gap + 1 for k, gap in zip(window.size, dilation, strict=True)]
    assume(same or all(n >= s for n, s in zip(x.shape[1:3], spans, strict=True)))
    padded = window.padded(x, zero_point)
    if same:
        places = [-(-n // step) for n, step in zip(x.shape[1:3], stride, strict=True)]
    weights = kernel.reshape(-1, kernel.shape[3]).astype(np.int8)
    shown = seen_by_windows(padded, window)
    sums = Sums(weights, bias.astype(np.int64), zero_point)
    found = sums.of(shown.reshape(-1, shown.shape[-1]))
    expected = looped(padded - zero_point, kernel, bias, window)
    np.testing.assert_array_equal(found.reshape(*shown.shape[:3], -1), expected)
    if same:
        assert list(expected.shape[1:3]) == places


@given(
    arrays.arrays(np.int8, st.tuples(*[st.integers(1, 6)] * 2)),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.tuples(*[st.integers(1, 3)] * 2),
)
def test_pools_are_those_of_plain_loops_inside_the_image(image, size, stride):
    window = Window(size, stride, same=True)
    x = image[None, :, :, None]
    largest, means = max_pool(x, window), average_pool(x, window)
    before = [
        max((-(-n // step) - 1) * step + k - n, 0) // 2
        for n, k, step in zip(image.shape, size, stride, strict=True)
    ]
    for i, j in np.ndindex(largest.shape[1:3]):
        top, left = i * stride[0] - before[0], j * stride[1] - before[1]
        seen = [
            int(image[a, b])
            for a in range(max(top, 0), min(top + size[0], image.shape[0]))
            for b in range(max(left, 0), min(left + size[1], image.shape[1]))
        ]
        mean = Fraction(sum(seen), len(seen))
        away = math.floor(abs(mean) + Fraction(1, 2))
        assert largest[0, i, j, 0] == max(seen)
        assert means[0, i, j, 0] == (away if mean > 0 else -away)


@given(images_and_kernels(), st.integers(0, 2**32))
def test_a_folded_batch_norm_computes_what_the_two_layers_did(case, seed):
    x, kernel, bias = case
    rng = np.random.default_rng(seed)
    gamma, beta, mean = rng.normal(size=(3, bias.size))
    variance = rng.uniform(0.1, 4, bias.size)
    y = nn.conv2d(x, kernel, bias).astype(np.float64)
    expected = gamma * (y - mean) / np.sqrt(variance + 1e-3) + beta
    folded = fold_batch_norm(kernel, bias, gamma, beta, mean, variance)
    found = nn.conv2d(x, *folded)
    # Sums of up to 27 products in float32, of which some take others away.
    size = nn.conv2d(np.abs(x), np.abs(folded[0]), np.abs(folded[1]))
    assert np.all(np.abs(found - expected) <= 32 * F32.eps * size + 1e-6)


# --- softmax -------------------------------------------------------------------------

scores = arrays.arrays(np.int8, st.tuples(st.integers(1, 5), st.integers(1, 12)))


@pytest.mark.parametrize("kind", SOFTMAXES)
@given(scores, st.floats(2.0**-12, 2.0**6))
def test_integer_probabilities_sum_to_about_256_and_the_largest_keeps_its_place(
    kind, x, scale
):
    found = integer_softmax(x, scale, kind=kind).astype(int) + 128
    assert found.min() >= 0 and found.max() <= 255
    # Each is rounded by half a code at most (and a trifle), and 256 is cut to 255.
    assert np.all(np.abs(found.sum(axis=1) - 256) <= 0.51 * x.shape[1] + 1)
    top = np.take_along_axis(found, x.argmax(axis=1)[:, None], 1)
    assert np.all(top == found.max(axis=1, keepdims=True))
    equal = x[:, :, None] == x[:, None, :]
    assert np.all((found[:, :, None] == found[:, None, :])[equal])


@pytest.mark.parametrize("kind", SOFTMAXES)
@given(scores, st.floats(2.0**-12, 2.0**6), st.randoms(), st.integers(-128, 127))
def test_integer_probabilities_move_with_their_scores(kind, x, scale, chance, offset):
    found = integer_softmax(x, scale, kind=kind)
    order = list(range(x.shape[1]))
    chance.shuffle(order)
    mixed = integer_softmax(x[:, order], scale, kind=kind)
    # The table's sum is of float32 numbers, and depends on the order in its last digit.
    apart = np.abs(mixed.astype(int) - found[:, order])
    assert apart.max() <= (0 if kind == "fixed" else 1)
    moved = x.astype(int) + offset
    assume(moved.min() >= -128 and moved.max() <= 127)
    again = integer_softmax(moved.astype(np.int8), scale, kind=kind)
    np.testing.assert_array_equal(again, found)


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=1, max_dims=2, max_side=9),
        elements=st.floats(-(2.0**20), 2.0**20, width=32),
    )
)
def test_probabilities_sum_to_one_and_keep_the_order_of_the_scores(logits):
    found = nn.softmax(logits)
    assert found.dtype == np.float32
    assert np.all((found >= 0) & (found <= 1))
    np.testing.assert_allclose(found.sum(axis=-1, dtype=float), 1, rtol=0, atol=1e-6)
    order = np.argsort(logits, axis=-1)
    assert np.all(np.diff(np.take_along_axis(found, order, -1), axis=-1) >= 0)
    half = np.ldexp(logits, -1)
    with np.errstate(under="ignore"):
        squared = nn.softmax(half).astype(float) ** 2
    shares = squared / squared.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found, shares, rtol=1e-4, atol=1e-6)
