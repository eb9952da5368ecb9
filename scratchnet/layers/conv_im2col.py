"""Convolution as one matrix product (im2col).

Every window of the image becomes a row of a matrix, every kernel a column; their product is the convolution.
The windows overlap, so the matrix repeats each pixel up to K² times: memory is spent to let one call of the
matrix product do all the arithmetic. It is spent for some images at a time, as many as leave the matrix in cache,
and the backward pass copies the windows anew, which costs no more than fetching them from far away. Backward, the
transposed product gives the gradient of every copy, and the copies' gradients are added up where they came from
(col2im).
"""
from ..backend import array_module
from ..workspace import empty, groups


def forward(x, W, stride, padding):
    """Convolve x (N, H, W, C) with W (K, K, C, F); see `naive.conv_forward` for the definition.

    Returns y (N, OH, OW, F) and x, which `backward` needs.
    """
    xp = array_module(x, W)
    K, _, C, F = W.shape
    windows = _windows(x, K, stride, padding)
    y = empty(xp, (*windows.shape[:3], F), x.dtype)
    for group, cols in _matrices(windows):
        xp.matmul(cols, W.reshape(K * K * C, F), out=y[group].reshape(-1, F))
    return y, x


def backward(dy, W, x, stride, padding, need_dx=True):
    """Return dx (N, H, W, C) and dW (K, K, C, F):  dW = colsᵀ · dy,  dcols = dy · Wᵀ,  dx = col2im(dcols)."""
    K, _, C, F = W.shape
    N, OH, OW, _ = dy.shape
    dW = array_module(dy, W).zeros((K * K * C, F), dtype=dy.dtype)
    for group, cols in _matrices(_windows(x, K, stride, padding)):
        dW += cols.T @ dy[group].reshape(-1, F)
    dW = dW.reshape(W.shape)
    if not need_dx:
        return None, dW
    dcols = dy.reshape(N * OH * OW, F) @ W.reshape(K * K * C, F).T
    return col2im(dcols.reshape(N, OH, OW, K, K, C), x.shape, stride, padding), dW


def _matrices(windows):
    """Copy windows (N, OH, OW, K, K·C) to matrices (n·OH·OW, K·K·C), n images at a time; yield (images, matrix)."""
    xp = array_module(windows)
    N, OH, OW, K, KC = windows.shape
    for group in groups(xp, N, windows.size * windows.itemsize):
        cols = empty(xp, windows[group].shape, windows.dtype)
        cols[...] = windows[group]
        yield group, cols.reshape(-1, K * KC)


def im2col(x, K, stride, padding):
    """Gather the windows of x (N, H, W, C) into (N, OH, OW, K, K, C), zeros outside the image."""
    windows = _windows(x, K, stride, padding)
    return array_module(x).ascontiguousarray(windows).reshape(*windows.shape[:4], K, x.shape[3])


def _windows(x, K, stride, padding):
    """Return the windows as a view (N, OH, OW, K, K·C) of the padded image that overlaps itself.

    The last axis runs across K neighbouring pixels, which lie next to each other in memory: a copy takes them as
    one piece.
    """
    xp = array_module(x)
    N, H, W, C = x.shape
    pad = xp.zeros((N, H + 2 * padding, W + 2 * padding, C), dtype=x.dtype)
    pad[:, padding:padding + H, padding:padding + W] = x
    OH, OW = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - K) // stride + 1
    image, row, column, channel = pad.strides
    return xp.lib.stride_tricks.as_strided(pad, (N, OH, OW, K, K * C),
                                           (image, stride * row, stride * column, row, channel))


def col2im(dcols, x_shape, stride, padding):
    """Add the windows dcols (N, OH, OW, K, K, C) back to where `im2col` took them from: its transpose."""
    xp = array_module(dcols)
    N, H, W, C = x_shape
    OH, OW, K = dcols.shape[1:4]
    dpad = xp.zeros((N, H + 2 * padding, W + 2 * padding, C), dtype=dcols.dtype)
    for p in range(K):
        for q in range(K):
            dpad[:, p:p + stride * OH:stride, q:q + stride * OW:stride] += dcols[:, :, :, p, q]
    return dpad[:, padding:padding + H, padding:padding + W]
