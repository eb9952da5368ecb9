"""Data sets in every official form, wherever they lie."""
import os

import numpy as np
import pytest
from fake_cifar import FORMS, Fake, N

from scratchnet.data import info, load, verify
from scratchnet.data.catalog import CATALOGS
from scratchnet.errors import DataError, SettingsError


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
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path)
    assert len(load(fake.catalog.name).test_labels) == N


def test_nothing_there(fake, tmp_path):
    with pytest.raises(DataError, match=f"scratchnet data download {fake.catalog.name}"):
        load(fake.catalog.name, tmp_path)
    with pytest.raises(DataError, match="there is no"):
        load(fake.catalog.name, tmp_path / ("x" * 5000))  # longer than any file system allows


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


def test_names():
    with pytest.raises(SettingsError, match="did you mean 'cifar10'"):
        load("cifar-10")
    assert len(CATALOGS["cifar100"].class_names) == 100


def test_info_says_what_a_data_card_needs(fake, tmp_path):
    fake.write(tmp_path, "python archive")
    card = info(fake.catalog.name, tmp_path)
    assert card["test_images"] == N and "archive at" in card["found"] and "kriz/cifar.html" in card["source"]
    assert len(card["channel_mean"]) == len(card["channel_std"]) == 3 and "Krizhevsky" in card["citation"]


def test_a_user_without_a_home_is_told_to_name_a_folder(monkeypatch):
    def homeless(name):
        raise RuntimeError("could not determine the home directory")
    monkeypatch.setattr("platformdirs.user_cache_path", homeless)
    monkeypatch.delenv("SCRATCHNET_DATA", raising=False)
    with pytest.raises(DataError, match="there is no home folder .* --data or SCRATCHNET_DATA"):
        load("cifar10")
