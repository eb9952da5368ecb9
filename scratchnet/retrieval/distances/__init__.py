"""How far apart two descriptors are: the paper's Equations 2 to 5 (section 4), one file each; or two binary codes.

A distance is a subclass of `Distance` (base.py) in a module of this folder, which is all that it takes to be in
`DISTANCES`, to be searched by (`FlatIndex`) and to be evaluated (`evaluate_retrieval`). These take real numbers. What
takes packed bits is a `Metric` beside them, in `CODE_DISTANCES`.
"""
from ...discovery import subclasses_in
from ...errors import SettingsError
from ...suggest import nearest
from .base import Distance, Metric

__all__ = ["CODE_DISTANCES", "DISTANCES", "Distance", "check_metric", "metric_named"]

_found = sorted((cls() for cls in subclasses_in(__name__, __path__, Metric)), key=lambda each: (each.place, each.name))
DISTANCES = {metric.name: metric for metric in _found if isinstance(metric, Distance)}
CODE_DISTANCES = {metric.name: metric for metric in _found if not isinstance(metric, Distance)}


def metric_named(name):
    """Return the distance, of vectors or of codes, called `name`; else raise SettingsError with the nearest name."""
    metrics = {**DISTANCES, **CODE_DISTANCES}
    if name not in metrics:
        raise SettingsError(f"there is no metric {name!r}{nearest(str(name), metrics)}: "
                            f"choose one of {', '.join(metrics)}")
    return metrics[name]


def check_metric(metric):
    """Return `metric` if it names a distance; else raise SettingsError with the nearest name."""
    return metric_named(metric).name
