"""How the errors of weights and activations add up on their way through the network.

Errors that are independent, with mean 0, add their variances, each times the square of
what it is multiplied with. Introduced in lesson 02, "How an error travels".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qlib import nn
from qlib._checked import real_array, require_finite
from qlib._network import LAYERS, TENSOR_SHAPES, checked_weights
from qlib._passes import require_params
from qlib.errors import uniform_noise_mse
from qlib.params import QuantParams


def layer_noise(
    x: ArrayLike, w: ArrayLike, v_x: ArrayLike, v_w: ArrayLike
) -> np.ndarray:
    """Return the variance of the error of each output of x @ w.

    Args:
        x: inputs, shape (n, inputs).
        w: weights, shape (inputs, outputs).
        v_x: variance of each input's error, shape (n, inputs).
        v_w: variance of the weights' errors, a scalar or shape (outputs,).

    Returns:
        Variances of shape (n, outputs); products of two errors are left out.

    Raises:
        TypeError: an argument holds integers or no numbers.
        ValueError: the shapes do not fit; a value is NaN or infinite, a variance
            negative, or the result beyond its dtype.

    Source: variance of a sum of independent errors. Lesson 02.

    Example:
        >>> layer_noise([[1.0, 2.0]], [[3.0], [4.0]], [[0.1, 0.1]], 0.01)
        array([[2.55]])
    """
    x, w, v_x, v_w = (
        real_array(value, name)
        for value, name in ((x, "x"), (w, "w"), (v_x, "v_x"), (v_w, "v_w"))
    )
    for value, name in ((v_x, "v_x"), (v_w, "v_w")):
        if value.min() < 0:
            raise ValueError(f"{name} holds {value.min():.4g}: no variance is below 0.")
    if x.ndim != 2 or w.ndim != 2 or x.shape[1] != len(w) or v_x.shape != x.shape:
        raise ValueError(
            f"x has shape {x.shape}, w {w.shape}, v_x {v_x.shape}: (n, inputs), "
            "(inputs, outputs) and (n, inputs) are needed."
        )
    if v_w.shape not in ((), w.shape[1:]):
        raise ValueError(
            f"v_w has shape {v_w.shape}: one number, or shape {w.shape[1:]}, is needed."
        )
    with np.errstate(all="ignore"):  # what is too large is refused below
        found = v_x @ w**2 + np.sum(x**2, axis=1, keepdims=True) * v_w
    if not np.isfinite(found).all():
        for value, name in ((x, "x"), (w, "w"), (v_x, "v_x"), (v_w, "v_w")):
            require_finite(value, name)
        raise ValueError(
            f"x, w, v_x and v_w are so large that a variance is beyond {found.dtype}: "
            "give smaller ones, or float64."
        )
    return found


def predicted_noise(
    weights: nn.Weights,
    quantized: nn.Weights,
    tensors: Mapping[str, np.ndarray],
    params: Mapping[str, QuantParams],
) -> dict[str, np.ndarray]:
    """Return the expected variance of each value's error in conv, dense and logits.

    The quantized network is not run: its kernels tell how large their errors are,
    channel by channel, and nothing else. The input counts as exact. All errors count
    as independent, even those that share a cause: one filter at different places of
    the image, or one value that reaches several outputs.

    Args:
        weights: the float network, as for `qlib.nn.forward`.
        quantized: the same with quantized kernels.
        tensors: what `qlib.nn.activations(weights, images)` returned.
        params: the grids of the activations conv, dense and logits, per tensor.

    Returns:
        Arrays of the shapes of `tensors`, in squared units.

    Raises:
        TypeError, ValueError: as `qlib.nn.forward`; a tensor or its grid is missing.

    Source: lesson 02, "Through the whole network".

    Example:
        >>> from qlib.data import load_float_model
        >>> model, grid = load_float_model(), QuantParams(0.01, 0, bits=8)
        >>> t = nn.activations(model, np.zeros((1, 28, 28), np.uint8))
        >>> noise = predicted_noise(model, model, t, dict.fromkeys(t, grid))
        >>> bool(noise["logits"].min() > 0.01**2 / 12)
        True
    """
    weights = checked_weights(weights)
    quantized = checked_weights(quantized, "quantized weights")
    for value, name in ((tensors, "tensors"), (params, "params")):
        if not isinstance(value, Mapping):
            raise TypeError(
                f"{name} is {type(value).__name__}: a dictionary by the names of the "
                "tensors is needed."
            )
    missing = [
        name
        for name in ("input", *LAYERS)
        if name not in tensors or (name != "input" and name not in params)
    ]
    if missing:
        raise ValueError(
            f"tensors or params have no {', '.join(missing)}: give what "
            "nn.activations returns, and a grid for conv, dense and logits."
        )
    tensors = {name: _tensor(tensors, name) for name in TENSOR_SHAPES}
    for name in LAYERS:
        _require_one_grid(params[name], name, tensors[name])
    rounding = {k: np.float32(uniform_noise_mse(params[k].scale)) for k in LAYERS}
    v_w = {}
    for k in LAYERS:
        e = weights[f"{k}/kernel"] - quantized[f"{k}/kernel"]
        v_w[k] = np.mean(e.reshape(-1, e.shape[-1]) ** 2, axis=0)
    with nn.one_blas_thread():
        return _through(weights, tensors, v_w, rounding)


def _tensor(tensors: Mapping, name: str) -> np.ndarray:
    """Return a tensor of the network, of its shape and for as many images as conv."""
    x = real_array(tensors[name], f"tensors['{name}']")
    shape = (*np.shape(tensors["conv"])[:1], *TENSOR_SHAPES[name])
    if x.shape != shape:
        raise ValueError(
            f"tensors['{name}'] has shape {x.shape}: {shape} is needed, as "
            "nn.activations returns it."
        )
    require_finite(x, f"tensors['{name}']")
    return x


def _require_one_grid(grid: Any, name: str, x: np.ndarray) -> None:
    require_params(grid, f"params['{name}']")
    if grid.axis is not None:
        raise ValueError(
            f"params['{name}'] has axis={grid.axis}: one grid for the whole tensor of "
            f"shape {x.shape} is needed, with axis=None."
        )


def _through(weights: dict, tensors: Mapping, v_w: dict, rounding: dict) -> dict:
    """Return the noise of each layer; ReLU stops it where it puts out 0."""
    x, y = tensors["conv"], tensors["dense"]
    conv = (x > 0) * (_squares_under_filters(tensors["input"]) * v_w["conv"])
    conv += (x > 0) * rounding["conv"]
    flat, v_x = (v.reshape(len(x), -1) for v in (x, conv))
    dense = layer_noise(flat, weights["dense/kernel"], v_x, v_w["dense"])
    dense = (y > 0) * (dense + rounding["dense"])
    logits = layer_noise(y, weights["logits/kernel"], dense, v_w["logits"])
    return {"conv": conv, "dense": dense, "logits": logits + rounding["logits"]}


def _squares_under_filters(images: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each 3 x 3 patch, averaged over pools of four."""
    ones, zero = np.ones((3, 3, 1, 1), np.float32), np.zeros(1, np.float32)
    sums = nn.conv2d(images**2, ones, zero)
    return sums.reshape(len(images), 13, 2, 13, 2, 1).mean(axis=(2, 4))
