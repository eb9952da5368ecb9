"""A seeded campaign of faults: files are damaged, processes killed, and nothing may be lost or falsely believed.

A `Kind` is a kind of file that the project reads: how a good one comes about, and what the project makes of it. Each
case damages the good file in a way that (seed, case) determines, and reads it again in a child process. It is handled
if the project refuses it by a `ScratchnetError` of one printable line, or gives exactly what the good file gave. A
traceback, a hang, much memory or another result is a failure, which the report names with its case, so that
``python tests/campaign/harness.py MODULE KIND SEED CASE 1`` shows it alone.

Who adds a kind puts a `Kind` into the dict KINDS of a module in this folder, and calls `damage_files` in a test.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SECONDS, MEGABYTES = 10, 800  # what a case may take: seconds of the processor, or 12 times as many of the clock
ADDRESSES = 8 << 30  # bytes of address space: an endless allocation ends here, and not when the machine is full


# ---- damages: each takes a generator and the path of a good file, and leaves something else there ----

def flip(rng, path):
    """Flip one to eight bits."""
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    for place in rng.integers(0, len(content), rng.integers(1, 9)):
        content[place] ^= 1 << rng.integers(0, 8)
    path.write_bytes(content.tobytes())


def cut(rng, path):
    """Keep the beginning or the end."""
    content = path.read_bytes()
    place = int(rng.integers(0, len(content)))
    path.write_bytes(content[:place] if rng.random() < 0.7 else content[place:])


def overwrite(rng, path):
    """Overwrite a stretch with zeros, ones or noise."""
    content = bytearray(path.read_bytes())
    start, length = int(rng.integers(0, len(content))), int(2 ** rng.uniform(0, 13))
    length = min(length, len(content) - start)
    content[start:start + length] = (bytes(length), b"\xff" * length, rng.bytes(length))[rng.integers(0, 3)]
    path.write_bytes(content)


def move(rng, path):
    """Repeat, leave out or insert a stretch: what follows is no longer where it was."""
    content = path.read_bytes()
    a, b = sorted(int(x) for x in rng.integers(0, len(content) + 1, 2))
    b = min(b, a + 5000)
    path.write_bytes((content[:b] + content[a:], content[:a] + content[b:],
                      content[:a] + rng.bytes(b - a) + content[a:])[rng.integers(0, 3)])


def noise(rng, path):
    """Put something else there: nothing, noise, text, or a beginning that promises more."""
    path.write_bytes((b"", rng.bytes(1000), b"{}", b"[]", b"null", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 100_000,
                      b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + rng.bytes(200), b"\x93NUMPY" + rng.bytes(100),
                      b"\x80\x04" + rng.bytes(100), b"\x1f\x8b\x08" + rng.bytes(100))[rng.integers(0, 13)])


def not_a_file(rng, path):
    """Put what is no regular file there: a queue, a device, a folder, a link to nothing, to itself, or a huge hole."""
    path.unlink()
    which = rng.integers(0, 7)
    if which == 0:
        os.mkfifo(path)
    elif which < 5:
        path.symlink_to(("/dev/zero", "/dev/null", path.parent / "nothing", path.name)[which - 1])
    elif which == 5:
        path.mkdir()
    else:
        with open(path, "wb") as file:
            file.truncate(int(rng.integers(1, 1 << 36)))


BYTES = (flip, cut, overwrite, move, noise, flip, cut, overwrite, move, not_a_file)
STRANGE = (None, True, False, 0, -1, 2.5, -1e300, float("nan"), float("inf"), 10**9, 10**30, "", "x", "\n\x1b[31m",
           "\ud800", "x" * 5000, [], {}, [[]], [None], {"": 0}, [0] * 1000)


def mutated(rng, value):
    """Return a JSON value with one node replaced, left out, repeated or renamed."""
    nodes = list(_nodes(value))
    if not nodes:
        return _strange(rng)
    holder, key = nodes[rng.integers(0, len(nodes))]
    way = rng.random()
    if way < 0.25:
        del holder[key]
    elif way < 0.35 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif way < 0.35:
        holder[key + "x"] = holder.pop(key)
    elif way < 0.5 and isinstance(holder[key], int | float):
        holder[key] *= (-1, 2, 1.5, 1e6)[rng.integers(0, 4)]
    else:
        holder[key] = _strange(rng)
    return value


def _strange(rng):
    return json.loads(json.dumps(STRANGE[rng.integers(0, len(STRANGE))]))


def _nodes(value):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _nodes(inner)


def edit(rng, path):
    """Change one node of a JSON file, as somebody with an editor would."""
    path.write_text(json.dumps(mutated(rng, json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


# ---- kinds of files, and what is done with each ----

@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    make : callable
        ``make(folder) -> Path``: writes a good file, and whatever must lie beside it.
    use : callable
        ``use(path) -> str``: what the project makes of it, all figures in it. It leaves the folder as it was.
    damages : sequence of callable
        ``damage(rng, path)``, taken in turn.
    forged : sequence of callable
        Further damages of which the file knows nothing, since whoever made them signed it again. They may change what
        it gives; there must be no traceback.
    """

    make: Callable
    use: Callable
    damages: tuple = BYTES
    forged: tuple = ()


def damage_files(module, name, cases, seed=0, first=0):
    """Run cases of a kind in a child process and return its report; raise AssertionError if any of them failed."""
    done = subprocess.run([sys.executable, __file__, module, name, str(seed), str(first), str(cases)],
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MPLBACKEND": "agg"},
                          capture_output=True, text=True, timeout=600 + 20 * cases, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {report}")
    assert not report["failures"], json.dumps(report["failures"][:20], indent=1)
    assert report["refused"] + report["same"] + report["forged"] == cases
    return report


def run_cases(kind, seed, first, cases):
    """Return {"refused", "same", "forged", "failures", "slowest_s", "peak_mb"} of some cases."""
    from scratchnet.memory import peak_memory, reset_peak
    report = {"refused": 0, "same": 0, "forged": 0, "failures": [], "slowest_s": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        path = kind.make(Path(folder))
        good, expected = path.read_bytes(), kind.use(path)
        assert kind.use(path) == expected, "the good file does not give the same twice"
        ways = (*kind.damages, *kind.forged)
        limit = MEGABYTES + (reset_peak() or 0)
        for case in range(first, first + cases):
            rng, way = np.random.default_rng([seed, case]), case % len(ways)
            path.write_bytes(good)
            ways[way](rng, path)
            start = time.process_time()
            outcome = _outcome(kind, path, expected, way >= len(kind.damages))
            report["slowest_s"] = max(report["slowest_s"], time.process_time() - start)
            if (peak_memory() or 0) > limit:
                outcome = f"{peak_memory():.0f} MB"
            if outcome in report:
                report[outcome] += 1
            else:
                report["failures"].append({"case": case, "damage": ways[way].__name__, "what": outcome})
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return {**report, "peak_mb": peak_memory()}


class Hang(BaseException):
    """The case took too long."""


def _outcome(kind, path, expected, forged):
    from scratchnet.errors import ScratchnetError
    clock, processor = time.monotonic(), time.process_time()

    def look(number, frame):
        if time.process_time() - processor >= SECONDS or time.monotonic() - clock >= 12 * SECONDS:
            raise Hang
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, SECONDS / 10, SECONDS / 10)
    try:
        found = kind.use(path)
    except ScratchnetError as error:
        return "refused" if str(error).isprintable() else f"not printable: {str(error)!r:.300}"
    except Hang:
        return "it hangs: " + traceback.format_exc()[-600:]
    except BaseException:
        return traceback.format_exc()[-1500:]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "same" if found == expected else "forged" if forged else "another result"


# ---- kills ----

def start(command, **more):
    """Start a process in a group of its own, without output."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                            **more)


def kill(process):
    """Send SIGKILL to a process and what it has started; return whether it was still at work."""
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def kill_within(command, seconds):
    """Run a command, kill it after so many seconds, and return how long it lived and its exit code (-9 if killed)."""
    begin, process = time.monotonic(), start(command)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(process)
    return time.monotonic() - begin, process.returncode


if __name__ == "__main__":
    import resource
    sys.path += [str(ROOT), str(ROOT / "tests/doubles")]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "", DeprecationWarning, "matplotlib|pyparsing")  # as in setup.cfg
    module, name, *numbers = sys.argv[1:]
    print(json.dumps(run_cases(import_module(module).KINDS[name], *map(int, numbers))))
