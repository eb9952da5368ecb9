// One step of gradient descent with momentum, read and written once. See optimizers.py, whose body this replaces.

extern "C" __global__ void sgd(
    long long count, real* p, real* velocity, const real* gradient, real rate, real momentum, real decay, long long nesterov)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    real step = rate * (gradient[i] + decay * p[i]);
    real v = momentum * velocity[i] - step;
    velocity[i] = v;
    p[i] += nesterov ? momentum * v - step : v;
}
