"""Which images are relevant to a query: those of its class (section 5 of the paper), but not the query itself."""
import numpy as np

from ..backend import to_host
from ..errors import InputError


def check_labels(labels, name, n):
    """Return labels (n,) on the host, int64, or refuse them."""
    labels = np.asarray(labels) if isinstance(labels, list | tuple) else to_host(labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise InputError(f"{name} must be {n} whole numbers, one for each vector, got {labels.dtype} "
                         f"of shape {labels.shape}")
    return labels.astype(np.int64)


def check_own_rows(queries, gallery):
    """Refuse queries that are not the gallery's first rows: they could not be taken out of their rankings."""
    nq = len(queries)
    if not (nq <= len(gallery) and bool((queries == gallery[:nq]).all())):
        raise InputError("exclude_self says that query i is gallery row i, and it is not: "
                         "give the queries as the gallery's first rows, or leave it off")


def check_relevant_exist(query_labels, gallery_labels, exclude_self):
    """Refuse a query that nothing in the gallery could be right for: its average precision is 0 / 0."""
    classes, codes = np.unique(np.concatenate([query_labels, gallery_labels]), return_inverse=True)
    nq = len(query_labels)
    relevant = np.bincount(codes[nq:], minlength=len(classes))[codes[:nq]] - bool(exclude_self)
    if not relevant.all():
        i = int(relevant.argmin())
        raise InputError(f"query {i} (label {query_labels[i]}) has no relevant image in the gallery: "
                         "leave it out, or add images of its class")
