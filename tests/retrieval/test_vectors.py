import numpy as np
import pytest

from scratchnet.errors import InputError
from scratchnet.retrieval import DISTANCES, printed_cosine

BAD = [
    (lambda x: x.astype(int), "int64.*astype"),
    (lambda x: x.astype(np.float16), "float16"),
    (lambda x: x[0], "shape"),
    (lambda x: x[:0], "shape"),
    (lambda x: x[None], "shape"),
    (lambda x: x[:, :2], "d = "),
    (lambda x: np.where(x == x[0, 0], np.nan, x), "finite"),
    (lambda x: np.where(x == x[0, 0], -np.inf, x), "finite"),
    (lambda x: x * 1e20, "finite"),
    (lambda x: x.tolist(), "list")]


@pytest.mark.parametrize("make, message", BAD)
@pytest.mark.parametrize("function", [*DISTANCES.values(), printed_cosine])
def test_bad_vectors_are_refused(rng, function, make, message):
    x = rng.standard_normal((4, 3))
    for arguments in ((make(x), x), (x, make(x))):
        with pytest.raises(InputError, match=message) as caught:
            function(*arguments)
        assert "\n" not in str(caught.value)
