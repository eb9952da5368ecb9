"""Downloads into one folder, of which some are killed at random moments: the others finish, and the next clears up.

    python tests/campaign/download_kills.py SEED ROUNDS
"""
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from fake_cifar import Fake

from scratchnet.data import download, load

ARCHIVE = "cifar-10-python.tar.gz"


def begin(folder, source):
    """Start a process that downloads, and return its number."""
    child = os.fork()
    if child:
        return child
    try:
        download("cifar10", folder, [source], lambda line: None)
        os._exit(0)
    except BaseException as error:
        print(type(error).__name__, error, file=sys.stderr)
        os._exit(1)


def run(seed, rounds):
    """Return how many processes were killed at work, how many left something behind, and what went wrong."""
    rng, report = np.random.default_rng(seed), {"killed": 0, "left": 0, "failures": []}
    patch = pytest.MonkeyPatch()
    fake = Fake("cifar10", patch)
    patch.setattr("scratchnet.data.downloader.ORIGIN", "http://127.0.0.1:9/")
    patch.setattr("scratchnet.data.downloader.shutil.which", lambda name: None)
    with tempfile.TemporaryDirectory() as name:
        source = (Path(name) / ARCHIVE).as_uri()
        (Path(name) / ARCHIVE).write_bytes(fake.archives[ARCHIVE])
        start = time.monotonic()
        for child in [begin(Path(name) / "undisturbed", source) for _ in range(3)]:
            os.waitpid(child, 0)
        duration = time.monotonic() - start
        for number in range(rounds):
            folder = Path(name) / str(number)
            if rng.random() < 0.5:  # a damaged folder is mended file by file
                (folder / "cifar-10-batches-bin").mkdir(parents=True)
                (folder / "cifar-10-batches-bin" / "test_batch.bin").write_bytes(b"x")
            victim, others = begin(folder, source), [begin(folder, source) for _ in range(2)]
            time.sleep(rng.uniform(0, duration))
            os.kill(victim, signal.SIGKILL)
            report["killed"] += os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) < 0
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in others]
            report["left"] += len(os.listdir(folder)) > 1
            download("cifar10", folder, [source], lambda line: None)
            whole = len(load("cifar10", folder).test_labels) == 12
            if any(codes) or os.listdir(folder) != ["cifar-10-batches-bin"] or not whole:
                report["failures"].append([number, codes, os.listdir(folder)])
    return report


if __name__ == "__main__":
    print(json.dumps(run(*map(int, sys.argv[1:]))))
