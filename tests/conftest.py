"""What the tests share: a quiet TensorFlow, a browser, and examples that repeat."""

import pytest
from hypothesis import settings

from tools import browser

settings.register_profile("normal", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("normal")


@pytest.fixture(scope="session")
def tf():
    """Return TensorFlow, the oracle of many tests, imported without chatter."""
    from qlib.quiet import quiet

    with quiet():
        import tensorflow
    return tensorflow


@pytest.fixture(scope="module")  # no longer: its event loop would be in others' way
def chromium(request):
    """Return a headless browser, or skip with what is missing."""
    if not request.config.getoption("--browser"):
        pytest.skip("course.py test --browser runs it: pages take minutes")
    if reason := browser.why_not():
        pytest.skip(reason)
    with browser.browser() as opened:
        yield opened


@pytest.fixture
def all_of_it(request):
    """Skip what a run without --browser leaves out: it takes minutes."""
    if not request.config.getoption("--browser"):
        pytest.skip("course.py test --browser runs it")
