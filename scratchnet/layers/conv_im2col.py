"""Convolution as one matrix product (im2col).

Every window of the image becomes a row of a matrix, every kernel a column; their product is the convolution.
The windows overlap, so the matrix repeats each pixel up to K² times: memory is spent to let one call of the
matrix product do all the arithmetic. Backward, the transposed product gives the gradient of every copy, and
the copies' gradients are added up where they came from (col2im).
"""
from ..backend import array_module


def forward(x, W, stride, padding):
    """Convolve x (N, H, W, C) with W (K, K, C, F); see `naive.conv_forward` for the definition.

    Returns y (N, OH, OW, F) and the matrix of windows (N·OH·OW, K·K·C), which `backward` needs.
    """
    K, _, C, F = W.shape
    cols = im2col(x, K, stride, padding)
    N, OH, OW = cols.shape[:3]
    cols = cols.reshape(N * OH * OW, K * K * C)
    y = cols @ W.reshape(K * K * C, F)
    return y.reshape(N, OH, OW, F), (cols, x.shape)


def backward(dy, W, saved, stride, padding, need_dx=True):
    """Return dx (N, H, W, C) and dW (K, K, C, F):  dW = colsᵀ · dy,  dcols = dy · Wᵀ,  dx = col2im(dcols)."""
    K, _, C, F = W.shape
    cols, x_shape = saved
    N, OH, OW, _ = dy.shape
    dy = dy.reshape(N * OH * OW, F)
    dW = (cols.T @ dy).reshape(W.shape)
    if not need_dx:
        return None, dW
    dcols = dy @ W.reshape(K * K * C, F).T
    return col2im(dcols.reshape(N, OH, OW, K, K, C), x_shape, stride, padding), dW


def im2col(x, K, stride, padding):
    """Gather the windows of x (N, H, W, C) into (N, OH, OW, K, K, C), zeros outside the image.

    A window's rows lie K·C numbers long in memory, so each is taken as one piece: the view that overlaps itself
    costs nothing, and one copy makes the matrix of it.
    """
    xp = array_module(x)
    N, H, W, C = x.shape
    pad = xp.zeros((N, H + 2 * padding, W + 2 * padding, C), dtype=x.dtype)
    pad[:, padding:padding + H, padding:padding + W] = x
    OH, OW = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - K) // stride + 1
    image, row, column, channel = pad.strides
    windows = xp.lib.stride_tricks.as_strided(pad, (N, OH, OW, K, K * C),
                                              (image, stride * row, stride * column, row, channel))
    return xp.ascontiguousarray(windows).reshape(N, OH, OW, K, K, C)


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
