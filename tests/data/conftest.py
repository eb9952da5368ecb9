"""Fixtures for the tests of what comes from outside."""
import signal

import pytest


@pytest.fixture
def in_time():
    """A test that waits for what never comes is ended."""
    signal.signal(signal.SIGALRM, lambda number, frame: pytest.fail("it waits"))
    signal.alarm(30)
    yield
    signal.alarm(0)
