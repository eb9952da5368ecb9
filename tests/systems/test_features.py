"""Features are computed once, survive a kill, and are computed again where a file is not what was written."""
import numpy as np
import pytest

from scratchnet.errors import CapacityError, CheckpointError, OutputError
from scratchnet.parallel import Workers
from scratchnet.systems import features
from scratchnet.systems.features import Features, Memory, check_capacity, computed
from scratchnet.systems.fitting import Fitting


class Killed(Exception):
    pass


def fitting_for(workers, path=None, seconds=0.0):
    return Fitting(workers, path, {}, False, print, None, seconds)


@pytest.fixture
def images(rng, monkeypatch):
    monkeypatch.setattr(features, "BLOCK", 10)
    monkeypatch.setattr(features, "SHARD", 3)
    return rng.integers(0, 256, (47, 6), dtype=np.uint8)


def right(images):
    return images.astype(np.float32) * 2 + 1


@pytest.mark.parametrize("where", ["memory", "file"])
def test_rows_are_those_of_the_images(where, images, tmp_path):
    with Workers(2) as workers:
        path = tmp_path / "run" / "checkpoint.npz" if where == "file" else None
        found = computed(fitting_for(workers, path), {"a": 1}, images, 6, np.float32, right)
    assert (found.array() == right(images)).all() and (found.read(7, 31) == right(images)[7:31]).all()
    found.discard()
    assert where == "memory" or not (tmp_path / "run" / "features.bin").exists()


@pytest.mark.parametrize("damage", ["none", "a byte", "cut", "gone"])
def test_after_a_kill_only_what_is_missing_or_damaged_is_computed(damage, images, tmp_path):
    path, seen = tmp_path / "checkpoint.npz", []

    def describe(some, limit):
        if len(seen) >= limit:
            raise Killed
        seen.append(len(some))
        return right(some)
    with Workers(1) as workers:
        with pytest.raises(Killed):
            computed(fitting_for(workers, path), {}, images, 6, np.float32, lambda some: describe(some, 9))
        file, kept = tmp_path / "features.bin", sum(seen[:8])
        if damage == "a byte":
            data = bytearray(file.read_bytes())
            data[13 * 24] ^= 1  # in the second block
            file.write_bytes(data)
        elif damage == "cut":
            file.write_bytes(file.read_bytes()[:15 * 24])
        elif damage == "gone":
            file.unlink()
        seen.clear()
        found = computed(fitting_for(workers, path), {}, images, 6, np.float32, lambda some: describe(some, 99))
        assert (found.array() == right(images)).all()
        assert sum(seen) == 47 - {"none": kept, "a byte": 10, "cut": 10, "gone": 0}[damage] and kept == 20
        seen.clear()
        again = computed(fitting_for(workers, path), {}, images, 6, np.float32, lambda some: describe(some, 99))
        assert (again.array() == right(images)).all() and not seen
        with pytest.raises(CheckpointError, match="another a"):
            computed(fitting_for(workers, path), {"a": 1}, images, 6, np.float32, right)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "features.bin").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*features.bin"):
        Features((2, 3), np.uint8, tmp_path / "features.bin").write(0, np.zeros((2, 3), np.uint8))


def test_equal_images_are_described_once(rng):
    images, asked = rng.integers(0, 256, (4, 2), dtype=np.uint8), []

    def describe(some):
        asked.append(some)
        return some * 2
    for on, calls in ((False, 3), (True, 2)):
        memory = Memory(on)
        asked.clear()
        for some in (images, images.copy(), images[:2]):
            assert (memory(describe, some) == some * 2).all()
        assert len(asked) == calls


class Big:
    label = "big-cpu"


def test_what_does_not_fit_is_refused_with_what_would(tmp_path):
    def needs(n):
        return 1e9 + 1e6 * n, 2e18 if n > 40_000 else 0
    check_capacity(Big, needs, 3000, 4e9, tmp_path)
    check_capacity(Big, needs, 50_000, None)
    with pytest.raises(CapacityError, match=r"big-cpu on 3,001 images needs 4.0 GB of memory, and 4.0 are free: "
                                            r"--train-images 3000 would fit"):
        check_capacity(Big, needs, 3001, 4e9)
    with pytest.raises(CapacityError, match="--preset quick needs less"):
        check_capacity(Big, needs, 3001, 1e9)
    with pytest.raises(CapacityError, match=r"GB of space on the disk, and .* --train-images 40000 would fit"):
        check_capacity(Big, needs, 50_000, None, tmp_path / "not" / "there")


def test_the_file_of_an_earlier_run_is_room_for_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(features.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 500}))
    with pytest.raises(CapacityError, match="space on the disk"):
        check_capacity(Big, lambda n: (0, n), 1000, None, tmp_path)
    (tmp_path / features.FILE).write_bytes(bytes(600))
    check_capacity(Big, lambda n: (0, n), 1000, None, tmp_path)
