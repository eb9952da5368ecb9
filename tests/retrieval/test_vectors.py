import numpy as np
import pytest

from scratchnet.backend import to_device
from scratchnet.errors import InputError
from scratchnet.retrieval import DISTANCES, printed_cosine
from scratchnet.retrieval.vectors import check_vectors

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


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_odd_arrays_are_refused(rng):
    x = rng.standard_normal((4, 3))
    for wrong in (np.ma.masked_array(x, x > 0), np.matrix(x), x.astype(">f8"), x.astype(object), x > 0):
        for function in (*DISTANCES.values(), printed_cosine):
            for arguments in ((wrong, x), (x, wrong)):
                with pytest.raises(InputError):
                    function(*arguments)


def test_vectors_all_below_the_smallest_are_refused_but_not_zeros(backend):
    for x in ([[1e-13, 0.0]], [[-1e-13, 1e-20]]):
        check_vectors(to_device(np.array(x), backend), "gallery")
        with pytest.raises(InputError, match="gallery must have a number above 1e-12 in size"):
            check_vectors(to_device(np.array(x), backend), "gallery", smallest=1e-12)
    for x in ([[0.0, 0.0]], [[1e-11, 0.0]], [[1e-20, 0.0], [0.0, -1.0]]):
        check_vectors(to_device(np.array(x), backend), "gallery", smallest=1e-12)
