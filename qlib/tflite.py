"""TensorFlow Lite: make an int8 file of a quantized model, open it, run it.

The interpreter is that of LiteRT (`ai_edge_litert`), which replaces `tf.lite`'s.
Introduced in lesson 04, used in lesson 05.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qlib._checked import require_finite, whole_number
from qlib._network import checked_input
from qlib.memory import give_back
from qlib.quiet import load_tensorflow, quiet

if TYPE_CHECKING:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter


def convert_quantized(model: "tf.keras.Model") -> bytes:
    """Return the int8 file of a model with fake-quant layers, as tfmot makes it.

    All ranges come from the model, so no representative images are needed. Inputs and
    outputs are int8 too.

    Args:
        model: a quantized Keras model, such as `qlib.tfmot_qat.calibrated_model` gives.

    Raises:
        TypeError: model is no Keras 2 model.
        ValueError: model has no fake-quant layers.

    Source: the TensorFlow Lite converter. Lesson 04.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.tfmot_qat import calibrated_model
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> len(convert_quantized(calibrated_model(model, images[:100]))) < 400_000
        True
    """
    tf = load_tensorflow()
    if not isinstance(model, tf.keras.Model):
        raise TypeError(
            f"model is a {type(model).__name__}: a quantized Keras 2 model is needed."
        )
    if not any("quantize" in type(layer).__name__.lower() for layer in model.layers):
        raise ValueError(
            "the model has no fake-quant layers, so its ranges are not known: quantize "
            "it first, with qlib.tfmot_qat.calibrated_model(model, images)."
        )
    give_back()  # converting takes 70 MB for a moment
    with quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        content = converter.convert()
    del converter
    give_back()
    return content


def open_model(model: bytes | str | Path, batch: int = 1) -> "Interpreter":
    """Return an interpreter that is ready to run `batch` inputs at once.

    Args:
        model: the bytes of a .tflite file, or its path.
        batch: inputs at once, 1 or more.

    Raises:
        TypeError: model is neither bytes nor a path.
        FileNotFoundError: there is no such file.
        ValueError: it is no .tflite file, or a damaged one.

    Example:
        >>> from qlib.data import DATA
        >>> opened = open_model(DATA / "mnist_qat_int8.tflite")
        >>> opened.get_input_details()[0]["dtype"].__name__
        'int8'
    """
    content = _content(model)
    batch = whole_number(batch, "batch", 1, 10_000)
    with quiet():
        from ai_edge_litert.interpreter import Interpreter
    try:
        with quiet():
            interpreter = Interpreter(model_content=content, num_threads=1)
            at = interpreter.get_input_details()[0]
            interpreter.resize_tensor_input(at["index"], [batch, *at["shape"][1:]])
            interpreter.allocate_tensors()
    except Exception as error:
        raise ValueError(
            f"the model cannot be opened ({type(error).__name__}): the file is damaged "
            "or holds operators that LiteRT does not know."
        ) from error
    return interpreter


def predict(
    model: bytes | str | Path, images: np.ndarray, batch: int = 100
) -> np.ndarray:
    """Return the digit that the model sees in each image, shape (n,).

    Args:
        model: as for `open_model`, for images (28, 28, 1), with int8 or float32 input.
        images: as for `qlib.nn.forward`.
        batch: images at once.

    Raises:
        TypeError, ValueError, FileNotFoundError: as `open_model` and `qlib.nn.forward`.

    Example:
        >>> from qlib.data import DATA, load_mnist
        >>> predict(DATA / "mnist_qat_int8.tflite", load_mnist()[1][0][:5])
        array([7, 2, 1, 0, 4])
    """
    images = checked_input(images, "conv")
    if images.dtype != np.uint8:
        require_finite(images, "images")
    batch = min(whole_number(batch, "batch", 1, 10_000), len(images))
    interpreter, found = open_model(model, batch), []
    at, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for begin in range(0, len(images), batch):
        part = images[begin : begin + batch]
        real = part.astype(np.float32) / np.float32(255 if part.dtype == "u1" else 1)
        full = np.zeros((batch, *real.shape[1:]), np.float32)  # the last may be short
        full[: len(real)] = real
        interpreter.set_tensor(at["index"], _as_input(full, at))
        interpreter.invoke()
        scores = interpreter.get_tensor(out["index"])[: len(real)]
        found.append(scores.argmax(axis=1))
    return np.concatenate(found)


def _as_input(real: np.ndarray, at: dict[str, Any]) -> np.ndarray:
    """Return real images as the input tensor takes them: codes, or as they are."""
    if at["dtype"] == np.float32:
        return real
    scale, zero_point = at["quantization"]
    ends = np.iinfo(at["dtype"])
    codes = np.rint(real / np.float32(scale)) + zero_point
    return np.clip(codes, ends.min, ends.max).astype(at["dtype"])


def _content(model: bytes | str | Path) -> bytes:
    if isinstance(model, (str, Path)):
        path = Path(model)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path.name} in {path.parent}.")
        model = path.read_bytes()
    if not isinstance(model, (bytes, bytearray)):
        raise TypeError(
            f"model is a {type(model).__name__}: the bytes of a .tflite file, or its "
            "path, are needed."
        )
    if bytes(model[4:8]) != b"TFL3":
        raise ValueError(
            f"these {len(model)} bytes are no .tflite file (which has TFL3 as bytes 4 "
            "to 7)."
        )
    return bytes(model)
