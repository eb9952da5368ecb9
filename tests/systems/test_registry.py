"""Systems by name."""
import numpy as np
import pytest

from scratchnet import checkpoint, systems
from scratchnet.errors import CheckpointError, SettingsError
from scratchnet.systems import registry
from scratchnet.systems.pixels import Pixels


def test_every_name_leads_to_a_class_of_that_name():
    assert systems.names() == tuple(registry.SYSTEMS) and "pixels" in systems.names()
    for name in systems.names():
        found = systems.system_class(name)
        assert (found.__module__.split(".")[2], found.__name__) == registry.SYSTEMS[name]
        assert found.name == name and found.title and found.paper and tuple(found.presets) == systems.PRESETS
    assert systems.system_class("pixels") is Pixels


def test_create_takes_preset_seed_and_settings():
    system = systems.create("pixels", "paper", seed=3, epochs=7)
    assert isinstance(system, Pixels) and (system.preset, system.seed, system.epochs) == ("paper", 3, 7)


@pytest.mark.parametrize("name, words", [
    ("pixel", r"no system 'pixel' \(did you mean 'pixels'\?\): choose one of .*pixels"),
    ("zzz", "no system 'zzz': choose one of"), (None, "no system None"),
])
def test_an_unknown_system_is_refused(name, words):
    with pytest.raises(SettingsError, match=words):
        systems.create(name)


def test_load_takes_fitted_systems_only(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        systems.load(path)
    for description in ({"kind": "training"}, {}, None, [1]):
        checkpoint.save(path, {"x": np.zeros(2)}, description)
        with pytest.raises(CheckpointError, match="holds no fitted system"):
            systems.load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="damaged"):
        systems.load(path)


@pytest.mark.parametrize("description", [{}, {"about": {}}, {"about": {"system": "pixels"}, "seconds": "long"},
                                         {"about": {"system": 3, "settings": []}, "history": None}])
def test_a_file_whose_description_has_another_form_is_damaged(description, tmp_path):
    checkpoint.save(tmp_path / "system.npz", {}, {"kind": registry.KIND, **description})
    with pytest.raises(CheckpointError, match="does not hold what it should"):
        systems.load(tmp_path / "system.npz")


def test_load_names_the_system_that_this_version_lacks(tmp_path):
    about = {"system": "pixel", "preset": "cpu", "seed": 0, "classes": 10, "settings": {}}
    checkpoint.save(tmp_path / "a.npz", {}, {"kind": "system", "about": about, "run": {}, "history": [], "seconds": {}})
    with pytest.raises(SettingsError, match="did you mean 'pixels'"):
        systems.load(tmp_path / "a.npz")
