"""What the tests share: a quiet TensorFlow, and examples that repeat."""

import pytest
from hypothesis import settings

settings.register_profile("normal", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("normal")


@pytest.fixture(scope="session")
def tf():
    """Return TensorFlow, the oracle of many tests, imported without chatter."""
    from qlib.quiet import quiet

    with quiet():
        import tensorflow
    return tensorflow
