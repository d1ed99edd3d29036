"""What a model needs of a device: flash for its file, RAM for its activations.

Weights stay in flash. Activations share an arena of RAM: a tensor has its place there
from the operator that writes it to the last that reads it. Weights of 4 bits are
unpacked there, a byte each, while their operator runs, as TensorFlow Lite Micro does.
Introduced in lesson 05.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from qlib._checked import whole_number
from qlib.flatbuffer import ModelFile, Tensor, read_model

ITEM = {"int8": 1, "uint8": 1, "int16": 2, "float16": 2, "int32": 4, "float32": 4}
ITEM |= {"int64": 8, "float64": 8, "bool": 1}


@dataclass(frozen=True)
class Device:
    """A board's memory, in bytes.

    Args:
        flash: for program and weights.
        ram: for everything that changes.
    """

    flash: int
    ram: int


# The makers' data sheets; kB and MB are 1,024 bytes and kB here, as memory is sold.
DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        "Arduino Uno (ATmega328P)": Device(32 * 1024, 2 * 1024),
        "Blue Pill (STM32F103C8)": Device(64 * 1024, 20 * 1024),
        "micro:bit v2 (nRF52833)": Device(512 * 1024, 128 * 1024),
        "Nano 33 BLE (nRF52840)": Device(1024 * 1024, 256 * 1024),
        "Pico (RP2040)": Device(2048 * 1024, 264 * 1024),
    }
)


@dataclass(frozen=True)
class Place:
    """Where and when a tensor lies in the arena.

    Args:
        tensor: what lies there.
        offset, size: in bytes.
        first, last: numbers of the operators that write it and read it last; an
            input is there from the beginning, 0, an output to the end.
    """

    tensor: Tensor
    offset: int
    size: int
    first: int
    last: int

    def meets(self, first: int, last: int) -> bool:
        """Return whether it is there at some time from `first` to `last`."""
        return self.first <= last and first <= self.last


def flash_bytes(model: ModelFile | bytes | str | Path) -> dict[str, int]:
    """Return the bytes of the file: of weights, and of everything else in it.

    Args:
        model: the bytes of a .tflite file, its path, or what `read_model` returns.

    Example:
        >>> from qlib.data import DATA
        >>> from qlib.flatbuffer import read_model
        >>> flash_bytes(read_model(DATA / "mnist_qat_int8.tflite"))["weights"]
        347472
    """
    model = _opened(model)
    weights = sum(tensor.nbytes for tensor in model.tensors)
    return {"weights": weights, "tables": model.nbytes - weights}


def alive(model: ModelFile | bytes | str | Path) -> list[int]:
    """Return the bytes of the activations that each operator needs at its time.

    Args:
        model: the bytes of a .tflite file, its path, or what `read_model` returns.

    Raises:
        TypeError, FileNotFoundError: as for `qlib.flatbuffer.read_model`.
        ValueError: it is no .tflite file; a tensor has a type of unknown size.

    Example:
        >>> from qlib.data import DATA
        >>> from qlib.flatbuffer import read_model
        >>> alive(read_model(DATA / "mnist_qat_int8.tflite"))[:2]
        [22416, 27040]
    """
    model = _opened(model)
    lives = _lives(model)
    return [
        sum(size for _, size, first, last in lives if first <= step <= last)
        for step in range(len(model.layers))
    ]


def arena(model: ModelFile | bytes | str | Path, alignment: int = 16) -> list[Place]:
    """Return a place in RAM for every activation, found greedily, largest first.

    Each tensor is put at the lowest offset where it meets no other that is there at
    the same time. The arena's size is the largest offset + size.

    Args:
        model: the bytes of a .tflite file, its path, or what `read_model` returns.
        alignment: offsets and sizes are multiples of it, in bytes.

    Raises:
        TypeError, ValueError: as for `alive`; alignment is no whole number from 1 to
            4,096.

    Source: `GreedyMemoryPlanner` of TensorFlow Lite Micro. Lesson 05.

    Example:
        >>> from qlib.data import DATA
        >>> from qlib.flatbuffer import read_model
        >>> places = arena(read_model(DATA / "mnist_qat_int8.tflite"))
        >>> max(place.offset + place.size for place in places)
        27040
    """
    model = _opened(model)
    unit = whole_number(alignment, "alignment", 1, 4096)
    found: list[Place] = []
    for tensor, size, first, last in sorted(_lives(model), key=lambda v: -v[1]):
        size = -(-size // unit) * unit
        offset = 0
        for other in sorted(found, key=lambda place: place.offset):
            if other.meets(first, last) and other.offset < offset + size:
                offset = max(offset, other.offset + other.size)
        found.append(Place(tensor, offset, size, first, last))
    return sorted(found, key=lambda place: place.first)


def _opened(model: ModelFile | bytes | str | Path) -> ModelFile:
    return model if isinstance(model, ModelFile) else read_model(model)


def _lives(model: ModelFile) -> list[tuple[Tensor, int, int, int]]:
    """Return (tensor, bytes, first operator, last operator) of all that needs RAM."""
    steps = model.layers
    written = {i: 0 for i in model.inputs}
    written |= {i: k for k, op in enumerate(steps) for i in op.outputs}
    read = {i: k for k, op in enumerate(steps) for i in op.inputs}
    read |= {i: len(steps) - 1 for i in model.outputs}
    unpacked = [
        (model.tensors[i], math.prod(model.tensors[i].shape), k, k)
        for k, step in enumerate(steps)
        for i in step.inputs
        if i >= 0 and model.tensors[i].dtype == "int4"
    ]
    return unpacked + [
        (model.tensors[i], _nbytes(model.tensors[i]), first, read.get(i, first))
        for i, first in written.items()
    ]


def _nbytes(tensor: Tensor) -> int:
    if tensor.dtype not in ITEM:
        raise ValueError(
            f"tensor {tensor.name!r} is {tensor.dtype}: its size is not known."
        )
    return ITEM[tensor.dtype] * math.prod(tensor.shape)
