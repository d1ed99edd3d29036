"""What TensorFlow Lite Micro, the runtime for microcontrollers, says of the int8 file.

    python3 course.py run python benchmarks/micro.py               half a minute

Its code runs here on a PC, and comes with the tests' dependencies on Linux on x86-64.
Written to benchmarks/micro.json: the arena that it asks for, for the course's file and
for others of the same network, and how many of the codes of all operators over the
10,000 test digits differ from `qlib.integer_nn`'s.
"""

import hashlib
import json
import os
import platform
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from qlib import conversion
from qlib.data import DATA, load_float_model, load_mnist
from qlib.flatbuffer import read_model, with_every_output
from qlib.four_bits import four_bit_model
from qlib.integer_nn import IntegerNetwork
from qlib.linear import quantize
from qlib.quiet import quiet
from qlib.training import build_model

FILE = DATA / "mnist_qat_int8.tflite"
PART = 1000  # images at a time


def arena(content: bytes) -> dict[str, int]:
    """Return the bytes that the runtime allocates, as it prints them itself."""
    interpreter = runtime.Interpreter.from_bytes(content)
    with tempfile.TemporaryFile("w+") as log:
        saved = [os.dup(1), os.dup(2)]
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            interpreter.print_allocations()
        finally:
            for descriptor, copy in enumerate(saved, start=1):
                os.dup2(copy, descriptor)
                os.close(copy)
        log.seek(0)
        text = log.read()
    found = re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", text)
    return {f"arena {name}": int(value) for name, value in found}


def arenas() -> dict[str, dict[str, int] | str]:
    """Return the arena of each kind of file, or that the runtime refuses it."""
    model, (images, _) = build_model(load_float_model()), load_mnist()[0]
    files = {
        "float32": conversion.convert_float(model),
        "float16": conversion.convert_float16(model),
        "dynamic range": conversion.convert_dynamic_range(model),
        "int8": conversion.convert_int8(model, images[:100]),
        "16x8": conversion.convert_16x8(model, images[:100]),
        "int4": conversion.convert_quantized(four_bit_model(model, images[:1000])),
    }
    found = {}
    for name, content in files.items():
        try:
            with quiet():
                runtime.Interpreter.from_bytes(content)
            found[name] = arena(content)
        except Exception as error:  # whatever it says of a file it cannot run
            found[name] = f"refused ({type(error).__name__})"
    return found


def every_tensor(interpreter, x: np.ndarray, outputs: int) -> list[np.ndarray]:
    """Return the output of every operator, for one image after the other."""
    rows = []
    for one in x:
        interpreter.set_input(one[np.newaxis], 0)
        interpreter.invoke()
        rows.append([interpreter.get_output(i)[0] for i in range(outputs)])
    return [np.stack(column) for column in zip(*rows, strict=True)]


def main() -> None:
    """Compare all tensors of all test digits, and write the record."""
    content = FILE.read_bytes()
    network = IntegerNetwork.from_tflite(content)
    names = [tensor.name for tensor in read_model(content).computed]
    interpreter = runtime.Interpreter.from_bytes(with_every_output(content))
    real = load_mnist()[1][0][..., np.newaxis] / np.float32(255)
    x = quantize(real, network.input.params)
    differences, codes = dict.fromkeys(names, 0), 0
    for start in range(0, len(x), PART):
        part = x[start : start + PART]
        theirs = every_tensor(interpreter, part, len(names))
        ours = network.run(part, "micro")
        for name, tensor in zip(names, theirs, strict=True):
            differences[name] += int(np.sum(ours[name] != tensor))
            codes += tensor.size
        print(f"{start + len(part):6} digits, differences {sum(differences.values())}")
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "tflite-micro": version("tflite-micro"),
        "file sha256": hashlib.sha256(content).hexdigest(),
        **arena(content),
        "other files": arenas(),
        "digits": len(x),
        "codes": codes,
        "differences": differences,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"written: {path.name}")


if __name__ == "__main__":
    main()
