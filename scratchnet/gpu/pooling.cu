// Max-pooling, one thread for each number that is written: nothing is added up in an unknown order.
// See layers/pool.py, whose portable bodies these replace; where bias, pooling and ReLU are one, see fusion.py. The shape is
// known to the compiler, which turns every division by it into a multiplication: maps are H x W x C before pooling and
// OH x OW x C after it.

// Return the largest of a window's numbers, each plus `bias`, and write down its place.
static __device__ real largest(const real* window, real bias, unsigned char* winner)
{
    real best = window[0] + bias;
    unsigned char place = 0;
    for (int p = 0; p < SIZE; ++p)
        for (int q = 0; q < SIZE; ++q) {
            real value = window[(p * W + q) * C] + bias;
            if (value > best || value != value) {  // of equal values the first; NaN wins, as in NumPy
                best = value;
                place = p * SIZE + q;
            }
        }
    *winner = place;
    return best;
}

// The first number of window i, counted as the outputs lie in memory.
static __device__ long long first(long long i)
{
    long long c = i % C, ow = i / C % OW, oh = i / (C * OW) % OH, n = i / (C * OW * OH);
    return ((n * H + oh * STRIDE) * W + ow * STRIDE) * C + c;
}

extern "C" __global__ void max_pool(long long count, const real* x, real* y, unsigned char* winner)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    y[i] = largest(x + first(i), 0, winner + i);
}

// Add a bias (C,), pool and rectify. A unit that the ReLU turns off has no winner: 255, a place that no window has. So
// max_pool_backward sends nothing back from it, and is the backward pass of all three.
extern "C" __global__ void bias_max_pool_relu(
    long long count, const real* x, const real* bias, real* y, unsigned char* winner)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    real best = largest(x + first(i), bias[i % C], winner + i);
    y[i] = best <= 0 ? 0 : best;  // NaN stays NaN
    if (!(best > 0)) winner[i] = 255;
}

extern "C" __global__ void max_pool_backward(long long count, const real* dy, const unsigned char* winner, real* dx)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, n = i / (C * W * H);
    int w = i / C % W, h = i / (C * W) % H;
    real sum = 0;
    for (int oh = h < SIZE ? 0 : (h - SIZE) / STRIDE + 1; oh < OH && oh * STRIDE <= h; ++oh)
        for (int ow = w < SIZE ? 0 : (w - SIZE) / STRIDE + 1; ow < OW && ow * STRIDE <= w; ++ow) {
            long long window = ((n * OH + oh) * OW + ow) * C + c;
            if (winner[window] == (h - oh * STRIDE) * SIZE + w - ow * STRIDE) sum += dy[window];
        }
    dx[i] = sum;
}

// The bias's gradient, Σ dy of the units that are on, in parts: each thread adds up `span` windows of one channel.
extern "C" __global__ void bias_gradient(
    long long count, const real* dy, const unsigned char* winner, real* part, long long windows, long long span)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long from = i / C * span, to = from + span < windows ? from + span : windows;
    real sum = 0;
    for (long long k = from * C + i % C; k < to * C; k += C)
        if (winner[k] != 255) sum += dy[k];
    part[i] = sum;
}
