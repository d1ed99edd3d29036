"""TensorFlow Lite Micro computes what qlib.integer_nn's kernel "micro" does.

Its code for microcontrollers, built for a PC, is a dependency of the tests alone.
"""

import hashlib

import numpy as np
import pytest

from qlib.data import DATA, load_mnist, load_study
from qlib.flatbuffer import read_model, with_every_output
from qlib.integer_nn import IntegerNetwork
from tests import networks

runtime = pytest.importorskip(
    "tflite_micro.python.tflite_micro.runtime",
    reason="TensorFlow Lite Micro comes for Linux on x86-64 only",
)
FILE = DATA / "mnist_qat_int8.tflite"


def every_tensor(content, x):
    """Return the output of every operator, by its name."""
    interpreter = runtime.Interpreter.from_bytes(with_every_output(content))
    names = [tensor.name for tensor in read_model(content).computed]
    found = []
    for one in x:
        interpreter.set_input(one[np.newaxis], 0)
        interpreter.invoke()
        found.append([interpreter.get_output(i)[0] for i in range(len(names))])
    return dict(zip(names, map(np.stack, zip(*found, strict=True)), strict=True))


def mismatches(content, x):
    theirs = every_tensor(content, x)
    ours = IntegerNetwork.from_tflite(content).run(x, "micro")
    return {name: int(np.sum(theirs[name] != ours[name])) for name in ours}


def test_no_value_differs_over_all_test_digits():
    x = (load_mnist()[1][0][..., None].astype(np.int16) - 128).astype(np.int8)
    for start in range(0, 10_000, 2_500):
        found = mismatches(FILE.read_bytes(), x[start : start + 2_500])
        assert len(found) == 6 and not any(found.values()), found


@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda n: n.__name__)
def test_no_value_differs_in_networks_of_other_shapes(network):
    found = mismatches(networks.converted(network), networks.codes(network, 300))
    assert found and not any(found.values()), found


@pytest.mark.parametrize("factor", [2**-2, 2**-4, 2**-7])
def test_no_value_differs_where_many_sums_are_ties(factor):
    content = networks.with_ties(networks.converted(networks.all_weighted), factor)
    found = mismatches(content, networks.codes(networks.all_weighted, 300))
    assert len(found) == 4 and not any(found.values()), found


def test_the_record_is_of_this_file_and_of_all_digits():
    record = load_study("micro")
    content = FILE.read_bytes()
    assert record["file sha256"] == hashlib.sha256(content).hexdigest()
    assert record["digits"] == 10_000 and not any(record["differences"].values())
