"""Fixtures of the tests of pictures."""
import numpy as np
import pytest


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (31, 32, 32, 3)).astype(np.uint8)
