"""How good a ranking is: the figures, what each is called, and exactly what it means.

The paper prints one MAP and defines none. At depth 30 three denominators are in use, and on CIFAR-100 they differ by a
factor of five for the same ranking: so no figure here goes without its name.
"""
from ..backend import array_module
from ..checks import positive
from ..errors import SettingsError
from ..metrics import average_precisions


def depths(depth):
    """Return one depth, or several, as a tuple of whole numbers; refuse what is none, or the same twice."""
    found = tuple(number for one in (depth if isinstance(depth, tuple | list) else [depth])
                  for number in positive(depth=one))
    if not found or len(set(found)) < len(found):
        raise SettingsError(f"depth must be a number of ranks or several that differ, got {depth!r}")
    return found


def definitions(depth=30):
    """Return {key: (name, definition)} of what `of_rankings` returns, in its order; `depth` may be several, a tuple."""
    found = {"map": ("MAP (full ranking)",
                     "the mean, over all R relevant images, of the precision at the rank of each")}
    for d in depths(depth):
        first = f"the precisions at the relevant images among the first {d}, summed and divided by"
        found |= {
            f"map_at_{d}": (f"MAP at {d} / found", f"{first} the number of these images; 0 if there are none"),
            f"map_at_{d}_possible": (f"MAP at {d} / min({d}, R)", f"{first} the most that could be there"),
            f"map_at_{d}_all": (f"MAP at {d} / R", f"{first} the number R of all relevant images"),
            f"precision_at_{d}": (f"precision at {d}", f"the share of the first {d} images that are relevant"),
        }
    return found


def of_rankings(relevant, depth=30):
    """Return each figure of `definitions` for each of some rankings.

    Parameters
    ----------
    relevant : (nq, nb) bool array
        In rank order, each row with something relevant.
    depth : int or tuple of ints

    Returns
    -------
    dict of str to array
        (nq,) float64, on the backend of `relevant`.
    """
    xp = array_module(relevant)
    R, values = relevant.sum(axis=1), [average_precisions(relevant)]
    for d in depths(depth):
        of_found, found = average_precisions(relevant, d), relevant[:, :d].sum(axis=1)
        values += [of_found, of_found * found / xp.minimum(R, d), of_found * found / R,
                   found / min(d, relevant.shape[1])]
    return dict(zip(definitions(depth), values))
