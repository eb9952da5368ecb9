"""How good a ranking is: the figures, what each is called, and exactly what it means.

The paper prints one MAP and defines none. At depth 30 three denominators are in use, and on CIFAR-100 they differ by a
factor of five for the same ranking: so no figure here goes without its name.
"""
from ..backend import array_module
from ..metrics import average_precisions


def definitions(depth=30):
    """Return {key: (name, definition)} of what `of_rankings` returns, in its order."""
    first = f"the precisions at the relevant images among the first {depth}, summed and divided by"
    return {
        "map": ("MAP (full ranking)", "the mean, over all R relevant images, of the precision at the rank of each"),
        f"map_at_{depth}": (f"MAP at {depth} / found", f"{first} the number of these images; 0 if there are none"),
        f"map_at_{depth}_possible": (f"MAP at {depth} / min({depth}, R)", f"{first} the most that could be there"),
        f"map_at_{depth}_all": (f"MAP at {depth} / R", f"{first} the number R of all relevant images"),
        f"precision_at_{depth}": (f"precision at {depth}", f"the share of the first {depth} images that are relevant"),
    }


def of_rankings(relevant, depth=30):
    """Return each figure of `definitions` for each of some rankings.

    Parameters
    ----------
    relevant : (nq, nb) bool array
        In rank order, each row with something relevant.
    depth : int

    Returns
    -------
    dict of str to array
        (nq,) float64, on the backend of `relevant`.
    """
    xp = array_module(relevant)
    R, found = relevant.sum(axis=1), relevant[:, :depth].sum(axis=1)
    full, of_found = average_precisions(relevant), average_precisions(relevant, depth)
    values = (full, of_found, of_found * found / xp.minimum(R, depth), of_found * found / R,
              found / min(depth, relevant.shape[1]))
    return dict(zip(definitions(depth), values))
