"""Choosing a backend, and the double that stands in for one."""
import builtins
import sys

import cupy_api
import numpy as np
import pytest
from column_major_blas import ColumnMajorBLAS
from pretend_gpu import Clock, PretendGPU
from strict import StrictArray, strict

from scratchnet import backend as backends
from scratchnet.backend import batched_product
from scratchnet.errors import BackendError, InputError, SettingsError


def test_the_array_decides(backend):
    assert backends.array_module(backends.to_device(np.zeros(3), backend)) is backend


def test_there_and_back(backend, rng):
    x = rng.standard_normal((2, 3))
    assert (backends.to_host(backends.to_device(x, backend)) == x).all()


def test_mixed_backends_are_refused():
    with pytest.raises(TypeError, match="mixed"):
        backends.array_module(np.zeros(2), strict.zeros(2))
    with pytest.raises(TypeError, match="list"):
        backends.array_module([1, 2])


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_arrays_that_compute_otherwise_are_refused(tmp_path):
    """A mask would be ignored without a word; a matrix has other products, and two axes always."""
    plain = np.arange(6.0).reshape(2, 3)
    masked, matrix = np.ma.masked_array(plain, plain > 3), np.matrix(plain)
    for function in (backends.array_module, backends.to_host, lambda x: backends.to_device(x, np)):
        with pytest.raises(InputError, match="mask would be ignored: leave out or fill"):
            function(masked)
        with pytest.raises(InputError, match="numpy.matrix multiplies differently"):
            function(matrix)
    with pytest.raises(InputError, match="mask"):
        backends.array_module(plain, masked)
    file = np.memmap(tmp_path / "x", np.float64, "w+", shape=(2, 3))
    assert backends.array_module(file, np.float32(1)) is np and backends.to_host(file) is file


def test_a_gpus_versions_are_named_and_a_cpu_has_none():
    gpu = PretendGPU(Clock())
    assert backends.versions(np) == {} and backends.versions(gpu) == {"cupy": "14.2.0", "cuda": 13000}
    assert backends.device_name(gpu) == "A pretended GPU"


def test_unknown_backend():
    with pytest.raises(SettingsError, match="numpy"):
        backends.select("torch")


def test_cupy_without_a_device_is_one_line(monkeypatch):
    real = builtins.__import__

    def without_cupy(name, *args, **kwargs):
        if name == "cupy":
            raise ImportError
        return real(name, *args, **kwargs)
    monkeypatch.setattr(builtins, "__import__", without_cupy)
    with pytest.raises(BackendError, match="CuPy is not installed") as error:
        backends.select("cupy")
    assert "\n" not in str(error.value)
    assert backends.select("auto") is np


def test_a_gpu_that_computes_a_wrong_sum_is_not_taken(monkeypatch):
    class Wrong:
        @staticmethod
        def arange(n):
            return np.arange(n) + 1
    monkeypatch.setitem(sys.modules, "cupy", Wrong)
    with pytest.raises(BackendError, match="the device computed a wrong sum"):
        backends.select("cupy")
    assert backends.select("auto") is np


@pytest.mark.parametrize("asked, found", [(None, "float32"), ("", "float32"), ("0", "float32"), ("1", "tf32")])
def test_a_gpu_rounds_to_tf32_only_if_it_is_asked_to(monkeypatch, asked, found):
    monkeypatch.delenv("CUPY_TF32", raising=False)
    if asked is not None:
        monkeypatch.setenv("CUPY_TF32", asked)
    assert backends.precision(strict) == found and backends.precision(np) == "float32"


def test_importing_cupy_is_not_enough(monkeypatch):
    class Broken:
        @staticmethod
        def arange(n):
            raise RuntimeError("cudaErrorNoDevice: no CUDA-capable\n device is detected")
    monkeypatch.setitem(__import__("sys").modules, "cupy", Broken)
    with pytest.raises(BackendError, match="no CUDA-capable device"):
        backends.select("cupy")
    assert backends.select("auto") is np


@pytest.mark.parametrize("mistake", [
    lambda x: x + np.ones(3), lambda x: np.ones(3) + x, lambda x: np.exp(x), lambda x: np.asarray(x),
    lambda x: strict.maximum(x, np.ones(3)), lambda x: x[np.array([0])], lambda x: x.__setitem__(0, np.ones(1)),
    lambda x: x.__iadd__(np.ones(3)), lambda x: strict.concatenate([x, np.ones(3)]), lambda x: strict.add.at,
    lambda x: x.__setitem__(strict.asarray([0, 0]), 1.0),
])
def test_the_strict_double_refuses_what_a_gpu_refuses(mistake):
    with pytest.raises((TypeError, AttributeError)):
        mistake(strict.zeros(3))


@pytest.mark.skipif(cupy_api.cupy is None, reason="CuPy is not installed: its signatures cannot be read")
@pytest.mark.parametrize("call, accepted", [
    (lambda x: strict.sort(x, axis=0), True), (lambda x: strict.sort(x, stable=True), False),
    (lambda x: x.sum(axis=0, keepdims=True), True), (lambda x: x.sum(initial=0.0), False),
    (lambda x: strict.maximum(x, x, out=x), True), (lambda x: strict.maximum(x, x, order="C"), False),
    (lambda x: x.astype("float32", copy=False), True), (lambda x: x.partition(1, kind="introselect"), False),
    (lambda x: x.reshape(3, 1, order="C"), True), (lambda x: x.itemset(0, 1.0), False),
    (lambda x: strict.lib.stride_tricks.as_strided(x, (2,), (8,)), True),
    (lambda x: strict.lib.stride_tricks.as_strided(x, (2,), (8,), writeable=True), False),
    (lambda x: strict.linalg.eigh(strict.eye(2)), True), (lambda x: strict.linalg.eig(strict.eye(2)), True),
])
def test_the_strict_double_has_cupys_signatures(call, accepted):
    if accepted:
        call(strict.zeros(3))
    else:
        with pytest.raises((TypeError, AttributeError)):
            call(strict.zeros(3))


def test_the_strict_double_reduces_to_arrays():
    assert isinstance(strict.ones(3).sum(), StrictArray) and strict.ones(3).sum().shape == ()


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


def test_a_broken_cupy_stops_nobody_who_did_not_ask_for_it(tmp_path, monkeypatch):
    (tmp_path / "cupy.py").write_text("raise AttributeError('module numpy has no attribute\\nbool')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    assert backends.select("auto") is np
    with pytest.raises(BackendError, match="cannot be imported: module numpy has no attribute bool"):
        backends.select("cupy")
