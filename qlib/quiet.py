"""Hold back what TensorFlow's C++ side writes, unless something fails."""

import contextlib
import functools
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import TextIO


@contextlib.contextmanager
def _descriptors_to(log: TextIO) -> Iterator[None]:
    """Let file descriptors 1 and 2 write into `log` while the block runs."""
    saved = {}
    for descriptor in (1, 2):
        # Under pythonw or a daemon they may be closed: then there is nothing to hold.
        with contextlib.suppress(OSError):
            saved[descriptor] = os.dup(descriptor)
    try:
        for descriptor in saved:
            os.dup2(log.fileno(), descriptor)
        yield
    finally:
        for descriptor, copy in saved.items():
            os.dup2(copy, descriptor)
            os.close(copy)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Run the block in silence; if it fails, show on stderr all that it wrote.

    C++ code writes to file descriptors 1 and 2 behind Python's back, so replacing
    `sys.stdout` is not enough; in a notebook `sys.stdout` is not descriptor 1, so
    replacing the descriptors is not enough either. Both are held back, and warnings.

    Raises:
        BaseException: whatever the block raises, after the replay.

    Example:
        >>> with quiet():
        ...     print("chatter")
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # what was written before must not land in the log
    with tempfile.TemporaryFile(
        "w+", buffering=1, encoding="utf-8", errors="replace"
    ) as log:
        try:
            with (
                _descriptors_to(log),
                contextlib.redirect_stdout(log),
                contextlib.redirect_stderr(log),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")
                yield
        except BaseException:
            log.seek(0)
            print(log.read(), end="", file=sys.stderr)
            raise


@functools.cache
def load_tensorflow() -> ModuleType:
    """Import TensorFlow in silence and return it, with Keras 2 as `tf.keras`.

    Raises:
        RuntimeError: if Keras 3 was chosen before `qlib` could ask for Keras 2.

    Example:
        >>> load_tensorflow().keras.Model.__module__.partition(".")[0]
        'tf_keras'
    """
    with quiet():
        import tensorflow as tf

        keras = tf.keras.Model.__module__.partition(".")[0]
    tf.get_logger().setLevel("ERROR")
    if keras != "tf_keras":
        raise RuntimeError(
            "tf.keras is Keras 3 here, and the course needs Keras 2 (tf_keras): unset "
            "TF_USE_LEGACY_KERAS, restart Python and import qlib before TensorFlow."
        )
    return tf
