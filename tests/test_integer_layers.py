"""qlib.windows, accumulators, rescale: against TensorFlow, and exact to the bit."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qlib import fixed_point
from qlib.accumulators import EXACT, TAPS, Sums, depthwise
from qlib.fixed_point import rescaled
from qlib.rescale import ROUNDINGS, Rescale
from qlib.windows import Window, average_pool, max_pool, seen_by_windows

small = st.integers(1, 4)
pairs = st.tuples(small, small)
F32 = np.float32


@st.composite
def seen(draw, dilated=True, square=False):
    """Return (window, images) with at least one place for the kernel."""
    size, stride = draw(pairs), draw(pairs)
    if square:
        stride = stride[:1] * 2
    wide = dilated and not (square and stride != (1, 1))
    gap = draw(pairs) if wide else (1, 1)
    window = Window(size, stride, gap, same=draw(st.booleans()))
    least = [
        1 if window.same else (k - 1) * g + 1 for k, g in zip(size, gap, strict=True)
    ]
    shape = [n + draw(st.integers(0, 7)) for n in least]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    images = rng.integers(-128, 128, (2, *shape, draw(st.integers(1, 3))))
    return window, images.astype(np.int8), rng


def padding(window):
    return "SAME" if window.same else "VALID"


def away(x):
    """Return x rounded to integers, ties away from zero."""
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


# --- places --------------------------------------------------------------------------


@given(case=seen(), zero_point=st.integers(-128, 127))
def test_a_convolution_is_that_of_tensorflow(tf, case, zero_point):
    window, x, rng = case
    weights = rng.integers(-127, 128, (*window.size, x.shape[-1], 5)).astype(np.int8)
    bias = rng.integers(-(2**20), 2**20, 5)
    expected = tf.nn.conv2d(
        x.astype(float) - zero_point,
        weights.astype(float),
        window.stride,
        padding(window),
        dilations=window.dilation,
    ).numpy()
    sums = Sums(weights.reshape(-1, 5), bias, zero_point)
    padded = window.padded(x.astype(F32), zero_point)
    shown = seen_by_windows(padded, window)
    found = sums.of(shown.reshape(-1, shown.shape[-1])).reshape(*shown.shape[:3], 5)
    np.testing.assert_array_equal(found, expected + bias)


@given(
    case=seen(square=True), zero_point=st.integers(-128, 127), several=st.integers(1, 3)
)
def test_a_depthwise_convolution_is_that_of_tensorflow(tf, case, zero_point, several):
    window, x, rng = case
    weights = rng.integers(-127, 128, (*window.size, x.shape[-1], several))
    expected = tf.nn.depthwise_conv2d(
        x.astype(float) - zero_point,
        weights.astype(float),
        [1, *window.stride, 1],
        padding(window),
        dilations=window.dilation,
    ).numpy()
    outputs = x.shape[-1] * several
    bias = rng.integers(-(2**20), 2**20, outputs)
    flat = weights.reshape(-1, outputs).astype(np.int8)
    padded = window.padded(x.astype(F32), zero_point)
    found = depthwise(padded, window, Sums(flat, bias, zero_point))
    np.testing.assert_array_equal(found, expected + bias)


@given(case=seen(dilated=False))
def test_pools_are_those_of_tensorflow(tf, case):
    window, x, _ = case
    reals = x.astype(float)
    options = window.size, window.stride, padding(window)
    found = max_pool(x, window)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, tf.nn.max_pool2d(reals, *options))
    found, mean = average_pool(x, window), tf.nn.avg_pool2d(reals, *options).numpy()
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, away(mean))


def test_sums_may_be_pooled_in_floats_too():
    x = np.random.default_rng(0).normal(0, 9, (2, 5, 5, 3)).astype(F32)
    window = Window((3, 3), (2, 2), same=True)
    pooled = max_pool(x, window)
    assert pooled.dtype == F32
    assert pooled[0, 0, 0, 0] == x[0, :2, :2, 0].max()
    assert np.isfinite(pooled).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float32", "float64"])
def test_padding_never_counts_in_a_maximum(dtype):
    least = np.finfo(dtype).min if dtype[0] == "f" else np.iinfo(dtype).min
    x = np.full((1, 3, 3, 1), least, dtype)
    found = max_pool(x, Window((3, 3), same=True))
    np.testing.assert_array_equal(found, x)


def test_padding_never_counts_in_a_mean():
    for value in (-128, -77, 0, 127):
        x = np.full((1, 4, 5, 2), value, np.int8)
        found = average_pool(x, Window((3, 3), (2, 2), same=True))
        assert np.all(found == value)


@pytest.mark.parametrize(
    ("codes", "mean"),
    [((1, 2), 2), ((-1, -2), -2), ((0, 1), 1), ((0, -1), -1), ((-1, 0, 0), 0),
     ((-128, -127), -128), ((127, 126), 127), ((-3, 2), -1), ((5, 5, 6, 6), 6)],
)  # fmt: skip
def test_ties_of_a_mean_go_away_from_zero(codes, mean):
    x = np.int8(codes).reshape(1, 1, -1, 1)
    assert average_pool(x, Window((1, len(codes)))) == mean


def test_padding_of_an_odd_number_puts_the_larger_half_last():
    padded = Window((2, 2), same=True).padded(np.ones((1, 3, 3, 1)), 7)
    assert np.all(padded[0, 3:, :, 0] == 7)
    assert np.all(padded[0, :, 3:, 0] == 7)
    assert np.all(padded[0, :3, :3, 0] == 1)


def test_strides_beyond_the_kernel_ask_for_no_padding():
    x = np.ones((1, 9, 9, 1))
    assert Window((1, 1), (4, 4), same=True).padded(x, 7) is x
    assert Window((5, 5)).padded(x, 7) is x


@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1)])
def test_a_kernel_that_is_too_large_is_named(stride):
    for size, gap in (((3, 1), (1, 1)), ((1, 4), (1, 1)), ((2, 2), (1, 5))):
        window = Window(size, stride, gap)
        for pool in (max_pool, average_pool):
            with pytest.raises(ValueError, match="no place on images of 2 by 3"):
                pool(np.ones((1, 2, 3, 1), np.int8), window)


# --- sums ----------------------------------------------------------------------------

EXTREMES = [(-128, -128), (-128, 127), (127, -128), (127, 127), (-127, -127)]


@pytest.mark.parametrize("products", [1, 1022, 1023, 1024, 2046, 2047, 5000])
@pytest.mark.parametrize("codes", EXTREMES)
def test_sums_of_extreme_codes_are_exact(products, codes):
    x, w = (np.full(shape, c, np.int8) for shape, c in
            zip(((2, products), (products, 3)), codes, strict=True))  # fmt: skip
    x[1, 0] = 1  # one odd sum
    sums = Sums(w, np.array([0, 1, -1]), 0)
    expected = x.astype(np.int64) @ w.astype(np.int64) + sums.bias
    np.testing.assert_array_equal(sums.of(x.astype(F32)), expected)
    assert np.abs(expected).max() <= sums.bound


@given(
    products=st.integers(1, 3 * TAPS),
    zero_point=st.integers(-128, 127),
    size=st.sampled_from([1, 2**10, 2**23, 2**24, 2**30]),
    seed=st.integers(0, 1000),
)
@example(products=TAPS, zero_point=-128, size=2**24, seed=0)
@example(products=TAPS + 1, zero_point=127, size=1, seed=0)
def test_sums_with_a_folded_zero_point_are_those_without(
    products, zero_point, size, seed
):
    rng = np.random.default_rng(seed)
    x = rng.choice([-128, -127, 127, 126, 0, 5], (4, products))
    w = rng.choice([-128, -127, 127, 126, 0, 5], (products, 3)).astype(np.int8)
    bias = rng.integers(-size, size, 3)
    expected = (x - zero_point) @ w.astype(np.int64) + bias
    sums = Sums(w, bias, zero_point)
    found = sums.of(x.astype(F32))
    assert found.dtype in (np.float32, np.int32)
    np.testing.assert_array_equal(found, expected)
    assert np.abs(expected).max() <= sums.bound


def test_sums_beyond_float32_are_integers():
    w = np.full((TAPS, 1), -128, np.int8)
    x = np.full((1, TAPS), -128, F32)
    exact = TAPS * 128 * 128
    room = EXACT - exact  # what a bias may add
    assert Sums(w, np.array([room - 1]), 0).of(x).dtype == np.float32
    for bias in (room, room + 1):
        found = Sums(w, np.array([bias]), 0).of(x)
        assert found.dtype == np.int32
        assert found == exact + bias


@pytest.mark.parametrize("side", [32, 33, 45])
@pytest.mark.parametrize("codes", EXTREMES)
def test_depthwise_sums_of_many_products_are_exact(side, codes):
    x = np.full((1, side, side, 2), codes[0], np.int8)
    w = np.full((side * side, 2), codes[1], np.int8)
    w[0] = 1
    found = depthwise(x.astype(F32), Window((side, side)), Sums(w, np.zeros(2, int), 0))
    expected = (x.reshape(-1, 2).astype(np.int64) * w).sum(0)
    np.testing.assert_array_equal(found.reshape(2), expected)


# --- rescaling -----------------------------------------------------------------------


def rescale(factor, bound, zero_point=0, low=-128, high=127):
    factor = np.atleast_1d(np.float32(factor))
    return Rescale(F32(1), factor, F32(1), zero_point, low, high, bound)


def in_integers(rule, acc, rounding):
    y = rescaled(np.int64(acc), *rule.multiplier, rounding) + rule.zero_point
    return np.clip(y, rule.low, rule.high)


def telling(rule, factor, bound, seed):
    """Return accumulators at both ends, around ties, and where codes are not cut."""
    rng = np.random.default_rng(seed)
    reach = min(bound, int(150 / factor) + 2)
    ties = np.rint((rng.integers(-140, 140, 300) + 0.5) / factor)
    ties = (ties[:, None] + [-1, 0, 1]).ravel()
    ends = [-bound, -bound + 1, bound - 1, bound]
    acc = np.r_[ties, rng.integers(-reach, reach + 1, 300), np.arange(-9, 10), ends]
    return np.clip(acc, -bound, bound).astype(np.int64)[:, None]


@pytest.mark.parametrize("rounding", fixed_point.ROUNDINGS)
@given(
    factor=st.floats(2.0**-30, 2.0**3, width=32)
    | st.integers(-30, 3).map(lambda k: 2.0**k),
    bound=st.integers(1, 2**31 - 1) | st.integers(2**22 - 9, 2**22 + 9),
    zero_point=st.integers(-128, 127),
    seed=st.integers(0, 100),
)
@example(factor=0.25, bound=2**22, zero_point=0, seed=0)
@example(factor=0.25, bound=2**22 - 1, zero_point=-128, seed=0)
@example(factor=2.0**-8, bound=2**23 - 1, zero_point=3, seed=0)
def test_codes_by_floats_are_those_by_integers(
    rounding, factor, bound, zero_point, seed
):
    bound = min(bound, int((2**31 - 1) / max(2 * factor, 1)))
    rule = rescale(factor, bound, zero_point)
    acc = telling(rule, factor, bound, seed)
    expected = in_integers(rule, acc, rounding)
    for dtype in (np.int32, np.float32)[: 1 + (bound <= EXACT)]:
        found = rule.codes(acc.astype(dtype), rounding)
        assert found.dtype == np.int8
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rounding", fixed_point.ROUNDINGS)
@pytest.mark.parametrize("factor", [0.25, 0.3, 0.9999999, 1 / 3, 2.0**-9, 3e-6, 1.7])
def test_codes_are_exact_on_both_sides_of_the_border_of_float64(factor, rounding):
    mantissa, shift = rescale(factor, 1).multiplier
    half = 2 ** (30 - min(int(shift[0]), 0))
    last = (2**53 - half - 1) // int(mantissa[0])  # the largest that fits
    sides = [rescale(factor, last - 1), rescale(factor, last + 1)]
    assert [rule._fits_float64 for rule in sides] == [True, False]
    for rule in sides:
        acc = telling(rule, factor, rule.bound, 0)
        expected = in_integers(rule, acc, rounding)
        np.testing.assert_array_equal(rule.codes(np.int32(acc), rounding), expected)
    inside = sides[0]  # int8 cuts what floats could get wrong: look before the cut
    acc = telling(inside, factor, inside.bound, 0)
    expected = rescaled(acc, *inside.multiplier, rounding)
    np.testing.assert_array_equal(inside._in_float64(acc, rounding), expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_each_channel_has_its_own_factor(rounding):
    factor = np.float32([0.25, 0.3, 0.004, 1 / 3, 0.1, 0.7, 1.9, 0.05, 0.25, 0.1])
    acc = np.random.default_rng(0).integers(-900, 900, (50, 2, 10)).astype(np.int32)
    rule = rescale(factor, 900, zero_point=5, low=-100, high=90)
    found = rule.codes(acc, rounding)
    assert found.min() == -100 and found.max() == 90
    for channel in range(10):
        alone = rescale(factor[channel], 900, 5, -100, 90)
        rule_of_one = rounding
        if rounding == "eights":
            rule_of_one = "double-up" if channel < 8 else "double-away"
        np.testing.assert_array_equal(
            found[..., channel : channel + 1],
            alone.codes(acc[..., channel : channel + 1], rule_of_one),
        )


@pytest.mark.parametrize("channels", [1, 7, 8, 9, 15, 16, 20])
def test_eights_are_whole_groups_of_eight_channels(channels):
    acc = np.full((1, channels), -6, np.int32)  # -6 / 4: -2 away, -1 up
    found = rescale(np.full(channels, 0.25), 6).codes(acc, "eights")
    several = channels // 8 * 8
    assert found.tolist() == [[-1] * several + [-2] * (channels - several)]


@given(
    acc=st.integers(-(2**31), 2**31 - 1) | st.integers(-2000, 2000),
    scales=st.tuples(*[st.floats(2.0**-10, 2.0**3, width=32)] * 3),
    zero_point=st.integers(-128, 127),
)
@example(acc=5, scales=(0.5, 0.5, 0.5), zero_point=0)  # 2.5 goes to 2
@example(acc=7, scales=(0.5, 0.5, 0.5), zero_point=0)  # 3.5 goes to 4
def test_the_float_rule_takes_one_float32_step_after_the_other(acc, scales, zero_point):
    x, w, y = map(F32, scales)
    product = F32(float(F32(acc)) * float(F32(F32(x * w) / y)))
    expected = min(max(round(float(product)) + zero_point, -128), 127)
    rule = Rescale(x, np.array([w]), y, zero_point, -128, 127, 2**31 - 1)
    assert rule.codes(np.array([[acc]], np.int32), "float") == expected


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_larger_sum_never_gets_a_smaller_code(rounding):
    acc = np.sort(np.random.default_rng(0).integers(-3000, 3000, 2000))[:, None]
    rule = rescale(0.0417, 3000, zero_point=-3)
    codes = rule.codes(acc.astype(np.int32), rounding).astype(int)
    assert np.all(np.diff(codes, axis=0) >= 0)


def test_the_accumulators_are_never_changed():
    acc = np.arange(-40, 40, dtype=F32).reshape(-1, 8)
    before = acc.copy()
    acc.flags.writeable = False
    for rounding in ROUNDINGS:
        rescale(np.full(8, 0.3), 40).codes(acc, rounding)
    np.testing.assert_array_equal(acc, before)


def test_accumulators_that_would_leave_int32_are_named():
    assert math.isclose(rescale(1.5, 2**30 - 1).multiplier[0][0], 1.5 * 2**30)
    with pytest.raises(ValueError, match="accumulators can leave int32"):
        _ = rescale(1.5, 2**30).multiplier
