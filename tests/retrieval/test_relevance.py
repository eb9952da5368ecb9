import numpy as np
import pytest

from scratchnet.backend import to_device
from scratchnet.errors import InputError
from scratchnet.retrieval import relevance


def test_labels_come_to_the_host_as_int64(backend):
    for labels in ([2, 0, 1], np.array([2, 0, 1], np.uint8), to_device(np.array([2, 0, 1]), backend)):
        got = relevance.check_labels(labels, "labels", 3)
        assert isinstance(got, np.ndarray) and got.dtype == np.int64 and got.tolist() == [2, 0, 1]


@pytest.mark.parametrize("labels", [np.zeros(2, int), np.zeros((3, 1), int), np.zeros(3), np.zeros(3, bool)])
def test_what_is_no_label_is_refused(labels):
    with pytest.raises(InputError, match="query_labels must be 3 whole numbers"):
        relevance.check_labels(labels, "query_labels", 3)


def test_queries_must_be_the_first_rows_to_be_left_out(backend, rng):
    x = to_device(rng.standard_normal((5, 2)), backend)
    relevance.check_own_rows(x[:3], x)
    for queries, gallery in ((x[1:], x), (x, x[:3])):
        with pytest.raises(InputError, match="exclude_self"):
            relevance.check_own_rows(queries, gallery)


def test_the_query_itself_is_not_enough():
    query_labels, gallery_labels = np.array([4, 7]), np.array([4, 7, 4])
    relevance.check_relevant_exist(query_labels, gallery_labels, exclude_self=False)
    with pytest.raises(InputError, match=r"query 1 \(label 7\)"):
        relevance.check_relevant_exist(query_labels, gallery_labels, exclude_self=True)


def test_a_mask_is_not_left_behind():
    with pytest.raises(InputError, match="mask"):
        relevance.check_labels(np.ma.masked_array([0, 1], [True, False]), "labels", 2)
