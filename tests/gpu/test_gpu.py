"""Every kernel compiles for real GPUs, and refuses what it would misread."""
import os
import re
import subprocess
import sys
from pathlib import Path

import gpu_emulator
import numpy as np
import pytest
from cubin import compiled

from scratchnet import gpu
from scratchnet.errors import InputError
from scratchnet.layers import Conv2D, MaxPool2D, ReLU, conv_winograd
from scratchnet.losses import SoftmaxCrossEntropy
from scratchnet.network import Network
from scratchnet.parallel import Workers
from scratchnet.systems.kuo2016 import Recipe, build_network
from scratchnet.training.gradients import batch_gradients
from scratchnet.training.optimizers import SGD

FILES = sorted(path.stem for path in gpu.FOLDER.glob("*.cu"))
DEFINES = {"winograd": [conv_winograd._defines(4, 8, (2, 16, 16, 64), 4, 4, 2),
                        conv_winograd._defines(4, 6, (2, 7, 9, 3), 2, 3, 1)],
           "pooling": [MaxPool2D(2).defines((2, 32, 32, 64)), MaxPool2D(3, 2).defines((2, 9, 8, 5))]}


# What each kernel was seen to take, the most of both architectures and all shapes: registers of a thread with
# float32 and with float64 (the more it takes, the fewer threads a GPU keeps in flight); instructions.
SEEN = {
    "add_tiles": (38, 40, 216), "bias_gradient": (32, 32, 304), "bias_max_pool_relu": (28, 30, 152),
    "input_tiles": (95, 168, 1320), "input_tiles_backward": (93, 168, 1264), "max_pool": (18, 26, 144),
    "max_pool_backward": (47, 46, 232), "output_tiles": (80, 126, 632), "output_tiles_backward": (40, 72, 520),
    "sgd": (12, 16, 56), "softmax_cross_entropy": (32, 48, 1040)}
ROOM = 1.1  # for compilers to come; those of CUDA 12.9 and 13.0 agree


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("file", FILES)
def test_compiles_for_a_gpu_to_no_more_than_was_seen(file, dtype, architecture):
    for defines in DEFINES.get(file, [{}]):
        assembly, usage = compiled(gpu.program(file, dtype, defines), architecture)
        whole_numbers = re.findall(r"\b(?:div|rem)\.[su]\d+", assembly)  # some 70 instructions each
        assert "__local_depot" not in assembly and (file == "losses" or not whole_numbers), whole_numbers
        assert usage.keys() == gpu.parameters(file).keys()
        for kernel, used in usage.items():
            registers = SEEN[kernel][dtype == "<f8"]
            assert used.stack == used.spilled == 0, (kernel, used)
            assert used.registers <= ROOM * registers, (kernel, used)
            assert 0 < used.instructions <= ROOM * SEEN[kernel][2], (kernel, used)


def test_the_table_of_what_was_seen_has_every_kernel_and_no_other():
    assert SEEN.keys() == {kernel for file in FILES for kernel in gpu.parameters(file)}


def test_a_planted_spill_is_seen():
    """More numbers at a time than a thread has registers for, at places that only the running program knows."""
    text = """extern "C" __global__ void greedy(long long count, double* x) {
        double many[400];
        for (int i = 0; i < 400; ++i) many[i] = x[i * count];
        for (int i = 0; i < 400; ++i) x[i] = many[(i * count) % 400]; }"""
    used = compiled(text, "sm_90")[1]["greedy"]
    assert used.stack >= 3200 and used.instructions > 50


SHARED = re.compile(r"__shared__|__sync\w+|__shfl\w+|cooperative_groups|\batomic\w+")


@pytest.mark.parametrize("file", FILES)
def test_no_thread_needs_another(file):
    found = SHARED.findall(gpu.source(file))
    assert not found, (f"{file}.cu uses {', '.join(found)}, but tests/doubles/gpu_emulator.py runs the threads of a "
                       "block one after the other, each to its end: teach it barriers first")


def test_threads_that_need_each_other_are_found():
    for text in ("__shared__ real part[9];", "__syncthreads();", "s += __shfl_down_sync(m, s, 1);", "atomicAdd(p, x);"):
        assert SHARED.search(text)


def test_a_kernel_refuses_numbers_of_another_type_and_gaps_in_memory(emulated, rng):
    """A kernel would read their bytes as something else, and compute nonsense without a word."""
    layers = {"conv": Conv2D(16, 3, 3, padding=1, rng=np.random.default_rng(0)), "pool": MaxPool2D(2), "relu": ReLU()}
    with emulated():
        for wrong in (layers["conv"], Network(layers)):
            with pytest.raises(InputError, match=r"expected images of float32, .*got float64.*x.astype"):
                wrong.forward(rng.standard_normal((2, 4, 4, 16)))
    a, b = np.zeros((4, 4), np.float32), np.zeros(4, np.float32)
    for arguments, words in (((a, b.astype(np.float64), b, 0.1, 0.9, 0.0, 1), "velocity"),
                             ((a, a[:, ::2], b, 0.1, 0.9, 0.0, 1), "contiguous"), ((a, b), "takes 7 arguments")):
        with pytest.raises((InputError, TypeError), match=words):
            gpu.checked("optimizers", "sgd", arguments)


def test_no_launcher_for_numpy():
    assert gpu.launcher(np) is None


KERNEL_TESTS = [f"tests/gpu/test_{name}.py" for name in ("winograd", "pooling", "losses", "optimizers")]


def in_a_process(arguments, **variables):
    """Run Python with the emulator's environment variables; return exit code and output."""
    preload = subprocess.run([gpu_emulator.COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True)
    sanitized = {"LD_PRELOAD": preload.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=Path(__file__).parents[2], capture_output=True, text=True,
        env={**os.environ, **(sanitized if "EMULATOR_SANITIZERS" in variables else {}), **variables})
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(gpu_emulator.COMPILER is None, reason="g++ is not installed")
@pytest.mark.parametrize("variable", ["EMULATOR_SANITIZERS", "EMULATOR_BACKWARD"])
def test_kernels_touch_only_what_is_theirs_in_whatever_order(variable):
    """The same tests with every access checked, and with blocks and threads walked from last to first."""
    code, said = in_a_process(["-m", "pytest", "-q", "-p", "no:cacheprovider", *KERNEL_TESTS], **{variable: "1"})
    assert code == 0 and " passed" in said and "skipped" not in said, said[-2000:]


OVERRUN = """
import numpy as np, gpu_emulator
from scratchnet import gpu
text = 'extern "C" __global__ void one_too_many(long long count, real* x)'
text += '{ long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; if (i > count) return; x[i] = 1; }'
gpu.source = lambda file: text
gpu.parameters = lambda file: {"one_too_many": (("real*", "x"),)}
gpu_emulator.launch("planted", "one_too_many", 1000, np.zeros(1000))
"""


@pytest.mark.skipif(gpu_emulator.COMPILER is None, reason="g++ is not installed")
def test_a_planted_overrun_is_caught():
    code, said = in_a_process(["-c", "import sys; sys.path[:0] = ['tests/doubles', '.']\n" + OVERRUN],
                              EMULATOR_SANITIZERS="1")
    assert code != 0 and "heap-buffer-overflow" in said, said[-500:]


def test_a_training_step_launches_no_more_kernels_than_it_did(emulated, rng):
    """Each launch costs a GPU some microseconds, which decide at small batches: this number may only fall."""
    network, optimizer = build_network(5, 10, Recipe(), rng), SGD(weight_decay=5e-4)
    x, labels = rng.standard_normal((2, 32, 32, 5)).astype(np.float32), rng.integers(0, 10, 2)
    with emulated(), pytest.MonkeyPatch.context() as patch, Workers(1) as workers:
        launches, launch = [], gpu.LAUNCHERS["numpy"]
        patch.setitem(gpu.LAUNCHERS, "numpy", lambda *a, **more: launches.append(a[1]) or launch(*a, **more))
        network.to(np)
        _, _, grads = batch_gradients(workers, network, SoftmaxCrossEntropy(), x, labels, lambda x, rng: x)
        optimizer.step(network, grads, 0.01)
    assert len(launches) <= 30, launches
