"""One-dimensional k-means against all partitions, ckmeans and scikit-learn."""

import tracemalloc
from itertools import combinations, pairwise

import numpy as np
import pytest
from ckmeans import ckmeans
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.cluster import KMeans

from qlib import kmeans
from qlib.codebook import STARTS, kmeans_codebook, lloyd_max, start_centers
from qlib.histogram import Histogram
from qlib.kmeans import PATHS, Line, cell_edges, lloyd, middles, optimal_bounds, refined

F32 = np.finfo(np.float32)


def flat(x):
    return np.ravel(np.asarray(x, np.float64))


def loss(x, centers):
    """Return the mean squared distance to the nearest center, in float64."""
    x, centers = flat(x), np.sort(flat(centers))
    right = np.searchsorted(centers, x).clip(1, max(1, len(centers) - 1))
    near = np.minimum(
        np.abs(x - centers[right - 1]), np.abs(x - centers[right % len(centers)])
    )
    return np.mean(near**2)


def best_loss(x, k):
    """Return the least MSE of all partitions of the sorted values into k intervals."""
    x = np.sort(flat(x))
    least = np.inf
    for inner in combinations(range(1, len(x)), min(k, len(x)) - 1):
        parts = [x[a:b] for a, b in pairwise([0, *inner, len(x)])]
        least = min(least, sum(np.sum((part - part.mean()) ** 2) for part in parts))
    return least / len(x)


def peer_loss(x, k):
    """Return the MSE of the optimum that the package ckmeans finds."""
    parts = ckmeans(flat(x), k)
    return sum(np.sum((part - part.mean()) ** 2) for part in parts) / np.size(x)


def with_outlier(rng, n, sign):
    x = rng.normal(size=n)
    x[n // 3] = sign * 1e6
    return x


KINDS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "Student": lambda rng, n: rng.standard_t(2, n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "rounded": lambda rng, n: np.round(rng.normal(size=n), 2),
    "ReLU": lambda rng, n: np.maximum(rng.normal(-0.52, 1, n), 0),
    "bimodal far from 0": lambda rng, n: rng.normal(rng.choice([900, 1000], n), 1),
    "outlier above": lambda rng, n: with_outlier(rng, n, 1),
    "outlier below": lambda rng, n: with_outlier(rng, n, -1),
    "log-normal": lambda rng, n: rng.lognormal(0, 2, n),
    "whole numbers": lambda rng, n: rng.integers(-200, 200, n).astype(float),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def values(kind, n, seed=0):
    x = KINDS[kind](np.random.default_rng(seed), n)
    x.flags.writeable = False
    return x


# --- the optimum ---------------------------------------------------------------------


@given(
    st.one_of(
        arrays.arrays(float, st.integers(1, 10), elements=st.floats(-9, 9, width=32)),
        arrays.arrays(float, st.integers(1, 10), elements=st.integers(-6, 6)),
        arrays.arrays(float, st.integers(1, 10), elements=st.sampled_from([0, 1, 9])),
    ),
    st.integers(1, 11),
)
def test_no_partition_at_all_is_better(x, k):
    found = kmeans_codebook(x, k)
    assert len(found.centers) <= min(k, len(np.unique(x)))
    rounding = 1e-15 * np.mean(x * x)
    assert loss(x, found.centers) <= best_loss(x, k) * (1 + 1e-9) + rounding
    if k < 11:
        line = Line(np.sort(x))
        (bounds,) = optimal_bounds(line, min(k, len(x)))
        expected = pytest.approx(best_loss(x, k), rel=1e-9, abs=1e-13)
        assert line.loss(bounds) == expected


@each_kind
@pytest.mark.parametrize("k", [1, 2, 3, 5, 16, 64])
@pytest.mark.parametrize("n", [200, 3000])
def test_ckmeans_finds_nothing_better_among_few_values(kind, k, n):
    x = values(kind, n)
    found = loss(x, kmeans_codebook(x, k).centers)
    assert found <= peer_loss(x, k) * (1 + 1e-9) + 1e-20


@pytest.mark.parametrize("kind", ["normal", "outlier below"])
@pytest.mark.parametrize("k", [255])
def test_ckmeans_finds_nothing_better_among_10_000_values(kind, k):
    x = values(kind, 10_000)
    found = loss(x, kmeans_codebook(x, k).centers)
    assert found <= peer_loss(x, k) * (1 + 2e-5)


@each_kind
@pytest.mark.parametrize("k", [3, 64])
def test_cells_and_refinement_come_within_2e_5_of_ckmeans(monkeypatch, kind, k):
    x = values(kind, 20_000, seed=1)
    monkeypatch.setattr(kmeans, "EXACT", 0)
    found = loss(x, kmeans_codebook(x, k).centers)
    assert found <= peer_loss(x, k) * (1 + 2e-5)


@pytest.mark.parametrize(
    ("k", "optimum"), [(16, 2.380483411e-5), (256, 1.010781959e-7)]
)
def test_a_million_weights_are_within_2e_5_of_the_optimum_in_little_memory(k, optimum):
    x = np.random.default_rng(0).standard_normal(1_000_000).astype(np.float32) * 0.05
    x.flags.writeable = False
    tracemalloc.start()
    book = kmeans_codebook(x, k)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(book.centers) == k and book.centers.dtype == np.float32
    assert loss(x, book.centers) == pytest.approx(optimum, rel=2e-5)
    assert peak < 10 * x.nbytes


@pytest.mark.parametrize("kind", ["normal", "log-normal"])
def test_scikit_learn_is_never_better(kind):
    x = values(kind, 3000)
    theirs = KMeans(8, n_init=1, random_state=0).fit(x.reshape(-1, 1))
    found = loss(x, kmeans_codebook(x, 8).centers)
    assert found <= theirs.inertia_ / len(x) * (1 + 1e-9)


@each_kind
def test_a_fair_codebook_of_more_than_a_thousand_centers(kind):
    x = values(kind, 20_000)
    book = kmeans_codebook(x, 2000)
    different = len(np.unique(x))
    if different <= 2000:
        np.testing.assert_array_equal(book.centers, np.unique(x))
    else:
        assert 1900 <= len(book.centers) <= 2000
        assert loss(x, book.centers) <= loss(x, np.unique(lloyd_max(x, 2000).centers))


# --- centers -------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("k", [2, 40])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_each_center_is_the_mean_of_the_values_nearest_to_it(kind, k, dtype):
    x = np.clip(values(kind, 2000), -60000, 60000).astype(dtype)
    book = kmeans_codebook(x, k)
    assert book.centers.dtype == np.result_type(dtype, np.float32)
    assert np.all(np.diff(book.centers) > 0)
    codes = book.encode(x)
    assert len(book.centers) == len(np.unique(codes))
    means = [flat(x)[codes == code].mean() for code in range(len(book.centers))]
    rel = 1e-6 if dtype != np.float64 else 1e-12
    np.testing.assert_allclose(book.centers, means, rtol=rel, atol=rel * np.ptp(means))


@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 12),
        elements=st.floats(-float(F32.max), float(F32.max)),
    ),
    st.integers(0, 3),
)
def test_as_many_centers_as_different_values_are_the_values(x, more):
    for dtype in (np.float32, np.float64):
        some = x.astype(dtype)
        book = kmeans_codebook(some, len(np.unique(some)) + more)
        np.testing.assert_array_equal(book.centers, np.unique(some))
        np.testing.assert_array_equal(book.fake_quantize(some), some)


@pytest.mark.parametrize("kind", ["rounded", "whole numbers", "ReLU"])
def test_values_that_repeat_are_counted_and_come_back_exactly(kind):
    x = np.round(values(kind, 5000), 1)
    book = kmeans_codebook(x, 1000)
    np.testing.assert_array_equal(book.fake_quantize(x), x)
    np.testing.assert_array_equal(book.centers, np.unique(x))


@each_kind
def test_one_center_is_the_mean(kind):
    x = values(kind, 999)
    assert kmeans_codebook(x, 1).centers == pytest.approx([x.mean()], rel=1e-12)
    assert kmeans_codebook(2.5, 4).centers.tolist() == [2.5]


def test_neighbouring_floats_are_told_apart():
    for one in (np.float32(1), np.float64(1), np.float32(1e-45), np.float64(1e-310)):
        x = np.array([one], one.dtype)
        for _ in range(6):
            x = np.append(x, np.nextafter(x[-1], np.array(9, x.dtype)))
        book = kmeans_codebook(x, 7)
        np.testing.assert_array_equal(book.encode(x), np.arange(7))


# --- what must not matter ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "ReLU"])
@pytest.mark.parametrize("n", [500, 200_000])
def test_order_and_shape_play_no_part(kind, n):
    x = values(kind, n).astype(np.float32)
    expected = kmeans_codebook(x, 12).centers
    shuffled = np.random.default_rng(1).permutation(x)
    for other in (shuffled, shuffled.reshape(50, -1).T, x[::-1]):
        np.testing.assert_array_equal(kmeans_codebook(other, 12).centers, expected)


@each_kind
@pytest.mark.parametrize("power", [-60, -1, 1, 60])
def test_values_times_a_power_of_two_have_the_centers_times_it(kind, power):
    x = values(kind, 800)
    expected = np.ldexp(kmeans_codebook(x, 9).centers, power)
    found = kmeans_codebook(np.ldexp(x, power), 9).centers
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["normal", "exponential", "whole numbers"])
@pytest.mark.parametrize("shift", [-100.0, 0.5, 4096.0])
def test_values_that_are_shifted_have_shifted_centers(kind, shift):
    x = np.float16(values(kind, 800)).astype(np.float64)
    expected = kmeans_codebook(x, 9).centers + shift
    found = kmeans_codebook(x + shift, 9).centers
    np.testing.assert_allclose(found, expected, atol=1e-10)
    np.testing.assert_allclose(kmeans_codebook(-x - shift, 9).centers, -expected[::-1])


@each_kind
def test_a_histogram_weighs_the_middle_of_each_bin_by_its_count(kind):
    h = Histogram.from_array(values(kind, 2000), bins=300)
    middle = (h.edges[1:] + h.edges[:-1]) / 2
    x = np.repeat(middle, h.counts)
    for k in (1, 6, 300):
        book = kmeans_codebook(h, k)
        assert book.centers.dtype == np.float64
        same = pytest.approx(loss(x, kmeans_codebook(x, k).centers), rel=1e-9, abs=0)
        assert loss(x, book.centers) == same
    assert h.total == 2000


def test_the_ends_of_float32_are_clustered():
    assert kmeans_codebook(np.float32([-3e38, 1, 3e38]), 2).centers[0] == -np.float32(
        3e38
    )
    rng = np.random.default_rng(0)
    x = rng.normal(rng.choice([-3e38, 3e38], 40_000), 1e36).astype(np.float32)
    assert len(kmeans_codebook(x, 64).centers) == 64


@pytest.mark.parametrize(("k", "n"), [(1500, 1600), (1000, 2200)])
@pytest.mark.parametrize("octaves", [900])
def test_values_of_all_sizes_are_clustered(k, n, octaves):
    x = np.exp2(np.random.default_rng(0).uniform(-octaves, min(octaves, 120), n))
    found = kmeans_codebook(x, k).centers
    assert k / 10 < len(found) <= k
    assert x.min() <= found[0] and found[-1] <= x.max()
    if k <= PATHS:
        other = lloyd_max(x, k, "density").centers
        assert loss(x, found) <= loss(x, other) * (1 + 2e-5)


# --- Lloyd's algorithm ---------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("start", STARTS)
def test_lloyd_arrives_where_nothing_changes_and_never_at_a_better_place(kind, start):
    x = values(kind, 1500)
    best = loss(x, kmeans_codebook(x, 10).centers)
    book = lloyd_max(x, 10, start)
    assert len(book.centers) <= 10
    assert best <= loss(x, book.centers) * (1 + 2e-5)
    again = lloyd_max(x, 10, book.centers)
    np.testing.assert_allclose(again.centers, book.centers, rtol=1e-9, atol=1e-9)


@each_kind
@pytest.mark.parametrize("start", STARTS)
def test_no_step_of_lloyd_raises_the_loss(kind, start):
    x = values(kind, 700)
    line = Line(np.sort(x))
    path = list(lloyd(line, start_centers(x, 8, start), 10_000))
    losses = [loss(x, centers) for centers in path]
    noise = 1e-14 * np.mean(x * x)
    assert all(b <= a * (1 + 1e-9) + noise for a, b in pairwise(losses))
    assert len(path) < 10_000
    for centers, following in pairwise(path):
        nearest = np.abs(line.values[:, None] - centers).argmin(axis=1)
        for i in np.unique(nearest):
            mean = line.values[nearest == i].mean()
            assert following[i] == pytest.approx(mean, rel=1e-9, abs=1e-9)


def test_lloyd_stops_after_the_steps_that_are_allowed():
    x = values("normal", 500)
    line = Line(np.sort(x))
    full = list(lloyd(line, np.array([-3.0, 0.0, 3.0]), 1000))
    for steps in (1, 2, 5):
        some = list(lloyd(line, np.array([-3.0, 0.0, 3.0]), steps))
        np.testing.assert_array_equal(some, full[: steps + 1])
        book = lloyd_max(x, 3, [-3.0, 0.0, 3.0], steps=steps)
        np.testing.assert_array_equal(book.centers, some[-1])


def test_a_center_without_values_stays_where_it_is():
    book = lloyd_max([1.0, 2.0, 3.0], 3, [2.0, 50.0, 60.0])
    np.testing.assert_array_equal(book.centers, [2, 50, 60])


def test_starts_are_what_they_are_called():
    x = values("exponential", 4001)
    found = {start: start_centers(x, 16, start) for start in STARTS}
    for centers in found.values():
        assert centers.dtype == np.float64 and centers.shape == (16,)
        assert np.all(np.diff(centers) > 0)
        assert x.min() <= centers[0] and centers[-1] <= x.max()
    np.testing.assert_allclose(found["linear"], np.linspace(x.min(), x.max(), 16))
    shares = (np.arange(16) + 0.5) / 16
    np.testing.assert_allclose(
        found["quantile"], np.quantile(x, shares, method="inverted_cdf"), rtol=0.01
    )
    assert np.isin(found["random"], x).all()
    assert found["linear"][8] > found["density"][8] > found["quantile"][8]


def test_random_starts_repeat_with_their_seed_alone():
    x = values("normal", 100)
    one, same, other = (start_centers(x, 5, "random", seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(
        lloyd_max(x, 5, "random", seed=3).centers, lloyd_max(x, 5, one).centers
    )


@pytest.mark.parametrize("start", STARTS)
def test_few_different_values_are_their_own_start(start):
    x = np.float32([3, 1, 1, 2, 3])
    np.testing.assert_array_equal(start_centers(x, 3, start), [1, 2, 3])
    np.testing.assert_array_equal(start_centers(x, 9, start), [1, 2, 3])
    np.testing.assert_array_equal(lloyd_max(x, 9, start).centers, [1, 2, 3])
    h = Histogram.from_array(x, 8)
    assert len(start_centers(h, 9, start)) == 3


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("kind", ["ReLU", "rounded"])
def test_starts_among_many_equal_values_are_ascending(start, kind):
    centers = start_centers(values(kind, 3000), 40, start)
    assert 0 < len(centers) <= 40 and np.all(np.diff(centers) > 0)


# --- the parts -----------------------------------------------------------------------


@given(
    arrays.arrays(float, st.integers(1, 12), elements=st.integers(-20, 20)),
    st.data(),
)
def test_costs_means_and_losses_are_those_of_the_definition(x, data):
    x = np.sort(x)
    i = data.draw(st.integers(0, len(x) - 1))
    j = data.draw(st.integers(i + 1, len(x)))
    different, counts = np.unique(x, return_counts=True)
    whole = Line(x)
    some = x[i:j]
    expected = np.sum((some - some.mean()) ** 2)
    assert whole.cost(np.array(i), np.array(j)) == pytest.approx(expected, abs=1e-9)
    bounds = np.unique([0, i, j, len(x)])
    parts = [x[a:b] for a, b in pairwise(bounds)]
    np.testing.assert_allclose(whole.means(bounds), [p.mean() for p in parts])
    expected = sum(np.sum((p - p.mean()) ** 2) for p in parts) / len(x)
    assert whole.loss(bounds) == pytest.approx(expected, abs=1e-9)
    counted = Line(different, counts)
    ends = np.array([0, len(different)])
    assert counted.loss(ends) == pytest.approx(np.var(x), abs=1e-9)
    assert counted.means(ends) == pytest.approx([x.mean()])
    assert counted.n(ends).tolist() == [0, len(x)]


def test_values_belong_to_the_nearest_center_and_between_two_to_the_lower():
    line = Line(np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert line.bounds(np.array([0.0, 2.0, 9.0])).tolist() == [0, 2, 5, 5]


@given(
    arrays.arrays(np.float64, 2, elements=st.floats(-1e30, 1e30), unique=True),
    st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_a_middle_is_the_greatest_number_that_is_not_above_the_true_one(centers, dtype):
    from fractions import Fraction

    centers = np.sort(centers)
    (found,) = middles(centers, dtype)
    true = (Fraction(centers[0]) + Fraction(centers[1])) / 2
    assert found.dtype == dtype
    with np.errstate(over="ignore"):
        above = np.nextafter(found, dtype(np.inf))
    assert np.isneginf(found) or Fraction(float(found)) <= true
    assert np.isposinf(above) or Fraction(float(above)) > true


@pytest.mark.parametrize("kind", ["normal", "Cauchy", "rounded", "log-normal"])
@pytest.mark.parametrize("cells", [10, 500, 5000])
def test_cells_are_about_as_many_as_asked(kind, cells):
    x = np.sort(values(kind, 4000))
    edges = cell_edges(Line(x), cells)
    assert edges[0] == 0 and edges[-1] == len(x) and np.all(np.diff(edges) > 0)
    different = len(np.unique(x))
    assert len(edges) - 1 <= cells * 1.05 + 1
    if cells > different:
        np.testing.assert_array_equal(x[edges[:-1]], np.unique(x))
    elif kind in ("normal", "log-normal"):
        assert len(edges) - 1 > 0.5 * cells


@pytest.mark.parametrize("kind", ["normal", "exponential", "rounded"])
@pytest.mark.parametrize("k", [3, 20])
def test_refinement_never_raises_the_loss_and_ends_at_a_local_optimum(kind, k):
    line = Line(np.sort(values(kind, 3000)))
    start = np.linspace(0, 3000, k + 1).astype(int)
    bounds = refined(line, start, np.full(k + 1, 400))
    assert np.all(np.diff(bounds) > 0) and bounds[0] == 0 and bounds[-1] == 3000
    reached = line.loss(bounds)
    assert reached <= line.loss(start)
    for i in range(1, k):
        for step in (-3, -1, 1, 3):
            moved = bounds.copy()
            moved[i] += step
            if np.all(np.diff(moved) > 0):
                assert line.loss(moved) >= reached * (1 - 1e-9)


# --- bad input: each is refused in a sentence that names it --------------------------

X = np.linspace(-1, 1, 30)
CALLS = {
    "kmeans_codebook": kmeans_codebook,
    "lloyd_max": lloyd_max,
    "start_centers": lambda x, k: start_centers(x, k, "linear"),
}
BAD_K = {
    "0": (0, ValueError, "k is 0: allowed are 1 to 65536"),
    "negative": (-3, ValueError, "k is -3"),
    "too large": (65537, ValueError, "k is 65537"),
    "2.0": (2.0, TypeError, "k is 2.0"),
    "True": (True, TypeError, "k is True"),
    "'2'": ("2", TypeError, "k is '2'"),
    "None": (None, TypeError, "k is None"),
}
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


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", BAD_K)
def test_a_number_of_centers_that_is_none_is_refused(name, kind):
    value, error, message = BAD_K[kind]
    with pytest.raises(error, match=message):
        CALLS[name](X, value)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", BAD_X)
def test_a_tensor_that_is_none_is_refused_as_x(name, kind):
    value, error, message = BAD_X[kind]
    with pytest.raises(error, match=f"(?s){message}"):
        CALLS[name](value, 3)


BAD = {
    "start": (
        lambda: lloyd_max(X, 3, "kmeans++"),
        ValueError,
        "start is 'kmeans\\+\\+': allowed are linear, quantile, random, density",
    ),
    "start of start": (lambda: start_centers(X, 3, None), ValueError, "start is None"),
    "too many": (lambda: lloyd_max(X, 1, [0.0, 1.0]), ValueError, "2 centers.*k is 1"),
    "unsorted": (lambda: lloyd_max(X, 2, [1.0, 0.0]), ValueError, "not strictly asc"),
    "NaN": (lambda: lloyd_max(X, 2, [0.0, np.nan]), ValueError, "NaN"),
    "integers": (lambda: lloyd_max(X, 2, [0, 1]), TypeError, "int64"),
    "0 steps": (lambda: lloyd_max(X, 2, steps=0), ValueError, "steps is 0"),
    "1.5 steps": (lambda: lloyd_max(X, 2, steps=1.5), TypeError, "steps is 1.5"),
    "True steps": (lambda: lloyd_max(X, 2, steps=True), TypeError, "steps is True"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()
