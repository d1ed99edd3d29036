"""The course's network in NumPy: three blocks that turn a digit into ten scores.

    input (28, 28, 1) -> conv (13, 13, 32) -> dense (64,) -> logits (10,)

"conv" is a 3x3 convolution, ReLU and 2x2 max pooling; "dense" flattens, multiplies and
applies ReLU; "logits" multiplies. Everything is float32, images first, channels last.
"""

import functools
import os
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from threadpoolctl import ThreadpoolController

from qlib._checked import real_array, require_finite
from qlib._network import (
    CHUNK,
    LAYERS,
    TENSOR_SHAPES,
    begins,
    checked_input,
    checked_labels,
    checked_models,
    checked_transform,
    checked_weights,
    chunk,
    shared_layers,
    transformed,
)
from qlib.memory import trim

Weights = Mapping[str, np.ndarray]
Transform = Mapping[str, Callable[[np.ndarray], np.ndarray]]


def conv2d(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the convolution of each image with each kernel, at the places it fits.

    Args:
        x: images, shape (n, height, width, channels).
        kernel: shape (rows, columns, channels, filters).
        bias: shape (filters,).

    Raises:
        TypeError: an argument holds integers or no numbers.
        ValueError: the shapes do not fit, a value is NaN or infinite, or a sum is
            beyond its dtype.

    Example:
        >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
        >>> conv2d(x, np.ones((2, 2, 1, 1), np.float32), np.float32([0.5])).squeeze()
        array([[ 8.5, 12.5],
               [20.5, 24.5]], dtype=float32)
    """
    x, kernel, bias = _real(x=x, kernel=kernel, bias=bias)
    if kernel.ndim != 4 or bias.shape != kernel.shape[3:]:
        raise ValueError(
            f"kernel has shape {kernel.shape} and bias {bias.shape}: (rows, columns, "
            "channels, filters) and (filters,) are needed."
        )
    rows, columns, channels, filters = kernel.shape
    if x.ndim != 4 or x.shape[3] != channels:
        raise ValueError(
            f"x has shape {x.shape}: (n, height, width, {channels}) is needed for a "
            f"kernel of shape {kernel.shape}."
        )
    windows = sliding_window_view(x, (rows, columns), axis=(1, 2))  # n, h, w, c, r, c
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, rows * columns * channels)
    with np.errstate(all="ignore"):  # what is too large is refused below
        y = patches @ kernel.reshape(-1, filters) + bias
    _require_finite_sums(y, x=x, kernel=kernel, bias=bias)
    return y.reshape(*windows.shape[:3], filters)


def relu(x: np.ndarray) -> np.ndarray:
    """Return `x` with every negative value replaced by 0.

    Raises:
        TypeError: x holds integers or no numbers.
        ValueError: x is empty or holds NaN or infinity.

    Example:
        >>> relu(np.float32([-1.5, 0.0, 2.0]))
        array([0., 0., 2.], dtype=float32)
    """
    (x,) = _real(x=x)
    require_finite(x)
    return np.maximum(x, 0)


def max_pool(x: np.ndarray) -> np.ndarray:
    """Return the largest value of each 2x2 square, for each channel.

    A last odd row or column is left out, as TensorFlow does.

    Args:
        x: shape (n, height, width, channels).

    Example:
        >>> max_pool(np.arange(16.0).reshape(1, 4, 4, 1)).squeeze()
        array([[ 5.,  7.],
               [13., 15.]])
    """
    (x,) = _real(x=x)
    if x.ndim != 4 or min(x.shape[1:3]) < 2:
        raise ValueError(
            f"x has shape {x.shape}: (n, height, width, channels) is needed, with "
            "height and width at least 2."
        )
    require_finite(x)
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return x @ kernel + bias: one weighted sum of the inputs for each output.

    Args:
        x: shape (n, inputs).
        kernel: shape (inputs, outputs).
        bias: shape (outputs,).

    Raises:
        TypeError, ValueError: as `conv2d`.

    Example:
        >>> dense(np.float32([[1, 2]]), np.float32([[3], [4]]), np.float32([0.5]))
        array([[11.5]], dtype=float32)
    """
    x, kernel, bias = _real(x=x, kernel=kernel, bias=bias)
    if x.ndim < 1 or kernel.ndim != 2 or bias.shape != kernel.shape[1:]:
        raise ValueError(
            f"x has shape {x.shape}, kernel {kernel.shape}, bias {bias.shape}: "
            "(n, inputs), (inputs, outputs) and (outputs,) are needed."
        )
    if x.shape[-1] != len(kernel):
        raise ValueError(
            f"x has {x.shape[-1]} inputs (shape {x.shape}), the kernel {len(kernel)} "
            f"(shape {kernel.shape}): they must be equal."
        )
    with np.errstate(all="ignore"):  # what is too large is refused below
        y = x @ kernel + bias
    _require_finite_sums(y, x=x, kernel=kernel, bias=bias)
    return y


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities in the ratio of exp(logits), each row summing to 1.

    The largest logit of a row is taken off first: exp cannot overflow, and the ratio
    stays as it is.

    Example:
        >>> softmax(np.float32([[1000.0, 1000.0]]))
        array([[0.5, 0.5]], dtype=float32)
    """
    (logits,) = _real(logits=logits)
    if logits.ndim == 0:
        raise ValueError("logits is one number: an array of scores is needed.")
    require_finite(logits, "logits")
    with np.errstate(all="ignore"):  # what is far below the largest becomes 0
        powers = np.exp(np.float64(logits) - logits.max(axis=-1, keepdims=True))
        return np.float32(powers / powers.sum(axis=-1, keepdims=True))


def _real(**arrays: ArrayLike) -> list[np.ndarray]:
    """Return each argument as a real array, or say which one is none."""
    return [real_array(array, name) for name, array in arrays.items()]


def _require_finite_sums(y: np.ndarray, **arrays: np.ndarray) -> None:
    """Raise ValueError if a sum is not finite, naming what it came from."""
    if np.isfinite(y).all():
        return
    for name, array in arrays.items():
        require_finite(array, name)
    raise ValueError(
        f"{', '.join(arrays)} are so large that a sum is beyond {y.dtype}: give "
        "smaller values, or float64."
    )


def forward(
    weights: Weights,
    images: ArrayLike,
    *,
    start: str = "conv",
    transform: Transform | None = None,
) -> np.ndarray:
    """Return the network's ten scores for each image: float32 logits, shape (n, 10).

    Args:
        weights: as `qlib.data.load_float_model` returns them.
        images: shape (n, 28, 28) or (n, 28, 28, 1); uint8 is divided by 255, real
            values are taken as they are. With `start="dense"` or `"logits"`: what
            `activations` returned as "conv" or "dense", so that only the layers from
            `start` on run again.
        start: the first layer to run, one of `LAYERS`.
        transform: for the tensors "input", "conv", "dense" and "logits", a function
            to send their values through, such as a fake quantization. It must keep
            the shape and treat each value by itself, for it is given some hundred
            images at a time. Tensors that `start` leaves out, or that came as the
            argument, are not transformed (again).

    Raises:
        ValueError: a shape, a name or a value does not fit; NaN or infinity.
        TypeError: an argument is of the wrong type, such as int64 images.

    Source: the network of the course's article; Keras `Conv2D`, `MaxPooling2D` and
        `Dense` with their default settings.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> _, (x_test, y_test) = load_mnist()
        >>> forward(load_float_model(), x_test[:3]).argmax(axis=1), y_test[:3]
        (array([7, 2, 1]), array([7, 2, 1], dtype=uint8))
    """
    weights, transform = checked_weights(weights), checked_transform(transform)
    images = checked_input(images, start)

    def logits(begin: int) -> np.ndarray:
        x = chunk(images, begin)
        return _tensors(weights, x, start, transform)["logits"]

    if transform or len(images) <= CHUNK:  # a transform may count what it sees
        return np.concatenate([logits(begin) for begin in begins(images)])
    return np.concatenate(_in_threads(logits, begins(images)))


def activations(
    weights: Weights, images: ArrayLike, *, transform: Transform | None = None
) -> dict[str, np.ndarray]:
    """Return every tensor of a run: "input", "conv", "dense" and "logits", float32.

    Args:
        weights: as for `forward`.
        images: as for `forward`; the tensors of one take 25 kB.
        transform: as for `forward`.

    Raises:
        ValueError, TypeError: as `forward`.

    Example:
        >>> from qlib.data import load_float_model
        >>> blank = np.zeros((1, 28, 28), np.uint8)
        >>> tensors = activations(load_float_model(), blank)
        >>> {name: x.shape[1:] for name, x in tensors.items()}
        {'input': (28, 28, 1), 'conv': (13, 13, 32), 'dense': (64,), 'logits': (10,)}
    """
    weights, transform = checked_weights(weights), checked_transform(transform)
    images = checked_input(images, "conv")
    result = {
        name: np.empty((len(images), *shape), np.float32)
        for name, shape in TENSOR_SHAPES.items()
    }
    for begin in begins(images):
        parts = _tensors(weights, chunk(images, begin), "conv", transform)
        for name, x in parts.items():
            result[name][begin : begin + len(x)] = x
    return result


def predict(
    weights: Weights,
    images: ArrayLike,
    *,
    start: str = "conv",
    transform: Transform | None = None,
) -> np.ndarray:
    """Return the digit with the highest score for each image, shape (n,).

    Args:
        weights: as for `forward`.
        images: as for `forward`.
        start: as for `forward`.
        transform: as for `forward`.

    Raises:
        ValueError, TypeError: as `forward`.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> predict(load_float_model(), load_mnist()[1][0][:5])
        array([7, 2, 1, 0, 4])
    """
    return forward(weights, images, start=start, transform=transform).argmax(axis=1)


def predict_each(
    models: Mapping[Hashable, Weights],
    images: ArrayLike,
    *,
    transform: Transform | None = None,
) -> dict[Hashable, np.ndarray]:
    """Return what each of many networks predicts: {name: digits of shape (n,)}.

    Networks whose first layers hold the very same arrays (not copies of them) share the
    work of these layers, and most of the work is in the first.

    Args:
        models: {name: weights}, each as for `forward`.
        images: as for `forward`.
        transform: as for `forward`, the same for all networks; called from several
            threads at once.

    Raises:
        ValueError, TypeError: as `forward`; or models is no dictionary, or empty.

    Source: lesson 02, "Which layer suffers".

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> model = load_float_model()
        >>> upside_down = {**model, "logits/kernel": -model["logits/kernel"]}
        >>> models = {"float": model, "upside down": upside_down}
        >>> predict_each(models, load_mnist()[1][0][:5])["float"]
        array([7, 2, 1, 0, 4])
    """
    checked = checked_models(models)
    images, transform = checked_input(images, "conv"), checked_transform(transform)
    # Networks that share a layer go one after the other: one result a layer is kept.
    keys = {name: shared_layers(weights) for name, weights in checked.items()}
    order = sorted(checked, key=keys.get)

    def found(begin: int) -> list[np.ndarray]:
        x = chunk(images, begin)
        kept = {"input": ((), transformed(transform, "input", x))}
        digits = []
        for name in order:
            source = "input"
            for layer, key in zip(LAYERS, keys[name], strict=True):
                if layer not in kept or kept[layer][0] != key:
                    y = _layer(checked[name], layer, kept[source][1], transform)
                    kept[layer] = key, y
                source = layer
            digits.append(kept["logits"][1].argmax(axis=1))
        return digits

    parts = _in_threads(found, begins(images))
    trim()
    joined = (np.concatenate(digits) for digits in zip(*parts, strict=True))
    result = dict(zip(order, joined, strict=True))
    return {name: result[name] for name in models}


def _in_threads(work: Callable[[int], object], begins: range) -> list:
    """Return what the work makes of each part of the images, in order."""
    with one_blas_thread():
        return list(_threads().map(work, begins))


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads that share the work, always the same ones."""
    return ThreadPoolExecutor(os.cpu_count())


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_threads.cache_clear)


def accuracy(
    weights: Weights,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    start: str = "conv",
    transform: Transform | None = None,
) -> float:
    """Return the fraction of images whose highest score is at their label.

    Args:
        weights: as for `forward`.
        images: as for `forward`.
        labels: integers, shape (n,).
        start: as for `forward`.
        transform: as for `forward`.

    Raises:
        ValueError, TypeError: as `forward`, or for labels that do not fit the images.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> accuracy(load_float_model(), *load_mnist()[1]) > 0.99
        True
    """
    images = checked_input(images, start)
    labels = checked_labels(labels, images.shape[:1])
    found = predict(weights, images, start=start, transform=transform)
    return float((found == labels).mean())


def _conv_block(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return max_pool(relu(conv2d(x, kernel, bias))) in a quarter of the time.

    Adding a bias and ReLU never change which of two values is larger, so they may wait
    until a quarter of the values is left. And the four places that are pooled together
    look at the same 4x4 pixels: four kernels of 4x4, each with the 3x3 kernel in
    another corner and zeros elsewhere, share one set of patches.
    """
    windows = sliding_window_view(x[..., 0], (4, 4), axis=(1, 2))[:, ::2, ::2]
    patches = windows.reshape(-1, 16)
    y, best = np.empty((2, len(patches), kernel.shape[3]), np.float32)
    best.fill(-np.inf)
    for row, column in np.ndindex(2, 2):
        corner = np.zeros((4, 4, kernel.shape[3]), np.float32)
        corner[row : row + 3, column : column + 3] = kernel[:, :, 0]
        np.matmul(patches, corner.reshape(16, -1), out=y)  # new memory is slow
        np.maximum(best, y, out=best)
    best += bias
    return np.maximum(best, 0, out=best).reshape(*windows.shape[:3], -1)


def _dense_block(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y = _logits_block(x.reshape(len(x), -1), kernel, bias)
    return np.maximum(y, 0, out=y)


def _logits_block(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return x @ kernel + bias


_BLOCKS = {"conv": _conv_block, "dense": _dense_block, "logits": _logits_block}


def _layer(weights, layer: str, x: np.ndarray, transform) -> np.ndarray:
    """Return the tensor that the layer `layer` puts out for the tensor `x`."""
    kernel, bias = weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
    with one_blas_thread(), np.errstate(all="ignore"):
        y = transformed(transform, layer, _BLOCKS[layer](x, kernel, bias))
    if layer == "logits":
        require_finite(y, "logits (images or weights are too large)")
    return y


def _tensors(weights, x, start, transform) -> dict[str, np.ndarray]:
    """Return the tensors of a few images by name, from the layer `start` on."""
    tensors = {}
    if start == "conv":
        x = tensors["input"] = transformed(transform, "input", x)
    for layer in LAYERS[LAYERS.index(start) :]:
        x = tensors[layer] = _layer(weights, layer, x, transform)
    return tensors


def one_blas_thread():
    """Return a context in which NumPy's matrix products use one thread.

    The course's products are small: a second thread costs more than it saves, and ten
    times as much when another program has the other core.

    Example:
        >>> with one_blas_thread():
        ...     product = np.ones((2, 3)) @ np.ones((3, 2))
    """
    return _blas().limit(limits=1)


@functools.cache
def _blas() -> ThreadpoolController:
    """Return the handle on NumPy's BLAS; found once, for looking takes a while."""
    return ThreadpoolController()
