// Softmax, cross-entropy and its gradient, one thread for each image. See losses.py, whose body this replaces.

extern "C" __global__ void softmax_cross_entropy(
    long long count, const real* scores, const long long* labels, real* losses, real* dscores, long long C,
    real smoothing)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    const real* s = scores + i * C;
    real* ds = dscores + i * C;
    real largest = s[0], total = 0, sum = 0;
    for (long long c = 1; c < C; ++c)
        if (s[c] > largest || s[c] != s[c]) largest = s[c];
    for (long long c = 0; c < C; ++c) {
        sum += s[c] - largest;
        total += ds[c] = exp(s[c] - largest);
    }
    for (long long c = 0; c < C; ++c)
        ds[c] = (ds[c] / total - (c == labels[i] ? 1 - smoothing : real(0)) - smoothing / C) / count;
    losses[i] = log(total) - (1 - smoothing) * (s[labels[i]] - largest);
    if (smoothing != 0) losses[i] -= smoothing * sum / C;  // 0 times the sum of scores that may be infinite is no number
}
