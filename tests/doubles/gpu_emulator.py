"""The kernels of scratchnet/gpu on a processor: compiled as C++, run index by index over NumPy arrays.

A header turns CUDA's words into nothing and its indices into variables; each kernel gets a loop over blocks and
threads. So the very text that a GPU compiles computes here, and the layers call it through the same launcher.

Two environment variables make it stricter: EMULATOR_SANITIZERS=1 compiles with AddressSanitizer and
UndefinedBehaviorSanitizer, whose library must be preloaded; EMULATOR_BACKWARD=1 walks blocks and threads from last to
first, as a GPU may: whatever a thread reads must not be what another has just written.
"""
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from scratchnet import gpu

COMPILER = shutil.which("g++")
HEADER = """
#include <cmath>
using std::exp, std::log;
#define __global__
#define __device__
struct Index { long long x; };
static Index blockIdx, threadIdx, blockDim;
"""
THREADS = 7  # of a block: few and odd, so that the last block is not full
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
WALKS = {False: "for ({0}.x = 0; {0}.x < {1}; ++{0}.x)", True: "for ({0}.x = {1} - 1; {0}.x >= 0; --{0}.x)"}


def launch(file, function, count, *arguments, **defines):
    """Run a kernel over NumPy arrays; the call is that of `gpu.launcher`."""
    dtype = arguments[0].dtype
    checked = gpu.checked(file, function, arguments)
    run = getattr(_library(file, dtype.str, tuple(defines.items())), f"run_{function}")
    values = [ctypes.c_void_p(value.ctypes.data) if isinstance(value, np.ndarray)
              else np.ctypeslib.as_ctypes_type(value.dtype)(value.item())
              for value in checked]
    run(ctypes.c_longlong(-(-count // THREADS)), ctypes.c_longlong(THREADS), ctypes.c_longlong(count), *values)


@lru_cache
def _library(file, dtype, defines):
    text, loops = gpu.program(file, dtype, dict(defines)), []
    walk = WALKS[os.environ.get("EMULATOR_BACKWARD") == "1"]
    for name, parameters in gpu.KERNEL.findall(text):
        names = ", ".join(re.findall(r"(\w+)\s*(?:,|$)", parameters))
        loops.append(f'extern "C" void run_{name}(long long blocks, long long threads, {parameters}) {{\n'
                     "    blockDim.x = threads;\n"
                     f"    {walk.format('blockIdx', 'blocks')}\n"
                     f"        {walk.format('threadIdx', 'threads')}\n"
                     f"            {name}({names});\n}}\n")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "kernels.cpp", Path(folder) / "kernels.so"
        source.write_text(HEADER + text + "\n".join(loops))
        more = SANITIZERS if os.environ.get("EMULATOR_SANITIZERS") == "1" else []
        subprocess.run([COMPILER, "-O1", "-std=c++17", "-Wall", "-Werror", "-shared", "-fPIC", *more,
                        str(source), "-o", str(library)],
                       check=True, capture_output=True, text=True)
        return ctypes.CDLL(str(library))
