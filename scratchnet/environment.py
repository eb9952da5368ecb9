"""Where a figure came from: machine, versions, commit, date. Every results file carries it."""
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from . import __version__
from .backend import cpu_name, device_name, precision
from .parallel import default_threads


def environment(xp, threads):
    """Return a dict of what a reader needs to know to repeat a computation on backend `xp`."""
    return {"scratchnet": __version__, "python": platform.python_version(), "numpy": version("numpy"),
            "scipy": version("scipy"), "blas": _blas(), "cpu": cpu_name(), "simd": _simd(),
            "cores": default_threads(), "threads": threads, "backend": xp.__name__, "device": device_name(xp),
            "precision": precision(xp),
            "commit": _commit(), "date": datetime.now(UTC).isoformat(timespec="seconds")}


def _simd():
    """Return the vector instructions that NumPy found on this processor, e.g. "X86_V3" (AVX2) or "X86_V4" (AVX-512)."""
    return ", ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def _blas():
    libraries = {f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info() if lib["user_api"] == "blas"}
    return ", ".join(sorted(libraries)) or "unknown"


def _commit():
    """Return the commit of the source tree, marked "+changes" where files differ from it, or None outside one."""
    folder = Path(__file__).resolve().parent

    def git(*arguments):
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()
    try:
        if Path(git("rev-parse", "--show-toplevel")) != folder.parent:
            return None
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
