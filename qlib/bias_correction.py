"""Bias correction: what a quantized layer adds on average, taken off its bias.

The error of a weight stands still, so its effect on an output has a mean that is not
zero as soon as the input's is not: a shift, which a constant can undo. Introduced in
lesson 02, "The part with a sign".
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from qlib import nn
from qlib._network import LAYERS, checked_weights


def correct_biases(
    weights: nn.Weights,
    quantized: nn.Weights,
    images: ArrayLike,
    *,
    transform: nn.Transform | None = None,
) -> dict[str, np.ndarray]:
    """Return `quantized` with biases that give each output its mean in `weights` back.

    The mean is that of the weighted sums, before ReLU, over the images; layer by layer,
    each with the corrected layers before it.

    Args:
        weights: the float network, as for `qlib.nn.forward`.
        quantized: the same with quantized kernels.
        images: sample images for the means, as for `qlib.nn.forward`: training images,
            never those of the test. The tensors of one take 50 kB.
        transform: quantization of the activations in `quantized`, as for
            `qlib.nn.forward`.

    Returns:
        Weights that share their kernels with `quantized`.

    Raises:
        TypeError, ValueError: as `qlib.nn.forward`.

    Source: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and
    Bias Correction" (arXiv 1906.04721), section 4 and appendix D. Lesson 02.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> model, images = load_float_model(), load_mnist()[0][0][:10]
        >>> shifted = {**model, "logits/bias": model["logits/bias"] + np.float32(0.5)}
        >>> corrected = correct_biases(model, shifted, images)
        >>> np.allclose(corrected["logits/bias"], model["logits/bias"], atol=1e-5)
        True
    """
    weights = checked_weights(weights)
    corrected = checked_weights(quantized, "quantized weights")
    wanted = nn.activations(weights, images)
    for layer in LAYERS:
        found = nn.activations(corrected, images, transform=transform)
        shift = _mean_sum(corrected, layer, found) - _mean_sum(weights, layer, wanted)
        corrected[f"{layer}/bias"] = np.float32(corrected[f"{layer}/bias"] - shift)
    return corrected


def _mean_sum(weights: dict, layer: str, tensors: dict) -> np.ndarray:
    """Return the mean of each output's weighted sum, shape (channels,), in float64.

    The mean of sums is the sum of means: one product with the mean input is enough.
    """
    kernel, bias = weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
    if layer == "conv":
        picture = tensors["input"][..., 0].mean(axis=0, dtype=np.float64)
        mean = sliding_window_view(picture, (3, 3)).mean(axis=(0, 1))
    else:
        source = tensors["conv" if layer == "dense" else "dense"]
        mean = source.mean(axis=0, dtype=np.float64)
    return mean.reshape(-1) @ kernel.reshape(-1, len(bias)) + bias
