"""Everything that needs a GPU, in one go, what is needed most first: $OUT/gpu.tar.gz holds all that was found.

    OUT=results python3 -m benchmarks.gpu.run                         # needs CuPy, PyTorch with CUDA, pytest
    OUT=results python3 -m benchmarks.gpu.run --rehearse              # without a GPU, in miniature
    OUT=results python3 -m benchmarks.gpu.run --only training         # 25 epochs of CIFAR-10 in $SCRATCHNET_DATA

A machine may be lent for minutes only, and a run be cut off at any moment. So each part has a time limit of its own,
benchmarks write their JSON case by case, and the archive is written anew after each part: what is cut off loses only
itself. Parts for which no time is left are named at the end.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

from scratchnet.files import atomic_write

ROOT = Path(__file__).parents[2]
PYTEST = ["-m", "pytest", "-q", "-m", "gpu", "-W", "default", "--continue-on-collection-errors",
          "-p", "no:cacheprovider", "-p", "no:randomly", "tests"]


@dataclass(frozen=True)
class Part:
    """One command: its name, how many seconds it may take, and what stands behind ``python3``."""

    name: str
    limit: int
    arguments: tuple


def parts(out, rehearse):
    """Return the parts in the order of their importance."""
    own, both = ("numpy", "numpy,torch") if rehearse else ("cupy", "cupy,torch")
    sizes, curve = ("8,16", "1,4") if rehearse else ("128,512,4096", "1,4,16,64,256,1024")
    quick = ("--quick",) if rehearse else ()

    def benchmark(name, limit, backends, *more, module=None):
        return Part(name, limit, ("-m", f"benchmarks.{module or name}", "--backends", backends, *quick, *more,
                                  "--json", str(out / f"{name}.json")))
    workers = "2" if rehearse else "8"
    return [
        Part("smoke", 60, ("-m", "benchmarks.gpu.smoke", "--backend", own)),
        benchmark("training_step", 60, both, "--batch", sizes),
        benchmark("kernels", 45, both, "--batch", sizes, module="gpu.kernels"),
        benchmark("training_step-tf32", 45, both, "--batch", sizes, "--precision", "tf32", module="training_step"),
        Part("tests", 150, (*PYTEST, "-n", workers)),
        benchmark("epochs", 90, own, "--batch", "16" if rehearse else "512"),
        benchmark("layers", 60, both, "--batch", sizes),
        benchmark("features", 45, both, "--batch", sizes),
        benchmark("autoencoder", 45, both),
        benchmark("retrieval", 60, own, *(("--ranked", "10", "--gallery", "300") if rehearse else ())),
        Part("crossover", 105, ("-m", "scratchnet", "benchmark", "--batch", curve, *quick,
                                "--out", str(out / "crossover"))),
        Part("training", 400, ("-m", "scratchnet", "reproduce", "--dataset", "mini" if rehearse else "cifar10",
                               "--methods", "pretrain_cnn_rgb_da", "--backend", own, "--out", str(out / "cifar10"),
                               *(("--epochs", "1", "--train-images", "64", "--set", "patch_count=300", "--set",
                                  "pretrain_iterations=2") if rehearse else ()))),
    ]


def main(arguments=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rehearse", action="store_true", help="without a GPU, in miniature")
    p.add_argument("--only", metavar="LIST", help="these parts only, separated by commas")
    p.add_argument("--seconds", type=float, default=570, help="for all parts together (default: 570)")
    options = p.parse_args(arguments)
    out, work = Path(os.environ.get("OUT", "gpu-results")), Path(os.environ.get("WORK", "/tmp/scratchnet-gpu"))
    for folder in (out, work):
        folder.mkdir(parents=True, exist_ok=True)
    chosen = [part for part in parts(work, options.rehearse)
              if (part.name in options.only.split(",") if options.only
                  else part.name != "training" or options.rehearse)]
    start, ended = time.monotonic(), {}
    shutil.rmtree(work / "crossover", ignore_errors=True)  # of an earlier run, which would not be written over
    for part in chosen:
        left = options.seconds - (time.monotonic() - start)
        ended[part.name] = run(part, min(part.limit, left), work) if left > 5 else "no time left"
        pack(work, out / "gpu.tar.gz")
        print(f"== {part.name}: {ended[part.name]} ({time.monotonic() - start:.0f} s in all)", flush=True)
    failed = [name for name, end in ended.items() if end != "done"]
    return f"not done: {', '.join(f'{name} ({ended[name]})' for name in failed)}" if failed else None


def run(part, seconds, work):
    """Run a part, its output on the screen and in a log; return "done" or how it ended."""
    print(f"\n== {part.name}, {seconds:.0f} s at most", flush=True)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "CUPY_NVRTC_USE_PCH": "1", "MPLBACKEND": "agg"}
    process = subprocess.Popen([sys.executable, *part.arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    with open(work / f"{part.name}.log", "wb") as log:
        os.set_blocking(process.stdout.fileno(), False)
        deadline, open_ = time.monotonic() + seconds, True
        while open_ and time.monotonic() < deadline:
            chunk = process.stdout.read()
            if chunk is None:
                time.sleep(0.05)
                continue
            open_ = bool(chunk)
            log.write(chunk)
            log.flush()
            sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
    if open_:
        os.killpg(process.pid, 9)
    code = process.wait()
    process.stdout.close()
    return "cut off" if open_ else "done" if code == 0 else f"exit code {code}"


def pack(work, archive):
    """Write logs, JSON and the training's results anew as one archive, whole or not at all."""
    with atomic_write(archive) as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
        for path in sorted(work.rglob("*")):
            if path.is_file() and path.suffix in (".json", ".log", ".png", ".npz") and path.stat().st_size < 4e6:
                tar.add(path, path.relative_to(work))


if __name__ == "__main__":
    sys.exit(main())
