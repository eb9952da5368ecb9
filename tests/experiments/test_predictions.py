"""What finished runs kept of each image, as a paired comparison takes it."""
import numpy as np
import pytest
from reports import made_up_run

from scratchnet.errors import CheckpointError
from scratchnet.experiments.predictions import kept
from scratchnet.experiments.results import write_result

LABELS = (np.arange(40) % 10).astype(np.uint8)


def finished(folder, rng, seed, right, with_labels=True, dataset="cifar10", **more):
    """Write a run with so many right answers; return the paths of its result and its predictions."""
    path = folder / f"{dataset}-{seed}/result.json"
    predicted = np.where(np.arange(40) < right, LABELS, (LABELS + 1) % 10).astype(np.uint8)
    accuracy = {"top1": right / 40, "top2": 1.0, "top3": 1.0}
    write_result(path, {}, made_up_run(rng, dataset, seed=seed, **{"accuracy": accuracy, **more}),
                 {"predicted": predicted, **({"labels": LABELS} if with_labels else {})})
    return path, path.with_name("predictions.npz")


def test_they_are_found_by_run(tmp_path, rng):
    paths = [finished(tmp_path, rng, seed, 30 + seed) for seed in (0, 1)]
    found = kept(paths)
    assert list(found) == [("cifar10", "cnn_rgb", "paper", 0), ("cifar10", "cnn_rgb", "paper", 1)]
    assert [(each["predicted"] == each["labels"]).sum() for each in found.values()] == [30, 31]


def test_a_run_that_kept_nothing_is_passed_over(tmp_path, rng):
    paths = [finished(tmp_path, rng, seed, 30) for seed in (0, 1)]
    paths[0][1].unlink()
    assert list(kept(paths)) == [("cifar10", "cnn_rgb", "paper", 1)]


def test_labels_come_from_another_run_on_the_same_images_or_from_the_caller(tmp_path, rng):
    old, new = finished(tmp_path, rng, 0, 30, with_labels=False), finished(tmp_path, rng, 1, 31)
    assert (kept([old, new])["cifar10", "cnn_rgb", "paper", 0]["labels"] == LABELS).all()
    assert (kept([old], {"cifar10": LABELS})["cifar10", "cnn_rgb", "paper", 0]["labels"] == LABELS).all()
    assert kept([old]) == {}
    other = finished(tmp_path, rng, 0, 30, with_labels=False, dataset="cifar100")
    assert list(kept([old, new, other])) == [("cifar10", "cnn_rgb", "paper", seed) for seed in (0, 1)]


def test_predictions_of_another_run_are_refused(tmp_path, rng):
    path, predictions = finished(tmp_path, rng, 0, 30)
    finished(tmp_path / "other", rng, 0, 33)[1].replace(predictions)
    with pytest.raises(CheckpointError, match="of another run"):
        kept([(path, predictions)])


def test_labels_that_contradict_the_accuracy_are_refused(tmp_path, rng):
    paths = finished(tmp_path, rng, 0, 30, with_labels=False)
    with pytest.raises(CheckpointError, match="of another run"):
        kept([paths], {"cifar10": LABELS[::-1]})


def test_a_run_without_classes_keeps_its_average_precisions(tmp_path, rng):
    paths = [finished(tmp_path, rng, 0, 30, accuracy=None)]
    assert len(kept(paths)) == 1
