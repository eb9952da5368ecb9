// Winograd's transforms, one thread for each tile and channel: what belongs to a tile stays in registers between
// gathering, both axes of the transform, and writing. A tile has OUTPUTS outputs, a kernel WEIGHTS weights (of a side).
// See layers/conv_winograd.py, whose portable bodies these replace. Shapes and the matrices (ROWS_OF_A, ROWS_OF_B) are
// known to the compiler, so that no division is left and a factor of 0 or 1 costs nothing. An image has H x W pixels and C
// channels and is covered by TH x TW tiles.

#define SIDE (OUTPUTS + WEIGHTS - 1)
#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

struct A {
    static __device__ real at(int row, int column) { constexpr real rows[OUTPUTS][SIDE] = ROWS_OF_A; return rows[row][column]; }
};
struct B {
    static __device__ real at(int row, int column) { constexpr real rows[SIDE][SIDE] = ROWS_OF_B; return rows[row][column]; }
};
template <class Matrix> struct Transposed {
    static __device__ real at(int row, int column) { return Matrix::at(column, row); }
};

// Apply a matrix (ROWS, COLUMNS) along both axes of a tile: `read` gives its numbers, `write` takes the results.
template <class Matrix, int ROWS, int COLUMNS, class Read, class Write>
static __device__ void both_axes(Read read, Write write)
{
    real half[ROWS][COLUMNS];
    UNROLL for (int j = 0; j < COLUMNS; ++j) {
        real column[COLUMNS];
        UNROLL for (int i = 0; i < COLUMNS; ++i) column[i] = read(i, j);
        UNROLL for (int r = 0; r < ROWS; ++r) {
            real sum = 0;
            UNROLL for (int i = 0; i < COLUMNS; ++i)
                if (Matrix::at(r, i) != 0) sum += Matrix::at(r, i) * column[i];
            half[r][j] = sum;
        }
    }
    UNROLL for (int r = 0; r < ROWS; ++r)
        UNROLL for (int s = 0; s < ROWS; ++s) {
            real sum = 0;
            UNROLL for (int j = 0; j < COLUMNS; ++j)
                if (Matrix::at(s, j) != 0) sum += Matrix::at(s, j) * half[r][j];
            write(r, s, sum);
        }
}

// V = B d Bᵀ of the tiles d of x
extern "C" __global__ void input_tiles(long long count, const real* x, real* V)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long n = i / (C * TW * TH);
    int c = i % C, left = int(i / C % TW) * OUTPUTS - PADDING, top = int(i / (C * TW) % TH) * OUTPUTS - PADDING;
    const real* image = x + n * (H * W * C) + c;
    both_axes<B, SIDE, SIDE>(
        [&](int p, int q) {
            int h = top + p, w = left + q;
            return h >= 0 && h < H && w >= 0 && w < W ? image[(h * W + w) * C] : real(0);
        },
        [&](int p, int q, real v) { V[(p * SIDE + q) * count + i] = v; });
}

// y = A m Aᵀ, each tile of it in its place; y has H x W pixels
extern "C" __global__ void output_tiles(long long count, const real* products, real* y)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long n = i / (C * TW * TH);
    int c = i % C, left = int(i / C % TW) * OUTPUTS, top = int(i / (C * TW) % TH) * OUTPUTS;
    real* image = y + n * (H * W * C) + c;
    both_axes<A, OUTPUTS, SIDE>(
        [&](int p, int q) { return products[(p * SIDE + q) * count + i]; },
        [&](int p, int q, real value) {
            int h = top + p, w = left + q;
            if (h < H && w < W) image[(h * W + w) * C] = value;
        });
}

// dM = Aᵀ dy A
extern "C" __global__ void output_tiles_backward(long long count, const real* dy, real* dproducts)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long n = i / (C * TW * TH);
    int c = i % C, left = int(i / C % TW) * OUTPUTS, top = int(i / (C * TW) % TH) * OUTPUTS;
    const real* image = dy + n * (H * W * C) + c;
    both_axes<Transposed<A>, SIDE, OUTPUTS>(
        [&](int p, int q) {
            int h = top + p, w = left + q;
            return h < H && w < W ? image[(h * W + w) * C] : real(0);
        },
        [&](int p, int q, real value) { dproducts[(p * SIDE + q) * count + i] = value; });
}

// dd = Bᵀ dV B. Both may be one array, for everything of a tile has been read before anything of it is written; they have
// two names so that the compiler does not keep all 64 addresses in registers from reading to writing.
extern "C" __global__ void input_tiles_backward(long long count, const real* dV, real* dd)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    both_axes<Transposed<B>, SIDE, SIDE>(
        [&](int p, int q) { return dV[(p * SIDE + q) * count + i]; },
        [&](int p, int q, real value) { dd[(p * SIDE + q) * count + i] = value; });
}

// dx of each pixel: the sum over the tiles that cover it, always in the same order; there are `tiles` in all
extern "C" __global__ void add_tiles(long long count, const real* dd, real* dx, long long tiles)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) return;
    long long n = i / (C * W * H);
    int c = i % C, w = int(i / C % W) + PADDING, h = int(i / (C * W) % H) + PADDING;
    real sum = 0;
    for (int th = h < SIDE ? 0 : (h - SIDE) / OUTPUTS + 1; th < TH && th * OUTPUTS <= h; ++th)
        for (int tw = w < SIDE ? 0 : (w - SIDE) / OUTPUTS + 1; tw < TW && tw * OUTPUTS <= w; ++tw) {
            long long point = (h - th * OUTPUTS) * SIDE + w - tw * OUTPUTS;
            sum += dd[(point * tiles + (n * TH + th) * TW + tw) * C + c];
        }
    dx[i] = sum;
}
