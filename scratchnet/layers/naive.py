"""Every layer as plain loops: slow, and obviously right.

These twins are the reference that tests and tutorials run the fast layers against. Each formula here is the
definition; the fast files only reorder it.
"""
from ..backend import array_module


def conv_forward(x, W, stride, padding):
    """Slide F kernels W (K, K, C, F) over images x (N, H, W, C).

        y[n, i, j, f] = Σ_{p, q, c} x[n, i·stride + p − padding, j·stride + q − padding, c] · W[p, q, c, f]

    This is the cross-correlation that the field calls convolution. Pixels outside the image count as zero.
    Returns y (N, OH, OW, F) and what `conv_backward` needs.
    """
    xp = array_module(x, W)
    K, F = W.shape[0], W.shape[3]
    pad = xp.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    N, H, width, _ = pad.shape
    OH, OW = (H - K) // stride + 1, (width - K) // stride + 1
    y = xp.zeros((N, OH, OW, F), dtype=x.dtype)
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                window = pad[n, i * stride:i * stride + K, j * stride:j * stride + K]
                for f in range(F):
                    y[n, i, j, f] = (window * W[..., f]).sum()
    return y, pad


def conv_backward(dy, W, pad, stride, padding, need_dx=True):
    """Hand each dy[n, i, j, f] back to the pixels and weights that made y[n, i, j, f].

        dW[p, q, c, f] = Σ_{n, i, j} x[…] · dy[n, i, j, f]        dx[…] += W[p, q, c, f] · dy[n, i, j, f]
    """
    xp = array_module(dy, W)
    K = W.shape[0]
    dpad, dW = xp.zeros_like(pad), xp.zeros_like(W)
    N, OH, OW, F = dy.shape
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                rows, columns = slice(i * stride, i * stride + K), slice(j * stride, j * stride + K)
                for f in range(F):
                    dpad[n, rows, columns] += W[..., f] * dy[n, i, j, f]
                    dW[..., f] += pad[n, rows, columns] * dy[n, i, j, f]
    H, width = pad.shape[1:3]
    return dpad[:, padding:H - padding, padding:width - padding] if need_dx else None, dW


def max_pool_forward(x, size, stride):
    """Keep the largest value of each window.

        y[n, i, j, c] = max over p, q < size of x[n, i·stride + p, j·stride + q, c]
    """
    return _pool(x, size, stride, lambda window: window.max())


def mean_pool_forward(x, size, stride):
    """Keep the mean of each window."""
    return _pool(x, size, stride, lambda window: window.mean())


def _pool(x, size, stride, reduce):
    xp = array_module(x)
    N, H, W, C = x.shape
    OH, OW = (H - size) // stride + 1, (W - size) // stride + 1
    y = xp.zeros((N, OH, OW, C), dtype=x.dtype)
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                for c in range(C):
                    y[n, i, j, c] = reduce(x[n, i * stride:i * stride + size, j * stride:j * stride + size, c])
    return y


def max_pool_backward(dy, x, size, stride):
    """Hand each dy to the first largest value of its window (ties: the first in reading order)."""
    dx = array_module(x).zeros_like(x)
    N, OH, OW, C = dy.shape
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                for c in range(C):
                    window = x[n, i * stride:i * stride + size, j * stride:j * stride + size, c]
                    p, q = divmod(int(window.argmax()), size)
                    dx[n, i * stride + p, j * stride + q, c] += dy[n, i, j, c]
    return dx


def mean_pool_backward(dy, x, size, stride):
    """Hand each dy to its whole window in equal parts."""
    dx = array_module(x).zeros_like(x)
    N, OH, OW, C = dy.shape
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                for c in range(C):
                    dx[n, i * stride:i * stride + size, j * stride:j * stride + size, c] += dy[n, i, j, c] / size**2
    return dx


def dense_forward(x, W, b):
    """y[n, m] = Σ_d x[n, d] · W[d, m] + b[m], one number at a time."""
    xp = array_module(x, W, b)
    N, M = len(x), W.shape[1]
    y = xp.zeros((N, M), dtype=x.dtype)
    for n in range(N):
        for m in range(M):
            y[n, m] = (x[n] * W[:, m]).sum() + b[m]
    return y


def dense_backward(dy, x, W):
    """dx[n, d] = Σ_m dy[n, m] · W[d, m];  dW[d, m] = Σ_n x[n, d] · dy[n, m];  db[m] = Σ_n dy[n, m]."""
    xp = array_module(dy, x, W)
    dx, dW = xp.zeros_like(x), xp.zeros_like(W)
    for d in range(W.shape[0]):
        for n in range(len(x)):
            dx[n, d] = (dy[n] * W[d]).sum()
        for m in range(W.shape[1]):
            dW[d, m] = (x[:, d] * dy[:, m]).sum()
    return dx, dW, dy.sum(axis=0)
