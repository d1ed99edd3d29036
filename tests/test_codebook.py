"""qlib.codebook: the nearest center by brute force, bytes by hand, bad input named."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.codebook import (
    Codebook,
    kmeans_codebook,
    kmeans_codebooks,
    kmeans_fake_quantize,
)

F32_MAX = float(np.finfo(np.float32).max)
DTYPES = [np.float16, np.float32, np.float64]
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def book_of(k, dtype=np.float32):
    return Codebook(np.linspace(-1, 1, k).astype(dtype) if k > 1 else dtype([0.25]))


@st.composite
def books_and_values(draw):
    """Return centers and values of any dtypes, often on centers or half-way between."""
    own, other = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(DTYPES))
    whole = draw(st.booleans())
    some = st.integers(-20, 20) if whole else st.floats(-100, 100, width=16)
    shape = st.integers(1, 9)
    centers = np.unique(draw(arrays.arrays(own, shape, elements=some)))
    middle = (centers[1:] + centers[:-1]) / 2
    near = np.concatenate([centers, middle, np.nextafter(middle, own(-999))])
    near = st.sampled_from(near.astype(np.float64).tolist())
    values = arrays.arrays(np.float64, shape, elements=near | some)
    return centers + own(0), draw(values).astype(other)


# --- encode and decode ---------------------------------------------------------------


@given(books_and_values())
def test_codes_are_those_of_the_nearest_center_and_of_two_of_the_lower(case):
    centers, x = case
    codes = Codebook(centers).encode(x)
    for value, code in zip(x, codes, strict=True):
        far = [abs(Fraction(float(value)) - Fraction(float(c))) for c in centers]
        assert code == far.index(min(far))


@each_dtype
@pytest.mark.parametrize("k", [1, 3, 256, 257, 5000])
def test_many_values_are_coded_to_the_last(dtype, k):
    x = np.random.default_rng(k).normal(size=(3, 90_000)).astype(dtype)
    centers = np.unique(np.float32(np.random.default_rng(0).normal(size=k)))
    book = Codebook(centers)
    codes = book.encode(x)
    assert codes.shape == x.shape
    assert codes.dtype == (np.uint8 if k <= 256 else np.uint16)
    for at in ((slice(None), slice(0, 500)), (slice(None), slice(-500, None))):
        far = np.abs(x[at].astype(np.float64)[..., None] - centers)
        np.testing.assert_array_equal(codes[at], far.argmin(axis=-1))
    found = np.abs(x.astype(np.float64) - centers[codes])
    for other in (np.maximum(codes, 1) - 1, np.minimum(codes + 1, len(centers) - 1)):
        assert np.all(found <= np.abs(x.astype(np.float64) - centers[other]))


@each_dtype
@pytest.mark.parametrize("k", [1, 2, 256, 300])
def test_a_center_comes_back_as_itself(dtype, k):
    book = book_of(k, dtype)
    codes = book.encode(book.centers)
    np.testing.assert_array_equal(codes, np.arange(k))
    assert book.decode(codes).dtype == dtype
    np.testing.assert_array_equal(book.decode(codes), book.centers)
    np.testing.assert_array_equal(book.fake_quantize(book.centers), book.centers)


@each_dtype
def test_fake_quantizing_is_encoding_and_decoding(dtype):
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(dtype)
    x.flags.writeable = False
    book = book_of(7)
    back = book.fake_quantize(x)
    assert back.shape == x.shape and back.dtype == np.float32
    np.testing.assert_array_equal(back, book.decode(book.encode(x)))
    np.testing.assert_array_equal(back, book.fake_quantize(back))


def test_shapes_layouts_lists_and_numbers_are_taken():
    x = np.float32(np.random.default_rng(0).normal(size=(6, 8)))
    book = book_of(9)
    expected = book.encode(x)
    np.testing.assert_array_equal(book.encode(x.T), expected.T)
    np.testing.assert_array_equal(book.encode(x[::-2, ::3]), expected[::-2, ::3])
    np.testing.assert_array_equal(book.encode(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(book.encode(x.astype(">f8")), expected)
    np.testing.assert_array_equal(book.encode(x.tolist()), expected)
    assert book.encode(x[2, 3]) == expected[2, 3]
    assert book.encode(0.3).shape == () and book.fake_quantize(0.3) == 0.25
    assert book.decode(np.array(3)).shape == ()
    np.testing.assert_array_equal(book.decode([[1, 0]]), [[-0.75, -1]])
    np.testing.assert_array_equal(
        book.decode(expected.astype(np.uint64)), book.decode(expected)
    )


def test_centers_beyond_the_values_dtype_are_never_nearest_by_overflow():
    x = np.array([-65504, 0, 65504], np.float16)
    np.testing.assert_array_equal(Codebook([-1e6, 0.0, 1e6]).encode(x), [1, 1, 1])
    np.testing.assert_array_equal(Codebook([0.0, 131008.0]).encode(x), [0, 0, 0])
    np.testing.assert_array_equal(Codebook([0.0, 131007.0]).encode(x), [0, 0, 1])
    wide = Codebook([-F32_MAX, F32_MAX])
    np.testing.assert_array_equal(wide.encode([-F32_MAX, 0.0, 1e-300]), [0, 0, 1])
    np.testing.assert_array_equal(
        Codebook(np.float16([-6e4, 6e4])).encode(x), [0, 0, 1]
    )


# --- the codebook itself -------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "bits"),
    [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (256, 8), (257, 9), (65536, 16)],
)
def test_a_code_is_as_wide_as_the_number_of_centers_asks(k, bits):
    assert Codebook(np.arange(k, dtype=np.float64)).bits == bits


@pytest.mark.parametrize(
    ("k", "dtype", "n", "nbytes"),
    [
        (16, np.float32, 1000, 500 + 64),
        (16, np.float16, 3, 2 + 32),
        (3, np.float64, 5, 2 + 24),
        (1, np.float32, 10**9, 0 + 4),
        (256, np.float32, 7, 7 + 1024),
        (257, np.float32, 8, 9 + 1028),
        (5, np.float32, 0, 0 + 20),
        (2, np.float32, 2**48, 2**45 + 8),
    ],
)
def test_bytes_are_those_of_packed_codes_and_of_the_centers(k, dtype, n, nbytes):
    assert Codebook(np.arange(k).astype(dtype)).nbytes(n) == nbytes
    assert Codebook(np.arange(k).astype(dtype)).nbytes(np.int64(n)) == nbytes


def test_a_codebook_keeps_a_copy_that_nobody_can_change():
    centers = np.array([-1.0, 0.5])
    book = Codebook(centers)
    centers[0] = 9
    np.testing.assert_array_equal(book.centers, [-1, 0.5])
    with pytest.raises(ValueError, match="read-only"):
        book.centers[0] = 9
    with pytest.raises(dataclasses.FrozenInstanceError):
        book.centers = centers
    back = book.fake_quantize([0.4])
    back[0] = 9  # what is given out is the caller's
    back = book.decode(np.array([0, 1]))
    back[:] = 9
    np.testing.assert_array_equal(book.centers, [-1, 0.5])


@each_dtype
@pytest.mark.parametrize("factor", [4.0, 3, np.float32(0.5), np.array(2.0), 1e-3])
def test_scaling_multiplies_the_centers_and_keeps_their_dtype(dtype, factor):
    book = Codebook(np.array([-1, 0, 0.25, 1], dtype))
    scaled = book.scaled(factor)
    assert scaled.centers.dtype == dtype
    np.testing.assert_allclose(
        scaled.centers,
        book.centers * float(factor),
        rtol=1e-3 if dtype == np.float16 else 1e-6,
    )
    np.testing.assert_array_equal(book.centers, np.array([-1, 0, 0.25, 1], dtype))


@each_dtype
@pytest.mark.parametrize("other", [np.float32, np.float64])
def test_centers_are_rounded_to_the_dtype_that_is_asked_for(dtype, other):
    book = Codebook(np.array([-1, 0.1, 1], dtype))
    found = book.astype(other)
    assert found.centers.dtype == other and book.centers.dtype == dtype
    np.testing.assert_array_equal(found.centers, book.centers.astype(other))


# --- per channel ---------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_per_channel_equals_a_loop_over_channels(axis, dtype):
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(dtype)
    x[0], x[:, 1] = 0, 1.5
    x.flags.writeable = False
    found = kmeans_fake_quantize(x, 4, axis=axis)
    assert found.dtype == np.result_type(dtype, np.float32) and found.shape == x.shape
    for one, other in zip(
        np.moveaxis(x, axis, 0), np.moveaxis(found, axis, 0), strict=True
    ):
        np.testing.assert_array_equal(other, kmeans_codebook(one, 4).fake_quantize(one))


def test_without_an_axis_all_values_share_a_codebook():
    x = np.random.default_rng(0).normal(size=(3, 4))
    found = kmeans_fake_quantize(x, 3)
    assert len(np.unique(found)) == 3
    np.testing.assert_array_equal(found, kmeans_codebook(x, 3).fake_quantize(x))
    np.testing.assert_array_equal(kmeans_fake_quantize(x, 2, axis=1)[:, 0].size, 3)
    assert kmeans_fake_quantize(2.5, 2) == 2.5
    np.testing.assert_array_equal(kmeans_fake_quantize(x[0], 1, axis=0), x[0])


# --- bad input: each is refused in a sentence that names it --------------------------

B = Codebook([-1.0, 0.0, 0.5])
X = np.ones((2, 3))
BAD_X = {
    "NaN": (np.array([1.0, np.nan]), ValueError, "x holds 1 .*NaN.*index 1"),
    "infinity": (np.array([[np.inf]]), ValueError, r"x holds 1 .*index \(0, 0\)"),
    "beyond float32": ([1e39], ValueError, "x holds 1e.39: beyond float32"),
    "empty": ([], ValueError, "x is empty"),
    "integers": (np.arange(3), TypeError, "x has dtype int64.*not codes"),
    "strings": (["a"], TypeError, "x has dtype <U1"),
    "None": (None, TypeError, "x is None"),
    "masked": (np.ma.array([1.0]), TypeError, "x is a masked array"),
}
OF_X = {
    "encode": B.encode,
    "fake_quantize": B.fake_quantize,
    "kmeans_fake_quantize": lambda x: kmeans_fake_quantize(x, 2),
    "per channel": lambda x: kmeans_fake_quantize(x, 2, axis=0),
}


@pytest.mark.parametrize("name", OF_X)
@pytest.mark.parametrize("kind", BAD_X)
def test_a_tensor_that_is_none_is_refused_as_x(name, kind):
    value, error, message = BAD_X[kind]
    with pytest.raises(error, match=f"(?s)^{message}"):
        OF_X[name](value)


BAD = {
    "no centers": (lambda: Codebook([]), ValueError, "centers is empty"),
    "a number": (
        lambda: Codebook(1.0),
        ValueError,
        r"centers have shape \(\): one row",
    ),
    "rows": (
        lambda: Codebook([[0.0, 1.0]]),
        ValueError,
        r"centers have shape \(1, 2\)",
    ),
    "too many": (
        lambda: Codebook(np.arange(65537.0)),
        ValueError,
        r"shape \(65537,\): one row of 1 to 65536",
    ),
    "unsorted": (lambda: Codebook([1.0, 0.0]), ValueError, "not strictly ascending"),
    "equal": (lambda: Codebook([0.0, -0.0]), ValueError, "not strictly.*np.unique"),
    "NaN centers": (lambda: Codebook([0.0, np.nan]), ValueError, "^centers holds.*NaN"),
    "huge centers": (
        lambda: Codebook([0.0, 1e39]),
        ValueError,
        "^centers holds.*beyond",
    ),
    "integers": (lambda: Codebook([0, 1]), TypeError, "centers has dtype int64"),
    "strings": (lambda: Codebook(["a"]), TypeError, "centers has dtype <U1"),
    "code too high": (
        lambda: B.decode([0, 3]),
        ValueError,
        "codes run from 0 to 3: a codebook of 3 centers has the codes 0 to 2",
    ),
    "code below 0": (lambda: B.decode([-1]), ValueError, "codes run from -1 to -1"),
    "no codes": (lambda: B.decode(np.zeros(0, int)), ValueError, "codes is empty"),
    "real codes": (lambda: B.decode([1.0]), TypeError, "codes has dtype float64"),
    "boolean codes": (lambda: B.decode([True]), TypeError, "codes has dtype bool"),
    "factor 0": (lambda: B.scaled(0), ValueError, "factor is 0: one finite.*above 0"),
    "factor -1": (lambda: B.scaled(-1.0), ValueError, "factor is -1"),
    "factor NaN": (lambda: B.scaled(np.nan), ValueError, "factor is nan"),
    "factor infinite": (lambda: B.scaled(np.inf), ValueError, "factor is inf"),
    "two factors": (lambda: B.scaled([1.0, 2.0]), ValueError, "one finite number"),
    "factor True": (lambda: B.scaled(True), TypeError, "factor is True: a number"),
    "factor 'a'": (lambda: B.scaled("a"), TypeError, "factor is 'a'"),
    "factor None": (lambda: B.scaled(None), TypeError, "factor is None"),
    "factor too large": (lambda: B.scaled(1e39), ValueError, "beyond float32"),
    "factor too large for float32": (
        lambda: book_of(3).scaled(1e39),
        ValueError,
        "factor is 1e.39: that is beyond float32",
    ),
    "factor too small": (lambda: book_of(3).scaled(1e-46), ValueError, "ascending"),
    "astype int": (lambda: B.astype(int), TypeError, "int.*np.float32 or np.float64"),
    "astype float16": (lambda: B.astype(np.float16), TypeError, "float16"),
    "astype of neighbours": (
        lambda: Codebook([1.0, 1 + 2.0**-40]).astype(np.float32),
        ValueError,
        "not strictly ascending",
    ),
    "nbytes -1": (lambda: B.nbytes(-1), ValueError, "n is -1: allowed are 0"),
    "nbytes 1.0": (lambda: B.nbytes(1.0), TypeError, "n is 1.0"),
    "nbytes True": (lambda: B.nbytes(True), TypeError, "n is True"),
    "k 0": (lambda: kmeans_fake_quantize(X, 0), ValueError, "k is 0"),
    "k 0, axis": (lambda: kmeans_fake_quantize(X, 0, axis=0), ValueError, "k is 0"),
    "k 2.0": (lambda: kmeans_fake_quantize(X, 2.0), TypeError, "k is 2.0"),
    "axis 2": (
        lambda: kmeans_fake_quantize(X, 2, axis=2),
        ValueError,
        "axis is 2.*2 dimension.*-2 to 1",
    ),
    "axis of a number": (
        lambda: kmeans_fake_quantize(1.0, 2, axis=0),
        ValueError,
        "leave axis out",
    ),
    "axis 0.0": (lambda: kmeans_fake_quantize(X, 2, axis=0.0), TypeError, "axis is 0"),
    "axis True": (
        lambda: kmeans_fake_quantize(X, 2, axis=True),
        TypeError,
        "axis is T",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()


@given(
    books_and_values().map(lambda case: case[1]),
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
)
def test_several_codebooks_at_once_are_those_found_one_by_one(x, ks):
    for k, book in zip(ks, kmeans_codebooks(x, ks), strict=True):
        alone = kmeans_codebook(x, k)
        far, near = (np.mean((x - b.fake_quantize(x)) ** 2.0) for b in (book, alone))
        assert abs(far - near) <= 1e-6 * near + 1e-6  # of two equally good ones, either


@pytest.mark.parametrize("ks", [[], 4, "44", [0], [2.0], [True], None])
def test_numbers_of_centers_that_are_none_are_named(ks):
    with pytest.raises((TypeError, ValueError), match="ks? is"):
        kmeans_codebooks([1.0, 2.0], ks)
