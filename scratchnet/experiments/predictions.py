"""The predictions that finished runs left beside their results, ready for paired comparisons."""
from ..errors import CheckpointError
from ..report.claims import right, run_key
from .results import read_predictions, read_result


def kept(paths, labels=None):
    """Return {`run_key`: what was found of each test image} of some runs.

    Parameters
    ----------
    paths : iterable of (Path, Path)
        The result.json and the predictions of each run. Runs whose predictions are not there are passed over.
    labels : dict, optional
        {data set: labels of its test images}, for predictions that were kept before these were kept with them. What a
        data set lacks is taken from other runs on it; a run for which there are none is passed over.

    Raises
    ------
    CheckpointError
        If a file is damaged, or predictions are not of the run that they lie beside.
    """
    found, labels = {}, dict(labels or {})
    for path, predictions in paths:
        if predictions.exists():
            run = read_result(path)
            found[run_key(run)] = path, run, read_predictions(path, predictions)
    for _, run, arrays in found.values():
        if "labels" in arrays:
            labels.setdefault(run["dataset"], arrays["labels"])
    for path, run, arrays in found.values():
        if run["dataset"] in labels:
            arrays.setdefault("labels", labels[run["dataset"]])
            if run["accuracy"] and abs(right(arrays).mean() - run["accuracy"]["top1"]) > 1e-9:
                raise CheckpointError(f"the predictions beside {path} are of another run: delete both, and --resume "
                                      "evaluates that run again")
    return {key: arrays for key, (_, _, arrays) in found.items() if "labels" in arrays}
