"""What cuBLAS does with a batch of matrices, on the host."""
import numpy as np


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
