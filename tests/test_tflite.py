"""qlib.tflite: the committed int8 file is what its record says; bad files are named."""

import hashlib
import json

import numpy as np
import pytest

from qlib import conversion, tflite
from qlib.data import DATA, load_float_model, load_mnist
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


# --- what is refused -----------------------------------------------------------------


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
