"""The course's int8 model: quantization-aware training of the float one, converted.

    python3 course.py run python -m qlib.int8_model

writes data/mnist_qat_int8.tflite and a record of how it was made, if the file scores
`LEAST_ACCURACY` or more. TensorFlow loads inside the functions that need it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qlib import conversion, tflite
from qlib._checked import number_from, one_number, whole_number
from qlib._files import replace_all
from qlib._network import checked_input, checked_weights
from qlib.data import DATA, load_float_model, load_mnist
from qlib.quiet import load_tensorflow
from qlib.tfmot_qat import calibrated_model
from qlib.training import batches, build_model

if TYPE_CHECKING:
    import tensorflow as tf

LEAST_ACCURACY = 0.9925
NAME = "mnist_qat_int8.tflite"
SAMPLE = 1000  # training images that the ranges come from

# Fixed beforehand: a tenth of a float training's rate, its movements and smoothing.
RECIPE = {
    "epochs": 2,
    "batch": 256,
    "peak": 2e-4,
    "rotation": 8.0,
    "shift": 1.0,
    "zoom": 0.10,
    "slant": 0.10,
    "smoothing": 0.05,
    "seed": 0,
}


def train_int8(
    weights: Mapping[str, np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Mapping = RECIPE,
    callbacks: Sequence = (),
) -> "tf.keras.Model":
    """Return a tfmot model after a short quantization-aware training.

    Args:
        weights: the float network, as for `qlib.nn.forward`.
        images: uint8, shape (n, 28, 28), with n at least one batch.
        labels: digits, shape (n,).
        recipe: settings, all of those of `RECIPE`.
        callbacks: Keras callbacks, such as `qlib.plots.live.fit_progress` gives.

    Raises:
        TypeError, ValueError: weights as for `qlib.nn.forward`; images or labels as
            for `qlib.training.batches`; a setting is missing, or is none; callbacks
            are none.

    Source: Jacob et al. 2018 (arXiv 1712.05877), section 3. Lesson 04.

    Example:
        >>> (images, labels), _ = load_mnist()
        >>> recipe = {**RECIPE, "epochs": 1}
        >>> model = train_int8(load_float_model(), images[:256], labels[:256], recipe)
        >>> len(model.layers)
        6
    """
    weights, recipe = checked_weights(weights), _checked_recipe(recipe)
    images, callbacks = checked_input(images, "conv"), _checked_callbacks(callbacks)
    if len(images) < recipe["batch"]:
        raise ValueError(
            f"there are {len(images)} images, fewer than one batch {recipe['batch']} "
            "holds: give more images or a smaller batch."
        )
    tf = load_tensorflow()
    tf.keras.utils.set_random_seed(recipe["seed"])
    movement = [recipe[name] for name in ("rotation", "shift", "zoom", "slant")]
    data = batches(
        images, labels, recipe["batch"], *movement
    )  # checks what it is given
    model = calibrated_model(build_model(weights), images[:SAMPLE])
    steps = len(images) // recipe["batch"] * recipe["epochs"]
    model.compile(
        tf.keras.optimizers.Adam(
            tf.keras.optimizers.schedules.CosineDecay(recipe["peak"], steps)
        ),
        tf.keras.losses.CategoricalCrossentropy(label_smoothing=recipe["smoothing"]),
    )
    model.fit(data, epochs=recipe["epochs"], verbose=0, callbacks=callbacks)
    return model


def _checked_callbacks(callbacks: Sequence) -> list:
    """Return the callbacks as a list, if all of them are."""
    kind = load_tensorflow().keras.callbacks.Callback
    row = isinstance(callbacks, (list, tuple))
    if not row or not all(isinstance(each, kind) for each in callbacks):
        raise TypeError(
            f"callbacks is {callbacks!r:.60}: a list of Keras callbacks is needed."
        )
    return list(callbacks)


def _checked_recipe(recipe: Mapping) -> dict:
    """Return the settings, checked one by one."""
    if not isinstance(recipe, Mapping):
        raise TypeError(
            f"recipe is {type(recipe).__name__}: a dictionary of settings is needed, "
            "such as dict(RECIPE)."
        )
    missing = [name for name in RECIPE if name not in recipe]
    if missing:
        raise ValueError(
            f"the recipe has no {', '.join(missing)}: begin with dict(RECIPE), and "
            "change what you like."
        )
    ends = {"epochs": (1, 10_000), "batch": (1, 60_000), "seed": (0, 2**32 - 1)}
    whole = {name: whole_number(recipe[name], name, *ends[name]) for name in ends}
    peak = one_number(recipe["peak"], "peak", 0.0, 1.0)
    smoothing = number_from(recipe["smoothing"], "smoothing", 0.0, np.inf)
    one_number(1 - smoothing, "1 - smoothing", 0.0, 1.0)
    return {**recipe, **whole, "peak": peak}


def make(folder: str | Path = DATA) -> float:
    """Train, convert, score on the test digits, write the file; return the accuracy.

    Args:
        folder: where the file and its record go; both are replaced whole.

    Raises:
        ValueError: the accuracy is below `LEAST_ACCURACY`; nothing is written then.
    """
    (images, labels), test = load_mnist()
    model = train_int8(load_float_model(), images, labels)
    content = conversion.convert_quantized(model)
    accuracy = float(np.mean(tflite.predict(content, test[0]) == test[1]))
    if accuracy < LEAST_ACCURACY:
        raise ValueError(
            f"the int8 file scores {accuracy:.4f} on the test digits, and at least "
            f"{LEAST_ACCURACY:.4f} is needed: {NAME} was left as it is."
        )
    record = {
        "test_accuracy": accuracy,
        **RECIPE,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    path = Path(folder) / NAME
    text = (json.dumps(record, indent=2) + "\n").encode()
    replace_all({path: content, path.with_suffix(".json"): text})
    return accuracy


if __name__ == "__main__":
    try:
        print(f"accuracy on the test digits: {make():.4f}")
    except (OSError, ValueError) as error:
        raise SystemExit(f"Not saved: {error}") from error
