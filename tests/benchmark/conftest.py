"""Fixtures of the tests of timing."""
import pretend_gpu
import pytest


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that answers as CuPy would, with a clock of its own; see doubles/pretend_gpu.py."""
    return pretend_gpu.pretend(monkeypatch)
