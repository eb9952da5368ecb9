"""The kernel of softmax and cross-entropy computes, on a processor, what the portable body computes."""
import numpy as np
import pytest

from scratchnet.losses import softmax_cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scale", [5, 5000])  # e to the power of 5000 is no number: the largest score is taken off
@pytest.mark.parametrize("N, C", [(1, 2), (15, 10), (8, 100)])
def test_softmax_kernel_computes_what_the_portable_body_does(N, C, scale, smoothing, emulated, rng):
    scores, labels = scale * rng.standard_normal((N, C)), rng.integers(0, C, N)
    loss, dscores = softmax_cross_entropy(scores, labels, smoothing)
    with emulated() as called:
        found, dfound = softmax_cross_entropy(scores, labels.astype(np.uint8), smoothing)
    assert called == {"softmax_cross_entropy"} and np.isclose(found, loss, rtol=1e-12)
    np.testing.assert_allclose(dfound, dscores, rtol=0, atol=1e-14)
