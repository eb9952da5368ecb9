"""Every kernel compiles for real GPUs, and refuses what it would misread."""
import re

import numpy as np
import pytest
from cupy_api import cupy

from scratchnet import gpu
from scratchnet.errors import InputError
from scratchnet.layers import Conv2D, MaxPool2D, ReLU, conv_winograd
from scratchnet.network import Network

FILES = sorted(path.stem for path in gpu.FOLDER.glob("*.cu"))
DEFINES = {"winograd": [conv_winograd._defines(4, 8, (2, 16, 16, 64), 4, 4, 2),
                        conv_winograd._defines(4, 6, (2, 7, 9, 3), 2, 3, 1)],
           "pooling": [MaxPool2D(2).defines((2, 32, 32, 64)), MaxPool2D(3, 2).defines((2, 9, 8, 5))]}


@pytest.mark.skipif(cupy is None, reason="CuPy is not installed: its compiler binding is missing")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("file", FILES)
def test_compiles_for_a_gpu(file, dtype, architecture):
    from cupy_backends.cuda.libs import nvrtc
    try:
        nvrtc.getVersion()
    except (RuntimeError, ImportError, OSError) as error:
        pytest.skip(f"NVRTC is not installed ({error}): pip install nvidia-cuda-nvrtc-cu12")
    for defines in DEFINES.get(file, [{}]):
        program = nvrtc.createProgram(gpu.program(file, dtype, defines), f"{file}.cu", [], [])
        options = (f"--gpu-architecture={architecture}", "-std=c++17")
        try:
            nvrtc.compileProgram(program, options)
        except nvrtc.NVRTCError:
            pytest.fail(nvrtc.getProgramLog(program))
        assert len(nvrtc.getCUBIN(program)) > 1000
        assembly = str(nvrtc.getPTX(program))
        whole_numbers = re.findall(r"\b(?:div|rem)\.[su]\d+", assembly)  # some 70 instructions each
        assert "__local_depot" not in assembly and (file == "losses" or not whole_numbers), whole_numbers


def test_a_kernel_refuses_numbers_of_another_type_and_gaps_in_memory(emulated, rng):
    """A kernel would read their bytes as something else, and compute nonsense without a word."""
    layers = {"conv": Conv2D(16, 3, 3, padding=1, rng=np.random.default_rng(0)), "pool": MaxPool2D(2), "relu": ReLU()}
    with emulated():
        for wrong in (layers["conv"], Network(layers)):
            with pytest.raises(InputError, match=r"cannot mix float32 with float64.*x.astype"):
                wrong.forward(rng.standard_normal((2, 4, 4, 16)))
    a, b = np.zeros((4, 4), np.float32), np.zeros(4, np.float32)
    for arguments, words in (((a, b.astype(np.float64), b, 0.1, 0.9, 0.0, 1), "velocity"),
                             ((a, a[:, ::2], b, 0.1, 0.9, 0.0, 1), "contiguous"), ((a, b), "takes 7 arguments")):
        with pytest.raises((InputError, TypeError), match=words):
            gpu.checked("optimizers", "sgd", arguments)


def test_no_launcher_for_numpy():
    assert gpu.launcher(np) is None
