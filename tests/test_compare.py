"""qlib.compare against exact sums and simulated luck, and nn.predict_each."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlib import nn
from qlib.compare import MOST, sign_test, standard_error
from qlib.data import WEIGHT_SHAPES, load_float_model, load_mnist

# --- the standard error --------------------------------------------------------------


@given(st.floats(1e-12, 1), st.integers(1, 10**12))
def test_the_standard_error_is_that_of_a_binomial_share(p, n):
    expected = math.sqrt(p * (1 - p)) / math.sqrt(n)
    assert standard_error(p, n) == pytest.approx(expected, rel=1e-12, abs=0)
    assert type(standard_error(p, n)) is float


@pytest.mark.parametrize(("p", "n"), [(0.99, 10_000), (0.5, 100), (0.9, 2000)])
def test_simulated_accuracies_spread_by_the_standard_error(p, n):
    found = np.random.default_rng(n).binomial(n, p, 20_000) / n
    error = standard_error(p, n)
    assert found.std() == pytest.approx(error, rel=0.03)
    assert (abs(found - p) < 2 * error).mean() == pytest.approx(0.95, abs=0.02)


def test_always_right_and_always_wrong_leave_no_spread():
    assert standard_error(1.0, 7) == standard_error(0.0, 7) == 0
    assert standard_error(1, 7) == standard_error(0, 7) == 0
    assert standard_error(0.5, 1) == 0.5


@pytest.mark.parametrize("p", [np.float16(0.25), np.float64(0.25), np.array(0.25)])
def test_accuracies_and_counts_of_numpy_are_taken(p):
    assert standard_error(p, np.int32(12)) == 0.125


# --- the sign test -------------------------------------------------------------------


def exact_sign_test(lost, won):
    """Return the share of the 2**n outcomes of n coins that are at least as uneven."""
    n, gap, ways, uneven = lost + won, abs(lost - won), 1, 0
    for k in range(n + 1):  # there are `ways` to choose k of n
        uneven += ways if abs(n - 2 * k) >= gap else 0
        ways = ways * (n - k) // (k + 1)
    assert ways == 0
    return float(Fraction(uneven, 2**n))


@pytest.mark.parametrize("lost", range(9))
@pytest.mark.parametrize("won", range(9))
def test_few_coins_are_counted_exactly(lost, won):
    expected = exact_sign_test(lost, won)
    assert sign_test(lost, won) == pytest.approx(expected, rel=1e-12, abs=0)


@given(st.integers(0, 700), st.integers(0, 700))
def test_the_p_value_is_that_of_exact_sums_and_the_same_for_either_winner(lost, won):
    p = sign_test(lost, won)
    assert 0 < p <= 1
    assert p == pytest.approx(exact_sign_test(lost, won), rel=1e-9, abs=0)
    assert sign_test(won, lost) == p


@pytest.mark.parametrize(("lost", "won"), [(5000, 4800), (5000, 5000), (4000, 4399)])
def test_thousands_of_images_lose_no_digits_that_matter(lost, won):
    expected = exact_sign_test(lost, won)
    assert sign_test(lost, won) == pytest.approx(expected, rel=1e-9, abs=0)


def test_no_difference_and_an_even_split_prove_nothing():
    assert sign_test(0, 0) == sign_test(1, 1) == sign_test(60, 60) == 1
    assert sign_test(0, 1) == sign_test(3, 4) == pytest.approx(1, abs=1e-12)
    assert sign_test(0, 6) == pytest.approx(2 / 64)


def test_the_more_uneven_the_less_likely():
    p = [sign_test(50 - k, 50 + k) for k in range(51)]
    assert all(b < a for a, b in itertools.pairwise(p))


def test_counts_of_numpy_and_the_largest_ones_are_taken():
    assert sign_test(np.int64(5), np.uint8(2)) == sign_test(5, 2)
    assert sign_test(0, MOST) == 0
    assert sign_test(MOST, 3) == 0


BAD = {
    "percent": (lambda: standard_error(99.2, 10), ValueError, "accuracy is 99.2.*perc"),
    "just above 1": (
        lambda: standard_error(1.0001, 10),
        ValueError,
        "accuracy is 1.0001",
    ),
    "negative": (lambda: standard_error(-0.1, 10), ValueError, "accuracy is -0.1"),
    "NaN": (lambda: standard_error(np.nan, 10), ValueError, "accuracy is nan"),
    "infinity": (lambda: standard_error(np.inf, 10), ValueError, "accuracy is inf"),
    "True": (lambda: standard_error(True, 10), TypeError, "accuracy is True: one"),
    "a list": (lambda: standard_error([0.5], 10), TypeError, r"accuracy is \[0.5\]"),
    "a string": (lambda: standard_error("0.5", 10), TypeError, "accuracy is '0.5'"),
    "None": (lambda: standard_error(None, 10), TypeError, "accuracy is None"),
    "complex": (lambda: standard_error(1j, 10), TypeError, "accuracy is 1j"),
    "masked": (
        lambda: standard_error(np.ma.masked, 10),
        TypeError,
        "accuracy is a masked",
    ),
    "no images": (lambda: standard_error(0.5, 0), ValueError, "n is 0: allowed are 1"),
    "too many images": (lambda: standard_error(0.5, 10**12 + 1), ValueError, "n is 1"),
    "n 10.0": (lambda: standard_error(0.5, 10.0), TypeError, "n is 10.0"),
    "n True": (lambda: standard_error(0.5, True), TypeError, "n is True"),
    "lost -1": (lambda: sign_test(-1, 2), ValueError, "lost is -1: allowed are 0"),
    "won -1": (lambda: sign_test(1, -1), ValueError, "won is -1: allowed are 0"),
    "lost 1.5": (lambda: sign_test(1.5, 2), TypeError, "lost is 1.5"),
    "won 2.0": (lambda: sign_test(1, 2.0), TypeError, "won is 2.0"),
    "lost True": (lambda: sign_test(True, 2), TypeError, "lost is True"),
    "won '2'": (lambda: sign_test(1, "2"), TypeError, "won is '2'"),
    "won None": (lambda: sign_test(1, None), TypeError, "won is None"),
    "lost an array": (lambda: sign_test(np.array([1]), 2), TypeError, "lost is array"),
    "lost too many": (lambda: sign_test(MOST + 1, 2), ValueError, "lost is 1000001"),
    "won too many": (lambda: sign_test(1, MOST + 1), ValueError, "won is 1000001"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=f"(?s)^{message}"):
        call()


# --- many networks at once -----------------------------------------------------------


@pytest.fixture(scope="module")
def weights():
    return load_float_model()


@pytest.fixture(scope="module")
def images():
    return load_mnist()[1][0][:260]  # two full chunks and a rest


@pytest.fixture(scope="module")
def models(weights):
    """Return networks that share all, two, one or no layers with the first."""
    rng = np.random.default_rng(0)

    def shuffled(name):
        return rng.permutation(weights[name], axis=-1)

    def coarse(name):
        return np.rint(weights[name] * 4) / np.float32(4)

    conv = {"conv/kernel": shuffled("conv/kernel")}
    dense = {"dense/kernel": shuffled("dense/kernel")}
    logits = {"logits/kernel": shuffled("logits/kernel")}
    return {
        "float": weights,
        ("other", "conv"): {**weights, **conv},
        3: {**weights, **logits},
        "other dense": {**weights, **dense},
        "conv bias": {**weights, "conv/bias": weights["conv/bias"] + np.float32(0.3)},
        "copy": {name: w.copy() for name, w in weights.items()},
        None: {**weights, **conv, **logits},
        "dense bias": {**weights, "dense/bias": weights["dense/bias"] - np.float32(2)},
        "logits bias": {**weights, "logits/bias": np.float32(np.arange(10)) * 3},
        "same": dict(weights),
        "wide": {**weights, "conv/kernel": coarse("conv/kernel").astype(np.float64)},
        "all": {**weights, **conv, **dense, **logits},
    }


TRANSFORM = {
    "input": lambda x: np.rint(x * 3) / 3,
    "conv": lambda x: np.minimum(x, 0.5),
    "dense": lambda x: np.sqrt(x),
    "logits": lambda x: np.multiply(x, -1, out=x),
}


@pytest.mark.parametrize("transform", [None, TRANSFORM])
def test_each_network_predicts_what_it_predicts_alone(models, images, transform):
    alone = {
        name: nn.predict(model, images, transform=transform)
        for name, model in models.items()
    }
    distinct = {tuple(digits) for digits in alone.values()}
    assert len(distinct) == len(models) - 2  # "copy" and "same" are "float" again
    names, rng = list(models), np.random.default_rng(0)
    for order in (names, names[::-1], sorted(names, key=lambda _: rng.random())):
        some = {name: models[name] for name in order}
        found = nn.predict_each(some, images, transform=transform)
        assert list(found) == order
        for name, digits in found.items():
            np.testing.assert_array_equal(digits, alone[name])
            assert digits.dtype == alone[name].dtype


@pytest.mark.parametrize("size", [1, 125, 126])
def test_one_network_and_any_number_of_images_are_enough(weights, images, size):
    found = nn.predict_each({"only": weights}, images[:size])
    np.testing.assert_array_equal(found["only"], nn.predict(weights, images[:size]))


def test_real_images_are_read_as_grey_levels_are_and_left_alone(models, images):
    real = images[:50].astype(np.float32) / np.float32(255)
    before = real.copy()
    transform = {"input": lambda x: np.multiply(x, 0.5, out=x)}
    found = nn.predict_each(models, real, transform=transform)
    np.testing.assert_array_equal(real, before)
    expected = nn.predict_each(models, images[:50], transform=transform)
    for name in models:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.fixture
def runs(monkeypatch):
    """Return the list of layers that are computed from now on."""
    layers = []

    def noted(layer, block):
        def run(*arguments):
            layers.append(layer)
            return block(*arguments)

        return run

    for layer, block in nn._BLOCKS.items():
        monkeypatch.setitem(nn._BLOCKS, layer, noted(layer, block))
    return layers


def test_layers_of_the_same_arrays_are_computed_once(models, images, runs):
    nn.predict_each(models, images)
    chunks = 3
    assert Counter(runs) == {
        "conv": chunks * 5,
        "dense": chunks * 8,
        "logits": chunks * 11,
    }


def test_a_layer_is_shared_only_if_all_before_it_are(weights, images, runs):
    other = {**weights, "conv/bias": weights["conv/bias"].copy()}
    nn.predict_each({"a": weights, "b": other, "c": weights}, images[:5])
    assert Counter(runs) == {"conv": 2, "dense": 2, "logits": 2}


def test_each_function_runs_once_for_each_layer_that_is_computed(models, images):
    seen = []
    transform = {
        name: lambda x, name=name: seen.append(name) or x for name in TRANSFORM
    }
    nn.predict_each(models, images[:5], transform=transform)
    assert Counter(seen) == {"input": 1, "conv": 5, "dense": 8, "logits": 11}


def test_many_parts_come_back_in_their_order(models):
    images = load_mnist()[1][0][:1500]
    some = {name: models[name] for name in ("float", "all")}
    for name, digits in nn.predict_each(some, images).items():
        np.testing.assert_array_equal(digits, nn.predict(models[name], images))


def test_the_networks_are_left_as_they_were(models, images):
    before = {
        name: {key: w.copy() for key, w in model.items()}
        for name, model in models.items()
    }
    nn.predict_each(models, images[:5], transform=TRANSFORM)
    for name, model in models.items():
        for key, w in model.items():
            np.testing.assert_array_equal(w, before[name][key])


def broken(weights, **change):
    return {"whole": weights, "broken": {**weights, **change}}


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda w: [w], TypeError, "^models is list: a dictionary"),
        (lambda w: None, TypeError, "^models is NoneType"),
        (lambda w: w, TypeError, "^weights is ndarray: a dictionary"),
        (lambda w: {}, ValueError, "^models is empty"),
        (lambda w: {"a": w, "b": list(w)}, TypeError, "^weights is list"),
        (
            lambda w: broken(w, **{"dense/bias": np.zeros(63)}),
            ValueError,
            r"'dense/bias'.*\(63,\).*\(64,\)",
        ),
        (
            lambda w: broken(w, **{"conv/bias": np.zeros(32, np.int8)}),
            TypeError,
            "'conv/bias'.*int8",
        ),
        (
            lambda w: broken(w, **{"logits/bias": np.full(10, np.inf)}),
            ValueError,
            "'logits/bias'.*infinite",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(weights, images, wrong, error, message):
    with pytest.raises(error, match=message):
        nn.predict_each(wrong(weights), images[:2])


@pytest.mark.parametrize("name", WEIGHT_SHAPES)
def test_an_array_that_one_network_lacks_is_named(weights, images, name):
    rest = {key: w for key, w in weights.items() if key != name}
    with pytest.raises(ValueError, match=f"no array '{name}'"):
        nn.predict_each({"whole": weights, "rest": rest}, images[:2])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((0, 28, 28), np.uint8), ValueError, "images is empty"),
        (np.zeros((28, 28), np.uint8), ValueError, r"images has shape \(28, 28\)"),
        (np.full((1, 28, 28), 3e38), ValueError, "logits .*too large"),
        (np.zeros((2, 28, 28), np.int64), TypeError, "images has dtype int64.*uint8"),
        (np.full((2, 28, 28), np.nan), ValueError, "images holds .*NaN"),
        (None, TypeError, "images is None"),
    ],
)
def test_images_that_do_not_fit_are_refused(weights, given, error, message):
    with pytest.raises(error, match=message):
        nn.predict_each({"a": weights}, given)


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        ({"softmax": np.abs}, ValueError, "'softmax'.*input, conv, dense, logits"),
        ({"conv": 3}, TypeError, r"transform\['conv'\] is int"),
        (np.abs, TypeError, "transform is ufunc"),
        ({"dense": lambda x: x[:, :5]}, ValueError, "'dense'.*keep the shape"),
        ({"input": lambda x: x[0]}, ValueError, "'input'.*keep the shape"),
    ],
)
def test_functions_that_do_not_fit_are_refused(
    weights, images, transform, error, message
):
    with pytest.raises(error, match=message):
        nn.predict_each({"a": weights}, images[:2], transform=transform)
