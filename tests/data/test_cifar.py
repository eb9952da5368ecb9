"""Reading data sets in every official form, and refusing whatever is not what it claims to be.

The forms are built here from a few random records, with the hashes of those records in place of CIFAR's.
"""
import dataclasses
import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from scratchnet.data import cifar, info, load, verify
from scratchnet.data.catalog import CATALOGS
from scratchnet.errors import DataError, SettingsError

N = 12


def archive_of(members):
    """Return a .tar.gz of {name: bytes or TarInfo}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Fake:
    """A data set of the layout of CIFAR with a few random images, known to the package while a test runs."""

    def __init__(self, name, monkeypatch, seed=0):
        real, rng = CATALOGS[name], np.random.default_rng(seed)
        self.tables = {file: rng.integers(0, 10, (N, real.label_bytes + 3072), dtype=np.uint8) for file in real.binary}
        self.binary = {file: table.tobytes() for file, table in self.tables.items()}
        self.python = {}
        for batch, table in zip(real.python, self.tables.values()):
            labels = {key: table[:, i].tolist() for i, key in enumerate(real.label_keys)}
            self.python[batch] = pickle.dumps({"data": table[:, real.label_bytes:], **labels}, protocol=2)
        self.archives = {name: archive_of({f"{folder}/{file}": content for file, content in files.items()})
                         for name, folder, files in zip(real.archives, (real.binary_folder, real.python_folder),
                                                        (self.binary, self.python))}
        self.catalog = dataclasses.replace(
            real, binary={file: hashlib.sha1(content).hexdigest() for file, content in self.binary.items()},
            archives={name: hashlib.md5(content).hexdigest() for name, content in self.archives.items()})
        self.monkeypatch = monkeypatch
        monkeypatch.setitem(CATALOGS, name, self.catalog)

    def vouch_for(self, name, content):
        """Make `content` the official archive called `name`."""
        archives = {**self.catalog.archives, name: hashlib.md5(content).hexdigest()}
        self.monkeypatch.setitem(CATALOGS, self.catalog.name, dataclasses.replace(self.catalog, archives=archives))

    def write(self, folder, form):
        """Write one form below `folder` and return where it lies."""
        if form.endswith("archive"):
            name = [*self.archives][form == "python archive"]
            (folder / name).write_bytes(self.archives[name])
            return folder / name
        files, name = ((self.binary, self.catalog.binary_folder), (self.python, self.catalog.python_folder))[
            form == "python"]
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
        return folder / name


FORMS = ["binary", "python", "binary archive", "python archive"]


@pytest.fixture(params=["cifar10", "cifar100"])
def fake(request, monkeypatch):
    return Fake(request.param, monkeypatch)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_images(fake, form, tmp_path):
    place = fake.write(tmp_path, form)
    for data in (tmp_path, place):
        dataset = load(fake.catalog.name, data)
        tables = list(fake.tables.values())
        train = np.concatenate(tables[:-1])
        assert dataset.train_images.shape == (len(train), 32, 32, 3) and dataset.test_images.flags.c_contiguous
        label = fake.catalog.label_bytes - 1
        assert (dataset.train_labels == train[:, label]).all() and (dataset.test_labels == tables[-1][:, label]).all()
        red, green, blue = train[5, label + 1:].reshape(3, 32, 32)
        assert (dataset.train_images[5] == np.stack([red, green, blue], axis=2)).all()
    assert {status for _, status in verify(fake.catalog.name, tmp_path)} == {"ok"}


def test_where_it_looks(fake, tmp_path, monkeypatch):
    fake.write(tmp_path, "binary")
    monkeypatch.setenv("SCRATCHNET_DATA", str(tmp_path))
    assert len(load(fake.catalog.name).test_labels) == N
    assert "binary at" in info(fake.catalog.name)["found"]
    monkeypatch.delenv("SCRATCHNET_DATA")
    monkeypatch.setattr(cifar.platformdirs, "user_cache_path", lambda name: tmp_path)
    assert len(load(fake.catalog.name).test_labels) == N


def test_nothing_there(fake, tmp_path):
    with pytest.raises(DataError, match=f"scratchnet data download {fake.catalog.name}"):
        load(fake.catalog.name, tmp_path)


@pytest.mark.parametrize("form", ["binary", "python"])
def test_a_missing_file_is_named(fake, form, tmp_path):
    place = fake.write(tmp_path, form)
    last = sorted(os.listdir(place))[-1]
    (place / last).unlink()
    with pytest.raises(DataError, match=f"{last} is missing"):
        load(fake.catalog.name, tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "html"])
def test_damage_is_refused_with_one_line(fake, form, damage, tmp_path):
    place = fake.write(tmp_path, form)
    path = place if place.is_file() else sorted(place.iterdir())[0]
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes({"truncated": whole[:middle], "flipped": whole[:middle] + bytes([whole[middle] ^ 1])
                      + whole[middle + 1:], "empty": b"", "html": b"<!DOCTYPE html><html>no</html>"}[damage])
    with pytest.raises(DataError) as error:
        load(fake.catalog.name, tmp_path)
    assert str(path.name) in str(error.value) and "\n" not in str(error.value)
    if damage == "html" and place.is_file():
        assert "HTML page" in str(error.value)


def member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("evil", [
    {"../climbs": b"x"}, {"/absolute": b"x"}, {"a/../../climbs": b"x"},
    {"link": member("cifar-10-batches-bin/test_batch.bin", tarfile.SYMTYPE, "/etc/passwd")},
    {"hard": member("hard", tarfile.LNKTYPE, "other")}, {"device": member("device", tarfile.CHRTYPE)}])
def test_an_archive_that_climbs_out_or_links(evil, tmp_path, monkeypatch):
    fake = Fake("cifar10", monkeypatch)
    content = archive_of({**evil, **{f"cifar-10-batches-bin/{f}": c for f, c in fake.binary.items()}})
    fake.vouch_for("cifar-10-binary.tar.gz", content)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match="climbs out"):
        load("cifar10", tmp_path)
    assert os.listdir(tmp_path) == ["cifar-10-binary.tar.gz"]


def test_an_archive_of_another_name(tmp_path, monkeypatch):
    fake = Fake("cifar10", monkeypatch)
    (tmp_path / "my.tar.gz").write_bytes(fake.archives["cifar-10-binary.tar.gz"])
    with pytest.raises(DataError, match="official name"):
        load("cifar10", tmp_path / "my.tar.gz")


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("payload", [Evil(os.system, "touch OWNED"), Evil(eval, "1"), {"data": Evil(print, "x")},
                                     Evil(np.load, "x")])
def test_a_pickle_that_calls_anything(payload, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = Fake("cifar10", monkeypatch).write(tmp_path, "python")
    (place / "data_batch_2").write_bytes(pickle.dumps(payload))
    with pytest.raises(DataError, match="data_batch_2: it wants to call"):
        load("cifar10", tmp_path)
    assert not (tmp_path / "OWNED").exists()


@pytest.mark.parametrize("content", [
    b"", b"\x80\x05.", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({"data": 3, "labels": [1]}),
    pickle.dumps({"data": np.zeros((2, 5), np.uint8), "labels": [0, 1]}),
    pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [[0, 1]]}), b"\x80\x04\x95\xff" + b"\x00" * 40])
def test_garbage_in_place_of_a_pickle(content, tmp_path, monkeypatch):
    place = Fake("cifar10", monkeypatch).write(tmp_path, "python")
    (place / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError, match="data_batch_1") as error:
        load("cifar10", tmp_path)
    assert "\n" not in str(error.value)


def test_names():
    with pytest.raises(SettingsError, match="did you mean 'cifar10'"):
        load("cifar-10")
    assert len(CATALOGS["cifar100"].class_names) == 100


def test_mini_is_real_balanced_and_intact(monkeypatch):
    train_images, train_labels, test_images, test_labels = load("mini")
    assert train_images.shape == (2000, 32, 32, 3) and test_images.shape == (500, 32, 32, 3)
    assert set(np.bincount(train_labels)) == {200} and set(np.bincount(test_labels)) == {50}
    # Neighbouring pixels of photographs resemble each other; those of noise do not.
    a, b = (test_images[:, :, s].astype(float).ravel() for s in (slice(1, None), slice(None, -1)))
    assert np.corrcoef(a, b)[0, 1] > 0.9
    assert all(status == "ok" for _, status in verify("mini")) and info("mini")["train_images_per_class"] == 200
    monkeypatch.setitem(cifar.mini.SHA256, "train", "0" * 64)
    with pytest.raises(DataError, match="damaged"):
        load("mini")


def test_mini_is_small():
    from importlib.resources import files
    folder = files("scratchnet.data") / "mini"
    assert sum((folder / name).stat().st_size for name in cifar.mini.FILES) <= 5_000_000
