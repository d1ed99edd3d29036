"""How a good call of each public function is made, for `test_bad_input`."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qlib.codebook import Codebook
from qlib.data import DATA, load_float_model, load_mnist
from qlib.histogram import Histogram
from qlib.integer_nn import IntegerNetwork
from qlib.kmeans import Line
from qlib.params import QuantParams
from qlib.qat import Trained
from qlib.windows import Window
from tests import bad_input_kinds as kinds
from tests.bad_input_kinds import EITHER, Odd

Sort = Callable[[Any], dict[str, Odd]]


@dataclass(frozen=True)
class Call:
    """How a function is called.

    Args:
        good: makes good arguments, by name.
        sorts: of which sort each argument is.
        function: what to call, where the name in qlib alone won't do.
        says: other words by which a message may name an argument.
        but: {argument: {kind: what must come of it instead}}.
        shown: makes of a result what is compared.
        refusals: a good call takes seconds, so only what must be refused is tried.
    """

    good: Callable[[], dict[str, Any]]
    sorts: Mapping[str, Sort]
    function: Callable | None = None
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    but: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shown: Callable[[Any], Any] = lambda result: result
    refusals: bool = False


# --- good arguments ------------------------------------------------------------------


def reals(*shape: int) -> np.ndarray:
    """Return whole numbers from -7 to 7 in float32: the same in float16 and int8."""
    return np.resize(np.float32([3, -7, 1, 7, -2, 5, -1, 2, 6, -3, 4]), shape)


def above_0(*shape: int) -> np.ndarray:
    return np.resize(np.float32([3, 1, 7, 2, 5, 6, 4]), shape)


def ints(*shape: int) -> np.ndarray:
    return np.resize(np.int8([3, 0, 1, 7, 2, 5, 6]), shape)


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_mnist()[1]
    return images[:10], labels[:10]


def pictures(n: int = 2) -> np.ndarray:
    return digits()[0][:n].copy()


def labels(n: int = 2) -> np.ndarray:
    return digits()[1][:n].copy()


@functools.cache
def model() -> dict[str, np.ndarray]:
    """Return the network, with last biases that are whole, as in `reals`."""
    return {**load_float_model(), "logits/bias": reals(10)}


@functools.cache
def tflite_file() -> bytes:
    return (DATA / "mnist_qat_int8.tflite").read_bytes()


@functools.cache
def network() -> IntegerNetwork:
    return IntegerNetwork.from_tflite(tflite_file())


def counted(bins: int = 64) -> Histogram:
    return Histogram.from_array(reals(100), bins)


GRID = QuantParams(0.75, 1, bits=5)
BOOK = Codebook([-6.0, -1.5, 0.25, 5.0])
BITS, WIDTH, WHOLE = kinds.whole(2, 16), kinds.whole(2, 8), kinds.whole
SEED, BATCH, ABOVE_0 = WHOLE(0, 2**32 - 1), WHOLE(1, 10_000), kinds.number(0, np.inf)
REAL, CODES, CHOICE, FLAG = kinds.real, kinds.codes, kinds.choice, kinds.flag
KINDS_OF_GRID = {"symmetric": FLAG, "signed": FLAG, "narrow_range": FLAG}
A_GRID = {"symmetric": False, "signed": True, "narrow_range": False}
WINDOW = Window((2, 2), (1, 2), (1, 1), same=False)
KERAS = kinds.other()
FUNCTIONS = kinds.mapping(kinds.other("class", "function"))
OPTIONAL = {"None": EITHER}  # leaving it out means something, too


def zeros(x: np.ndarray) -> np.ndarray:
    return np.zeros_like(x)


def _measure() -> Call:
    return Call(
        lambda: {"x": reals(3, 5), "x_hat": reals(3, 5) + np.float32(0.5)},
        {"x": REAL, "x_hat": REAL},
    )


def _on_grid() -> Call:
    return Call(
        lambda: {"x": reals(4, 6), "params": GRID}, {"x": REAL, "params": kinds.grid}
    )


def _run(
    weights: Sort = kinds.few_weights, *, start: bool = True, **more: tuple[Any, Sort]
) -> Call:
    """Return the call of a function that runs the float network."""
    more |= {"start": ("conv", CHOICE)} if start else {}
    return Call(
        lambda: (
            {"weights": model(), "images": pictures(), "transform": {"conv": zeros}}
            | {name: value for name, (value, _) in more.items()}
        ),
        {"weights": weights, "images": kinds.images, "transform": FUNCTIONS}
        | {name: sort for name, (_, sort) in more.items()},
        says={"images": ["image"]},
        but={"transform": OPTIONAL},
    )


def _of_tflite(**more: tuple[Any, Sort]) -> Call:
    return Call(
        lambda: {"model": tflite_file()} | {k: v for k, (v, _) in more.items()},
        {"model": kinds.tflite} | {k: sort for k, (_, sort) in more.items()},
        says={"model": ["bytes", "tflite"]},
    )


def _of_keras(**more: tuple[Any, Sort]) -> Call:
    return Call(
        lambda: {"model": keras_model()} | {k: v for k, (v, _) in more.items()},
        {"model": KERAS} | {k: sort for k, (_, sort) in more.items()},
        refusals=True,
    )


@functools.cache
def keras_model() -> Any:
    from qlib.training import build_model

    return build_model(load_float_model())


def _recipes(value: dict) -> dict[str, Odd]:
    """Kinds for the settings of a training."""
    smoothing = kinds.number(0, 1)(value["smoothing"])
    return {
        **kinds.mapping(SEED)(value),
        **kinds.inside(value, "smoothing", smoothing),
        **kinds.refused(empty={}),
    }


TABLE: dict[str, Call] = {
    # --- lesson 01
    "linear.choose_params": Call(
        lambda: {"low": -1.0, "high": 3.0, "bits": 8, **A_GRID},
        {"low": kinds.number(-np.inf, 3), "high": kinds.number(-1, np.inf)}
        | {"bits": BITS, **KINDS_OF_GRID},
    ),
    "linear.choose_params per channel": Call(
        lambda: {"low": -above_0(4), "high": above_0(4), "axis": 0},
        {"low": kinds.numbers, "high": kinds.numbers, "axis": WHOLE(-32, 31)},
    ),
    "linear.params_for": Call(
        lambda: {"x": reals(4, 6), "bits": 8, **A_GRID},
        {"x": REAL, "bits": BITS, **KINDS_OF_GRID},
    ),
    "linear.params_for per channel": Call(
        lambda: {"x": reals(4, 6), "axis": 1}, {"x": REAL, "axis": kinds.axis}
    ),
    "linear.quantize": Call(
        lambda: {"x": reals(4, 6), "params": GRID, "out": None},
        {"x": REAL, "params": kinds.grid, "out": kinds.out(np.int8, (4, 6))},
    ),
    "linear.dequantize": Call(
        lambda: {"q": ints(4, 6), "params": GRID, "out": None},
        {"q": CODES, "params": kinds.grid, "out": kinds.out(np.float32, (4, 6))},
    ),
    "linear.fake_quantize": Call(
        lambda: {"x": reals(4, 6), "params": GRID, "out": None},
        {"x": REAL, "params": kinds.grid, "out": kinds.out(np.float32, (4, 6))},
    ),
    "params.QuantParams": Call(
        lambda: {
            "scale": 0.5,
            "zero_point": 3,
            "bits": 8,
            "signed": True,
            "narrow_range": False,
        },
        {"scale": ABOVE_0, "zero_point": WHOLE(-128, 127), "bits": BITS}
        | {"signed": FLAG, "narrow_range": FLAG},
    ),
    "params.QuantParams per channel": Call(
        lambda: {"scale": above_0(4), "zero_point": ints(4), "bits": 8, "axis": 0},
        {"scale": kinds.numbers, "zero_point": CODES, "bits": BITS}
        | {"axis": WHOLE(-32, 31)},
    ),
    "packing.pack": Call(
        lambda: {"q": ints(3, 5), "bits": 4}, {"q": CODES, "bits": WHOLE(2, 4)}
    ),
    "packing.unpack": Call(
        lambda: (
            {"packed": np.arange(6, dtype=np.uint8), "bits": 4, "shape": 12}
            | {"signed": True}
        ),
        {
            "packed": kinds.codes_of(np.uint8),
            "bits": WHOLE(2, 4),
            "shape": WHOLE(11, 12),
        }
        | {"signed": FLAG},
        says={"shape": ["packed"]},
        but={"shape": {"list": EITHER}},
    ),
    # --- lesson 02
    "errors.mse": _measure(),
    "errors.mae": _measure(),
    "errors.max_error": _measure(),
    "errors.sqnr_db": _measure(),
    "errors.cosine_similarity": _measure(),
    "errors.error_parts": _on_grid(),
    "errors.health": _on_grid(),
    "errors.uniform_noise_mse": Call(
        lambda: {"scale": above_0(4)}, {"scale": kinds.numbers}
    ),
    "errors.uniform_noise_sqnr_db": Call(
        lambda: {"x": reals(3, 5), "scale": 0.5},
        {"x": REAL, "scale": ABOVE_0},
        but={"scale": dict.fromkeys(("list", "array", "two values"), EITHER)},
    ),
    "fitting.least_squares_scale": Call(
        lambda: {"x": reals(4, 6), "bits": 3}, {"x": REAL, "bits": BITS}
    ),
    "fitting.least_squares_scale per channel": Call(
        lambda: {"x": reals(4, 6), "axis": 0}, {"x": REAL, "axis": kinds.axis}
    ),
    "fitting.scale_losses": Call(
        lambda: {"x": reals(4, 6), "scales": above_0(4), "bits": 4},
        {"x": REAL, "scales": kinds.numbers, "bits": BITS},
    ),
    "fitting.alternate": Call(
        lambda: {"x": reals(4, 6), "bits": 4, "start": 0.75, "steps": 5},
        {"x": REAL, "bits": BITS, "start": ABOVE_0, "steps": WHOLE(1, 10**9)},
        says={"x": ["scale"], "start": ["scale"]},
    ),
    "fitting.scale_gradient": Call(
        lambda: {"x": reals(4, 6), "scale": 0.75, "bits": 4},
        {"x": REAL, "scale": ABOVE_0, "bits": BITS},
        says={"x": ["scale"]},
    ),
    "fitting.descend": Call(
        lambda: (
            {"x": reals(4, 6), "bits": 4, "start": 0.75, "rate": 1 / 512, "steps": 3}
            | {"batch": 9, "seed": 0}
        ),
        {"x": REAL, "bits": BITS, "start": ABOVE_0, "rate": ABOVE_0}
        | {"steps": WHOLE(1, 10**9), "batch": WHOLE(1, 24), "seed": SEED},
        says={"x": ["scale", "rate", "batch"], "start": ["scale", "rate"]},
        but={"batch": OPTIONAL},
    ),
    "fitting.regress": Call(
        lambda: {"x": reals(3, 5), "q": ints(3, 5)},
        {"x": REAL, "q": CODES},
        says={"q": ["codes"]},
    ),
    "noise.layer_noise": Call(
        lambda: (
            {"x": reals(3, 5), "w": reals(5, 4), "v_x": above_0(3, 5)}
            | {"v_w": above_0(4)}
        ),
        {"x": REAL, "w": REAL, "v_x": REAL, "v_w": REAL},
    ),
    "noise.predicted_noise": Call(
        lambda: (
            {"weights": model(), "quantized": model(), "tensors": tensors()}
            | {"params": dict.fromkeys(("conv", "dense", "logits"), GRID)}
        ),
        {"weights": kinds.few_weights, "quantized": kinds.few_weights}
        | {"tensors": kinds.mapping(REAL), "params": kinds.mapping(kinds.grid)},
        but={"tensors": {"logits: float64 1e300": EITHER}},
    ),
    "bias_correction.correct_biases": Call(
        lambda: (
            {"weights": model(), "quantized": model(), "images": pictures()}
            | {"transform": {"conv": zeros}}
        ),
        {
            "weights": kinds.few_weights,
            "quantized": kinds.few_weights,
            "images": kinds.images,
        }
        | {"transform": FUNCTIONS},
        but={"transform": OPTIONAL},
    ),
    "compare.standard_error": Call(
        lambda: {"accuracy": 0.5, "n": 100},
        {"accuracy": kinds.number(0, 1), "n": WHOLE(1, 10**12)},
    ),
    "compare.sign_test": Call(
        lambda: {"lost": 5, "won": 2},
        {"lost": WHOLE(0, 10**6), "won": WHOLE(0, 10**6)},
    ),
    # --- lesson 03
    "histogram.Histogram": Call(lambda: {"bins": 8}, {"bins": WHOLE(2, 2**20)}),
    "histogram.Histogram.from_array": Call(
        lambda: {"x": reals(4, 6), "bins": 8}, {"x": REAL, "bins": WHOLE(2, 2**20)}
    ),
    "histogram.Histogram.update": Call(
        lambda: {"x": reals(4, 6)},
        {"x": REAL},
        function=lambda x: Histogram(bins=8).update(x),
    ),
    "histogram.Histogram.merge": Call(
        lambda: {"other": counted(8)},
        {"other": kinds.other(other_bins=Histogram(9))},
        function=lambda other: Histogram(bins=8).update([9.5]).merge(other),
    ),
    "calibration.minmax_range": Call(lambda: {"x": reals(4, 6)}, {"x": REAL}),
    "calibration.percentile_range": Call(
        lambda: {"x": reals(4, 6), "percentile": 90.0},
        {"x": REAL, "percentile": kinds.number(0, 100)},
    ),
    "calibration.mse_range": Call(
        lambda: {
            "x": reals(4, 6),
            "bits": 2,
            "symmetric": False,
            "narrow_range": False,
        },
        {"x": REAL, "bits": BITS, "symmetric": FLAG, "narrow_range": FLAG},
    ),
    "calibration.mse_range of least squares": Call(
        lambda: {"x": reals(4, 6), "bits": 3, "symmetric": True, "narrow_range": True},
        {"x": REAL},
    ),
    "calibration.entropy_range": Call(
        lambda: {"x": reals(4, 6), "bits": 3, "signed": True, "keep_zeros": True},
        {"x": REAL, "bits": BITS, "signed": FLAG, "keep_zeros": FLAG},
    ),
    **{
        f"{name} of a histogram": Call(
            lambda: {"x": counted(), "bits": 3},
            {"x": kinds.histogram, "bits": BITS},
            says={"x": ["histogram"]},
        )
        for name in (
            "calibration.mse_range",
            "calibration.entropy_range",
            "thresholds.entropy_curve",
            "thresholds.mse_curve",
        )
    },
    **{
        f"{name} of a histogram": Call(
            lambda: {"x": counted()}, {"x": kinds.histogram}, says={"x": ["histogram"]}
        )
        for name in ("calibration.minmax_range", "calibration.percentile_range")
    },
    "thresholds.entropy_curve": Call(
        lambda: {"x": reals(4, 6), "bits": 3, "signed": True, "keep_zeros": True},
        {"x": REAL, "bits": BITS, "signed": FLAG, "keep_zeros": FLAG},
        says={"x": ["all values", "bins"]},
    ),
    "thresholds.mse_curve": Call(
        lambda: {"x": reals(4, 6), "bits": 3, "signed": True},
        {"x": REAL, "bits": BITS, "signed": FLAG},
        says={"x": ["all values", "bins"]},
    ),
    "thresholds.kl_divergences": Call(
        lambda: {"counts": ints(16), "levels": 4},
        {"counts": kinds.counts, "levels": WHOLE(1, 16)},
        says={"counts": ["levels"]},
    ),
    "thresholds.finite": Call(
        lambda: {"x": reals(4, 6), "name": "x"}, {"x": REAL, "name": kinds.nothing}
    ),
    "codebook.Codebook": Call(
        lambda: {"centers": np.sort(reals(7))}, {"centers": REAL}
    ),
    "codebook.Codebook.encode": Call(
        lambda: {"x": reals(4, 6)}, {"x": REAL}, function=BOOK.encode
    ),
    "codebook.Codebook.decode": Call(
        lambda: {"codes": ints(4, 6) % 4}, {"codes": CODES}, function=BOOK.decode
    ),
    "codebook.Codebook.fake_quantize": Call(
        lambda: {"x": reals(4, 6)}, {"x": REAL}, function=BOOK.fake_quantize
    ),
    "codebook.Codebook.astype": Call(
        lambda: {"dtype": np.float32},
        {"dtype": kinds.other("class", float16=np.float16, int8=np.int8, big=">f4")},
        function=BOOK.astype,
    ),
    "codebook.Codebook.scaled": Call(
        lambda: {"factor": 2.0},
        {"factor": ABOVE_0},
        function=BOOK.scaled,
        says={"factor": ["centers"]},
    ),
    "codebook.Codebook.nbytes": Call(
        lambda: {"n": 100}, {"n": WHOLE(0, 2**48)}, function=BOOK.nbytes
    ),
    "codebook.kmeans_codebook": Call(
        lambda: {"x": reals(4, 6), "k": 3}, {"x": REAL, "k": WHOLE(1, 2**16)}
    ),
    "codebook.kmeans_codebook of a histogram": Call(
        lambda: {"x": counted(), "k": 3},
        {"x": kinds.histogram, "k": WHOLE(1, 2**16)},
        says={"x": ["histogram"]},
    ),
    "codebook.kmeans_codebooks": Call(
        lambda: {"x": reals(4, 6), "ks": [3, 2]},
        {"x": REAL, "ks": kinds.other("list", floats=[2.0], zero=[0], bools=[True])},
        says={"ks": ["k"]},
    ),
    "codebook.lloyd_max": Call(
        lambda: {"x": reals(4, 6), "k": 3, "start": "random", "seed": 0, "steps": 10},
        {"x": REAL, "k": WHOLE(1, 2**16), "start": CHOICE, "seed": SEED}
        | {"steps": WHOLE(1, 10**9)},
        says={"start": ["centers"]},
    ),
    "codebook.lloyd_max from centers": Call(
        lambda: {"x": reals(4, 6), "k": 3, "start": np.float32([-5, 0, 4])},
        {"start": REAL},
        says={"start": ["centers"]},
    ),
    "codebook.start_centers": Call(
        lambda: {"x": reals(4, 6), "k": 3, "start": "random", "seed": 0},
        {"x": REAL, "k": WHOLE(1, 2**16), "start": CHOICE, "seed": SEED},
    ),
    "codebook.kmeans_fake_quantize": Call(
        lambda: {"x": reals(4, 6), "k": 3, "axis": 0},
        {"x": REAL, "k": WHOLE(1, 2**16), "axis": kinds.axis},
    ),
    "fixed_codebooks.powers_of_two": Call(lambda: {"bits": 4}, {"bits": WIDTH}),
    "fixed_codebooks.uniform": Call(lambda: {"bits": 4}, {"bits": WIDTH}),
    "kmeans.Line": Call(
        lambda: {"values": np.sort(reals(11)), "counts": ints(11) + np.int8(1)},
        {"values": REAL, "counts": CODES},
        function=lambda values, counts: Line(values, counts).loss(np.array([0, 5, 11])),
        says={"values": ["counts"]},  # of another length
        but={"counts": OPTIONAL},
    ),
    "kmeans.lloyd": Call(
        lambda: (
            {"line": Line(np.sort(reals(11))), "centers": np.float32([-5, 0, 4])}
            | {"steps": 5}
        ),
        {"line": kinds.other(), "centers": REAL, "steps": WHOLE(0, 10**9)},
        shown=list,
    ),
    "huffman.entropy_bits": Call(lambda: {"counts": ints(7)}, {"counts": kinds.counts}),
    "huffman.huffman_lengths": Call(
        lambda: {"counts": ints(7)}, {"counts": kinds.counts}
    ),
    "huffman.huffman_encode": Call(
        lambda: {"codes": ints(3, 5) % 4, "lengths": np.int8([1, 2, 3, 3])},
        {"codes": CODES, "lengths": CODES},
        says={"codes": ["code"], "lengths": ["codes"]},
    ),
    "huffman.huffman_decode": Call(
        lambda: {
            "packed": np.uint8([104, 0]),
            "lengths": np.int8([1, 2, 0, 2]),
            "n": 4,
        },
        {"packed": kinds.codes_of(np.uint8), "lengths": CODES, "n": WHOLE(0, 14)},
        says={"packed": ["bytes"], "lengths": ["codes"], "n": ["of 15 codes"]},
    ),
    # --- lesson 04
    "batch_norm.fold_batch_norm": Call(
        lambda: (
            {"kernel": reals(3, 4), "epsilon": 0.5, "variance": above_0(4)}
            | {name: reals(4) for name in ("bias", "gamma", "beta", "mean")}
        ),
        dict.fromkeys(("kernel", "bias", "gamma", "beta", "mean", "variance"), REAL)
        | {"epsilon": ABOVE_0},
        says=dict.fromkeys(
            ("kernel", "bias", "gamma", "beta", "mean", "variance"), ("folded values",)
        ),
    ),
    "augmentation.four_numbers": Call(
        lambda: {"movement": np.float32([8, 1, 0, 2])},
        {"movement": kinds.numbers},
    ),
    "distortions.shifted": Call(
        lambda: {"images": pictures(), "right": 3, "down": -2},
        {"images": kinds.grey_levels, "right": WHOLE(-27, 27), "down": WHOLE(-27, 27)},
    ),
    "distortions.turned": Call(
        lambda: {"images": pictures(), "degrees": 8.0},
        {"images": kinds.grey_levels, "degrees": kinds.number(-180, 180)},
    ),
    "distortions.noisy": Call(
        lambda: {"images": pictures(), "spread": 8.0, "seed": 0},
        {"images": kinds.grey_levels, "spread": kinds.number(0, 255), "seed": SEED},
    ),
    "qat.first_grids": Call(
        lambda: {"weights": model(), "images": pictures(), "bits": 4, "act_bits": 4},
        {"weights": kinds.few_weights, "images": kinds.images, "bits": WIDTH}
        | {"act_bits": WIDTH},
        but={"bits": OPTIONAL, "act_bits": OPTIONAL},
        refusals=True,
    ),
    "qat.train": Call(
        lambda: (
            {"weights": model(), "images": pictures(), "labels": labels()}
            | {
                "bits": 4,
                "act_bits": 4,
                "epochs": 1,
                "batch": 1,
                "peak": 1e-3,
                "seed": 0,
            }
            | {
                "movement": np.float32([8, 1, 0.5, 0]),
                "keep": [0],
                "show": lambda s, w: s,
            }
        ),
        {"weights": kinds.few_weights, "images": kinds.images, "labels": CODES}
        | {"bits": WIDTH, "act_bits": WIDTH, "epochs": WHOLE(1, 10_000)}
        | {"batch": WHOLE(1, 2), "peak": kinds.number(0, 1), "movement": kinds.numbers}
        | {
            "seed": SEED,
            "keep": kinds.other("list", "array of one", late=[9]),
            "show": kinds.other("class", "function"),
        },
        but={"bits": OPTIONAL, "act_bits": OPTIONAL, "movement": OPTIONAL},
        says={"keep": ["keep"]},
        refusals=True,
    ),
    "qat.Trained.predict": Call(
        lambda: {"images": pictures()},
        {"images": kinds.images},
        function=lambda images: Trained(model()).predict(images),
    ),
    "int8_model.train_int8": Call(
        lambda: (
            {"weights": model(), "images": pictures(), "labels": labels()}
            | {"recipe": recipe(), "callbacks": []}
        ),
        {"weights": kinds.few_weights, "images": kinds.grey_levels, "labels": CODES}
        | {
            "recipe": _recipes,
            "callbacks": kinds.other("list", "tuple"),
        },
        says={"recipe": ["smoothing", "seed"]},
        refusals=True,
    ),
    "training.build_model": Call(
        lambda: {"weights": model()},
        {"weights": kinds.few_weights},
        but={"weights": OPTIONAL},
        refusals=True,
    ),
    "training.weights_of": _of_keras(),
    "training.predict_digits": _of_keras(images=(pictures(), kinds.images)),
    "training.train_float_model": Call(
        lambda: {"images": pictures(), "labels": labels(), **recipe()},
        {"images": kinds.grey_levels, "labels": CODES, "epochs": WHOLE(1, 10_000)}
        | {"batch": WHOLE(1, 2), "peak": kinds.number(0, 1), "seed": SEED}
        | {"rotation": ABOVE_0, "shift": ABOVE_0, "zoom": ABOVE_0, "slant": ABOVE_0}
        | {"smoothing": kinds.number(0, 1)},
        says=dict.fromkeys(("rotation", "shift", "zoom", "slant"), ("movement",)),
        refusals=True,
    ),
    "training.batches": Call(
        lambda: {"images": pictures(), "labels": labels(), "batch": 1},
        {"images": kinds.grey_levels, "labels": CODES, "batch": WHOLE(1, 2)},
        refusals=True,
    ),
    "conversion.convert_float": _of_keras(),
    "conversion.convert_float16": _of_keras(),
    "conversion.convert_dynamic_range": _of_keras(),
    "conversion.convert_quantized": _of_keras(),
    "conversion.convert_int8": _of_keras(
        images=(pictures(), kinds.images), batch=(1, BATCH)
    ),
    "conversion.convert_16x8": _of_keras(
        images=(pictures(), kinds.images), batch=(1, BATCH)
    ),
    "four_bits.four_bit_model": _of_keras(
        images=(pictures(), kinds.images),
        layers=(["dense"], kinds.other()),
    ),
    "tfmot_qat.calibrated_model": _of_keras(images=(pictures(), kinds.images)),
    "tfmot_qat.ranges": Call(
        lambda: {"quantized": keras_model()},
        {"quantized": KERAS},
        says={"quantized": ["model"]},
        refusals=True,
    ),
    "tfmot_qat.set_ranges": Call(
        lambda: (
            {"quantized": keras_model(), "model": keras_model()}
            | {"images": reals(1, 28, 28, 1)}
        ),
        {"quantized": KERAS, "model": KERAS, "images": REAL},
        says={"quantized": ["model"]},
        refusals=True,
    ),
    # --- lesson 05
    "fixed_point.quantize_multiplier": Call(
        lambda: {"real": above_0(4)}, {"real": kinds.numbers}
    ),
    "fixed_point.doubling_high_mul": Call(
        lambda: {"a": ints(4, 6), "mantissa": ints(6)},
        {"a": CODES, "mantissa": CODES},
        says={"a": ["shapes"], "mantissa": ["shapes"]},
    ),
    "fixed_point.rounding_divide_by_pot": Call(
        lambda: {"x": ints(4, 6), "exponent": ints(6)}, {"x": CODES, "exponent": CODES}
    ),
    "fixed_point.multiply_by_quantized_multiplier": Call(
        lambda: (
            {"acc": ints(4, 6), "mantissa": ints(6), "shift": ints(6)}
            | {"rounding": "double-up"}
        ),
        {"acc": CODES, "mantissa": CODES, "shift": CODES, "rounding": CHOICE},
        says={"acc": ["acc"], "shift": ["acc * 2^shift"]},
    ),
    "integer_softmax.integer_softmax": Call(
        lambda: {"scores": ints(3, 5), "scale": 0.5, "beta": 1.0, "kind": "table"},
        {"scores": kinds.codes_of(np.int8), "scale": ABOVE_0, "beta": ABOVE_0}
        | {"kind": CHOICE},
    ),
    "integer_softmax.integer_softmax fixed": Call(
        lambda: {"scores": ints(3, 5), "scale": 0.5, "beta": 1.0},
        {"scores": kinds.codes_of(np.int8), "scale": ABOVE_0, "beta": ABOVE_0},
    ),
    "integer_nn.IntegerNetwork.from_tflite": _of_tflite(),
    "integer_nn.IntegerNetwork.run": Call(
        lambda: (
            {"x": np.resize(ints(7), (2, 28, 28, 1)), "kernel": "xnnpack"}
            | {"keep": "output"}
        ),
        {"x": kinds.codes_of(np.int8), "kernel": CHOICE, "keep": CHOICE},
        function=lambda x, kernel, keep: network().run(x, kernel, keep),
    ),
    "windows.Window": Call(
        lambda: {"size": (2, 3), "stride": (1, 2), "dilation": (1, 1), "same": True},
        dict.fromkeys(("size", "stride", "dilation"), kinds.pair) | {"same": FLAG},
    ),
    "windows.Window.padded": Call(
        lambda: {"x": ints(2, 5, 6, 3), "fill": 0},
        {"x": kinds.four_axes, "fill": kinds.nothing},
        function=Window((3, 3), same=True).padded,
    ),
    "windows.Window.taps": Call(
        lambda: {"x": ints(2, 5, 6, 3)},
        {"x": kinds.four_axes},
        function=WINDOW.taps,
        shown=list,
    ),
    "windows.seen_by_windows": Call(
        lambda: {"x": ints(2, 5, 6, 3), "window": WINDOW},
        {"x": kinds.four_axes, "window": kinds.other()},
    ),
    "windows.max_pool": Call(
        lambda: {"x": ints(2, 5, 6, 3), "window": WINDOW},
        {"x": kinds.four_axes, "window": kinds.other()},
    ),
    "windows.average_pool": Call(
        lambda: {"x": ints(2, 5, 6, 3), "window": WINDOW},
        {"x": CODES, "window": kinds.other()},
    ),
    "integer_steps.Kernel": Call(
        lambda: (
            {"conv": "float", "depthwise": "float", "dense": "float"}
            | {"softmax": "fixed"}
        ),
        dict.fromkeys(("conv", "depthwise", "dense", "softmax"), CHOICE),
    ),
    "flatbuffer.file_bytes": replace(
        _of_tflite(), but={"model": {"mark alone": EITHER, "half": EITHER}}
    ),  # reads the mark alone
    "flatbuffer.read_model": _of_tflite(),
    "flatbuffer.with_every_output": Call(
        lambda: {"content": tflite_file()},
        {"content": kinds.tflite},
        says={"content": ["model", "bytes", "tflite"]},
    ),
    "flatbuffer.with_scales": Call(
        lambda: {"content": tflite_file(), "scales": {0: np.float32(0.25)}},
        {"content": kinds.tflite, "scales": kinds.mapping(ABOVE_0)},
        says={"content": ["model", "bytes", "tflite"], "scales": ["scale", "tensor"]},
    ),
    "device.flash_bytes": _of_tflite(),
    "device.alive": _of_tflite(),
    "device.arena": _of_tflite(alignment=(16, WHOLE(1, 4096))),
    "tflite.open_model": Call(
        lambda: {"model": tflite_file(), "batch": 1, "kernel": "xnnpack"},
        {"model": kinds.tflite, "batch": BATCH, "kernel": CHOICE},
        says={"model": ["bytes", "tflite"]},
        shown=lambda interpreter: interpreter.get_input_details()[0]["shape"],
    ),
    "tflite.predict": _of_tflite(
        images=(pictures(), kinds.images), batch=(1, BATCH), kernel=("xnnpack", CHOICE)
    ),
    "tflite.every_tensor": _of_tflite(
        x=(np.resize(ints(7), (2, 28, 28, 1)), kinds.codes_of(np.int8)),
        batch=(1, BATCH),
        kernel=("xnnpack", CHOICE),
    ),
    "tflite.checked_kernel": Call(lambda: {"kernel": "xnnpack"}, {"kernel": CHOICE}),
    "latency.latency": Call(
        lambda: {"run": int, "seconds": 1e-6, "least": 3},
        {"run": kinds.other("class", "function"), "seconds": kinds.number(0, 3600)}
        | {"least": WHOLE(3, 10**6)},
        shown=lambda found: found.runs >= 3,
    ),
    "latency.latency_side_by_side": Call(
        lambda: {"runs": {"a": int, "b": float}, "seconds": 1e-6, "least": 3},
        {"runs": FUNCTIONS, "seconds": kinds.number(0, 3600), "least": WHOLE(3, 10**6)},
        says={"runs": ["b"]},
        shown=lambda found: {name: one.runs >= 3 for name, one in found.items()},
    ),
    "latency.runner": _of_tflite(
        images=(pictures(), kinds.images),
        batch=(1, WHOLE(1, 2)),
        kernel=("xnnpack", CHOICE),
    ),
    # --- the float network and its data
    "nn.conv2d": Call(
        lambda: {"x": reals(2, 5, 6, 3), "kernel": reals(2, 3, 3, 4), "bias": reals(4)},
        {"x": REAL, "kernel": REAL, "bias": REAL},
    ),
    "nn.relu": Call(lambda: {"x": reals(4, 6)}, {"x": REAL}),
    "nn.max_pool": Call(lambda: {"x": reals(2, 5, 6, 3)}, {"x": REAL}),
    "nn.dense": Call(
        lambda: {"x": reals(3, 5), "kernel": reals(5, 4), "bias": reals(4)},
        {"x": REAL, "kernel": REAL, "bias": REAL},
    ),
    "nn.softmax": Call(lambda: {"logits": reals(3, 5)}, {"logits": REAL}),
    "nn.forward": _run(kinds.weights),
    "nn.predict": _run(),
    "nn.activations": _run(start=False),
    "nn.accuracy": _run(labels=(labels(), CODES)),
    "nn.predict_each": Call(
        lambda: (
            {"models": {"a": model(), "b": model()}, "images": pictures()}
            | {"transform": {"conv": zeros}}
        ),
        {"models": kinds.mapping(kinds.few_weights), "images": kinds.images}
        | {"transform": FUNCTIONS},
        says={"models": ["weights"]},
        but={"transform": OPTIONAL},
    ),
    "data.save_float_model": Call(
        lambda: (
            {"weights": load_float_model(), "facts": {"epochs": 0}}
            | {"folder": "no such folder"}
        ),
        {"weights": kinds.mapping(kinds.real), "facts": kinds.other("dictionary")}
        | {"folder": kinds.nothing},
        refusals=True,
    ),
    "data.sha256": Call(
        lambda: {"array": reals(4, 6)},
        {"array": kinds.contents},
    ),
}


def recipe() -> dict[str, Any]:
    movement = {"rotation": 8.0, "shift": 1.0, "zoom": 0.125, "slant": 0.125}
    return {
        "epochs": 1,
        "batch": 2,
        "peak": 1e-3,
        **movement,
        "smoothing": 0.125,
        "seed": 0,
    }


@functools.cache
def tensors() -> dict[str, np.ndarray]:
    from qlib.nn import activations

    return activations(model(), pictures())
