"""Where a figure came from: machine, versions, commit, date. Every results file carries it."""
import os
import platform
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy
from threadpoolctl import threadpool_info

from .backend import cpu_name, device_name, precision, versions
from .parallel import default_threads
from .version import __version__

GIT_SECONDS = 10.0  # on a slow file system git may take long; a figure without its commit is better than none


def environment(xp, threads=None):
    """Return a dict of what a reader needs to know to repeat a computation on backend `xp`."""
    threads = default_threads() if threads is None else threads
    return {"scratchnet": __version__, "python": platform.python_version(), "numpy": np.__version__,
            "scipy": scipy.__version__, "blas": _blas(), "cpu": cpu_name(), "simd": _simd(),
            "cores": default_threads(), "threads": threads, "backend": xp.__name__, "device": device_name(xp),
            "precision": precision(xp), **versions(xp),
            "commit": _commit(), "date": datetime.now(UTC).isoformat(timespec="seconds")}


def peak_memory():
    """Return the most memory that this process ever held, in MB, or None where the system does not tell."""
    try:
        import resource
    except ImportError:  # it is a module of Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def free_memory():
    """Return how many bytes of memory a process may still take without swapping, or None where nobody tells."""
    free = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free.append(1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))))
    with suppress(OSError, ValueError):  # a container may have less; what it keeps of files counts, but can be dropped
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        files = [line.split()[1] for line in (group / "memory.stat").read_text(encoding="ascii").splitlines()
                 if line.startswith("file ")]
        free.append(limit - int((group / "memory.current").read_text(encoding="ascii")) + sum(map(int, files)))
    return min(free, default=None)


def _simd():
    """Return the vector instructions that NumPy found on this processor, e.g. "X86_V3" (AVX2) or "X86_V4" (AVX-512)."""
    return ", ".join(np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", []))


def _blas():
    libraries = {f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info() if lib["user_api"] == "blas"}
    return ", ".join(sorted(libraries)) or "unknown"


def _commit():
    """Return the commit of the source tree, marked "+changes" where files differ from it, or None outside one."""
    folder = Path(__file__).resolve().parent

    def git(*arguments):
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, stdin=subprocess.DEVNULL,
                              check=True, timeout=GIT_SECONDS, env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"})
        return os.fsdecode(done.stdout).strip()
    try:
        if Path(git("rev-parse", "--show-toplevel")) != folder.parent:
            return None
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None
