"""Train the course's float network with Keras: a minute or two for 0.992 or more.

    python -m qlib.training              train on all digits, write data/float_model.npz
    python -m qlib.training --validate   compare settings on held-out training digits

TensorFlow loads inside the functions that need it.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qlib import nn
from qlib._checked import number_from, one_number, whole_number
from qlib._model import require_built
from qlib._network import (
    checked_input,
    checked_labels,
    checked_weights,
    unit_images,
)
from qlib.augmentation import four_numbers, moved
from qlib.data import DATA, WEIGHT_SHAPES, load_mnist, save_float_model
from qlib.quiet import load_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

LEAST_ACCURACY = 0.9920  # of a model that may replace data/float_model.npz
HELD_OUT = 10_000  # training digits that --validate keeps aside

# data/README.md compares it with others on held-out training digits.
RECIPE = {
    "epochs": 12,
    "batch": 256,  # images
    "peak": 6e-3,  # learning rate after the warm-up
    "rotation": 8.0,  # degrees, at most, either way; so for the next two
    "shift": 1.0,  # pixels
    "zoom": 0.10,  # fraction of the size
    "slant": 0.10,  # pixels sideways for each pixel down
    "smoothing": 0.05,  # of a label's certainty, spread over the ten digits
    "seed": 0,
}


def build_model(weights: Mapping[str, np.ndarray] | None = None) -> "tf.keras.Model":
    """Return the article's network in Keras: convolution, pooling and two dense layers.

    It takes real images (n, 28, 28, 1) from 0 to 1 and returns ten probabilities.

    Args:
        weights: arrays to start from, as `load_float_model` returns them; random
            ones if left out.

    Raises:
        TypeError, ValueError: weights as for `qlib.nn.forward`.

    Example:
        >>> build_model().count_params()
        347146
    """
    layers = load_tensorflow().keras.layers
    model = load_tensorflow().keras.Sequential(
        [
            layers.Input((28, 28, 1), name="input"),
            layers.Conv2D(32, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dense(10, activation="softmax", name="logits"),
        ]
    )
    if weights is not None:
        weights = checked_weights(weights)
        model.set_weights([weights[name] for name in WEIGHT_SHAPES])
    return model


def weights_of(model: "tf.keras.Model") -> dict[str, np.ndarray]:
    """Return the six arrays of a model by the names that `qlib.nn` uses.

    Args:
        model: as `build_model` makes it.

    Raises:
        TypeError, ValueError: model is no Keras 2 model, not built, or another network.

    Example:
        >>> weights_of(build_model())["logits/bias"].shape
        (10,)
    """
    require_built(model)
    arrays = model.get_weights()
    if [array.shape for array in arrays] != list(WEIGHT_SHAPES.values()):
        raise ValueError(
            f"the model has arrays of the shapes {[a.shape for a in arrays]}: those of "
            f"build_model(), {list(WEIGHT_SHAPES.values())}, are needed."
        )
    return dict(zip(WEIGHT_SHAPES, arrays, strict=True))


def predict_digits(model: "tf.keras.Model", images: np.ndarray) -> np.ndarray:
    """Return the digit that a Keras model sees in each image, shape (n,).

    A hundred images at a time: all of them as float32 would take 300 MB in the layers.

    Args:
        model: takes real images (n, 28, 28, 1), returns ten scores for each.
        images: as for `qlib.nn.forward`.

    Raises:
        TypeError, ValueError: model is no Keras 2 model, or not built; images are no
            images, or real ones outside 0 to 1.

    Example:
        >>> from qlib.data import load_float_model
        >>> model = build_model(load_float_model())
        >>> predict_digits(model, load_mnist()[1][0][:5])
        array([7, 2, 1, 0, 4])
    """
    require_built(model)
    images = unit_images(images)
    tf, divisor = load_tensorflow(), 255.0 if images.dtype == np.uint8 else 1.0

    @tf.function(reduce_retracing=True)
    def digits(part: "tf.Tensor") -> "tf.Tensor":
        scores = model(tf.cast(part, tf.float32) / divisor, training=False)
        return tf.argmax(scores, axis=1)

    parts = np.array_split(images, -(-len(images) // 100))
    return np.concatenate([digits(tf.constant(part)).numpy() for part in parts])


def train_float_model(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int = RECIPE["epochs"],
    batch: int = RECIPE["batch"],
    peak: float = RECIPE["peak"],
    rotation: float = RECIPE["rotation"],
    shift: float = RECIPE["shift"],
    zoom: float = RECIPE["zoom"],
    slant: float = RECIPE["slant"],
    smoothing: float = RECIPE["smoothing"],
    seed: int = RECIPE["seed"],
) -> dict[str, np.ndarray]:
    """Return the weights after training on digits that are moved a little each time.

    Prints a line for each epoch. Sets the seeds of Python, NumPy and TensorFlow; the
    same seed gives the same weights on the same machine.

    Args:
        images: uint8, shape (n, 28, 28), with n at least `batch`.
        labels: digits, shape (n,).
        epochs: passes over the images.
        batch: images a step.
        peak: learning rate of Adam after a warm-up over 15 % of the steps; it falls
            along a cosine to 0.
        rotation: largest random turn, in degrees, either way.
        shift: largest random shift, in pixels, either way.
        zoom: largest random change of size, as a fraction of it.
        slant: largest random slant, in pixels sideways for each pixel down.
        smoothing: share of each label that is spread over the ten digits.
        seed: of the first weights, the order and the movements.

    Raises:
        TypeError, ValueError: images or labels as for `batches`; a setting is none;
            there are fewer images than one batch holds.
    """
    images = _grey_levels(images)
    labels = checked_labels(labels, (len(images),))
    epochs = whole_number(epochs, "epochs", 1, 10_000)
    batch = whole_number(batch, "batch", 1, 60_000)
    peak = one_number(peak, "peak", 0.0, 1.0)
    rotation, shift = (
        number_from(value, name, 0.0, np.inf)
        for value, name in ((rotation, "rotation"), (shift, "shift"))
    )
    zoom = number_from(zoom, "zoom", 0.0, 1.0)
    slant = number_from(slant, "slant", 0.0, np.inf)
    smoothing = number_from(smoothing, "smoothing", 0.0, 1.0)
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    if len(images) < batch:
        raise ValueError(
            f"there are {len(images)} images, fewer than one batch {batch} holds: give "
            "more images or a smaller batch."
        )
    tf = load_tensorflow()
    tf.keras.utils.set_random_seed(seed)
    model = build_model()
    steps = len(images) // batch * epochs
    warm_up = max(1, steps * 15 // 100)
    rate = tf.keras.optimizers.schedules.CosineDecay(
        peak / 10, steps - warm_up, warmup_target=peak, warmup_steps=warm_up
    )
    model.compile(
        tf.keras.optimizers.Adam(rate),
        tf.keras.losses.CategoricalCrossentropy(label_smoothing=smoothing),
        metrics=["accuracy"],
    )
    data = batches(images, labels, batch, rotation, shift, zoom, slant)
    model.fit(data, epochs=epochs, verbose=0, callbacks=[_line_per_epoch(epochs)])
    return weights_of(model)


def batches(
    images: np.ndarray, labels: np.ndarray, batch: int, *movement: float
) -> "tf.data.Dataset":
    """Return shuffled batches of moved real images and one-hot labels.

    The images stay uint8 and become real a batch at a time: a quarter of the memory.

    Args:
        images: uint8, shape (n, 28, 28), with n at least `batch`.
        labels: digits, shape (n,).
        batch: images at once; what is left over is left out.
        movement: rotation, shift, zoom and slant, as for `qlib.augmentation.moved`;
            none leaves the images as they are.

    Raises:
        TypeError, ValueError: images are not uint8 of the shape (n, 28, 28); labels
            are not one digit from 0 to 9 for each image; there are fewer images than
            one batch holds; a movement is none.

    Example:
        >>> images, labels = np.zeros((5, 28, 28), np.uint8), np.arange(5)
        >>> [x.shape for x, y in batches(images, labels, 2, 8.0, 1.0, 0.1, 0.1)]
        [TensorShape([2, 28, 28, 1]), TensorShape([2, 28, 28, 1])]
    """
    tf, images = load_tensorflow(), _grey_levels(images)
    labels = np.eye(10, dtype=np.float32)[checked_labels(labels, (len(images),))]
    batch = whole_number(batch, "batch", 1, len(images))
    movement = four_numbers(movement) if movement else ()

    def look_up(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return images[rows], labels[rows]

    def prepare(rows):
        # NumPy looks them up: TensorFlow would keep a second copy of all the images.
        x, y = tf.numpy_function(look_up, [rows], [tf.uint8, tf.float32])
        x, y = tf.ensure_shape(x, (batch, 28, 28)), tf.ensure_shape(y, (batch, 10))
        real = tf.cast(x[..., None], tf.float32) / 255
        return moved(real, *movement) if movement else real, y

    order = tf.data.Dataset.range(len(images)).shuffle(len(images))
    return order.batch(batch, drop_remainder=True).map(prepare).prefetch(2)


def _grey_levels(images: np.ndarray) -> np.ndarray:
    images = checked_input(images, "conv")
    if images.dtype != np.uint8:
        raise TypeError(
            f"images has dtype {images.dtype}: uint8 grey levels are needed here."
        )
    return images[..., 0]


def _line_per_epoch(epochs: int) -> "tf.keras.callbacks.Callback":
    """Return a callback that prints epoch, loss, accuracy and seconds."""
    started = time.perf_counter()

    def line(epoch: int, logs: dict) -> None:
        print(
            f"epoch {epoch + 1:2} of {epochs}: loss {logs['loss']:.4f}, accuracy on "
            f"the moved digits {logs['accuracy']:.4f}, "
            f"{time.perf_counter() - started:.0f} s so far",
            flush=True,
        )

    return load_tensorflow().keras.callbacks.LambdaCallback(on_epoch_end=line)


def validate(settings: Mapping) -> float:
    """Train on 50,000 digits and return the accuracy on the other 10,000 of the 60,000.

    The test digits stay unseen, so that settings may be compared as often as one likes.

    Args:
        settings: arguments of `train_float_model`.
    """
    (images, labels), _ = load_mnist()
    weights = train_float_model(images[:-HELD_OUT], labels[:-HELD_OUT], **settings)
    return nn.accuracy(weights, images[-HELD_OUT:], labels[-HELD_OUT:])


def train_and_save(settings: Mapping, folder: str | Path = DATA) -> float:
    """Train on the 60,000 digits, write the model and return its test accuracy.

    Args:
        settings: arguments of `train_float_model`.
        folder: where `float_model.npz` and `float_model.json` go.

    Raises:
        ValueError: if the accuracy is below `LEAST_ACCURACY`; nothing is written then.
    """
    (images, labels), test = load_mnist()
    weights = train_float_model(images, labels, **settings)
    accuracy = nn.accuracy(weights, *test)
    if accuracy < LEAST_ACCURACY:
        raise ValueError(
            f"the accuracy on the test digits is {accuracy:.4f}, and at least "
            f"{LEAST_ACCURACY:.4f} is needed: float_model.npz was left as it is. "
            "Train longer, or with the default settings."
        )
    save_float_model(weights, {"test_accuracy": accuracy, **settings}, folder)
    return accuracy


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: every setting of `RECIPE` is an option."""
    parser = argparse.ArgumentParser(description="Train the course's float network.")
    parser.add_argument("--validate", action="store_true", help="write nothing")
    for name, value in RECIPE.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    settings = vars(parser.parse_args(arguments))
    if settings.pop("validate"):
        print(f"accuracy on {HELD_OUT:,} held-out digits: {validate(settings):.4f}")
        return
    try:
        print(f"accuracy on the test digits: {train_and_save(settings):.4f}")
    except (OSError, ValueError) as error:
        raise SystemExit(f"Not saved: {error}") from error


if __name__ == "__main__":
    main()
