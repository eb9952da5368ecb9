"""What the compiler for a GPU made of a kernel: its program in assembly, and what each kernel takes of the device.

NVRTC is a package of pip (nvidia-cuda-nvrtc-cu12) and holds the assembler, too: all of this is known without a GPU and
without the CUDA toolkit.
"""
import re
import struct
from dataclasses import dataclass

import pytest

INSTRUCTION = 16  # bytes, on every architecture since 2017
REPORT = (r"properties for {}\s.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
          r".*?Used (\d+) registers")


@dataclass(frozen=True)
class Usage:
    """What one thread of a kernel takes; stack and spills are in bytes, of slow memory."""

    registers: int
    stack: int
    spilled: int
    instructions: int


def compiled(text, architecture):
    """Return the assembly (PTX) of a CUDA program and {kernel: Usage}; fail the test if it does not compile."""
    nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", exc_type=ImportError,
                                reason="CuPy is not installed: its compiler binding is missing")
    try:
        nvrtc.getVersion()
    except (RuntimeError, ImportError, OSError) as error:
        pytest.skip(f"NVRTC is not installed ({error}): pip install nvidia-cuda-nvrtc-cu12")
    program = nvrtc.createProgram(text, "kernels.cu", [], [])
    try:
        nvrtc.compileProgram(program, (f"--gpu-architecture={architecture}", "-std=c++17", "--ptxas-options=-v"))
    except nvrtc.NVRTCError:
        pytest.fail(nvrtc.getProgramLog(program))
    report, usage = nvrtc.getProgramLog(program), {}
    for name, size in code_sizes(nvrtc.getCUBIN(program)).items():
        found = re.search(REPORT.format(name), report, re.DOTALL)
        stack, stores, loads, registers = map(int, found.groups())
        usage[name] = Usage(registers, stack, stores + loads, size // INSTRUCTION)
    return str(nvrtc.getPTX(program)), usage


def code_sizes(cubin):
    """Return {kernel: bytes of its code} out of a compiled program, which is a 64-bit ELF file."""
    table, = struct.unpack_from("<Q", cubin, 40)
    length, count, of_names = struct.unpack_from("<HHH", cubin, 58)
    headers = [struct.unpack_from("<IIQQQQ", cubin, table + i * length) for i in range(count)]
    names = cubin[headers[of_names][4]:]
    sections = {names[header[0]:].partition(b"\0")[0].decode(): header[5] for header in headers}
    return {name.removeprefix(".text."): size for name, size in sections.items() if name.startswith(".text.")}
