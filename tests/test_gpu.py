"""Every kernel compiles for real GPUs, and computes, on a processor, what the portable body computes."""
import re
from types import SimpleNamespace

import numpy as np
import pytest
from cupy_api import cupy

from scratchnet import gpu
from scratchnet.backend import batched_product
from scratchnet.errors import InputError
from scratchnet.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU, conv_winograd
from scratchnet.losses import softmax_cross_entropy
from scratchnet.network import Network
from scratchnet.training.optimizers import SGD

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


SHAPES = [(2, 16, 16, 3, 4, 5, 2), (1, 7, 9, 2, 3, 5, 0), (3, 5, 4, 1, 2, 3, 1), (1, 6, 11, 2, 1, 5, 4)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_winograd_kernels_compute_what_the_portable_bodies_do(shape, dtype, emulated, rng):
    N, H, W, C, F, K, padding = shape
    layer = Conv2D(C, F, K, padding=padding, dtype=dtype, algorithm="winograd", rng=np.random.default_rng(0))
    x = rng.standard_normal((N, H, W, C)).astype(dtype)
    dy = rng.standard_normal((N, *layer.output_shape((H, W, C)))).astype(dtype)

    def both():
        y, cache = layer.forward(x)
        dx, grads = layer.backward(dy, cache)
        return y, dx, grads["W"], grads["b"]
    expected = both()
    with emulated() as called:
        found = both()
    assert called == {"input_tiles", "output_tiles", "output_tiles_backward", "input_tiles_backward", "add_tiles"}
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=0, atol=np.finfo(dtype).eps * 200 * np.abs(b).max())


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2), (2, 3), (3, 1), (1, 1)])
def test_pooling_kernels_compute_what_the_portable_bodies_do(size, stride, emulated, rng):
    layer = MaxPool2D(size, stride)
    x = rng.integers(0, 5, (2, 7, 8, 3)).astype(np.float32)  # many ties
    x[0, 2, 3, 1] = np.nan
    dy = rng.standard_normal((2, *layer.output_shape(x.shape[1:]))).astype(np.float32)
    with np.errstate(invalid="ignore"):
        y, cache = layer.forward(x)
    clean = np.nan_to_num(x, nan=9.0)
    dx, _ = layer.backward(dy, layer.forward(clean)[1])
    with emulated() as called:
        found, _ = layer.forward(x)
        found_dx, _ = layer.backward(dy, layer.forward(clean)[1])
    assert called == {"max_pool", "max_pool_backward"}
    np.testing.assert_array_equal(found, y)
    np.testing.assert_allclose(found_dx, dx, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size, stride", [(2, None), (3, 2), (3, 1)])
def test_a_network_pools_and_rectifies_in_one_kernel(size, stride, emulated, rng):
    """Whole numbers, so that there are ties, and units exactly at 0; the two ways must agree to the bit."""
    conv = Conv2D(2, 3, 3, padding=1, dtype=np.float64, algorithm="im2col", rng=np.random.default_rng(0))
    conv.params["W"][...] = rng.integers(-1, 2, conv.params["W"].shape)
    conv.params["b"][...] = (-6, -3, 1)
    pool = MaxPool2D(size, stride)
    width = int(np.prod(pool.output_shape((7, 8, 3))))
    network = Network({"conv": conv, "pool": pool, "relu": ReLU(), "flatten": Flatten(),
                       "fc": Dense(width, 4, dtype=np.float64, rng=np.random.default_rng(0)), "last": ReLU()})
    x = rng.integers(-1, 2, (3, 7, 8, 2)).astype(np.float64)
    dy = rng.standard_normal((3, 4))

    def both():
        network.to(np)  # decides anew which layers run as one
        y, caches = network.forward(x)
        dx, grads = network.backward(dy, caches)
        return y, dx, *grads.values(), *(network.features(x, name) for name in network.layers)
    expected = both()
    with emulated() as called:
        found = both()
        branches = network.branches(network.forward(x)[1])
    assert called == {"max_pool", "bias_max_pool_relu", "max_pool_backward", "bias_gradient"}  # max_pool: by its name
    assert sum((b == 255).sum() for b in branches if b.dtype == np.uint8) == (expected[8] == 0).sum() > 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    with emulated():
        assert np.isnan(network.to(np).features(np.full_like(x, np.nan), "relu")).all()


@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd_kernel_takes_the_portable_steps(nesterov, emulated, rng):
    start = {"fc.W": rng.standard_normal((5, 3)), "fc.b": rng.standard_normal(3)}
    grads = [{name: rng.standard_normal(p.shape) for name, p in start.items()} for _ in range(3)]

    def walk():
        layer = SimpleNamespace(params={name: p.copy() for name, p in start.items()}, decayed=("fc.W",))
        optimizer = SGD(0.9, nesterov, 0.01)
        for g in grads:
            optimizer.step(layer, {name: value.copy() for name, value in g.items()}, 0.1)
        return layer.params
    expected = walk()
    with emulated() as called:
        found = walk()
    assert called == {"sgd"} and all(np.allclose(found[name], expected[name], rtol=1e-12) for name in start)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("N, C", [(1, 2), (15, 10), (8, 100)])
def test_softmax_kernel_computes_what_the_portable_body_does(N, C, smoothing, emulated, rng):
    scores, labels = 5 * rng.standard_normal((N, C)), rng.integers(0, C, N)
    loss, dscores = softmax_cross_entropy(scores, labels, smoothing)
    with emulated() as called:
        found, dfound = softmax_cross_entropy(scores, labels.astype(np.uint8), smoothing)
    assert called == {"softmax_cross_entropy"} and np.isclose(found, loss, rtol=1e-12)
    np.testing.assert_allclose(dfound, dscores, rtol=0, atol=1e-14)


def test_a_bias_gradient_is_summed_in_parts_of_any_length(emulated, rng):
    layers = {"conv": Conv2D(2, 3, 3, padding=1, dtype=np.float64, rng=rng), "pool": MaxPool2D(2), "relu": ReLU()}
    network, x = Network(layers), rng.standard_normal((5, 6, 6, 2))
    dy = rng.standard_normal((5, 3, 3, 3))

    def db():
        network.to(np)
        return network.backward(dy, network.forward(x)[1])[1]["conv.b"]
    expected = db()
    for most in (1, 3, 12, 10_000):
        with emulated(), pytest.MonkeyPatch.context() as patch:
            patch.setattr("scratchnet.fusion.PARTIAL_SUMS", most)
            np.testing.assert_allclose(db(), expected, rtol=1e-12)


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


class ColumnMajorBLAS:
    """cuBLAS's strided batched product by its definition, on the host: C[i] = op(A[i]) op(B[i]), columns first."""

    CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_32F_FAST_TF32 = "f32", "f64", "tf32"

    def gemmStridedBatchedEx(self, handle, transa, transb, m, n, k, alpha, A, atype, lda, strideA, B, btype, ldb,
                             strideB, beta, C, ctype, ldc, strideC, count, compute, algorithm):
        self.compute, dtype = compute, (np.float32, np.float64)[atype]
        assert atype == btype == ctype and self._matrices(alpha, 1, 1, 1, 1, 1, dtype)[0, 0, 0] == 1

        def operand(address, trans, rows, columns, leading, stride):
            shape = (columns, rows) if trans else (rows, columns)
            assert leading >= shape[0]
            found = self._matrices(address, *shape, leading, stride, count, dtype)
            return found.transpose(0, 2, 1) if trans else found
        out = self._matrices(C, m, n, ldc, strideC, count, dtype)
        out[...] = operand(A, transa, m, k, lda, strideA) @ operand(B, transb, k, n, ldb, strideB)

    @staticmethod
    def _matrices(address, rows, columns, leading, stride, count, dtype):
        size = (count - 1) * stride + (columns - 1) * leading + rows
        memory = np.ctypeslib.as_array((np.ctypeslib.as_ctypes_type(dtype) * size).from_address(address))
        item = memory.itemsize
        return np.lib.stride_tricks.as_strided(memory, (count, rows, columns), (stride * item, item, leading * item))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("M, K, N", [(5, 3, 4), (1, 3, 4), (5, 1, 4), (5, 3, 1)])
def test_cublas_is_asked_for_the_product_without_a_copy(M, K, N, turned, dtype, rng):
    a, b = rng.standard_normal((6, M, K)).astype(dtype), rng.standard_normal((6, K, N)).astype(dtype)
    a, b = (np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) if turn else x
            for x, turn in zip((a, b), turned))
    library, out = ColumnMajorBLAS(), np.full((6, M, N), np.nan, dtype)
    batched_product(library, 0, a, b, out, tf32=True)
    np.testing.assert_allclose(out, a @ b, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-6)
    assert library.compute == ("tf32" if dtype == np.float32 else "f64")
    batched_product(library, 0, a, b, out)
    assert library.compute == ("f32" if dtype == np.float32 else "f64")


def test_a_product_of_two_types_or_with_gaps_is_refused():
    a, out = np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.float32)
    with pytest.raises(InputError, match="float32 and float64"):
        batched_product(ColumnMajorBLAS(), 0, a, np.zeros((2, 4, 4)), out)
    with pytest.raises(InputError, match="strides"):
        batched_product(ColumnMajorBLAS(), 0, np.zeros((2, 3, 8), np.float32)[:, :, ::2],
                        np.zeros((2, 4, 4), np.float32), out)


def test_no_launcher_for_numpy():
    assert gpu.launcher(np) is None
