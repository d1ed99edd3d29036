"""Predicted noise against simulated errors that are independent indeed."""

import numpy as np
import pytest

from qlib import data, nn
from qlib.noise import layer_noise, predicted_noise
from qlib.params import QuantParams

RNG = np.random.default_rng(3)
MODEL = data.load_float_model()
IMAGES = data.load_mnist()[0][0][:40]
TENSORS = nn.activations(MODEL, IMAGES)
FINE = dict.fromkeys(nn.LAYERS, QuantParams(1e-6, 0, bits=8))


def uniform(step, shape):
    return RNG.uniform(-step / 2, step / 2, shape).astype(np.float32)


def test_layer_noise_is_the_variance_of_many_trials():
    x, w = RNG.normal(0, 1, (1, 30)), RNG.normal(0, 1, (30, 4))
    v_w = np.array([0.01, 0.02, 0.03, 0.04])
    v_x = RNG.uniform(0.001, 0.03, (1, 30))
    trials = [
        (x + RNG.normal(0, np.sqrt(v_x))) @ (w + RNG.normal(0, np.sqrt(v_w), w.shape))
        for _ in range(4000)
    ]
    np.testing.assert_allclose(
        np.var(trials, axis=0), layer_noise(x, w, v_x, v_w), rtol=0.15
    )


@pytest.mark.parametrize("layer", nn.LAYERS)
def test_random_errors_of_one_kernel_make_the_noise_that_was_predicted(layer):
    kernel = MODEL[f"{layer}/kernel"]
    predicted, measured = [], []
    for _ in range(12):
        other = {**MODEL, f"{layer}/kernel": kernel + uniform(0.02, kernel.shape)}
        noise = predicted_noise(MODEL, other, TENSORS, FINE)
        found = nn.activations(other, IMAGES)
        predicted.append([noise[k].mean() for k in nn.LAYERS])
        measured.append([np.mean((found[k] - TENSORS[k]) ** 2) for k in nn.LAYERS])
    predicted, measured = np.mean(predicted, axis=0), np.mean(measured, axis=0)
    begin = nn.LAYERS.index(layer)
    assert np.all(predicted[:begin] < 1e-12)
    # An error of a filter is the same at all places of the image: further on, its
    # effects are not independent, and the noise is larger than predicted.
    end = begin + 1 if layer == "conv" else None
    np.testing.assert_allclose(predicted[begin:end], measured[begin:end], rtol=0.35)


@pytest.mark.parametrize("layer", nn.LAYERS)
def test_random_errors_of_one_activation_make_the_noise_that_was_predicted(layer):
    step = 0.005  # so small that hardly a ReLU changes its mind
    grids = FINE | {layer: QuantParams(step, 0, bits=8)}
    noise = predicted_noise(MODEL, MODEL, TENSORS, grids)

    def disturbed(x):
        zero = (x == 0) & (layer != "logits")
        return np.where(zero, x, x + uniform(step, x.shape))

    found = nn.activations(MODEL, IMAGES, transform={layer: disturbed})
    begin = nn.LAYERS.index(layer)
    for k in nn.LAYERS[begin : begin + 2]:  # two layers on, errors share their causes
        measured = np.mean((found[k] - TENSORS[k]) ** 2)
        np.testing.assert_allclose(noise[k].mean(), measured, rtol=0.2)


def test_noise_has_the_shapes_of_the_tensors_and_stops_at_zeros():
    noise = predicted_noise(MODEL, MODEL, TENSORS, FINE)
    assert {k: v.shape for k, v in noise.items()} == {
        k: TENSORS[k].shape for k in nn.LAYERS
    }
    for k in ("conv", "dense"):
        np.testing.assert_array_equal(noise[k] > 0, TENSORS[k] > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], [[1.0]], [[1.0]], 1.0), "x has dtype int"),
        (([[1.0]], [[1.0], [2.0]], [[1.0]], 1.0), "x has shape"),
        (([[1.0]], [[1.0]], [[1.0, 2.0]], 1.0), "v_x"),
        (([[1.0]], [[1.0]], [[1.0]], [1.0, 2.0]), "v_w has shape"),
    ],
)
def test_layer_noise_names_bad_input(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        layer_noise(*arguments)


def test_a_missing_tensor_or_grid_is_named():
    with pytest.raises(ValueError, match="no dense"):
        predicted_noise(MODEL, MODEL, TENSORS, {k: FINE[k] for k in ("conv", "logits")})
    with pytest.raises(ValueError, match="no input"):
        predicted_noise(MODEL, MODEL, {k: TENSORS[k] for k in nn.LAYERS}, FINE)
    with pytest.raises(TypeError, match="weights is list"):
        predicted_noise(MODEL, [], TENSORS, FINE)
