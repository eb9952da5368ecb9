"""How far apart two descriptors are: the paper's Equations 2 to 5 (section 4), one file each.

A distance is a subclass of `Distance` (base.py) in a module of this folder, which is all that it takes to be in
`DISTANCES`, to be searched by (`FlatIndex`) and to be evaluated (`evaluate_retrieval`).
"""
from ...discovery import subclasses_in
from ...errors import SettingsError
from ...suggest import nearest
from .base import Distance

__all__ = ["DISTANCES", "Distance", "check_metric"]

DISTANCES = {distance.name: distance for distance in sorted(
    (cls() for cls in subclasses_in(__name__, __path__, Distance)), key=lambda found: (found.place, found.name))}


def check_metric(metric):
    """Return `metric` if it names a distance; else raise SettingsError with the nearest name."""
    if metric not in DISTANCES:
        raise SettingsError(f"there is no metric {metric!r}{nearest(str(metric), DISTANCES)}: "
                            f"choose one of {', '.join(DISTANCES)}")
    return metric
