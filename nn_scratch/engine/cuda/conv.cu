// The three contractions of a convolution as matrix products whose second matrix is never stored:
// its elements are fetched from the image while the product needs them ("implicit GEMM"). float32.
//
// A block of 256 threads makes a tile of TILE x TILE results. It walks along the summed index in
// steps of DEPTH: all threads fetch a DEPTH x TILE piece of each matrix into shared memory, then
// each multiplies a 4 x 4 part of the tile. So each number fetched is used TILE times, and the
// products, 2 * M * N * K operations, dominate unless channels are few.
//
// Every result is summed by one thread in one order: the same bits in every run.

#define TILE 64
#define DEPTH 16
#define THREADS 256


// acc += (DEPTH x TILE)ᵀ (DEPTH x TILE), the 4 x 4 part of thread (ty, tx): rows ty * 4 + i, columns
// tx + 16 * j, so that neighbouring threads read neighbouring columns.
__device__ __forceinline__ void multiply(float (*a)[TILE], float (*b)[TILE], float (*acc)[4], int ty,
                                         int tx) {
#pragma unroll
  for (int k = 0; k < DEPTH; k++)
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) acc[i][j] += a[k][ty * 4 + i] * b[k][tx + 16 * j];
}

// What a thread summed, into y (images, channels, plane): M is the channel, and place(N) the index of
// column N in channel 0.
template <class Place>
__device__ __forceinline__ void store(float (*acc)[4], float *y, int count, int channels, int plane,
                                      int ty, int tx, Place place) {
  for (int j = 0; j < 4; j++) {
    int at = blockIdx.x * TILE + tx + 16 * j;
    if (at >= count) continue;
    for (int i = 0; i < 4; i++) {
      int m = blockIdx.y * TILE + ty * 4 + i;
      if (m < channels) y[place(at) + (long long)m * plane] = acc[i][j];
    }
  }
}

// A pixel of channel plane `plane`, or 0 outside it.
__device__ __forceinline__ float pixel(const float *plane, int h, int w, int height, int width) {
  return h >= 0 && h < height && w >= 0 && w < width ? plane[(long long)h * width + w] : 0.f;
}

// y (n, f, p, q) = sum over c, i, j of w[f, c, i, j] * x[n, c, ...]. M = f, N = (n, p, q), K = (c, i, j).
extern "C" __global__ void __launch_bounds__(THREADS)
    correlate(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y,
              int n, int c, int height, int width, int f, int rows, int columns, int kh, int kw,
              int sh, int sw, int top, int left, int dh, int dw) {
  __shared__ float a[DEPTH][TILE], b[DEPTH][TILE];
  int t = threadIdx.x, tx = t % 16, ty = t / 16, lane = t % TILE;
  int outputs = rows * columns, count = n * outputs, depth = c * kh * kw;
  int m0 = blockIdx.y * TILE, mine = blockIdx.x * TILE + lane;
  int q = mine % columns, p = mine / columns % rows, image = mine / outputs;
  float acc[4][4] = {};
  for (int k0 = 0; k0 < depth; k0 += DEPTH) {
    for (int k = t / TILE; k < DEPTH; k += THREADS / TILE) {
      int at = k0 + k, i = at / kw % kh, j = at % kw, channel = at / (kh * kw);
      a[k][lane] = m0 + lane < f && at < depth ? w[(long long)(m0 + lane) * depth + at] : 0.f;
      b[k][lane] = mine < count && at < depth
                       ? pixel(x + ((long long)image * c + channel) * height * width,
                               p * sh + i * dh - top, q * sw + j * dw - left, height, width)
                       : 0.f;
    }
    __syncthreads();
    multiply(a, b, acc, ty, tx);
    __syncthreads();
  }
  store(acc, y, count, f, outputs, ty, tx, [=](int at) {
    return (long long)(at / outputs) * f * outputs + at % outputs;
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
// gridDim.z = sh * sw phases, in each of which the stride is gone. In each, M = c, N = (n, its rows,
// its columns), K = (f, its taps): every pixel meets those weights that can reach it, and no others.
extern "C" __global__ void __launch_bounds__(THREADS)
    scatter(const float *__restrict__ g, const float *__restrict__ w, float *__restrict__ x, int n,
            int c, int height, int width, int f, int rows, int columns, int kh, int kw, int sh,
            int sw, int top, int left, int dh, int dw) {
  __shared__ float a[DEPTH][TILE], b[DEPTH][TILE];
  Phase down = phase_of(blockIdx.z / sw, height, kh, sh, top, dh);
  Phase right = phase_of(blockIdx.z % sw, width, kw, sw, left, dw);
  int t = threadIdx.x, tx = t % 16, ty = t / 16, lane = t % TILE;
  int pixels = down.pixels * right.pixels, count = n * pixels;
  int taps = down.taps * right.taps, depth = f * taps;
  if (blockIdx.x * TILE >= count) return;  // a smaller phase than others, and the whole block goes
  int m0 = blockIdx.y * TILE, mine = blockIdx.x * TILE + lane;
  int v = right.pixel + mine % right.pixels * sw, image = mine / pixels;
  int u = down.pixel + mine / right.pixels % down.pixels * sh;
  float acc[4][4] = {};
  for (int k0 = 0; k0 < depth; k0 += DEPTH) {
    for (int k = t / TILE; k < DEPTH; k += THREADS / TILE) {
      int at = k0 + k;
      a[k][lane] = b[k][lane] = 0.f;
      if (at >= depth) continue;
      int filter = at / taps, i = down.tap + at / right.taps % down.taps * down.tap_distance;
      int j = right.tap + at % right.taps * right.tap_distance;
      if (m0 + lane < c) a[k][lane] = w[(((long long)filter * c + m0 + lane) * kh + i) * kw + j];
      if (mine < count)
        b[k][lane] = pixel(g + ((long long)image * f + filter) * rows * columns,
                           (u + top - i * dh) / sh, (v + left - j * dw) / sw, rows, columns);
    }
    __syncthreads();
    multiply(a, b, acc, ty, tx);
    __syncthreads();
  }
  store(acc, x, count, c, height * width, ty, tx, [=](int at) {
    int row = down.pixel + at / right.pixels % down.pixels * sh;
    return ((long long)(at / pixels) * c * height + row) * width + right.pixel +
           at % right.pixels * sw;
  });
}

// parts (z, f, c * kh * kw): w's gradient, sum over n, p, q of g[n, f, p, q] * x[n, c, ...], in gridDim.z
// parts of the sum, for M = f and N = (c, i, j) alone would leave most of the card idle.
extern "C" __global__ void __launch_bounds__(THREADS)
    weight_gradient(const float *__restrict__ x, const float *__restrict__ g,
                    float *__restrict__ parts, int n, int c, int height, int width, int f, int rows,
                    int columns, int kh, int kw, int sh, int sw, int top, int left, int dh, int dw) {
  __shared__ float a[DEPTH][TILE], b[DEPTH][TILE];
  int t = threadIdx.x, tx = t % 16, ty = t / 16, lane = t % TILE;
  int outputs = rows * columns, depth = n * outputs, count = c * kh * kw;
  int m0 = blockIdx.y * TILE, mine = blockIdx.x * TILE + lane;
  int j0 = mine % kw, i0 = mine / kw % kh, channel = mine / (kh * kw);
  int each = (depth + gridDim.z - 1) / gridDim.z;
  int first = blockIdx.z * each, last = min(depth, first + each);
  float acc[4][4] = {};
  for (int k0 = first; k0 < last; k0 += DEPTH) {
    for (int k = t / TILE; k < DEPTH; k += THREADS / TILE) {
      int at = k0 + k, q = at % columns, p = at / columns % rows, image = at / outputs;
      bool inside = at < last;
      a[k][lane] = inside && m0 + lane < f
                       ? g[((long long)image * f + m0 + lane) * outputs + at % outputs]
                       : 0.f;
      b[k][lane] = inside && mine < count
                       ? pixel(x + ((long long)image * c + channel) * height * width,
                               p * sh + i0 * dh - top, q * sw + j0 * dw - left, height, width)
                       : 0.f;
    }
    __syncthreads();
    multiply(a, b, acc, ty, tx);
    __syncthreads();
  }
  store(acc, parts + (long long)blockIdx.z * f * count, count, f, count, ty, tx,
        [](int at) { return (long long)at; });
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
