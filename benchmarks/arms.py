"""Three arms from one float model: rounded, fine-tuned in float, trained on the grid.

    python3 course.py run python benchmarks/arms.py             six to ten minutes
    python3 course.py run python benchmarks/arms.py --validate  compare learning rates

All arms see the same digits in the same order, for as many steps, with one schedule.
The first command trains with each seed on all 60,000 training digits, scores on the
test digits, prints a table and writes benchmarks/arms.json. The second trains a float
model on 50,000 training digits and compares peak rates, for both arms that train, on
the other 10,000, into benchmarks/arms_rates.json: the rate below was chosen there for
the arm on the grid, before the test digits were scored.
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
POINTS = 36  # of each learning curve


def score(model: qat.Trained, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the accuracy of a trained network on its grids."""
    return float(np.mean(model.predict(images) == labels))


def curve(runs: list[qat.Trained]) -> list[float]:
    """Return the mean loss of all runs in each of `POINTS` equal parts of the steps."""
    losses = np.mean([run.losses for run in runs], axis=0)
    return [round(float(np.mean(p)), 4) for p in np.array_split(losses, POINTS)]


def arms(weights: dict, data: tuple, test: tuple, peak: float, seeds: tuple) -> tuple:
    """Return {arm: {widths: accuracy for each seed}}, and {widths: learning curve}.

    Rounding has no seed.
    """
    (images, labels), runs = data, {}
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
            runs.setdefault(name, []).append(learnt)
            after = score(learnt, *test)
            found["trained on the grid"].setdefault(name, []).append(after)
            seconds = time.perf_counter() - start
            print(f"seed {seed}, {name}: {after:.4f} ({seconds:.0f} s)", flush=True)
        runs.setdefault("float", []).append(tuned)
        unrounded = found.setdefault("float fine-tuned, not rounded", {})
        unrounded.setdefault("float", []).append(score(tuned, *test))
    return found, {name: curve(several) for name, several in runs.items()}


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
    data, found = (images[some], labels[some]), {}
    for peak in PEAKS:
        options = {"epochs": EPOCHS, "peak": peak}
        tuned = qat.train(weights, *data, **options)
        for bits, act_bits in WIDTHS[1:]:
            name = f"W{bits}A{act_bits}"
            grids = qat.first_grids(tuned.weights, data[0], bits, act_bits)
            after = score(qat.Trained(tuned.weights, *grids), *rest)
            model = qat.train(weights, *data, bits=bits, act_bits=act_bits, **options)
            pair = {
                "float fine-tuned": after,
                "trained on the grid": score(model, *rest),
            }
            found.setdefault(name, {})[f"{peak:g}"] = pair
            print(f"peak {peak:g}, {name}: {pair}", flush=True)
    write("arms_rates.json", {"held out": training.HELD_OUT, "accuracy": found})


def write(name: str, facts: dict) -> None:
    """Write the record of a study, and the machine that it ran on."""
    record = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", **facts}
    text = json.dumps(record, indent=2) + "\n"
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")


def main() -> None:
    """Run the study, or the choice of its rate."""
    parser = argparse.ArgumentParser(description="Compare three arms.")
    parser.add_argument("--validate", action="store_true", help="compare rates")
    if parser.parse_args().validate:
        validate()
        return
    data, test = load_mnist()
    weights = load_float_model()
    found = {"float": {"float": [nn.accuracy(weights, *test)]}}
    scores, curves = arms(weights, data, test, PEAK, SEEDS)
    found |= scores
    show(found)
    facts = {"epochs": EPOCHS, "peak": PEAK, "seeds": SEEDS}
    write("arms.json", {**facts, "accuracy": found, "loss": curves})


if __name__ == "__main__":
    main()
