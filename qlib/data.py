"""The data files of the course, checked when they are read.

A damaged file would show up lessons later as a strange accuracy, so both loaders
compare what they read with what was published: names, shapes, types and the SHA-256 of
each array.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from qlib._checked import plain_array
from qlib._files import replace_all

DATA = Path(__file__).resolve().parent.parent / "data"
STUDIES = DATA.parent / "benchmarks"

MNIST_SHAPES = {
    "x_train": (60000, 28, 28),
    "y_train": (60000,),
    "x_test": (10000, 28, 28),
    "y_test": (10000,),
}
# SHA-256 of the raw bytes of each array: any copy of MNIST has these.
MNIST_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}

# The trained network: 3x3 kernels to 32 channels, then 13 * 13 * 32 = 5408 values.
WEIGHT_SHAPES = {
    "conv/kernel": (3, 3, 1, 32),
    "conv/bias": (32,),
    "dense/kernel": (5408, 64),
    "dense/bias": (64,),
    "logits/kernel": (64, 10),
    "logits/bias": (10,),
}


def load_mnist(
    folder: str | Path = DATA,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return the MNIST digits as `(x_train, y_train), (x_test, y_test)`.

    Images are uint8 grey levels of shape (60000, 28, 28) and (10000, 28, 28), labels
    uint8 digits 0 to 9 of shape (60000,) and (10000,). Each call reads fresh arrays.

    Args:
        folder: where `mnist.npz` is; the course's own `data` folder if left out.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: if it cannot be read, or an array is missing or altered.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_mnist()
        >>> x_train.shape, x_train.dtype, y_test[:5].tolist()
        ((60000, 28, 28), dtype('uint8'), [7, 2, 1, 0, 4])
    """
    path = Path(folder) / "mnist.npz"
    cure = "Restore the file with: git checkout data/mnist.npz"
    arrays = _read_checked(path, "uint8", MNIST_SHAPES, MNIST_SHA256, cure)
    return (
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
    )


def load_study(name: str, folder: str | Path = STUDIES) -> dict:
    """Return the record of a long study: what `benchmarks/NAME.py` measured.

    Args:
        name: such as "arms" or "article".
        folder: where the record is; the course's own `benchmarks` if left out.

    Raises:
        FileNotFoundError: there is no such record; the message says which there are.
        ValueError: the record is damaged.

    Source: the script of the same name makes it. Lesson 04.

    Example:
        >>> load_study("arms")["seeds"]
        [0, 1, 2]
    """
    folder = Path(folder)
    path = folder / f"{name}.json"
    if not (str(name).isidentifier() and len(str(name)) < 100 and path.is_file()):
        names = sorted(p.stem for p in folder.glob("*.json"))
        raise FileNotFoundError(
            f"there is no study {name!r:.60} in {folder.name}: there are "
            f"{', '.join(names) or 'none'}."
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            f"{path.name} is damaged. Restore it with: git checkout "
            f"benchmarks/{path.name}"
        )
    return found


def load_float_model(folder: str | Path = DATA) -> dict[str, np.ndarray]:
    """Return the trained weights of the course's network: six float32 arrays by name.

    The names are `conv/kernel`, `conv/bias`, `dense/kernel`, `dense/bias`,
    `logits/kernel` and `logits/bias`; `qlib.nn` runs the network.

    Args:
        folder: where `float_model.npz` and `float_model.json` are.

    Raises:
        FileNotFoundError: if one of the two files is not there.
        ValueError: if one cannot be read, or an array is not the one that was trained.

    Example:
        >>> load_float_model()["dense/kernel"].shape
        (5408, 64)
    """
    path = Path(folder) / "float_model.npz"
    cure = (
        "Restore it with: git checkout data/float_model.npz data/float_model.json, "
        "or train again (a minute or two): python3 course.py train"
    )
    digests = _read_digests(path.with_suffix(".json"), cure)
    return _read_checked(path, "float32", WEIGHT_SHAPES, digests, cure)


def save_float_model(
    weights: Mapping[str, np.ndarray], facts: Mapping, folder: str | Path = DATA
) -> None:
    """Write the weights to `float_model.npz`, SHA-256 and facts to `float_model.json`.

    Both files are replaced whole, or none: a reader never meets half a file.

    Args:
        weights: float32 arrays with the names and shapes of `WEIGHT_SHAPES`.
        facts: what else to record, such as the accuracy; plain numbers and text.
        folder: where to write.

    Raises:
        TypeError: weights or facts are no dictionary.
        ValueError: if an array is missing, of another shape or type, or not finite.

    Example:
        >>> import tempfile
        >>> weights = {n: np.ones(s, np.float32) for n, s in WEIGHT_SHAPES.items()}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_float_model(weights, {"epochs": 0}, folder)
        ...     float(load_float_model(folder)["conv/bias"].sum())
        32.0
    """
    for value, name in ((weights, "weights"), (facts, "facts")):
        if not isinstance(value, Mapping):
            raise TypeError(
                f"{name} is {type(value).__name__}: a dictionary is needed."
            )
    path = Path(folder) / "float_model.npz"
    for name, shape in WEIGHT_SHAPES.items():
        if name not in weights:
            raise ValueError(
                f"weights: array '{name}' is missing. Nothing was written."
            )
        cure = "Nothing was written."
        _check_array("weights", name, weights[name], ("float32", shape), None, cure)
    arrays = {name: weights[name] for name in WEIGHT_SHAPES}
    record = dict(facts, sha256={name: sha256(a) for name, a in arrays.items()})
    text = json.dumps(record, indent=2) + "\n"
    file = io.BytesIO()
    np.savez(file, **arrays)
    replace_all({path: file.getvalue(), path.with_suffix(".json"): text.encode()})


def sha256(array: np.ndarray) -> str:
    """Return the SHA-256 of the raw bytes of an array, as 64 hexadecimal digits.

    Args:
        array: numbers or booleans, of any shape.

    Raises:
        TypeError, ValueError: it is no array of numbers.

    Example:
        >>> sha256(np.zeros(0, np.uint8))[:16]
        'e3b0c44298fc1c14'
    """
    array = plain_array(array, "array")
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def _read_checked(
    path: Path,
    dtype: str,
    shapes: Mapping[str, tuple[int, ...]],
    digests: Mapping[str, str],
    cure: str,
) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file, each of the type, shape and SHA-256 given."""
    arrays = _read_arrays(path, list(shapes), cure)
    for name, array in arrays.items():
        _check_array(path, name, array, (dtype, shapes[name]), digests[name], cure)
    return arrays


def _read_arrays(path: Path, names: list[str], cure: str) -> dict[str, np.ndarray]:
    """Return the named arrays of an .npz file."""
    found = None
    try:
        # Opened here: np.load leaves the file open if it turns out not to be a zip.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = list(file)
            return {name: file[name] for name in names}
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file. {cure}") from None
    except PermissionError as error:
        raise ValueError(
            f"{path}: this user may not read it ({error.strerror}). "
            "Allow it, on Linux and Mac with: chmod u+r"
        ) from error
    # A file cut off or overwritten fails in zipfile, zlib, struct or NumPy, with
    # exceptions of a dozen types: all of them mean the same here.
    except Exception as error:
        missing = [name for name in names if found is not None and name not in found]
        problem = (
            f"array '{missing[0]}' is missing; it holds {found}"
            if missing
            else f"not a readable .npz file ({type(error).__name__}: {error})"
        )
        raise ValueError(f"{path}: {problem}. {cure}") from error


def _check_array(
    source: str | Path,
    name: str,
    array: np.ndarray,
    expected: tuple[str, tuple[int, ...]],
    digest: str | None,
    cure: str,
) -> None:
    """Raise ValueError if an array is not of the type, shape and SHA-256 expected."""
    dtype, shape = expected
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        problem = f"is {type(array).__name__}, and {dtype} {shape} was expected"
    elif array.shape != shape or array.dtype != dtype:
        problem = f"is {array.dtype} {array.shape}, and {dtype} {shape} was expected"
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        problem = "holds NaN or infinity"
    elif digest is not None and sha256(array) != digest:
        problem = f"is altered: SHA-256 {sha256(array)}, and {digest} was expected"
    else:
        return
    raise ValueError(f"{source}: array '{name}' {problem}. {cure}")


def _read_digests(path: Path, cure: str) -> dict[str, str]:
    """Return the SHA-256 of each weight array as the training command recorded it."""
    try:
        digests = json.loads(path.read_text(encoding="utf-8"))["sha256"]
        if any(len(digests[name]) != 64 for name in WEIGHT_SHAPES):
            raise ValueError("a SHA-256 has 64 digits")
        return {name: digests[name] for name in WEIGHT_SHAPES}
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file. {cure}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path}: not a readable record ({error!r}). {cure}"
        ) from error
