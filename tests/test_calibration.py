"""The four ranges: NumPy's answers, brute force over ends, arrays as histograms."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.calibration import (
    Histogram,
    entropy_range,
    minmax_range,
    mse_range,
    percentile_range,
)
from qlib.fitting import least_squares_scale
from qlib.linear import choose_params, fake_quantize
from qlib.thresholds import entropy_curve

F32 = np.finfo(np.float32)
TENSORS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "Laplace": lambda rng, n: rng.laplace(size=n),
    "ReLU": lambda rng, n: np.maximum(rng.normal(0.3, 1, n), 0),
    "below 0": lambda rng, n: -rng.exponential(size=n),
    "beside 0": lambda rng, n: rng.uniform(5, 6, n),
    "skewed": lambda rng, n: rng.gamma(2, 1, n) - 0.7,
    "outlier": lambda rng, n: np.append(rng.normal(size=n - 1), 50.0),
    "few values": lambda rng, n: rng.choice([-1.0, 0.3, 2.2, 5.0], n),
}
GRIDS = {
    "affine": {},
    "affine narrow": {"narrow_range": True},
    "symmetric": {"symmetric": True},
    "symmetric narrow": {"symmetric": True, "narrow_range": True},
}
RANGES = {
    "min-max": minmax_range,
    "percentile": lambda x: percentile_range(x, 99),
    "MSE": lambda x: mse_range(x, 4),
    "MSE symmetric": lambda x: mse_range(x, 4, True),
    "MSE narrow": lambda x: mse_range(x, 4, True, True),
    "entropy": lambda x: entropy_range(x, 4),
    "entropy, unsigned": lambda x: entropy_range(x, 4, signed=False),
    "entropy, few zeros": lambda x: entropy_range(x, 4, keep_zeros=False),
}
each_tensor = pytest.mark.parametrize("kind", TENSORS)
each_grid = pytest.mark.parametrize("grid", GRIDS)
each_range = pytest.mark.parametrize("name", RANGES)


def tensor(kind, n=2000, seed=0):
    x = TENSORS[kind](np.random.default_rng(seed), n)
    x.flags.writeable = False
    return x


def mse(x, ends, bits, grid):
    """Return the MSE that fake_quantize makes with the grid of this range."""
    x = np.asarray(x, np.float64)
    params = choose_params(*ends, bits, **GRIDS[grid])
    return np.mean((x - fake_quantize(x, params, out=np.empty_like(x))) ** 2)


# --- min-max -------------------------------------------------------------------------


@each_tensor
def test_minmax_is_the_least_and_the_greatest_value(kind):
    x = tensor(kind)
    for dtype in (np.float16, np.float32, np.float64):
        values = x.astype(dtype)
        expected = (float(values.min()), float(values.max()))
        assert minmax_range(values) == expected
        assert minmax_range(Histogram.from_array(values, bins=2)) == expected


# --- percentile ----------------------------------------------------------------------


@each_tensor
@pytest.mark.parametrize("percentile", [0.5, 50, 90, 99, 99.9, 100])
def test_percentiles_are_those_of_np_quantile(kind, percentile):
    x = tensor(kind)
    expected = np.quantile(x, [0.5 - percentile / 200, 0.5 + percentile / 200])
    assert percentile_range(x, percentile) == pytest.approx(tuple(expected), rel=1e-12)
    assert percentile_range(x.reshape(2, -1).T, percentile) == pytest.approx(
        tuple(expected), rel=1e-12
    )


@each_tensor
@pytest.mark.parametrize("percentile", [0.5, 50, 90, 99, 99.9, 100])
@pytest.mark.parametrize("bins", [16, 2048])
def test_percentiles_of_a_histogram_are_right_to_a_bin_and_a_gap(
    kind, percentile, bins
):
    x, h = np.sort(tensor(kind)), Histogram.from_array(tensor(kind), bins)
    for found, share in zip(
        percentile_range(h, percentile), (100 - percentile, 100 + percentile),
        strict=True,
    ):  # fmt: skip
        place = (len(x) - 1) * share / 200
        before, after = x[math.floor(place + 1e-9)], x[math.ceil(place - 1e-9)]
        first = x[max(0, math.floor(place + 1e-9) - 1)]
        last = x[min(len(x) - 1, math.ceil(place - 1e-9) + 1)]
        assert first - h.width <= found <= last + h.width
        if after - before < h.width and last - first < h.width:
            assert abs(found - np.quantile(x, share / 200)) <= 2 * h.width


def test_of_many_values_a_histogram_tells_the_percentile_to_a_bin():
    x = np.random.default_rng(0).normal(size=200_000)
    h = Histogram.from_array(x)
    for percentile in (1, 50, 99, 99.9):
        exact, found = percentile_range(x, percentile), percentile_range(h, percentile)
        np.testing.assert_allclose(found, exact, rtol=0, atol=h.width)


@given(
    arrays.arrays(np.float32, st.integers(1, 20), elements=st.floats(-9, 9, width=16)),
    st.lists(st.floats(0.01, 100), min_size=2, max_size=6),
)
def test_a_greater_percentile_never_keeps_less(x, percentiles):
    for values in (x, Histogram.from_array(x, 16)):
        found = [percentile_range(values, p) for p in sorted(percentiles)]
        lows, highs = zip(*found, strict=True)
        tiny = 1e-6 * max(map(abs, minmax_range(values)))
        assert np.all(np.diff(lows) <= tiny) and np.all(np.diff(highs) >= -tiny)
        assert minmax_range(x)[0] <= lows[-1] <= highs[-1] <= minmax_range(x)[1]
        assert percentile_range(values, 100) == minmax_range(x)


def test_percentiles_between_the_ends_of_a_dtype_do_not_overflow():
    for dtype in (np.float16, np.float32):
        most = float(np.finfo(dtype).max)
        low, high = percentile_range(np.array([-most, most], dtype), 50)
        assert (low, high) == pytest.approx((-most / 2, most / 2), rel=1e-3)


# --- MSE -----------------------------------------------------------------------------


@given(
    arrays.arrays(
        np.float32,
        st.integers(1, 30),
        elements=st.one_of(
            st.integers(-8, 8).map(lambda i: i / 4), st.floats(-3, 3, width=32)
        ),
    ),
    st.sampled_from(list(GRIDS)),
    st.integers(2, 8),
    st.integers(-100, 100),
)
def test_the_mse_range_is_no_worse_than_min_max(x, grid, bits, power):
    x = np.ldexp(x, power)
    full = minmax_range(x)
    found = mse(x, mse_range(x, bits, **GRIDS[grid]), bits, grid)
    least = mse(x, full, bits, grid)
    # A value counts as the middle of its bin: no distance changes by more than half.
    width = Histogram.from_array(x, 1 << 16).width
    assert math.sqrt(found) <= math.sqrt(least) * (1 + 1e-5) + width + 1e-35


@each_tensor
@each_grid
@pytest.mark.parametrize("bits", [2, 8])
def test_the_mse_range_is_about_the_best_of_a_grid_of_ends(kind, grid, bits):
    x = tensor(kind, n=500)
    if "symmetric" in grid:
        reach = np.abs(x).max()
        ends = [(-e, e) for e in np.linspace(0, reach, 65)[1:]]
    else:
        low, high = min(x.min(), 0), max(x.max(), 0)
        lows = np.linspace(low, 0, 13)[:-1] if low else [0.0]
        highs = np.linspace(high, 0, 13)[:-1] if high else [0.0]
        ends = [(a, b) for a in lows for b in highs]
    best = min(mse(x, each, bits, grid) for each in ends)
    rounding = 1e-9 * np.mean(x**2)  # of the bins that an array is counted in
    found = mse(x, mse_range(x, bits, **GRIDS[grid]), bits, grid)
    assert found <= best * 1.005 + rounding


@each_grid
@pytest.mark.parametrize("kind", ["normal", "Laplace", "ReLU", "skewed", "outlier"])
def test_from_a_histogram_the_mse_is_about_as_small(kind, grid, bits=8):
    x = tensor(kind, n=30_000)
    exact = mse(x, mse_range(x, bits, **GRIDS[grid]), bits, grid)
    h = Histogram.from_array(x, bins=2048)
    found = mse(x, mse_range(h, bits, **GRIDS[grid]), bits, grid)
    assert found <= exact * 1.02


@each_tensor
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_symmetric_narrow_ranges_of_arrays_are_those_of_least_squares(kind, bits):
    x = tensor(kind)
    low, high = mse_range(x, bits, symmetric=True, narrow_range=True)
    assert low == -high
    scale = least_squares_scale(x, bits)
    if high == np.abs(x).max():  # of equals, that of min-max
        best = scale * (2 ** (bits - 1) - 1)
        assert mse(x, (low, high), bits, "symmetric narrow") == pytest.approx(
            mse(x, (-best, best), bits, "symmetric narrow"), rel=1e-6, abs=1e-12
        )
    else:
        assert high == pytest.approx(scale * (2 ** (bits - 1) - 1), rel=1e-12)


@each_grid
def test_an_outlier_is_cut_off_where_that_pays(grid):
    x = tensor("outlier", 20_000)
    low, high = mse_range(x, 4, **GRIDS[grid])
    assert high < 10 and low > -10
    assert mse_range(np.append(x, -50.0), 4, **GRIDS[grid])[0] > -10


def test_sixteen_bits_are_searched_in_bounded_time():
    x = tensor("normal", 300)
    for grid in GRIDS:
        least = mse(x, minmax_range(x), 16, grid)
        assert mse(x, mse_range(x, 16, **GRIDS[grid]), 16, grid) <= least * 1.001


# --- entropy -------------------------------------------------------------------------


@each_tensor
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("signed", [True, False])
def test_the_entropy_range_ends_where_the_curve_is_least(kind, bits, signed):
    x = tensor(kind, 20_000)
    thresholds, divergences = entropy_curve(x, bits, signed)
    best = thresholds[divergences.argmin()]
    low, high = entropy_range(x, bits, signed)
    assert high == (min(best, x.max()) if x.max() > 0 else 0)
    assert low == (max(-best, x.min()) if x.min() < 0 else 0)


def test_the_entropy_range_of_a_histogram_of_magnitudes_is_that_of_the_array():
    x = np.abs(tensor("Laplace", 20_000))
    for bits in (4, 8):
        assert entropy_range(Histogram.from_array(x), bits) == entropy_range(x, bits)


def test_entropy_cuts_off_an_outlier_that_min_max_keeps():
    x = tensor("outlier", 20_000)
    assert entropy_range(x, 8)[1] < 10 < minmax_range(x)[1]


def test_zeros_that_are_not_kept_leave_the_range_to_the_rest():
    x = np.concatenate([np.zeros(200_000), np.abs(tensor("normal", 50_000))])
    low, high = entropy_range(x, 4, keep_zeros=False)
    kept = entropy_range(x[200_000:], 4)
    assert low == 0 and high == pytest.approx(kept[1], rel=0.05)


# --- all of them ---------------------------------------------------------------------


@each_range
@each_tensor
def test_ranges_make_grids_and_lie_within_the_values_and_zero(name, kind):
    x = tensor(kind)
    for values in (x, x.astype(np.float16), Histogram.from_array(x)):
        low, high = RANGES[name](values)
        assert type(low) is type(high) is float
        assert low <= high
        choose_params(low, high, 4)
        if "MSE" not in name:
            bottom, top = minmax_range(values)
            assert min(bottom, 0) <= low <= high <= max(top, 0)


@each_range
@pytest.mark.parametrize("kind", ["normal", "ReLU", "below 0", "outlier"])
def test_an_array_and_its_histogram_agree_to_within_a_bin_or_so(name, kind):
    x = tensor(kind, 100_000)
    h = Histogram.from_array(x, 2048)
    exact, found = RANGES[name](x), RANGES[name](h)
    if name.startswith("MSE") or name.startswith("entropy"):
        # Flat bottoms: ends a few bins apart may be as good.
        np.testing.assert_allclose(found, exact, atol=0.1 * np.abs(exact).max())
    else:
        np.testing.assert_allclose(found, exact, rtol=0, atol=h.width)


@each_range
@pytest.mark.parametrize("zero", [0.0, -0.0, 5e-324, -1e-310, 1e-320])
def test_zeros_and_what_float32_cannot_tell_from_them_make_a_grid(name, zero):
    for x in (np.full((2, 3), zero), Histogram.from_array([zero, 0.0])):
        low, high = RANGES[name](x)
        assert -1e-45 < low <= high < 1e-45
        choose_params(low, high, 4)


@each_range
@pytest.mark.parametrize("value", [0.7, -3.0, 1e-30, 1e-45, float(F32.max)])
def test_a_constant_is_kept_by_its_range(name, value):
    for x in (np.full(5, value), np.float32(value), Histogram.from_array([value])):
        low, high = RANGES[name](x)
        reach = 8 / 7 if name == "MSE symmetric" and value < 0 else 1  # of code -8
        nearly = value * (1 - 2e-3)
        assert min(low * reach, 0) <= nearly <= max(high, 0)
        choose_params(low, high, 4)


@each_range
def test_what_lies_on_one_side_of_0_gets_no_code_beyond_it(name):
    x = np.abs(tensor("normal")) + 0.01
    if "symmetric" in name or "narrow" in name:
        return
    for values in (x, Histogram.from_array(x)):
        assert RANGES[name](values)[0] >= 0
    for values in (-x, Histogram.from_array(-x)):
        assert RANGES[name](values)[1] <= 0


@each_range
@pytest.mark.parametrize("power", [-90, 1, 100])
@pytest.mark.parametrize("kind", ["normal", "ReLU", "skewed"])
def test_a_tensor_times_a_power_of_two_has_the_range_times_it(name, power, kind):
    x = tensor(kind).astype(np.float32)
    scaled = np.ldexp(x, power)
    expected = np.ldexp(RANGES[name](x), power)
    np.testing.assert_allclose(RANGES[name](scaled), expected, rtol=1e-12)
    expected = np.ldexp(RANGES[name](Histogram.from_array(x)), power)
    found = RANGES[name](Histogram.from_array(scaled))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@each_range
def test_order_shape_dtype_and_layout_play_no_part(name):
    x = np.float16(tensor("normal", 600))
    expected = RANGES[name](x.astype(np.float64))
    shuffled = np.random.default_rng(0).permutation(x).reshape(20, 30)
    for other in (
        shuffled,
        shuffled.astype(np.float32).T,
        shuffled.astype(">f8")[::-1, ::-1],
        x.tolist(),
    ):
        assert RANGES[name](other) == pytest.approx(expected, rel=1e-3)


@each_range
def test_a_histogram_is_left_as_it_was(name):
    h = Histogram.from_array(tensor("beside 0"))
    before = (h.counts, h.edges, h.low, h.high)
    RANGES[name](h)
    np.testing.assert_array_equal(h.counts, before[0])
    np.testing.assert_array_equal(h.edges, before[1])
    assert (h.low, h.high) == before[2:]


@given(
    arrays.arrays(
        np.float64, st.integers(1, 8), elements=st.floats(-float(F32.max), 3e38)
    ),
    st.sampled_from(list(RANGES)),
)
def test_any_tensor_has_every_range_and_its_grid(x, name):
    low, high = RANGES[name](x)
    assume(max(-low, high) <= float(F32.max))  # a least-squares scale may reach beyond
    choose_params(low, high, 4)


# --- bad input: each is refused in a sentence that names it --------------------------

BAD_X = {
    "NaN": (np.array([1.0, np.nan]), ValueError, "x holds 1 .*NaN.*index 1"),
    "infinity": (np.array([[np.inf]]), ValueError, r"x holds 1 .*index \(0, 0\)"),
    "beyond float32": ([1e39, 0], ValueError, "x holds 1e.39: beyond float32"),
    "empty": ([], ValueError, "x is empty"),
    "integers": (np.arange(3), TypeError, "x has dtype int64.*not codes"),
    "booleans": ([True], TypeError, "x has dtype bool"),
    "strings": (["a"], TypeError, "x has dtype <U1"),
    "None": (None, TypeError, "x is None"),
    "complex": ([1j], TypeError, "x has dtype complex"),
    "masked": (np.ma.array([1.0]), TypeError, "x is a masked array"),
    "empty histogram": (Histogram(), ValueError, "histogram is empty"),
}


@each_range
@pytest.mark.parametrize("kind", BAD_X)
def test_a_tensor_that_is_none_is_refused_as_x(name, kind):
    value, error, message = BAD_X[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        RANGES[name](value)


X = np.linspace(-1, 1, 101)
H = Histogram.from_array(X, bins=100)
BITS = {
    "mse_range": lambda bits: mse_range(X, bits),
    "mse_range of a histogram": lambda bits: mse_range(H, bits, True, True),
    "mse_range, narrow": lambda bits: mse_range(X, bits, True, True),
    "entropy_range": lambda bits: entropy_range(X, bits),
}
BAD_BITS = {
    "1": (1, ValueError, "bits is 1: allowed are 2 to 16"),
    "17": (17, ValueError, "bits is 17: allowed are 2 to 16"),
    "2.5": (2.5, TypeError, "bits is 2.5"),
    "8.0": (8.0, TypeError, "bits is 8.0"),
    "True": (True, TypeError, "bits is True"),
    "'8'": ("8", TypeError, "bits is '8'"),
    "None": (None, TypeError, "bits is None"),
}


@pytest.mark.parametrize("call", BITS)
@pytest.mark.parametrize("kind", BAD_BITS)
def test_a_width_that_is_none_is_refused(call, kind):
    value, error, message = BAD_BITS[kind]
    with pytest.raises(error, match=message):
        BITS[call](value)


BAD_PERCENTILES = {
    "0": (0, ValueError, "percentile is 0: allowed are values above 0, up to 100"),
    "negative": (-1, ValueError, "percentile is -1"),
    "101": (101, ValueError, "percentile is 101"),
    "100.01": (100.01, ValueError, "percentile is 100.01"),
    "NaN": (np.nan, ValueError, "percentile is nan"),
    "infinity": (np.inf, ValueError, "percentile is inf"),
    "True": (True, TypeError, "percentile is True: a number"),
    "a string": ("99", TypeError, "percentile is '99': numbers"),
    "None": (None, TypeError, "percentile is None"),
    "a list": ([99, 100], TypeError, r"percentile is \[99, 100\]: a number"),
}


@pytest.mark.parametrize("kind", BAD_PERCENTILES)
def test_what_is_no_share_to_keep_is_refused(kind):
    value, error, message = BAD_PERCENTILES[kind]
    for x in (X, H):
        with pytest.raises(error, match=message):
            percentile_range(x, value)


FEW = r"bits=8 has \d+ codes for 65 bins.*Histogram\(bins=\d+\)"
BAD = {
    "few bins": (lambda: mse_range(Histogram.from_array(X, 100), 8), ValueError, FEW),
    "few bins, symmetric": (
        lambda: mse_range(Histogram.from_array(X, 100), 8, True),
        ValueError,
        FEW,
    ),
    "few magnitudes": (
        lambda: entropy_range(Histogram.from_array(X, 100), 8),
        ValueError,
        r"bits=8 has 128 codes for \d+ bins",
    ),
    "many bits": (lambda: entropy_range(X, 13), ValueError, "bits=13 has 4096 codes"),
    "symmetric 1": (lambda: mse_range(X, 4, 1), TypeError, "symmetric is 1"),
    "narrow 'no'": (lambda: mse_range(X, 4, True, "no"), TypeError, "narrow_range is"),
    "signed None": (lambda: entropy_range(X, 4, None), TypeError, "signed is None"),
    "keep_zeros 0": (
        lambda: entropy_range(X, 4, keep_zeros=0),
        TypeError,
        "keep_zeros is 0",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()
