"""Archives and pickles that are not what they claim to be, and those that are."""
import os
import pickle
import tarfile

import numpy as np
import pytest
from fake_cifar import Fake, archive_of, python2_batch

from scratchnet.data import load
from scratchnet.errors import DataError


@pytest.fixture
def fake(monkeypatch):
    return Fake("cifar10", monkeypatch)


def member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("evil", [
    {"../climbs": b"x"}, {"/absolute": b"x"}, {"a/../../climbs": b"x"},
    {"link": member("cifar-10-batches-bin/test_batch.bin", tarfile.SYMTYPE, "/etc/passwd")},
    {"hard": member("hard", tarfile.LNKTYPE, "other")}, {"device": member("device", tarfile.CHRTYPE)}])
def test_an_archive_that_climbs_out_or_links(evil, fake, tmp_path):
    content = archive_of({**evil, **{f"cifar-10-batches-bin/{f}": c for f, c in fake.binary.items()}})
    fake.vouch_for("cifar-10-binary.tar.gz", content)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match="climbs out"):
        load("cifar10", tmp_path)
    assert os.listdir(tmp_path) == ["cifar-10-binary.tar.gz"]


def test_an_archive_is_known_by_its_hash_not_its_name(fake, tmp_path):
    path = tmp_path / "renamed (1).tar.gz"
    path.write_bytes(fake.archives["cifar-10-binary.tar.gz"])
    assert len(load("cifar10", path).test_labels) == len(fake.tables["test_batch.bin"])
    for content, words in ((path.read_bytes()[:500], "truncated"), (b"", "empty"), (b"<html>", "HTML page"),
                           (archive_of({"x": b"x"}), "not an official archive")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=words):
            load("cifar10", path)


def test_an_archive_without_a_file(fake, tmp_path):
    content = archive_of({f"cifar-10-batches-bin/{f}": c for f, c in fake.binary.items() if f != "data_batch_3.bin"})
    fake.vouch_for("cifar-10-binary.tar.gz", content)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match="data_batch_3.bin is missing"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_batches_as_python_2_pickled_them(name, tmp_path, monkeypatch):
    fake = Fake(name, monkeypatch)
    place = fake.write(tmp_path, "python")
    for batch, table in zip(fake.catalog.python, fake.tables.values()):
        labels = {key: table[:, i].tolist() for i, key in enumerate(fake.catalog.label_keys)}
        (place / batch).write_bytes(python2_batch(table[:, len(labels):], labels))
    dataset = load(name, tmp_path)
    fake.write(tmp_path, "binary")
    for found, expected in zip(dataset, load(name, tmp_path)):
        assert (found == expected).all()


def test_flags_of_a_dtype_reach_numpy_in_no_form(fake, tmp_path, monkeypatch):
    """NumPy 2.4.0 to 2.4.4 warn of the integers that official batches pass, so they must not arrive."""
    asked, dtype = [], np.dtype
    monkeypatch.setattr("scratchnet.data.records.np.dtype", lambda *given: asked.append(given) or dtype(*given))
    place = fake.write(tmp_path, "python")
    table = fake.tables["data_batch_1.bin"]
    (place / "data_batch_1").write_bytes(python2_batch(table[:, 1:], {"labels": table[:, 0].tolist()}))
    load("cifar10", tmp_path)
    assert set(asked) == {("u1",)}


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("payload", [Evil(os.system, "touch OWNED"), Evil(eval, "1"), {"data": Evil(print, "x")},
                                     Evil(np.load, "x")])
def test_a_pickle_that_calls_anything(payload, fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = fake.write(tmp_path, "python")
    (place / "data_batch_2").write_bytes(pickle.dumps(payload))
    with pytest.raises(DataError, match="data_batch_2: it wants to call"):
        load("cifar10", tmp_path)
    assert not (tmp_path / "OWNED").exists()


@pytest.mark.parametrize("content", [
    b"", b"\x80\x05.", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({"data": 3, "labels": [1]}),
    pickle.dumps({"data": np.zeros((2, 5), np.uint8), "labels": [0, 1]}),
    pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [[0, 1]]}), b"\x80\x04\x95\xff" + b"\x00" * 40])
def test_garbage_in_place_of_a_pickle(content, fake, tmp_path):
    place = fake.write(tmp_path, "python")
    (place / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError, match="data_batch_1") as error:
        load("cifar10", tmp_path)
    assert "\n" not in str(error.value)
