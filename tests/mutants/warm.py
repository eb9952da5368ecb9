"""Runs tests in forks of a process that has already imported the libraries, which takes longer than most tests do.

It reads requests from stdin, a line of JSON each, {"tests", "log", "limit"}, and answers with pytest's exit code, or
with null where the tests ran for longer than the limit. What they print goes to the file `log`. The working directory
is the tree under test, of which this process itself imports nothing.
"""
import json
import os
import resource
import signal
import sys
import time
import traceback
from contextlib import suppress

import matplotlib.figure  # noqa: F401
import numpy  # noqa: F401
import PIL.Image  # noqa: F401
import pytest
import scipy.optimize  # noqa: F401
import scipy.sparse  # noqa: F401

MEMORY = 2**33  # bytes of address space that tests may have: a bug may ask for all that there is
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")


def in_a_fork(tests, log, limit):
    """Run tests in a fork and return pytest's exit code, or None where they ran past the limit."""
    child = os.fork()
    if child == 0:
        try:
            code = _in_the_child(tests, log)
        except BaseException:
            traceback.print_exc()
            code = 70
        os._exit(code)
    end = time.monotonic() + limit
    while not (done := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < end:
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the tests have started, too
    if done[0]:
        return os.waitstatus_to_exitcode(done[1])
    os.waitpid(child, 0)
    return None


def _in_the_child(tests, log):
    os.setpgrp()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number, fd in ((0, os.open(os.devnull, os.O_RDONLY)), (1, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))):
        os.dup2(fd, number)
    os.dup2(1, 2)
    code = pytest.main([*OPTIONS, *(f"tests/{test}" for test in tests)])
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    for line in sys.stdin:
        print(json.dumps(in_a_fork(**json.loads(line))), flush=True)
