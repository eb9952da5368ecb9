"""The embedded images."""
import shutil
from importlib.resources import files

import numpy as np
import pytest

from scratchnet.data import info, load, mini, verify
from scratchnet.errors import DataError

FOLDER = files("scratchnet.data") / "mini"


def test_mini_is_real_balanced_and_intact(monkeypatch):
    train_images, train_labels, test_images, test_labels = load("mini")
    assert train_images.shape == (2000, 32, 32, 3) and test_images.shape == (500, 32, 32, 3)
    assert set(np.bincount(train_labels)) == {200} and set(np.bincount(test_labels)) == {50}
    # Neighbouring pixels of photographs resemble each other; those of noise do not.
    a, b = (test_images[:, :, s].astype(float).ravel() for s in (slice(1, None), slice(None, -1)))
    assert np.corrcoef(a, b)[0, 1] > 0.9
    assert all(status == "ok" for _, status in verify("mini")) and info("mini")["train_images_per_class"] == 200
    monkeypatch.setitem(mini.SHA256, "train", "0" * 64)
    with pytest.raises(DataError, match="damaged"):
        load("mini")


def test_mini_is_small():
    assert sum((FOLDER / name).stat().st_size for name in mini.FILES) <= 5_000_000


@pytest.mark.parametrize("name, content", [
    ("train.webp", None), ("test.webp", b""), ("train.webp", b"RIFF junk"), ("test.webp", "half"),
    ("index.json", b"{"), ("index.json", b'{"train": {"labels": [1]}}')])
def test_a_damaged_installation_is_one_clear_line(name, content, tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "mini")
    path = tmp_path / "mini" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100_000] if content == "half" else content)
    monkeypatch.setattr(mini, "files", lambda package: tmp_path)
    with pytest.raises(DataError, match="reinstall scratchnet") as error:
        load("mini")
    assert "\n" not in str(error.value)


def test_too_little_memory_is_no_damage(monkeypatch):
    def fail(*arguments):
        raise MemoryError
    monkeypatch.setattr(mini, "_read", fail)
    with pytest.raises(MemoryError):
        load("mini")
