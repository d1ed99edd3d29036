"""Fashion-MNIST: images that no setting was made for, through the course's whole path.

The images come with Debian's package dataset-fashion-mnist; where it is not installed,
the tests that need them are skipped. benchmarks/fashion.py is the long form.
"""

import gzip
import math
import platform

import numpy as np
import pytest

from benchmarks import fashion
from qlib import nn, tflite
from qlib.data import DATA, load_study, sha256
from qlib.flatbuffer import read_model
from qlib.int8_model import RECIPE as QAT_RECIPE
from qlib.training import train_float_model

FILES = ("converted", "trained on the grid")
VERIFIED = platform.machine() in ("x86_64", "AMD64")
SAME = [k for k in tflite.KERNELS if VERIFIED or k == "reference"]


@pytest.fixture(scope="module")
def images():
    try:
        return fashion.load_fashion()
    except FileNotFoundError:
        pytest.skip("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")


# --- the short form: one epoch on a quarter of the images ----------------------------


@pytest.fixture(scope="module")
def weights(images):
    (x, y), _ = images
    return train_float_model(x[:15_000], y[:15_000], epochs=1, batch=128, peak=3e-3)


@pytest.fixture(scope="module")
def files(images, weights):
    (x, y), _ = images
    recipe = {**QAT_RECIPE, "epochs": 1, "batch": 128}
    return fashion.int8_files(weights, x[:6000], y[:6000], recipe)


def test_eight_bits_keep_what_the_float_model_has_learnt(images, weights):
    _, (x, y) = images
    grid = fashion.rounded(weights, images[0][0][:1000])
    assert len(grid.kernel_params) == 3 and len(grid.act_params) == 4
    exact, found = nn.accuracy(weights, x, y), fashion.share(grid.predict(x), y)
    assert exact > 0.7 and abs(found - exact) < 0.01


def test_both_int8_files_answer_as_well_as_the_float_model(images, weights, files):
    _, (x, y) = images
    exact = nn.accuracy(weights, x, y)
    assert tuple(files) == FILES
    scores = {n: fashion.share(tflite.predict(c, x), y) for n, c in files.items()}
    assert abs(scores["converted"] - exact) < 0.01
    assert scores["trained on the grid"] > exact - 0.005  # it goes on learning


@pytest.mark.parametrize("name", FILES)
def test_no_value_differs_on_other_images(images, files, name):
    found = fashion.differences(files[name], images[1][0][:3000])
    assert_the_same(found, 3000)


def test_a_wrong_rounding_would_be_counted(images, files, monkeypatch):
    reference = fashion.IntegerNetwork.run
    monkeypatch.setattr(
        fashion.IntegerNetwork,
        "run",
        lambda self, x, kernel: reference(self, x, "micro"),
    )
    found = fashion.differences(files["converted"], images[1][0][:1000])
    with pytest.raises(AssertionError):
        assert_the_same(found, 1000)


# --- the record of the long form -----------------------------------------------------


def assert_the_same(found, images):
    """Assert that every code of so many images was compared, and that none differs."""
    layers = read_model(DATA / "mnist_qat_int8.tflite").computed
    assert tuple(found) == tuple(tflite.KERNELS)
    for kernel in SAME:
        counts = found[kernel]
        assert counts["images"] == images
        assert counts["codes"] == images * sum(math.prod(t.shape) for t in layers)
        assert len(counts["differ"]) == len(layers)
        assert not any(counts["differ"].values()), counts


@pytest.mark.parametrize("name", FILES)
def test_in_the_record_no_value_differs_over_all_test_images(name):
    record = load_study("fashion")
    found = record["differences"][name]
    assert len(found) == len(record["seeds"]) == 3
    for of_seed in found:
        assert_the_same(of_seed, 10_000)


def test_in_the_record_eight_bits_cost_little():
    record = load_study("fashion")
    assert {"machine", "date", "packages", "data"} <= set(record)
    scores = {name: np.array(v) for name, v in record["accuracy"].items()}
    exact = scores.pop("float")
    assert len(scores) == 3 and 0.88 < exact.min() < exact.max() < 0.95
    for found in scores.values():
        assert np.abs(found - exact).max() < 0.01


def test_the_settings_of_the_record_are_the_best_on_held_out_images():
    record = load_study("fashion")
    tried = record["accuracy held out"]
    assert set(tried["float"]) == set(fashion.FLOAT_SETTINGS)
    assert set(tried["trained on the grid"]) == set(fashion.QAT_SETTINGS)
    for arm, chosen in record["chosen"].items():
        assert tried[arm][chosen] == max(tried[arm].values())


def test_the_record_is_of_the_images_that_are_installed(images):
    of_record = list(load_study("fashion")["data"]["sha256"].values())
    assert of_record == [sha256(array) for part in images for array in part]


# --- the reader of the files ---------------------------------------------------------


def idx(shape, values, kind=8):
    sizes = b"".join(n.to_bytes(4, "big") for n in shape)
    return bytes([0, 0, kind, len(shape)]) + sizes + bytes(values)


def test_a_file_is_read_in_its_order(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx((2, 1, 3), range(6))))
    np.testing.assert_array_equal(fashion.read_idx(path), [[[0, 1, 2]], [[3, 4, 5]]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx((2,), [1, 2]), "no whole gzip file"),
        (gzip.compress(idx((2,), [1, 2]))[:-9], "no whole gzip file"),
        (gzip.compress(b""), "holds 0 bytes"),
        (gzip.compress(idx((3,), [1, 2])), "cut short"),
        (gzip.compress(idx((2, 5), [1, 2])[:7]), "cut short"),
        (gzip.compress(idx((2,), [1, 2], kind=13)), "no IDX file of uint8"),
    ],
    ids=["not zipped", "zip cut", "empty", "values cut", "head cut", "other type"],
)
def test_a_damaged_file_is_named_with_its_cure(tmp_path, content, message):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a.gz.*{message}.*dataset-fashion-mnist"):
        fashion.read_idx(path)


def test_missing_and_wrong_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images.*dataset-fashion-mnist"):
        fashion.load_fashion(tmp_path)
    for part in ("images-idx3", "labels-idx1"):
        content = gzip.compress(idx((2,), [1, 2]))
        (tmp_path / f"train-{part}-ubyte.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"shape \(2,\).*60000 of 28 x 28 are needed"):
        fashion.load_fashion(tmp_path)
