"""The data files: whole ones load, and each kind of damage is named."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from qlib import data
from qlib.data import (
    WEIGHT_SHAPES,
    load_float_model,
    load_mnist,
    load_study,
    save_float_model,
)


@pytest.fixture(scope="module")
def mnist_arrays():
    with np.load(data.DATA / "mnist.npz") as file:
        return dict(file)


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return {n: rng.random(s, dtype=np.float32) for n, s in WEIGHT_SHAPES.items()}


@pytest.fixture
def model(tmp_path, weights):
    save_float_model(weights, {"test_accuracy": 0.5}, tmp_path)
    return tmp_path / "float_model.npz"


def test_mnist_has_the_published_shapes_and_types():
    (x_train, y_train), (x_test, y_test) = load_mnist()
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert y_train.shape == (60000,) and y_test.shape == (10000,)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype("uint8")}


def test_each_call_reads_fresh_arrays_that_may_be_changed():
    _, (first, _) = load_mnist()
    first[:] = 0
    _, (second, _) = load_mnist()
    assert second.any()


def test_the_files_are_found_from_any_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_mnist()
    load_float_model()


def test_a_missing_file_is_named_with_its_cure(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz.*git checkout"):
        load_mnist(tmp_path)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:5_000_000])


def emptied(path):
    path.write_bytes(b"")


def replaced_by_text(path):
    path.write_text("version https://example.org/spec\nsize 11490519\n")


def replaced_by_one_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


def overwritten_in_the_middle(path):
    content = bytearray(path.read_bytes())
    content[6_000_000:6_001_000] = bytes(1000)
    path.write_bytes(content)


def replaced_by_a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGE = [
    cut_off,
    emptied,
    replaced_by_text,
    replaced_by_one_array,
    overwritten_in_the_middle,
    replaced_by_a_folder,
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__)
def test_a_file_that_is_damaged_is_named_with_its_cure(tmp_path, damage):
    path = tmp_path / "mnist.npz"
    shutil.copy(data.DATA / "mnist.npz", path)
    damage(path)
    with pytest.raises(ValueError, match=r"mnist\.npz: not a readable.*git checkout"):
        load_mnist(tmp_path)


def test_a_file_without_read_permission_is_named_with_its_cure(tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"PK")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(ValueError, match=r"mnist\.npz.*may not read.*chmod u\+r"):
        load_mnist(tmp_path)


def test_permission_denied_by_the_system_is_named_with_its_cure(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"mnist\.npz.*Permission denied.*chmod u\+r"):
        load_mnist(tmp_path)


def test_a_missing_array_is_named_with_those_that_are_there(tmp_path, mnist_arrays):
    kept = {n: a for n, a in mnist_arrays.items() if n != "y_test"}
    np.savez(tmp_path / "mnist.npz", **kept)
    with pytest.raises(ValueError, match=r"'y_test' is missing; it holds .*'x_train'"):
        load_mnist(tmp_path)


def test_one_changed_label_is_noticed(tmp_path, mnist_arrays):
    labels = mnist_arrays["y_test"].copy()
    labels[-1] += 1
    np.savez(tmp_path / "mnist.npz", **mnist_arrays | {"y_test": labels})
    with pytest.raises(ValueError, match=r"'y_test' is altered: SHA-256 [0-9a-f]{64}"):
        load_mnist(tmp_path)


def test_another_shape_or_type_is_reported_beside_the_right_one(tmp_path, mnist_arrays):
    real = mnist_arrays["x_test"].astype(np.float32)
    np.savez(tmp_path / "mnist.npz", **mnist_arrays | {"x_test": real})
    with pytest.raises(ValueError, match=r"'x_test' is float32.*uint8 \(10000, 28, 28"):
        load_mnist(tmp_path)


def test_a_pickle_inside_the_file_is_never_opened(tmp_path, mnist_arrays):
    trap = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "mnist.npz", **mnist_arrays | {"y_test": trap})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_mnist(tmp_path)


def test_the_float_model_has_six_finite_float32_arrays():
    model = load_float_model()
    assert {n: a.shape for n, a in model.items()} == WEIGHT_SHAPES
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in model.values())


def test_a_saved_model_loads_again_bit_for_bit(model, weights):
    loaded = load_float_model(model.parent)
    assert all((loaded[name] == weights[name]).all() for name in WEIGHT_SHAPES)
    assert json.loads(model.with_suffix(".json").read_text())["test_accuracy"] == 0.5


def test_saving_again_replaces_both_files_and_leaves_nothing_else(model, weights):
    save_float_model({n: a + 1 for n, a in weights.items()}, {}, model.parent)
    assert load_float_model(model.parent)["conv/bias"].min() >= 1
    names = sorted(path.name for path in model.parent.iterdir())
    assert names == ["float_model.json", "float_model.npz"]


def test_a_model_with_one_changed_weight_is_noticed(model, weights):
    weights["dense/kernel"][7, 7] += 1e-3
    np.savez(model, **weights)
    with pytest.raises(ValueError, match=r"'dense/kernel' is altered.*course.py train"):
        load_float_model(model.parent)


def test_a_missing_model_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="float_model.*course.py train"):
        load_float_model(tmp_path)


def test_a_model_without_its_record_is_not_trusted(model):
    model.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"float_model\.json.*course.py train"):
        load_float_model(model.parent)


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"sha256": 3}'])
def test_a_damaged_record_is_named(model, record):
    model.with_suffix(".json").write_text(record)
    with pytest.raises(ValueError, match=r"float_model\.json: not a readable record"):
        load_float_model(model.parent)


def test_a_model_with_nan_is_not_saved(tmp_path, weights):
    weights["conv/bias"][3] = np.nan
    with pytest.raises(ValueError, match="'conv/bias' holds NaN or infinity"):
        save_float_model(weights, {}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_with_a_missing_or_float64_array_is_not_saved(tmp_path, weights):
    wide = weights | {"conv/bias": weights["conv/bias"].astype(np.float64)}
    with pytest.raises(ValueError, match="'conv/bias' is float64"):
        save_float_model(wide, {}, tmp_path)
    del weights["conv/bias"]
    with pytest.raises(ValueError, match="'conv/bias' is missing"):
        save_float_model(weights, {}, tmp_path)


def test_facts_that_json_cannot_hold_leave_the_model_as_it_was(tmp_path):
    weights = {n: np.ones(s, np.float32) for n, s in WEIGHT_SHAPES.items()}
    save_float_model(weights, {"epochs": 1}, tmp_path)
    others = {n: w * 2 for n, w in weights.items()}
    with pytest.raises(TypeError):
        save_float_model(others, {"accuracy": np.float32(0.99)}, tmp_path)
    assert load_float_model(tmp_path)["conv/bias"][0] == 1


def test_a_record_without_digests_does_not_switch_the_check_off(tmp_path):
    weights = {n: np.ones(s, np.float32) for n, s in WEIGHT_SHAPES.items()}
    save_float_model(weights, {}, tmp_path)
    record = tmp_path / "float_model.json"
    record.write_text(json.dumps({"sha256": dict.fromkeys(WEIGHT_SHAPES, None)}))
    with pytest.raises(ValueError, match="not a readable record"):
        load_float_model(tmp_path)


# --- studies -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["arms", "article", "representative"])
def test_a_study_says_where_it_ran_and_what_every_seed_scored(name):
    found = load_study(name)
    assert {"machine", "seeds", "accuracy"} <= set(found)
    scores = str(found["accuracy"]).replace("'", '"')
    values = re.findall(r"0\.\d+", scores)
    assert len(values) >= 3 * 3 and all(0.1 < float(v) < 1 for v in values)


def test_a_study_that_is_not_there_is_named_with_those_that_are(tmp_path):
    (tmp_path / "arms.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="no study 'legs' in .*there are arms"):
        load_study("legs", tmp_path)
    for name in ("../arms", "a" * 300, ""):
        with pytest.raises(FileNotFoundError, match="no study"):
            load_study(name, tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_study_is_named_with_its_cure(tmp_path, content):
    (tmp_path / "arms.json").write_bytes(content)
    with pytest.raises(ValueError, match="arms.json is damaged.*git checkout"):
        load_study("arms", tmp_path)
