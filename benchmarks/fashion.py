"""The course's whole path on other images: Fashion-MNIST, ten kinds of clothing.

    python3 course.py run python benchmarks/fashion.py          ten to twenty minutes

The images are Zalando's (github.com/zalandoresearch/fashion-mnist, MIT licence), and
are no part of the course. On Debian and Ubuntu: apt-get install dataset-fashion-mnist;
elsewhere, name a folder with the four files: --folder PATH.

The network is that of the lessons. Settings are compared on the last 10,000 training
images, by networks that saw the other 50,000; the best line of each table is taken.
Then, with each seed, all 60,000 train a float model, which is rounded to 8 bits as in
lesson 01, converted as in lesson 05, and trained on the grid and converted as in lesson
04. The test images are scored at the end, and every operator's output of both int8
files is compared with `qlib.integer_nn`'s, for each of LiteRT's kernels. Prints a line
for each step and writes benchmarks/fashion.json.
"""

import argparse
import datetime
import gzip
import json
import math
import os
import platform
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

from qlib import nn, qat, tflite
from qlib.conversion import convert_int8, convert_quantized
from qlib.data import MNIST_SHAPES, sha256
from qlib.int8_model import RECIPE as QAT_RECIPE
from qlib.int8_model import train_int8
from qlib.integer_nn import IntegerNetwork
from qlib.linear import params_for, quantize
from qlib.params import QuantParams
from qlib.training import HELD_OUT, build_model, train_float_model

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CURE = (
    "Install Debian's package dataset-fashion-mnist, or fetch the four files from "
    "github.com/zalandoresearch/fashion-mnist and name their folder with --folder."
)
SEEDS = (0, 1, 2)
EPOCHS = 5  # in float; training on the grid takes the two of QAT_RECIPE
SAMPLE = 1000  # training images that ranges come from
PART = 1000  # images whose tensors are compared at a time
STILL = {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "slant": 0.0}
SHIFTED = {**STILL, "shift": 1.0}
FLOAT_SETTINGS = {
    "digits' movements, peak 0.006": {},
    "shifts alone, peak 0.006": SHIFTED,
    "no movement, peak 0.006": STILL,
    "no movement, peak 0.003": {**STILL, "peak": 3e-3},
}
QAT_SETTINGS = {f"peak {peak:g}": {"peak": peak} for peak in (2e-4, 5e-4, 1e-3)}
PACKAGES = (
    "ai-edge-litert",
    "numpy",
    "tensorflow",
    "tensorflow-model-optimization",
    "tf-keras",
)


def load_fashion(folder: str | Path = FOLDER) -> tuple[tuple, tuple]:
    """Return `(x_train, y_train), (x_test, y_test)`, uint8, shaped as MNIST's.

    Args:
        folder: where the four files are, as they are published.

    Raises:
        FileNotFoundError: a file is not there.
        ValueError: a file is damaged, or its array has another shape.
    """
    parts = []
    for name, n in (("train", 60_000), ("t10k", 10_000)):
        images = read_idx(Path(folder) / f"{name}-images-idx3-ubyte.gz")
        labels = read_idx(Path(folder) / f"{name}-labels-idx1-ubyte.gz")
        if images.shape != (n, 28, 28) or labels.shape != (n,):
            raise ValueError(
                f"the {name} images have shape {images.shape} and their labels "
                f"{labels.shape}: {n} of 28 x 28 are needed. {CURE}"
            )
        parts.append((images, labels))
    return tuple(parts)


def read_idx(path: str | Path) -> np.ndarray:
    """Return the uint8 array of a gzipped IDX file.

    Four bytes come first: two zeros, 8 for uint8, the number of axes; then the length
    of each axis in four bytes, high byte first; then the values.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds something else.
    """
    try:
        content = gzip.decompress(Path(path).read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file. {CURE}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is no whole gzip file ({error}). {CURE}") from error
    axes = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * axes
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if not axes or len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path} holds {len(content)} bytes that begin with {content[:4].hex()}: "
            f"no IDX file of uint8, or one cut short. {CURE}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def rounded(weights: dict, images: np.ndarray) -> qat.Trained:
    """Return the network on 8-bit grids from least to greatest value, as in lesson 01.

    Kernels have one symmetric grid a channel; the images and each layer's output have
    one grid each, from what the images show.
    """
    kernels: dict[str, QuantParams] = {
        name: params_for(
            weights[f"{name}/kernel"], symmetric=True, narrow_range=True, axis=-1
        )
        for name in nn.LAYERS
    }
    seen = nn.activations(weights, images)
    return qat.Trained(weights, kernels, {n: params_for(x) for n, x in seen.items()})


def int8_files(weights: dict, images, labels, recipe: dict) -> dict[str, bytes]:
    """Return the float model's int8 file, and that of one trained on the grid."""
    trained = train_int8(weights, images, labels, recipe)
    return {
        "converted": convert_int8(build_model(weights), images[:SAMPLE], batch=100),
        "trained on the grid": convert_quantized(trained),
    }


def differences(content: bytes, images: np.ndarray) -> dict[str, dict]:
    """Return how many codes of each operator differ, over all images, by kernel."""
    network = IntegerNetwork.from_tflite(content)
    x = quantize(images[..., np.newaxis] / np.float32(255), network.input.params)
    operators = [f"{i} {op.kind}" for i, op in enumerate(network.model.layers, 1)]
    found = {}
    for kernel in tflite.KERNELS:
        seen, codes, differ = 0, 0, dict.fromkeys(operators, 0)
        for start in range(0, len(x), PART):
            part = x[start : start + PART]
            ours = network.run(part, kernel)
            theirs = tflite.every_tensor(content, part, kernel=kernel)
            seen += len(part)
            for operator, name in zip(operators, theirs, strict=True):
                codes += theirs[name].size
                differ[operator] += int(np.sum(ours[name] != theirs[name]))
        found[kernel] = {"images": seen, "codes": codes, "differ": differ}
    return found


def share(found: np.ndarray, labels: np.ndarray) -> float:
    """Return how many answers are right, as a fraction."""
    return float(np.mean(found == labels))


def best(scores: dict[str, float]) -> str:
    """Return the name of the highest score; of equal ones, the first."""
    return max(scores, key=scores.__getitem__)


def choose(images: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the accuracy of every setting on the images that are held out."""
    first = images[:-HELD_OUT], labels[:-HELD_OUT]
    rest = images[-HELD_OUT:], labels[-HELD_OUT:]
    trained, scores = {}, {"float": {}, "trained on the grid": {}}
    for name, settings in FLOAT_SETTINGS.items():
        trained[name] = train_float_model(*first, **{"epochs": EPOCHS, **settings})
        scores["float"][name] = nn.accuracy(trained[name], *rest)
        print(f"held out: {name}: {scores['float'][name]:.4f}", flush=True)
    chosen = best(scores["float"])
    for name, settings in QAT_SETTINGS.items():
        recipe = {**QAT_RECIPE, **movements(chosen), **settings}
        model = train_int8(trained[chosen], *first, recipe)
        found = tflite.predict(convert_quantized(model), rest[0])
        scores["trained on the grid"][name] = share(found, rest[1])
        print(f"held out: {name}: {share(found, rest[1]):.4f}", flush=True)
    return scores


def movements(name: str) -> dict[str, float]:
    """Return the movements among the float settings of this name."""
    return {k: v for k, v in FLOAT_SETTINGS[name].items() if k in STILL}


def study(train: tuple, test: tuple, chosen: dict[str, str]) -> dict:
    """Return accuracy and differences of each seed."""
    found = {"accuracy": {}, "differences": {}}
    settings = FLOAT_SETTINGS[chosen["float"]]
    recipe = QAT_RECIPE | movements(chosen["float"])
    recipe |= QAT_SETTINGS[chosen["trained on the grid"]]
    for seed in SEEDS:
        options = {"epochs": EPOCHS, **settings, "seed": seed}
        weights = train_float_model(*train, **options)
        grid = rounded(weights, train[0][:SAMPLE])
        scores = {
            "float": nn.accuracy(weights, *test),
            "int8, rounded": share(grid.predict(test[0]), test[1]),
        }
        files = int8_files(weights, *train, {**recipe, "seed": seed})
        for name, content in files.items():
            scores[f"int8, {name}"] = share(tflite.predict(content, test[0]), test[1])
            counts = differences(content, test[0])
            found["differences"].setdefault(name, []).append(counts)
            print(f"seed {seed}, {name}: {counts}", flush=True)
        for name, score in scores.items():
            found["accuracy"].setdefault(name, []).append(score)
            print(f"seed {seed}, {name}: {score:.4f}", flush=True)
    return found


def write(record: dict) -> None:
    """Write the record whole: a reader never meets half a file."""
    path = Path(__file__).with_suffix(".json")
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    os.replace(part, path)


def main() -> None:
    """Choose the settings, run the study and write its record."""
    parser = argparse.ArgumentParser(description="The whole path on Fashion-MNIST.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the four files")
    try:
        train, test = load_fashion(parser.parse_args().folder)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    scores = choose(*train)
    chosen = {arm: best(by_name) for arm, by_name in scores.items()}
    found = study(train, test, chosen)
    arrays = dict(zip(MNIST_SHAPES, (*train, *test), strict=True))
    write(
        {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "date": datetime.date.today().isoformat(),
            "packages": {name: version(name) for name in PACKAGES},
            "data": {
                "name": "Fashion-MNIST, Zalando SE 2017, MIT licence",
                "get it": CURE,
                "sha256": {name: sha256(array) for name, array in arrays.items()},
            },
            "seeds": SEEDS,
            "epochs": {"float": EPOCHS, "trained on the grid": QAT_RECIPE["epochs"]},
            "held out": HELD_OUT,
            "accuracy held out": scores,
            "chosen": chosen,
            **found,
        }
    )


if __name__ == "__main__":
    main()
