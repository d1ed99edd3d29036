"""Fixed codebooks against their published levels."""

import numpy as np
import pytest

from qlib.codebook import kmeans_codebook
from qlib.fixed_codebooks import fp4, nf4, powers_of_two, uniform
from qlib.linear import fake_quantize
from qlib.params import QuantParams

NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
    0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
    1.0,
]  # fmt: skip
ALL = {"nf4": nf4, "fp4": fp4, "powers of two": powers_of_two, "uniform": uniform}
WITH_BITS = {"powers of two": powers_of_two, "uniform": uniform}
with_bits = pytest.mark.parametrize("name", WITH_BITS)


@pytest.mark.parametrize("name", ALL)
def test_each_reaches_from_minus_1_to_1_and_holds_0(name):
    book = ALL[name]()
    assert book.centers.dtype == np.float32 and book.bits == 4
    assert book.centers[0] == -1 and book.centers[-1] == 1
    assert 0 in book.centers
    assert not np.signbit(book.centers[book.centers == 0]).any()


def test_nf4_is_the_published_table():
    np.testing.assert_allclose(nf4().centers, NF4, rtol=0, atol=1e-6)


def test_fp4_holds_every_value_of_two_exponent_bits_and_one_of_fraction():
    values = set()
    for code in range(16):
        sign, exponent, fraction = -1 if code & 8 else 1, code >> 1 & 3, code & 1
        if exponent:
            values.add(sign * 2.0 ** (exponent - 1) * (1 + fraction / 2))
        else:
            values.add(sign * fraction / 2)
    np.testing.assert_allclose(fp4().centers * 6, sorted(values), rtol=1e-6)


@pytest.mark.parametrize("bits", range(2, 9))
def test_powers_of_two_are_all_that_the_bits_can_number(bits):
    centers = powers_of_two(bits).centers
    assert len(centers) == 2**bits - 1
    exact = [2.0**-i for i in range(2 ** (bits - 1) - 1)]
    np.testing.assert_array_equal(centers, sorted([0, *exact, *(-e for e in exact)]))


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_uniform_codebook_is_the_symmetric_narrow_grid(bits):
    book, half = uniform(bits), 2 ** (bits - 1) - 1
    assert len(book.centers) == 2**bits - 1
    np.testing.assert_allclose(np.diff(book.centers), 1 / half, rtol=1e-4)
    x = np.random.default_rng(bits).uniform(-1.2, 1.2, 1000).astype(np.float32)
    params = QuantParams(1 / half, 0, bits, narrow_range=True)
    np.testing.assert_allclose(
        book.fake_quantize(x), fake_quantize(x, params), atol=1e-6
    )


@pytest.mark.parametrize("name", ALL)
def test_scaled_to_a_tensor_it_keeps_its_largest_magnitude(name):
    x = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    book = ALL[name]().scaled(np.abs(x).max())
    largest = x[np.abs(x).argmax()]
    assert book.fake_quantize(largest) == largest
    error = np.mean((x - book.fake_quantize(x)) ** 2)
    assert error >= np.mean((x - kmeans_codebook(x, 16).fake_quantize(x)) ** 2)


@pytest.mark.parametrize("name", ALL)
def test_one_that_is_changed_does_not_change_the_next(name):
    first = ALL[name]()
    with pytest.raises(ValueError, match="read-only"):
        first.centers[0] = 9
    np.testing.assert_array_equal(first.centers, ALL[name]().centers)


@with_bits
def test_four_bits_are_what_is_meant_if_none_are_given(name):
    make = WITH_BITS[name]
    np.testing.assert_array_equal(make().centers, make(4).centers)


@with_bits
@pytest.mark.parametrize(
    ("bits", "error"),
    [(1, ValueError), (9, ValueError), (4.0, TypeError), (True, TypeError),
     ("4", TypeError), (None, TypeError)],
)  # fmt: skip
def test_a_width_that_is_none_is_refused(name, bits, error):
    with pytest.raises(error, match=f"bits is {bits!r}.* 2 to 8"):
        WITH_BITS[name](bits)
