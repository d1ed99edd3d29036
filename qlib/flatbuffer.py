"""What a .tflite file holds: tensors with their scales and zero points, and operators.

A .tflite file is a flatbuffer: tables of offsets that can be read in place. The schema
comes with LiteRT; here its tables become small frozen objects. Introduced in lesson 05.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import plain_array
from qlib.packing import unpack
from qlib.params import QuantParams

SHAPES = ("SHAPE", "STRIDED_SLICE", "PACK")  # tell a reshape how many inputs there are
BITS = {"int4": 4, "int8": 8, "int16": 16, "uint8": 8}


@dataclass(frozen=True)
class Tensor:
    """A tensor of a model.

    Args:
        index: its place in the file's list.
        name: made unique by `#index` where the file uses a name twice.
        shape: with 1 for the batch.
        dtype: by name, such as "int8", "int32", "float32", "int4".
        scale, zero_point: one number or one for each channel; None if there are none.
        axis: of the channels, where there are several scales.
        data: weights and other constants, read-only; None for what is computed, and
            for types that NumPy has not, such as strings.
        nbytes: of the data in the file, which packs int4 codes in pairs.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: np.ndarray | None = None
    zero_point: np.ndarray | None = None
    axis: int | None = None
    data: np.ndarray | None = None
    nbytes: int = 0

    @property
    def params(self) -> QuantParams:
        """The grid of its codes.

        Raises:
            ValueError: the tensor has no scale, or is an int32 bias.
        """
        if self.scale is None or self.dtype not in BITS:
            raise ValueError(
                f"tensor {self.name!r} ({self.dtype}) is on no grid of 4 to 16 bits."
            )
        signed = self.dtype != "uint8"
        return QuantParams(
            self.scale, self.zero_point, BITS[self.dtype], signed, axis=self.axis
        )


@dataclass(frozen=True)
class Operator:
    """A step of a model: what it is, which tensors it reads and writes.

    Args:
        kind: such as "CONV_2D".
        inputs, outputs: indices of tensors; -1 stands for one that is left out.
        options: such as {"padding": "VALID", "stride_h": 1}.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class ModelFile:
    """All that a .tflite file says, in the file's order.

    Args:
        tensors, operators: of the first subgraph.
        inputs, outputs: indices of the model's own.
        subgraphs: how many there are; the others are left out.
        nbytes: size of the file.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int
    nbytes: int

    @property
    def layers(self) -> tuple[Operator, ...]:
        """The operators, without those that only work out a shape."""
        return tuple(op for op in self.operators if op.kind not in SHAPES)

    @property
    def computed(self) -> tuple[Tensor, ...]:
        """The tensors that `layers` write, in their order."""
        written = (i for op in self.layers for i in op.outputs)
        return tuple(self.tensors[i] for i in written if i >= 0)


def file_bytes(model: bytes | str | Path) -> bytes:
    """Return the bytes of a .tflite file, given by them or by its path.

    Raises:
        TypeError: model is neither bytes nor a path.
        FileNotFoundError: there is no such file.
        ValueError: it is no .tflite file.
    """
    if isinstance(model, (str, Path)):
        path = Path(model)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path.name} in {path.parent}.")
        model = path.read_bytes()
    if not isinstance(model, (bytes, bytearray)):
        raise TypeError(
            f"model is a {type(model).__name__}: the bytes of a .tflite file, or its "
            "path, are needed."
        )
    if bytes(model[4:8]) != b"TFL3":
        raise ValueError(
            f"these {len(model)} bytes are no .tflite file (which has TFL3 as bytes 4 "
            "to 7)."
        )
    return bytes(model)


def read_model(model: bytes | str | Path) -> ModelFile:
    """Return the tensors and operators of a .tflite file.

    Args:
        model: the bytes of a .tflite file, or its path.

    Raises:
        TypeError, FileNotFoundError: as for `qlib.tflite.open_model`.
        ValueError: it is no .tflite file, or a damaged one.

    Source: schema.fbs of TensorFlow Lite, as `ai_edge_litert` brings it. Lesson 05.

    Example:
        >>> from qlib.data import DATA
        >>> found = read_model(DATA / "mnist_qat_int8.tflite")
        >>> [op.kind for op in found.operators][:3]
        ['CONV_2D', 'MAX_POOL_2D', 'RESHAPE']
        >>> found.tensors[found.inputs[0]].params.zero_point
        -128
    """
    content = file_bytes(model)
    try:
        return _parsed(content)
    except Exception as error:  # offsets that lead astray raise many kinds
        raise ValueError(
            f"the .tflite file is damaged: its tables cannot be read "
            f"({type(error).__name__}). Make or fetch it again."
        ) from error


def with_every_output(content: bytes) -> bytes:
    """Return the model with every operator's outputs as outputs of its own.

    Runtimes throw away what they need no longer, or never write it down where two
    steps are done in one. What is an output they must keep.

    Args:
        content: the bytes of a .tflite file.

    Raises:
        TypeError, ValueError: as for `read_model`.

    Example:
        >>> from qlib.data import DATA
        >>> content = (DATA / "mnist_qat_int8.tflite").read_bytes()
        >>> len(read_model(with_every_output(content)).outputs)
        6
    """
    found = read_model(content)
    model = _tables(file_bytes(content))
    model.subgraphs[0].outputs = [tensor.index for tensor in found.computed]
    return _packed(model, len(content))


def with_scales(content: bytes, scales: Mapping[int, ArrayLike]) -> bytes:
    """Return the model with other scales for some tensors; all codes stay as they are.

    Args:
        content: the bytes of a .tflite file.
        scales: by the tensor's index, above 0, as many as the tensor has now.

    Raises:
        TypeError, ValueError: as for `read_model`; scales is no dictionary; a tensor
            isn't there, or a scale is no number, not above 0 and finite, or of another
            shape than the tensor's.

    Example:
        >>> from qlib.data import DATA
        >>> content = (DATA / "mnist_qat_int8.tflite").read_bytes()
        >>> start = read_model(content).inputs[0]
        >>> read_model(with_scales(content, {start: 0.25})).tensors[start].scale
        np.float32(0.25)
    """
    tensors = read_model(content).tensors
    model = _tables(content)
    if not isinstance(scales, Mapping):
        raise TypeError(
            f"scales is {type(scales).__name__}: a dictionary is needed, from a "
            "tensor's index to its new scale."
        )
    for index, value in scales.items():
        if index not in range(len(tensors)):
            raise ValueError(f"there is no tensor {index}: 0 to {len(tensors) - 1}.")
        new = plain_array(value, f"scales[{index}]")
        if new.dtype.kind == "b":
            raise TypeError(f"scales[{index}] is {value!r:.60}: numbers are needed.")
        with np.errstate(all="ignore"):  # infinity and 0 are refused just below
            new = new.astype(np.float32)
        usable = np.all((new > 0) & np.isfinite(new))
        if new.shape != np.shape(tensors[index].scale) or not usable:
            raise ValueError(
                f"the new scale of tensor {index} is {value!s:.60}: it has the scale "
                f"{tensors[index].scale}, and needs as many, above 0."
            )
        grid = model.subgraphs[0].tensors[index].quantization
        grid.scale = new.reshape(-1)
    return _packed(model, len(content))


def _packed(model: Any, size: int) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(size)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tables(content: bytes) -> Any:
    schema = _schema()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def _parsed(content: bytes) -> ModelFile:
    model = _tables(content)
    graph = model.subgraphs[0]
    codes = [_code_name(code) for code in model.operatorCodes]
    names = [(t.name or b"").decode("utf-8", "replace") for t in graph.tensors]
    tensors = tuple(
        _tensor(i, name if names.count(name) == 1 else f"{name}#{i}", t, model.buffers)
        for i, (name, t) in enumerate(zip(names, graph.tensors, strict=True))
    )
    operators = tuple(
        Operator(
            codes[op.opcodeIndex],
            _indices(op.inputs, len(tensors)),
            _indices(op.outputs, len(tensors)),
            _options(op.builtinOptions),
        )
        for op in graph.operators
    )
    ends = (_indices(some, len(tensors)) for some in (graph.inputs, graph.outputs))
    return ModelFile(tensors, operators, *ends, len(model.subgraphs), len(content))


def _tensor(index: int, name: str, table: Any, buffers: list) -> Tensor:
    shape = tuple(int(n) for n in (table.shape if table.shape is not None else ()))
    dtype = _names("TensorType")[table.type].lower()
    raw = buffers[table.buffer].data
    raw = None if raw is None or len(raw) == 0 else np.asarray(raw, np.uint8)
    grid = table.quantization
    scale = zero_point = axis = None
    if grid is not None and grid.scale is not None and len(grid.scale):
        scale = np.array(grid.scale, np.float32)
        zero_point = np.array(grid.zeroPoint, np.int64)
        zero_point = np.broadcast_to(zero_point, scale.shape)  # one for all will do
        scale.flags.writeable = False
        several = len(scale) > 1
        axis = int(grid.quantizedDimension) if several else None
        scale, zero_point = (v if several else v[0] for v in (scale, zero_point))
    data, nbytes = _data(raw, dtype, shape), 0 if raw is None else len(raw)
    return Tensor(index, name, shape, dtype, scale, zero_point, axis, data, nbytes)


def _data(raw: np.ndarray | None, dtype: str, shape: tuple) -> np.ndarray | None:
    if raw is None or not (dtype == "int4" or hasattr(np, dtype)):
        return None
    if dtype == "int4":
        data = unpack(raw, 4, shape)
    else:
        data = raw.view(np.dtype(dtype).newbyteorder("<")).reshape(shape)
    data.flags.writeable = False
    return data


def _indices(values: Iterable | None, below: int) -> tuple[int, ...]:
    found = tuple(int(i) for i in (values if values is not None else ()))
    if any(not -1 <= i < below for i in found):
        raise IndexError(f"tensor {max(found)} of {below}")
    return found


def _code_name(code: Any) -> str:
    if code.customCode:
        return code.customCode.decode("utf-8", "replace")
    # Small codes were once kept in another field; the larger of the two holds.
    return _names("BuiltinOperator")[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _options(table: Any) -> dict[str, Any]:
    """Return an operator's options, with names for padding and activation."""
    enums = {"padding": "Padding", "fusedActivationFunction": "ActivationFunctionType"}
    found = {}
    for name, value in (vars(table) if table is not None else {}).items():
        value = _names(enums[name])[value] if name in enums else value
        found["".join(f"_{c.lower()}" if c.isupper() else c for c in name)] = value
    return found


@functools.cache
def _names(enum: str) -> dict[int, str]:
    """Return the names of a schema's constants by their numbers."""
    table = vars(getattr(_schema(), enum))
    return {v: k for k, v in table.items() if not k.startswith("_")}


@functools.cache
def _schema() -> ModuleType:
    from ai_edge_litert import schema_py_generated

    return schema_py_generated
