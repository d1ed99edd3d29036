"""Quantization-aware training: the network learns to live on its grid.

Forward, each weight and activation is moved to its grid. Backward, rounding counts as
if it were not there (the straight-through estimator), so that the loss still has a
slope by the weights, and by the steps of the grids too (learned step size):

    x_hat = scale * round(clip(x / scale, qmin, qmax))      with d round(v) / dv := 1

TensorFlow loads inside the functions that need it. Introduced in lesson 04.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qlib import nn
from qlib._checked import one_number, whole_number
from qlib._learner import Learner, compiled_step
from qlib._network import LAYERS, checked_labels, checked_weights, unit_images
from qlib.augmentation import four_numbers
from qlib.calibration import Histogram, mse_range
from qlib.fitting import least_squares_scale
from qlib.linear import fake_quantize
from qlib.memory import give_back
from qlib.params import QuantParams
from qlib.quiet import load_tensorflow

ACTIVATIONS = ("conv", "dense")  # outputs that are quantized; pixels are 8-bit codes
SAMPLE = 1000  # images for the first ranges of the activations


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network with its grids.

    Args:
        weights: the latent float arrays, as for `qlib.nn.forward`.
        kernel_params: grid of each layer's kernel; empty where weights stay float.
        act_params: grid of each layer's output; empty where activations stay float.
        losses: of each step's batch, in the order of the steps.
        kept: the network as it was after some steps, by their number.
    """

    weights: dict[str, np.ndarray]
    kernel_params: dict[str, QuantParams] = field(default_factory=dict)
    act_params: dict[str, QuantParams] = field(default_factory=dict)
    losses: tuple[float, ...] = ()
    kept: dict[int, "Trained"] = field(default_factory=dict)

    def network(self) -> dict[str, np.ndarray]:
        """Return the weights with each kernel on its grid, for `qlib.nn`.

        Example:
            >>> from qlib.data import load_float_model, load_mnist
            >>> model, (images, _) = load_float_model(), load_mnist()[0]
            >>> rounded = Trained(model, *first_grids(model, images[:20], 2, 8))
            >>> len(np.unique(rounded.network()["dense/kernel"][:, 0]))
            3
        """
        quantized = {
            f"{name}/kernel": fake_quantize(self.weights[f"{name}/kernel"], params)
            for name, params in self.kernel_params.items()
        }
        return {**self.weights, **quantized}

    def transform(self) -> dict:
        """Return the quantization of the activations, for `qlib.nn`.

        Example:
            >>> grid = QuantParams(0.5, 0, 2, signed=False)
            >>> outputs = Trained({}, act_params={"conv": grid}).transform()
            >>> outputs["conv"](np.float32([0.3, 0.8, 9.0]))
            array([0.5, 1. , 1.5], dtype=float32)
        """
        return {
            name: lambda x, params=params: fake_quantize(x, params)
            for name, params in self.act_params.items()
        }

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the digit that the quantized network sees in each image.

        Args:
            images: as for `qlib.nn.forward`.

        Example:
            >>> from qlib.data import load_float_model, load_mnist
            >>> Trained(load_float_model()).predict(load_mnist()[1][0][:5])
            array([7, 2, 1, 0, 4])
        """
        models = {0: self.network()}
        return nn.predict_each(models, images, transform=self.transform())[0]


def first_grids(
    weights: Mapping[str, np.ndarray],
    images: np.ndarray,
    bits: int | None,
    act_bits: int | None,
) -> tuple[dict[str, QuantParams], dict[str, QuantParams]]:
    """Return the grids that training starts from: those of least MSE.

    Args:
        weights: as for `qlib.nn.forward`.
        images: training images; the first 1,000 show the activations.
        bits: of the kernels, one symmetric grid a channel, 2 to 8; None for float.
        act_bits: of the outputs of conv and dense, from 0 up, 2 to 8; None for float.

    Returns:
        ({layer: grid of the kernel}, {layer: grid of the output}).

    Raises:
        TypeError, ValueError: weights or images as for `qlib.nn.forward`, real images
            outside 0 to 1, or a width outside 2 to 8.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> images = load_mnist()[0][0][:20]
        >>> kernels, outputs = first_grids(load_float_model(), images, 4, 8)
        >>> kernels["dense"].scale.shape, outputs["conv"].qmax
        ((64,), 255)
    """
    bits, act_bits = _width(bits, "bits"), _width(act_bits, "act_bits")
    weights, images = checked_weights(weights), unit_images(images)
    kernels, outputs = {}, {}
    for name in LAYERS if bits else ():
        kernel = weights[f"{name}/kernel"]
        scale = least_squares_scale(kernel, bits, axis=-1)
        zero = np.zeros(len(scale), np.int32)
        kernels[name] = QuantParams(scale, zero, bits, narrow_range=True, axis=-1)
    if act_bits:
        seen = nn.activations(weights, images[:SAMPLE])
        for name in ACTIVATIONS:
            histogram = Histogram.from_array(seen[name])
            _, high = mse_range(histogram, act_bits)
            scale = high / (2**act_bits - 1) or 1.0
            outputs[name] = QuantParams(scale, 0, act_bits, signed=False)
    return kernels, outputs


def train(
    weights: Mapping[str, np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    *,
    bits: int | None = None,
    act_bits: int | None = None,
    epochs: int = 1,
    batch: int = 128,
    peak: float = 1e-3,
    movement: tuple[float, float, float, float] | None = (8.0, 1.0, 0.1, 0.1),
    seed: int = 0,
    keep: Sequence[int] = (),
    show: Callable[[Sequence, str], Iterable] = lambda steps, words: steps,
) -> Trained:
    """Return the network after training, on its grids if widths are given.

    With bits and act_bits None it is plain fine-tuning: the same data, steps and
    schedule in float, to compare with. Adam; the rate rises over 5 % of the steps and
    falls along a cosine to 0. Weights, biases and the scales of all grids learn.

    Args:
        weights: trained arrays to start from, as for `qlib.nn.forward`.
        images: uint8, or real from 0 to 1, shape (n, 28, 28), n at least `batch`.
        labels: digits, shape (n,).
        bits: width of the kernels, 2 to 8; None for float.
        act_bits: width of the outputs of conv and dense, 2 to 8; None for float.
        epochs: passes over the images, 1 or more.
        batch: images a step.
        peak: highest learning rate, above 0 and at most 1.
        movement: largest rotation (degrees), shift (pixels), zoom and slant of the
            random movements of each image; None for none.
        seed: of the order and the movements; Python's, NumPy's and TensorFlow's own
            generators are set to it.
        keep: numbers of steps after which the network is kept; 0 is the start.
        show: yields the steps it is given, and shows how many are done, such as
            `qlib.plots.live.progress`.

    Raises:
        TypeError, ValueError: weights or images as for `qlib.nn.forward`, or real
            images outside 0 to 1; labels are not n digits from 0 to 9; a width is
            outside 2 to 8; there are fewer images than a batch holds; peak, movement,
            seed, a step to keep or show is none.

    Source: Jacob et al. 2018 (arXiv 1712.05877), section 3; Esser et al. 2020 (arXiv
    1902.08153). Lesson 04.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> (images, labels), _ = load_mnist()
        >>> small = train(load_float_model(), images[:256], labels[:256], bits=4)
        >>> small.network()["dense/kernel"].shape, len(small.losses)
        ((5408, 64), 2)
    """
    bits, act_bits = _width(bits, "bits"), _width(act_bits, "act_bits")
    epochs = whole_number(epochs, "epochs", 1, 10_000)
    weights, images = checked_weights(weights), unit_images(images)
    labels = checked_labels(labels, (len(images),)).astype(np.int32)
    batch = whole_number(batch, "batch", 1, len(images))
    peak = one_number(peak, "peak", 0.0, 1.0)
    movement = None if movement is None else four_numbers(movement)
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    steps = _steps(len(images), batch, epochs, peak, seed)
    row = isinstance(keep, Iterable) and getattr(keep, "ndim", 1) == 1
    if not row or isinstance(keep, (str, bytes)):
        raise TypeError(f"keep is {keep!r:.60}: numbers of steps are needed, as [0].")
    keep = {whole_number(step, "a step to keep", 0, len(steps)) for step in keep}
    if not callable(show):
        raise TypeError(f"show is {show!r:.60}: a function (steps, words) is needed.")
    load_tensorflow().keras.utils.set_random_seed(seed)
    learner = Learner(weights, *first_grids(weights, images, bits, act_bits))
    step = compiled_step(learner, movement)
    losses, kept = [], {0: _trained(learner)} if 0 in keep else {}
    for rows, rate in show(steps, f"{len(steps)} steps of training"):
        losses.append(float(step(images[rows], labels[rows], rate)))
        if len(losses) in keep:
            kept[len(losses)] = _trained(learner)
    del step
    give_back()
    return replace(_trained(learner), losses=tuple(losses), kept=kept)


def _trained(learner: Learner) -> Trained:
    """Return what has been learnt, in NumPy."""
    found = learner.learnt_scales()
    return Trained(
        {name: array.numpy() for name, array in learner.arrays.items()},
        {k: replace(p, scale=found[f"{k}/kernel"])
         for k, p in learner.kernel_params.items()},
        {k: replace(p, scale=found[k]) for k, p in learner.act_params.items()},
    )  # fmt: skip


def _rates(steps: int, peak: float) -> np.ndarray:
    """Return the learning rate of each step: up over 5 %, then a cosine to 0."""
    warm_up = steps // 20
    up = peak * np.arange(1, warm_up + 1) / max(warm_up, 1)
    fallen = np.arange(steps - warm_up) / (steps - warm_up)
    return np.float32([*up, *(peak * (1 + np.cos(np.pi * fallen)) / 2)])


def _steps(n: int, batch: int, epochs: int, peak: float, seed: int) -> list[tuple]:
    """Return for each step of all epochs its (rows of the batch, learning rate)."""
    rng, each = np.random.default_rng(seed), n // batch
    rows = [rng.permutation(n)[: each * batch].reshape(each, batch)
            for _ in range(epochs)]  # fmt: skip
    rates = _rates(each * epochs, peak)
    return list(zip(np.concatenate(rows), rates, strict=True))


def _width(bits: int | None, name: str) -> int | None:
    return None if bits is None else whole_number(bits, name, 2, 8)
