"""Convolution with fewer multiplications (Winograd's minimal filtering, after Toom and Cook).

In one dimension: m outputs of a kernel of K weights take m·K multiplications by the definition. But multiplying
two polynomials is easy where they are known by their values: value times value, point by point. A polynomial of
n = m + K − 1 coefficients is known by its values at n points: n − 1 numbers (`POINTS`), and ∞, whose "value" is the
highest coefficient. So, with E(k) the matrix that evaluates k coefficients at the n points, the product s of
polynomials g and p with K and m coefficients is

    s = E(n)⁻¹ · [ (E(K) · g) ⊙ (E(m) · p) ] = T(g) · p,    T(g) = E(n)⁻¹ · diag(E(K) · g) · E(m)

where T(g)[i + k, i] = g[k] and 0 elsewhere. A layer computes the transpose of that: y = T(g)ᵀ · d, that is
y[i] = Σ_k g[k] · d[i + k]. Transposing reverses the order of the three factors, and gives the algorithm:

    y = A · [ (G · g) ⊙ (B · d) ],    A = E(m)ᵀ,    G = E(K),    B = E(n)⁻ᵀ

with n multiplications for m outputs. For m = 2, K = 3 the points are 0, 1, −1 and ∞, and

    A = 1  1  1  0      G = 1  0  0      B = 1   0  −1   0
        0  1 −1  1          1  1  1          0   ½   ½   0
                            1 −1  1          0  −½   ½   0
                            0  0  1          0  −1   0   1

In two dimensions each matrix acts along both axes (`_transform`), and tiles of n x n pixels give m x m outputs for n²
products: with m = 4 and K = 5, 64 instead of 400. Summed over channels, the products at each of the 64 points are a
matrix product of their own, over all tiles of a group of images small enough for its transformed tiles to stay in
cache. The transforms themselves are not free; but B · d serves all kernels, and A all channels, so they pay where
both are many.

Backward is the chain rule. The transforms are linear, so their transposes run in reverse order; the products are
linear in each factor, so each factor's gradient is a product with the other.
"""
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ..backend import array_module, matmul, to_device
from ..gpu import launcher
from ..workspace import empty, groups

TILE = 4  # m: larger tiles save more products and lose more digits, to higher powers of the points
POINTS = [Fraction(p) for p in (0, 1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 2), 4, -4, Fraction(1, 4),
                                Fraction(-1, 4), 3, -3)]


def matrices(m, K):
    """Return A (m, n), G (n, K) and B (n, n) for m outputs and K weights as lists of exact fractions."""
    n = m + K - 1
    if n - 1 > len(POINTS):
        raise ValueError(f"{m} outputs of {K} weights need {n - 1} points, only {len(POINTS)} are listed")
    A, G = _transpose(_evaluate(n, m)), _evaluate(n, K)
    return A, G, _transpose(_inverse(_evaluate(n, n)))


def _evaluate(n, k):
    """E(k): the values of k coefficients at n − 1 points, and last at ∞."""
    rows = [[point**power for power in range(k)] for point in POINTS[:n - 1]]
    return rows + [[Fraction(power == k - 1) for power in range(k)]]


def _transpose(rows):
    return [list(column) for column in zip(*rows)]


def _inverse(rows):
    """Invert a matrix of fractions exactly (Gauss and Jordan)."""
    n = len(rows)
    work = [list(row) + [Fraction(i == j) for j in range(n)] for i, row in enumerate(rows)]
    for c in range(n):
        pivot = next(r for r in range(c, n) if work[r][c] != 0)
        work[c], work[pivot] = work[pivot], work[c]
        work[c] = [value / work[c][c] for value in work[c]]
        for r in range(n):
            if r != c and work[r][c] != 0:
                work[r] = [a - work[r][c] * b for a, b in zip(work[r], work[c])]
    return [row[n:] for row in work]


@lru_cache
def _rounded(m, K, dtype, xp):
    """Return `matrices` as arrays of module `xp`."""
    return tuple(to_device(np.array(rows, dtype=np.float64).astype(dtype), xp) for rows in matrices(m, K))


@lru_cache
def _texts(m, K):
    """Return A and B as winograd.cu wants them: each an initialiser of C++."""
    A, _, B = matrices(m, K)
    return ["{" + ",".join("{" + ",".join(repr(float(value)) for value in row) + "}" for row in rows) + "}"
            for rows in (A, B)]


def _defines(m, n, shape, TH, TW, padding=0):
    """Return what winograd.cu wants to know of images (N, H, W, C) that TH x TW tiles cover."""
    K, (A, B) = n - m + 1, _texts(m, n - m + 1)
    return {"OUTPUTS": m, "WEIGHTS": K, "ROWS_OF_A": A, "ROWS_OF_B": B, "H": shape[1], "W": shape[2], "C": shape[3],
            "TH": TH, "TW": TW, "PADDING": padding}


def covers(K, stride):
    """Tell whether this algorithm computes kernels of K x K at this stride, precisely enough for float32."""
    return stride == 1 and K in (3, 5)


def pays(C):
    """Tell whether C input channels give the products enough work to be worth the transforms (measured)."""
    return C >= 16


def forward(x, W, stride, padding):
    """Convolve x (N, H, W, C) with W (K, K, C, F); see `naive.conv_forward` for the definition.

    Returns y (N, OH, OW, F) and what `backward` needs: the transformed tiles V (an array for each group of images),
    the transformed kernels U, and the shape of x.
    """
    xp, m = array_module(x, W), TILE
    K, _, C, F = W.shape
    N, OH, OW, TH, TW = _tiling(x.shape, K, padding)
    A, G, B = _rounded(m, K, x.dtype.str, xp)
    n = len(B)
    U = _transform(G, W.reshape(K, K, C * F)).reshape(n * n, C, F)
    y = empty(xp, (N, TH * m, TW * m, F), x.dtype)
    V = []
    for group in groups(xp, N, n * n * N * TH * TW * max(C, F) * x.itemsize):
        V.append(_input_tiles(x[group], B, m, TH, TW, padding))
        _output_tiles(_product(V[-1], U), A, y[group])
    return (y if y.shape[1:3] == (OH, OW) else xp.ascontiguousarray(y[:, :OH, :OW])), (V, U, x.shape)


def backward(dy, W, saved, stride, padding, need_dx=True):
    """Return dx (N, H, W, C) and dW (K, K, C, F).

    In the forward pass, U = G W Gᵀ for each pair of channels, V = B d Bᵀ and y = A M Aᵀ for each tile and channel,
    and M = V · U at each of the n² points. So

        dM = Aᵀ dy A,   dU = Vᵀ · dM,   dW = Gᵀ dU G,   dV = dM · Uᵀ,   dd = Bᵀ dV B
    """
    xp, m = array_module(dy, W), TILE
    V, U, x_shape = saved
    K, _, C, F = W.shape
    N, OH, OW, TH, TW = _tiling(x_shape, K, padding)
    A, G, B = _rounded(m, K, dy.dtype.str, xp)
    n = len(B)
    if (TH * m, TW * m) != (OH, OW):
        dy = xp.pad(dy, ((0, 0), (0, TH * m - OH), (0, TW * m - OW), (0, 0)))
    dU = xp.zeros((n * n, C, F), dtype=dy.dtype)
    dx = empty(xp, x_shape, dy.dtype) if need_dx else None
    for group, V_group in zip(groups(xp, N, n * n * N * TH * TW * max(C, F) * dy.itemsize), V):
        dM = _output_tiles_backward(dy[group], A)
        dU += _product(V_group.transpose(0, 2, 1), dM)
        if need_dx:
            _input_tiles_backward(_product(dM, U.transpose(0, 2, 1)), B, dx[group], m, TH, TW, padding)
    return dx, _transform(G.T, dU.reshape(n, n, C * F)).reshape(W.shape)


def _tiling(x_shape, K, padding):
    """Return N, OH, OW and how many tiles lie below and beside each other."""
    N, H, W, _ = x_shape
    OH, OW = H + 2 * padding - K + 1, W + 2 * padding - K + 1
    return N, OH, OW, -(-OH // TILE), -(-OW // TILE)


def _input_tiles(x, B, m, TH, TW, padding):
    """Return V = B d Bᵀ of the tiles d of x (images, H, W, C): (n², images·TH·TW, C)."""
    xp, n, C = array_module(x), len(B), x.shape[3]
    launch = launcher(xp)
    if launch:
        V = xp.empty((n * n, len(x) * TH * TW, C), dtype=x.dtype)
        launch("winograd", "input_tiles", V[0].size, xp.ascontiguousarray(x), V,
               **_defines(m, n, x.shape, TH, TW, padding))
        return V
    return _transform(B, _gather(x, m, n - m + 1, TH, TW, padding)).reshape(n * n, -1, C)


def _output_tiles(products, A, y):
    """Write A M Aᵀ of all tiles M, products (n², images·TH·TW, F), into y (images, TH·m, TW·m, F)."""
    m, n = A.shape
    N, OH, OW, F = y.shape
    launch = launcher(array_module(y))
    if launch:
        launch("winograd", "output_tiles", products[0].size, products, y, **_defines(m, n, y.shape, OH // m, OW // m))
        return
    Y = _transform(A, products.reshape(n, n, -1)).reshape(m, m, N, OH // m, OW // m, F)
    y.reshape(N, OH // m, m, OW // m, m, F)[...] = Y.transpose(2, 3, 0, 4, 1, 5)


def _output_tiles_backward(dy, A):
    """Return dM = Aᵀ dy A of the tiles of dy (images, TH·m, TW·m, F): (n², images·TH·TW, F)."""
    xp, (m, n) = array_module(dy), A.shape
    N, OH, OW, F = dy.shape
    launch = launcher(xp)
    if launch:
        dM = xp.empty((n * n, N * (OH // m) * (OW // m), F), dtype=dy.dtype)
        launch("winograd", "output_tiles_backward", dM[0].size, xp.ascontiguousarray(dy), dM,
               **_defines(m, n, dy.shape, OH // m, OW // m))
        return dM
    tiles = _copy(dy.reshape(N, OH // m, m, OW // m, m, F).transpose(2, 4, 0, 1, 3, 5))
    return _transform(A.T, tiles).reshape(n * n, -1, F)


def _input_tiles_backward(dV, B, dx, m, TH, TW, padding):
    """Write dx (images, H, W, C): each dd = Bᵀ dV B of dV (n², images·TH·TW, C), added where its tile came from."""
    xp, n = array_module(dV), len(B)
    N, H, W, C = dx.shape
    launch = launcher(xp)
    if launch:
        defines = _defines(m, n, dx.shape, TH, TW, padding)
        launch("winograd", "input_tiles_backward", dV[0].size, dV, dV, **defines)
        launch("winograd", "add_tiles", dx.size, dV, dx, dV.shape[1], **defines)
        return
    dd = _transform(B.T, dV.reshape(n, n, -1))
    dx[...] = _scatter(dd.reshape(n, n, N, TH, TW, C), dx.shape, m, padding)


def _transform(matrix, tiles):
    """Apply a (k, n) matrix along both leading axes of tiles (n, n, ...): returns (k, k, all the rest)."""
    k, n = matrix.shape
    half = _product(matrix, tiles.reshape(n, -1))
    return _product(matrix, half.reshape(k, n, -1))


def _product(a, b):
    """Return a @ b, in memory that is used again."""
    return matmul(a, b, out=empty(array_module(a, b), (*b.shape[:-2], a.shape[-2], b.shape[-1]), b.dtype))


def _copy(x):
    """Return a contiguous copy of x, in memory that is used again."""
    copy = empty(array_module(x), x.shape, x.dtype)
    copy[...] = x
    return copy


def _gather(x, m, K, TH, TW, padding):
    """Cut x (N, H, W, C) into overlapping tiles (n, n, N, TH, TW, C), n = m + K − 1; zeros outside the image."""
    xp, n = array_module(x), m + K - 1
    N, H, W, C = x.shape
    pad = xp.zeros((N, TH * m + K - 1, TW * m + K - 1, C), dtype=x.dtype)
    pad[:, padding:padding + H, padding:padding + W] = x
    image, row, column, channel = pad.strides
    tiles = xp.lib.stride_tricks.as_strided(pad, (n, n, N, TH, TW, C),
                                            (row, column, image, m * row, m * column, channel))
    return _copy(tiles)


def _scatter(dd, x_shape, m, padding):
    """Add the tiles dd (n, n, N, TH, TW, C) back to where `_gather` took them from: its transpose.

    Tiles overlap, but cut into blocks m wide, the first blocks of all tiles do not, nor do the second ones: all
    blocks of one place are added in one go.
    """
    xp = array_module(dd)
    n, _, N, TH, TW, C = dd.shape
    H, W = x_shape[1:3]
    parts = [(start // m, slice(start, min(start + m, n))) for start in range(0, n, m)]
    pad = empty(xp, (N, TH + len(parts) - 1, m, TW + len(parts) - 1, m, C), dd.dtype)
    pad[...] = 0
    for a, rows in parts:
        for b, columns in parts:
            part = dd[rows, columns].transpose(2, 3, 0, 4, 1, 5)
            pad[:, a:a + TH, :part.shape[2], b:b + TW, :part.shape[4]] += part
    pad = pad.reshape(N, (TH + len(parts) - 1) * m, (TW + len(parts) - 1) * m, C)
    return pad[:, padding:padding + H, padding:padding + W]
