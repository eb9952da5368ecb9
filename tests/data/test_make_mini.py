"""What make_mini writes is what mini reads: tried on a small set of the layout of CIFAR."""
import io
import json
from contextlib import redirect_stdout

import fake_cifar
import numpy as np
import pytest

from scratchnet.data import load, make_mini, mini
from scratchnet.errors import DataError

PER_CLASS = {"train": 10, "test": 5}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Full data set, the folder of what was made of it, and what was printed of each part."""
    folder, printed = tmp_path_factory.mktemp("made"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(fake_cifar, "N", 120)  # images a file: enough of each class
        patch.setattr(make_mini, "PER_CLASS", PER_CLASS)
        place = fake_cifar.Fake("cifar10", patch).write(folder, "binary")
        (folder / "mini").mkdir()
        make_mini.make(place, folder / "mini")
        full = load("cifar10", place)
    return full, folder / "mini", dict(line.split(": ", 1) for line in printed.getvalue().splitlines())


def test_it_writes_what_mini_reads(made, monkeypatch):
    full, folder, printed = made
    assert sorted(path.name for path in folder.iterdir()) == sorted(mini.FILES)
    monkeypatch.setattr(mini, "files", lambda package: folder.parent)
    with pytest.raises(DataError, match="damaged"):  # it is not the embedded set, and its hashes say so
        load("mini")
    assert [line.partition(" images")[0] for line in printed.values()] == ["100", "50"]
    monkeypatch.setattr(mini, "SHA256", {split: line[-64:] for split, line in printed.items()})
    small, index = load("mini"), json.loads((folder / "index.json").read_text())
    for split, images, labels in (("train", small.train_images, small.train_labels),
                                  ("test", small.test_images, small.test_labels)):
        chosen = index[split]["official_indices"]
        assert (images == getattr(full, f"{split}_images")[chosen]).all()
        assert (labels == getattr(full, f"{split}_labels")[chosen]).all()


def test_it_takes_the_first_of_each_class_in_official_order(made):
    full, folder, _ = made
    index = json.loads((folder / "index.json").read_text())
    for split, count in PER_CLASS.items():
        chosen, labels = index[split]["official_indices"], getattr(full, f"{split}_labels")
        assert chosen == sorted(chosen) and (np.bincount(index[split]["labels"]) == count).all()
        for c in range(10):
            assert [i for i in chosen if labels[i] == c] == np.flatnonzero(labels == c)[:count].tolist()


def test_the_embedded_set_is_of_the_size_that_it_would_make():
    train_images, _, test_images, _ = load("mini")
    assert make_mini.PER_CLASS == {"train": len(train_images) // 10, "test": len(test_images) // 10}
