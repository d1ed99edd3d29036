"""The article's recipe over three seeds: as it is written, and with cures.

    python3 course.py run python benchmarks/article.py             about ten minutes
    python3 course.py run python benchmarks/article.py --validate  compare the cures

As written: `quantize_model` of a network with random weights, Adam at its default rate,
batches of 64, five epochs. What can be cured within five epochs: the ranges (four
epochs in float, then ranges from that float model, then one epoch of
quantization-aware training), the schedule (larger batches and a higher rate that rises
and falls), and the digits (moved a little each time). --validate trains on 50,000 of
the training digits and scores on the other 10,000: the cure below was chosen there.
Without it, all 60,000 train, the test digits are scored, and benchmarks/article.json is
written.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np

from qlib import training
from qlib.data import load_mnist
from qlib.quiet import load_tensorflow, quiet
from qlib.tfmot_qat import calibrated_model, load_tfmot, ranges

SEEDS = (0, 1, 2)
EPOCHS = 5
RANGES = {"float_epochs": 4}
SCHEDULE = {"batch": 256, "peak": 6e-3, "falls": True}
MOVED = {"movement": (8.0, 1.0, 0.1, 0.1)}
CURES = {
    "as written": {},
    "ranges": RANGES,
    "cosine alone": {"falls": True},
    "schedule": SCHEDULE,
    "ranges, schedule": {**RANGES, **SCHEDULE},
    "ranges, schedule, moved digits": {**RANGES, **SCHEDULE, **MOVED},
}
REPORTED = ("as written", "ranges, schedule", "ranges, schedule, moved digits")


def fit(model, data: tuple, epochs: int, batch: int, peak: float, falls, movement):
    """Train with Adam: at one rate, or up over 15 % of the steps and down a cosine."""
    tf = load_tensorflow()
    steps = len(data[0]) // batch * epochs
    rate = tf.keras.optimizers.schedules.CosineDecay(
        peak / 10, steps * 85 // 100, warmup_target=peak, warmup_steps=steps * 15 // 100
    )
    model.compile(
        tf.keras.optimizers.Adam(rate if falls else peak), "categorical_crossentropy"
    )
    batches = training.batches(*data, batch, *movement)
    model.fit(batches, epochs=epochs, verbose=0)


def trained(data, seed, float_epochs=0, batch=64, peak=1e-3, falls=False, movement=()):
    """Return a quantized model after five epochs."""
    load_tensorflow().keras.utils.set_random_seed(seed)
    model = training.build_model()
    if float_epochs:
        fit(model, data, float_epochs, batch, peak, falls, movement)
        quantized = calibrated_model(model, data[0][:1000])
        peak = peak / 10 if falls else peak  # what has been learnt should stay
    else:
        with quiet():
            quantized = load_tfmot().quantization.keras.quantize_model(model)
    fit(quantized, data, EPOCHS - float_epochs, batch, peak, falls, movement)
    return quantized


def score(model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the accuracy of a Keras model."""
    real = images[..., None] / np.float32(255)
    digits = model.predict(real, batch_size=500, verbose=0).argmax(axis=1)
    return float(np.mean(digits == labels))


def validate() -> None:
    """Compare the cures on 10,000 training digits that were held out."""
    (images, labels), _ = load_mnist()
    some = slice(None, -training.HELD_OUT)
    rest = images[-training.HELD_OUT :], labels[-training.HELD_OUT :]
    for name, options in CURES.items():
        for seed in SEEDS[:2]:
            found = score(trained((images[some], labels[some]), seed, **options), *rest)
            print(f"{name:32} seed {seed}: {found:.4f}", flush=True)


def main() -> None:
    """Run the study, or the choice of its cure."""
    parser = argparse.ArgumentParser(description="The article's recipe, and cures.")
    parser.add_argument("--validate", action="store_true", help="write nothing")
    if parser.parse_args().validate:
        validate()
        return
    data, test = load_mnist()
    accuracy, last = {}, {}
    for name in REPORTED:
        for seed in SEEDS:
            start = time.perf_counter()
            model = trained(data, seed, **CURES[name])
            accuracy.setdefault(name, []).append(score(model, *test))
            seconds = time.perf_counter() - start
            found = accuracy[name][-1]
            print(f"{name:32} seed {seed}: {found:.4f} ({seconds:.0f} s)", flush=True)
            last[name] = {
                tensor: pair
                for tensor, pair in ranges(model).items()
                if "kernel" not in tensor
            }
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "epochs": EPOCHS,
        "seeds": SEEDS,
        "settings": {name: CURES[name] for name in REPORTED},
        "accuracy": accuracy,
        "ranges of the last seed": last,
    }
    path = Path(__file__).with_name("article.json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
