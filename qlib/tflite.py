"""TensorFlow Lite: open a .tflite file and run it.

The interpreter is that of LiteRT (`ai_edge_litert`), which replaces `tf.lite`'s.
`qlib.conversion` makes such files. Introduced in lesson 04, used in lesson 05.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qlib._checked import plain_array, require_finite, whole_number
from qlib._network import checked_input
from qlib.flatbuffer import ModelFile, file_bytes, read_model, with_every_output
from qlib.quiet import quiet

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

KERNELS = {  # by the names that LiteRT gives them
    "reference": "BUILTIN_REF",
    "optimized": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "xnnpack": "AUTO",
}


def open_model(
    model: bytes | str | Path, batch: int = 1, kernel: str = "xnnpack"
) -> "Interpreter":
    """Return an interpreter that is ready to run `batch` inputs at once.

    Args:
        model: the bytes of a .tflite file, or its path.
        batch: inputs at once, 1 or more.
        kernel: which of LiteRT's arithmetic computes: "reference" (the plain code that
            defines what an operator does), "optimized" (its fast form), "xnnpack"
            (the library that LiteRT takes unless told otherwise).

    Raises:
        TypeError: model is neither bytes nor a path.
        FileNotFoundError: there is no such file.
        ValueError: it is no .tflite file, or a damaged one; there is no such kernel,
            or the reference kernels would stop Python at it.

    Example:
        >>> from qlib.data import DATA
        >>> opened = open_model(DATA / "mnist_qat_int8.tflite")
        >>> opened.get_input_details()[0]["dtype"].__name__
        'int8'
    """
    content = file_bytes(model)
    batch = whole_number(batch, "batch", 1, 10_000)
    kernel = checked_kernel(kernel)
    if kernel == "reference":
        _require_softmax(read_model(content))
    with quiet():
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    try:
        with quiet():
            interpreter = Interpreter(
                model_content=content,
                num_threads=1,
                experimental_op_resolver_type=OpResolverType[KERNELS[kernel]],
            )
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
    model: bytes | str | Path,
    images: np.ndarray,
    batch: int = 100,
    kernel: str = "xnnpack",
) -> np.ndarray:
    """Return the digit that the model sees in each image, shape (n,).

    Args:
        model: as for `open_model`, for images (28, 28, 1), with int8 or float32 input.
        images: as for `qlib.nn.forward`.
        batch: images at once.
        kernel: as for `open_model`.

    Raises:
        TypeError, ValueError, FileNotFoundError: as `open_model` and `qlib.nn.forward`.

    Example:
        >>> from qlib.data import DATA, load_mnist
        >>> predict(DATA / "mnist_qat_int8.tflite", load_mnist()[1][0][:5])
        array([7, 2, 1, 0, 4])
    """
    images = checked_input(images, "conv")
    if images.dtype != np.uint8:
        with np.errstate(over="ignore"):  # beyond float32: infinite, refused below
            images = images.astype(np.float32, copy=False)
        require_finite(images, "images")
    batch = min(whole_number(batch, "batch", 1, 10_000), len(images))
    interpreter, found = open_model(model, batch, kernel), []
    at, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for begin in range(0, len(images), batch):
        part = images[begin : begin + batch]
        real = part.astype(np.float32) / np.float32(255 if part.dtype == "u1" else 1)
        interpreter.set_tensor(at["index"], as_input(_padded(real, batch), at))
        _invoke(interpreter)
        scores = interpreter.get_tensor(out["index"])[: len(real)]
        found.append(scores.argmax(axis=1))
    return np.concatenate(found)


def every_tensor(
    model: bytes | str | Path,
    x: np.ndarray,
    batch: int = 100,
    kernel: str = "xnnpack",
) -> dict[str, np.ndarray]:
    """Return the output of every operator, by the tensor's name, in order.

    Args:
        model: as for `open_model`.
        x: what the model takes: codes, or reals for a float model, shape (n, ...).
        batch: inputs at once.
        kernel: as for `open_model`.

    Raises:
        TypeError, ValueError, FileNotFoundError: as `open_model`; x has another dtype
            or shape than the model's input, or is empty.

    Source: lesson 05. The model is changed to put out every tensor
    (`qlib.flatbuffer.with_every_output`): XNNPACK keeps no others.

    Example:
        >>> from qlib.data import DATA
        >>> x = np.zeros((2, 28, 28, 1), np.int8)
        >>> found = every_tensor(DATA / "mnist_qat_int8.tflite", x)
        >>> [v.shape for v in found.values()][:2]
        [(2, 26, 26, 32), (2, 13, 13, 32)]
    """
    content = file_bytes(model)
    found, x = read_model(content), _checked_x(x)
    names = [tensor.name for tensor in found.computed]
    if len(found.inputs) != 1:
        raise ValueError(f"the model has {len(found.inputs)} inputs: x is for one.")
    batch = min(whole_number(batch, "batch", 1, 10_000), len(x))
    interpreter = open_model(with_every_output(content), batch, kernel)
    at, parts = interpreter.get_input_details()[0], []
    _require_input(x, at)
    for begin in range(0, len(x), batch):
        part = x[begin : begin + batch]
        interpreter.set_tensor(at["index"], _padded(part, batch))
        _invoke(interpreter)
        outputs = interpreter.get_output_details()
        parts.append([interpreter.get_tensor(o["index"])[: len(part)] for o in outputs])
    joined = (np.concatenate(some) for some in zip(*parts, strict=True))
    return dict(zip(names, joined, strict=True))


def _invoke(interpreter: "Interpreter") -> None:
    try:
        interpreter.invoke()
    except RuntimeError as error:  # shapes that only show themselves now
        raise ValueError(
            f"the model cannot be run: the file is damaged ({error})."
        ) from error


def _padded(part: np.ndarray, batch: int) -> np.ndarray:
    """Return the part with zeros after it, for the last may be short."""
    full = np.zeros((batch, *part.shape[1:]), part.dtype)
    full[: len(part)] = part
    return full


def _checked_x(x: Any) -> np.ndarray:
    """Return `x` as an array of one input or more, in this machine's byte order."""
    x = plain_array(x, "x")
    if x.ndim == 0 or len(x) == 0:
        raise ValueError(
            f"x has shape {x.shape}: images first, at least one of them, are needed."
        )
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def _require_input(x: np.ndarray, at: dict[str, Any]) -> None:
    shape, dtype = tuple(at["shape"][1:]), np.dtype(at["dtype"])
    if x.dtype != dtype:
        advice = (
            "quantize the images with the input's scale and zero point first"
            if dtype.kind in "iu"
            else f"convert with x.astype(np.{dtype}), and divide pixels by 255"
        )
        raise TypeError(
            f"x has dtype {x.dtype}, and the model takes {dtype}: {advice}."
        )
    if x.shape[1:] != shape:
        raise ValueError(
            f"x has shape {x.shape}: (n, {', '.join(map(str, shape))}) is needed, with "
            "n at least 1."
        )


def _require_softmax(model: ModelFile) -> None:
    """Refuse scores in steps at which LiteRT's reference softmax stops the process."""
    for operator in model.operators:
        if operator.kind != "SOFTMAX" or not operator.inputs:
            continue
        scores = model.tensors[operator.inputs[0]]
        if scores.scale is None or scores.dtype not in ("int8", "uint8"):
            continue
        step = float(np.min(scores.scale)) * float(operator.options.get("beta", 1.0))
        if not step > 2.0**-26:  # or NaN
            raise ValueError(
                f"the scores {scores.name!r} come in steps of {step:.2g}: at 2^-26 or "
                "less LiteRT's reference softmax stops the whole process. Were the "
                'weights, or the sample images, all zero? kernel="optimized" runs it.'
            )


def as_input(real: np.ndarray, at: dict[str, Any]) -> np.ndarray:
    """Return real images as the input tensor takes them: codes, or as they are."""
    if at["dtype"] == np.float32:
        return real
    scale, zero_point = at["quantization"]
    ends = np.iinfo(at["dtype"])
    with np.errstate(over="ignore"):  # beyond float32 it saturates below
        codes = np.rint(real / np.float32(scale)) + zero_point
    return np.clip(codes, ends.min, ends.max).astype(at["dtype"])


def checked_kernel(kernel: str) -> str:
    """Return the kernel's name, if there is one of this name."""
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise ValueError(
            f"kernel is {kernel!r:.60}: allowed are {', '.join(map(repr, KERNELS))}."
        )
    return kernel
