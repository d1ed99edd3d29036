"""qlib.batch_norm: the folded layer does what Keras's two layers do."""

import numpy as np
import pytest

from qlib.batch_norm import fold_batch_norm
from qlib.quiet import load_tensorflow

RNG = np.random.default_rng(0)


def statistics(channels):
    """Return gamma, beta, mean and variance as float32."""
    rows = RNG.normal(0, 1, (3, channels)), RNG.uniform(0, 2, (1, channels))
    return list(np.concatenate(rows).astype(np.float32))


@pytest.mark.parametrize("epsilon", [1e-3, 1e-5])
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_the_folded_layer_equals_keras_to_1e_5(kind, epsilon):
    layers = load_tensorflow().keras.layers
    layer = layers.Conv2D(6, 3) if kind == "conv" else layers.Dense(6)
    norm = layers.BatchNormalization(epsilon=epsilon)
    shape = (5, 9, 9, 2) if kind == "conv" else (5, 12)
    x = RNG.normal(size=shape).astype(np.float32)
    norm(layer(x))  # builds both
    layer.bias.assign(RNG.normal(size=6))
    norm.set_weights(statistics(6))
    wanted = norm(layer(x), training=False).numpy()
    kernel, bias = fold_batch_norm(*layer.get_weights(), *norm.get_weights(), epsilon)
    layer.set_weights([kernel, bias])
    np.testing.assert_allclose(layer(x).numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_a_batch_norm_that_does_nothing_changes_nothing():
    kernel, bias = RNG.normal(size=(3, 4)).astype(np.float32), np.ones(4, np.float32)
    one, zero = np.ones(4), np.zeros(4)
    folded = fold_batch_norm(kernel, bias, one, zero, zero, one - 1e-3, 1e-3)
    np.testing.assert_allclose(folded[0], kernel, rtol=1e-6)
    np.testing.assert_allclose(folded[1], bias, rtol=1e-6)


def test_a_channel_without_variance_is_no_division_by_zero():
    one, zero = np.ones(2), np.zeros(2)
    kernel, bias = fold_batch_norm(np.ones((1, 2)), one, one, zero, zero, zero, 0.25)
    assert kernel.tolist() == [[2.0, 2.0]] and bias.tolist() == [2.0, 2.0]


GOOD = [np.ones((3, 2)), *np.ones((5, 2))]


@pytest.mark.parametrize(
    ("place", "value", "error", "message"),
    [
        (0, np.ones((3, 2), int), TypeError, "kernel has dtype int64"),
        (0, np.full((3, 2), np.nan), ValueError, "kernel holds 6 value"),
        (1, np.ones(3), ValueError, r"bias has shape \(3,\), the kernel \(3, 2\)"),
        (2, np.array([1.0, np.inf]), ValueError, "gamma holds 1 value"),
        (5, np.array([1.0, -0.1]), ValueError, "variance holds -0.1"),
        (3, ["a", "b"], TypeError, "beta has dtype"),
    ],
)
def test_bad_arrays_are_named(place, value, error, message):
    arrays = [*GOOD[:place], value, *GOOD[place + 1 :]]
    with pytest.raises(error, match=message):
        fold_batch_norm(*arrays)


def test_what_float32_cannot_hold_is_named():
    arrays = [*GOOD[:5], np.zeros(2)]
    with pytest.raises(ValueError, match="too large for float32"):
        fold_batch_norm(*arrays, epsilon=1e-90)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, np.nan, np.inf, [1.0]])
def test_a_bad_epsilon_is_named(epsilon):
    with pytest.raises(ValueError, match="epsilon is"):
        fold_batch_norm(*GOOD, epsilon)
