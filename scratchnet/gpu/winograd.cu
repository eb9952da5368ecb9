// Winograd's transforms, one thread for each tile and channel: what belongs to a tile stays in registers between
// gathering, both axes of the transform, and writing. A tile has OUTPUTS outputs, a kernel WEIGHTS weights (of a side).
// See layers/conv_winograd.py, whose portable bodies these replace. Matrices come row by row.

#define SIDE (OUTPUTS + WEIGHTS - 1)

template <int ROWS, int COLUMNS>
__device__ void both_axes(const real* matrix, const real (&tile)[COLUMNS][COLUMNS], real (&result)[ROWS][ROWS])
{
    real half[ROWS][COLUMNS];
    for (int r = 0; r < ROWS; ++r)
        for (int j = 0; j < COLUMNS; ++j) {
            real sum = 0;
            for (int i = 0; i < COLUMNS; ++i) sum += matrix[r * COLUMNS + i] * tile[i][j];
            half[r][j] = sum;
        }
    for (int r = 0; r < ROWS; ++r)
        for (int s = 0; s < ROWS; ++s) {
            real sum = 0;
            for (int j = 0; j < COLUMNS; ++j) sum += matrix[s * COLUMNS + j] * half[r][j];
            result[r][s] = sum;
        }
}

// V = B d Bᵀ of the tiles d of x
extern "C" __global__ void input_tiles(
    long long count, const real* x, const real* B, real* V,
    long long H, long long W, long long C, long long TH, long long TW, long long padding)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, tw = i / C % TW, th = i / (C * TW) % TH, n = i / (C * TW * TH);
    real d[SIDE][SIDE], v[SIDE][SIDE];
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) {
            long long h = th * OUTPUTS + p - padding, w = tw * OUTPUTS + q - padding;
            d[p][q] = h >= 0 && h < H && w >= 0 && w < W ? x[((n * H + h) * W + w) * C + c] : real(0);
        }
    both_axes<SIDE, SIDE>(B, d, v);
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) V[(p * SIDE + q) * count + i] = v[p][q];
}

// y = A m Aᵀ, each tile of it in its place
extern "C" __global__ void output_tiles(
    long long count, const real* products, const real* A, real* y,
    long long OH, long long OW, long long F, long long TH, long long TW)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long f = i % F, tw = i / F % TW, th = i / (F * TW) % TH, n = i / (F * TW * TH);
    real m[SIDE][SIDE], result[OUTPUTS][OUTPUTS];
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) m[p][q] = products[(p * SIDE + q) * count + i];
    both_axes<OUTPUTS, SIDE>(A, m, result);
    for (int p = 0; p < OUTPUTS; ++p)
        for (int q = 0; q < OUTPUTS; ++q) {
            long long h = th * OUTPUTS + p, w = tw * OUTPUTS + q;
            if (h < OH && w < OW) y[((n * OH + h) * OW + w) * F + f] = result[p][q];
        }
}

// dM = Aᵀ dy A; At is Aᵀ
extern "C" __global__ void output_tiles_backward(
    long long count, const real* dy, const real* At, real* dproducts,
    long long OH, long long OW, long long F, long long TH, long long TW)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long f = i % F, tw = i / F % TW, th = i / (F * TW) % TH, n = i / (F * TW * TH);
    real tile[OUTPUTS][OUTPUTS], result[SIDE][SIDE];
    for (int p = 0; p < OUTPUTS; ++p)
        for (int q = 0; q < OUTPUTS; ++q) {
            long long h = th * OUTPUTS + p, w = tw * OUTPUTS + q;
            tile[p][q] = h < OH && w < OW ? dy[((n * OH + h) * OW + w) * F + f] : real(0);
        }
    both_axes<SIDE, OUTPUTS>(At, tile, result);
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) dproducts[(p * SIDE + q) * count + i] = result[p][q];
}

// dd = Bᵀ dV B, in place; Bt is Bᵀ
extern "C" __global__ void input_tiles_backward(long long count, real* dV, const real* Bt)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    real v[SIDE][SIDE], d[SIDE][SIDE];
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) v[p][q] = dV[(p * SIDE + q) * count + i];
    both_axes<SIDE, SIDE>(Bt, v, d);
    for (int p = 0; p < SIDE; ++p)
        for (int q = 0; q < SIDE; ++q) dV[(p * SIDE + q) * count + i] = d[p][q];
}

// dx of each pixel: the sum over the tiles that cover it, always in the same order
extern "C" __global__ void add_tiles(
    long long count, const real* dd, real* dx, long long H, long long W, long long C, long long TH, long long TW,
    long long padding, long long tiles)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long c = i % C, w = i / C % W + padding, h = i / (C * W) % H + padding, n = i / (C * W * H);
    real sum = 0;
    for (long long th = h < SIDE ? 0 : (h - SIDE) / OUTPUTS + 1; th < TH && th * OUTPUTS <= h; ++th)
        for (long long tw = w < SIDE ? 0 : (w - SIDE) / OUTPUTS + 1; tw < TW && tw * OUTPUTS <= w; ++tw) {
            long long point = (h - th * OUTPUTS) * SIDE + w - tw * OUTPUTS;
            sum += dd[(point * tiles + (n * TH + th) * TW + tw) * C + c];
        }
    dx[i] = sum;
}
