"""qlib.linear against its definition and TensorFlow's fake_quant; bad input."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib._passes import PART
from qlib.linear import choose_params, dequantize, fake_quantize, params_for, quantize
from qlib.params import QuantParams

F32 = np.finfo(np.float32)
finite = st.floats(-(2.0**100), 2.0**100, width=32)
any_bits = st.integers(2, 16)
tensors = arrays.arrays(
    np.float32, arrays.array_shapes(max_dims=3, max_side=6), elements=finite
)
kinds = st.fixed_dictionaries(
    {"narrow_range": st.booleans()},
    optional={"symmetric": st.booleans(), "signed": st.just(True)},
) | st.fixed_dictionaries({"narrow_range": st.booleans(), "signed": st.just(False)})


def random_params(rng, bits, **kind):
    low, high = -rng.exponential(2.0), rng.exponential(2.0)
    return choose_params(low, high, bits, **kind)


def by_the_book(x, params):
    """Return the codes by the definition, one value at a time, in float32 steps."""
    codes = []
    for value in np.ravel(x):
        q = round(float(np.float32(value) / np.float32(params.scale)))  # half to even
        codes.append(min(max(q + params.zero_point, params.qmin), params.qmax))
    return np.reshape(codes, np.shape(x))


# --- the definition ------------------------------------------------------------------


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("narrow_range", [True, False])
def test_codes_are_those_of_the_definition(bits, signed, narrow_range):
    rng = np.random.default_rng(bits)
    params = random_params(rng, bits, signed=signed, narrow_range=narrow_range)
    x = rng.normal(0, 3, 500).astype(np.float32)
    q = quantize(x, params)
    np.testing.assert_array_equal(q, by_the_book(x, params))
    np.testing.assert_array_equal(
        dequantize(q, params),
        (params.scale * (q.astype(int) - params.zero_point)).astype(np.float32),
    )


def test_ties_go_to_the_even_neighbour():
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32)
    q = quantize(ties * 0.25, QuantParams(0.25, 0, 8))
    np.testing.assert_array_equal(q, [-2, -2, 0, 0, 2, 2])


def test_the_worked_example_has_the_values_that_the_lesson_states():
    affine = choose_params(-10.0, 10.0, signed=False)
    assert affine.zero_point == 128
    assert quantize(5.0, affine) == 192
    assert dequantize(np.uint8(192), affine) == pytest.approx(5.0196, abs=1e-4)
    symmetric = choose_params(-10.0, 10.0, symmetric=True)
    assert quantize(5.0, symmetric) == 64
    assert fake_quantize(5.0, symmetric) == pytest.approx(5.0394, abs=1e-4)


@given(tensors, any_bits, kinds)
def test_a_round_trip_is_off_by_at_most_half_a_step(x, bits, kind):
    params = params_for(x, bits, **kind)
    error = np.abs(x.astype(np.float64) - fake_quantize(x, params))
    rounding = 4 * F32.eps * np.abs(x).max()
    assert error.max() <= params.scale / 2 * (1 + 2**-20) + rounding


@given(tensors, any_bits, kinds)
def test_fake_quantize_is_there_and_back(x, bits, kind):
    params = params_for(x, bits, **kind)
    back = dequantize(quantize(x, params), params)
    np.testing.assert_array_equal(fake_quantize(x, params), back)


@given(tensors, any_bits, kinds)
def test_real_zero_comes_back_as_exactly_zero(x, bits, kind):
    params = params_for(x, bits, **kind)
    assert fake_quantize(np.float32(0), params) == 0
    assert dequantize(quantize(np.float32(0), params), params) == 0


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), any_bits, kinds)
@example(5.0, 8, {"narrow_range": False})
@example(float(F32.max), 8, {"narrow_range": False})
@example(float(F32.smallest_subnormal), 16, {"narrow_range": True})
def test_a_constant_comes_back_to_within_one_float32_rounding(value, bits, kind):
    x = np.full(3, value, np.float32)
    error = np.abs(fake_quantize(x, params_for(x, bits, **kind)) - x)
    assert np.all(error <= np.spacing(np.nextafter(np.abs(x), np.float32(0))))


@given(finite, finite, any_bits, kinds)
def test_values_outside_the_range_saturate(a, b, bits, kind):
    params = choose_params(min(a, b), max(a, b), bits, **kind)
    ends = quantize(np.array([-F32.max, F32.max], np.float32), params)
    np.testing.assert_array_equal(ends, [params.qmin, params.qmax])


@given(tensors, any_bits)
def test_larger_values_never_get_smaller_codes(x, bits):
    params = params_for(x, bits)
    q = quantize(np.sort(x.reshape(-1)), params)
    assert np.all(np.diff(q.astype(int)) >= 0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("symmetric", [True, False])
def test_per_channel_equals_a_loop_over_channels(axis, symmetric):
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, (4, 5, 6)).astype(np.float32) * rng.exponential(1, (4, 5, 6))
    x = np.moveaxis(np.moveaxis(x.astype(np.float32), axis, 0).copy(), 0, axis)
    params = params_for(x, 6, symmetric=symmetric, axis=axis)
    q, x_hat = quantize(x, params), fake_quantize(x, params)
    for i in range(x.shape[axis]):
        one = np.take(x, i, axis)
        own = params_for(one, 6, symmetric=symmetric)
        assert own.scale == params.scale[i]
        np.testing.assert_array_equal(np.take(q, i, axis), quantize(one, own))
        np.testing.assert_array_equal(np.take(x_hat, i, axis), fake_quantize(one, own))


def test_an_all_zero_channel_and_an_all_zero_tensor_get_scale_one():
    x = np.array([[0.0, 0.0], [1.0, -2.0]], np.float32)
    params = params_for(x, symmetric=True, axis=0)
    assert params.scale[0] == 1
    np.testing.assert_array_equal(fake_quantize(x, params)[0], 0)
    assert params_for(np.zeros(3)).scale == 1


def test_a_range_above_zero_is_widened_to_hold_zero():
    params = choose_params(36.0, 40.0)
    assert params.scale == np.float32(40 / 255)
    assert params.zero_point == -128


# --- TensorFlow's fake_quant ---------------------------------------------------------
# Where the definitions meet: TensorFlow shifts a range that lacks 0 and we widen it, so
# ranges hold 0 here; it rounds ties half up, so values within float32 noise of a tie
# may go to either side; and it finds the zero point in float32, so ranges whose zero
# point is within that noise of a tie are left out (both grids are right: they lie a
# step apart).


def zero_point_is_no_tie(low, high, bits, narrow):
    levels = 2**bits - 1 - narrow
    fraction = (-low / (high - low) * levels) % 1
    return abs(fraction - 0.5) > levels * 2**-22


def assert_equal_but_for_ties(ours, theirs, x, params, bits):
    scale = np.asarray(params.scale, np.float64)
    apart = np.abs(ours - theirs) / scale
    noise = 2.0**bits * 2**-22
    from_tie = np.abs((x.astype(np.float64) / scale) % 1 - 0.5)
    differs = apart > 0.5
    assert np.all(from_tie[differs] < noise), "differs away from a tie"
    assert np.all(apart < 1 + noise)
    assert np.all(apart[~differs] < 2 * noise)
    assert differs.mean() < max(0.01, 4 * noise)


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("signed", [True, False])
def test_equal_to_tensorflow_over_random_ranges(tf, bits, narrow, signed):
    rng = np.random.default_rng(bits + 100 * narrow)
    compared = 0
    for _ in range(12):
        low, high = np.float32([-rng.exponential(2.0), rng.exponential(2.0)])
        if not zero_point_is_no_tie(float(low), float(high), bits, narrow):
            continue
        compared += 1
        x = rng.uniform(1.5 * low, 1.5 * high, 2000).astype(np.float32)
        params = choose_params(low, high, bits, signed=signed, narrow_range=narrow)
        ours = fake_quantize(x, params)
        options = {"num_bits": bits, "narrow_range": narrow}
        fake_quant = tf.quantization.fake_quant_with_min_max_args
        args = fake_quant(x, float(low), float(high), **options).numpy()
        assert_equal_but_for_ties(ours, args, x, params, bits)
        fake_quant = tf.quantization.fake_quant_with_min_max_vars
        variables = fake_quant(x, low, high, **options).numpy()
        assert_equal_but_for_ties(ours, variables, x, params, bits)
    assert compared >= 6


@pytest.mark.parametrize("bits", [2, 4, 8, 12, 16])
@pytest.mark.parametrize("narrow", [False, True])
def test_equal_to_tensorflow_per_channel(tf, bits, narrow):
    rng = np.random.default_rng(bits)
    low = -rng.exponential(2.0, 40).astype(np.float32)
    high = rng.exponential(2.0, 40).astype(np.float32)
    low[0], high[1] = 0, 0
    keep = [
        zero_point_is_no_tie(float(a), float(b), bits, narrow)
        for a, b in zip(low, high, strict=True)
    ]
    low, high = low[keep], high[keep]
    assert len(low) >= 20
    x = rng.uniform(1.5 * low, 1.5 * high, (500, len(low))).astype(np.float32)
    params = choose_params(low, high, bits, narrow_range=narrow, axis=1)
    fake_quant = tf.quantization.fake_quant_with_min_max_vars_per_channel
    theirs = fake_quant(x, low, high, num_bits=bits, narrow_range=narrow).numpy()
    assert_equal_but_for_ties(fake_quantize(x, params), theirs, x, params, bits)


def test_the_worked_examples_zero_point_is_a_tie_that_tensorflow_takes_down(tf):
    fake_quant = tf.quantization.fake_quant_with_min_max_args
    theirs = fake_quant(np.float32([-30.0, 30.0]), -10.0, 10.0).numpy()
    step = 20 / 255
    np.testing.assert_allclose(theirs, [-127 * step, 128 * step], rtol=1e-5)
    params = choose_params(-10.0, 10.0)
    ours = fake_quantize(np.float32([-30.0, 30.0]), params)
    np.testing.assert_allclose(ours, [-128 * step, 127 * step], rtol=1e-5)


# --- arrays of every kind ------------------------------------------------------------


@pytest.mark.parametrize("size", [1, PART - 1, PART + 1, 9 * PART + 17])
def test_parts_and_threads_change_nothing(size):
    x = np.random.default_rng(0).normal(0, 1, size).astype(np.float32)
    params = choose_params(-2.0, 2.5, 8)
    steps = np.clip(np.rint(x / params.scale) + params.zero_point, -128, 127)
    np.testing.assert_array_equal(quantize(x, params), steps)
    back = np.float32(params.scale) * (steps - params.zero_point).astype(np.float32)
    np.testing.assert_array_equal(fake_quantize(x, params), back)
    np.testing.assert_array_equal(dequantize(steps.astype(np.int8), params), back)


@pytest.mark.parametrize("axis", [0, 1])
def test_parts_along_a_channel_axis_change_nothing(axis):
    x = np.random.default_rng(0).normal(0, 1, (3000, 1000)).astype(np.float32)
    params = params_for(x, symmetric=True, axis=axis)
    scale = np.expand_dims(params.scale, 1 - axis)
    expected = np.clip(np.rint(x / scale), -128, 127)
    np.testing.assert_array_equal(quantize(x, params), expected)


@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g"])
def test_every_float_dtype_and_byte_order_is_taken(dtype):
    x = np.array([-1.0, 0.25, 2.5]).astype(dtype)
    np.testing.assert_array_equal(
        fake_quantize(x, choose_params(-1.0, 2.5, 3)), np.float32([-1.0, 0.0, 2.5])
    )


def test_a_list_and_a_number_are_taken():
    params = QuantParams(0.5, 0, 8)
    np.testing.assert_array_equal(quantize([0.5, 1.0], params), [1, 2])
    assert quantize(0.5, params) == 1
    assert isinstance(fake_quantize(0.6, params), np.float32)


def test_views_that_are_not_contiguous_are_taken():
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    params = choose_params(0.0, 24.0)
    view = x[::2, ::-1].T
    np.testing.assert_array_equal(quantize(view, params), quantize(view.copy(), params))
    out = np.zeros((4, 12), np.float32)[:, ::2]
    fake_quantize(x, params, out=out)
    np.testing.assert_array_equal(out, fake_quantize(x, params))


def test_the_input_is_never_changed_unless_it_is_out():
    x = np.linspace(-1, 1, 9, dtype=np.float32)
    before, params = x.copy(), choose_params(-1.0, 1.0, 3)
    x.flags.writeable = False
    quantize(x, params)
    expected = fake_quantize(x, params)
    np.testing.assert_array_equal(x, before)
    x = before.copy()
    assert fake_quantize(x, params, out=x) is x
    np.testing.assert_array_equal(x, expected)


def test_an_out_that_overlaps_the_input_gets_the_right_values():
    memory = np.linspace(-1, 1, 101, dtype=np.float32)
    params = choose_params(-1.0, 1.0, 4)
    expected = fake_quantize(memory[:-1].copy(), params)
    fake_quantize(memory[:-1], params, out=memory[1:])
    np.testing.assert_array_equal(memory[1:], expected)


def test_overlaps_of_several_parts_get_the_right_values():
    memory = np.random.default_rng(0).normal(0, 1, 3 * PART + 1).astype(np.float32)
    params = choose_params(-2.0, 2.0, 4)
    expected = fake_quantize(memory[:-1].copy(), params)
    fake_quantize(memory[:-1], params, out=memory[1:])
    np.testing.assert_array_equal(memory[1:], expected)
    expected = fake_quantize(memory[::-1].copy(), params)
    fake_quantize(memory[::-1], params, out=memory)
    np.testing.assert_array_equal(memory, expected)


def test_an_out_in_the_middle_of_rows_is_filled():
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    params = choose_params(0.0, 24.0)
    out = np.zeros((4, 12), np.float32)[:, 1:7]
    fake_quantize(x, params, out=out)
    np.testing.assert_array_equal(out, fake_quantize(x, params))


def test_in_place_huge_values_saturate_as_they_do_elsewhere():
    x = np.float32([3e38, 1])
    params = QuantParams(0.1, 0, 8)
    expected = fake_quantize(x, params)
    np.testing.assert_array_equal(fake_quantize(x, params, out=x), expected)
    np.testing.assert_array_equal(x, expected)


def test_nan_is_found_by_every_thread_and_told_at_its_place():
    x = np.zeros((9, PART), np.float32)
    x[8, 5] = x[8, 7] = np.nan
    with pytest.raises(ValueError, match=r"2 value.*index \(8, 5\)"):
        quantize(x, QuantParams(1.0, 0, 8))
    with pytest.raises(ValueError, match=r"2 value.*index \(8, 5\)"):
        fake_quantize(x, QuantParams(1.0, 0, 8))


def test_channels_saturate_at_their_own_codes():
    params = QuantParams([1.0, 1.0], [0, 100], 8, axis=1)
    np.testing.assert_array_equal(
        quantize(np.float32([[100, 50]]), params), [[100, 127]]
    )


def test_the_widest_channel_stays_finite():
    params = QuantParams([1.0, 3e38], [0, 0], 2, axis=0)
    assert np.all(np.isfinite(dequantize([[1], [-2]], params)))


def test_ranges_below_normal_floats_keep_their_ends():
    x = np.full(3, 1e-40, np.float32)
    np.testing.assert_array_equal(fake_quantize(x, params_for(x, 16)), x)
    assert params_for(np.array([1e-50])).scale == 1
    few = np.float32([-5e-34, 2e-34, 1e-34])
    np.testing.assert_allclose(fake_quantize(few, params_for(few, 16)), few, rtol=1e-4)


def test_no_warning_leaks_whatever_the_callers_settings():
    with np.errstate(all="raise"):
        choose_params(0.0, 1e-45)
        quantize(np.array([1e39, 1e-320]), QuantParams(1.0, 0, 8))
        fake_quantize(np.float32([1e-45, 3e38]), QuantParams(1e-30, 0, 8))


def test_a_refused_input_is_not_half_overwritten():
    x = np.ones(3 * PART, np.float32)
    x[-1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        fake_quantize(x, QuantParams(0.7, 0, 8), out=x)
    assert np.all(x[:-1] == 1)


def test_float64_input_keeps_its_precision():
    params = QuantParams(1.0, 0, 8)
    assert quantize(np.float64(0.5 + 1e-12), params) == 1
    out = np.empty(1)
    assert fake_quantize(np.array([2.7]), params, out=out)[0] == 3


def test_the_widest_range_of_float32_stays_finite():
    x = np.array([-F32.max, 0, F32.max], np.float32)
    for kind in ({}, {"symmetric": True}, {"signed": False}):
        x_hat = fake_quantize(x, params_for(x, **kind))
        assert np.all(np.isfinite(x_hat))
        assert x_hat[1] == 0


# --- QuantParams ---------------------------------------------------------------------


def test_params_are_frozen_equal_by_value_and_usable_in_sets():
    a = choose_params(np.array([-1.0]), np.array([2.0]), axis=0)
    b = choose_params(np.array([-1.0]), np.array([2.0]), axis=0)
    assert a == b
    assert len({a, b}) == 1
    assert a != choose_params(np.array([-1.0]), np.array([2.5]), axis=0)
    with pytest.raises(AttributeError):
        a.bits = 4
    with pytest.raises(ValueError, match="read-only"):
        a.scale[0] = 1


def test_params_that_differ_in_one_thing_are_not_equal():
    one = {"scale": [1.0, 1.0], "zero_point": [0, 0], "bits": 8, "axis": 0}
    for change in (
        {"axis": 1},
        {"zero_point": [0, 1]},
        {"bits": 7},
        {"scale": [1.0, 2.0]},
        {"narrow_range": True},
    ):
        assert QuantParams(**one) != QuantParams(**one | change)
    assert QuantParams(1.0, 1, 8) != QuantParams(1.0, 1, 8, signed=False)


@pytest.mark.parametrize(
    "twin", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_a_copy_of_params_is_equal_and_frozen_too(twin):
    params = twin(QuantParams([1.0, 1.0], [0, 0], 8, axis=0))
    assert params == QuantParams([1.0, 1.0], [0, 0], 8, axis=0)
    for values in (params.scale, params.zero_point):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


def test_params_do_not_follow_the_array_they_were_made_from():
    scale = np.ones(2, np.float32)
    params = QuantParams(scale, np.zeros(2, int), 8, axis=0)
    scale[:] = 9
    assert np.all(params.scale == 1)


@pytest.mark.parametrize(
    ("bits", "signed", "narrow", "qmin", "qmax", "dtype"),
    [
        (8, True, False, -128, 127, "int8"),
        (8, False, False, 0, 255, "uint8"),
        (8, True, True, -127, 127, "int8"),
        (8, False, True, 1, 255, "uint8"),
        (2, True, True, -1, 1, "int8"),
        (9, True, False, -256, 255, "int16"),
        (16, False, False, 0, 65535, "uint16"),
    ],
)
def test_the_ends_and_the_dtype_of_a_grid(bits, signed, narrow, qmin, qmax, dtype):
    params = choose_params(-1.0, 1.0, bits, signed=signed, narrow_range=narrow)
    assert (params.qmin, params.qmax, params.dtype) == (qmin, qmax, np.dtype(dtype))


def test_symmetric_parameters_have_zero_point_zero_and_reach_qmax():
    params = choose_params(-3.0, 1.0, 8, symmetric=True)
    assert params.zero_point == 0
    assert params.scale == np.float32(3 / 127)


# --- bad input: each is refused in a sentence that names it --------------------------

X = np.array([[0.1, -0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
P = choose_params(-1.0, 1.0)
PER_CHANNEL = params_for(X, axis=0)

BAD = {
    "NaN": (lambda: quantize(np.array([1.0, np.nan]), P), ValueError, "NaN.*index 1"),
    "infinity": (lambda: quantize(np.array([[np.inf]]), P), ValueError, "infinite"),
    "NaN in a scalar": (lambda: fake_quantize(np.nan, P), ValueError, "NaN"),
    "NaN in params_for": (lambda: params_for([np.nan]), ValueError, "NaN"),
    "infinity in params_for": (lambda: params_for([np.inf]), ValueError, "infinite"),
    "empty": (lambda: quantize(np.array([]), P), ValueError, "empty"),
    "empty codes": (lambda: dequantize(np.array([], int), P), ValueError, "empty"),
    "empty for params": (lambda: params_for([]), ValueError, "empty"),
    "integers": (lambda: quantize(np.arange(3), P), TypeError, "int64.*astype"),
    "pixels": (lambda: quantize(np.zeros(2, np.uint8), P), TypeError, "uint8.*255"),
    "booleans": (lambda: quantize([True], P), TypeError, "bool"),
    "integers for params": (lambda: params_for(np.arange(3)), TypeError, "int64"),
    "strings": (lambda: quantize(["a"], P), TypeError, "dtype <U1"),
    "objects": (lambda: quantize([None, 1.0], P), TypeError, "object"),
    "complex": (lambda: quantize([1j], P), TypeError, "complex"),
    "ragged": (lambda: quantize([[1.0], [1.0, 2.0]], P), ValueError, "equally long"),
    "masked": (lambda: quantize(np.ma.array([1.0]), P), TypeError, "masked.*filled"),
    "float codes": (lambda: dequantize(np.array([1.0]), P), TypeError, "float64"),
    "codes too large": (
        lambda: dequantize(np.array([200]), P),
        ValueError,
        "200.*-128 to 127",
    ),
    "codes too small": (lambda: dequantize([-129], P), ValueError, "-129"),
    "masked end": (
        lambda: choose_params(np.ma.masked, 1.0),
        TypeError,
        "low is a mask",
    ),
    "masked scale": (
        lambda: QuantParams(np.ma.array(1.0), 0, 8),
        TypeError,
        "scale is a masked",
    ),
    "masked element": (lambda: quantize([1.0, np.ma.masked], P), ValueError, "masked"),
    "end beyond float32": (lambda: choose_params(0.0, 1e39), ValueError, "beyond"),
    "long double": (
        lambda: quantize(np.array(["1e4000"]).astype("g"), P),
        ValueError,
        "infinite",
    ),
    "bits a duration": (
        lambda: choose_params(-1, 1, np.timedelta64(5, "s")),
        TypeError,
        "bits is",
    ),
    "zero point too high": (lambda: QuantParams(1.0, 500, 8), ValueError, "500"),
    "bits 1": (lambda: choose_params(-1, 1, 1), ValueError, "bits is 1.*2 to 16"),
    "bits 17": (lambda: choose_params(-1, 1, 17), ValueError, "bits is 17"),
    "bits 8.0": (lambda: choose_params(-1, 1, 8.0), TypeError, "bits is 8.0"),
    "bits True": (lambda: choose_params(-1, 1, True), TypeError, "bits is True"),
    "bits '8'": (lambda: params_for(X, "8"), TypeError, "bits is '8'"),
    "reversed": (lambda: choose_params(2.0, -1.0), ValueError, "low is 2.0.*Swap"),
    "NaN end": (lambda: choose_params(np.nan, 1.0), ValueError, "low is nan"),
    "infinite end": (lambda: choose_params(0.0, np.inf), ValueError, "high is inf"),
    "huge end": (lambda: choose_params(0.0, 1e300), ValueError, "beyond float32"),
    "string end": (lambda: choose_params("0", 1.0), TypeError, "low is '0'"),
    "None end": (lambda: choose_params(None, 1.0), TypeError, "low is None"),
    "ends of two lengths": (
        lambda: choose_params([0.0, -1.0], [1.0], axis=0),
        ValueError,
        "shape",
    ),
    "channels without axis": (lambda: choose_params([0.0], [1.0]), ValueError, "axis"),
    "axis with scalars": (lambda: choose_params(0.0, 1.0, axis=0), ValueError, "axis"),
    "no such axis": (lambda: params_for(X, axis=2), ValueError, "axis is 2.*-2 to 1"),
    "axis of a scalar": (lambda: params_for(1.0, axis=0), ValueError, "leave axis"),
    "axis 1.5": (lambda: params_for(X, axis=1.5), TypeError, "axis is 1.5"),
    "other channels": (
        lambda: quantize(X.T, PER_CHANNEL),
        ValueError,
        "3 channels along axis 0.*have 2",
    ),
    "channels in too few dimensions": (
        lambda: quantize(1.0, PER_CHANNEL),
        ValueError,
        "axis is 0",
    ),
    "symmetric unsigned": (
        lambda: choose_params(-1, 1, symmetric=True, signed=False),
        ValueError,
        "symmetric=True with signed=False",
    ),
    "symmetric 'yes'": (
        lambda: choose_params(-1, 1, symmetric="yes"),
        TypeError,
        "symmetric is 'yes'",
    ),
    "params a tuple": (lambda: quantize(X, (0.1, 0)), TypeError, "params is tuple"),
    "out of other dtype": (
        lambda: quantize(X, P, out=np.empty(X.shape)),
        TypeError,
        "out is float64.*int8",
    ),
    "out of other shape": (
        lambda: quantize(X, P, out=np.empty(3, np.int8)),
        ValueError,
        r"out has shape \(3,\)",
    ),
    "out a list": (lambda: fake_quantize(X, P, out=[0.0]), TypeError, "out is list"),
    "scale 0": (lambda: QuantParams(0.0, 0, 8), ValueError, "scale is 0.0.*above 0"),
    "scale below float32": (lambda: QuantParams(1e-60, 0, 8), ValueError, "above 0"),
    "scale beyond float32": (lambda: QuantParams(1e60, 0, 8), ValueError, "finite"),
    "scale NaN": (lambda: QuantParams(np.nan, 0, 8), ValueError, "scale is nan"),
    "scale a string": (lambda: QuantParams("1", 0, 8), TypeError, "scale"),
    "zero point 1.5": (lambda: QuantParams(1.0, 1.5, 8), TypeError, "zero_point"),
    "zero point outside": (
        lambda: QuantParams(1.0, -2423, 8),
        ValueError,
        "-2423.*Widen",
    ),
    "two zero points": (
        lambda: QuantParams([1.0, 1.0], [0], 8, axis=0),
        ValueError,
        "zero_point",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        call()


def test_a_read_only_out_is_named():
    out = np.empty(X.shape, np.int8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only: give"):
        quantize(X, P, out=out)


@given(st.one_of(st.none(), st.text(), st.binary(), st.dictionaries(st.text(), finite)))
def test_what_is_no_array_of_numbers_is_refused_by_name(thing):
    with pytest.raises((TypeError, ValueError), match="x "):
        quantize(thing, P)
