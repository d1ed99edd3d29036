"""qlib.tfmot_qat: fresh ranges are a trap, ranges from the float model are not."""

import numpy as np
import pytest

from qlib import nn
from qlib.data import load_float_model, load_mnist
from qlib.quiet import load_tensorflow, quiet
from qlib.tfmot_qat import calibrated_model, load_tfmot, ranges, set_ranges
from qlib.training import build_model

MODEL = load_float_model()
(IMAGES, _), (X_TEST, Y_TEST) = load_mnist()
X = (X_TEST[:2000, ..., None] / np.float32(255)).astype(np.float32)


def score(model):
    return np.mean(model.predict(X, verbose=0).argmax(axis=1) == Y_TEST[:2000])


@pytest.fixture(scope="module")
def keras_model():
    return build_model(MODEL)


@pytest.fixture(scope="module")
def calibrated(keras_model):
    return calibrated_model(keras_model, IMAGES[:1000])


def test_a_fresh_model_scores_chance_and_a_calibrated_one_like_float(
    keras_model, calibrated
):
    with quiet():
        fresh = load_tfmot().quantization.keras.quantize_model(keras_model)
    assert score(fresh) < 0.2
    assert abs(score(calibrated) - score(keras_model)) <= 0.002


def test_it_is_the_range_of_the_images_that_makes_a_fresh_model_blind(keras_model):
    with quiet():
        fresh = load_tfmot().quantization.keras.quantize_model(keras_model)
    assert ranges(fresh)["input"] == (0.0, 0.0)
    others = [pair for name, pair in ranges(fresh).items() if name != "input"]
    assert all(np.all(low == -6) and np.all(high == 6) for low, high in others)
    fresh.layers[0].variables[1].assign(1.0)
    assert ranges(fresh)["input"] == (0.0, 1.0)
    assert abs(score(fresh) - score(keras_model)) <= 0.004


def test_the_ranges_are_those_that_numpy_sees(calibrated):
    found = ranges(calibrated)
    seen = nn.activations(MODEL, IMAGES[:1000])
    assert found["input"] == (0.0, 1.0)
    np.testing.assert_allclose(
        found["quant_dense/post_activation"], (0, seen["dense"].max()), rtol=1e-5
    )
    np.testing.assert_allclose(
        found["quant_logits/pre_activation"],
        (seen["logits"].min(), seen["logits"].max()),
        rtol=1e-5,
    )
    # tfmot quantizes the convolution before it is pooled: the greatest value survives.
    np.testing.assert_allclose(
        found["quant_conv/post_activation"], (0, seen["conv"].max()), rtol=1e-5
    )
    for name, axes in (("conv", (0, 1, 2)), ("dense", None), ("logits", None)):
        most = np.abs(MODEL[f"{name}/kernel"]).max(axis=axes)
        low, high = found[f"quant_{name}/kernel"]
        np.testing.assert_allclose(high, most, rtol=1e-6)
        np.testing.assert_allclose(low, -most, rtol=1e-6)


def test_the_float_model_stays_as_it_is(keras_model, calibrated):
    for array, name in zip(keras_model.get_weights(), MODEL, strict=True):
        np.testing.assert_array_equal(array, MODEL[name])


def test_uint8_and_real_images_give_the_same_ranges(keras_model, calibrated):
    real = IMAGES[:1000, ..., None].astype(np.float32) / np.float32(255)
    again = ranges(calibrated_model(keras_model, real))
    for name, (low, high) in ranges(calibrated).items():
        np.testing.assert_allclose(again[name][0], low, rtol=1e-6)
        np.testing.assert_allclose(again[name][1], high, rtol=1e-6)


def test_another_architecture_is_calibrated_too():
    tf = load_tensorflow()
    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3),
            layers.Conv2D(6, 1, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(7),
        ]
    )
    x = np.random.default_rng(0).normal(size=(50, 8, 8, 2)).astype(np.float32)
    with quiet():
        quantized = load_tfmot().quantization.keras.quantize_model(model)
    set_ranges(quantized, model, x)
    off = np.abs(quantized.predict(x, verbose=0) - model.predict(x, verbose=0)).max()
    assert off < 0.1 * np.abs(model.predict(x, verbose=0)).max()


def test_a_model_of_keras_3_is_named():
    import keras

    other = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten()])
    with pytest.raises(TypeError, match=r"keras.*Keras 2 only.*TF_USE_LEGACY_KERAS"):
        calibrated_model(other, IMAGES[:10])


def test_a_model_that_is_not_built_is_named():
    keras = load_tensorflow().keras
    with pytest.raises(ValueError, match="not built.*Input"):
        calibrated_model(keras.Sequential([keras.layers.Dense(3)]), IMAGES[:10])


@pytest.mark.parametrize("model", [None, "model", MODEL])
def test_what_is_no_model_is_named(model):
    with pytest.raises(TypeError, match="Keras 2 only"):
        calibrated_model(model, IMAGES[:10])


def test_images_that_would_make_it_blind_again_are_named(keras_model):
    with pytest.raises(ValueError, match="images are all black"):
        calibrated_model(keras_model, IMAGES[:10] * 0)
    real = IMAGES[:10] / np.float32(255)
    with pytest.raises(ValueError, match="NaN or infinite"):
        calibrated_model(keras_model, np.where(real > 0.5, np.nan, real))


def test_a_model_without_ranges_and_grey_levels_for_ranges_are_named(keras_model):
    with pytest.raises(ValueError, match="no ranges.*quantize_model"):
        ranges(keras_model)
    with pytest.raises(TypeError, match="images has dtype uint8"):
        set_ranges(keras_model, keras_model, IMAGES[:10])


def test_images_of_another_shape_are_named(keras_model):
    with pytest.raises(ValueError, match="images"):
        calibrated_model(keras_model, IMAGES[:10, :20])
