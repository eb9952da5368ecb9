"""Where a figure came from: machine, versions, commit, date. Every results file carries it."""
import os
import platform
import subprocess
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
    """Return a dict with what one needs to know to repeat a computation on backend `xp`."""
    threads = default_threads() if threads is None else threads
    return {"scratchnet": __version__, "python": platform.python_version(), "numpy": np.__version__,
            "scipy": scipy.__version__, "blas": _blas(), "cpu": cpu_name(), "simd": _simd(),
            "cores": default_threads(), "threads": threads, "backend": xp.__name__, "device": device_name(xp),
            "precision": precision(xp), **versions(xp),
            "commit": _commit(), "date": datetime.now(UTC).isoformat(timespec="seconds")}


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
