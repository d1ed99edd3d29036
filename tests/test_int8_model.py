"""qlib.int8_model: a short training, and a file that only a good model may replace."""

import json

import numpy as np
import pytest

from qlib import int8_model, tflite
from qlib.data import load_float_model, load_mnist
from qlib.quiet import load_tensorflow
from qlib.tfmot_qat import calibrated_model, load_tfmot, ranges
from qlib.training import build_model, predict_digits

(IMAGES, LABELS), _ = load_mnist()
MODEL = load_float_model()


def test_a_step_of_training_moves_weights_and_leaves_the_ranges_near():
    recipe = {**int8_model.RECIPE, "epochs": 1, "batch": 128}
    model = int8_model.train_int8(MODEL, IMAGES[:512], LABELS[:512], recipe)
    fresh = calibrated_model(build_model(MODEL), IMAGES[:512])
    now, before = ranges(model), ranges(fresh)
    for name, (_, high) in before.items():
        np.testing.assert_allclose(now[name][1], high, rtol=0.05)
    moved = [np.abs(a - b).max() for a, b in zip(model.get_weights(),
             fresh.get_weights(), strict=True) if a.ndim > 1]  # fmt: skip
    assert all(0 < far < 0.01 for far in moved)


def test_a_trained_model_is_saved_and_loads_again_as_h5(tmp_path):
    recipe = {**int8_model.RECIPE, "epochs": 1, "batch": 128}
    model = int8_model.train_int8(MODEL, IMAGES[:256], LABELS[:256], recipe)
    path = tmp_path / "model.h5"
    model.save(path)
    with load_tfmot().quantization.keras.quantize_scope():
        again = load_tensorflow().keras.models.load_model(path)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    images = IMAGES[:300]
    np.testing.assert_array_equal(
        predict_digits(again, images), predict_digits(model, images)
    )


@pytest.mark.parametrize("labels", [LABELS[:256] + 5, LABELS[:255], LABELS[:256] / 1.0])
def test_labels_that_are_no_digits_are_named(labels):
    recipe = {**int8_model.RECIPE, "batch": 128}
    with pytest.raises((TypeError, ValueError), match="labels"):
        int8_model.train_int8(MODEL, IMAGES[:256], labels, recipe)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"peak": float("nan")}, "peak is nan"),
        ({"smoothing": 1.5}, "1 - smoothing is -0.5"),
        ({"rotation": float("nan")}, "movement is"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_settings_are_named(changes, message):
    recipe = {**int8_model.RECIPE, "batch": 128, **changes}
    with pytest.raises(ValueError, match=message):
        int8_model.train_int8(MODEL, IMAGES[:256], LABELS[:256], recipe)


def test_missing_settings_and_weights_are_named():
    with pytest.raises(ValueError, match="the recipe has no epochs, batch.*RECIPE"):
        int8_model.train_int8(MODEL, IMAGES[:256], LABELS[:256], {})
    with pytest.raises(TypeError, match="weights is NoneType"):
        int8_model.train_int8(None, IMAGES[:256], LABELS[:256])


def test_fewer_images_than_a_batch_are_named():
    with pytest.raises(ValueError, match="100 images, fewer than one batch 256"):
        int8_model.train_int8(MODEL, IMAGES[:100], LABELS[:100])


def test_a_good_model_is_written_with_its_record(tmp_path, monkeypatch):
    ready = calibrated_model(build_model(MODEL), IMAGES[:500])
    monkeypatch.setattr(int8_model, "train_int8", lambda *a: ready)
    monkeypatch.setattr(int8_model, "LEAST_ACCURACY", 0.99)
    accuracy = int8_model.make(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["mnist_qat_int8.json", "mnist_qat_int8.tflite"]
    record = json.loads((tmp_path / "mnist_qat_int8.json").read_text())
    assert record["test_accuracy"] == accuracy > 0.99
    assert record["bytes"] == (tmp_path / int8_model.NAME).stat().st_size


def test_a_worse_model_replaces_nothing(tmp_path, monkeypatch):
    upside_down = {**MODEL, "logits/kernel": -MODEL["logits/kernel"]}
    bad = calibrated_model(build_model(upside_down), IMAGES[:100])
    monkeypatch.setattr(int8_model, "train_int8", lambda *a: bad)
    (tmp_path / int8_model.NAME).write_bytes(b"the old one")
    with pytest.raises(ValueError, match=r"0\.9925 is needed.*left as it is"):
        int8_model.make(tmp_path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"the old one"]


def test_the_committed_file_was_made_with_this_recipe():
    record = json.loads((int8_model.DATA / "mnist_qat_int8.json").read_text())
    assert {name: record[name] for name in int8_model.RECIPE} == int8_model.RECIPE
    assert tflite.open_model(int8_model.DATA / int8_model.NAME)
