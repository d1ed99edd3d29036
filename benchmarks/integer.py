"""The exact integer network beside LiteRT's own kernels.

    python3 course.py bench integer

Lesson 00 shows `integer.json`, which stays as it is, so that its outputs do. To bring
both up to the last record:

    python3 course.py run python -m benchmarks.integer
    python3 course.py refresh 00
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness import Aim, Benchmark, Group, Row, Rows, times_as_fast
from benchmarks.report import RECORDS
from qlib import nn, tflite
from qlib.conversion import convert_float
from qlib.data import DATA, load_float_model, load_mnist
from qlib.integer_nn import KERNELS, IntegerNetwork
from qlib.linear import quantize
from qlib.training import build_model
from tools.files import write_whole

FILE = DATA / "mnist_qat_int8.tflite"
FOR_LESSON = Path(__file__).with_suffix(".json")
FLOATS = ("LiteRT float32, xnnpack", "qlib.nn float32, NumPy")
DIGITS, TENSORS = "digits that differ", "tensors that differ"  # from LiteRT's


def groups(small: bool) -> Iterator[Group]:
    """Make two groups on the same digits: the answers alone, and every tensor."""
    images = load_mnist()[1][0][: 100 if small else 10_000]
    network = IntegerNetwork.from_tflite(FILE)
    options = {"seconds": 0, "rounds": 2 if small else 5}
    yield Group(
        f"{len(images):,} digits, the answers",
        _answers(network, images),
        floors=FLOATS,
        keep=np.ndarray.tolist,
        facts=lambda kept: _differences(kept, DIGITS, "", ", keep output"),
        **options,
    )
    yield Group(
        f"{len(images):,} digits, every tensor",
        _every_tensor(network, _codes(network, images)),
        keep=_fingerprints,
        facts=lambda kept: _differences(kept, TENSORS, ", every tensor", ", keep all"),
        **options,
    )


def _answers(network: IntegerNetwork, images: np.ndarray) -> dict[str, Callable]:
    """Return what computes the answers; floats stand here for scale."""
    weights = load_float_model()
    file = convert_float(build_model(weights))
    found = {
        f"LiteRT int8, {kernel}": partial(tflite.predict, FILE, images, kernel=kernel)
        for kernel in tflite.KERNELS
    }
    found |= {
        f"qlib {kernel}, keep output": partial(_seen, network, images, kernel)
        for kernel in KERNELS
    }
    floats = partial(tflite.predict, file, images), partial(nn.predict, weights, images)
    return found | dict(zip(FLOATS, floats, strict=True))


def _every_tensor(network: IntegerNetwork, x: np.ndarray) -> dict[str, Callable]:
    """Return what computes the output of every operator."""
    theirs = {
        f"LiteRT int8, {kernel}, every tensor": partial(
            tflite.every_tensor, FILE, x, kernel=kernel
        )
        for kernel in tflite.KERNELS
    }
    return theirs | {
        f"qlib {kernel}, keep all": partial(network.run, x, kernel)
        for kernel in KERNELS
    }


def _codes(network: IntegerNetwork, images: np.ndarray) -> np.ndarray:
    """Return grey levels as the network's input codes."""
    return quantize(images[..., np.newaxis] / np.float32(255), network.input.params)


def _seen(network: IntegerNetwork, images: np.ndarray, kernel: str) -> np.ndarray:
    """Return the digit that the integer network sees in each image."""
    (scores,) = network.run(_codes(network, images), kernel, keep="output").values()
    return scores.argmax(axis=1)


def _fingerprints(result: Mapping[str, np.ndarray]) -> list[str]:
    """Return what tells the bytes of each tensor: all of them would fill 2 GB."""
    return [
        name + hashlib.sha256(np.ascontiguousarray(q)).hexdigest()
        for name, q in result.items()
    ]


def _differences(
    kept: Mapping[str, list], heading: str, theirs: str, ours: str
) -> dict[str, Row]:
    """Return how many things of each qlib run differ from those of LiteRT's kernel."""
    facts = {}
    for kernel in tflite.KERNELS:
        pairs = zip(
            kept[f"qlib {kernel}{ours}"],
            kept[f"LiteRT int8, {kernel}{theirs}"],
            strict=True,
        )
        facts[f"qlib {kernel}{ours}"] = {heading: sum(a != b for a, b in pairs)}
    return facts


def _beside_reference(kernel: str) -> Callable[[Rows], float]:
    ours = f"qlib {kernel}, keep output"
    return times_as_fast(ours, "LiteRT int8, reference", "10,000 digits, the answers")


def _wrong(rows: Rows) -> float:
    return sum(row.get(TENSORS, 0) for row in rows)


def for_lesson(record: Row) -> Row:
    """Return the record as lesson 00 reads it: seconds by the contender's name."""
    about = {key: record[key] for key in ("date", "machine", "packages")}
    return about | {
        "found": {
            row["name"]: {key: row[key] for key in ("seconds", "quartiles", "rounds")}
            for row in record["found"].values()
        }
    }


def main() -> None:
    """Bring the numbers of lesson 00 up to the last record."""
    record = json.loads((RECORDS / "integer.json").read_text(encoding="utf-8"))
    text = json.dumps(for_lesson(record), indent=2) + "\n"
    write_whole(FOR_LESSON, text.encode())
    print("Written. Now: python3 course.py refresh 00")


BENCHMARK = Benchmark(
    name="integer",
    title="The exact integer network",
    about="""
    The int8 file of the course, the test digits. LiteRT and qlib's integers run on one
    thread, LiteRT 100 images at a time; `qlib.nn`, in floats and for scale, on all
    cores. For the answers all are given grey levels and return digits; LiteRT opens the
    file each time. "Every tensor" and "keep all" are given codes and return what each
    operator computed. Every byte of qlib's tensors is compared with those of LiteRT's
    kernel of the same name; it has none called "micro".
    """,
    groups=groups,
    packages=("numpy", "ai-edge-litert", "tensorflow"),
    aims=(
        Aim("qlib's integers equal LiteRT's: {limit} tensors differ", _wrong, 0),
        Aim(
            "reference kernel: at least {limit} times as fast as LiteRT's",
            _beside_reference("reference"),
            5,
            "times",
            at_least=True,
        ),
        Aim(
            "float rule (XNNPACK's): at least {limit} times as fast as LiteRT's "
            "reference kernel",
            _beside_reference("xnnpack"),
            8,
            "times",
            at_least=True,
        ),
    ),
)

if __name__ == "__main__":
    main()
