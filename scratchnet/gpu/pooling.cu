// Max-pooling, one thread for each number that is written: nothing is added up in an unknown order.
// See layers/pool.py, whose portable bodies these replace.

extern "C" __global__ void max_pool(
    long long count, const real* x, real* y, unsigned char* winner,
    long long H, long long W, long long C, long long OH, long long OW, long long size, long long stride)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, ow = i / C % OW, oh = i / (C * OW) % OH, n = i / (C * OW * OH);
    const real* window = x + ((n * H + oh * stride) * W + ow * stride) * C + c;
    real best = window[0];
    unsigned char place = 0;
    for (int p = 0; p < size; ++p)
        for (int q = 0; q < size; ++q) {
            real value = window[(p * W + q) * C];
            if (value > best || value != value) {  // of equal values the first; NaN wins, as in NumPy
                best = value;
                place = p * size + q;
            }
        }
    y[i] = best;
    winner[i] = place;
}

extern "C" __global__ void max_pool_backward(
    long long count, const real* dy, const unsigned char* winner, real* dx,
    long long H, long long W, long long C, long long OH, long long OW, long long size, long long stride)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, w = i / C % W, h = i / (C * W) % H, n = i / (C * W * H);
    real sum = 0;
    for (long long oh = h < size ? 0 : (h - size) / stride + 1; oh < OH && oh * stride <= h; ++oh)
        for (long long ow = w < size ? 0 : (w - size) / stride + 1; ow < OW && ow * stride <= w; ++ow) {
            long long window = ((n * OH + oh) * OW + ow) * C + c;
            if (winner[window] == (h - oh * stride) * size + w - ow * stride) sum += dy[window];
        }
    dx[i] = sum;
}
