"""qlib.thresholds against plain loops over thresholds, groups and bins; bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.histogram import Histogram
from qlib.linear import choose_params, fake_quantize
from qlib.thresholds import (
    entropy_curve,
    finite,
    grid_mse,
    kl_divergences,
    mse_curve,
    require_bins,
)


def naive_kl(counts, levels, i):
    """Return KL(P || Q) with the first i bins kept, from the published description."""
    p = [float(c) for c in counts[:i]]
    p[-1] += float(sum(counts[i:]))
    q = [0.0] * i
    for j in range(levels):
        group = range(j * i // levels, (j + 1) * i // levels)
        held = [b for b in group if p[b] > 0]
        for b in held:
            q[b] = float(sum(counts[group.start : group.stop])) / len(held)
    of_p, of_q = math.fsum(p), math.fsum(q)
    if any(a > 0 and b == 0 for a, b in zip(p, q, strict=True)):
        return math.inf
    return math.fsum(
        a / of_p * math.log(a / of_p * of_q / b)
        for a, b in zip(p, q, strict=True)
        if a > 0
    )


def naive_kls(counts, levels):
    return [naive_kl(counts, levels, i) for i in range(levels, len(counts) + 1)]


def naive_mse(values, counts, levels):
    """Return the mean squared distance of the values to the nearest of the levels."""
    near = np.abs(values[:, None] - levels).min(axis=1)
    return np.sum(near**2 * counts) / np.sum(counts)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


# --- KL divergence -------------------------------------------------------------------

some_counts = st.one_of(
    arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 3)),
    arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 10**6)),
    arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(1, 50)),
    arrays.arrays(float, st.integers(1, 40), elements=st.sampled_from([0, 0, 0.5, 7])),
)


@given(some_counts, st.data())
def test_divergences_are_those_of_a_plain_loop(counts, data):
    counts[data.draw(st.integers(0, len(counts) - 1))] += 1
    levels = data.draw(st.integers(1, len(counts)))
    found = kl_divergences(counts, levels)
    assert found.dtype == np.float64 and found.shape == (len(counts) - levels + 1,)
    assert np.all(found >= 0)
    assert_close(found, naive_kls(counts.tolist(), levels))


@pytest.mark.parametrize("levels", [1, 2, 16, 100, 128, 199, 200])
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_sparse_and_dense_histograms_agree_with_the_loop(levels, share):
    rng = np.random.default_rng(levels)
    counts = np.where(rng.random(200) < share, rng.integers(1, 1000, 200), 0)
    counts[rng.integers(200)] = 5
    assert_close(kl_divergences(counts, levels), naive_kls(counts.tolist(), levels))


TENSORS = {
    "Laplace": lambda rng: np.abs(rng.laplace(size=100_000)),
    "half-normal": lambda rng: np.abs(rng.normal(size=100_000)),
    "ReLU": lambda rng: np.maximum(rng.normal(size=100_000), 0),
    "few values": lambda rng: np.abs(rng.normal(size=300)),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_the_best_threshold_of_2048_bins_is_that_of_the_loop(kind):
    x = TENSORS[kind](np.random.default_rng(0))
    counts = np.histogram(x, 2048, (0, x.max()))[0]
    found = kl_divergences(counts)
    assert found.shape == (1921,)
    some = np.unique(np.append(np.arange(0, 1921, 97), found.argmin()))
    near = np.arange(max(0, found.argmin() - 20), min(1921, found.argmin() + 20))
    some = np.unique(np.append(some, near))
    expected = [naive_kl(counts.tolist(), 128, int(i) + 128) for i in some]
    assert_close(found[some], expected)
    assert some[np.argmin(expected)] == found.argmin()


@pytest.mark.parametrize("kind", ["Laplace", "ReLU"])
def test_scipy_finds_the_same_divergence(kind):
    stats = pytest.importorskip("scipy.stats")
    x = TENSORS[kind](np.random.default_rng(1))
    counts = np.histogram(x, 512, (0, x.max()))[0]
    found = kl_divergences(counts, 64)
    for i in (64, 200, 333, 512):
        p = counts[:i].astype(float)
        p[-1] += counts[i:].sum()
        starts = np.arange(64) * i // 64
        sizes = np.diff(np.append(starts, i))
        held = np.add.reduceat((p > 0).astype(int), starts)
        each = np.add.reduceat(counts[:i], starts) / np.maximum(held, 1)
        q = np.repeat(each, sizes) * (p > 0)
        assert found[i - 64] == pytest.approx(stats.entropy(p, q), rel=1e-9, abs=1e-12)


def test_as_many_levels_as_bins_lose_nothing():
    counts = [4, 2, 0, 1, 0, 1]
    assert_close(kl_divergences(counts, 6), [0.0])
    assert_close(kl_divergences(counts, 1), naive_kls(counts, 1))


def test_outliers_with_nothing_beside_them_diverge():
    last = 0.75 * math.log(1.5) - 0.25 * math.log(2)
    assert_close(kl_divergences([0, 0, 3, 1], 2), [np.inf, 0, last])
    assert kl_divergences([1, 0, 0, 1], 3)[0] == np.inf  # group 2 is empty but for one
    assert np.isfinite(kl_divergences([1, 1, 0, 1], 2)).all()
    np.testing.assert_array_equal(kl_divergences([0, 0, 0, 5], 1), [np.inf] * 3 + [0])


def test_counts_times_a_number_diverge_as_much():
    counts = np.random.default_rng(0).integers(0, 50, 300)
    expected = kl_divergences(counts, 16)
    assert_close(kl_divergences(counts * 1000, 16), expected)
    assert_close(kl_divergences(counts / 7, 16), expected)


def test_the_entropy_curve_is_that_of_the_histogram_of_magnitudes():
    x = np.random.default_rng(0).laplace(size=30_000).astype(np.float32)
    h = Histogram.from_array(np.abs(x))
    for bits, signed, levels in ((8, True, 128), (4, False, 16), (4, True, 8)):
        thresholds, kl = entropy_curve(x, bits, signed)
        assert_close(kl, kl_divergences(h.counts, levels))
        np.testing.assert_array_equal(thresholds, h.edges[levels:])
        for each, again in zip(
            entropy_curve(h, bits, signed), (thresholds, kl), strict=True
        ):
            np.testing.assert_array_equal(each, again)


def test_zeros_that_are_not_kept_count_no_more_than_the_next_bin():
    x = np.maximum(np.random.default_rng(0).normal(-1, 1, 50_000), 0)
    thresholds, kl = entropy_curve(x, 4, keep_zeros=False)
    counts = np.histogram(x, np.append(0, thresholds[0] / 8 * np.arange(1, 2049)))[0]
    counts = np.trim_zeros(counts, "b")
    counts[0] = counts[1]
    assert_close(kl, kl_divergences(counts, 8))
    few = np.array([0.0, 0.0, 1.0])
    assert_close(entropy_curve(few, 2, keep_zeros=False)[1][-1], 0)


# --- mean squared error --------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("kind", TENSORS)
def test_the_mse_curve_is_that_of_a_loop_over_bins(bits, signed, kind):
    x = TENSORS[kind](np.random.default_rng(2)).astype(np.float32)
    steps = 2 ** (bits - int(signed)) - 1
    h = Histogram.from_array(x, bins=400).holding_zero()
    thresholds, mse = mse_curve(h, bits, signed)
    np.testing.assert_array_equal(thresholds, h.edges[steps + 1 :])
    centers = (h.edges[1:] + h.edges[:-1]) / 2
    expected = [
        naive_mse(centers, h.counts, np.arange(steps + 1) * (t / steps))
        for t in thresholds
    ]
    np.testing.assert_allclose(mse, expected, rtol=1e-8, atol=1e-13)
    assert mse.argmin() == np.argmin(expected)


@given(
    arrays.arrays(np.int64, st.integers(4, 40), elements=st.integers(0, 9)),
    st.integers(-130, 60),
)
def test_the_mse_curve_of_any_counts_is_that_of_the_loop(counts, power):
    counts[-1] += 1
    width = math.ldexp(1.0, power)
    x = np.repeat((np.arange(len(counts)) + 0.5) * width, counts)
    h = Histogram.from_array(np.append(x, [0.0]), bins=2 * len(counts))
    found, width = h.magnitudes()
    thresholds, mse = mse_curve(h, 2)
    centers = (np.arange(len(found)) + 0.5) * width
    expected = [naive_mse(centers, found, np.array([0, t])) for t in thresholds]
    np.testing.assert_allclose(mse, expected, rtol=1e-9)


def test_the_mse_curve_of_an_array_is_that_of_its_magnitudes():
    x = np.random.default_rng(0).normal(size=(40, 50))
    x.flags.writeable = False
    one, other = mse_curve(x, 4), mse_curve(Histogram.from_array(np.abs(x)), 4)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(mse_curve(-x, 4), one)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("kind", ["symmetric", "narrow", "affine"])
def test_the_mse_of_a_grid_is_that_of_fake_quantized_bin_middles(bits, kind):
    rng = np.random.default_rng(bits)
    h = Histogram.from_array(rng.normal(0.3, 1, 5000), bins=1000)
    symmetric, narrow = kind == "symmetric", kind == "narrow"
    qmin, qmax = -(2 ** (bits - 1)) + int(narrow), 2 ** (bits - 1) - 1
    high, low = rng.uniform(0.1, 4, 50), -rng.uniform(0.1, 4, 50)
    low[:5] = 0
    low = -high if symmetric else low
    found = grid_mse(h, low, high, (qmin, qmax), symmetric)
    centers = (h.edges[1:] + h.edges[:-1]) / 2
    for each, a, b in zip(found, low, high, strict=True):
        params = choose_params(a, b, bits, symmetric=symmetric, narrow_range=narrow)
        back = fake_quantize(centers, params, out=np.empty_like(centers))
        expected = np.sum((centers - back) ** 2 * h.counts) / h.total
        assert each == pytest.approx(expected, rel=1e-4)


def test_many_grids_are_judged_as_each_alone():
    h = Histogram.from_array(np.random.default_rng(0).normal(size=2000), bins=256)
    high = np.linspace(0.5, 4, 3000)
    many = grid_mse(h, -high, high, (-128, 127))
    for i in (0, 1023, 1024, 1025, 2999):
        one = grid_mse(h, -high[i : i + 1], high[i : i + 1], (-128, 127))
        assert one == many[i]


# --- bad input: each is refused in a sentence that names it --------------------------

X = np.linspace(-1, 1, 101)
CURVES = {"entropy_curve": entropy_curve, "mse_curve": mse_curve}
BAD_X = {
    "NaN": (np.array([1.0, np.nan]), ValueError, "x holds 1 .*NaN.*index 1"),
    "infinity": (np.array([[np.inf]]), ValueError, r"x holds 1 .*index \(0, 0\)"),
    "beyond float32": ([1e39], ValueError, "x holds 1e.39: beyond float32"),
    "empty": ([], ValueError, "x is empty"),
    "integers": (np.arange(3), TypeError, "x has dtype int64.*not codes"),
    "strings": (["a"], TypeError, "x has dtype <U1"),
    "None": (None, TypeError, "x is None"),
    "masked": (np.ma.array([1.0]), TypeError, "x is a masked array"),
    "empty histogram": (Histogram(), ValueError, "histogram is empty"),
}
BAD_BITS = {
    "1": (1, ValueError, "bits is 1: allowed are 2 to 16"),
    "17": (17, ValueError, "bits is 17: allowed are 2 to 16"),
    "8.0": (8.0, TypeError, "bits is 8.0"),
    "True": (True, TypeError, "bits is True"),
    "16, of which there are too many": (
        16,
        ValueError,
        r"bits=16 has 32768 codes for \d+ bins.*Histogram\(bins=524288\), or.*fewer",
    ),
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("kind", BAD_X)
def test_a_tensor_that_is_none_is_refused_as_x(curve, kind):
    value, error, message = BAD_X[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        CURVES[curve](value)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("kind", BAD_BITS)
def test_a_width_that_is_none_is_refused(curve, kind):
    value, error, message = BAD_BITS[kind]
    with pytest.raises(error, match=message):
        CURVES[curve](X, value)


BAD = {
    "signed 1": (lambda: mse_curve(X, 4, 1), TypeError, "signed is 1"),
    "keep_zeros": (
        lambda: entropy_curve(X, 4, keep_zeros=1),
        TypeError,
        "keep_zeros is 1",
    ),
    "no counts": (lambda: kl_divergences([]), ValueError, r"shape \(0,\): one row"),
    "rows": (lambda: kl_divergences(np.ones((2, 2))), ValueError, r"shape \(2, 2\)"),
    "a number": (lambda: kl_divergences(3), ValueError, r"shape \(\): one row"),
    "all 0": (lambda: kl_divergences([0, 0], 1), ValueError, "not all 0"),
    "negative": (lambda: kl_divergences([2, -1], 1), ValueError, "not negative"),
    "NaN": (lambda: kl_divergences([2, np.nan], 1), ValueError, "finite"),
    "infinity": (lambda: kl_divergences([2, np.inf], 1), ValueError, "finite"),
    "strings": (lambda: kl_divergences(["a"], 1), TypeError, "counts has dtype <U1"),
    "None": (lambda: kl_divergences(None, 1), TypeError, "counts is None"),
    "0 levels": (lambda: kl_divergences([1, 2], 0), ValueError, "levels is 0.*1 to 2"),
    "3 levels": (lambda: kl_divergences([1, 2], 3), ValueError, "levels is 3.*1 to 2"),
    "1.0 levels": (lambda: kl_divergences([1, 2], 1.0), TypeError, "levels is 1.0"),
    "few bins": (lambda: require_bins(3, 4, 2), ValueError, "bits=2 has 4.*3 bins"),
    "finite": (lambda: finite([np.nan]), ValueError, "x holds 1"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()


def test_counts_are_left_as_they_were():
    counts = np.array([3.0, 0.0, 2.0, 1.0])
    counts.flags.writeable = False
    kl_divergences(counts, 2)
    h = Histogram.from_array([0.0, 0.1, 0.7], 8)
    before = h.counts
    entropy_curve(h, 2, keep_zeros=False), mse_curve(h, 2)
    np.testing.assert_array_equal(h.counts, before)
