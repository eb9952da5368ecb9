"""How much memory a process takes at its peak, and how much is left."""
import sys
from contextlib import suppress
from pathlib import Path


def peak_memory():
    """Return the most memory that this process ever held (since `reset_peak`), in MB, or None where that is unknown.

    Linux is not asked by ``getrusage``, whose figure also covers the process that started this one.
    """
    try:
        return resident(Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # it is a module of Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def resident(status):
    """Return the peak in MB out of the text of Linux's /proc/PID/status."""
    return _kilobytes(status, "VmHWM") / 1024


def reset_peak():
    """Let `peak_memory` count from now on; return what the process holds, in MB, or None off Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    except OSError:
        return None
    return peak_memory()


def free_memory():
    """Return how many bytes of memory are left for a process to take without swapping, or None off Linux."""
    free = []
    with suppress(OSError):
        free.append(1024 * _kilobytes(Path("/proc/meminfo").read_text(encoding="utf-8"), "MemAvailable"))
    with suppress(OSError, ValueError):  # a container may have less; what it keeps of files counts, but can be dropped
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="utf-8"))
        files = [line.split()[1] for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines()
                 if line.startswith("file ")]
        free.append(limit - int((group / "memory.current").read_text(encoding="utf-8")) + sum(map(int, files)))
    return min(free, default=None)


def need(nbytes):
    """Raise MemoryError if the machine has not so many bytes left.

    The system promises more memory than there is and ends the process that takes it at its word, so asking comes first.
    Where it is not known how many are left, only what no machine has is refused.
    """
    left = free_memory()
    if nbytes > (sys.maxsize if left is None else left):
        raise MemoryError(f"{nbytes:,} bytes are needed, {left or sys.maxsize:,} are left")


def _kilobytes(text, name):
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
