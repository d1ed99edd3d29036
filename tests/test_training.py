"""Training the float model, silence, and what `import qlib` costs."""

import os
import statistics
import subprocess
import sys

import numpy as np
import pytest

from qlib import training
from qlib.augmentation import moved
from qlib.data import WEIGHT_SHAPES, load_float_model, load_mnist, save_float_model
from qlib.quiet import load_tensorflow


@pytest.fixture(scope="module")
def few_digits():
    (x_train, y_train), (x_test, y_test) = load_mnist()
    return (x_train[:2048], y_train[:2048]), (x_test[:1000], y_test[:1000])


@pytest.fixture
def quick(monkeypatch, few_digits):
    """Train on 2,048 digits instead of 60,000."""
    monkeypatch.setattr(training, "load_mnist", lambda: few_digits)
    return {"epochs": 2, "batch": 64, "peak": 3e-3}


def test_the_model_has_the_layers_of_the_article():
    kinds = [type(layer).__name__ for layer in training.build_model().layers]
    assert kinds == ["Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense"]
    assert training.build_model().count_params() == 347_146


def test_weights_go_into_a_model_and_come_out_under_their_names():
    weights = load_float_model()
    again = training.weights_of(training.build_model(weights))
    assert list(again) == list(WEIGHT_SHAPES)
    assert all((again[name] == weights[name]).all() for name in weights)


def test_a_short_training_learns_and_is_written(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "LEAST_ACCURACY", 0.8)
    accuracy = training.train_and_save(quick, tmp_path)
    assert accuracy > 0.8
    assert set(load_float_model(tmp_path)) == set(WEIGHT_SHAPES)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "epoch  1 of 2",
        "epoch  2 of 2",
    ]


def test_the_same_seed_trains_the_same_weights(quick, few_digits):
    runs = [training.train_float_model(*few_digits[0], **quick) for _ in range(2)]
    assert all((runs[0][name] == runs[1][name]).all() for name in WEIGHT_SHAPES)


def test_a_model_below_the_least_accuracy_never_replaces_the_file(quick, tmp_path):
    good = {n: np.ones(s, np.float32) for n, s in WEIGHT_SHAPES.items()}
    save_float_model(good, {}, tmp_path)
    with pytest.raises(ValueError, match=r"at least 0\.9920.*left as it is"):
        training.train_and_save(quick | {"epochs": 1}, tmp_path)
    assert load_float_model(tmp_path)["conv/bias"].sum() == 32


def test_validation_scores_training_digits_that_were_held_out(quick, monkeypatch):
    monkeypatch.setattr(training, "HELD_OUT", 500)
    assert 0.7 < training.validate(quick) <= 1


def test_a_batch_holds_the_images_and_labels_of_the_same_rows(few_digits):
    (images, labels), _ = few_digits
    by_image = {
        image.tobytes(): label for image, label in zip(images, labels, strict=True)
    }
    seen = 0
    for x, y in training.batches(images, labels, 64):
        assert x.shape == (64, 28, 28, 1) and y.shape == (64, 10)
        for image, label in zip(np.rint(255 * x.numpy()), y.numpy(), strict=True):
            assert by_image[image.astype(np.uint8).tobytes()] == label.argmax()
        seen += 64
    assert seen == 2048


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.full(2048, 10), ValueError, "labels run from 10 to 10: 0 to 9"),
        (np.zeros(2047, int), ValueError, "one label for each image"),
        (np.zeros(2048), TypeError, "labels has dtype float64"),
    ],
)
def test_labels_that_are_no_digits_are_named(few_digits, labels, error, message):
    with pytest.raises(error, match=message):
        training.batches(few_digits[0][0], labels, 64)


def test_images_that_make_no_batch_are_named(few_digits):
    (images, labels), _ = few_digits
    with pytest.raises(TypeError, match="images has dtype float64: uint8"):
        training.batches(images / 255, labels, 64)
    with pytest.raises(ValueError, match="batch is 3000: allowed are 1 to 2048"):
        training.batches(images, labels, 3000)
    with pytest.raises(ValueError, match="images has shape"):
        training.batches(images[:, :20], labels, 64)
    with pytest.raises(ValueError, match="weights has no array"):
        training.build_model({})


def test_a_keras_model_predicts_what_the_numpy_network_does(few_digits):
    from qlib import nn

    weights, (images, _) = load_float_model(), few_digits[1]
    model = training.build_model(weights)
    found = training.predict_digits(model, images[:257])
    np.testing.assert_array_equal(found, nn.predict(weights, images[:257]))
    real = images[:30, ..., None].astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(training.predict_digits(model, real), found[:30])
    with pytest.raises(ValueError, match="images has shape"):
        training.predict_digits(model, images[:, :20])


def test_too_few_images_for_one_batch_are_refused(few_digits):
    (images, labels), _ = few_digits
    with pytest.raises(ValueError, match="100 images.*batch 256"):
        training.train_float_model(images[:100], labels[:100])


def test_moving_by_nothing_leaves_the_images_and_movement_stays_small(few_digits):
    images = few_digits[0][0][:50, ..., None].astype(np.float32) / 255
    still = moved(images, 0.0, 0.0, 0.0, 0.0).numpy()
    np.testing.assert_allclose(still, images, atol=1e-5)
    changed = moved(images, 8.0, 1.0, 0.1, 0.1).numpy()
    assert changed.shape == images.shape
    assert 0.01 < np.abs(changed - images).mean() < 0.15


NOISE = """
import os, sys
from qlib.quiet import quiet
print("before")
try:
    with quiet():
        print("python out")
        print("python err", file=sys.stderr)
        os.write(1, b"descriptor out\\n")
        os.write(2, b"descriptor err\\n")
        if sys.argv[1] == "fail":
            raise RuntimeError("it failed")
except RuntimeError as error:
    print(error)
print("after")
"""


def run(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        **options,
    )


def test_quiet_holds_back_all_output_of_a_block_that_succeeds():
    done = run(NOISE, "succeed")
    assert done.stdout.split() == ["before", "after"] and done.stderr == ""


def test_quiet_replays_all_output_of_a_block_that_fails():
    done = run(NOISE, "fail")
    assert done.stdout.splitlines() == ["before", "it failed", "after"]
    assert done.stderr.splitlines() == [
        "python out",
        "python err",
        "descriptor out",
        "descriptor err",
    ]


def test_quiet_works_without_streams_and_descriptors():
    code = """
import os, sys
from qlib.quiet import quiet
sys.stdout = sys.stderr = None
os.close(1)
with quiet():
    print("chatter")
open(sys.argv[1], "w").write("reached")
"""
    done = run(code, os.devnull)
    assert done.stderr == ""


def test_importing_tensorflow_says_nothing():
    code = "from qlib.quiet import load_tensorflow; load_tensorflow().constant(1.0) + 1"
    done = run(code)
    assert done.stdout == "" and done.stderr == ""


def test_tensorflow_comes_with_keras_2():
    keras = load_tensorflow().keras
    assert keras.Model.__module__.startswith("tf_keras")


def test_keras_3_is_answered_with_what_to_do():
    code = """
import os
os.environ["TF_USE_LEGACY_KERAS"] = "0"
from qlib.quiet import load_tensorflow
try:
    load_tensorflow()
except RuntimeError as error:
    print(error)
"""
    assert "unset TF_USE_LEGACY_KERAS" in run(code).stdout


@pytest.mark.parametrize("module", ["qlib", "qlib.nn", "qlib.data", "qlib.training"])
def test_importing_a_module_loads_neither_tensorflow_nor_matplotlib(module):
    code = (
        f"import sys, {module}; print({{'tensorflow', 'tf_keras', 'matplotlib'}}"
        " & set(sys.modules))"
    )
    assert run(code).stdout.strip() == "set()"


def test_importing_qlib_costs_little_beside_numpy():
    code = """
import time, numpy
started = time.perf_counter()
import qlib
print(time.perf_counter() - started)
"""
    assert statistics.median(float(run(code).stdout) for _ in range(5)) < 0.5


def test_a_choice_of_keras_made_by_the_user_is_kept():
    code = "import os, qlib; print(os.environ['TF_USE_LEGACY_KERAS'])"
    assert run(code, env=os.environ | {"TF_USE_LEGACY_KERAS": "0"}).stdout == "0\n"
