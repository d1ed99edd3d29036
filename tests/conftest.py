"""What the tests share: a quiet TensorFlow, a browser, and examples that repeat.

Properties are tried on 50 examples each, the same in every run. The profile "nightly"
tries 1,000, new ones each time; what it finds is printed with the line that repeats it:

    python3 course.py test tests -m hypothesis --hypothesis-profile=nightly
"""

import pytest
from hypothesis import HealthCheck, settings

from tools import browser

settings.register_profile("normal", max_examples=50, deadline=None, derandomize=True)
settings.register_profile(
    "nightly",
    max_examples=1000,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # a busy night is no fault
)


def pytest_configure(config):
    """Load the normal profile, unless the command line has named one."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("normal")


@pytest.fixture(scope="session")
def tf():
    """Return TensorFlow, the oracle of many tests, imported without chatter."""
    from qlib.quiet import quiet

    with quiet():
        import tensorflow
    return tensorflow


@pytest.fixture(scope="module")  # no longer: its event loop would be in others' way
def chromium():
    """Return a headless browser, or skip with what is missing."""
    if reason := browser.why_not():
        pytest.skip(reason)
    with browser.browser() as opened:
        yield opened


@pytest.fixture
def all_of_it(request):
    """Skip what a run without --browser leaves out: it takes minutes."""
    if not request.config.getoption("--browser"):
        pytest.skip("course.py test --browser runs it")
