"""qlib.errors against loops over exact fractions, and against theory; bad input."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib import errors
from qlib.errors import (
    cosine_similarity,
    error_parts,
    health,
    mae,
    max_error,
    mse,
    sqnr_db,
    uniform_noise_mse,
    uniform_noise_sqnr_db,
)
from qlib.linear import choose_params, fake_quantize, params_for, quantize
from qlib.params import QuantParams


def nearly(expected, rel=1e-12, beside=0.0):
    return pytest.approx(expected, rel=rel, abs=beside)


# --- the measures once more, one value at a time and without rounding ----------------


def fractions(x):
    return [Fraction(float(value)) for value in np.ravel(x)]


def as_float(fraction):
    try:
        return float(fraction)
    except OverflowError:
        return math.inf


def mean_of(values):
    values = list(values)
    return sum(values) / len(values)


def exact_errors(x, x_hat):
    return [a - b for a, b in zip(fractions(x), fractions(x_hat), strict=True)]


def exact_mse(x, x_hat):
    return as_float(mean_of(e**2 for e in exact_errors(x, x_hat)))


def exact_mae(x, x_hat):
    return as_float(mean_of(abs(e) for e in exact_errors(x, x_hat)))


def exact_max_error(x, x_hat):
    return as_float(max(abs(e) for e in exact_errors(x, x_hat)))


def exact_sqnr_db(x, x_hat):
    signal = sum(a**2 for a in fractions(x))
    noise = sum(e**2 for e in exact_errors(x, x_hat))
    if noise == 0:
        return math.inf
    if signal == 0:
        return -math.inf
    ratio = signal / noise
    return 10 * (math.log10(ratio.numerator) - math.log10(ratio.denominator))


def exact_cosine(x, x_hat):
    x, x_hat = fractions(x), fractions(x_hat)
    xx, yy = sum(a**2 for a in x), sum(b**2 for b in x_hat)
    if xx == 0 or yy == 0:
        return 1.0 if xx == yy else 0.0
    xy = sum(a * b for a, b in zip(x, x_hat, strict=True))
    return math.sqrt(xy**2 / (xx * yy)) * (1 if xy > 0 else -1)


EXACT = {
    mse: exact_mse,
    mae: exact_mae,
    max_error: exact_max_error,
    sqnr_db: exact_sqnr_db,
    cosine_similarity: exact_cosine,
}
each_measure = pytest.mark.parametrize("measure", EXACT, ids=lambda f: f.__name__)


def assert_exact(measure, x, x_hat):
    beside = {sqnr_db: 1e-9, cosine_similarity: 1e-12}.get(measure, 0.0)
    found = measure(x, x_hat)
    assert type(found) is float
    assert found == nearly(EXACT[measure](x, x_hat), beside=beside)


# --- arrays of every kind ------------------------------------------------------------


def gapped(x):
    memory = np.full((*x.shape, 2), np.nan, x.dtype)
    memory[..., 0] = x
    return memory[..., 0]


def backwards(x):
    return np.flip(np.flip(x).copy(order="F"))


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "rows": lambda x: x.copy(order="C"),
    "columns": lambda x: x.copy(order="F"),
    "gapped": gapped,
    "backwards": backwards,
    "read-only": read_only,
    "list": lambda x: x.tolist(),
}
DTYPES = ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]
values = st.floats(-1e4, 1e4).map(lambda v: v if abs(v) > 1e-9 else 0.0)
shapes = arrays.array_shapes(min_dims=0, max_dims=3, max_side=5)


@st.composite
def pairs(draw):
    shape = draw(shapes)
    x = draw(arrays.arrays(float, shape, elements=values))
    x_hat = draw(
        st.one_of(
            arrays.arrays(float, shape, elements=values),
            arrays.arrays(float, shape, elements=st.floats(-1, 1)).map(
                lambda noise: x + np.rint(noise * 8) / 64
            ),
            st.just(x.copy()),
            st.just(np.zeros(shape)),
            st.just(-2 * x),
        )
    )
    if draw(st.booleans()):
        x, x_hat = x_hat, x
    return [
        LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](
            np.asarray(a, draw(st.sampled_from(DTYPES)))
        )
        for a in (x, x_hat)
    ]


@each_measure
@given(pair=pairs())
def test_a_measure_equals_its_definition_in_exact_fractions(measure, pair):
    assert_exact(measure, *pair)


@each_measure
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("other", ["rows", "columns"])
def test_values_are_paired_by_index_however_they_lie_in_memory(measure, layout, other):
    x, x_hat = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    found = measure(LAYOUTS[layout](x), LAYOUTS[other](x_hat))
    assert found == nearly(measure(x, x_hat))
    assert_exact(measure, x, x_hat)


@each_measure
@pytest.mark.parametrize("dtype", [*DTYPES, "g"])
def test_every_float_dtype_and_byte_order_is_taken(measure, dtype):
    x, x_hat = np.array([-1.5, 0.25, 3.0, 2.0]), np.array([-1.0, 0.5, 3.0, 2.5])
    expected = measure(x, x_hat)
    assert measure(x.astype(dtype), x_hat) == expected
    assert measure(x, x_hat.astype(dtype)) == expected


@each_measure
def test_numbers_and_lists_are_taken(measure):
    assert measure(3.0, 2.5) == nearly(EXACT[measure]([3.0], [2.5]), beside=1e-12)
    assert_exact(measure, [[3.0, -1.0]], [[2.5, -2.0]])


@each_measure
@pytest.mark.parametrize("size", [1, 15, 16, 17, 31, 32, 33, 50])
def test_parts_change_nothing(monkeypatch, measure, size):
    x, x_hat = np.random.default_rng(size).normal(size=(2, size))
    monkeypatch.setattr(errors, "PART", 16)
    assert_exact(measure, x, x_hat)


@pytest.mark.parametrize("size", [errors.PART - 1, errors.PART, 2 * errors.PART + 3])
def test_large_tensors_are_measured_to_their_last_value(size):
    x = np.random.default_rng(0).normal(size=size).astype(np.float32)
    x_hat = np.rint(8 * x) / np.float32(8)
    x_hat[-1] = x[-1] + 2
    e = x.astype(np.float64) - x_hat
    assert mse(x, x_hat) == nearly(math.fsum(e * e) / size, 1e-11)
    assert mae(x, x_hat) == nearly(math.fsum(np.abs(e)) / size, 1e-11)
    assert max_error(x, x_hat) == nearly(2.0, 1e-6)
    ratio = math.fsum(np.float64(x) ** 2) / math.fsum(e * e)
    assert sqnr_db(x, x_hat) == nearly(10 * math.log10(ratio), 1e-11)
    x, x_hat = x.astype(np.float64), x_hat.astype(np.float64)
    lengths = math.sqrt(math.fsum(x * x)) * math.sqrt(math.fsum(x_hat * x_hat))
    assert cosine_similarity(x, x_hat) == nearly(math.fsum(x * x_hat) / lengths, 1e-11)


@each_measure
@pytest.mark.parametrize("size", [1e-310, 1e-300, 1e-160, 1e160, 1e300, 1.6e308])
def test_tiny_and_huge_tensors_give_what_float64_can_hold(measure, size):
    x = size * np.array([1.0, -1.0, 0.5, 0.25])
    x_hat = size * np.array([1.0, 0.5, -0.75, 0.0])
    found, expected = measure(x, x_hat), EXACT[measure](x, x_hat)
    assert not math.isnan(found)
    assert found == nearly(expected, 1e-9)


@each_measure
def test_a_tiny_tensor_may_stand_beside_a_huge_one(measure):
    tiny, huge = [1e-300, 2e-300, -5e-301], [3e300, -1e300, 1e300]
    for x, x_hat in ((tiny, huge), (huge, tiny)):
        assert measure(x, x_hat) == nearly(EXACT[measure](x, x_hat), 1e-9)


@given(st.integers(-900, 900), pairs())
def test_another_unit_changes_neither_sqnr_nor_angle(power, pair):
    pair = [np.asarray(a, np.float64) for a in pair]
    x, x_hat = (np.ldexp(a, power) for a in pair)
    assert sqnr_db(x, x_hat) == nearly(sqnr_db(*pair), beside=1e-9)
    assert cosine_similarity(x, x_hat) == cosine_similarity(*pair)
    assert mae(x, x_hat) == math.ldexp(mae(*pair), power)
    assert max_error(x, x_hat) == math.ldexp(max_error(*pair), power)


@given(arrays.arrays(np.float32, shapes, elements=st.floats(-1e3, 1e3, width=32)))
def test_an_exact_copy_has_no_error_and_infinite_sqnr(x):
    copy = np.array(x)
    assert mse(x, copy) == mae(x, copy) == max_error(x, copy) == 0
    assert sqnr_db(x, copy) == math.inf
    assert cosine_similarity(x, copy) == nearly(1.0)


def test_a_signal_of_zeros_has_sqnr_minus_infinity_unless_it_is_kept():
    assert sqnr_db([0.0, 0.0], [0.0, 1e-200]) == -math.inf
    assert sqnr_db([0.0, 0.0], [0.0, -0.0]) == math.inf


def test_a_result_of_zeros_has_sqnr_zero():
    assert sqnr_db([1.0, -3.0], [0.0, 0.0]) == 0


def test_a_vector_of_zeros_has_cosine_0_beside_any_other_than_zeros():
    assert cosine_similarity([0.0, 0.0], [1.0, 2.0]) == 0
    assert cosine_similarity([1.0, 2.0], [0.0, 0.0]) == 0
    assert cosine_similarity([0.0, 0.0], [0.0, 0.0]) == 1


@given(pairs(), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_cosine_stays_within_one_and_ignores_lengths(pair, a, b):
    x, x_hat = (np.asarray(values, np.float64) for values in pair)
    found = cosine_similarity(x, x_hat)
    assert -1 <= found <= 1
    assert cosine_similarity(a * x, b * x_hat) == nearly(found, beside=1e-12)
    assert cosine_similarity(-a * x, b * x) == nearly(-1 if x.any() else 1)


def test_the_cosine_of_a_tensor_with_itself_is_never_rounded_beyond_one():
    rng = np.random.default_rng(0)
    for size in range(1, 200):
        x = rng.normal(size=size)
        assert 1 - 1e-14 < cosine_similarity(x, 3 * x) <= 1
        assert -1 <= cosine_similarity(x, -3 * x) < -1 + 1e-14


def test_the_cosine_is_that_of_the_angle():
    for degrees in range(0, 181, 15):
        angle = math.radians(degrees)
        turned = [math.cos(angle), math.sin(angle)]
        found = cosine_similarity([2.0, 0.0], turned)
        assert found == nearly(math.cos(angle), beside=1e-15)


@each_measure
def test_both_arguments_are_left_as_they_were(measure):
    x, x_hat = np.random.default_rng(1).normal(size=(2, 40))
    before = x.copy(), x_hat.copy()
    measure(x, x_hat)
    np.testing.assert_array_equal((x, x_hat), before)


# --- the two parts of the error ------------------------------------------------------

GRIDS = {
    "affine": {},
    "unsigned": {"signed": False},
    "unsigned narrow": {"signed": False, "narrow_range": True},
    "symmetric": {"symmetric": True},
    "symmetric narrow": {"symmetric": True, "narrow_range": True},
}


def case(kind, axis, bits=4, reach=0.5):
    """Return a tensor, and a grid that covers the part `reach` of its range."""
    rng = np.random.default_rng(bits)
    x = rng.normal(0.3, 1, (4, 5, 6)) * np.exp(rng.normal(size=(4, 5, 6)) / 2)
    x = x.astype(np.float32)
    others = None if axis is None else tuple(i for i in range(3) if i != axis % 3)
    low, high = reach * x.min(axis=others), reach * x.max(axis=others)
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    return x, choose_params(low, high, bits, axis=axis, **GRIDS[kind])


def by_value(x, params):
    """Yield value, what comes back, the value clipped, step and code."""
    for index in np.ndindex(np.shape(x)):
        channel = 0 if params.axis is None else index[params.axis]
        scale = float(np.ravel(params.scale)[channel])
        zero = int(np.ravel(params.zero_point)[channel])
        value = float(x[index])
        code = min(max(round(value / scale) + zero, params.qmin), params.qmax)
        low, high = scale * (params.qmin - zero), scale * (params.qmax - zero)
        inside = min(max(value, low), high)
        yield value, scale * (code - zero), inside, scale, code


each_grid = pytest.mark.parametrize("kind", GRIDS)
each_axis = pytest.mark.parametrize("axis", [None, 0, 1, -1])
some_bits = pytest.mark.parametrize("bits", [2, 3, 8])


@each_grid
@each_axis
@some_bits
def test_the_parts_of_the_error_equal_a_loop_and_add_up_to_the_mse(kind, axis, bits):
    x, params = case(kind, axis, bits)
    rounding, clipping = error_parts(x, params)
    squares = [
        ((inside - back) ** 2, (value - inside) ** 2)
        for value, back, inside, _, _ in by_value(x, params)
    ]
    by_loop = [math.fsum(part) / x.size for part in zip(*squares, strict=True)]
    assert min(by_loop) > 0
    assert (rounding, clipping) == (nearly(by_loop[0], 1e-4), nearly(by_loop[1], 1e-4))
    assert rounding + clipping == nearly(mse(x, fake_quantize(x, params)), 1e-5)


@each_grid
@each_axis
def test_on_a_grid_that_is_wide_enough_all_error_is_rounding(kind, axis):
    x, params = case(kind, axis, 6, reach=1.2)
    rounding, clipping = error_parts(x, params)
    assert clipping == 0
    assert rounding == nearly(mse(x, fake_quantize(x, params)), 1e-9)


def test_what_is_lost_beyond_float64_is_infinite_without_a_word():
    params = QuantParams(1.0, 0, bits=8)
    assert error_parts([1e308, 0.5], params) == (0.125, math.inf)


def test_values_beyond_both_ends_have_clipping_error_alone():
    params = QuantParams(0.5, 1, bits=3)  # -2.5 to 1
    assert error_parts([2.0, -4.5], params) == (0, 2.5)
    assert error_parts([1.0, -2.5], params) == (0, 0)
    assert error_parts([1.0, -2.5, 0.125, 9.0], params) == (0.125**2 / 4, 16.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_parts_of_every_float_dtype_are_found(dtype):
    x = np.array([[0.5, 5.0]]).astype(dtype)
    assert error_parts(x, QuantParams(1.0, 0, bits=3)) == (0.125, 2.0)
    assert error_parts(x.T, QuantParams(1.0, 0, bits=3)) == (0.125, 2.0)
    assert error_parts(x[0, 1], QuantParams(1.0, 0, bits=3)) == (0, 4.0)


# --- the uniform-noise model ---------------------------------------------------------


@pytest.mark.parametrize(
    "scale",
    [
        0.25,
        3,
        np.float32(0.1),
        np.array([0.1, 2.0, 7.0], np.float32),
        [1, 2],
        np.array([[0.5, 1e-3], [4.0, 1.0]]).T,
        np.array([0.5, 0.25], ">f4"),
        1e-150,
        1e150,
    ],
)
def test_the_expected_error_is_the_mean_squared_step_over_twelve(scale):
    x = np.random.default_rng(0).normal(size=50)
    expected = mean_of(s**2 for s in fractions(scale)) / 12
    assert uniform_noise_mse(scale) == nearly(as_float(expected))
    ratio = mean_of(a**2 for a in fractions(x)) / expected
    assert uniform_noise_sqnr_db(x, scale) == nearly(
        10 * (math.log10(ratio.numerator) - math.log10(ratio.denominator))
    )


def test_expectations_beyond_float64_are_0_and_infinity_without_a_word():
    assert uniform_noise_mse(1e-200) == 0
    assert uniform_noise_mse(1e200) == math.inf
    found = uniform_noise_sqnr_db([1e-200, -1e-200], 1e-202)
    assert found == nearly(40 + 10 * math.log10(12))
    assert uniform_noise_sqnr_db([0.0], 1.0) == -math.inf


@pytest.mark.parametrize("bits", [4, 6, 8, 12])
@pytest.mark.parametrize("kind", GRIDS)
def test_a_uniform_tensor_has_the_error_that_the_model_expects(bits, kind):
    x = np.random.default_rng(bits).uniform(-1, 1, 100_000)
    params = params_for(x, bits, **GRIDS[kind])
    x_hat = fake_quantize(x, params)
    assert mse(x, x_hat) == nearly(uniform_noise_mse(params.scale), rel=0.01)
    expected = uniform_noise_sqnr_db(x, params.scale)
    assert sqnr_db(x, x_hat) == nearly(expected, beside=0.05)


def test_channels_of_their_own_steps_have_the_mean_of_their_errors():
    x = np.random.default_rng(0).uniform(-1, 1, (4, 50_000)) * [[1], [2], [5], [10]]
    params = params_for(x, 8, symmetric=True, axis=0)
    found = mse(x, fake_quantize(x, params))
    assert found == nearly(uniform_noise_mse(params.scale), rel=0.01)


def test_a_bit_more_is_worth_six_decibels():
    x = np.random.default_rng(0).uniform(-1, 1, 100_000)
    expected = [uniform_noise_sqnr_db(x, 2.0**-bits) for bits in range(2, 17)]
    np.testing.assert_allclose(np.diff(expected), 20 * math.log10(2), rtol=1e-12)
    grids = [params_for(x, bits) for bits in range(6, 15)]
    found = [sqnr_db(x, fake_quantize(x, params)) for params in grids]
    for fewer, more in pairwise(found):
        assert more - fewer == nearly(6.02, beside=0.1)
    assert (found[-1] - found[0]) / 8 == nearly(6.02, beside=0.02)


# --- health --------------------------------------------------------------------------


def loop_health(x, params):
    steps, exact, clipped, codes = [], 0, 0, set()
    for value, back, inside, scale, code in by_value(x, params):
        steps.append(((value - back) / scale) ** 2)
        exact += value == np.float32(back)
        clipped += value != inside
        codes.add(code)
    rmse = math.sqrt(math.fsum(steps) / x.size)
    return rmse, exact / x.size, clipped / x.size, len(codes)


@each_grid
@each_axis
@some_bits
def test_health_equals_a_loop_over_values(kind, axis, bits):
    x, params = case(kind, axis, bits)
    x[x < -0.5] = 0  # comes back exactly
    rmse, exact, clipped, levels = loop_health(x, params)
    assert 0 < exact < 1 and 0 < clipped < 1
    found = health(x, params)
    assert found.rmse_in_steps == nearly(rmse, 1e-4)
    assert found[1:] == (exact, clipped, levels)


def test_the_ends_of_the_grid_are_not_beyond_it():
    params = QuantParams(0.5, 3, bits=4)  # -5.5 to 2
    found = health([2.0, -5.5, 2.001, -5.501], params)
    assert (found.exact, found.clipped, found.levels) == (0.5, 0.5, 2)


def test_levels_are_the_different_codes_of_all_channels():
    x = np.array([[0.0, 1.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0], [4.0, 5.0, 4.0, 5.0]])
    ones, zeros = np.ones(4), np.zeros(4, int)
    assert health(x, QuantParams(1.0, 0, 8)).levels == 6
    assert health(x, QuantParams(ones[:3], zeros[:3], 8, axis=0)).levels == 6
    scales = 2.0 ** np.array([0, 1, 2])  # codes 0 1 2 2, 2 2 2 2, 1 1 1 1
    assert health(x, QuantParams(scales, zeros[:3], 8, axis=0)).levels == 3


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("bits", [2, 8, 16])
def test_a_ramp_over_the_grid_uses_every_level(kind, bits):
    zero = choose_params(-1.0, 1.0, bits, **GRIDS[kind]).zero_point
    signed, narrow = "unsigned" not in kind, "narrow" in kind
    params = QuantParams(0.125, zero, bits, signed=signed, narrow_range=narrow)
    codes = np.arange(params.qmin, params.qmax + 1)
    x = (codes - zero) / 8
    assert health(x, params) == (0, 1, 0, len(codes))
    assert health(np.append(x[::3], 1e6), params).levels == len(
        {*codes[::3], codes[-1]}
    )


def test_each_error_is_told_in_steps_of_its_own_channel():
    x = np.array([[0.25, 0.25], [25.0, 25.0]])
    params = QuantParams([1.0, 100.0], [0, 0], 8, axis=0)
    assert health(x, params) == (0.25, 0, 0, 1)


def test_uniform_errors_have_an_rmse_of_0289_steps():
    x = np.random.default_rng(0).uniform(-1, 1, 100_000)
    found = health(x, params_for(x, 8, symmetric=True))
    assert found.rmse_in_steps == nearly(math.sqrt(1 / 12), rel=0.01)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("order", ["C", "F"])
def test_large_tensors_are_judged_to_their_last_value(axis, order):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(700, 900)).astype(np.float32).copy(order=order)
    x[:, 3], x[5] = 0, 0
    params = params_for(x / 2, 5, symmetric=True, axis=axis)
    scale = np.float64(params.scale)
    scale = scale if axis is None else np.expand_dims(scale, 1 - axis)
    wide = x.astype(np.float64)
    codes = np.clip(np.rint(wide / scale), -16, 15)
    inside = np.clip(wide, -16 * scale, 15 * scale)
    squares = np.mean((inside - scale * codes) ** 2), np.mean((wide - inside) ** 2)
    assert error_parts(x, params) == nearly(squares, 1e-4)
    found = health(x, params)
    rmse = np.sqrt(np.mean((wide / scale - codes) ** 2))
    assert found.rmse_in_steps == nearly(rmse, 1e-4)
    assert found.exact == nearly(np.mean(wide == 0), beside=1e-4)
    assert found.clipped == nearly(np.mean(wide != inside), beside=2e-3)
    assert found.levels == 32


@pytest.mark.parametrize("dtype", DTYPES)
def test_health_takes_every_float_dtype_lists_and_numbers(dtype):
    params = QuantParams(1.0, 0, bits=3)
    x = np.array([[0.0, 1.0], [7.0, 3.0]]).astype(dtype)
    assert health(x, params) == health(x.T, params) == (2.0, 0.75, 0.25, 3)
    assert health(x.tolist(), params) == (2.0, 0.75, 0.25, 3)
    assert health(x[1, 0], params) == (4.0, 0, 1, 1)


@pytest.mark.parametrize("function", [error_parts, health])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tensor_and_its_grid_are_left_as_they_were(function, dtype):
    x, params = case("affine", 1)
    x = x.astype(dtype)
    before, codes = x.copy(), quantize(x, params)
    x.flags.writeable = False
    function(x, params)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(quantize(x, params), codes)


@given(pairs())
def test_values_that_all_lie_on_the_grid_are_in_perfect_health(pair):
    x = np.clip(np.rint(np.asarray(pair[0], np.float64)), -128, 127)
    found = health(x, QuantParams(1.0, 0, 8))
    assert found == (0, 1, 0, len(np.unique(x)))


# --- bad input: each is refused in a sentence that names it --------------------------

GOOD = np.float32([0.5, -1.5])
P = QuantParams(1.0, 0, 8)
BAD_VALUES = {
    "NaN": (np.array([1.0, np.nan]), ValueError, "holds 1 .*NaN.*index 1"),
    "infinity": (np.array([-np.inf, 1.0]), ValueError, "holds 1 .*infinite.*index 0"),
    "a NaN number": (np.nan, ValueError, "holds 1 .*NaN"),
    "empty": (np.zeros((0, 2)), ValueError, r"is empty \(shape \(0, 2\)\)"),
    "codes": (np.array([0, -2], np.int8), TypeError, "has dtype int8.*not codes"),
    "integers": ([0, 1], TypeError, "has dtype int64.*not codes"),
    "pixels": (np.zeros(2, np.uint8), TypeError, "has dtype uint8.*255"),
    "booleans": ([True, False], TypeError, "has dtype bool"),
    "strings": (["a", "b"], TypeError, "has dtype <U1.*no strings"),
    "one string": ("ab", TypeError, "is 'ab'.*no strings"),
    "None": (None, TypeError, "is None.*no strings, objects"),
    "complex": (np.array([1j, 0]), TypeError, "has dtype complex128"),
    "masked": (np.ma.array([1.0, 2.0]), TypeError, "is a masked array.*filled"),
    "ragged": ([[1.0], [1.0, 2.0]], ValueError, "does not form an array.*equally long"),
}


@each_measure
@pytest.mark.parametrize("kind", BAD_VALUES)
def test_a_measure_names_the_argument_that_it_refuses(measure, kind):
    value, error, message = BAD_VALUES[kind]
    with pytest.raises(error, match=f"(?s)^x {message}"):
        measure(value, GOOD)
    with pytest.raises(error, match=f"(?s)^x_hat {message}"):
        measure(GOOD, value)


@each_measure
@pytest.mark.parametrize(
    ("x", "x_hat"),
    [((3,), (1,)), ((2, 1), (1, 2)), ((), (1,)), ((4,), (2, 2)), ((2, 3), (3,))],
)
def test_shapes_that_differ_are_told_and_never_broadcast(measure, x, x_hat):
    for a, b in ((x, x_hat), (x_hat, x)):
        with pytest.raises(ValueError) as refusal:
            measure(np.ones(a), np.ones(b))
        assert f"x has shape {a} and x_hat {b}: they must be equal" in str(
            refusal.value
        )


OF_A_TENSOR = {
    "error_parts": lambda x: error_parts(x, P),
    "health": lambda x: health(x, P),
    "uniform_noise_sqnr_db": lambda x: uniform_noise_sqnr_db(x, 1.0),
}


@pytest.mark.parametrize("name", OF_A_TENSOR)
@pytest.mark.parametrize("kind", BAD_VALUES)
def test_what_is_no_finite_tensor_is_refused_as_x(name, kind):
    value, error, message = BAD_VALUES[kind]
    with pytest.raises(error, match=f"(?s)^x {message}"):
        OF_A_TENSOR[name](value)


@pytest.mark.parametrize("function", [error_parts, health])
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ((1.0, 0), TypeError, "params is tuple"),
        (None, TypeError, "params is NoneType"),
        (QuantParams([1.0], [0], 8, axis=1), ValueError, "axis is 1.*1 dimension"),
        (QuantParams([1.0], [0], 8, axis=0), ValueError, "2 channels.*have 1"),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(function, params, error, message):
    with pytest.raises(error, match=message):
        function(GOOD, params)


BAD_SCALES = {
    "0": (0.0, ValueError, "scale is 0.0: a step is above 0"),
    "negative": (-0.5, ValueError, "scale is -0.5: a step is above 0"),
    "NaN": (np.nan, ValueError, "scale is nan.*finite"),
    "infinity": (np.inf, ValueError, "scale is inf.*finite"),
    "one channel 0": ([1.0, 0.0], ValueError, r"scale is \[1. 0.\].*above 0"),
    "empty": ([], ValueError, r"scale is \[\]: a step"),
    "a string": ("1", TypeError, "scale is '1'"),
    "strings": (["1"], TypeError, "scale has dtype <U1"),
    "True": (True, TypeError, "scale is array\\(True\\): a number"),
    "None": (None, TypeError, "scale is None"),
    "complex": (1j, TypeError, "scale is 1j"),
    "masked": (np.ma.array([1.0]), TypeError, "scale is a masked array"),
    "ragged": ([[1.0], [1.0, 2.0]], ValueError, "scale does not form an array"),
}


@pytest.mark.parametrize("kind", BAD_SCALES)
def test_a_scale_that_is_no_step_is_refused(kind):
    value, error, message = BAD_SCALES[kind]
    with pytest.raises(error, match=f"(?s)^{message}"):
        uniform_noise_mse(value)
    with pytest.raises(error, match=f"(?s)^{message}"):
        uniform_noise_sqnr_db(GOOD, value)
