"""Dense layers with 4-bit weights, by way of TensorFlow's toolkit.

The toolkit's default is 8 bits. A `QuantizeConfig` of one's own says otherwise, layer
by layer, and the converter then writes true int4: two weights to a byte. Introduced in
lesson 04, "Four bits".
"""

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from qlib._model import as_real, images_for, input_shape, require_built
from qlib.quiet import load_tensorflow, quiet
from qlib.tfmot_qat import load_tfmot, set_ranges

if TYPE_CHECKING:
    import tensorflow as tf


def four_bit_model(
    model: "tf.keras.Model", images: np.ndarray, layers: Iterable[str] = ("dense",)
) -> "tf.keras.Model":
    """Return a fake-quant model whose named dense layers have 4-bit weights.

    These have one scale for the whole kernel (-7 to 7); all else is tfmot's default of
    8 bits. All ranges are set from the float model, as in `calibrated_model`.

    Args:
        model: a built Keras 2 model, Sequential or Functional, one layer after the
            other; it stays as it is.
        images: sample images, as for `qlib.conversion.convert_int8`.
        layers: names of dense layers.

    Raises:
        TypeError: model is no model of Keras 2; layers are no names; images are
            integers other than uint8.
        ValueError: model is not built; a layer isn't there or is not Dense; images
            do not fit the model or are all zero.

    Source: tfmot's guide, "Quantization aware training comprehensive guide". Introduced
    in lesson 04.

    Example:
        >>> from qlib.data import load_float_model, load_mnist
        >>> from qlib.conversion import convert_quantized
        >>> from qlib.training import build_model
        >>> model, (images, _) = build_model(load_float_model()), load_mnist()[0]
        >>> round(len(convert_quantized(four_bit_model(model, images[:100]))) / 1000)
        179
    """
    require_built(model)
    names = _checked_names(model, layers)
    images = images_for(images, input_shape(model))
    if not images.any():
        raise ValueError(
            "images are all zero: their range would be 0 to 0, which makes every "
            "later image zero, too. Give real images."
        )
    with quiet():
        quantized = _applied(model, names)
        set_ranges(quantized, model, as_real(images))
    return quantized


def _applied(model: "tf.keras.Model", names: set[str]) -> "tf.keras.Model":
    """Return the model with fake-quant layers: 4 bits in those named, 8 elsewhere."""
    tf, keras = load_tensorflow(), load_tfmot().quantization.keras
    config = _four_bits()

    def annotated(layer):
        own = config() if layer.name in names else None
        return keras.quantize_annotate_layer(layer, own)

    with tf.keras.utils.custom_object_scope({"FourBits": config}):
        wishes = tf.keras.models.clone_model(model, clone_function=annotated)
        return keras.quantize_apply(wishes)


@functools.cache
def _four_bits() -> type:
    """Return the toolkit's form of the wish; a class, for TensorFlow loads late."""
    keras = load_tfmot().quantization.keras
    # bits, per axis, symmetric, narrow range
    of_weights = keras.quantizers.LastValueQuantizer(4, False, True, True)
    of_outputs = keras.quantizers.MovingAverageQuantizer(8, False, False, False)

    class FourBits(keras.QuantizeConfig):
        """The toolkit's questions about a layer, answered: it asks by these names."""

        def get_weights_and_quantizers(self, layer):
            return [(layer.kernel, of_weights)]

        def get_activations_and_quantizers(self, layer):
            return [(layer.activation, of_outputs)]

        def set_quantize_weights(self, layer, quantize_weights):
            layer.kernel = quantize_weights[0]

        def set_quantize_activations(self, layer, quantize_activations):
            layer.activation = quantize_activations[0]

        def get_output_quantizers(self, layer):
            return []

        def get_config(self):
            return {}

    return FourBits


def _checked_names(model: "tf.keras.Model", layers: Any) -> set[str]:
    """Return the names, if each is that of a dense layer."""
    row = isinstance(layers, Iterable) and getattr(layers, "ndim", 1) == 1
    if not row or isinstance(layers, (str, bytes)):
        raise TypeError(
            f'layers is {layers!r:.60}: names are needed, such as ("dense",).'
        )
    names, found = list(layers), {layer.name: layer for layer in model.layers}
    if not names:
        raise ValueError(
            "layers is empty: name a dense layer. For 8 bits everywhere there is "
            "qlib.tfmot_qat.calibrated_model."
        )
    dense = load_tensorflow().keras.layers.Dense
    fit = [name for name, layer in found.items() if isinstance(layer, dense)]
    for name in names:
        if not isinstance(name, str) or name not in found:
            problem = "there is no layer"
        elif name not in fit:
            problem = f"a {type(found[name]).__name__} is the layer"
        else:
            continue
        raise ValueError(
            f"{problem} {name!r:.60}: the dense layers are {', '.join(fit) or 'none'}."
        )
    return set(names)
