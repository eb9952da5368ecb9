"""A GPU that is not there: CuPy's name over the strict double, and a device that works on while nobody waits.

Time is pretended, too. The clock stands still but for `work`, which keeps the processor busy, for sleep and for waiting
until the device is done with what it was asked to do. So a test knows what a timing must find, to the millisecond.
"""
from types import SimpleNamespace

from strict import strict

from scratchnet import backend
from scratchnet.benchmark import timing


class Clock:
    """What `time` is for `scratchnet.benchmark.timing`; `naps` are the seconds that were slept."""

    def __init__(self):
        self.now, self.naps = 0.0, []

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds

    def work(self, seconds):
        """Keep the processor busy."""
        self.now += seconds


class PretendGPU:
    """Stands in for the module cupy: computes on strict arrays, and takes as long as `work` says."""

    __name__, __version__ = "cupy", "14.2.0"

    def __init__(self, clock):
        self.clock, self.done = clock, 0.0
        self.cuda = SimpleNamespace(
            Event=lambda: Event(self), get_elapsed_time=lambda first, second: 1e3 * (second.at - first.at),
            Device=lambda: SimpleNamespace(id=0),
            runtime=SimpleNamespace(getDeviceProperties=lambda number: {"name": b"A pretended GPU"},
                                    runtimeGetVersion=lambda: 13000))

    def __getattr__(self, name):
        return getattr(strict, name)

    def work(self, seconds):
        """Ask for work; whoever asks need not wait."""
        self.done = max(self.done, self.clock.now) + seconds


class Event:
    """A mark behind all that the device was asked for."""

    def __init__(self, gpu):
        self.gpu = gpu

    def record(self):
        self.at = max(self.gpu.done, self.gpu.clock.now)

    def synchronize(self):
        self.gpu.clock.now = max(self.gpu.clock.now, self.at)


def pretend(monkeypatch):
    """Let such a GPU answer, by such a clock, and return it."""
    clock = Clock()
    gpu = PretendGPU(clock)
    monkeypatch.setattr(timing, "time", clock)
    monkeypatch.setattr(backend, "probe_cupy", lambda: (gpu, None))
    return gpu
