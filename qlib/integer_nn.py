"""A whole int8 network in NumPy integers, equal to LiteRT's kernels in every bit.

`IntegerNetwork` reads a .tflite file and computes what the reference, the optimised or
XNNPACK's kernels would, or those for microcontrollers, tensor by tensor. All sum the
same integers; they differ in how a sum is rounded to a code, and in their softmax.
Introduced in lesson 05.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from qlib._checked import plain_array
from qlib.flatbuffer import ModelFile, Tensor, file_bytes, read_model
from qlib.integer_steps import (
    Kernel,
    NotKnownError,
    Step,
    pooled_first,
    require_simple,
    step_of,
)
from qlib.nn import one_blas_thread
from qlib.tflite import open_model

VALUES = 2**18  # of the largest tensor at a time: they stay in the cache

KERNELS = {
    "reference": Kernel("double-away", "double-away", "float64", "fixed"),
    "optimized": Kernel("double-up", "eights", "double-up", "table"),
    "xnnpack": Kernel("float", "float", "float", "table"),
    "micro": Kernel("double-away", "double-away", "double-away", "fixed"),
}


@dataclass(frozen=True)
class IntegerNetwork:
    """An int8 network that runs on NumPy integers; made by `from_tflite`.

    Args:
        model: the file's tensors and operators.
    """

    model: ModelFile
    _steps: tuple[Step, ...] = field(repr=False)

    @classmethod
    def from_tflite(cls, model: bytes | str | Path) -> "IntegerNetwork":
        """Return the network of a full-int8 .tflite file.

        Known are Conv2D, DepthwiseConv2D, dense layers, max and average pooling,
        reshaping and softmax, with ReLU, ReLU6 or no activation, one after the other.

        Args:
            model: the bytes of a .tflite file, or its path.

        Raises:
            TypeError, FileNotFoundError: as for `qlib.flatbuffer.read_model`.
            ValueError: it is no .tflite file, or a damaged one; an operator or the
                type of a tensor is not known here, such as float32.

        Example:
            >>> from qlib.data import DATA
            >>> network = IntegerNetwork.from_tflite(DATA / "mnist_qat_int8.tflite")
            >>> network.input.shape
            (1, 28, 28, 1)
        """
        content = file_bytes(model)
        found = read_model(content)
        require_simple(found)
        open_model(content)  # LiteRT checks what the tables alone don't tell
        try:
            network = cls(found, tuple(step_of(found, op) for op in found.layers))
            network._try()
        except NotKnownError:
            raise
        except Exception as error:  # shapes and indices that don't fit raise many kinds
            raise ValueError(
                f"the .tflite file does not fit together ({type(error).__name__}: "
                f"{error}). Make or fetch it again."
            ) from error
        return network

    @property
    def input(self) -> Tensor:
        """The tensor that `run` takes; its `params` are the grid of the images."""
        return self.model.tensors[self.model.inputs[0]]

    def run(
        self, x: np.ndarray, kernel: str | Kernel = "reference", keep: str = "all"
    ) -> dict[str, np.ndarray]:
        """Return the output of every operator on codes, int8, by its name, in order.

        Args:
            x: int8 codes of the input's grid, shape (n, ...).
            kernel: "reference", "optimized", "xnnpack", "micro" (TensorFlow Lite
                Micro), or a `Kernel` of your own.
            keep: "all", or "output" for the last tensor alone, in half the time.

        Raises:
            TypeError: x is not int8.
            ValueError: x has another shape or is empty; kernel or keep is unknown.

        Source: TensorFlow Lite's reference_ops and optimized_ops, XNNPACK. Lesson 05.

        Example:
            >>> from qlib.data import DATA
            >>> network = IntegerNetwork.from_tflite(DATA / "mnist_qat_int8.tflite")
            >>> blank = np.full((1, 28, 28, 1), -128, np.int8)
            >>> list(network.run(blank, keep="output").values())[0].shape
            (1, 10)
        """
        kernel, x = _kernel(kernel), self._checked(x)
        if not isinstance(keep, str) or keep not in ("all", "output"):
            raise ValueError(f"keep is {keep!r:.60}: allowed are 'all' and 'output'.")
        steps = self._steps if keep == "all" else pooled_first(self._steps)
        kept = steps if keep == "all" else steps[-1:]
        found = {
            step.target.name: np.empty((len(x), *step.target.shape[1:]), np.int8)
            for step in kept
        }
        largest = max(np.prod(step.target.shape) for step in self._steps)
        size = max(1, int(VALUES // largest))
        with one_blas_thread():
            for start in range(0, len(x), size):
                codes = x[start : start + size]
                for step in steps:
                    codes = step.codes(codes, kernel)
                    if step.target.name in found:
                        found[step.target.name][start : start + size] = codes
        return found

    def _try(self) -> None:
        """Run one image, and compare the shapes with those that the file tells."""
        codes = np.zeros((1, *self.input.shape[1:]), np.int8)
        for step in self._steps:
            codes = step.codes(codes, KERNELS["reference"])
            if codes.shape[1:] != step.target.shape[1:]:
                raise ValueError(f"{step.target.name!r} gets shape {codes.shape}")

    def _checked(self, x: np.ndarray) -> np.ndarray:
        x, shape = plain_array(x, "x"), self.input.shape[1:]
        if x.dtype != np.int8:
            raise TypeError(
                f"x has dtype {x.dtype}: int8 codes are needed. Make them with "
                "quantize(images, network.input.params)."
            )
        if x.shape[1:] != shape or len(x) == 0:
            raise ValueError(
                f"x has shape {x.shape}: (n, {', '.join(map(str, shape))}) is needed, "
                "with n at least 1."
            )
        return x


def _kernel(kernel: str | Kernel) -> Kernel:
    if isinstance(kernel, Kernel):
        return kernel
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise ValueError(
            f"kernel is {kernel!r:.60}: allowed are "
            f"{', '.join(map(repr, KERNELS))}, or a Kernel."
        )
    return KERNELS[kernel]
