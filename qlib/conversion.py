"""Make .tflite files of a Keras model: float, half floats, 8 bits in four manners.

`qlib.tflite` runs them. Each file has one input and one output, of the type that its
function names. Introduced in lesson 05, `convert_quantized` in lesson 04.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from qlib import _model
from qlib._checked import whole_number
from qlib.memory import give_back
from qlib.quiet import load_tensorflow, quiet

if TYPE_CHECKING:
    import tensorflow as tf


def convert_float(model: "tf.keras.Model") -> bytes:
    """Return the float32 file of a model: nothing is quantized.

    Args:
        model: a built Keras 2 model without fake-quant layers.

    Raises:
        TypeError: model is no Keras 2 model.
        ValueError: model is not built, has fake-quant layers, or weights that are not
            finite.

    Source: the TensorFlow Lite converter. Lesson 05.

    Example:
        >>> from qlib.data import load_float_model
        >>> from qlib.training import build_model
        >>> model = build_model(load_float_model())
        >>> round(len(convert_float(model)) / 1000)  # kB
        1391
    """
    _model.require_plain(model)
    return _convert(model)


def convert_float16(model: "tf.keras.Model") -> bytes:
    """Return the file that stores weights as float16 and computes in float32.

    Args:
        model: as for `convert_float`.

    Raises:
        TypeError, ValueError: as `convert_float`.

    Source: the TensorFlow Lite converter, "float16 quantization". Lesson 05.

    Example:
        >>> from qlib.data import load_float_model
        >>> from qlib.training import build_model
        >>> model = build_model(load_float_model())
        >>> round(len(convert_float16(model)) / 1000)  # kB
        698
    """
    _model.require_plain(model)
    tf = load_tensorflow()
    target = tf.lite.TargetSpec(supported_types=[tf.float16])
    return _convert(model, optimizations=_default(), target_spec=target)


def convert_dynamic_range(model: "tf.keras.Model") -> bytes:
    """Return the file with int8 weights and float32 inputs, outputs and biases.

    What a layer with int8 weights reads is quantized as the file runs, by its own
    range. Small kernels (fewer than 1,024 values) stay float32.

    Args:
        model: as for `convert_float`.

    Raises:
        TypeError, ValueError: as `convert_float`.

    Source: the TensorFlow Lite converter, "dynamic range quantization". Lesson 05.

    Example:
        >>> from qlib.data import load_float_model
        >>> from qlib.training import build_model
        >>> model = build_model(load_float_model())
        >>> round(len(convert_dynamic_range(model)) / 1000)  # kB
        354
    """
    _model.require_plain(model)
    return _convert(model, optimizations=_default())


def convert_int8(model: "tf.keras.Model", images: np.ndarray, batch: int = 1) -> bytes:
    """Return the file in which all is integer: weights and activations have 8 bits.

    The ranges of the activations are the least and greatest values that the float
    model shows on sample images. Input and output are int8.

    Args:
        model: as for `convert_float`, with one float32 input.
        images: samples as the model is used, training images: uint8 (divided by 255
            here) or real, shape (n, ...) as the model takes them; (n, h, w) will do
            for (n, h, w, 1). Any real values are taken, for not every model wants 0
            to 1: give what it was trained with.
        batch: images that the converter runs at once; it changes the time and, at
            most, the last digit of a scale.

    Raises:
        TypeError: model is no Keras 2 model; images are integers other than uint8.
        ValueError: model is not built, has fake-quant layers or several inputs; images
            are empty, of another shape, not finite, or all of one value.

    Source: the TensorFlow Lite converter, "full integer quantization". Lesson 05.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> round(len(convert_int8(model, images[:100])) / 1000)  # kB
        353
    """
    return _calibrated(model, images, batch, "TFLITE_BUILTINS_INT8", "int8")


def convert_16x8(model: "tf.keras.Model", images: np.ndarray, batch: int = 1) -> bytes:
    """Return the file with int16 activations and int8 weights.

    Input and output are int16.

    Args:
        model, images, batch: as for `convert_int8`.

    Raises:
        TypeError, ValueError: as `convert_int8`.

    Source: the TensorFlow Lite converter, "16x8 quantization". Lesson 05.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> round(len(convert_16x8(model, images[:100])) / 1000)  # kB
        355
    """
    ops = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
    return _calibrated(model, images, batch, ops, "int16")


def convert_quantized(model: "tf.keras.Model") -> bytes:
    """Return the int8 file of a model with fake-quant layers, as tfmot makes it.

    All ranges come from the model, so no representative images are needed. Inputs and
    outputs are int8 too.

    Args:
        model: a quantized Keras model, such as `qlib.tfmot_qat.calibrated_model` gives.

    Raises:
        TypeError: model is no Keras 2 model.
        ValueError: model is not built, or has no fake-quant layers.

    Source: the TensorFlow Lite converter. Lesson 04.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.tfmot_qat import calibrated_model
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> len(convert_quantized(calibrated_model(model, images[:100]))) < 400_000
        True
    """
    _model.require_built(model)
    if not _model.has_fake_quant(model):
        raise ValueError(
            "the model has no fake-quant layers, so its ranges are not known: quantize "
            "it first, with qlib.tfmot_qat.calibrated_model(model, images)."
        )
    return _convert(model, optimizations=_default(), **_ends("int8"))


def _calibrated(model: Any, images: Any, batch: int, ops: str, kind: str) -> bytes:
    """Return the file on integers alone, its ranges from images."""
    _model.require_plain(model)
    images = _model.images_for(images, _model.input_shape(model))
    batch = whole_number(batch, "batch", 1, 10_000)
    if images.min() == images.max():
        raise ValueError(
            f"images are all of one value, {images.flat[0]:g}: the ranges seen on them "
            "would not fit any other image. Give real ones, such as 100 of the "
            "training images."
        )
    tf = load_tensorflow()
    return _convert(
        model,
        optimizations=_default(),
        representative_dataset=_in_batches(images, batch),
        target_spec=tf.lite.TargetSpec(supported_ops=[tf.lite.OpsSet[ops]]),
        **_ends(kind),
    )


def _in_batches(images: np.ndarray, batch: int) -> Callable[[], Iterator[list]]:
    """Return what the converter calls for its samples: one list of inputs a batch."""

    def samples() -> Iterator[list]:
        for begin in range(0, len(images), batch):
            yield [_model.as_real(images[begin : begin + batch])]

    return samples


def _convert(model: "tf.keras.Model", **settings) -> bytes:
    """Return the converter's file, made with these attributes of it set."""
    _model.require_finite_weights(model)
    give_back()  # converting takes 70 MB for a moment
    with quiet():
        converter = load_tensorflow().lite.TFLiteConverter.from_keras_model(model)
        for name, value in settings.items():
            setattr(converter, name, value)
        content = converter.convert()
    del converter
    give_back()
    return content


def _default() -> list:
    return [load_tensorflow().lite.Optimize.DEFAULT]


def _ends(kind: str) -> dict[str, Any]:
    """Return the settings that make input and output of this type."""
    dtype = load_tensorflow().dtypes.as_dtype(kind)
    return {"inference_input_type": dtype, "inference_output_type": dtype}
