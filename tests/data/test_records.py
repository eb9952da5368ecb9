"""Files that are not what they claim to be, and those that are."""
import os
import pickle
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from fake_cifar import FORMS, Fake, archive_of, evil_array, python2_batch, text

from scratchnet.data import load
from scratchnet.data.catalog import CATALOGS
from scratchnet.data.records import pack, read_file, unpack
from scratchnet.errors import DataError


@pytest.fixture
def fake(monkeypatch):
    return Fake("cifar10", monkeypatch)


def test_a_record_is_its_labels_and_then_three_planes_of_rows(rng):
    images, labels = rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8), np.array([[7, 8], [9, 10]], np.uint8)
    content = pack(images, labels)
    assert content[:2] == b"\x07\x08" and content[3074:3076] == b"\x09\x0a" and len(content) == 2 * 3074
    assert content[3076 + 1024 + 32 * 5 + 6] == images[1, 5, 6, 1]  # second image, green, row 5, column 6
    assert [array.tolist() for array in unpack(content, 2)] == [images.tolist(), labels.tolist()]


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


# ---- what is no file ----

def sparse(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


@pytest.fixture
def in_time():
    """What waits for a pipe is stopped."""
    signal.signal(signal.SIGALRM, lambda number, frame: pytest.fail("it waits"))
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("odd", [os.mkfifo, sparse, os.mkdir, lambda path: path.symlink_to(path),
                                 lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to("/dev/null")])
def test_what_is_no_regular_file_is_not_read(odd, form, fake, tmp_path, in_time):
    place = fake.write(tmp_path, form)
    path = place if place.is_file() else sorted(place.iterdir())[-1]
    path.unlink()
    odd(path)
    for data in (tmp_path, path):
        with pytest.raises(DataError) as error:
            load("cifar10", data)
        assert str(error.value).isprintable()


@pytest.mark.parametrize("data", ["\0", "a\0b", "x" * 300, "a/" * 3000, "\udcff", "\ud800", "/dev/zero", "/dev/null"])
def test_names_that_no_file_has(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        load("cifar10", data)
    with pytest.raises(DataError):
        read_file(Path(data), 100)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5) == b"12345"
    with pytest.raises(DataError, match=r"larger than any official file \(4 bytes\)"):
        read_file(tmp_path / "a", 4)


# ---- Python batches ----

@pytest.mark.parametrize("order", [{}, {"fortran": True}, {"data_first": True}])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_batches_as_python_2_pickled_them(name, order, tmp_path, monkeypatch):
    """Whichever entry comes first, and in whichever order the array lay in memory."""
    fake = Fake(name, monkeypatch)
    place = fake.write(tmp_path, "python")
    for batch, table in zip(fake.catalog.python, fake.tables.values()):
        labels = {key: table[:, i].tolist() for i, key in reversed(list(enumerate(fake.catalog.label_keys)))}
        content = python2_batch(table[:, len(labels):], labels, **order)
        fake.vouch_for(batch, content, "python")
        (place / batch).write_bytes(content)
    dataset = load(name, tmp_path)
    fake.write(tmp_path, "binary")
    for found, expected in zip(dataset, load(name, tmp_path)):
        assert (found == expected).all()


def test_a_batch_is_what_python_makes_of_it(fake):
    """The fake batches are what Python and NumPy read as the fake records."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 2.4.0 to 2.4.4 warn of the flags of a dtype
        batch = pickle.loads(fake.python["data_batch_3"], encoding="latin1")
    table = fake.tables["data_batch_3.bin"]
    assert (batch["data"] == table[:, 1:]).all() and batch["labels"] == table[:, 0].tolist()


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


EVIL = {
    "a call": pickle.dumps(Evil(os.system, "touch OWNED")), "code": pickle.dumps({"data": Evil(eval, "1" * 10)}),
    "a slow codec": b"\x80\x02c_codecs\nencode\n" + text(b"x" * 300) + text(b"punycode") + b"\x86R.",
    "an object in an array": evil_array(),
    "depth": b"\x80\x02" + b"(" * 10**5 + b".", "a list in itself": b"\x80\x02]q\x01h\x01a.",
    "a huge place in the memo": b"\x80\x02]r\xff\xff\xff\x7f.", "a huge string": b"\x80\x02T\xff\xff\xff\x7fabc.",
    "a negative string": b"\x80\x02T\xff\xff\xff\xffabc.", "a huge number": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "a long number": b"I" + b"9" * 10**5 + b"\n.", "a huge frame": b"\x80\x04\x95" + b"\xff" * 8 + b".",
    "nothing": b"\x80\x02.", "no end": b"\x80\x02}", "text": b"not a pickle", "a list": pickle.dumps([1, 2]),
    "two labels for an image": python2_batch(np.zeros((1, 3072), np.uint8), {"labels": [0, 1]}),
    "no labels": python2_batch(np.zeros((2, 3072), np.uint8), {}),
    "a negative label": python2_batch(np.zeros((1, 3072), np.uint8), {"labels": [-1]}),
    "a label that is no byte": python2_batch(np.zeros((1, 3072), np.uint8), {"labels": [256]}),
    "images of another size": python2_batch(np.zeros((1, 3073), np.uint8), {"labels": [1]}),
    "pixels that are no bytes": pickle.dumps({"data": np.zeros((1, 3072)), "labels": [0]}, protocol=2),
}


@pytest.mark.parametrize("vouched", [False, True])
@pytest.mark.parametrize("evil", EVIL)
def test_a_pickle_is_never_carried_out(evil, vouched, fake, tmp_path, monkeypatch):
    """Neither before its hash is known to be wrong, nor if it were right."""
    monkeypatch.chdir(tmp_path)
    place = fake.write(tmp_path, "python")
    (place / "data_batch_2").write_bytes(EVIL[evil])
    if vouched:
        fake.vouch_for("data_batch_2", EVIL[evil], "python")
    with pytest.raises(DataError, match="data_batch_2") as error:
        load("cifar10", tmp_path)
    assert vouched or "MD5" in str(error.value)
    assert str(error.value).isprintable() and not (tmp_path / "OWNED").exists()


def test_no_pickle_ends_the_process(tmp_path):
    """This one made NumPy follow bytes of the file as pointers."""
    (tmp_path / "cifar-10-batches-py").mkdir()
    for name in CATALOGS["cifar10"].python:
        (tmp_path / "cifar-10-batches-py" / name).write_bytes(evil_array())
    done = subprocess.run([sys.executable, "-m", "scratchnet", "data", "verify", "cifar10", "--data", tmp_path],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "data_batch_1 is damaged, or not the official file (its MD5 differs)" in done.stderr


def test_a_good_batch_of_another_hash_is_refused(fake, tmp_path):
    place = fake.write(tmp_path, "python")
    table = fake.tables["test_batch.bin"]
    (place / "test_batch").write_bytes(pickle.dumps({"data": table[:, 1:], "labels": table[:, 0].tolist()}, protocol=2))
    with pytest.raises(DataError, match="test_batch is damaged, or not the official file"):
        load("cifar10", tmp_path)
