"""qlib.fitting against every scale there is, and against plain loops; bad input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib import fitting
from qlib.data import WEIGHT_SHAPES, load_float_model
from qlib.fitting import (
    alternate,
    descend,
    least_squares_scale,
    regress,
    scale_gradient,
    scale_losses,
)
from qlib.linear import dequantize, fake_quantize, params_for, quantize
from qlib.params import QuantParams

F32 = np.finfo(np.float32)


@pytest.fixture(scope="module")
def weights():
    return load_float_model()


def nearly(expected, rel=1e-9, beside=0.0):
    return pytest.approx(expected, rel=rel, abs=beside)


def flat(x):
    return np.ravel(np.asarray(x, np.float64))


def highest(bits):
    return 2 ** (bits - 1) - 1


def codes(x, scale, bits):
    return np.clip(np.rint(flat(x) / scale), -highest(bits), highest(bits))


def loss(x, scale, bits):
    """Return the MSE by the definition, in float64."""
    return np.mean((flat(x) - scale * codes(x, scale, bits)) ** 2)


def bottom(x, q):
    """Return the best scale for the codes q."""
    return (flat(x) @ q) / (q @ q)


def min_max(x, bits):
    return float(np.abs(x).max()) / highest(bits)


def best_of_grid(x, bits):
    """Return the least MSE of two grids of 2,000 scales, up to min-max and up to twice.

    For many values, the sums of 1, |x| and x**2 over those that share a code are made
    once; the MSE of the best scale is that of the definition.
    """
    scales = min_max(x, bits) * np.arange(1, 2001) / 2000
    scales = np.concatenate([scales, 2 * scales])
    if np.size(x) < 1000:
        return min(loss(x, scale, bits) for scale in scales)
    a, k = np.sort(np.abs(flat(x))), np.arange(highest(bits) + 1)
    levels = scales[:, np.newaxis] * k
    cuts = np.searchsorted(a, (levels[:, 1:] + levels[:, :-1]) / 2)
    cuts = np.pad(cuts, [(0, 0), (1, 1)], constant_values=[(0, 0), (0, len(a))])
    count, once, twice = (
        np.diff(np.append(0, np.cumsum(a**power))[cuts]) for power in range(3)
    )
    losses = (twice - 2 * levels * once + levels**2 * count).sum(axis=1) / len(a)
    best = np.argmin(losses)
    noise = 1e-12 * np.mean(a * a)
    assert losses[best] == nearly(loss(x, scales[best], bits), beside=noise)
    return loss(x, scales[best], bits)


def best_of_all(x, bits):
    """Return the least MSE of all: one bottom between any two neighbouring breakpoints.

    A breakpoint is a scale at which some |x| lies half-way between two levels.
    """
    a = np.abs(flat(x))
    points = np.unique(a[a > 0, np.newaxis] / (np.arange(highest(bits)) + 0.5))
    between = np.append((points[1:] + points[:-1]) / 2, points[0] / 2)[:, np.newaxis]
    q = np.minimum(np.rint(a / between), highest(bits))
    scales = (q @ a) / (q * q).sum(axis=1)
    return ((a - scales[:, np.newaxis] * q) ** 2).mean(axis=1).min()


def with_outlier(rng, n):
    x = rng.normal(size=n)
    x[n // 2] = 1000 * np.abs(x).max()
    return x


KINDS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "Laplace": lambda rng, n: rng.laplace(size=n),
    "uniform": lambda rng, n: rng.uniform(-1, 1, n),
    "after ReLU": lambda rng, n: np.maximum(rng.normal(0.3, 1, n), 0),
    "constant": lambda rng, n: np.full(n, -rng.exponential()),
    "whole numbers": lambda rng, n: rng.integers(-9, 10, n).astype(float),
    "two decimals": lambda rng, n: np.round(rng.normal(size=n), 2),
    "outlier": with_outlier,
    "powers of two": lambda rng, n: np.exp2(rng.integers(-8, 8, n)),
}
each_kind = pytest.mark.parametrize("kind", KINDS)
few_bits = pytest.mark.parametrize("bits", [2, 3, 4, 8])


def assert_least(x, bits, best, slack):
    scale = least_squares_scale(x, bits)
    assert type(scale) is float and scale == np.float32(scale)
    rounding = 1e-13 * np.mean(flat(x) ** 2)  # that of the scale, to float32
    assert loss(x, scale, bits) <= best * (1 + slack) + rounding


# --- the least-squares scale ---------------------------------------------------------


@few_bits
@pytest.mark.parametrize("name", WEIGHT_SHAPES)
def test_no_scale_of_a_fine_grid_is_better_for_a_tensor_of_the_network(
    weights, name, bits
):
    assert_least(weights[name], bits, best_of_grid(weights[name], bits), 1e-3)


@few_bits
@each_kind
def test_no_scale_at_all_is_better(kind, bits):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = KINDS[kind](rng, int(rng.integers(1, 40)))
        x[0] = x[0] or 1.0
        assert_least(x, bits, best_of_all(x, bits), 1e-6)


@given(
    arrays.arrays(np.float32, st.integers(1, 12), elements=st.integers(-30, 30)),
    st.integers(2, 6),
)
def test_no_scale_at_all_is_better_for_values_full_of_ties(x, bits):
    assume(x.any())
    assert_least(x, bits, best_of_all(x, bits), 1e-6)


@few_bits
@each_kind
def test_no_scale_of_a_fine_grid_is_better_for_100_000_values(kind, bits):
    x = KINDS[kind](np.random.default_rng(1), 100_000).astype(np.float32)
    assert_least(x, bits, best_of_grid(x, bits), 1e-3)


@pytest.mark.parametrize("bits", [2, 3, 4])
@pytest.mark.parametrize("kind", ["normal", "Laplace", "uniform", "after ReLU"])
@pytest.mark.parametrize("breakpoints", [200, 2000])
def test_a_narrowed_window_holds_as_good_a_scale(monkeypatch, kind, bits, breakpoints):
    for seed in range(3):
        x = KINDS[kind](np.random.default_rng(seed), 5000)
        full = least_squares_scale(x, bits)
        with monkeypatch.context() as patch:
            patch.setattr(fitting, "BREAKPOINTS", breakpoints)
            assert_least(x, bits, loss(x, full, bits), 1e-3)


def test_the_worked_example_is_the_mean_of_the_codes_that_are_best():
    x = [-1.0, -0.4, 0.5, 1.5]
    assert least_squares_scale(x, 2) == 1.25
    assert loss(x, 1.25, 2) == best_of_all(x, 2)


def test_of_equally_good_scales_a_coarse_one_is_taken():
    assert least_squares_scale([3.0, -3.0, 0.0], 2) == 3
    assert least_squares_scale([3.0, -3.0, 0.0], 3) == 3
    assert least_squares_scale([1.0, -3.0], 3) == 1
    assert least_squares_scale([2.0, 4.0, -6.0], 8) == np.float32(6 / 63)


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_zeros_have_scale_one(bits):
    assert least_squares_scale(np.zeros((2, 3)), bits) == 1
    assert least_squares_scale(0.0, bits) == 1
    assert least_squares_scale([-0.0, 1e-60], bits) == 1


@given(
    st.floats(2.0**-100, 2.0**100, width=32),
    st.sampled_from([-1, 1]),
    st.integers(2, 16),
    st.integers(1, 5),
)
def test_a_constant_comes_back_to_within_one_float32_rounding(value, sign, bits, n):
    x = np.full(n, sign * value, np.float32)
    params = QuantParams(least_squares_scale(x, bits), 0, bits, narrow_range=True)
    error = np.abs(fake_quantize(x, params) - x)
    assert np.all(error <= np.spacing(np.nextafter(np.abs(x), np.float32(0))))


@pytest.mark.parametrize("power", [-100, -20, -1, 1, 30, 100])
@few_bits
def test_a_tensor_times_a_power_of_two_has_the_scale_times_it(bits, power):
    x = np.random.default_rng(bits).laplace(size=300).astype(np.float32)
    scaled = np.ldexp(x, power)
    found = least_squares_scale(scaled, bits)
    assert found == np.ldexp(least_squares_scale(x, bits), power)


@few_bits
def test_signs_and_order_play_no_part(bits):
    rng = np.random.default_rng(bits)
    x = rng.normal(size=400)
    expected = least_squares_scale(x, bits)
    assert least_squares_scale(-x, bits) == expected
    assert least_squares_scale(np.abs(x), bits) == expected
    assert least_squares_scale(rng.choice([-1, 1], 400) * x, bits) == expected
    assert least_squares_scale(rng.permutation(x), bits) == expected
    assert least_squares_scale(x.reshape(4, 10, 10), bits) == expected


@few_bits
def test_each_value_counts_as_often_as_it_occurs(bits):
    x = np.random.default_rng(bits).normal(size=30)
    assert least_squares_scale(np.repeat(x, 5), bits) == nearly(
        least_squares_scale(x, bits), 1e-6
    )
    some = np.repeat(x, np.arange(30) % 7 + 1)
    assert_least(some, bits, best_of_all(some, bits), 1e-6)


@pytest.mark.parametrize("bits", [2, 3, 8, 16])
@pytest.mark.parametrize("size", [1e-45, 1e-40, 1e-38, 1e-30, 1e30, 1e38])
def test_tiny_and_huge_tensors_have_a_finite_scale_above_zero(size, bits):
    x = np.float32(size * np.array([1.0, -0.7, 0.3, 0.0]))
    scale = least_squares_scale(x, bits)
    assert 0 < scale <= F32.max
    assert np.float32(scale) == scale
    QuantParams(scale, 0, bits)


def test_the_largest_float32_is_taken():
    assert least_squares_scale(np.float32([F32.max, -F32.max]), 2) == F32.max


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@few_bits
def test_per_channel_equals_a_loop_over_channels(axis, bits):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(3, 4, 5)).astype(np.float32) * rng.exponential(1, (3, 1, 1))
    x[0], x[:, 1] = 0, 0
    scales = least_squares_scale(x, bits, axis=axis)
    assert scales.dtype == np.float32 and scales.shape == (x.shape[axis],)
    channels = [least_squares_scale(one, bits) for one in np.moveaxis(x, axis, 0)]
    np.testing.assert_array_equal(scales, channels)


@pytest.mark.parametrize("dtype", ["<f2", ">f2", ">f4", "<f8", ">f8", "g"])
def test_every_float_dtype_layout_and_list_is_taken(dtype):
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float16)
    expected = least_squares_scale(x.astype(np.float32), 4)
    other = x.astype(dtype)
    assert least_squares_scale(other, 4) == expected
    assert least_squares_scale(np.repeat(other, 2, 1)[::-1, ::2].T, 4) == expected
    assert least_squares_scale(other.tolist(), 4) == expected


@pytest.mark.parametrize("kind", ["normal", "uniform", "outlier"])
def test_sixteen_bits_are_no_worse_than_min_max(kind):
    x = KINDS[kind](np.random.default_rng(0), 7)
    scale = least_squares_scale(x, 16)
    assert loss(x, scale, 16) <= loss(x, min_max(x, 16), 16)


def test_what_a_tensor_loses_at_its_scale_is_what_fake_quantize_loses(weights):
    x = weights["logits/kernel"]
    for bits in (2, 4, 8):
        scale = least_squares_scale(x, bits)
        params = QuantParams(scale, 0, bits, narrow_range=True)
        found = np.mean((np.float64(x) - fake_quantize(x, params)) ** 2)
        assert found == nearly(scale_losses(x, scale, bits)[0], 1e-5)


# --- the loss of many scales ---------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 5, 8, 12, 16])
@each_kind
def test_losses_are_those_of_the_definition(kind, bits):
    rng = np.random.default_rng(bits)
    x = KINDS[kind](rng, 200) * 10.0 ** rng.integers(-20, 20)
    scales = min_max(x, bits) * rng.uniform(0.1, 3, 12)
    found = scale_losses(x, scales, bits)
    assert found.dtype == np.float64 and found.shape == (12,)
    expected = [loss(x, scale, bits) for scale in scales]
    noise = 1e-13 * np.mean(x * x)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=noise)


@few_bits
def test_losses_at_breakpoints_are_those_of_either_code(bits):
    x = np.arange(-20.0, 21.0) / 2
    scales = [0.25, 0.5, 1.0, 2.0, 4.0]
    expected = [loss(x, scale, bits) for scale in scales]
    found = scale_losses(x, scales, bits)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_scales_so_large_that_all_is_rounded_to_zero_lose_all():
    x = np.array([0.5, -1.0, 0.25])
    np.testing.assert_allclose(
        scale_losses(x, [2.1, 1e6], 2), np.mean(x * x), rtol=1e-12
    )


def test_one_scale_gives_one_loss_and_integers_are_taken_as_scales():
    x = [-1.0, -0.4, 0.5, 1.1]
    assert scale_losses(x, 1.0, 2) == [nearly(0.105)]
    np.testing.assert_allclose(scale_losses(x, [1, 3], 2), [0.105, 0.655])
    np.testing.assert_allclose(scale_losses(x, np.float32([0.5]), 2), [0.155])


def test_losses_are_those_of_eight_bits_if_none_are_given():
    x = np.random.default_rng(0).normal(size=50)
    assert scale_losses(x, [0.01]) == scale_losses(x, [0.01], 8)
    assert least_squares_scale(x) == least_squares_scale(x, 8)
    assert scale_gradient(x, 0.01) == scale_gradient(x, 0.01, 8)


def test_zeros_lose_nothing_at_any_scale():
    np.testing.assert_array_equal(scale_losses(np.zeros(3), [0.1, 7.0], 4), [0, 0])


# --- alternating least squares -------------------------------------------------------


@few_bits
@each_kind
def test_alternating_never_loses_ground_and_ends_at_a_fixed_point(kind, bits):
    for seed in range(4):
        x = KINDS[kind](np.random.default_rng(seed), 60)
        start = min_max(x, bits) * (0.5 + seed / 4)
        path = alternate(x, bits, start)
        assert path.dtype == np.float64 and path[0] == start
        losses = [loss(x, scale, bits) for scale in path]
        noise = 1e-15 * np.mean(x * x)
        assert all(b <= a * (1 + 1e-12) + noise for a, b in pairwise(losses))
        assert len(path) < 900
        assert path[-1] == nearly(bottom(x, codes(x, path[-1], bits)), 1e-12)
        assert losses[-1] >= best_of_all(x, bits) * (1 - 1e-9) - noise


def test_each_step_is_the_best_scale_for_the_codes_of_the_last():
    x = np.random.default_rng(0).normal(size=500)
    path = alternate(x, 4, 0.9)
    assert len(path) > 5
    for scale, following in pairwise(path):
        assert following == nearly(bottom(x, codes(x, scale, 4)), 1e-12)
        assert following != scale


def test_a_fixed_point_is_where_it_stays():
    assert alternate([1.0, -2.0, 3.0], 3, 1.0).tolist() == [1.0]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_alternating_stops_after_the_steps_that_are_allowed(steps):
    x = np.random.default_rng(0).normal(size=500)
    path = alternate(x, 4, 0.9, steps)
    np.testing.assert_array_equal(path, alternate(x, 4, 0.9)[: steps + 1])
    assert len(path) == steps + 1


def test_from_a_fine_start_alternating_still_arrives():
    x = np.random.default_rng(0).normal(size=100)
    assert loss(x, alternate(x, 2, 1e-3)[-1], 2) == nearly(best_of_all(x, 2), 1e-6)


@pytest.mark.parametrize("name", ["conv/bias", "dense/bias", "logits/bias"])
def test_from_min_max_alternating_is_caught_above_the_optimum_of_a_bias(weights, name):
    x = weights[name]
    caught = alternate(x, 8, min_max(x, 8))[-1]
    assert loss(x, caught, 8) > 1.1 * loss(x, least_squares_scale(x, 8), 8)


@pytest.mark.parametrize("name", ["dense/kernel", "logits/kernel"])
def test_from_min_max_alternating_finds_the_optimum_of_a_2_bit_kernel(weights, name):
    x = weights[name]
    found = alternate(x, 2, min_max(x, 2))[-1]
    assert found == nearly(least_squares_scale(x, 2), 1e-6)


# --- the gradient, and descent -------------------------------------------------------


@few_bits
@each_kind
def test_the_gradient_is_the_slope_of_the_loss_away_from_breakpoints(kind, bits):
    rng = np.random.default_rng(bits)
    x = KINDS[kind](rng, 50)
    compared = 0
    for scale in min_max(x, bits) * rng.uniform(0.2, 1.6, 10):
        a, b = (1 - 1e-5) * scale, (1 + 1e-5) * scale
        if np.any(codes(x, a, bits) != codes(x, b, bits)):
            continue
        compared += 1
        slope = (loss(x, b, bits) - loss(x, a, bits)) / (b - a)
        noise = 1e-9 * np.mean(x * x) / scale
        assert scale_gradient(x, scale, bits) == nearly(slope, 1e-6, noise)
    assert compared >= 3


def test_the_gradient_is_zero_at_the_bottom_and_changes_its_sign_there():
    x = np.random.default_rng(0).normal(size=300)
    scale = alternate(x, 3, 0.5)[-1]
    assert scale_gradient(x, scale, 3) == nearly(0, beside=1e-12)
    assert scale_gradient(x, 0.999 * scale, 3) < 0 < scale_gradient(x, 1.001 * scale, 3)


def rate_limit(x, scale, bits):
    return 1 / np.mean(codes(x, scale, bits) ** 2)


@few_bits
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_below_the_limit_of_the_rate_descent_settles_at_a_bottom(bits, share):
    x = np.random.default_rng(bits).normal(size=40)
    start = 0.8 * min_max(x, bits)
    rate = share / highest(bits) ** 2  # mean(q * q) is never above that
    path = descend(x, bits, start, rate=rate, steps=400)
    assert path.shape == (401,) and path.dtype == np.float64 and path[0] == start
    end = path[-1]
    assert end == nearly(bottom(x, codes(x, end, bits)), 1e-9)
    assert loss(x, end, bits) < loss(x, start, bits)


@few_bits
@each_kind
def test_below_one_over_the_mean_square_no_full_step_raises_the_loss(kind, bits):
    x = KINDS[kind](np.random.default_rng(bits), 50)
    noise = 1e-14 * np.mean(x * x)
    for share in np.linspace(0.3, 1.9, 15):
        start = share * min_max(x, bits)
        rate = 0.999 * rate_limit(x, start, bits)
        _, end = descend(x, bits, start, rate=rate, steps=1)
        assert loss(x, end, bits) <= loss(x, start, bits) + noise


def test_every_step_goes_against_the_gradient_by_the_rate():
    x = np.random.default_rng(0).normal(size=60)
    rate = 0.3 * rate_limit(x, 0.5, 3)
    for scale, following in pairwise(descend(x, 3, 0.5, rate=rate, steps=20)):
        q = codes(x, scale, 3)
        slope = -2 * np.mean(q * (x - scale * q))
        assert following == nearly(scale - rate * slope, 1e-12)


def test_the_rate_at_which_descent_stops_to_converge_is_one_over_the_mean_square():
    x = [1.0, -1.0]  # of code 1 and -1 at any scale from 2/3 to 2
    settled = descend(x, 2, 1.1, rate=0.95, steps=300)
    assert settled[-1] == nearly(1.0, 1e-9)
    np.testing.assert_allclose(
        descend(x, 2, 1.1, rate=1.0, steps=9), [1.1, 0.9] * 5, rtol=1e-12
    )
    with pytest.raises(ValueError, match="to -0.0.*the rate 1.05 is too large"):
        descend(x, 2, 1.1, rate=1.05, steps=300)


def test_a_rate_that_is_too_large_is_named_with_the_step_and_the_scales():
    x = np.random.default_rng(0).normal(size=60)
    with pytest.raises(
        ValueError, match="step 1 leads from scale 2 to -.*rate 100 is too.*a tenth"
    ):
        descend(x, 8, 2.0, rate=100, steps=5)


def test_a_step_to_a_scale_of_exactly_zero_is_refused():
    with pytest.raises(ValueError, match="from scale 1.5 to 0: the rate 1.5 is too"):
        descend([1.0, -1.0], 2, 1.5, rate=1.5, steps=1)


def test_a_step_to_a_scale_that_leaves_only_zeros_is_refused():
    with pytest.raises(ValueError, match="so large that all codes are 0.*below 2"):
        descend([1.0, -1.0], 2, 0.5, rate=5.0, steps=5)


@few_bits
@each_kind
def test_a_newton_step_of_descent_is_a_step_of_alternating(kind, bits):
    x = KINDS[kind](np.random.default_rng(bits), 80)
    start = 0.7 * min_max(x, bits)
    rate = rate_limit(x, start, bits) / 2
    one = descend(x, bits, start, rate=rate, steps=1)
    assert one == nearly(alternate(x, bits, start, 1), 1e-12)


def test_drawn_batches_repeat_with_their_seed_and_differ_with_another():
    x = np.random.default_rng(0).normal(size=(10, 20))

    def path(**options):
        return descend(x, 4, 0.3, rate=1e-3, steps=50, **options)

    np.testing.assert_array_equal(path(batch=16), path(batch=16, seed=0))
    np.testing.assert_array_equal(path(batch=16, seed=5), path(batch=16, seed=5))
    assert np.all(path(batch=16, seed=5)[1:] != path(batch=16)[1:])
    assert np.all(path(batch=16)[1:] != path()[1:])
    np.testing.assert_array_equal(path(seed=5), path())


def test_each_step_draws_anew():
    x = np.random.default_rng(0).normal(size=200)
    start, rate = 0.3, 1e-9  # so small that the codes stay the same
    steps = np.diff(descend(x, 4, start, rate=rate, steps=30, batch=8))
    assert len(np.unique(steps.round(15))) > 20


def test_batches_are_right_on_average_and_noisier_the_smaller_they_are():
    x = np.random.default_rng(0).normal(size=100)
    full = descend(x, 4, 0.3, rate=1e-3, steps=1)[1]
    spread = {}
    for batch in (8, 72):
        ends = [
            descend(x, 4, 0.3, rate=1e-3, steps=1, batch=batch, seed=seed)[1]
            for seed in range(400)
        ]
        spread[batch] = np.std(ends)
        assert abs(np.mean(ends) - full) < 4 * spread[batch] / np.sqrt(400)
    assert spread[8] / spread[72] == nearly(3.0, 0.2)


# --- the regression line -------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64])
def test_the_line_is_that_of_polyfit(dtype):
    rng = np.random.default_rng(0)
    q = rng.integers(0, 100, (6, 7)).astype(dtype)
    x = 0.03 * q.astype(float) - 2 + rng.normal(size=q.shape)
    for values in (x, x.astype(np.float32), x.astype(">f4")):
        slope, intercept = regress(values, q)
        expected = np.polyfit(q.ravel(), flat(values), 1)
        np.testing.assert_allclose([slope, intercept], expected, rtol=1e-10)
        assert type(slope) is type(intercept) is float
    np.testing.assert_allclose(regress(x.T, q.T), regress(x, q), rtol=1e-12)
    assert regress(x.tolist(), q.tolist()) == nearly(regress(x, q), 1e-12)


@pytest.mark.parametrize("kind", [{}, {"signed": False}, {"symmetric": True}])
@pytest.mark.parametrize("bits", [2, 8, 12])
def test_of_dequantized_codes_the_slope_is_the_scale_and_the_intercept_code_0(
    kind, bits
):
    x = np.random.default_rng(bits).normal(0.5, 1, 300)
    params = params_for(x, bits, **kind)
    q = quantize(x, params)
    slope, intercept = regress(dequantize(q, params), q)
    assert slope == nearly(params.scale, 1e-5)
    assert intercept == nearly(-params.scale * params.zero_point, 1e-5, 1e-6)


def test_a_falling_line_and_two_codes_are_enough():
    assert regress([1.0, 3.0], np.array([4, -4], np.int8)) == (-0.25, 2.0)
    assert regress([5.0, 5.0, 5.0], [0, 1, 7]) == nearly((0, 5), 1e-12, 1e-12)


def test_no_argument_is_changed():
    x = np.random.default_rng(0).normal(size=(4, 5))
    q = np.arange(20, dtype=np.int8).reshape(4, 5)
    x.flags.writeable = q.flags.writeable = False
    before, codes_before = x.copy(), q.copy()
    least_squares_scale(x, 3)
    least_squares_scale(x, 3, axis=1)
    scale_losses(x, [0.1], 3)
    alternate(x, 3, 0.5)
    scale_gradient(x, 0.5, 3)
    descend(x, 3, 0.5, rate=0.01, steps=3)
    descend(x, 3, 0.5, rate=0.01, steps=3, batch=20)
    regress(x, q)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(q, codes_before)


# --- bad input: each is refused in a sentence that names it --------------------------

X = np.float32([-1.0, -0.4, 0.5, 1.1])
FITS = {
    "least_squares_scale": lambda x=X, bits=2: least_squares_scale(x, bits),
    "scale_losses": lambda x=X, bits=2: scale_losses(x, [0.5], bits),
    "alternate": lambda x=X, bits=2: alternate(x, bits, 0.5),
    "scale_gradient": lambda x=X, bits=2: scale_gradient(x, 0.5, bits),
    "descend": lambda x=X, bits=2: descend(x, bits, 0.5, rate=0.1, steps=2),
}
BAD_X = {
    "NaN": (np.array([1.0, np.nan]), ValueError, "x holds 1 .*NaN.*index 1"),
    "infinity": (np.array([[np.inf]]), ValueError, r"x holds 1 .*index \(0, 0\)"),
    "empty": ([], ValueError, "x is empty"),
    "integers": (np.arange(3), TypeError, "x has dtype int64.*not codes"),
    "codes": (np.array([1, 2], np.int8), TypeError, "x has dtype int8.*not codes"),
    "booleans": ([True], TypeError, "x has dtype bool"),
    "strings": (["a"], TypeError, "x has dtype <U1"),
    "None": (None, TypeError, "x is None"),
    "complex": ([1j], TypeError, "x has dtype complex"),
    "masked": (np.ma.array([1.0]), TypeError, "x is a masked array"),
}
BAD_BITS = {
    "1": (1, ValueError, "bits is 1: allowed are 2 to 16"),
    "17": (17, ValueError, "bits is 17: allowed are 2 to 16"),
    "0": (0, ValueError, "bits is 0"),
    "2.5": (2.5, TypeError, "bits is 2.5"),
    "8.0": (8.0, TypeError, "bits is 8.0"),
    "True": (True, TypeError, "bits is True"),
    "'8'": ("8", TypeError, "bits is '8'"),
    "None": (None, TypeError, "bits is None"),
}


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("kind", BAD_X)
def test_a_tensor_that_is_none_is_refused_as_x(name, kind):
    value, error, message = BAD_X[kind]
    with pytest.raises(error, match=f"(?s)^{message}"):
        FITS[name](x=value)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("kind", BAD_BITS)
def test_a_width_that_is_none_is_refused(name, kind):
    value, error, message = BAD_BITS[kind]
    with pytest.raises(error, match=message):
        FITS[name](bits=value)


BAD_STEPS = {
    "0": (0.0, ValueError, "is 0.0: above 0"),
    "negative": (-0.5, ValueError, "is -0.5: above 0"),
    "NaN": (np.nan, ValueError, "is nan: above 0 and finite"),
    "infinity": (np.inf, ValueError, "is inf: above 0 and finite"),
    "empty": ([], ValueError, r"is \[\]: above 0"),
    "True": (True, TypeError, r"is array\(True\): a number"),
    "a string": ("1", TypeError, "is '1': numbers are needed"),
    "None": (None, TypeError, "is None: numbers are needed"),
    "complex": (1j, TypeError, "is 1j: numbers are needed"),
    "masked": (np.ma.array(1.0), TypeError, "is a masked array"),
}
ONE_NUMBER = {
    "start of alternate": ("start", lambda s: alternate(X, 2, s)),
    "scale": ("scale", lambda s: scale_gradient(X, s, 2)),
    "start of descend": ("start", lambda s: descend(X, 2, s, rate=0.1, steps=1)),
    "rate": ("rate", lambda r: descend(X, 2, 0.5, rate=r, steps=1)),
}


@pytest.mark.parametrize("which", [*ONE_NUMBER, "scales"])
@pytest.mark.parametrize("kind", BAD_STEPS)
def test_what_is_no_number_above_0_is_refused_by_name(which, kind):
    many = ("scales", lambda s: scale_losses(X, s, 2))
    name, call = ONE_NUMBER.get(which, many)
    value, error, message = BAD_STEPS[kind]
    with pytest.raises(error, match=f"^{name} {message}"):
        call(value)


@pytest.mark.parametrize("which", ONE_NUMBER)
@pytest.mark.parametrize("value", [[0.5], np.array([[0.5, 1.0]])])
def test_an_array_where_one_number_belongs_is_refused(which, value):
    name, call = ONE_NUMBER[which]
    with pytest.raises(ValueError, match=f"^{name} has shape .*one number is needed"):
        call(value)


ALL_ZERO = "scale 2.3 is so large that all codes are 0: it must be below 2.2"
Q = np.array([0, 1, 2])
BAD = {
    "one scale 0": (lambda: scale_losses(X, [0.1, 0.0], 2), ValueError, "^scales is"),
    "scale too large": (lambda: scale_gradient(X, 2.3, 2), ValueError, ALL_ZERO),
    "start too large": (lambda: alternate(X, 2, 2.3), ValueError, ALL_ZERO),
    "start of descent": (
        lambda: descend(X, 2, 2.3, rate=0.1, steps=1),
        ValueError,
        ALL_ZERO,
    ),
    "no such axis": (
        lambda: least_squares_scale(X, axis=1),
        ValueError,
        "axis is 1.*1 dimension.*-1 to 0",
    ),
    "axis of a number": (
        lambda: least_squares_scale(1.0, axis=0),
        ValueError,
        "axis is 0.*leave axis out",
    ),
    "axis 0.5": (lambda: least_squares_scale(X, axis=0.5), TypeError, "axis is 0.5"),
    "axis True": (lambda: least_squares_scale(X, axis=True), TypeError, "axis is True"),
    "no alternating steps": (
        lambda: alternate(X, 2, 0.5, 0),
        ValueError,
        "steps is 0: allowed are 1",
    ),
    "2.5 alternating steps": (
        lambda: alternate(X, 2, 0.5, 2.5),
        TypeError,
        "steps is 2.5",
    ),
    "no steps": (
        lambda: descend(X, 2, 0.5, rate=0.1, steps=0),
        ValueError,
        "steps is 0",
    ),
    "True steps": (
        lambda: descend(X, 2, 0.5, rate=0.1, steps=True),
        TypeError,
        "steps is True",
    ),
    "batch 0": (
        lambda: descend(X, 2, 0.5, rate=0.1, steps=1, batch=0),
        ValueError,
        "batch is 0: allowed are 1 to 4",
    ),
    "batch larger than x": (
        lambda: descend(X, 2, 0.5, rate=0.1, steps=1, batch=5),
        ValueError,
        "batch is 5: allowed are 1 to 4",
    ),
    "batch 2.5": (
        lambda: descend(X, 2, 0.5, rate=0.1, steps=1, batch=2.5),
        TypeError,
        "batch is 2.5",
    ),
    "regress codes": (lambda: regress(Q, Q), TypeError, "^x has dtype int64.*codes"),
    "regress on reals": (
        lambda: regress([1.0, 2.0], [0.0, 1.0]),
        TypeError,
        "^q has dtype float64: codes are integers",
    ),
    "regress on booleans": (
        lambda: regress([1.0, 2.0], [True, False]),
        TypeError,
        "^q has dtype bool",
    ),
    "regress NaN": (
        lambda: regress([1.0, np.nan, 2.0], Q),
        ValueError,
        "^x holds 1 .*NaN.*index 1",
    ),
    "regress infinity": (
        lambda: regress([1.0, 2.0, np.inf], Q),
        ValueError,
        "^x holds 1 .*index 2",
    ),
    "regress nothing": (lambda: regress([], []), ValueError, "^x is empty"),
    "regress on nothing": (
        lambda: regress([1.0], np.zeros(0, int)),
        ValueError,
        "^q is empty",
    ),
    "regress on other shape": (
        lambda: regress([[1.0, 2.0, 3.0]], Q),
        ValueError,
        r"^x has shape \(1, 3\) and q \(3,\): they must be equal",
    ),
    "regress on one code": (
        lambda: regress([1.0, 2.0, 3.0], np.array([-7] * 3, np.int8)),
        ValueError,
        "^all codes are -7: a line needs two",
    ),
    "regress a number": (
        lambda: regress(1.0, np.int8(3)),
        ValueError,
        "^all codes are 3: a line needs two",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        call()


def test_a_value_just_beyond_float32_is_named_without_a_warning():
    with pytest.raises(ValueError, match="beyond float32"):
        fitting.least_squares_scale([1e39])
