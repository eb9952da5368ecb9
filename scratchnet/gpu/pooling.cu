// Max-pooling, one thread for each number that is written: nothing is added up in an unknown order.
// See layers/pool.py, whose portable bodies these replace.

// Return the largest of a window's numbers, each plus `bias`, and write down its place.
static __device__ real largest(const real* window, long long W, long long C, long long size, real bias,
                               unsigned char* winner)
{
    real best = window[0] + bias;
    *winner = 0;
    for (int p = 0; p < size; ++p)
        for (int q = 0; q < size; ++q) {
            real value = window[(p * W + q) * C] + bias;
            if (value > best || value != value) {  // of equal values the first; NaN wins, as in NumPy
                best = value;
                *winner = p * size + q;
            }
        }
    return best;
}

extern "C" __global__ void max_pool(
    long long count, const real* x, real* y, unsigned char* winner,
    long long H, long long W, long long C, long long OH, long long OW, long long size, long long stride)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, ow = i / C % OW, oh = i / (C * OW) % OH, n = i / (C * OW * OH);
    y[i] = largest(x + ((n * H + oh * stride) * W + ow * stride) * C + c, W, C, size, 0, winner + i);
}

// Add a bias (C,), pool and rectify. A unit that the ReLU turns off has no winner: 255, a place that no window has. So
// max_pool_backward sends nothing back from it, and is the backward pass of all three.
extern "C" __global__ void bias_max_pool_relu(
    long long count, const real* x, const real* bias, real* y, unsigned char* winner,
    long long H, long long W, long long C, long long OH, long long OW, long long size, long long stride)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, ow = i / C % OW, oh = i / (C * OW) % OH, n = i / (C * OW * OH);
    real best = largest(x + ((n * H + oh * stride) * W + ow * stride) * C + c, W, C, size, bias[c], winner + i);
    y[i] = best <= 0 ? 0 : best;  // NaN stays NaN
    if (!(best > 0)) winner[i] = 255;
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
