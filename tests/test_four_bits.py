"""qlib.four_bits: the file has two weights to a byte; what does not fit is named."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from qlib import conversion, tflite
from qlib.data import load_float_model, load_mnist
from qlib.four_bits import four_bit_model
from qlib.quiet import load_tensorflow
from qlib.tfmot_qat import calibrated_model, ranges
from qlib.training import build_model

WEIGHTS = load_float_model()
(IMAGES, _), (X_TEST, Y_TEST) = load_mnist()
X = X_TEST[:1000, ..., None] / np.float32(255)


@pytest.fixture(scope="module")
def model():
    return build_model(WEIGHTS)


@pytest.fixture(scope="module")
def four(model):
    return four_bit_model(model, IMAGES[:1000])


@pytest.fixture(scope="module")
def content(four):
    return conversion.convert_quantized(four)


def weights(content: bytes) -> dict[int, tuple[str, int]]:
    """Return {values: (type, bytes)} of each kernel of a file."""
    names = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = {}
    for tensor in model.subgraphs[0].tensors:
        data, count = model.buffers[tensor.buffer].data, int(np.prod(tensor.shape))
        if data is not None and len(tensor.shape) > 1:
            found[count] = names[tensor.type], len(data)
    return found


def test_the_file_has_half_the_bytes_of_the_int8_one_and_answers_as_well(
    model, content
):
    whole = conversion.convert_quantized(calibrated_model(model, IMAGES[:1000]))
    assert len(content) == pytest.approx(178_888, rel=0.01)
    assert len(content) < 0.51 * len(whole)
    assert np.mean(tflite.predict(content, X_TEST) == Y_TEST) >= 0.990


def test_two_dense_weights_share_a_byte_and_the_rest_has_8_bits(content):
    assert weights(content) == {
        288: ("INT8", 288),
        346_112: ("INT4", 173_056),
        640: ("INT8", 640),
    }


def test_no_tensor_is_float(content):
    for tensor in tflite.open_model(content).get_tensor_details():
        assert np.dtype(tensor["dtype"]).kind == "i"


def test_the_file_answers_like_the_simulation(four, content):
    digits = four.predict(X, verbose=0).argmax(axis=1)
    assert np.mean(tflite.predict(content, X_TEST[:1000]) == digits) > 0.995


def test_the_ranges_are_those_of_the_8_bit_model(model, four):
    # The widths differ, not the ranges: one kernel range for the whole layer.
    expected = ranges(calibrated_model(model, IMAGES[:1000]))
    for name, (low, high) in ranges(four).items():
        np.testing.assert_allclose(low, expected[name][0], rtol=1e-6)
        np.testing.assert_allclose(high, expected[name][1], rtol=1e-6)


def test_the_dense_weights_take_15_values(four):
    kernel = four.get_layer("quant_dense")
    low, high = ranges(four)["quant_dense/kernel"]
    four(X[:1], training=False)
    codes = kernel.layer.kernel / (high / 7)
    np.testing.assert_allclose(codes, np.rint(codes), atol=1e-4)
    assert low == -high and np.abs(codes).max() < 7.01


def test_the_float_model_stays_as_it_is_and_serves_again(model, four):
    for array, name in zip(model.get_weights(), WEIGHTS, strict=True):
        np.testing.assert_array_equal(array, WEIGHTS[name])
    again = four_bit_model(model, IMAGES[:1000])
    np.testing.assert_array_equal(
        again.predict(X[:50], verbose=0), four.predict(X[:50], verbose=0)
    )


def test_both_dense_layers_may_have_4_bits(model):
    both = four_bit_model(model, IMAGES[:200], layers=["dense", "logits"])
    content = conversion.convert_quantized(both)
    assert weights(content)[640] == ("INT4", 320)
    assert np.mean(tflite.predict(content, X_TEST[:1000]) == Y_TEST[:1000]) > 0.97


def test_a_model_for_other_images_is_served_too():
    layers = load_tensorflow().keras.layers
    load_tensorflow().keras.utils.set_random_seed(0)
    other = load_tensorflow().keras.Sequential(
        [layers.Input((12,)), layers.Dense(8, "relu", name="a"), layers.Dense(2)]
    )
    x = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    content = conversion.convert_quantized(four_bit_model(other, x, layers=("a",)))
    assert weights(content)[96] == ("INT4", 48)


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (("dense", "dence"), ValueError, "no layer 'dence'.*dense, logits"),
        (("conv",), ValueError, "a Conv2D is the layer 'conv'.*dense, logits"),
        ((), ValueError, "layers is empty.*calibrated_model"),
        ("dense", TypeError, "layers is 'dense'"),
        (None, TypeError, "layers is None"),
        ((0,), ValueError, "no layer 0"),
    ],
)
def test_layers_that_do_not_fit_are_named(model, layers, error, message):
    with pytest.raises(error, match=message):
        four_bit_model(model, IMAGES[:10], layers)


def test_images_that_do_not_fit_are_named(model):
    with pytest.raises(ValueError, match="images are all zero"):
        four_bit_model(model, IMAGES[:10] * 0)
    with pytest.raises(ValueError, match=r"images has shape \(10, 20, 28"):
        four_bit_model(model, IMAGES[:10, :20])
    with pytest.raises(TypeError, match="images has dtype int64"):
        four_bit_model(model, IMAGES[:10].astype(np.int64))
    with pytest.raises(ValueError, match="NaN or infinite"):
        four_bit_model(model, np.full((2, 28, 28), np.nan))


def test_what_is_no_built_keras_2_model_is_named():
    keras = load_tensorflow().keras
    with pytest.raises(TypeError, match="Keras 2"):
        four_bit_model(None, IMAGES[:10])
    with pytest.raises(ValueError, match="not built"):
        four_bit_model(keras.Sequential([keras.layers.Dense(3)]), IMAGES[:10])
