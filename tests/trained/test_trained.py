"""The weights that come with the package: small, intact, good on images that they have not seen."""
import json
import os
import shutil

import numpy as np
import pytest

import scratchnet
from scratchnet import documents, trained
from scratchnet.cli import main
from scratchnet.data import load
from scratchnet.errors import CheckpointError, SettingsError


@pytest.mark.parametrize("name", trained.NAMES)
def test_weights_are_small_and_have_a_card(name):
    system = scratchnet.load_pretrained(name)
    card = trained.card(name)
    assert system.classes == {"cifar10": 10, "cifar100": 100}[name] and system.recipe.name == "best"
    assert card["bytes"] <= 2e6 and card["limits"] and card["command"] and card["environment"]["commit"]
    loss = card["accuracy_before_rounding"]["top1"] - card["accuracy"]["top1"]
    assert abs(loss) < 0.005
    assert all(p.dtype == np.float32 for p in system.network.params.values())


def test_they_know_the_embedded_test_images():
    _, _, images, labels = load("mini")
    system = scratchnet.load_pretrained()
    scores, descriptors = system.scores(images), system.descriptors(images)
    assert descriptors.shape == (500, 400) and descriptors.dtype == np.float32 and (descriptors >= 0).all()
    assert (scores.argmax(axis=1) == labels).mean() > 0.8
    # Not to the bit: BLAS multiplies 7 rows with other kernels than 100.
    np.testing.assert_allclose(system.scores(images[:7]), scores[:7], rtol=0, atol=1e-5 * np.abs(scores).max())


def test_unknown_names_are_refused(capsys):
    with pytest.raises(SettingsError, match="did you mean 'cifar10'"):
        scratchnet.load_pretrained("cifar1")
    assert main(["evaluate", "--pretrained", "imagenet"]) == 2
    assert "no weights 'imagenet'" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["changed", "missing", "endless"])
def test_damage_is_one_clear_line(damage, tmp_path, monkeypatch):
    shutil.copytree(trained.files("scratchnet.trained"), tmp_path, dirs_exist_ok=True)
    file = tmp_path / "cifar10.npz"
    if damage == "missing":
        file.unlink()
    elif damage == "endless":  # a hole of 64 GB that takes no space
        os.truncate(file, 2**36)
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(trained, "files", lambda package: tmp_path)
    with pytest.raises(CheckpointError, match="reinstall scratchnet"):
        scratchnet.load_pretrained()


@pytest.mark.parametrize("damage", ["changed", "edited", "missing", "device"])
def test_a_damaged_card_is_one_clear_line(damage, tmp_path, monkeypatch):
    shutil.copytree(trained.files("scratchnet.trained"), tmp_path, dirs_exist_ok=True)
    path = tmp_path / "cifar10.json"
    content = path.read_text()
    path.unlink()
    if damage == "device":
        path.symlink_to("/dev/zero")
    elif damage == "edited":
        card = {key: value for key, value in json.loads(content).items() if key not in ("digest", "limits")}
        documents.write(path, card)
    elif damage == "changed":
        path.write_text(content.replace("0.8", "0.9"))
    monkeypatch.setattr(trained, "files", lambda package: tmp_path)
    for use in (trained.card, scratchnet.load_pretrained):
        with pytest.raises(CheckpointError, match="reinstall scratchnet") as error:
            use("cifar10")
        assert str(error.value).isprintable()


def test_either_a_checkpoint_or_a_name(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate"])
    assert stop.value.code == 2 and "--pretrained" in capsys.readouterr().err


def test_the_package_has_no_other_lazy_names():
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        scratchnet.load_everything  # noqa: B018


def test_cards_are_json_of_finite_numbers():
    for name in trained.NAMES:
        text = json.dumps(trained.card(name), allow_nan=False)
        assert "/" + "tmp" not in text
