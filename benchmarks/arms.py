"""Three arms from one float model: rounded, fine-tuned in float, trained on the grid.

    python3 course.py run python benchmarks/arms.py             six to ten minutes
    python3 course.py run python benchmarks/arms.py --validate  compare learning rates

All arms see the same digits in the same order, for as many steps, with one schedule.
The first command trains with each seed on all 60,000 training digits, scores on the
test digits, prints a table and writes benchmarks/arms.json. The second trains a float
model on 50,000 training digits and compares peak rates on the other 10,000: the rate
below was chosen there, before the test digits were scored.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np

from qlib import nn, qat, training
from qlib.data import load_float_model, load_mnist

WIDTHS = ((8, 8), (4, 8), (3, 8), (2, 8), (2, 2))  # bits of weights, of activations
SEEDS = (0, 1, 2)
EPOCHS = 3
PEAK = 2e-3
PEAKS = (5e-4, 1e-3, 2e-3, 4e-3)


def score(model: qat.Trained, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the accuracy of a trained network on its grids."""
    return float(np.mean(model.predict(images) == labels))


def arms(weights: dict, data: tuple, test: tuple, peak: float, seeds: tuple) -> dict:
    """Return {arm: {widths: accuracy for each seed}}; rounding has no seed."""
    images, labels = data
    found = {"rounded": {}, "float fine-tuned": {}, "trained on the grid": {}}
    for bits, act_bits in WIDTHS:
        grids = qat.first_grids(weights, images, bits, act_bits)
        rounded = score(qat.Trained(weights, *grids), *test)
        found["rounded"][f"W{bits}A{act_bits}"] = [rounded]
    for seed in seeds:
        options = {"epochs": EPOCHS, "peak": peak, "seed": seed}
        tuned = qat.train(weights, images, labels, **options)
        for bits, act_bits in WIDTHS:
            name, start = f"W{bits}A{act_bits}", time.perf_counter()
            grids = qat.first_grids(tuned.weights, images, bits, act_bits)
            after = score(qat.Trained(tuned.weights, *grids), *test)
            found["float fine-tuned"].setdefault(name, []).append(after)
            learnt = qat.train(
                weights, images, labels, bits=bits, act_bits=act_bits, **options
            )
            after = score(learnt, *test)
            found["trained on the grid"].setdefault(name, []).append(after)
            seconds = time.perf_counter() - start
            print(f"seed {seed}, {name}: {after:.4f} ({seconds:.0f} s)", flush=True)
        unrounded = found.setdefault("float fine-tuned, not rounded", {})
        unrounded.setdefault("float", []).append(score(tuned, *test))
    return found


def show(found: dict) -> None:
    """Print mean and spread of each arm."""
    for arm, columns in found.items():
        for name, values in columns.items():
            spread = f"{min(values):.4f} to {max(values):.4f}"
            print(f"{arm:30} {name:6} {np.mean(values):.4f}   {spread}")


def validate() -> None:
    """Compare peak learning rates on 10,000 training digits that were held out."""
    (images, labels), _ = load_mnist()
    some = slice(None, -training.HELD_OUT)
    rest = images[-training.HELD_OUT :], labels[-training.HELD_OUT :]
    weights = training.train_float_model(images[some], labels[some])
    print(f"float: {nn.accuracy(weights, *rest):.4f}")
    for peak in PEAKS:
        for bits, act_bits in ((4, 8), (2, 8), (2, 2)):
            model = qat.train(
                weights, images[some], labels[some],
                bits=bits, act_bits=act_bits, epochs=EPOCHS, peak=peak,
            )  # fmt: skip
            found = score(model, *rest)
            print(f"peak {peak:g}, W{bits}A{act_bits}: {found:.4f}", flush=True)


def main() -> None:
    """Run the study, or the choice of its rate."""
    parser = argparse.ArgumentParser(description="Compare three arms.")
    parser.add_argument("--validate", action="store_true", help="write nothing")
    if parser.parse_args().validate:
        validate()
        return
    data, test = load_mnist()
    weights = load_float_model()
    found = {"float": {"float": [nn.accuracy(weights, *test)]}}
    found |= arms(weights, data, test, PEAK, SEEDS)
    show(found)
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "epochs": EPOCHS,
        "peak": PEAK,
        "seeds": SEEDS,
        "accuracy": found,
    }
    path = Path(__file__).with_name("arms.json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
