// The three contractions of a convolution as matrix products whose second matrix is never stored:
// its elements are fetched from the image while the product needs them ("implicit GEMM"). float32.
//
// A block of 256 threads makes a tile of ROWS x COLUMNS results. It walks along the summed index in
// steps of DEPTH: all threads fetch a strip of each matrix, DEPTH deep, into shared memory, then each
// multiplies a 4 x 8 part of the tile. So a number is fetched once for 128 or 64 products, and 12
// numbers are read from shared memory for 32; the 2 * M * N * K operations dominate unless channels
// are few. What the next step needs is already on its way while this one is multiplied.
//
// Every result is summed by one thread in one order: the same bits in every run.
//
// c and f are the channels of a group; arrays have `groups` times as many. gridDim.z counts groups
// fastest. Each is a product of its own, so that a group of few channels leaves most of a tile idle.

#define ROWS 64
#define COLUMNS 128
#define DEPTH 16
#define THREADS 256

// A place in an array of (outer, rows, columns): the summed index, taken apart.
struct Place {
  int outer, i, j;

  __device__ __forceinline__ Place(int at, int rows, int columns)
      : outer(at / (rows * columns)), i(at / columns % rows), j(at % columns) {}

  __device__ __forceinline__ void next(int rows, int columns) {
    if (++j < columns) return;
    j = 0;
    if (++i < rows) return;
    i = 0;
    outer++;
  }
};

// The column of the tile that this thread fetches for all: it alone belongs to the second matrix.
__device__ __forceinline__ int my_column() { return blockIdx.x * COLUMNS + threadIdx.x % COLUMNS; }

// The block's tile of sum over k of a(m, k) * b(k), k from first to last, for all m < m_count and
// n < n_count; put(m, n, sum) takes a result away. b knows its column, and gets k as a Place among
// (.., rows, columns).
template <class A, class B, class Put>
__device__ __forceinline__ void product(int m_count, int n_count, int first, int last, int rows,
                                        int columns, A a, B b, Put put) {
  alignas(16) __shared__ float left[DEPTH][ROWS + 4];  // + 4: fewer threads write to one bank
  alignas(16) __shared__ float right[DEPTH][COLUMNS];
  const int of_left = ROWS * DEPTH / THREADS, of_right = COLUMNS * DEPTH / THREADS;
  int t = threadIdx.x, tx = t % 16, ty = t / 16;
  int my_m = t / DEPTH, my_k = t % DEPTH;  // neighbours fetch neighbours in a row of weights
  int lane = t % COLUMNS, my_first = t / COLUMNS * of_right;
  int m0 = blockIdx.y * ROWS, n0 = blockIdx.x * COLUMNS;
  float next_left[of_left], next_right[of_right], sums[4][8] = {};

  auto fetch = [&](int k0) {
    int k = k0 + my_k;
#pragma unroll
    for (int r = 0; r < of_left; r++) {
      int m = m0 + my_m + r * (THREADS / DEPTH);
      next_left[r] = m < m_count && k < last ? a(m, k) : 0.f;
    }
    k = k0 + my_first;
    Place place(k, rows, columns);
#pragma unroll
    for (int r = 0; r < of_right; r++) {
      next_right[r] = n0 + lane < n_count && k + r < last ? b(place) : 0.f;
      place.next(rows, columns);
    }
  };

  if (first < last) fetch(first);  // a phase without taps sums nothing
  for (int k0 = first; k0 < last; k0 += DEPTH) {
#pragma unroll
    for (int r = 0; r < of_left; r++) left[my_k][my_m + r * (THREADS / DEPTH)] = next_left[r];
#pragma unroll
    for (int r = 0; r < of_right; r++) right[my_first + r][lane] = next_right[r];
    __syncthreads();
    if (k0 + DEPTH < last) fetch(k0 + DEPTH);
#pragma unroll
    for (int k = 0; k < DEPTH; k++)
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 8; j++)
          sums[i][j] += left[k][ty * 4 + i] * right[k][j / 4 * 64 + tx * 4 + j % 4];
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 8; j++) {
      int m = m0 + ty * 4 + i, n = n0 + j / 4 * 64 + tx * 4 + j % 4;
      if (m < m_count && n < n_count) put(m, n, sums[i][j]);
    }
}

// A pixel of channel plane `plane`, or 0 outside it.
__device__ __forceinline__ float pixel(const float *plane, int h, int w, int height, int width) {
  return h >= 0 && h < height && w >= 0 && w < width ? plane[(long long)h * width + w] : 0.f;
}

// y (n, f, p, q) = sum over c, i, j of w[f, c, i, j] * x[n, c, ...]. M = f, N = (n, p, q), K = (c, i, j).
// gridDim.z = groups.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    correlate(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y,
              int n, int c, int height, int width, int f, int rows, int columns, int kh, int kw,
              int sh, int sw, int top, int left, int dh, int dw, int groups) {
  int outputs = rows * columns, depth = c * kh * kw, group = blockIdx.z;
  Place mine(my_column(), rows, columns);
  const float *image = x + ((long long)mine.outer * groups + group) * c * height * width;
  int h0 = mine.i * sh - top, w0 = mine.j * sw - left;
  product(
      f, n * outputs, 0, depth, kh, kw,
      [=](int m, int k) { return w[((long long)group * f + m) * depth + k]; },
      [=](Place k) {
        return pixel(image + (long long)k.outer * height * width, h0 + k.i * dh, w0 + k.j * dw,
                     height, width);
      },
      [=](int m, int at, float sum) {
        y[(((long long)(at / outputs) * groups + group) * f + m) * outputs + at % outputs] = sum;
      });
}

// Along one axis, what belongs to phase r: the pixels u with (u + before) % stride = r, and the taps i
// with i * dilation % stride = r, which alone can reach them.
struct Phase {
  int pixel, pixels;           // the first pixel and how many; they are `stride` apart
  int tap, taps, tap_distance;  // the same for the taps
};

__device__ __forceinline__ Phase phase_of(int r, int size, int k, int stride, int before,
                                          int dilation) {
  Phase phase = {};
  phase.pixel = ((r - before) % stride + stride) % stride;
  phase.pixels = (size - phase.pixel + stride - 1) / stride;
  for (int i = 0; i < k; i++) {
    if (i * dilation % stride != r) continue;
    if (phase.taps == 0) phase.tap = i;
    if (phase.taps == 1) phase.tap_distance = i - phase.tap;
    phase.taps++;
  }
  return phase;
}

// x (n, c, h, w) = sum over f, i, j of w[f, c, i, j] * g[n, f, p, q] where p * sh + i * dh - top = h.
// gridDim.z = groups in each of sh * sw phases, where the stride is gone: M = c, N = (n, its rows, its
// columns), K = (f, its taps). Every pixel meets those weights that can reach it, and no others.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    scatter(const float *__restrict__ g, const float *__restrict__ w, float *__restrict__ x, int n,
            int c, int height, int width, int f, int rows, int columns, int kh, int kw, int sh,
            int sw, int top, int left, int dh, int dw, int groups) {
  int group = blockIdx.z % groups, phase = blockIdx.z / groups;
  Phase down = phase_of(phase / sw, height, kh, sh, top, dh);
  Phase right = phase_of(phase % sw, width, kw, sw, left, dw);
  int count = n * down.pixels * right.pixels;
  if (blockIdx.x * COLUMNS >= count) return;  // a smaller phase than others, and all of the block
  Place mine(my_column(), down.pixels, right.pixels);
  const float *image = g + ((long long)mine.outer * groups + group) * f * rows * columns;
  // The position that the phase's first tap sees, and how far before it the next tap's lies. Both
  // divisions leave no rest.
  int p0 = (down.pixel + mine.i * sh + top - down.tap * dh) / sh, up = down.tap_distance * dh / sh;
  int q0 = (right.pixel + mine.j * sw + left - right.tap * dw) / sw;
  int back = right.tap_distance * dw / sw;
  product(
      c, count, 0, f * down.taps * right.taps, down.taps, right.taps,
      [=](int m, int at) {
        Place k(at, down.taps, right.taps);
        int i = down.tap + k.i * down.tap_distance, j = right.tap + k.j * right.tap_distance;
        return w[((((long long)group * f + k.outer) * c + m) * kh + i) * kw + j];
      },
      [=](Place k) {
        return pixel(image + (long long)k.outer * rows * columns, p0 - k.i * up, q0 - k.j * back,
                     rows, columns);
      },
      [=](int m, int at, float sum) {
        Place to(at, down.pixels, right.pixels);
        int h = down.pixel + to.i * sh, v = right.pixel + to.j * sw;
        x[((((long long)to.outer * groups + group) * c + m) * height + h) * width + v] = sum;
      });
}

// parts (part, group, f, c * kh * kw): w's gradient, sum over n, p, q of g[n, f, p, q] * x[n, c, ...],
// in parts of the sum, for M = f and N = (c, i, j) alone would leave most of the card idle. gridDim.z =
// groups in each part.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    weight_gradient(const float *__restrict__ x, const float *__restrict__ g,
                    float *__restrict__ parts, int n, int c, int height, int width, int f, int rows,
                    int columns, int kh, int kw, int sh, int sw, int top, int left, int dh, int dw,
                    int groups) {
  int outputs = rows * columns, depth = n * outputs, count = c * kh * kw;
  int group = blockIdx.z % groups, split = gridDim.z / groups;
  int each = (depth + split - 1) / split;
  int first = blockIdx.z / groups * each, last = min(depth, first + each);
  Place mine(my_column(), kh, kw);
  const float *channel = x + ((long long)group * c + mine.outer) * height * width;
  int h0 = mine.i * dh - top, w0 = mine.j * dw - left;
  float *part = parts + (long long)blockIdx.z * f * count;
  product(
      f, count, first, last, rows, columns,
      [=](int m, int at) {
        long long image = at / outputs;
        return g[((image * groups + group) * f + m) * outputs + at % outputs];
      },
      [=](Place k) {
        return pixel(channel + (long long)k.outer * groups * c * height * width, h0 + k.i * sh,
                     w0 + k.j * sw, height, width);
      },
      [=](int m, int at, float sum) { part[(long long)m * count + at] = sum; });
}

// w = the parts added up, in order. One thread for each weight.
extern "C" __global__ void sum_parts(const float *__restrict__ parts, float *__restrict__ w,
                                     int count, int splits) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  float sum = 0;
  for (int z = 0; z < splits; z++) sum += parts[(long long)z * count + at];
  w[at] = sum;
}
