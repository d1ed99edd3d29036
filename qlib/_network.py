"""What `qlib.nn` asks of its input, and how it walks through many images."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from qlib._checked import plain_array, real_array, require_finite
from qlib.data import WEIGHT_SHAPES

LAYERS = ("conv", "dense", "logits")
TENSOR_SHAPES = {
    "input": (28, 28, 1),
    "conv": (13, 13, 32),
    "dense": (64,),
    "logits": (10,),
}
SOURCE = {"conv": "input", "dense": "conv", "logits": "dense"}  # what a layer reads
CHUNK = 125  # images: their patches and sums stay in the cache


def checked_weights(weights: Any, own: str = "weights") -> dict[str, np.ndarray]:
    """Return the six arrays of the network as float32."""
    if not isinstance(weights, Mapping):
        raise TypeError(
            f"{own} is {type(weights).__name__}: a dictionary of arrays is needed, "
            "as load_float_model() returns it."
        )
    return {name: _weight(weights, name, own) for name in WEIGHT_SHAPES}


def checked_models(models: Any) -> dict[Hashable, dict[str, np.ndarray]]:
    """Return the checked weights of each network, by its name."""
    if not isinstance(models, Mapping):
        raise TypeError(
            f"models is {type(models).__name__}: a dictionary is needed, from the name "
            "of a network to its weights."
        )
    if not models:
        raise ValueError("models is empty: give at least one network.")
    return {name: checked_weights(weights) for name, weights in models.items()}


def shared_layers(weights: Mapping[str, np.ndarray]) -> list[tuple[int, ...]]:
    """Return a key a layer: equal where it and all before it are the same arrays.

    The arrays must be kept alive as long as the keys are used.
    """
    path, keys = (), []
    for layer in LAYERS:
        path += id(weights[f"{layer}/kernel"]), id(weights[f"{layer}/bias"])
        keys.append(path)
    return keys


def _weight(weights: Mapping, name: str, own: str) -> np.ndarray:
    shape = WEIGHT_SHAPES[name]
    if name not in weights:
        raise ValueError(
            f"{own} has no array '{name}'; it has {sorted(weights)}. All of "
            f"{list(WEIGHT_SHAPES)} are needed."
        )
    array = real_array(weights[name], f"{own}['{name}']")
    if array.shape != shape:
        raise ValueError(f"{own}['{name}'] has shape {array.shape}: {shape} is needed.")
    with np.errstate(over="ignore"):  # beyond float32: infinite, refused below
        array = array.astype(np.float32, copy=False)
    require_finite(array, f"{own}['{name}']")
    return array


def checked_input(images: Any, start: str) -> np.ndarray:
    """Return what the layer `start` reads as an array of its shape, uint8 or real."""
    if not isinstance(start, str) or start not in LAYERS:
        raise ValueError(f"start is {start!r:.60}: allowed are {', '.join(LAYERS)}.")
    shape = TENSOR_SHAPES[SOURCE[start]]
    images = plain_array(images, "images")
    if start == "conv" and images.shape[1:] == (28, 28):
        images = images[..., np.newaxis]
    if images.shape[1:] != shape:
        raise ValueError(
            f"images has shape {images.shape}: with start={start!r}, (n, "
            f"{', '.join(map(str, shape))}) is needed. One image is images[i : i + 1]."
        )
    if len(images) == 0:
        raise ValueError("images is empty: give at least one image.")
    if start == "conv" and images.dtype == np.uint8:
        return images
    if start == "conv" and images.dtype.kind in "iub":
        raise TypeError(
            f"images has dtype {images.dtype}: uint8 (0 to 255, divided by 255 here) "
            "or float32 is needed. Convert grey levels with images.astype(np.uint8)."
        )
    return real_array(images, "images")


def unit_images(images: Any) -> np.ndarray:
    """Return images (n, 28, 28, 1), uint8 or from 0 to 1; refuse all others."""
    images = checked_input(images, "conv")
    if images.dtype == np.uint8:
        return images
    require_finite(images, "images")
    if not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            f"images run from {images.min():g} to {images.max():g}: give uint8 grey "
            "levels, or real values from 0 to 1 (grey levels / 255)."
        )
    return images


def checked_labels(labels: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the labels as an integer array of the shape (n,) that n images ask for."""
    labels = plain_array(labels, "labels")
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"labels has dtype {labels.dtype}: integers from 0 to 9 are needed."
        )
    if labels.shape != shape:
        raise ValueError(
            f"labels has shape {labels.shape}: {shape} is needed, one label for each "
            "image."
        )
    if labels.size and not 0 <= labels.min() <= labels.max() <= 9:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}: 0 to 9 are allowed."
        )
    return labels


def checked_transform(transform: Any) -> Mapping:
    """Return the functions by tensor name; None means there are none."""
    if transform is None:
        return {}
    if not isinstance(transform, Mapping):
        raise TypeError(
            f"transform is {type(transform).__name__}: a dictionary from tensor name "
            "to function is needed."
        )
    for name, function in transform.items():
        if name not in TENSOR_SHAPES:
            raise ValueError(
                f"transform names the tensor {name!r}: allowed are "
                f"{', '.join(TENSOR_SHAPES)}."
            )
        if not callable(function):
            raise TypeError(
                f"transform[{name!r}] is {type(function).__name__}: a function from "
                "array to array is needed."
            )
    return transform


def begins(images: np.ndarray) -> range:
    """Return the indices at which the parts of `CHUNK` images begin."""
    return range(0, len(images), CHUNK)


def chunk(images: np.ndarray, begin: int) -> np.ndarray:
    """Return the `CHUNK` images from `begin` on as float32; refuse NaN and infinity."""
    part = images[begin : begin + CHUNK]
    if part.dtype == np.uint8:
        return part.astype(np.float32) / np.float32(255)
    with np.errstate(over="ignore"):  # beyond float32: infinite, refused below
        part = part.astype(np.float32)  # a copy, which a transform may overwrite
    if not np.isfinite(part).all():  # asked here, while the part is in the cache
        with np.errstate(over="ignore"):
            require_finite(images.astype(np.float32), "images")
    return part


def transformed(transform: Mapping, name: str, x: np.ndarray) -> np.ndarray:
    """Return `x` after the function that `transform` has for this tensor, if any."""
    if name not in transform:
        return x
    y = np.asarray(transform[name](x), dtype=np.float32)
    if y.shape != x.shape:
        raise ValueError(
            f"transform[{name!r}] turned shape {x.shape} into {y.shape}: it must keep "
            "the shape."
        )
    return y
