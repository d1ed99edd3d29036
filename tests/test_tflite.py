"""qlib.tflite: the committed int8 file is what its record says; bad files are named."""

import functools
import hashlib
import itertools
import json

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from qlib import conversion, tflite
from qlib.data import DATA, load_float_model, load_mnist
from qlib.flatbuffer import read_model
from qlib.nn import forward
from qlib.quiet import load_tensorflow
from qlib.training import build_model

FILE = DATA / "mnist_qat_int8.tflite"
RECORD = json.loads((DATA / "mnist_qat_int8.json").read_text())
X_TEST, Y_TEST = load_mnist()[1]


# --- the committed file --------------------------------------------------------------


def test_the_file_is_the_one_of_its_record():
    content = FILE.read_bytes()
    assert len(content) == RECORD["bytes"]
    assert hashlib.sha256(content).hexdigest() == RECORD["sha256"]


def test_the_file_scores_what_its_record_says_over_all_test_digits():
    accuracy = np.mean(tflite.predict(FILE, X_TEST) == Y_TEST)
    assert RECORD["test_accuracy"] >= 0.9925
    assert abs(accuracy - RECORD["test_accuracy"]) <= 2e-4  # another processor, perhaps


def test_there_is_no_float_tensor_inside():
    for tensor in tflite.open_model(FILE).get_tensor_details():
        assert np.dtype(tensor["dtype"]).kind == "i"


# --- running -------------------------------------------------------------------------


def test_a_short_last_batch_and_real_images_make_no_difference():
    digits = tflite.predict(FILE, X_TEST[:107], batch=50)
    real = X_TEST[:107, ..., None].astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(tflite.predict(FILE, real, batch=1), digits)
    np.testing.assert_array_equal(tflite.predict(FILE.read_bytes(), X_TEST[:9]),
                                  digits[:9])  # fmt: skip


def test_a_float_file_can_be_run_too():
    content = conversion.convert_float(build_model(load_float_model()))
    assert np.mean(tflite.predict(content, X_TEST[:500]) == Y_TEST[:500]) > 0.98


@pytest.mark.parametrize("kernel", tflite.KERNELS)
def test_every_kernel_opens_and_sees_the_same_digits(kernel):
    interpreter = tflite.open_model(FILE, batch=3, kernel=kernel)
    assert tuple(interpreter.get_input_details()[0]["shape"]) == (3, 28, 28, 1)
    found = tflite.predict(FILE, X_TEST[:300], kernel=kernel)
    assert np.mean(found == Y_TEST[:300]) > 0.98


def test_the_kernels_are_different_arithmetic():
    x = digits(300)
    found = [tflite.every_tensor(FILE, x, kernel=k) for k in tflite.KERNELS]
    for one, other in itertools.combinations(found, 2):
        assert any(np.any(one[name] != other[name]) for name in one)


# --- every tensor --------------------------------------------------------------------


def digits(n):
    """Return test digits as the committed file takes them."""
    return (X_TEST[:n, ..., None].astype(int) - 128).astype(np.int8)


@functools.cache
def float_file():
    return conversion.convert_float(build_model(load_float_model()))


@pytest.mark.parametrize("kernel", tflite.KERNELS)
def test_the_tensors_of_a_float_file_are_those_of_keras(kernel):
    model = build_model(load_float_model())
    layers = [layer.output for layer in model.layers]
    x = X_TEST[:50, ..., None] / np.float32(255)
    expected = load_tensorflow().keras.Model(model.input, layers)(x)
    # The file's last layer is two operators; its scores are no layer's output.
    expected = [*map(np.asarray, expected), forward(load_float_model(), X_TEST[:50])]
    found = tflite.every_tensor(float_file(), x, 20, kernel)
    assert len(found) == len(read_model(float_file()).computed) == len(expected) == 6
    for values in found.values():
        assert values.dtype == np.float32
        same = [e for e in expected if e.shape == values.shape]
        assert any(np.allclose(values, e, rtol=1e-5, atol=1e-5) for e in same)


@pytest.mark.parametrize("kernel", tflite.KERNELS)
@pytest.mark.parametrize("batch", [1, 4, 7, 10_000])
def test_an_input_gets_the_same_tensors_in_any_batch(batch, kernel):
    x = digits(7)
    alone = [tflite.every_tensor(FILE, x[i : i + 1], 1, kernel) for i in range(7)]
    found = tflite.every_tensor(FILE, x, batch, kernel)
    assert list(found) == [t.name for t in read_model(FILE).computed]
    for name, codes in found.items():
        assert codes.dtype == np.int8
        np.testing.assert_array_equal(codes, np.concatenate([a[name] for a in alone]))


def test_the_last_tensor_is_the_output_of_the_file():
    x = digits(9)
    interpreter = tflite.open_model(FILE, 9)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    *_, last = tflite.every_tensor(FILE, x).values()
    np.testing.assert_array_equal(last, output)


def test_the_input_is_never_changed_and_may_lie_in_memory_as_it_likes():
    x = digits(5)
    expected = tflite.every_tensor(FILE, x.copy())
    x.flags.writeable = False
    for same in (x, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]):
        for name, codes in tflite.every_tensor(FILE, same, batch=2).items():
            np.testing.assert_array_equal(codes, expected[name])
    real = X_TEST[:3, ..., None] / np.float32(255)
    swapped = tflite.every_tensor(float_file(), real.astype(">f4"))
    for name, values in tflite.every_tensor(float_file(), real).items():
        np.testing.assert_array_equal(swapped[name], values)


def test_names_that_a_file_uses_twice_are_told_apart():
    model = schema.ModelT.InitFromPackedBuf(FILE.read_bytes(), 0)
    for tensor in model.subgraphs[0].tensors:
        tensor.name = b"same"
    builder = flatbuffers.Builder(1)
    builder.Finish(model.Pack(builder), b"TFL3")
    found = tflite.every_tensor(bytes(builder.Output()), digits(2))
    for ours, theirs in zip(
        found.values(), tflite.every_tensor(FILE, digits(2)).values(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


# --- what is refused -----------------------------------------------------------------

X = np.zeros((2, 28, 28, 1), np.int8)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (None, TypeError, "x is None"),
        ("x", TypeError, "x is 'x'"),
        (X.tolist(), TypeError, "x has dtype int64, and the model takes int8: quant"),
        (X.astype(np.uint8), TypeError, "x has dtype uint8, and the model takes int8"),
        (X.astype(np.float32), TypeError, "x has dtype float32.*quantize the images"),
        (X.astype(bool), TypeError, "x has dtype bool"),
        (X.astype(object), TypeError, "x has dtype object"),
        (np.ma.array(X), TypeError, "x is a masked array"),
        (X[:0], ValueError, r"x has shape \(0, 28, 28, 1\)"),
        ([], ValueError, r"x has shape \(0,\)"),
        (np.int8(3), ValueError, r"x has shape \(\)"),
        (X[0], ValueError, r"\(n, 28, 28, 1\) is needed"),
        (X[:, :20], ValueError, r"\(n, 28, 28, 1\) is needed"),
        (X[..., 0], ValueError, r"\(n, 28, 28, 1\) is needed"),
        ([[1], [1, 2]], ValueError, "x does not form an array"),
    ],
)
def test_what_is_no_input_is_named(x, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        tflite.every_tensor(FILE, x)


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.int8])
def test_an_input_of_another_type_than_a_float_files_is_told_what_to_do(dtype):
    with pytest.raises(TypeError, match=r"takes float32: .*x\.astype\(np\.float32\)"):
        tflite.every_tensor(float_file(), X.astype(dtype))


@pytest.mark.parametrize("batch", [0, -1, 1.5, "4", True, None, 10_001])
def test_a_bad_batch_of_tensors_is_named(batch):
    for call in (lambda: tflite.every_tensor(FILE, X, batch=batch),
                 lambda: tflite.open_model(FILE, batch=batch)):  # fmt: skip
        with pytest.raises((TypeError, ValueError), match="batch is"):
            call()


@pytest.mark.parametrize("kernel", ["ruy", "", None, 1, ["reference"], "XNNPACK"])
def test_an_unknown_kernel_is_named(kernel):
    message = "kernel is .*: allowed are 'reference', 'optimized', 'xnnpack'"
    for call in (lambda: tflite.open_model(FILE, kernel=kernel),
                 lambda: tflite.every_tensor(FILE, X, kernel=kernel),
                 lambda: tflite.predict(FILE, X_TEST[:2], kernel=kernel)):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()


def test_a_model_that_fails_as_it_runs_is_named():
    model = schema.ModelT.InitFromPackedBuf(FILE.read_bytes(), 0)
    (reshape,) = (o for o in read_model(FILE).operators if o.kind == "RESHAPE")
    constant = model.subgraphs[0].tensors[reshape.inputs[1]]
    model.buffers[constant.buffer].data = np.int32([-1, 5407]).view(np.uint8)
    builder = flatbuffers.Builder(1)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(ValueError, match="cannot be (opened|run).*damaged"):
        tflite.every_tensor(bytes(builder.Output()), X)


def test_a_model_with_two_inputs_is_named():
    layers = load_tensorflow().keras.layers
    ends = layers.Input((3,)), layers.Input((3,))
    model = load_tensorflow().keras.Model(ends, layers.Add()(ends))
    content = conversion.convert_float(model)
    with pytest.raises(ValueError, match="the model has 2 inputs: x is for one"):
        tflite.every_tensor(content, np.zeros((5, 3), np.float32))


def test_scores_at_which_the_reference_softmax_would_stop_python_are_named():
    layers = load_tensorflow().keras.layers
    zero = layers.Dense(3, "softmax", kernel_initializer="zeros")
    model = load_tensorflow().keras.Sequential([layers.Input((4,)), zero])
    noise = np.random.default_rng(0).normal(0, 1, (20, 4)).astype(np.float32)
    content, x = conversion.convert_int8(model, noise), np.ones((2, 4), np.int8)
    with pytest.raises(ValueError, match="steps of 7.8e-09.*Were the weights"):
        tflite.every_tensor(content, x, kernel="reference")
    for kernel in ("optimized", "xnnpack"):
        *_, found = tflite.every_tensor(content, x, kernel=kernel).values()
        np.testing.assert_array_equal(found, np.full((2, 3), -43))  # 1/3


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (b"", ValueError, "these 0 bytes are no .tflite file"),
        (b"not a model at all", ValueError, "no .tflite file"),
        (FILE.read_bytes()[:5000], ValueError, "cannot be opened"),
        (FILE.read_bytes()[:100], ValueError, "cannot be opened"),
        ("nowhere.tflite", FileNotFoundError, "no file nowhere.tflite"),
        (DATA / "README.md", ValueError, "no .tflite file"),
        (None, TypeError, "model is a NoneType"),
        (7, TypeError, "model is a int"),
    ],
)
def test_what_is_no_model_is_named(model, error, message, capfd):
    with pytest.raises(error, match=message):
        tflite.open_model(model)


@pytest.mark.parametrize("batch", [0, -1, 1.5, "4"])
def test_a_bad_batch_is_named(batch):
    with pytest.raises((TypeError, ValueError), match="batch is"):
        tflite.predict(FILE, X_TEST[:4], batch=batch)


def test_images_with_nan_are_named():
    real = X_TEST[:4] / np.float32(255)
    with pytest.raises(ValueError, match="images holds"):
        tflite.predict(FILE, np.where(real > 0.5, np.nan, real))


def test_images_of_another_shape_are_named():
    with pytest.raises(ValueError, match="images"):
        tflite.predict(FILE, X_TEST[:4, :20])
