"""qlib.fixed_point against gemmlowp's definitions in Python's integers; bad input."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.fixed_point import (
    ROUNDINGS,
    doubling_high_mul,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
)

LEAST, MOST = -(2**31), 2**31 - 1
int32 = st.integers(LEAST, MOST) | st.integers(-300, 300)
mantissas = st.integers(2**30, MOST) | st.just(0) | st.just(2**30) | st.just(MOST)
shifts = st.integers(-31, 30)
factors = st.floats(0, 2.0**31, exclude_max=True) | st.floats(2.0**-32, 4)


def truncated(a, b):
    """Return a / b without its fraction, as C divides integers."""
    return abs(a) // b if a >= 0 else -(abs(a) // b)


def gemmlowp_high_mul(a, b):
    if a == b == LEAST:
        return MOST
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return truncated(a * b + nudge, 2**31)


def gemmlowp_divide_by_pot(x, exponent):
    mask = (1 << exponent) - 1
    remainder, threshold = x & mask, (mask >> 1) + (x < 0)
    return (x >> exponent) + (remainder > threshold)


def nearest(value, tie):
    """Return the integer nearest to a fraction; `tie` says where a half goes."""
    low = math.floor(value)
    if value - low != Fraction(1, 2):
        return low + (value - low > Fraction(1, 2))
    return low + (tie == "up" or value > 0)


def by_definition(acc, mantissa, shift, rounding):
    """Return the product by exact fractions, rounded as the words say."""
    if rounding == "single":
        return nearest(acc * mantissa * Fraction(2) ** (shift - 31), "up")
    high = nearest(Fraction(acc * 2 ** max(shift, 0) * mantissa, 2**31), "up")
    high = min(high, MOST)
    return nearest(Fraction(high, 2 ** max(-shift, 0)), rounding.split("-")[1])


# --- a factor as mantissa and shift --------------------------------------------------


@given(factors)
@example(0.0)
@example(2.0**-32)
@example(np.nextafter(2.0**-32, 0))
@example(np.nextafter(1.0, 0))
@example(np.nextafter(2.0**31, 0))
@example(5e-324)
def test_mantissa_and_shift_are_nearest_to_the_factor(real):
    mantissa, shift = quantize_multiplier(real)
    assert type(mantissa) is type(shift) is int
    if (mantissa, shift) == (0, 0):
        assert real < 2.0**-32
        return
    assert 2**30 <= mantissa <= MOST
    assert -31 <= shift <= 32
    error = abs(mantissa * Fraction(2) ** (shift - 31) - Fraction(real))
    assert error <= Fraction(2) ** (shift - 32)  # half a unit of the mantissa
    assert error <= Fraction(real) / 2**31


def test_a_mantissa_that_rounds_up_to_one_carries_into_the_shift():
    assert quantize_multiplier(np.nextafter(1.0, 0)) == (2**30, 1)
    assert quantize_multiplier(1 - 2.0**-33) == (2**30, 1)
    assert quantize_multiplier(1 - 2.0**-31) == (MOST, 0)


def test_a_tie_of_the_mantissa_goes_up():
    assert quantize_multiplier(0.5 + 2.0**-32) == (2**30 + 1, 0)


def test_factors_too_small_to_matter_become_zero():
    assert quantize_multiplier(2.0**-32) == (2**30, -31)
    assert quantize_multiplier(2.0**-32 * (1 - 2.0**-30)) == (0, 0)
    # What rounds up to 2^-32 is still there, as in the runtimes.
    assert quantize_multiplier(np.nextafter(2.0**-32, 0)) == (2**30, -31)
    assert quantize_multiplier(0) == (0, 0)


@given(arrays.arrays(np.float64, arrays.array_shapes(max_side=4), elements=factors))
def test_an_array_of_factors_is_taken_one_by_one(real):
    mantissa, shift = quantize_multiplier(real)
    assert mantissa.dtype == shift.dtype == np.int32
    assert mantissa.shape == shift.shape == real.shape
    for at in np.ndindex(real.shape):
        assert (mantissa[at], shift[at]) == quantize_multiplier(real[at])


def test_factors_may_come_in_any_type_of_number():
    expected = quantize_multiplier(0.25)
    for dtype in ("f2", "f4", ">f4", ">f8", "g"):
        assert quantize_multiplier(np.array(0.25, dtype)) == expected
    for real in (3, np.uint8(3), np.int64(3), np.array(3, ">i4")):
        assert quantize_multiplier(real) == quantize_multiplier(3.0)
    mantissa, shift = quantize_multiplier([0.25, 3])
    assert (mantissa[1], shift[1]) == quantize_multiplier(3.0)


# --- the two steps of gemmlowp -------------------------------------------------------


@given(int32, int32)
@example(LEAST, LEAST)
@example(LEAST, MOST)
@example(MOST, MOST)
@example(-1, 2**30)
@example(1, 2**30)
@example(-3, 2**30)
def test_the_high_half_of_a_doubled_product_is_that_of_gemmlowp(a, b):
    found = doubling_high_mul(a, b)
    assert found.dtype == np.int32
    assert found == gemmlowp_high_mul(a, b) == gemmlowp_high_mul(b, a)


def test_the_one_product_that_int32_cannot_hold_saturates():
    assert doubling_high_mul(LEAST, LEAST) == MOST
    assert doubling_high_mul(LEAST, LEAST + 1) == MOST
    assert doubling_high_mul(LEAST, MOST) == LEAST + 1


@given(int32, st.integers(0, 31))
@example(LEAST, 31)
@example(MOST, 31)
@example(-(2**30), 31)
@example(2**30, 31)
@example(-1, 1)
def test_a_rounding_shift_is_that_of_gemmlowp(x, exponent):
    found = rounding_divide_by_pot(x, exponent)
    assert found.dtype == np.int32
    assert found == gemmlowp_divide_by_pot(x, exponent)
    assert found == nearest(Fraction(x, 2**exponent), "away")


def test_both_steps_broadcast():
    a, e = np.arange(-50, 50)[:, None], np.arange(4)
    found = rounding_divide_by_pot(a, e)
    assert found.shape == (100, 4)
    expected = [[gemmlowp_divide_by_pot(int(x), k) for k in range(4)] for x in a[:, 0]]
    np.testing.assert_array_equal(found, expected)
    assert doubling_high_mul(a, [2**30, 5]).shape == (100, 2)


# --- the whole product ---------------------------------------------------------------


@pytest.mark.parametrize("rounding", ROUNDINGS)
@given(acc=int32, mantissa=mantissas, shift=shifts)
@example(acc=LEAST, mantissa=MOST, shift=0)
@example(acc=MOST, mantissa=MOST, shift=-31)
@example(acc=LEAST, mantissa=2**30, shift=-31)
@example(acc=-1, mantissa=2**30, shift=30)
def test_products_are_those_of_the_definition(rounding, acc, mantissa, shift):
    if shift > 0:
        acc >>= shift  # else most would leave int32
    found = multiply_by_quantized_multiplier(acc, mantissa, shift, rounding)
    assert found.dtype == np.int32
    assert found == by_definition(acc, mantissa, shift, rounding)


@given(acc=int32, mantissa=mantissas, shift=shifts)
def test_rounding_twice_is_the_two_steps_of_gemmlowp(acc, mantissa, shift):
    left, right = max(shift, 0), max(-shift, 0)
    acc >>= left
    high = gemmlowp_high_mul(acc << left, mantissa)
    found = multiply_by_quantized_multiplier(acc, mantissa, shift, "double-away")
    assert found == gemmlowp_divide_by_pot(high, right)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_products_broadcast_and_take_any_integers(rounding):
    acc = np.arange(-600, 600, 7).reshape(-1, 1)
    mantissa, shift = quantize_multiplier([0.3, 0.004, 7.5])
    expected = [
        [by_definition(int(a), int(m), int(s), rounding) for m, s in
         zip(mantissa, shift, strict=True)] for a in acc[:, 0]
    ]  # fmt: skip
    for given_acc in (acc, acc.astype(">i2"), np.repeat(acc, 2, 1)[:, ::2].tolist()):
        found = multiply_by_quantized_multiplier(given_acc, mantissa, shift, rounding)
        np.testing.assert_array_equal(found, expected)
    m, s = mantissa.astype(">i8"), shift.astype(np.int8)
    found = multiply_by_quantized_multiplier(acc, m, s, rounding)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@given(a=int32, b=int32, mantissa=mantissas, shift=shifts)
def test_a_larger_accumulator_never_gets_a_smaller_code(
    rounding, a, b, mantissa, shift
):
    acc = np.sort(np.array([a, b, a - (a > LEAST), b + (b < MOST)]) >> max(shift, 0))
    found = multiply_by_quantized_multiplier(acc, mantissa, shift, rounding)
    assert np.all(np.diff(found.astype(np.int64)) >= 0)


# --- where they differ ---------------------------------------------------------------


def differing(real, most):
    """Return {acc: codes by each rounding} where these differ."""
    acc, factor = np.arange(-most, most + 1), quantize_multiplier(real)
    codes = [multiply_by_quantized_multiplier(acc, *factor, r) for r in ROUNDINGS]
    return {
        int(a): tuple(map(int, c))
        for a, *c in zip(acc, *codes, strict=True)
        if len(set(c)) > 1
    }


def test_a_quarter_of_small_numbers_shows_every_way_to_differ():
    assert differing(1 / 4, 7) == {  # away, up, single
        -7: (-2, -1, -2),
        -6: (-2, -1, -1),
        -3: (-1, 0, -1),
        -2: (-1, 0, 0),
        1: (1, 1, 0),
        5: (2, 2, 1),
    }


def test_a_half_needs_one_rounding_and_all_agree():
    assert differing(1 / 2, 1000) == {}


def test_a_tenth_differs_at_its_ties_alone():
    # The mantissa of 1/10 lies a little below it, so the single rounding sees no tie.
    found = differing(1 / 10, 50)
    assert list(found) == list(range(-45, 50, 10))
    assert found[-5] == (-1, 0, 0)
    assert found[5] == (1, 1, 0)


def test_a_factor_of_no_round_number_differs_seldom():
    assert differing(0.003, 300) == {-167: (-1, 0, -1)}


@given(st.integers(0, MOST), mantissas, shifts)
def test_ties_away_and_ties_up_are_the_same_from_zero_up(acc, mantissa, shift):
    assume(shift <= 0)
    away, up, single = (
        int(multiply_by_quantized_multiplier(acc, mantissa, shift, r))
        for r in ROUNDINGS
    )
    assert away == up
    assert up - single in (0, 1)  # rounding twice can only lift


@given(st.integers(LEAST, 0), mantissas, shifts)
def test_below_zero_they_are_one_apart_at_most(acc, mantissa, shift):
    assume(shift <= 0)
    away, up, single = (
        int(multiply_by_quantized_multiplier(acc, mantissa, shift, r))
        for r in ROUNDINGS
    )
    assert away <= single <= up <= away + 1


# --- bad input: each is refused in a sentence that names it --------------------------

multiply = multiply_by_quantized_multiplier

BAD = {
    "real negative": (lambda: quantize_multiplier(-0.1), ValueError, "holds -0.1"),
    "real NaN": (lambda: quantize_multiplier([1, np.nan]), ValueError, "holds nan"),
    "real infinite": (lambda: quantize_multiplier(np.inf), ValueError, "holds inf"),
    "real 2^31": (lambda: quantize_multiplier(2.0**31), ValueError, "below 2\\^31"),
    "real empty": (lambda: quantize_multiplier([]), ValueError, "real is empty"),
    "real a string": (lambda: quantize_multiplier("1"), TypeError, "real is '1'"),
    "real None": (lambda: quantize_multiplier(None), TypeError, "real is None"),
    "real a bool": (lambda: quantize_multiplier(True), TypeError, "dtype bool"),
    "real complex": (lambda: quantize_multiplier(1j), TypeError, "real is 1j"),
    "real masked": (
        lambda: quantize_multiplier(np.ma.array([0.5], mask=[True])),
        TypeError,
        "real is a masked",
    ),
    "real ragged": (
        lambda: quantize_multiplier([[0.5], [0.5, 1]]),
        ValueError,
        "equally long",
    ),
    "real long double": (
        lambda: quantize_multiplier(np.array("1e4000").astype("g")),
        ValueError,
        "holds inf",
    ),
    "real a huge int": (lambda: quantize_multiplier(2**70), TypeError, "real is 118"),
    "acc a float": (lambda: multiply(1.0, 1, 0, "single"), TypeError, "acc .*float64"),
    "acc a string": (lambda: multiply("1", 1, 0, "single"), TypeError, "acc is '1'"),
    "acc None": (lambda: multiply(None, 1, 0, "single"), TypeError, "acc is None"),
    "acc a bool": (lambda: multiply(True, 1, 0, "single"), TypeError, "acc .*bool"),
    "acc empty": (
        lambda: multiply(np.zeros((0, 3), int), 1, 0, "single"),
        ValueError,
        r"acc is empty \(shape \(0, 3\)\)",
    ),
    "acc masked": (
        lambda: multiply(np.ma.array([1]), 1, 0, "single"),
        TypeError,
        "acc is a masked",
    ),
    "acc objects": (
        lambda: multiply(np.array([1], object), 1, 0, "single"),
        TypeError,
        "acc has dtype object",
    ),
    "acc a duration": (
        lambda: multiply(np.timedelta64(1, "s"), 1, 0, "single"),
        TypeError,
        "acc is",
    ),
    "acc 2^31": (
        lambda: multiply([0, 2**31], 1, 0, "single"),
        ValueError,
        "acc runs from 0 to 2147483648: -2147483648 to 2147483647",
    ),
    "acc uint64": (
        lambda: multiply(np.uint64(2**64 - 1), 1, 0, "single"),
        ValueError,
        "acc runs from 18446744073709551615",
    ),
    "mantissa negative": (
        lambda: multiply(1, -1, 0, "single"),
        ValueError,
        "mantissa runs from -1",
    ),
    "mantissa 2^31": (
        lambda: multiply(1, 2**31, 0, "single"),
        ValueError,
        "mantissa runs from 2147483648",
    ),
    "mantissa a float": (
        lambda: multiply(1, 0.5, 0, "single"),
        TypeError,
        "mantissa has dtype float64",
    ),
    "shift 31": (lambda: multiply(1, 1, 31, "single"), ValueError, "shift .*-31 to 30"),
    "shift -32": (lambda: multiply(1, 1, [-32], "single"), ValueError, "shift runs"),
    "shift a float": (lambda: multiply(1, 1, 0.0, "single"), TypeError, "shift has"),
    "acc shifted out of int32": (
        lambda: multiply([5, 2**10], 2**30, 21, "double-up"),
        ValueError,
        r"acc \* 2\^shift runs from 10485760 to 2147483648",
    ),
    "three shapes": (
        lambda: multiply([1, 2, 3], [1, 2], 0, "single"),
        ValueError,
        r"acc \(3,\), mantissa \(2,\), shift \(\)",
    ),
    "rounding unknown": (
        lambda: multiply(1, 1, 0, "up"),
        ValueError,
        "rounding is 'up': allowed are 'double-away', 'double-up', 'single'",
    ),
    "rounding None": (lambda: multiply(1, 1, 0, None), ValueError, "rounding is None"),
    "rounding a list": (
        lambda: multiply(1, 1, 0, ["single"]),
        ValueError,
        r"rounding is \['single'\]",
    ),
    "rounding for layers alone": (
        lambda: multiply(1, 1, 0, "float"),
        ValueError,
        "rounding is 'float'",
    ),
    "a 2^31": (lambda: doubling_high_mul(2**31, 1), ValueError, "a runs from"),
    "a real mantissa": (lambda: doubling_high_mul(1, 0.5), TypeError, "mantissa has"),
    "no a": (lambda: doubling_high_mul([], 1), TypeError, "a has dtype float64"),
    "two shapes of a product": (
        lambda: doubling_high_mul([[1, 2]], [1, 2, 3]),
        ValueError,
        r"a \(1, 2\), mantissa \(3,\)",
    ),
    "exponent 32": (lambda: rounding_divide_by_pot(1, 32), ValueError, "0 to 31"),
    "exponent -1": (lambda: rounding_divide_by_pot(1, -1), ValueError, "exponent"),
    "exponent a float": (lambda: rounding_divide_by_pot(1, 1.0), TypeError, "exponent"),
    "x too small": (
        lambda: rounding_divide_by_pot(LEAST - 1, 1),
        ValueError,
        "x runs from -2147483649",
    ),
    "two shapes of a shift": (
        lambda: rounding_divide_by_pot([1, 2], [1, 2, 3]),
        ValueError,
        r"x \(2,\), exponent \(3,\)",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()


def test_the_input_is_never_changed():
    acc = np.arange(-9, 9)
    mantissa, shift = np.full(18, 2**30), np.full(18, 1)
    real = np.array([0.3, 0.7])
    for array in (acc, mantissa, shift, real):
        array.flags.writeable = False
    before = acc.copy()
    for rounding in ROUNDINGS:
        multiply(acc, mantissa, shift, rounding)
    quantize_multiplier(real)
    np.testing.assert_array_equal(acc, before)
