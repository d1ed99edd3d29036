"""Neural-network quantization, computed in front of the reader.

Importing the package needs NumPy alone: TensorFlow and matplotlib load with the module
that uses them.
"""

import os

# tensorflow-model-optimization accepts models of Keras 2 only, and TensorFlow decides
# between Keras 2 and 3 when `tf.keras` is first touched: this must be set before.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
# TensorFlow's C++ side writes start-up notes past Python to the terminal; 3 leaves the
# fatal ones.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Layers run one after the other here: a second thread for whole operations gains no
# time and holds 60 MB more. (The threads within an operation are others.)
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

# Names that lessons may take straight from `qlib` go below (NumPy-only modules alone).
