"""Which images should a converter see? How many, which, and what if they are wrong.

    python3 course.py run python benchmarks/representative.py       about two minutes

The float model is converted with `qlib.conversion.convert_int8` and so many training
images, drawn at random from the first 50,000 with each seed; then with images that one
should not take: of one digit alone, flat ones, unscaled ones. Each file is scored on
the other 10,000 training digits, and its answers compared with the float model's; the
test digits are not used. The float model was trained on all of them, so scores lie
above those on test digits: compare them with each other. Prints a table and writes
benchmarks/representative.json.
"""

import json
import os
import platform
import time
from pathlib import Path

import numpy as np

from qlib import nn, tflite
from qlib.conversion import convert_int8
from qlib.data import load_float_model, load_mnist
from qlib.training import HELD_OUT, build_model

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SEEDS = (0, 1, 2, 3, 4)
WRONG_COUNT = 100  # images of each wrong kind
TENSORS = {"conv": (1, 26, 26, 32), "dense": (1, 64), "logits": (1, 10)}


def scales(content: bytes) -> dict[str, float]:
    """Return the scale of the input and of each layer's output, by its shape."""
    opened = tflite.open_model(content, kernel="reference")
    found = {"input": opened.get_input_details()[0]["quantization"][0]}
    output = opened.get_output_details()[0]["index"]
    for tensor in opened.get_tensor_details():
        for name, shape in TENSORS.items():
            if tuple(tensor["shape"]) == shape and tensor["index"] != output:
                found[name] = tensor["quantization"][0]
    return {name: float(f"{scale:.6g}") for name, scale in found.items()}


def drawn(images: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return so many of the images, none twice."""
    rng = np.random.default_rng(seed)
    return images[rng.choice(len(images), count, replace=False)]


def wrong(images: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return images that one should not take, by what is wrong with them."""
    some = drawn(images, WRONG_COUNT, seed)
    greys = np.random.default_rng(seed).permutation(256)[:WRONG_COUNT]
    grey = np.full((2, 28, 28), 128, np.uint8)
    grey[0, 0, 0] = 127  # all of one value are refused
    return {
        **{
            f"only {digit}": drawn(images[labels == digit], WRONG_COUNT, seed)
            for digit in range(10)
        },
        "flat, many greys": np.tile(greys[:, None, None], (1, 28, 28)).astype("u1"),
        "flat, one grey": grey,
        "noise": np.random.default_rng(seed).integers(0, 256, some.shape, np.uint8),
        "inverted": 255 - some,
        "unscaled, 0 to 255": some.astype(np.float32),
    }


def study(model, images, labels, test: tuple, by_float: np.ndarray) -> dict:
    """Return accuracy, changed answers and scales: {name: value for each seed}."""
    found = {"accuracy": {}, "changed": {}, "scales": {}}
    for seed in SEEDS:
        sets = {str(n): drawn(images, n, seed) for n in COUNTS}
        for name, some in (sets | wrong(images, labels, seed)).items():
            start = time.perf_counter()
            content = convert_int8(model, some, batch=100)
            digits = tflite.predict(content, test[0])
            accuracy = float(np.mean(digits == test[1]))
            found["accuracy"].setdefault(name, []).append(accuracy)
            changed = int(np.sum(digits != by_float))
            found["changed"].setdefault(name, []).append(changed)
            found["scales"].setdefault(name, []).append(scales(content))
            seconds = time.perf_counter() - start
            print(f"seed {seed}, {name}: {accuracy:.4f} ({seconds:.1f} s)", flush=True)
    return found


def show(found: dict) -> None:
    """Print accuracy, changed answers and the means of scales."""
    print(
        f"{'images':20} mean   least  most   changed (least, most)   scale of "
        f"{', '.join(TENSORS)}"
    )
    for name, values in found["accuracy"].items():
        changed, of_seeds = found["changed"][name], found["scales"][name]
        means = [np.mean([one[tensor] for one in of_seeds]) for tensor in TENSORS]
        print(
            f"{name:20} {np.mean(values):.4f} {min(values):.4f} {max(values):.4f} "
            f"{np.mean(changed):8.1f} ({min(changed)}, {max(changed)}) "
            + " ".join(f"{mean:9.5f}" for mean in means)
        )


def main() -> None:
    """Run the study and write its record."""
    (images, labels), _ = load_mnist()
    test, weights = (images[-HELD_OUT:], labels[-HELD_OUT:]), load_float_model()
    by_float = nn.forward(weights, test[0]).argmax(axis=1)
    first = images[:-HELD_OUT], labels[:-HELD_OUT]
    found = study(build_model(weights), *first, test, by_float)
    show(found)
    found["accuracy"]["float"] = [float(np.mean(by_float == test[1]))]
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "held out": HELD_OUT,
        "seeds": SEEDS,
        "counts": COUNTS,
        "images of a wrong kind": WRONG_COUNT,
        **found,
    }
    path = Path(__file__).with_name("representative.json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
