"""qlib.flatbuffer: what it reads is what LiteRT tells; damaged files are named."""

import functools

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from qlib import conversion, tflite
from qlib.data import DATA, load_float_model, load_mnist
from qlib.flatbuffer import Tensor, file_bytes, read_model, with_every_output
from qlib.four_bits import four_bit_model
from qlib.linear import dequantize
from qlib.packing import pack
from qlib.params import QuantParams
from qlib.training import build_model
from tests import networks

FILE = DATA / "mnist_qat_int8.tflite"
CONTENT = FILE.read_bytes()
IMAGES, X_TEST = load_mnist()[0][0], load_mnist()[1][0]
KINDS = ("committed", "float", "float16", "dynamic", "int8", "16x8", "int4")


@functools.cache
def file_of(kind):
    if kind == "committed":
        return CONTENT
    model = build_model(load_float_model())
    return {
        "float": lambda: conversion.convert_float(model),
        "float16": lambda: conversion.convert_float16(model),
        "dynamic": lambda: conversion.convert_dynamic_range(model),
        "int8": lambda: conversion.convert_int8(model, IMAGES[:50]),
        "16x8": lambda: conversion.convert_16x8(model, IMAGES[:50]),
        "int4": lambda: conversion.convert_quantized(
            four_bit_model(model, IMAGES[:200])
        ),
    }[kind]()


def changed(content, change):
    """Return the file after `change` had its tables."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


# --- what a file holds ---------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_are_those_that_the_interpreter_tells(kind):
    model = read_model(file_of(kind))
    details = tflite.open_model(file_of(kind), kernel="reference").get_tensor_details()
    details = details[: len(model.tensors)]  # kernels add some of their own
    assert len(details) == len(model.tensors)
    for tensor, told in zip(model.tensors, details, strict=True):
        assert tensor.index == told["index"]
        assert tensor.name in (told["name"], f"{told['name']}#{tensor.index}")
        assert tensor.shape == tuple(told["shape"])
        grid = told["quantization_parameters"]
        scales = [] if tensor.scale is None else np.atleast_1d(tensor.scale)
        zeros = [] if tensor.scale is None else np.atleast_1d(tensor.zero_point)
        np.testing.assert_array_equal(scales, grid["scales"])
        np.testing.assert_array_equal(zeros, grid["zero_points"])
        if len(scales) > 1:
            assert tensor.axis == grid["quantized_dimension"]
        else:
            assert tensor.axis is None
        if tensor.dtype != "int4":  # LiteRT calls it int8
            assert tensor.dtype == np.dtype(told["dtype"]).name


@pytest.mark.parametrize("kind", KINDS)
def test_constants_are_those_that_the_interpreter_holds(kind):
    model = read_model(file_of(kind))
    interpreter = tflite.open_model(file_of(kind), kernel="reference")
    constants = [t for t in model.tensors if t.data is not None]
    assert sum(t.data.size for t in constants) >= 347_146  # the weights at least
    for tensor in constants:
        assert tensor.data.shape == tensor.shape
        if tensor.dtype == "int4":
            continue  # the interpreter gives its bytes, packed
        theirs = interpreter.get_tensor(tensor.index)
        assert theirs.dtype == tensor.data.dtype
        np.testing.assert_array_equal(tensor.data, theirs)
        assert tensor.nbytes == theirs.nbytes


def test_int4_weights_come_as_codes_and_fill_half_the_bytes():
    (kernel,) = (t for t in read_model(file_of("int4")).tensors if t.dtype == "int4")
    assert kernel.data.dtype == np.int8
    assert kernel.shape == kernel.data.shape == (64, 5408)
    assert kernel.data.min() == -7 and 6 <= kernel.data.max() <= 7
    assert kernel.nbytes == 64 * 5408 // 2
    model = schema.ModelT.InitFromPackedBuf(file_of("int4"), 0)
    buffer = model.subgraphs[0].tensors[kernel.index].buffer
    np.testing.assert_array_equal(
        pack(kernel.data, 4), np.asarray(model.buffers[buffer].data, np.uint8)
    )
    assert (kernel.params.qmin, kernel.params.qmax) == (-8, 7)
    # They stand for the float model's weights to within half a step, or a cut end.
    weights = load_float_model()["dense/kernel"].T
    error = np.abs(dequantize(kernel.data, kernel.params) - weights)
    assert np.mean(error <= kernel.scale * 0.501) > 0.999


@pytest.mark.parametrize("kind", KINDS)
def test_operators_inputs_and_outputs_are_those_of_the_interpreter(kind):
    model = read_model(file_of(kind))
    interpreter = tflite.open_model(file_of(kind), kernel="reference")
    told = interpreter._get_ops_details()
    assert [(op.kind, op.inputs, op.outputs) for op in model.operators] == [
        (op["op_name"], tuple(op["inputs"]), tuple(op["outputs"])) for op in told
    ]
    ends = interpreter.get_input_details(), interpreter.get_output_details()
    found = model.inputs, model.outputs
    assert found == tuple(tuple(d["index"] for d in some) for some in ends)
    assert (model.subgraphs, model.nbytes) == (1, len(file_of(kind)))


def test_options_have_the_names_of_the_schema():
    conv, pool, *_ = read_model(FILE).operators
    assert conv.options["padding"] == pool.options["padding"] == "VALID"
    assert conv.options["fused_activation_function"] == "RELU"
    assert (pool.options["filter_height"], pool.options["stride_w"]) == (2, 2)


@pytest.mark.parametrize(
    ("network", "layers"), [(networks.dilated, 3), (networks.pooled_padding, 5)]
)
def test_layers_are_the_operators_without_work_on_shapes(network, layers):
    model = read_model(networks.converted(network))
    left_out = {op.kind for op in model.operators if op not in model.layers}
    assert left_out <= {"SHAPE", "STRIDED_SLICE", "PACK"}
    assert len(model.layers) == layers
    assert model.computed[-1].index == model.outputs[0]


def test_bytes_path_and_bytearray_give_the_same_model():
    assert file_bytes(CONTENT) == file_bytes(FILE) == file_bytes(str(FILE)) == CONTENT
    copied = bytearray(CONTENT)
    found = read_model(copied)
    before = found.tensors[2].data.copy()
    copied[:] = bytes(len(copied))
    np.testing.assert_array_equal(found.tensors[2].data, before)


def test_every_array_is_read_only():
    for kind in ("committed", "int4"):
        for tensor in read_model(file_of(kind)).tensors:
            for array in (tensor.data, tensor.scale, tensor.zero_point):
                if isinstance(array, np.ndarray):
                    assert not array.flags.writeable
    with pytest.raises(AttributeError):
        read_model(FILE).tensors[0].scale = 1


# --- names and grids that files may leave out ----------------------------------------


def test_a_name_that_is_used_twice_is_told_apart():
    def change(model, graph):
        for tensor in graph.tensors[:3]:
            tensor.name = b"same"
        graph.tensors[3].name = None

    names = [t.name for t in read_model(changed(CONTENT, change)).tensors]
    assert names[:4] == ["same#0", "same#1", "same#2", ""]
    assert len(set(names)) == len(names)


def test_one_zero_point_will_do_for_all_channels():
    def change(model, graph):
        graph.tensors[index].quantization.zeroPoint = [0]

    (index, channels) = next(
        (t.index, len(t.scale))
        for t in read_model(FILE).tensors
        if t.axis is not None and t.dtype == "int8"
    )
    tensor = read_model(changed(CONTENT, change)).tensors[index]
    assert tensor.zero_point.shape == (channels,)
    assert tensor.params.scale.shape == (channels,)


def test_a_type_that_numpy_has_not_comes_without_data():
    def change(model, graph):
        graph.tensors[index].type = schema.TensorType.BFLOAT16

    index = next(t.index for t in read_model(FILE).tensors if t.data is not None)
    tensor = read_model(changed(CONTENT, change)).tensors[index]
    assert (tensor.dtype, tensor.data) == ("bfloat16", None)
    assert tensor.nbytes > 0


def test_a_subgraph_beyond_the_first_is_counted():
    def change(model, graph):
        model.subgraphs = [graph, graph]

    assert read_model(changed(CONTENT, change)).subgraphs == 2


def test_an_output_that_is_left_out_is_not_computed():
    def change(model, graph):
        graph.operators[0].outputs = [*graph.operators[0].outputs, -1]

    found = read_model(changed(CONTENT, change))
    assert found.operators[0].outputs[-1] == -1
    assert [t.index for t in found.computed] == [
        t.index for t in read_model(FILE).computed
    ]


# --- params --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_params_are_the_grid_or_are_refused(kind):
    for tensor in read_model(file_of(kind)).tensors:
        if tensor.scale is None or tensor.dtype in ("int32", "int64"):
            with pytest.raises(ValueError, match="is on no grid of 4 to 16 bits"):
                _ = tensor.params
            continue
        params = tensor.params
        assert params.bits == {"int4": 4, "int8": 8, "int16": 16}[tensor.dtype]
        np.testing.assert_array_equal(params.scale, tensor.scale)
        np.testing.assert_array_equal(params.zero_point, tensor.zero_point)
        assert params.axis == tensor.axis
        if tensor.data is not None:
            assert np.isfinite(dequantize(tensor.data, params)).all()


def test_the_input_of_a_uint8_model_is_on_an_unsigned_grid():
    def change(model, graph):
        graph.tensors[graph.inputs[0]].type = schema.TensorType.UINT8
        graph.tensors[graph.inputs[0]].quantization.zeroPoint = [0]

    model = read_model(changed(CONTENT, change))
    assert model.tensors[model.inputs[0]].params == QuantParams(
        1 / np.float32(255), 0, 8, signed=False
    )


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_none_is_named_where_it_is_used(scale):
    def change(model, graph):
        graph.tensors[graph.inputs[0]].quantization.scale = [scale]

    model = read_model(changed(CONTENT, change))
    with pytest.raises(ValueError, match="scale is .*above 0"):
        _ = model.tensors[model.inputs[0]].params


def test_a_float_tensor_and_a_bias_have_no_grid():
    with pytest.raises(ValueError, match=r"tensor 'x' \(float32\) is on no grid"):
        _ = Tensor(0, "x", (1,), "float32").params
    with pytest.raises(ValueError, match=r"tensor 'b' \(int32\) is on no grid"):
        _ = Tensor(0, "b", (1,), "int32", np.float32(1), np.int64(0)).params


# --- every operator's output ---------------------------------------------------------


@pytest.mark.parametrize("kernel", tflite.KERNELS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_outputs_may_be_kept_and_the_last_stays_what_it_was(kind, kernel):
    content = with_every_output(file_of(kind))
    before, after = read_model(file_of(kind)), read_model(content)
    assert after.outputs == tuple(t.index for t in before.computed)
    assert after.tensors[0].shape == before.tensors[0].shape
    x = X_TEST[:20, ..., None] / np.float32(255)
    found = []
    for each in (file_of(kind), content):
        interpreter = tflite.open_model(each, 20, kernel)
        at, out = interpreter.get_input_details()[0], interpreter.get_output_details()
        interpreter.set_tensor(at["index"], tflite.as_input(x, at))
        interpreter.invoke()
        found.append(interpreter.get_tensor(out[-1]["index"]))
    np.testing.assert_array_equal(*found)


def test_with_every_output_a_second_time_changes_nothing():
    once = with_every_output(CONTENT)
    assert read_model(with_every_output(once)).outputs == read_model(once).outputs


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize("read", [file_bytes, read_model, with_every_output])
@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (b"", ValueError, "these 0 bytes are no .tflite file"),
        (b"TFL3", ValueError, "these 4 bytes"),
        (b"PK\x03\x04" + bytes(100), ValueError, "no .tflite file"),
        (DATA / "mnist.npz", ValueError, "no .tflite file"),
        (DATA / "README.md", ValueError, "no .tflite file"),
        ("nowhere.tflite", FileNotFoundError, "no file nowhere.tflite"),
        ("", FileNotFoundError, "there is no file"),
        (str(DATA), FileNotFoundError, "there is no file"),
        ("a\0b", FileNotFoundError, "there is no file"),
        (None, TypeError, "model is a NoneType"),
        (7, TypeError, "model is a int"),
        ([CONTENT], TypeError, "model is a list"),
        (np.frombuffer(CONTENT, np.uint8), TypeError, "model is a ndarray"),
        (memoryview(CONTENT), TypeError, "model is a memoryview"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_model_is_named(read, model, error, message):
    with pytest.raises(error, match=message):
        read(model)


@pytest.mark.parametrize("read", [read_model, with_every_output])
@pytest.mark.parametrize(
    "kept", [8, 9, 12, 20, 40, 100, 500, 1000, 3000, 10_000, 100_000, 346_000, 351_000]
)
def test_a_file_cut_short_is_named(read, kept):
    with pytest.raises(ValueError, match="the .tflite file is damaged"):
        read(CONTENT[:kept])


def read_or_named(content):
    """Read a file that may be damaged: a sentence is the only way to fail."""
    for read in (read_model, with_every_output):
        try:
            found = read(content)
        except ValueError as error:
            assert str(error).endswith((".", "7)."))
        else:
            if read is read_model:
                assert isinstance(found.computed, tuple)


TABLES = len(read_model(CONTENT).tensors) * 400  # bytes at each end, more or less


@given(
    st.lists(st.tuples(st.integers(-TABLES, TABLES), st.integers(0, 255)), min_size=1)
)
def test_a_file_with_bytes_changed_is_read_or_named(changes):
    broken = bytearray(CONTENT)
    for at, value in changes:
        broken[at] = value
    read_or_named(bytes(broken))


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_after_the_mark_are_read_or_named(rest, start):
    read_or_named(start.to_bytes(4, "little") + b"TFL3" + rest)


@given(st.integers(8, len(CONTENT) - 1))
def test_a_file_cut_anywhere_is_read_or_named(kept):
    read_or_named(CONTENT[:kept])


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("model", "subgraphs", []),
        ("model", "operatorCodes", []),
        ("model", "buffers", []),
        ("graph", "inputs", [-2]),
        ("graph", "outputs", [99]),
        ("operator", "inputs", [4, 5, 1000]),
        ("operator", "opcodeIndex", 77),
        ("options", "padding", 9),
        ("tensor", "shape", [3, 5]),
        ("tensor", "type", 99),
        ("tensor", "buffer", 10_000),
        ("grid", "zeroPoint", None),
        ("grid", "zeroPoint", [0, 0, 0]),
    ],
)
def test_tables_that_do_not_fit_together_are_named(table, field, value):
    def change(model, graph):
        operator = graph.operators[0]
        tensor = graph.tensors[operator.inputs[1]]
        tables = {
            "model": model,
            "graph": graph,
            "operator": operator,
            "options": operator.builtinOptions,
            "tensor": tensor,
            "grid": tensor.quantization,
        }
        setattr(tables[table], field, value)

    with pytest.raises(ValueError, match="the .tflite file is damaged"):
        read_model(changed(CONTENT, change))
