"""What is asked of a Keras model, and of the images that a model takes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from qlib._checked import plain_array, real_array, require_finite
from qlib.quiet import load_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf


def require_built(model: Any) -> None:
    """Raise unless the model is one of Keras 2 whose weights exist."""
    keras = load_tensorflow().keras
    if not isinstance(model, keras.Model):
        kind = f"{type(model).__module__}.{type(model).__name__}"
        raise TypeError(
            f"model is a {kind}: a Keras 2 model is needed (tfmot takes Keras 2 only). "
            "Set TF_USE_LEGACY_KERAS=1 before tf.keras is first used (import qlib does "
            "it) and build the model with tf.keras."
        )
    if not model.built:
        raise ValueError(
            "the model is not built: give its first layer an input shape, such as "
            "Input((28, 28, 1)), or call it once."
        )


def require_plain(model: Any) -> None:
    """Raise unless this is a built Keras 2 model, as it was before tfmot."""
    require_built(model)
    if has_fake_quant(model):
        raise ValueError(
            "the model has fake-quant layers, which hold its ranges: convert it with "
            "convert_quantized(model), or give the float model."
        )


def require_finite_weights(model: "tf.keras.Model") -> None:
    """Raise if a weight is NaN or infinite."""
    for variable in model.weights:
        if variable.dtype.is_floating and not np.isfinite(variable.numpy()).all():
            raise ValueError(
                f"the weights {variable.name!r} hold NaN or infinity: their training "
                "went wrong. Train again, at a lower rate."
            )


def has_fake_quant(model: "tf.keras.Model") -> bool:
    """Return whether tfmot has put its layers into a Keras model."""
    return any("quantize" in type(layer).__name__.lower() for layer in model.layers)


def input_shape(model: "tf.keras.Model") -> tuple[int | None, ...]:
    """Return the shape of a model's one float32 input, None where it is open."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or inputs[0].dtype != "float32":
        raise ValueError(
            f"the model shows {len(inputs)} inputs "
            f"{[i.dtype.name for i in inputs]}: a Sequential or Functional model with "
            "one float32 input is needed."
        )
    return tuple(inputs[0].shape)


def images_for(images: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return images as uint8 or finite float32, of the shape that a model's input has.

    The first axis counts the images; the last may be left out where it is 1.
    """
    images = plain_array(images, "images")
    if images.dtype.kind in "iub" and images.dtype != np.uint8:
        raise TypeError(
            f"images has dtype {images.dtype}: uint8 (0 to 255, divided by 255 here) "
            "or float32 is needed. Convert grey levels with images.astype(np.uint8)."
        )
    if shape[-1] == 1 and images.ndim == len(shape) - 1:
        images = images[..., np.newaxis]
    _require_shape(images, shape)
    if images.dtype == np.uint8:
        return images
    with np.errstate(over="ignore"):  # beyond float32: infinite, refused below
        images = real_array(images, "images").astype(np.float32, copy=False)
    require_finite(images, "images")
    return images


def _require_shape(images: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Raise unless there are images, each of the shape that the model takes."""
    pairs = list(zip(images.shape[1:], shape[1:], strict=False))
    if images.ndim != len(shape) or any(w not in (None, h) for h, w in pairs):
        wanted = ", ".join("any" if side is None else str(side) for side in shape[1:])
        raise ValueError(
            f"images has shape {images.shape}: the model takes (n, {wanted}). One "
            "image is images[i : i + 1]."
        )
    if images.size == 0:
        raise ValueError(
            f"images is empty (shape {images.shape}): give at least one image."
        )


def as_real(images: np.ndarray) -> np.ndarray:
    """Return images as float32, grey levels divided by 255."""
    return images.astype(np.float32) / np.float32(255 if images.dtype == "u1" else 1)
