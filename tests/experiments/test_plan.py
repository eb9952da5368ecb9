"""What is run, and on which images."""
from pathlib import Path

import numpy as np
import pytest
from toys import OneHot, dataset

from scratchnet import data
from scratchnet.errors import SettingsError
from scratchnet.experiments.plan import Plan, every, split
from scratchnet.systems.kuo2016 import RECIPES, Kuo2016
from scratchnet.systems.pixels import Pixels


@pytest.fixture(scope="module")
def images():
    return dataset(train=80)


def numbers(full, part):
    """Return which training images stand in `part`: no two toys are alike."""
    number = {image.tobytes(): i for i, image in enumerate(full.train_images)}
    return [number[image.tobytes()] for image in part]


def test_without_a_wish_all_images_are_learnt_from(images):
    part = split(images, None, 0, seed=5)
    assert (part.images == images.train_images).all() and (part.labels == images.train_labels).all()
    assert len(part.held_images) == len(part.held_labels) == 0
    assert (split(images, 80, 0, seed=5).images == images.train_images).all()


@pytest.mark.parametrize("wanted, validation", [(None, 20), (40, 0), (40, 12), (79, 3)])
def test_parts_are_balanced_disjoint_and_labelled(wanted, validation, images):
    part = split(images, wanted, validation, seed=1)
    learnt, held = numbers(images, part.images), numbers(images, part.held_images)
    assert len(held) == validation and len(learnt) + len(held) == (wanted or 80)
    assert len({*learnt, *held}) == len(learnt) + len(held)
    assert (part.labels == images.train_labels[learnt]).all() and (part.held_labels == images.train_labels[held]).all()
    for labels in (np.concatenate([part.labels, part.held_labels]), part.held_labels):
        counts = np.bincount(labels, minlength=4)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("wanted, validation", [(None, 20), (40, 0), (40, 12)])
def test_a_seed_has_its_own_images_and_keeps_them(wanted, validation, images):
    first, again, other = (split(images, wanted, validation, seed) for seed in (1, 1, 2))
    assert numbers(images, first.images) == numbers(images, again.images) != numbers(images, other.images)
    assert numbers(images, first.held_images) == numbers(images, again.held_images)


def test_holding_out_does_not_change_which_images_are_used(images):
    """So that figures with and without validation are of the same images."""
    whole, part = split(images, 40, 0, seed=3), split(images, 40, 12, seed=3)
    assert set(numbers(images, whole.images)) == {*numbers(images, part.images), *numbers(images, part.held_images)}


def test_more_images_than_there_are_cannot_be_had(images):
    with pytest.raises(SettingsError, match="toy has 80 training images, --train-images asks for 81"):
        split(images, 81, 0, seed=0)
    with pytest.raises(SettingsError, match="between 1 and 39"):
        split(images, 40, 40, seed=0)


@pytest.mark.parametrize("systems", [
    (), (OneHot(), OneHot()), (OneHot(seed=0), OneHot(seed=1)),
    (Pixels.create("cpu"), OneHot(), Pixels.create("cpu", epochs=50))],
    ids=["none", "twice", "two seeds", "by default"])
def test_a_plan_has_systems_and_each_once(systems, tmp_path):
    with pytest.raises(SettingsError, match="one or more systems, each once"):
        Plan("mini", tmp_path, systems)


@pytest.mark.parametrize("wanted", [0, -1, 2.5])
def test_a_number_of_images_that_makes_no_sense_is_refused(wanted, tmp_path):
    with pytest.raises(SettingsError, match="train_images must be"):
        Plan("mini", tmp_path, (OneHot(),), train_images=wanted)


def test_every_run_has_a_folder_of_its_own():
    systems = [OneHot(seed=3), OneHot("quick", seed=3), OneHot(seed=3, blur=0.5)]
    plan = Plan("mini", "out", systems)
    folders = [plan.folder(system) for system in systems]
    assert folders[0] == Path("out/runs/mini-onehot-cpu-seed3") and len(set(folders)) == 3
    assert Plan("cifar10", "out", systems).folder(systems[0]) not in folders
    assert plan.folder(OneHot(seed=4)) not in folders


def test_a_name_that_no_folder_can_have_is_cut_and_still_tells_runs_apart(tmp_path):
    """Fifteen changed settings make one; the same settings must find their folder again."""
    changes = [f"{name}={value}" for name, value in vars(RECIPES["best"]).items() if name != "name"][:15]
    system = Kuo2016.configured("cpu", 3, changes)
    folder = Plan("cifar100", tmp_path, [system]).folder(system)
    assert len(f"cifar100-{system.label}-seed3") > 255 == len(folder.name.encode())
    assert folder.name.startswith(f"cifar100-{system.label}"[:200]) and folder.name.endswith("-seed3")
    folder.mkdir(parents=True)
    assert Plan("cifar100", tmp_path, [system]).folder(Kuo2016.configured("cpu", 3, changes)) == folder
    others = [Kuo2016.configured("cpu", 3, [*changes[:-1], "patch_count=7"]), Kuo2016.configured("cpu", 4, changes)]
    assert folder not in [Plan("cifar100", tmp_path, [other]).folder(other) for other in others]


def test_names_that_fit_are_left_as_they_are():
    for length in (200, 254, 255):
        system = OneHot()
        system.name = "x" * (length - len("mini--cpu-seed0"))
        folder = Plan("mini", "out", [system]).folder(system)
        assert folder.name == f"mini-{system.label}-seed0" and len(folder.name) == length


def test_what_tells_runs_apart_is_what_decides_their_images():
    plan = Plan("mini", "out", [OneHot()], train_images=np.int64(40), validation=12, threads=3, command="a command")
    assert plan.about() == {"dataset": "mini", "train_images": 40, "validation": 12}


def test_each_nth_image_is_told_from_all(tmp_path):
    whole = data.load("mini")
    some = every(whole, 50, 10)
    assert (some.train_images == whole.train_images[::50]).all() and (some.test_labels == whole.test_labels[::10]).all()
    assert some.train_labels.shape == (40,) and some.test_images.shape == (50, 32, 32, 3) and every(whole) is whole
    plan = Plan("mini", tmp_path, [OneHot()], train_every=50)
    assert plan.about() == {**Plan("mini", tmp_path, [OneHot()]).about(), "train_every": 50}
    with pytest.raises(SettingsError, match="test_every must be"):
        Plan("mini", tmp_path, [OneHot()], test_every=0)


def test_which_images_are_learnt_from(images):
    for settings in ((None, 0), (40, 0), (None, 8), (40, 8)):
        part = split(images, *settings, seed=3)
        assert (images.train_images[part.learnt] == part.images).all() and len(part.learnt) == len(part.images)
        assert (images.train_labels[part.learnt] == part.labels).all()
