"""Fixtures that every test may use."""
import numpy as np
import pytest
from hypothesis import settings
from strict import strict

from scratchnet import backend as backends
from scratchnet.errors import BackendError

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


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
def rng():
    """A fresh generator of known seed."""
    return np.random.default_rng(2016)
