"""Quantization-aware training with TensorFlow's toolkit, and the cure of its ranges.

`tfmot.quantization.keras.quantize_model` puts fake-quant layers into a Keras model.
Their ranges begin at -6 to 6, whatever the network needs, and that of the images at 0
to 0, which turns them into zeros: a fresh model is as good as chance. Training moves
the ranges of outputs by a thousandth a step. Set from the float model and some images,
all are right at once. Introduced in lesson 04.
"""

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from qlib._checked import real_array, require_finite
from qlib._model import as_real, require_built
from qlib._network import unit_images
from qlib.quiet import load_tensorflow, quiet

if TYPE_CHECKING:
    import tensorflow as tf


def load_tfmot() -> ModuleType:
    """Return tensorflow_model_optimization, imported without its notes.

    Example:
        >>> load_tfmot().__name__
        'tensorflow_model_optimization'
    """
    load_tensorflow()
    with quiet():
        import tensorflow_model_optimization as tfmot
    return tfmot


def calibrated_model(model: "tf.keras.Model", images: np.ndarray) -> "tf.keras.Model":
    """Return `quantize_model(model)` with all ranges set from the float model.

    Args:
        model: a built Keras 2 model, Sequential or Functional, one layer after the
            other; it stays as it is.
        images: sample images, as for `qlib.nn.forward`: training images.

    Raises:
        TypeError: model is no model of Keras 2.
        ValueError: model is not built, or images are no images, outside 0 to 1, or all
            black.

    Source: lesson 04, "The trap".

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> found = ranges(calibrated_model(model, images[:100]))
        >>> found["input"]
        (0.0, 1.0)
    """
    require_built(model)
    images = unit_images(images)
    if not images.any():
        raise ValueError(
            "images are all black: their range would be 0 to 0, which makes every "
            "later image black, too. Give real images."
        )
    with quiet():
        quantized = load_tfmot().quantization.keras.quantize_model(model)
        set_ranges(quantized, model, as_real(images))
    return quantized


def set_ranges(
    quantized: "tf.keras.Model", model: "tf.keras.Model", images: np.ndarray
) -> None:
    """Set every range of `quantized` to what `model` shows on the images.

    Kernels get plus and minus their largest magnitude (of each channel, where tfmot
    keeps one range a channel), outputs their least and greatest value, widened to 0.

    Args:
        quantized: what tfmot made of `model`; its ranges change.
        model: the float model.
        images: real images as the model takes them, shape (n, ...).

    Raises:
        TypeError: images are not real, such as grey levels; a model is none of Keras 2.
        ValueError: a model is not built; images hold NaN or infinity; there are no
            ranges; a layer has one of a kind that is not known.

    Source: lesson 04, "The trap".

    Example:
        >>> from qlib.data import load_float_model
        >>> from qlib.training import build_model
        >>> model = build_model(load_float_model())
        >>> quantized = load_tfmot().quantization.keras.quantize_model(model)
        >>> set_ranges(quantized, model, np.zeros((1, 28, 28, 1), np.float32))
        >>> round(ranges(quantized)["quant_dense/kernel"][1], 2)
        1.05
    """
    require_built(model)
    images = real_array(images, "images")
    require_finite(images, "images")
    for layer, kind, low, high in _range_variables(quantized):
        parts = [images] if kind == "input" else _seen(model, layer, kind, images)
        least, most = _ends(parts, len(low.shape))
        if kind.endswith("kernel"):
            most = np.maximum(-least, most)
            least = -most
        low.assign(np.minimum(least, 0))
        high.assign(np.maximum(most, 0))


def ranges(quantized: "tf.keras.Model") -> dict[str, tuple]:
    """Return {"layer/kind": (min, max)} for all ranges in a quantized model.

    The range of the images is called "input".

    Args:
        quantized: a model of tfmot's `quantize_model`.

    Raises:
        TypeError: quantized is no model of Keras 2.
        ValueError: there are none.

    Example:
        >>> from qlib.training import build_model
        >>> fresh = load_tfmot().quantization.keras.quantize_model(build_model())
        >>> ranges(fresh)["quant_conv/post_activation"]
        (-6.0, 6.0)
    """
    return {
        kind if kind == "input" else f"{layer.name}/{kind}": tuple(
            _plain(v.numpy()) for v in (low, high)
        )
        for layer, kind, low, high in _range_variables(quantized)
    }


def _range_variables(quantized: "tf.keras.Model") -> list[tuple]:
    """Return (layer, kind, variable of the minimum, of the maximum) of each range."""
    require_built(quantized)
    found = []
    for layer in quantized.layers:
        by_name = {v.name.split("/")[-1].split(":")[0]: v for v in layer.variables}
        for name, low in by_name.items():
            if name.endswith("_min"):
                kind = name.removesuffix("_min")
                high = by_name[f"{kind}_max"]
                wraps = hasattr(layer, "layer")  # all but the layer for the images
                found.append((layer, kind if wraps else "input", low, high))
    if not found:
        raise ValueError(
            "the model has no ranges: give what tfmot's quantize_model returns."
        )
    return found


def _ends(parts: Iterable[np.ndarray], axes_kept: int) -> tuple:
    """Return least and greatest value over all parts, for each channel or for all."""
    ends = []
    for part in parts:
        axes = tuple(range(np.ndim(part) - axes_kept))
        ends.append((np.min(part, axes), np.max(part, axes)))
    lows, highs = zip(*ends, strict=True)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def _seen(model, wrapper, kind: str, images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the tensor of the float model whose range is asked for, in parts."""
    tf, name = load_tensorflow(), wrapper.layer.name
    layer = model.get_layer(name)
    if kind.endswith("kernel"):
        yield getattr(layer, kind).numpy()
        return
    if kind not in ("post_activation", "pre_activation", "output"):
        raise ValueError(f"layer {name!r} has a range of the unknown kind {kind!r}.")
    before = kind == "pre_activation"
    until = tf.keras.Model(model.inputs, layer.input if before else layer.output)
    if before:
        config = {**layer.get_config(), "activation": "linear"}
        linear = type(layer).from_config(config)
        linear.build(layer.input_shape)
        linear.set_weights(layer.get_weights())
    for part in np.array_split(images, -(-len(images) // 100)):
        x = until(part, training=False)
        yield (linear(x) if before else x).numpy()


def _plain(value: np.ndarray) -> Any:
    return value if value.ndim else float(value)
