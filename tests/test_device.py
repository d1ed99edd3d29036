"""qlib.device: what has to be in RAM at a time, and where; what stays in flash."""

import itertools
import json

import numpy as np
import pytest

from qlib.data import DATA, STUDIES
from qlib.device import DEVICES, alive, arena, flash_bytes
from qlib.flatbuffer import ModelFile, Operator, Tensor, read_model
from tests import networks

MNIST = read_model(DATA / "mnist_qat_int8.tflite")


def size_of(places):
    return max(place.offset + place.size for place in places)


def chain(*sizes):
    """Return a made-up model whose tensors have these sizes, one after the other."""
    tensors = tuple(Tensor(i, f"t{i}", (1, n), "int8") for i, n in enumerate(sizes))
    steps = tuple(Operator("X", (i,), (i + 1,), {}) for i in range(len(sizes) - 1))
    return ModelFile(tensors, steps, (0,), (len(sizes) - 1,), 1, 100)


@pytest.mark.parametrize(
    "sizes", [(10, 20), (5, 50, 5), (100, 1, 100, 1), (7, 9, 30, 30, 2)]
)
def test_a_chain_needs_its_largest_pair_of_neighbours(sizes):
    pairs = [a + b for a, b in itertools.pairwise(sizes)]
    assert alive(chain(*sizes)) == pairs
    assert size_of(arena(chain(*sizes), alignment=1)) == max(pairs)


@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda n: n.__name__)
def test_no_two_tensors_share_memory_at_the_same_time(network):
    model = read_model(networks.converted(network))
    places = arena(model)
    for a, b in itertools.combinations(places, 2):
        if a.meets(b.first, b.last):
            assert a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
    assert max(alive(model)) <= size_of(places)
    assert len(places) == len(model.computed) + 1


def test_the_plan_is_that_of_tensorflow_lite_micro():
    record = json.loads((STUDIES / "micro.json").read_text("utf-8"))
    assert size_of(arena(MNIST)) == record["arena head"]


def test_weights_and_tables_are_the_whole_file():
    parts = flash_bytes(MNIST)
    assert sum(parts.values()) == MNIST.nbytes
    kernels = 288 + 346_112 + 640
    assert kernels < parts["weights"] < kernels + 4 * (32 + 64 + 10) + 100


def test_a_type_of_unknown_size_is_named():
    tensor = Tensor(0, "text", (1, 4), "string")
    with pytest.raises(ValueError, match="'text' is string: its size is not known"):
        alive(ModelFile((tensor,), (), (0,), (0,), 1, 10))
        arena(ModelFile((tensor,), (), (0,), (0,), 1, 10))


@pytest.mark.parametrize("alignment", [0, -1, 1.5, "16", None])
def test_a_bad_alignment_is_named(alignment):
    with pytest.raises((TypeError, ValueError), match="alignment is"):
        arena(MNIST, alignment)


def test_boards_have_more_flash_than_ram_and_cannot_be_changed():
    assert all(board.flash > board.ram >= 2048 for board in DEVICES.values())
    with pytest.raises(TypeError):
        DEVICES["mine"] = None
    assert np.all([board.flash % 1024 == 0 for board in DEVICES.values()])
