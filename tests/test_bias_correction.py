"""qlib.bias_correction: means that come back, an accuracy that does, and bad input."""

import numpy as np
import pytest

from qlib import nn
from qlib.bias_correction import correct_biases
from qlib.data import load_float_model, load_mnist
from qlib.linear import fake_quantize, params_for

LAYERS = ("conv", "dense", "logits")


@pytest.fixture(scope="module")
def weights():
    return load_float_model()


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


@pytest.fixture(scope="module")
def images(digits):
    return digits[0][0][:260]  # two full chunks and a rest


@pytest.fixture(scope="module")
def quantized(weights):
    """Return the network with 3-bit min-max kernels, one scale each."""
    return {
        name: fake_quantize(w, params_for(w, 3, symmetric=True, narrow_range=True))
        if name.endswith("kernel")
        else w
        for name, w in weights.items()
    }


@pytest.fixture(scope="module")
def corrected(weights, quantized, images):
    return correct_biases(weights, quantized, images)


def mean_sums(weights, images, transform=None):
    """Return the mean of each layer's weighted sums, one value for each output."""

    def through(name, x):
        return transform[name](x) if transform and name in transform else x

    x = images[..., np.newaxis].astype(np.float32) / np.float32(255)
    x = through("input", x)
    conv = nn.conv2d(x, weights["conv/kernel"], weights["conv/bias"])
    x = through("conv", nn.max_pool(nn.relu(conv)))
    x = x.reshape(len(x), -1)
    dense = nn.dense(x, weights["dense/kernel"], weights["dense/bias"])
    x = through("dense", nn.relu(dense))
    logits = nn.dense(x, weights["logits/kernel"], weights["logits/bias"])
    sums = {"conv": conv, "dense": dense, "logits": logits}
    return {
        name: np.float64(y).reshape(-1, y.shape[-1]).mean(axis=0)
        for name, y in sums.items()
    }


def test_each_output_has_its_float_mean_back(weights, quantized, corrected, images):
    wanted, shifted = mean_sums(weights, images), mean_sums(quantized, images)
    for layer, found in mean_sums(corrected, images).items():
        assert np.abs(shifted[layer] - wanted[layer]).max() > 0.01
        np.testing.assert_allclose(found, wanted[layer], rtol=0, atol=1e-4)


TRANSFORM = {
    "input": lambda x: np.rint(x * 3) / np.float32(3),
    "conv": lambda x: np.minimum(x, np.float32(1.5)),
    "dense": lambda x: np.rint(x) + np.float32(0.25),
}


@pytest.mark.parametrize("names", [["input"], ["conv"], ["dense"], list(TRANSFORM)])
def test_with_quantized_activations_the_means_are_those_of_the_float_network(
    weights, quantized, images, names
):
    transform = {name: TRANSFORM[name] for name in names}
    corrected = correct_biases(weights, quantized, images[:130], transform=transform)
    wanted = mean_sums(weights, images[:130])
    for layer, found in mean_sums(corrected, images[:130], transform).items():
        np.testing.assert_allclose(found, wanted[layer], rtol=0, atol=1e-4)


def test_a_transform_of_the_logits_moves_no_bias(weights, quantized, corrected, images):
    transform = {"logits": lambda x: x * 0}
    found = correct_biases(weights, quantized, images, transform=transform)
    for name, w in corrected.items():
        np.testing.assert_array_equal(found[name], w)


def test_three_bits_read_a_fifth_more_of_the_digits_after_the_correction(
    weights, quantized, digits
):
    (x_train, _), (x_test, y_test) = digits
    corrected = correct_biases(weights, quantized, x_train[:1000])
    before = nn.accuracy(quantized, x_test[:2000], y_test[:2000])
    after = nn.accuracy(corrected, x_test[:2000], y_test[:2000])
    assert after - before >= 0.2
    assert after > 0.9


def test_kernels_are_shared_and_biases_are_new(weights, quantized, corrected):
    assert list(corrected) == list(quantized)
    for name, w in corrected.items():
        assert w.dtype == np.float32 and w.shape == weights[name].shape
        assert (w is quantized[name]) == name.endswith("kernel")
        assert not np.shares_memory(w, weights[name])
    for layer in LAYERS:
        assert np.any(corrected[f"{layer}/bias"] != quantized[f"{layer}/bias"])


def test_no_argument_is_changed(weights, quantized, images):
    given = [
        {name: w.copy() for name, w in model.items()} for model in (weights, quantized)
    ]
    kept = [dict(model) for model in given]
    x = images[:20].copy()
    for array in (x, *given[0].values(), *given[1].values()):
        array.flags.writeable = False
    correct_biases(*given, x, transform=TRANSFORM)
    np.testing.assert_array_equal(x, images[:20])
    for now, before, model in zip(given, kept, (weights, quantized), strict=True):
        for name, w in now.items():
            assert w is before[name]
            np.testing.assert_array_equal(w, model[name])


def test_a_network_beside_itself_needs_no_correction(weights, images):
    corrected = correct_biases(weights, weights, images)
    for name, w in weights.items():
        np.testing.assert_allclose(corrected[name], w, rtol=0, atol=1e-6)


def test_a_shift_of_each_bias_is_taken_off_again(weights, images):
    shifted = dict(weights)
    for layer, shift in zip(LAYERS, (0.1, -0.3, 2.0), strict=True):
        shifted[f"{layer}/bias"] = weights[f"{layer}/bias"] + np.float32(shift)
    corrected = correct_biases(weights, shifted, images)
    for name, w in weights.items():
        np.testing.assert_allclose(corrected[name], w, rtol=0, atol=1e-5)


def test_correcting_once_more_changes_nothing(weights, corrected, images):
    again = correct_biases(weights, corrected, images)
    for name, w in corrected.items():
        np.testing.assert_allclose(again[name], w, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_images_with_or_without_channel_give_the_same(
    weights, quantized, images, dtype
):
    expected = correct_biases(weights, quantized, images[:30])
    real = (images[:30] / 255).astype(dtype)
    for x in (real, real[..., np.newaxis]):
        found = correct_biases(weights, quantized, x)
        for name, w in expected.items():
            np.testing.assert_allclose(found[name], w, rtol=0, atol=1e-5)


def test_weights_of_float64_are_taken_and_come_back_as_float32(
    weights, quantized, images
):
    wide = {name: w.astype(np.float64) for name, w in quantized.items()}
    expected = correct_biases(weights, quantized, images[:10])
    for name, w in correct_biases(weights, wide, images[:10]).items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, expected[name])


def without(model, name):
    return {key: w for key, w in model.items() if key != name}


X = np.zeros((2, 28, 28), np.uint8)
BAD = {
    "weights a list": (lambda w: ([w], w, X), TypeError, "weights is list"),
    "quantized None": (lambda w: (w, None, X), TypeError, "is NoneType: a dictionary"),
    "weights without a bias": (
        lambda w: (without(w, "dense/bias"), w, X),
        ValueError,
        "no array 'dense/bias'",
    ),
    "quantized without a kernel": (
        lambda w: (w, without(w, "logits/kernel"), X),
        ValueError,
        "no array 'logits/kernel'",
    ),
    "codes for a kernel": (
        lambda w: (w, {**w, "conv/kernel": np.ones((3, 3, 1, 32), np.int8)}, X),
        TypeError,
        "'conv/kernel'.*int8",
    ),
    "a bias of other shape": (
        lambda w: (w, {**w, "logits/bias": np.zeros(9)}, X),
        ValueError,
        r"'logits/bias'.*\(9,\).*\(10,\)",
    ),
    "NaN in a bias": (
        lambda w: ({**w, "conv/bias": np.full(32, np.nan)}, w, X),
        ValueError,
        "'conv/bias'.*NaN",
    ),
    "one image": (lambda w: (w, w, X[0]), ValueError, r"images has shape \(28, 28\)"),
    "no images": (lambda w: (w, w, X[:0]), ValueError, "images is empty"),
    "int64 images": (
        lambda w: (w, w, X.astype(np.int64)),
        TypeError,
        "images has dtype int64",
    ),
    "NaN in an image": (
        lambda w: (w, w, np.full(X.shape, np.nan)),
        ValueError,
        "images holds .*NaN",
    ),
    "images None": (lambda w: (w, w, None), TypeError, "images is None"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(weights, kind):
    arguments, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        correct_biases(*arguments(weights))


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        ({"softmax": np.abs}, ValueError, "'softmax'.*input, conv, dense, logits"),
        ({"conv": 3}, TypeError, r"transform\['conv'\] is int"),
        (np.abs, TypeError, "transform is ufunc"),
        ({"dense": lambda x: x[:, :5]}, ValueError, "'dense'.*keep the shape"),
    ],
)
def test_functions_that_do_not_fit_are_refused(weights, transform, error, message):
    with pytest.raises(error, match=message):
        correct_biases(weights, weights, X, transform=transform)
