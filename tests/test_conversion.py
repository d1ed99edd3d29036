"""qlib.conversion: each file is what its function says; bad input is named."""

from collections.abc import Callable

import numpy as np
import pytest

from qlib import conversion, tflite
from qlib.data import load_float_model, load_mnist
from qlib.quiet import load_tensorflow
from qlib.tfmot_qat import calibrated_model
from qlib.training import build_model

(IMAGES, _), (X_TEST, Y_TEST) = load_mnist()
UNIT = IMAGES[:100].astype(np.float32) / np.float32(255)
PLAIN = {
    "float": conversion.convert_float,
    "float16": conversion.convert_float16,
    "dynamic": conversion.convert_dynamic_range,
    "int8": lambda model: conversion.convert_int8(model, IMAGES[:100]),
    "16x8": lambda model: conversion.convert_16x8(model, IMAGES[:100]),
}
CALIBRATED = [conversion.convert_int8, conversion.convert_16x8]
KERNEL_SIZES = (3 * 3 * 32, 5408 * 64, 64 * 10)
BIAS_SIZES = (32, 64, 10)


@pytest.fixture(scope="module")
def model():
    return build_model(load_float_model())


@pytest.fixture(scope="module")
def quantized(model):
    return calibrated_model(model, IMAGES[:100])


@pytest.fixture(scope="module")
def files(model, quantized):
    made = {name: convert(model) for name, convert in PLAIN.items()}
    return {**made, "quantized": conversion.convert_quantized(quantized)}


def tensors(content: bytes, kernel: str = "reference") -> list[dict]:
    """Return the file's tensors; the reference kernels add none of their own."""
    found = tflite.open_model(content, kernel=kernel).get_tensor_details()
    return [tensor for tensor in found if tensor["name"]]


def types(content: bytes, wanted: Callable[[dict], bool]) -> list[str]:
    """Return the types of those of the file's tensors that are wanted, sorted."""
    return sorted(np.dtype(t["dtype"]).name for t in tensors(content) if wanted(t))


def of_kernels(tensor: dict) -> bool:
    return np.prod(tensor["shape"]) in KERNEL_SIZES


def of_biases(tensor: dict) -> bool:
    return len(tensor["shape"]) == 1 and tensor["shape"][0] in BIAS_SIZES


def of_activations(tensor: dict) -> bool:
    return tensor["shape"].ndim == 1 and tuple(tensor["shape"])[:1] == (1,)


def ends(content: bytes) -> tuple[str, str]:
    """Return the types of input and output."""
    opened = tflite.open_model(content)
    details = opened.get_input_details() + opened.get_output_details()
    return tuple(np.dtype(d["dtype"]).name for d in details)


def small_model(last: int = 3):
    """Return an untrained network for images (8, 6, 2)."""
    layers = load_tensorflow().keras.layers
    load_tensorflow().keras.utils.set_random_seed(0)
    return load_tensorflow().keras.Sequential(
        [
            layers.Input((8, 6, 2)),
            layers.Conv2D(4, 3, padding="same"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(last),
        ]
    )


# --- each file is what it claims to be -----------------------------------------------


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("float", 1_391_336),
        ("float16", 697_964),
        ("dynamic", 353_824),
        ("int8", 353_144),
        ("16x8", 354_640),
        ("quantized", 352_056),
    ],
)
def test_each_file_answers_the_test_digits_and_has_its_size(files, name, size):
    assert len(files[name]) == pytest.approx(size, rel=0.02)  # another converter's
    assert np.mean(tflite.predict(files[name], X_TEST) == Y_TEST) >= 0.990


def test_a_float_file_is_float_throughout(files):
    assert ends(files["float"]) == ("float32", "float32")
    assert set(types(files["float"], lambda t: t["shape"].size > 1)) == {"float32"}


def test_a_float16_file_stores_half_floats_and_computes_in_float32(files):
    content = files["float16"]
    assert ends(content) == ("float32", "float32")
    assert set(types(content, of_activations)) == {"float32"}
    # Each array is there twice: as it is stored, and as the file makes it when it runs.
    assert types(content, of_kernels) == ["float16"] * 3 + ["float32"] * 3
    assert types(content, of_biases) == ["float16"] * 3 + ["float32"] * 3


def test_a_dynamic_range_file_has_int8_weights_and_float_activations(files):
    content = files["dynamic"]
    assert ends(content) == ("float32", "float32")
    assert set(types(content, of_activations)) == {"float32"}
    assert set(types(content, of_biases)) == {"float32"}


def test_a_dynamic_range_file_leaves_small_kernels_alone(files):
    sizes = {
        int(np.prod(t["shape"])): np.dtype(t["dtype"]).name
        for t in tensors(files["dynamic"])
        if of_kernels(t)
    }
    assert sizes == {288: "float32", 640: "float32", 346_112: "int8"}


def test_an_int8_file_holds_no_float_tensor_at_all(files):
    content = files["int8"]
    assert ends(content) == ("int8", "int8")
    assert set(types(content, lambda t: True)) == {"int8", "int32"}
    assert set(types(content, of_activations)) == {"int8"}
    assert types(content, of_kernels) == ["int8"] * 3
    assert types(content, of_biases) == ["int32"] * 3


def test_a_16x8_file_has_int16_activations_and_int8_weights(files):
    content = files["16x8"]
    assert ends(content) == ("int16", "int16")
    assert set(types(content, of_activations)) == {"int16"}
    assert types(content, of_kernels) == ["int8"] * 3
    assert types(content, of_biases) == ["int64"] * 3


@pytest.mark.parametrize("name", ["int8", "16x8"])
def test_weights_have_a_scale_for_each_channel_and_zero_point_0(files, name):
    for tensor in filter(of_kernels, tensors(files[name])):
        found = tensor["quantization_parameters"]
        assert len(found["scales"]) == tensor["shape"][found["quantized_dimension"]]
        assert len(found["scales"]) in BIAS_SIZES and not found["zero_points"].any()


def test_a_converted_model_answers_like_the_keras_model(quantized, files):
    real = X_TEST[:1000, ..., None].astype(np.float32) / np.float32(255)
    keras = quantized.predict(real, verbose=0).argmax(axis=1)
    assert np.mean(tflite.predict(files["quantized"], X_TEST[:1000]) == keras) > 0.998


# --- the representative images -------------------------------------------------------


def arrays(content: bytes) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the scales of all tensors of a file, and the codes of all constants."""
    opened = tflite.open_model(content, kernel="reference")
    found = tensors(content)
    scales = [t["quantization_parameters"]["scales"] for t in found]
    constant = filter(lambda t: of_kernels(t) or of_biases(t), found)
    return scales, [opened.get_tensor(t["index"]) for t in constant]


@pytest.mark.parametrize(("name", "batch"), [("int8", 100), ("16x8", 9999)])
def test_images_one_by_one_or_many_at_once_give_the_same_file(
    model, files, name, batch
):
    convert = {"int8": conversion.convert_int8, "16x8": conversion.convert_16x8}[name]
    found = arrays(convert(model, IMAGES[:100], batch=batch))
    # A product of matrices may add in another order: the last digit of a scale.
    for one, many in zip(arrays(files[name]), found, strict=True):
        for a, b in zip(one, many, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-6, atol=a.dtype.kind == "i")


@pytest.mark.parametrize("images", [UNIT[..., None], UNIT.astype(">f8")])
def test_grey_levels_and_real_images_give_the_same_file(model, files, images):
    assert conversion.convert_int8(model, images) == files["int8"]


def test_an_activation_has_the_range_that_the_images_show(model):
    x = UNIT[:20, ..., None]
    hidden = load_tensorflow().keras.Model(
        model.inputs, model.get_layer("dense").output
    )
    most = hidden.predict(x, verbose=0).max()
    content = conversion.convert_int8(model, x)
    scales = [t["quantization"][0] for t in tensors(content)
              if tuple(t["shape"]) == (1, 64)]  # fmt: skip
    assert scales == pytest.approx([most / 255], rel=1e-5)


def test_unscaled_images_make_a_file_that_is_nearly_blind(model):
    content = conversion.convert_int8(model, IMAGES[:100].astype(np.float32))
    assert np.mean(tflite.predict(content, X_TEST) == Y_TEST) < 0.3  # .1528
    at = tflite.open_model(content).get_input_details()[0]
    assert at["quantization"] == (1.0, -128)  # so that 0 to 1 has two codes


@pytest.mark.parametrize("convert", CALIBRATED)
def test_a_model_of_another_shape_with_negative_inputs_is_converted(convert):
    other = small_model()
    x = np.random.default_rng(0).normal(size=(60, 8, 6, 2)).astype(np.float32)
    opened = tflite.open_model(convert(other, x, batch=7), batch=60)
    at, out = opened.get_input_details()[0], opened.get_output_details()[0]
    opened.set_tensor(at["index"], tflite.as_input(x, at))
    opened.invoke()
    scale, zero_point = out["quantization"]
    found = scale * (opened.get_tensor(out["index"]).astype(np.float32) - zero_point)
    expected = other.predict(x, verbose=0)
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_a_model_with_open_sides_takes_images_of_any_size():
    layers = load_tensorflow().keras.layers
    images = layers.Input((None, None, 2))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(images))
    other = load_tensorflow().keras.Model(images, pooled)
    x = np.random.default_rng(0).random((20, 9, 7, 2), dtype=np.float32)
    assert ends(conversion.convert_int8(other, x)) == ("int8", "int8")


def test_the_model_stays_as_it_is(model, files):
    for array, name in zip(model.get_weights(), load_float_model(), strict=True):
        np.testing.assert_array_equal(array, load_float_model()[name])


# --- what is refused -----------------------------------------------------------------


def holding(value: float) -> np.ndarray:
    images = UNIT[:4].copy()
    images[2, 3, 4] = value
    return images


@pytest.mark.parametrize("convert", CALIBRATED)
@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (holding(np.nan), ValueError, "images holds 1 value.*NaN"),
        (holding(np.inf), ValueError, "images holds 1 value.*infinite"),
        (UNIT[:2].astype(np.float64) * 1e39, ValueError, "NaN or infinite"),
        (IMAGES[:0], ValueError, "images is empty"),
        (UNIT[:4, :20], ValueError, r"takes \(n, 28, 28, 1\)"),
        (UNIT[0], ValueError, r"One image is images\[i : i \+ 1\]"),
        (np.float32(3), ValueError, r"shape \(\)"),
        (IMAGES[:4].astype(np.int64), TypeError, "dtype int64: uint8"),
        (IMAGES[:4] > 100, TypeError, "dtype bool"),
        (IMAGES[:4] * 0, ValueError, "all of one value, 0:.*training images"),
        (IMAGES[:4] * 0 + np.float32(0.5), ValueError, "all of one value, 0.5"),
        (None, TypeError, "images is None"),
        ("images", TypeError, "images is 'images'"),
    ],
)
def test_bad_images_are_named(model, convert, images, error, message):
    with pytest.raises(error, match=message):
        convert(model, images)


@pytest.mark.parametrize("batch", [0, -1, 1.5, "4", True])
def test_a_bad_batch_is_named(model, batch):
    with pytest.raises((TypeError, ValueError), match="batch is"):
        conversion.convert_int8(model, IMAGES[:10], batch=batch)


def keras_3_model():
    import keras

    return keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten()])


@pytest.mark.parametrize("convert", [*PLAIN.values(), conversion.convert_quantized])
@pytest.mark.parametrize("given", [None, "model", b"TFL3", keras_3_model])
def test_what_is_no_keras_2_model_is_named(convert, given):
    other = given() if callable(given) else given
    with pytest.raises(TypeError, match="a Keras 2 model is needed"):
        convert(other)


@pytest.mark.parametrize("convert", PLAIN.values(), ids=list(PLAIN))
def test_a_model_that_is_not_built_or_has_ranges_is_named(quantized, convert):
    keras = load_tensorflow().keras
    with pytest.raises(ValueError, match="not built.*Input"):
        convert(keras.Sequential([keras.layers.Dense(3)]))
    with pytest.raises(ValueError, match=r"has fake-quant layers.*convert_quantized"):
        convert(quantized)


def test_a_model_without_ranges_is_not_converted(model):
    with pytest.raises(ValueError, match="no fake-quant layers.*calibrated_model"):
        conversion.convert_quantized(model)


def test_a_model_with_two_inputs_or_whole_numbers_is_named():
    layers, keras = load_tensorflow().keras.layers, load_tensorflow().keras
    two = [layers.Input((3,)), layers.Input((3,))]
    whole = layers.Input((3,), dtype="int32")
    for other in (
        keras.Model(two, layers.Add()(two)),
        keras.Model(whole, layers.Embedding(5, 2)(whole)),
    ):
        with pytest.raises(ValueError, match="one float32 input is needed"):
            conversion.convert_int8(other, np.ones((4, 3), np.float32))
