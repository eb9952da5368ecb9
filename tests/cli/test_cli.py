"""How a command ends: its exit code and its one line, whatever the terminal, the streams and the libraries are like."""
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import time

import pytest
from terminal import refused, run, shell, surroundings

from scratchnet import checkpoint, cli
from scratchnet.errors import CheckpointError

TINY = "--system pixels --preset quick --epochs 2 --train-images 60"
RUN = "mini-pixels-quick+epochs=2-seed0"


def pretend(monkeypatch, function):
    """Let the command `systems` do what a function does."""
    monkeypatch.setattr("scratchnet.cli.commands.list_systems", lambda options: function())


def fails_with(error):
    def fail():
        raise error
    return fail


@pytest.mark.parametrize("command", ["systems", "summary", "gradcheck --layer Dense", "data info mini",
                                     "data verify mini", "--version", "--help", "train --help"])
def test_a_command_that_is_done_ends_with_0(command, capsys):
    code, out, err = run(capsys, *command.split())
    assert code == 0 and out and not err


@pytest.mark.parametrize("error, words", [
    (CheckpointError("there is no a\nb \x1b[31m"), "there is no a b \\x1b[31m"),
    (MemoryError(), "not have enough memory"),
    (PermissionError(13, "Permission denied", "a\nb"), "cannot read or write a b (Permission denied)"),
])
def test_what_a_user_can_mend_is_one_printable_line_and_2(error, words, capsys, monkeypatch):
    pretend(monkeypatch, fails_with(error))
    line = refused(capsys, "systems")
    assert words in line and line[:-1].isprintable()


def test_a_bug_has_its_traceback(monkeypatch):
    pretend(monkeypatch, fails_with(TypeError("no")))
    with pytest.raises(TypeError, match="no"):
        cli.main(["systems"])


@pytest.mark.parametrize("signals, code", [([signal.SIGINT], 130), ([signal.SIGTERM], 143),
                                           ([signal.SIGINT, signal.SIGINT, signal.SIGTERM], 130)])
def test_interrupted_is_one_line_and_128_more_than_the_signal(signals, code, capsys, monkeypatch):
    def interrupted():
        try:
            signal.raise_signal(signals[0])
        finally:
            for number in signals[1:]:
                signal.raise_signal(number)
    pretend(monkeypatch, interrupted)
    found, _, err = run(capsys, "systems")
    assert found == code and "--resume" in err and err.count("\n") == 1


def test_an_interruption_that_an_import_turned_into_another_error_is_one(capsys, monkeypatch):
    def importing():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("numpy.core.multiarray failed to import") from None
    pretend(monkeypatch, importing)
    assert run(capsys, "systems")[0] == 130


def test_a_mistake_in_what_is_typed_is_printable(capsys):
    assert "a b\\x1b[31m\\udcff" in refused(capsys, "summary", "a\nb\x1b[31m\udcff")


def test_the_command_line_is_kept_as_it_could_be_typed_again(monkeypatch):
    kept = []
    monkeypatch.setattr("scratchnet.cli.commands.list_systems", lambda options: kept.append(options.command_line))
    cli.main(["systems"])
    monkeypatch.setattr("scratchnet.cli.commands.train", lambda options: kept.append(options.command_line))
    cli.main(["train", "--out", "two words"])
    cli.main(["train", "--out", os.fsdecode(b"\xff")])
    assert kept == ["scratchnet systems", "scratchnet train --out 'two words'", "scratchnet train --out '\\udcff'"]
    assert shlex.split(kept[1])[-1] == "two words"


# ---- processes of their own ----

LATIN = {"PYTHONIOENCODING": "cp1252"}
ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": None}


@pytest.mark.parametrize("out, environment", [("图片".encode(), LATIN), (b"\xff \xe5\x9b\xbe\x1b", ASCII)],
                         ids=["cp1252", "C"])
def test_all_is_done_whatever_the_folder_is_called_and_the_terminal_shows(out, environment, tmp_path):
    folder = os.fsencode(tmp_path) + b"/" + out
    done = subprocess.run([sys.executable, "-m", "scratchnet", "reproduce", *TINY.replace("system", "systems").split(),
                           "--out", folder], env=surroundings(**environment), capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.path.exists(folder + b"/report.html") and os.path.exists(folder + b"/results.json")
    again = subprocess.run([sys.executable, "-m", "scratchnet", "train", *TINY.split(), "--resume", "--out", folder],
                           env=surroundings(**environment), capture_output=True, timeout=120)
    assert (again.returncode, again.stderr) == (0, b"") and b"\x1b" not in again.stdout
    assert b"\\u56fe" in again.stdout or b"\\udcff" in again.stdout


@pytest.mark.parametrize("streams, code, line", [
    ("2>&-", 0, ""), (">&-", 0, ""), ("<&- >&- 2>&-", 0, ""), ("2>/dev/full", 0, ""),
    ("> /dev/full", 2, "scratchnet: error: cannot write to standard output (No space left on device): free some space "
                       "there, or redirect it elsewhere\n")])
def test_the_work_is_done_whatever_the_streams_are(streams, code, line, tmp_path):
    done = shell(f"scratchnet train {TINY} --out out {streams}", tmp_path)
    assert (done.returncode, done.stderr.decode()) == (code, line)
    assert (tmp_path / "out/runs" / RUN / "system.npz").exists()


@pytest.mark.parametrize("command", ["--help", "data info mini", "gradcheck --layer Dense", f"train {TINY} --out out"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_ends_a_command_without_a_word(command, unbuffered, tmp_path):
    done = shell(f"scratchnet {command} | true; exit ${{PIPESTATUS[0]}}", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) in [(141, b""), (0, b"")] and (done.returncode or command == "--help")


@pytest.mark.parametrize("library", ["numpy", "scipy", "threadpoolctl", "tqdm", "PIL"])
def test_a_broken_library_is_one_line(library, tmp_path):
    (tmp_path / f"{library}.py").write_text("raise AttributeError('no\\nbool')", encoding="utf-8")
    done = shell("scratchnet systems", tmp_path, [tmp_path])
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert f"the library {library} cannot be imported (AttributeError: no bool)" in done.stderr.decode()


def test_pictures_want_no_window_and_training_no_pictures(tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("matplotlib", "jinja2", "platformdirs"):
        (broken / f"{name}.py").write_text("raise AttributeError('no')", encoding="utf-8")
    assert shell(f"scratchnet train {TINY} --out out", tmp_path, [broken]).returncode == 0
    done = shell("scratchnet reproduce --out other", tmp_path, [broken])
    assert done.returncode == 2 and b"the library matplotlib" in done.stderr and not (tmp_path / "other").exists()
    done = shell(f"scratchnet reproduce {TINY.replace('system', 'systems')} --out out --resume", tmp_path,
                 MPLBACKEND="nonsense")
    assert (done.returncode, done.stderr) == (0, b"")


def test_too_little_memory_is_one_line(tmp_path):
    """The limit is set when all is imported: before, it is a library that does not load."""
    code = ("import resource, sys; from scratchnet.cli import main, parser; import scratchnet.experiments;"
            "import PIL.WebPImagePlugin;"
            "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize();"
            "limit = used + int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_AS, (limit, limit));"
            "sys.exit(main(sys.argv[2:]))")
    for more in (2**20, 2**23, 2**25):
        command = ["train", *TINY.split(), "--out", tmp_path / "out"]
        done = subprocess.run([sys.executable, "-c", code, str(more), *command], env=surroundings(),
                              capture_output=True, timeout=120)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
        assert b"not have enough memory" in done.stderr and b"install" not in done.stderr


def test_a_disk_that_fills_up_is_one_line_and_the_last_checkpoint_stays(tmp_path):
    """The limit of a file's size stands for the disk: a checkpoint is 5 MB."""
    command = ["train", "--method", "cnn_rgb", "--train-images", "60", "--epochs", "100", "--checkpoint-seconds", "0"]
    child = subprocess.Popen([sys.executable, "-m", "scratchnet", *command, "--out", tmp_path], env=surroundings(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    path = tmp_path / "runs/mini-cnn_rgb-paper-seed0/checkpoint.npz"
    while not path.exists():
        time.sleep(0.05)
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (2**20, 2**20))
    _, err = child.communicate(timeout=60)
    assert child.returncode == 2 and err.startswith(b"scratchnet: error: cannot write ") and err.count(b"\n") == 1
    assert checkpoint.load(path)[1]["state"]["epoch"] >= 1
    assert [left.name for left in path.parent.iterdir()] == ["checkpoint.npz"]


@pytest.mark.parametrize("command, words", [
    ("train --out {long}", "File name too long"),
    ("evaluate {long}", "there is no fitted system"),
    ("evaluate --pretrained cifar10 --json {long}/a.json", "File name too long"),
    ("evaluate --pretrained cifar10 --json ''", "expected the name of a file or folder"),
    ("evaluate --pretrained cifar10 --json .", "it is a folder"),
    ("evaluate --pretrained cifar10 --json file/a.json", "cannot write file/a.json"),
    ("evaluate ''", "expected the name of a file or folder"),
    ("train --out ''", "expected the name of a file or folder"),
    ("demo --out ''", "expected the name of a file or folder"),
    ("data verify cifar10 --data ''", "expected the name of a file or folder"),
    ("data verify cifar10 --data {long}", "there is no CIFAR-10"),
])
def test_a_place_that_cannot_be_is_refused_at_once(command, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setattr("scratchnet.experiments.evaluate_file", lambda *a: pytest.fail("it was evaluated"))
    assert words in refused(capsys, *shlex.split(command.format(long="x" * 300)))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- interruptions of processes of their own ----

START = ("import sys; from scratchnet.cli import main; {before}; print('ready', flush=True);"
         "sys.argv = ['scratchnet', *sys.argv[1:]]; sys.exit(main())")
GRACE = 5  # seconds; on a machine that has nothing else to do it is one


def interrupted(arguments, seconds, number=signal.SIGINT, again=0, before="0"):
    """Start a command, send a signal after a while, and perhaps more; return exit code, stderr and how long that took.
    """
    child = subprocess.Popen([sys.executable, "-c", START.format(before=before), *map(str, arguments)],
                             env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    start = time.monotonic()
    for i in range(1 + again):
        time.sleep(0.02 * i)
        child.send_signal(number)
    _, err = child.communicate(timeout=60)
    return child.returncode, err.decode(), time.monotonic() - start


@pytest.mark.parametrize("command", [
    "reproduce --methods pretrain_cnn_rgb_da --epochs 2 --train-images 100 --preset quick --checkpoint-seconds 0",
    "reproduce --systems pixels --epochs 100"])
def test_whenever_it_is_interrupted_a_command_ends_within_a_second(command, tmp_path):
    """At moments drawn by chance, in whatever part of the work that is; now and then Ctrl-C is pressed three times."""
    draw, codes = random.Random(command), []
    for i in range(5):
        code, err, seconds = interrupted([*command.split(), "--resume", "--out", tmp_path], draw.uniform(0.1, 6),
                                         again=2 * (i % 2))
        assert (code, err) in [(130, f"scratchnet: {cli.INTERRUPTED}\n"), (0, "")] and seconds < GRACE
        codes.append(code)
    assert 130 in codes
    for name in ("checkpoint.npz", "pretraining.npz", "system.npz"):
        for path in tmp_path.rglob(name):
            checkpoint.load(path)


def test_sigterm_is_an_interruption_too(tmp_path):
    code, err, seconds = interrupted(["train", "--epochs", 99, "--out", tmp_path], 3, signal.SIGTERM)
    assert code == 143 and err == f"scratchnet: {cli.INTERRUPTED}\n" and seconds < GRACE


def test_one_long_call_of_a_library_holds_nobody_up():
    """Python's own handler waits for it; in the middle of such a call, there is nothing to clean up."""
    long = ("import hashlib; from scratchnet.cli import commands, parser;"
            "commands.list_systems = lambda options: hashlib.pbkdf2_hmac('sha256', b'', b'', 10**8)")
    code, err, seconds = interrupted(["systems"], 1, before=long)
    assert code == 130 and err == f"scratchnet: {cli.INTERRUPTED}\n" and seconds < GRACE
