"""Data sets on the command line; what downloading and verifying do is tested in tests/data."""
from terminal import refused, run

from scratchnet.data.mini import FILES


def test_every_file_that_was_verified_is_named(capsys):
    code, out, _ = run(capsys, "data", "verify", "mini")
    assert code == 0 and out.splitlines() == [f"{file}: ok" for file in FILES]


def test_a_missing_data_set_says_how_to_get_it(capsys, tmp_path):
    for command in (["train", "--dataset", "cifar10", "--data", tmp_path, "--out", tmp_path / "out"],
                    ["data", "verify", "cifar10", "--data", tmp_path],
                    ["data", "info", "cifar100", "--data", tmp_path]):
        assert "scratchnet data download" in refused(capsys, *command)
