"""Fixtures that every test may use."""
import signal
from contextlib import contextmanager

import gpu_emulator
import numpy as np
import pytest
from hypothesis import settings
from strict import strict

from scratchnet import backend as backends
from scratchnet import gpu
from scratchnet.errors import BackendError

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it


def pytest_addoption(parser):
    parser.addoption("--campaign", choices=("short", "long"), default="short",
                     help="how many faults tests/campaign tries: a few (default), or as many as a release asks for")


@pytest.fixture
def campaign(pytestconfig):
    """Return a function that chooses between the numbers of a short campaign and a long one."""
    return lambda short, long: {"short": short, "long": long}[pytestconfig.getoption("campaign")]


@pytest.fixture(params=["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def backend(request):
    """The array module under test: one test body, every backend."""
    if request.param == "strict":
        return strict
    try:
        return backends.select(request.param)
    except BackendError as error:
        pytest.skip(str(error))


@pytest.fixture
def emulated(monkeypatch):
    """Return a context in which the GPU's kernels run on NumPy arrays; it gives the set of those that were called."""
    if gpu_emulator.COMPILER is None:
        pytest.skip("g++ is not installed: the kernels cannot be compiled for this processor")

    @contextmanager
    def context():
        called = set()

        def launch(file, function, *arguments, **defines):
            called.add(function)
            gpu_emulator.launch(file, function, *arguments, **defines)
        with monkeypatch.context() as patch:
            patch.setitem(gpu.LAUNCHERS, "numpy", launch)
            yield called
    return context


@pytest.fixture
def rng():
    """A fresh generator of known seed."""
    return np.random.default_rng(2016)
