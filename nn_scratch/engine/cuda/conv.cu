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

// What a thread summed, into y (images, channels, plane): M is the channel, N counts on from image to
// image.
__device__ __forceinline__ void store(float (*acc)[4], float *y, int count, int channels, int plane,
                                      int ty, int tx) {
  for (int j = 0; j < 4; j++) {
    int at = blockIdx.x * TILE + tx + 16 * j;
    if (at >= count) continue;
    for (int i = 0; i < 4; i++) {
      int m = blockIdx.y * TILE + ty * 4 + i;
      if (m < channels) y[((long long)(at / plane) * channels + m) * plane + at % plane] = acc[i][j];
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
  store(acc, y, count, f, outputs, ty, tx);
}

// x (n, c, h, w) = sum over f, i, j of w[f, c, i, j] * g[n, f, p, q] where p * sh + i * dh - top = h.
// M = c, N = (n, h, w), K = (f, i, j): every pixel asks which windows saw it, and by which weight.
extern "C" __global__ void __launch_bounds__(THREADS)
    scatter(const float *__restrict__ g, const float *__restrict__ w, float *__restrict__ x, int n,
            int c, int height, int width, int f, int rows, int columns, int kh, int kw, int sh,
            int sw, int top, int left, int dh, int dw) {
  __shared__ float a[DEPTH][TILE], b[DEPTH][TILE];
  int t = threadIdx.x, tx = t % 16, ty = t / 16, lane = t % TILE;
  int pixels = height * width, count = n * pixels, taps = kh * kw, depth = f * taps;
  int m0 = blockIdx.y * TILE, mine = blockIdx.x * TILE + lane;
  int v = mine % width, u = mine / width % height, image = mine / pixels;
  float acc[4][4] = {};
  for (int k0 = 0; k0 < depth; k0 += DEPTH) {
    for (int k = t / TILE; k < DEPTH; k += THREADS / TILE) {
      int at = k0 + k, i = at / kw % kh, j = at % kw, filter = at / taps;
      bool inside = at < depth;
      a[k][lane] = m0 + lane < c && inside
                       ? w[((long long)filter * c + m0 + lane) * taps + i * kw + j]
                       : 0.f;
      int down = u + top - i * dh, right = v + left - j * dw;
      bool seen = inside && mine < count && down >= 0 && right >= 0 && down % sh == 0 &&
                  right % sw == 0;
      b[k][lane] = seen ? pixel(g + ((long long)image * f + filter) * rows * columns, down / sh,
                                right / sw, rows, columns)
                        : 0.f;
    }
    __syncthreads();
    multiply(a, b, acc, ty, tx);
    __syncthreads();
  }
  store(acc, x, count, c, pixels, ty, tx);
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
  store(acc, parts + (long long)blockIdx.z * f * count, count, f, count, ty, tx);
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
