"""What each operator of an int8 file does with codes, in one runtime or another.

A step reads codes and returns codes. Convolutions and dense layers first sum, then
round the sums to codes by the kernel's rule; the two halves can be had apart, so that
a pool may come between them. Introduced in lesson 05.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlib.accumulators import Sums, depthwise
from qlib.flatbuffer import ModelFile, Operator, Tensor
from qlib.integer_softmax import SOFTMAXES, integer_softmax
from qlib.rescale import ROUNDINGS, Rescale
from qlib.windows import Window, average_pool, max_pool, seen_by_windows


@dataclass(frozen=True)
class Kernel:
    """How a runtime rounds accumulators to codes, and which softmax it has.

    Args:
        conv, depthwise, dense: one of `qlib.rescale.ROUNDINGS`.
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
            if not isinstance(value, str) or value not in allowed:
                raise ValueError(
                    f"{name} is {value!r:.60}: allowed are "
                    f"{', '.join(map(repr, allowed))}."
                )


class NotKnownError(ValueError):
    """The file may be sound, and holds what is not known here."""


@dataclass(frozen=True)
class Step:
    """One operator: what it does with codes, and which tensors it reads and writes."""

    kind: str
    source: Tensor
    target: Tensor
    codes: Callable[[np.ndarray, Kernel], np.ndarray]
    sums: Callable[[np.ndarray], np.ndarray] | None = None
    rounded: Callable[[np.ndarray, Kernel], np.ndarray] | None = None
    pool: Callable[[np.ndarray], np.ndarray] | None = None


def require_simple(model: ModelFile) -> None:
    """Refuse what is no chain of known operators on int8 tensors, by name."""
    operators = model.layers
    for operator in operators:
        if operator.kind not in _MAKERS:
            raise NotKnownError(
                f"the model has an operator {operator.kind}: known here are "
                f"{', '.join(_MAKERS)}."
            )
    written = [op.outputs[0] for op in operators]
    for tensor in (model.tensors[i] for i in (*model.inputs, *written)):
        if tensor.dtype != "int8" or tensor.scale is None or tensor.axis is not None:
            raise NotKnownError(
                f"tensor {tensor.name!r} is {tensor.dtype}, and int8 with one scale is "
                "needed all along: convert with qlib.conversion.convert_int8, or "
                "convert_quantized."
            )
    read = [op.inputs[0] for op in operators]
    ends = len(model.inputs), len(model.outputs), model.subgraphs
    if ends != (1, 1, 1) or [*model.inputs, *written] != [*read, *model.outputs]:
        raise NotKnownError(
            "the model is no chain from one input to one output, one operator after "
            "the other: such models are not known here."
        )


def step_of(model: ModelFile, operator: Operator) -> Step:
    """Return the step that does what the operator does."""
    tensors = [model.tensors[i] if i >= 0 else None for i in operator.inputs]
    target = model.tensors[operator.outputs[0]]
    made = _MAKERS[operator.kind](operator.options, target, *tensors)
    return Step(operator.kind, tensors[0], target, **made)


def _window(options: Mapping[str, Any], size: tuple[int, int]) -> Window:
    """Return the places that an operator's options give a kernel of this size."""
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
        raise NotKnownError(
            f"{target.name!r} has the activation {activation}: known here are "
            f"{', '.join(reals)}."
        )
    low, high = np.float32(reals[activation]) / target.scale + target.zero_point
    return int(max(-128, np.rint(low))), int(min(127, np.rint(high)))


def _sums(source: Tensor, weights: Tensor, bias: Tensor | None, channel: int) -> Sums:
    """Return the layer's sums; `channel` is the axis of the outputs in the file."""
    if weights.data is None or weights.dtype not in ("int8", "int4"):
        raise NotKnownError(
            f"the weights {weights.name!r} are {weights.dtype}, and not a constant of "
            "int8 or int4: convert to full int8 first."
        )
    if np.any(weights.zero_point) or weights.axis not in (None, channel):
        raise NotKnownError(
            f"the weights {weights.name!r} have a zero point or scales along an axis "
            "other than their outputs: LiteRT's int8 asks for neither."
        )
    q = np.moveaxis(weights.data, channel, -1)
    q = q.reshape(-1, q.shape[-1])
    none = np.zeros(q.shape[1], np.int64)
    return Sums(q, none if bias is None else bias.data, int(source.zero_point))


def _rescale(
    source: Tensor, weights: Tensor, target: Tensor, sums: Sums, options
) -> Rescale:
    """Return how sums become codes: the ratio of scales, and the activation's ends."""
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
    """Return the convolution: at each place, the window of codes times the weights."""
    sums = _sums(source, weights, bias, channel=0)
    window = _window(options, weights.shape[1:3])
    if weights.shape[3] != source.shape[3]:
        raise NotKnownError(
            f"{target.name!r} is a grouped convolution: not known here."
        )

    def accumulators(x: np.ndarray) -> np.ndarray:
        x = window.padded(x.astype(np.float32), sums.zero_point)
        seen = seen_by_windows(x, window)
        return sums.of(seen.reshape(-1, seen.shape[-1])).reshape(*seen.shape[:3], -1)

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("conv", accumulators, rescale)


def _depthwise(options, target, source, weights, bias=None) -> dict[str, Callable]:
    """Return the convolution in which each channel has kernels of its own."""
    sums = _sums(source, weights, bias, channel=3)
    window = _window(options, weights.shape[1:3])

    def accumulators(x: np.ndarray) -> np.ndarray:
        x = window.padded(x.astype(np.float32), sums.zero_point)
        return depthwise(x, window, sums)

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("depthwise", accumulators, rescale)


def _dense(options, target, source, weights, bias=None) -> dict[str, Callable]:
    """Return the dense layer: all codes of an image times the weights."""
    sums = _sums(source, weights, bias, channel=0)

    def accumulators(x: np.ndarray) -> np.ndarray:
        flat = x.astype(np.float32).reshape(-1, len(sums.weights))
        return sums.of(flat).reshape(len(x), *target.shape[1:])

    rescale = _rescale(source, weights, target, sums, options)
    return _weighted("dense", accumulators, rescale)


def _pool(mean: bool) -> Callable:
    """Return the maker of a pool: of means, or of largest codes."""

    def make(options, target, source) -> dict[str, Callable]:
        window = _window(options, (options["filter_height"], options["filter_width"]))
        low, high = _ends(target, options["fused_activation_function"])
        if (source.scale, source.zero_point) != (target.scale, target.zero_point):
            raise NotKnownError(
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
    """Return the new shape; the codes stay as they are."""
    return {"codes": lambda x, _: x.reshape(len(x), *target.shape[1:])}


def _softmax(options, target, source) -> dict[str, Callable]:
    """Return the softmax, by the kernel's own tables and rounding."""
    if (float(target.scale), int(target.zero_point)) != (1 / 256, -128):
        raise NotKnownError(
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


def pooled_first(steps: tuple[Step, ...]) -> tuple[Step, ...]:
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
        found[-1] = Step(step.kind, before.source, step.target, _joined(before, step))
    return tuple(found)


def _joined(layer: Step, pool: Step) -> Callable[[np.ndarray, Kernel], np.ndarray]:
    """Return the layer with its sums pooled before they are rounded."""

    def codes(x: np.ndarray, kernel: Kernel) -> np.ndarray:
        return layer.rounded(pool.pool(layer.sums(x)), kernel)

    return codes
