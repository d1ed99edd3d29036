"""A whole int8 network in NumPy integers, equal to LiteRT's kernels in every bit.

`IntegerNetwork` reads a .tflite file and computes what the reference, the optimised or
XNNPACK's kernels would, or those for microcontrollers, tensor by tensor. All sum the
same integers; they differ in how a sum is rounded to a code, and in their softmax.
Introduced in lesson 05.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qlib._checked import plain_array
from qlib.flatbuffer import ModelFile, Operator, Tensor, file_bytes, read_model
from qlib.integer_layers import (
    ROUNDINGS,
    Rescale,
    Sums,
    Window,
    average_pool,
    depthwise,
    max_pool,
    seen_by_windows,
)
from qlib.integer_softmax import SOFTMAXES, integer_softmax
from qlib.nn import one_blas_thread
from qlib.tflite import open_model

VALUES = 2**18  # of the largest tensor at a time: they stay in the cache


@dataclass(frozen=True)
class Kernel:
    """How a runtime rounds accumulators to codes, and which softmax it has.

    Args:
        conv, depthwise, dense: one of `qlib.integer_layers.ROUNDINGS`.
        softmax: one of `qlib.integer_softmax.SOFTMAXES`.

    Raises:
        ValueError: there is no such rounding or softmax.
    """

    conv: str
    depthwise: str
    dense: str
    softmax: str

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            allowed = SOFTMAXES if name == "softmax" else ROUNDINGS
            if value not in allowed:
                raise ValueError(
                    f"{name} is {value!r}: allowed are {', '.join(map(repr, allowed))}."
                )


KERNELS = {
    "reference": Kernel("double-away", "double-away", "single", "fixed"),
    "optimized": Kernel("double-up", "eights", "double-up", "table"),
    "xnnpack": Kernel("float", "float", "float", "table"),
    "micro": Kernel("double-away", "double-away", "double-away", "fixed"),
}


class _NotKnownError(ValueError):
    """The file may be sound, and holds what is not known here."""


@dataclass(frozen=True)
class _Step:
    """One operator: what it does with codes, and which tensors it reads and writes."""

    kind: str
    source: Tensor
    target: Tensor
    codes: Callable[[np.ndarray, Kernel], np.ndarray]
    sums: Callable[[np.ndarray], np.ndarray] | None = None
    rounded: Callable[[np.ndarray, Kernel], np.ndarray] | None = None
    pool: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class IntegerNetwork:
    """An int8 network that runs on NumPy integers; made by `from_tflite`.

    Args:
        model: the file's tensors and operators.
    """

    model: ModelFile
    _steps: tuple[_Step, ...] = field(repr=False)

    @classmethod
    def from_tflite(cls, model: bytes | str | Path) -> "IntegerNetwork":
        """Return the network of a full-int8 .tflite file.

        Known are Conv2D, DepthwiseConv2D, dense layers, max and average pooling,
        reshaping and softmax, with ReLU, ReLU6 or no activation, one after the other.

        Args:
            model: the bytes of a .tflite file, or its path.

        Raises:
            TypeError, FileNotFoundError: as for `qlib.flatbuffer.read_model`.
            ValueError: it is no .tflite file, or a damaged one; an operator or the
                type of a tensor is not known here, such as float32.

        Example:
            >>> from qlib.data import DATA
            >>> network = IntegerNetwork.from_tflite(DATA / "mnist_qat_int8.tflite")
            >>> network.input.shape
            (1, 28, 28, 1)
        """
        content = file_bytes(model)
        found = read_model(content)
        _require_simple(found)
        open_model(content)  # LiteRT checks what the tables alone don't tell
        try:
            network = cls(found, tuple(_step(found, op) for op in found.layers))
            network._try()
        except _NotKnownError:
            raise
        except Exception as error:  # shapes and indices that don't fit raise many kinds
            raise ValueError(
                f"the .tflite file does not fit together ({type(error).__name__}: "
                f"{error}). Make or fetch it again."
            ) from error
        return network

    @property
    def input(self) -> Tensor:
        """The tensor that `run` takes; its `params` are the grid of the images."""
        return self.model.tensors[self.model.inputs[0]]

    def run(
        self, x: np.ndarray, kernel: str | Kernel = "reference", keep: str = "all"
    ) -> dict[str, np.ndarray]:
        """Return the output of every operator on codes, int8, by its name, in order.

        Args:
            x: int8 codes of the input's grid, shape (n, ...).
            kernel: "reference", "optimized", "xnnpack", "micro" (TensorFlow Lite
                Micro), or a `Kernel` of your own.
            keep: "all", or "output" for the last tensor alone, in half the time.

        Raises:
            TypeError: x is not int8.
            ValueError: x has another shape or is empty; kernel or keep is unknown.

        Source: TensorFlow Lite's reference_ops and optimized_ops, XNNPACK. Lesson 05.

        Example:
            >>> from qlib.data import DATA
            >>> network = IntegerNetwork.from_tflite(DATA / "mnist_qat_int8.tflite")
            >>> blank = np.full((1, 28, 28, 1), -128, np.int8)
            >>> list(network.run(blank, keep="output").values())[0].shape
            (1, 10)
        """
        kernel, x = _kernel(kernel), self._checked(x)
        if keep not in ("all", "output"):
            raise ValueError(f"keep is {keep!r}: allowed are 'all' and 'output'.")
        steps = self._steps if keep == "all" else _pooled_first(self._steps)
        kept = steps if keep == "all" else steps[-1:]
        found = {
            step.target.name: np.empty((len(x), *step.target.shape[1:]), np.int8)
            for step in kept
        }
        largest = max(np.prod(step.target.shape) for step in self._steps)
        size = max(1, int(VALUES // largest))
        with one_blas_thread():
            for start in range(0, len(x), size):
                codes = x[start : start + size]
                for step in steps:
                    codes = step.codes(codes, kernel)
                    if step.target.name in found:
                        found[step.target.name][start : start + size] = codes
        return found

    def _try(self) -> None:
        """Run one image, and compare the shapes with those that the file tells."""
        codes = np.zeros((1, *self.input.shape[1:]), np.int8)
        for step in self._steps:
            codes = step.codes(codes, KERNELS["reference"])
            if codes.shape[1:] != step.target.shape[1:]:
                raise ValueError(f"{step.target.name!r} gets shape {codes.shape}")

    def _checked(self, x: np.ndarray) -> np.ndarray:
        x, shape = plain_array(x, "x"), self.input.shape[1:]
        if x.dtype != np.int8:
            raise TypeError(
                f"x has dtype {x.dtype}: int8 codes are needed. Make them with "
                "quantize(images, network.input.params)."
            )
        if x.shape[1:] != shape or len(x) == 0:
            raise ValueError(
                f"x has shape {x.shape}: (n, {', '.join(map(str, shape))}) is needed, "
                "with n at least 1."
            )
        return x


def _kernel(kernel: str | Kernel) -> Kernel:
    if isinstance(kernel, Kernel):
        return kernel
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise ValueError(
            f"kernel is {kernel!r}: allowed are {', '.join(map(repr, KERNELS))}, or a "
            "Kernel."
        )
    return KERNELS[kernel]


# --- reading the file ----------------------------------------------------------------


def _require_simple(model: ModelFile) -> None:
    """Refuse what is no chain of known operators on int8 tensors, by name."""
    operators = model.layers
    for operator in operators:
        if operator.kind not in _MAKERS:
            raise _NotKnownError(
                f"the model has an operator {operator.kind}: known here are "
                f"{', '.join(_MAKERS)}."
            )
    written = [op.outputs[0] for op in operators]
    for tensor in (model.tensors[i] for i in (*model.inputs, *written)):
        if tensor.dtype != "int8" or tensor.scale is None or tensor.axis is not None:
            raise _NotKnownError(
                f"tensor {tensor.name!r} is {tensor.dtype}, and int8 with one scale is "
                "needed all along: convert with qlib.conversion.convert_int8, or "
                "convert_quantized."
            )
    read = [op.inputs[0] for op in operators]
    ends = len(model.inputs), len(model.outputs), model.subgraphs
    if ends != (1, 1, 1) or [*model.inputs, *written] != [*read, *model.outputs]:
        raise _NotKnownError(
            "the model is no chain from one input to one output, one operator after "
            "the other: such models are not known here."
        )


def _step(model: ModelFile, operator: Operator) -> _Step:
    tensors = [model.tensors[i] if i >= 0 else None for i in operator.inputs]
    target = model.tensors[operator.outputs[0]]
    made = _MAKERS[operator.kind](operator.options, target, *tensors)
    return _Step(operator.kind, tensors[0], target, **made)


def _window(options: Mapping[str, Any], size: tuple[int, int]) -> Window:
    return Window(
        tuple(size),
        (options["stride_h"], options["stride_w"]),
        (options.get("dilation_h_factor", 1), options.get("dilation_w_factor", 1)),
        options["padding"] == "SAME",
    )


def _ends(target: Tensor, activation: str) -> tuple[int, int]:
    """Return the least and greatest code that an activation lets through."""
    reals = {"NONE": (-np.inf, np.inf), "RELU": (0, np.inf), "RELU6": (0, 6)}
    if activation not in reals:
        raise _NotKnownError(
            f"{target.name!r} has the activation {activation}: known here are "
            f"{', '.join(reals)}."
        )
    low, high = np.float32(reals[activation]) / target.scale + target.zero_point
    return int(max(-128, np.rint(low))), int(min(127, np.rint(high)))


def _sums(source: Tensor, weights: Tensor, bias: Tensor | None, channel: int) -> Sums:
    """Return the layer's sums; `channel` is the axis of the outputs in the file."""
    if weights.data is None or weights.dtype not in ("int8", "int4"):
        raise _NotKnownError(
            f"the weights {weights.name!r} are {weights.dtype}, and not a constant of "
            "int8 or int4: convert to full int8 first."
        )
    if np.any(weights.zero_point) or weights.axis not in (None, channel):
        raise _NotKnownError(
            f"the weights {weights.name!r} have a zero point or scales along an axis "
            "other than their outputs: LiteRT's int8 asks for neither."
        )
    q = np.moveaxis(weights.data, channel, -1)
    q = q.reshape(-1, q.shape[-1])
    none = np.zeros(q.shape[1], np.int64)
    return Sums(q, none if bias is None else bias.data, int(source.zero_point))


def _rescale(source: Tensor, weights: Tensor, target: Tensor, sums: Sums, options):
    low, high = _ends(target, options["fused_activation_function"])
    zero_point = int(target.zero_point)
    return Rescale(
        source.scale, weights.scale, target.scale, zero_point, low, high, sums.bound
    )


def _weighted(rule: str, sums: Callable, rescale: Rescale) -> dict[str, Callable]:
    """Return a step made of sums and of the kernel's rounding for `rule`."""

    def rounded(acc: np.ndarray, kernel: Kernel) -> np.ndarray:
        return rescale.codes(acc, getattr(kernel, rule))

    return {
        "codes": lambda x, kernel: rounded(sums(x), kernel),
        "sums": sums,
        "rounded": rounded,
    }


def _conv(options, target, source, weights, bias=None) -> dict[str, Callable]:
    sums = _sums(source, weights, bias, channel=0)
    window = _window(options, weights.shape[1:3])
    if weights.shape[3] != source.shape[3]:
        raise _NotKnownError(
            f"{target.name!r} is a grouped convolution: not known here."
        )

    def accumulators(x: np.ndarray) -> np.ndarray:
        x = window.padded(x.astype(np.float32), sums.zero_point)
        seen = seen_by_windows(x, window)
        return sums.of(seen.reshape(-1, seen.shape[-1])).reshape(*seen.shape[:3], -1)

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("conv", accumulators, rescale)


def _depthwise(options, target, source, weights, bias=None) -> dict[str, Callable]:
    sums = _sums(source, weights, bias, channel=3)
    window = _window(options, weights.shape[1:3])

    def accumulators(x: np.ndarray) -> np.ndarray:
        x = window.padded(x.astype(np.float32), sums.zero_point)
        return depthwise(x, window, sums)

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("depthwise", accumulators, rescale)


def _dense(options, target, source, weights, bias=None) -> dict[str, Callable]:
    sums = _sums(source, weights, bias, channel=0)

    def accumulators(x: np.ndarray) -> np.ndarray:
        flat = x.astype(np.float32).reshape(-1, len(sums.weights))
        return sums.of(flat).reshape(len(x), *target.shape[1:])

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("dense", accumulators, rescale)


def _pool(mean: bool) -> Callable:
    def make(options, target, source) -> dict[str, Callable]:
        window = _window(options, (options["filter_height"], options["filter_width"]))
        low, high = _ends(target, options["fused_activation_function"])
        if (source.scale, source.zero_point) != (target.scale, target.zero_point):
            raise _NotKnownError(
                f"{target.name!r} is pooled onto another grid: not known."
            )
        if mean:
            return {
                "codes": lambda x, _: np.int8(
                    np.clip(average_pool(x, window), low, high)
                )
            }
        pooled = {"codes": lambda x, _: np.clip(max_pool(x, window), low, high)}
        if (low, high) == (-128, 127):  # nothing is cut, so sums can be pooled as well
            pooled["pool"] = lambda acc: max_pool(acc, window)
        return pooled

    return make


def _reshape(options, target, source, shape=None) -> dict[str, Callable]:
    return {"codes": lambda x, _: x.reshape(len(x), *target.shape[1:])}


def _softmax(options, target, source) -> dict[str, Callable]:
    if (float(target.scale), int(target.zero_point)) != (1 / 256, -128):
        raise _NotKnownError(
            f"{target.name!r}: a softmax has scale 1/256, zero point -128."
        )
    scale, beta = float(source.scale), float(options["beta"])

    def codes(x: np.ndarray, kernel: Kernel) -> np.ndarray:
        rows = x.reshape(-1, x.shape[-1])
        return integer_softmax(rows, scale, beta, kernel.softmax).reshape(x.shape)

    return {"codes": codes}


_MAKERS: dict[str, Callable[..., dict[str, Callable]]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "MAX_POOL_2D": _pool(mean=False),
    "AVERAGE_POOL_2D": _pool(mean=True),
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
}


def _pooled_first(steps: tuple[_Step, ...]) -> tuple[_Step, ...]:
    """Return steps that pool accumulators before rounding, where a pool follows.

    Rounding never puts a smaller sum above a larger one of the same channel, so the
    largest code is the code of the largest sum: a quarter of the roundings is left.
    """
    found = []
    for step in steps:
        before = found[-1] if found else None
        if step.pool is None or before is None or before.sums is None:
            found.append(step)
            continue
        found[-1] = _Step(step.kind, before.source, step.target, _joined(before, step))
    return tuple(found)


def _joined(layer: _Step, pool: _Step) -> Callable[[np.ndarray, Kernel], np.ndarray]:
    def codes(x: np.ndarray, kernel: Kernel) -> np.ndarray:
        return layer.rounded(pool.pool(layer.sums(x)), kernel)

    return codes
