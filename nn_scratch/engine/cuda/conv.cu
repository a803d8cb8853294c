// The three contractions of a convolution as matrix products whose second matrix is never stored:
// its elements are fetched from the image while the product needs them ("implicit GEMM"). float32.
//
// A block of 128 threads makes a tile of ROWS x COLUMNS results. It walks along the summed index in
// steps of DEPTH: all threads fetch a strip of each matrix, DEPTH deep, into shared memory, then each
// multiplies its part of the tile, ROWS / 8 x 8 results. With 64 rows a pixel is fetched once for 64
// products, and 16 numbers are read from shared memory for 64; so the 2 * M * N * K operations
// dominate. For few channels launch.py compiles this file with fewer rows, since rows that nobody
// needs are multiplied like the others. What the next step needs is already on its way while this one
// is multiplied.
//
// Where a pixel lies is the sum of two parts (see Part): one belongs to the summed index, the other to
// the column. Both are worked out once for the whole block, for divisions take many instructions.
//
// Every result is summed by one thread in one order: the same bits in every run.
//
// c and f are the channels of a group; arrays have `groups` times as many. gridDim.z counts groups
// fastest. Each is a product of its own.

#ifndef ROWS
#define ROWS 64  // or 32, 16, 8
#endif
#define COLUMNS 128
#define DEPTH 16
#define THREADS 128
#define SIDE (ROWS < 32 ? ROWS / 8 : 4)  // rows of a thread that lie side by side

// A place in an array of (outer, rows, columns): its index, taken apart.
struct Place {
  int outer, i, j;

  __device__ __forceinline__ Place(int at, int rows, int columns) {
    int row = at / columns;
    outer = row / rows;
    i = row - outer * rows;
    j = at - row * columns;
  }
};

// What one index tells of the addresses in y(m, n) = sum over k of a(m, k) * image(k, n).
struct alignas(16) Part {
  int other;  // which number of a (said by k), or of y (said by n), if m is 0
  int image;  // how far in the image: `h` rows and `w` columns, and perhaps some planes
  int h, w;
};

// Planes of height x width pixels, 0 around them.
struct Image {
  const float *pixels;
  int height, width;

  __device__ __forceinline__ Part part(int other, int planes, int h, int w) const {
    return {other, (planes * height + h) * width + w, h, w};
  }

  __device__ __forceinline__ bool has(Part k, Part n) const {  // what is negative is a large unsigned
    return unsigned(k.h + n.h) < unsigned(height) && unsigned(k.w + n.w) < unsigned(width);
  }

  __device__ __forceinline__ float at(Part k, Part n) const {
    return has(k, n) ? pixels[k.image + n.image] : 0.f;
  }
};

// A matrix whose rows begin `row` numbers after one another.
template <class T>
struct Rows {
  T *numbers;
  int row;

  __device__ __forceinline__ T &at(int m, Part part) const { return numbers[m * row + part.other]; }
};

// The block's tile of y(m, n) = sum over k of a(m, k) * image(k, n), k from first to last, for all
// m < m_count and n < n_count. k_part and n_part say what k and n mean. A warp's threads fetch pixels
// that lie side by side: those of neighbouring n, or (ALONG_SUM) of neighbouring k.
template <bool ALONG_SUM, class KPart, class NPart>
__device__ __forceinline__ void product(int m_count, int n_count, int first, int last,
                                        Rows<const float> a, Image image, Rows<float> y,
                                        KPart k_part, NPart n_part) {
  alignas(16) __shared__ float left[DEPTH][ROWS + 4];  // + 4: fewer threads write to one bank
  alignas(16) __shared__ float right[DEPTH][COLUMNS + 4];
  __shared__ Part k_parts[DEPTH], n_parts[COLUMNS];
  const int of_left = ROWS * DEPTH / THREADS, of_right = COLUMNS * DEPTH / THREADS;
  int t = threadIdx.x, tx = t % 16, ty = t / 16;
  int m0 = blockIdx.y * ROWS, n0 = blockIdx.x * COLUMNS;
  float next_left[of_left], next_right[of_right], sums[ROWS / 8][8] = {};

  // Which of a strip's numbers this thread fetches: rows of a lie along k.
  int my_k = t % DEPTH, my_m = t / DEPTH;
  auto m_of = [=](int r) { return my_m + r * (THREADS / DEPTH); };
  auto k_of = [=](int r) { return ALONG_SUM ? my_k : r; };
  auto n_of = [=](int r) { return ALONG_SUM ? m_of(r) : t; };

  // Which results of the tile this thread makes: so that a warp reads shared memory without waiting.
  auto row_of = [=](int i) { return i / SIDE * 8 * SIDE + ty * SIDE + i % SIDE; };
  auto column_of = [=](int j) { return j / 4 * 64 + tx * 4 + j % 4; };

  auto prepare = [&](int k0) {
    if (t >= DEPTH) return;
    Part outside = {0, 0, -(1 << 30), 0};  // in a row that no image has
    k_parts[t] = k0 + t < last ? k_part(k0 + t) : outside;
  };
  auto fetch = [&](int k0) {
#pragma unroll
    for (int r = 0; r < of_left; r++) {
      int m = min(m0 + m_of(r), m_count - 1);  // rows beyond are not stored
      next_left[r] = k0 + my_k < last ? a.at(m, k_parts[my_k]) : 0.f;
    }
#pragma unroll
    for (int r = 0; r < of_right; r++) next_right[r] = image.at(k_parts[k_of(r)], n_parts[n_of(r)]);
  };

  n_parts[t] = n_part(min(n0 + t, n_count - 1));  // columns beyond are not stored
  prepare(first);
  __syncthreads();
  fetch(first);
  __syncthreads();
  for (int k0 = first; k0 < last; k0 += DEPTH) {
#pragma unroll
    for (int r = 0; r < of_left; r++) left[my_k][m_of(r)] = next_left[r];
#pragma unroll
    for (int r = 0; r < of_right; r++) right[k_of(r)][n_of(r)] = next_right[r];
    prepare(k0 + DEPTH);
    __syncthreads();
    fetch(k0 + DEPTH);
#pragma unroll
    for (int k = 0; k < DEPTH; k++)
#pragma unroll
      for (int i = 0; i < ROWS / 8; i++)
#pragma unroll
        for (int j = 0; j < 8; j++) sums[i][j] += left[k][row_of(i)] * right[k][column_of(j)];
    __syncthreads();
  }
  bool is_number = true;
#pragma unroll
  for (int j = 0; j < 8; j++) {
    if (n0 + column_of(j) >= n_count) continue;
    Part n = n_parts[column_of(j)];
#pragma unroll
    for (int i = 0; i < ROWS / 8; i++) {
      int m = m0 + row_of(i);
      if (m < m_count) {
        y.at(m, n) = sums[i][j];
        is_number = is_number && sums[i][j] == sums[i][j];
      }
    }
  }
  if (is_number) return;

  // Infinity may have met a 0 around the image, and their product is no number: these results are
  // summed again, over the pixels that are there.
#pragma unroll 1
  for (int r = 0; r < ROWS; r++) {  // as many results as the thread has
    int m = m0 + row_of(r / 8), column = column_of(r % 8);
    if (m >= m_count || n0 + column >= n_count) continue;
    Part n = n_parts[column];
    float sum = 0;
#pragma unroll 1
    for (int at = first; at < last; at++) {
      Part k = k_part(at);
      if (image.has(k, n)) sum += a.at(m, k) * image.at(k, n);
    }
    y.at(m, n) = sum;
  }
}

// y (n, f, p, q) = sum over c, i, j of w[f, c, i, j] * x[n, c, ...]. M = f, N = (n, p, q), K = (c, i, j).
// gridDim.z = groups.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
    conv_forward(const float *__restrict__ x, const float *__restrict__ w, float *__restrict__ y,
              int n, int c, int height, int width, int f, int rows, int columns, int kh, int kw,
              int sh, int sw, int top, int left, int dh, int dw, int groups) {
  int outputs = rows * columns, depth = c * kh * kw, group = blockIdx.z;
  Image image = {x, height, width};
  product<false>(
      f, n * outputs, 0, depth, {w, depth}, image, {y, outputs},
      [=](int at) {
        Place k(at, kh, kw);
        return image.part(group * f * depth + at, k.outer, k.i * dh, k.j * dw);
      },
      [=](int at) {
        Place to(at, rows, columns);
        int planes = to.outer * groups + group;
        return image.part((planes * f * rows + to.i) * columns + to.j, planes * c,
                          to.i * sh - top, to.j * sw - left);
      });
}

// Along one axis, what belongs to phase r: the pixels u with (u + before) % stride = r, and the taps i
// with i * dilation % stride = r, which alone can reach them.
struct Phase {
  int pixel, pixels;           // the first pixel and how many; they are `stride` apart
  int tap, taps, tap_distance;  // the same for the taps
  int back;  // a pixel that one tap sees from a position, the next tap sees from so many before it
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
  phase.back = phase.tap_distance * dilation / stride;  // without rest
  return phase;
}

// x (n, c, h, w) = sum over f, i, j of w[f, c, i, j] * g[n, f, p, q] where p * sh + i * dh - top = h.
// gridDim.z = groups in each of sh * sw phases, where the stride is gone: M = c, N = (n, its rows, its
// columns), K = (f, its taps). Every pixel meets those weights that can reach it, and no others.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
    conv_backward_data(const float *__restrict__ g, const float *__restrict__ w, float *__restrict__ x, int n,
            int c, int height, int width, int f, int rows, int columns, int kh, int kw, int sh,
            int sw, int top, int left, int dh, int dw, int groups) {
  int group = blockIdx.z % groups, phase = blockIdx.z / groups;
  Phase down = phase_of(phase / sw, height, kh, sh, top, dh);
  Phase right = phase_of(phase % sw, width, kw, sw, left, dw);
  int count = n * down.pixels * right.pixels;
  if (blockIdx.x * COLUMNS >= count) return;  // a smaller phase than others, and all of the block
  Image image = {g, rows, columns};
  product<false>(
      c, count, 0, f * down.taps * right.taps, {w, kh * kw}, image, {x, height * width},
      [=](int at) {
        Place k(at, down.taps, right.taps);
        int i = down.tap + k.i * down.tap_distance, j = right.tap + k.j * right.tap_distance;
        return image.part(((group * f + k.outer) * c * kh + i) * kw + j, k.outer,
                          -k.i * down.back, -k.j * right.back);
      },
      [=](int at) {
        Place to(at, down.pixels, right.pixels);
        int h = down.pixel + to.i * sh, v = right.pixel + to.j * sw;
        // The position from which the phase's first tap sees it: the divisions leave no rest.
        int p = (h + top - down.tap * dh) / sh, q = (v + left - right.tap * dw) / sw;
        int planes = to.outer * groups + group;
        return image.part((planes * c * height + h) * width + v, planes * f, p, q);
      });
}

// parts (part, group, f, c * kh * kw): w's gradient, sum over n, p, q of g[n, f, p, q] * x[n, c, ...],
// in parts of the sum, for M = f and N = (c, i, j) alone would leave most of the card idle. gridDim.z =
// groups in each part.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
    conv_backward_filter(const float *__restrict__ x, const float *__restrict__ g,
                    float *__restrict__ parts, int n, int c, int height, int width, int f, int rows,
                    int columns, int kh, int kw, int sh, int sw, int top, int left, int dh, int dw,
                    int groups) {
  int outputs = rows * columns, depth = n * outputs, count = c * kh * kw;
  int split = gridDim.z / groups, each = (depth + split - 1) / split;
  int part = blockIdx.z, group = part % groups;
  int first = part / groups * each, last = min(depth, first + each);
  Image image = {x, height, width};
  product<true>(
      f, count, first, last, {g, outputs}, image, {parts, count},
      [=](int at) {
        Place k(at, rows, columns);
        int planes = k.outer * groups + group;
        return image.part((planes * f * rows + k.i) * columns + k.j, planes * c, k.i * sh, k.j * sw);
      },
      [=](int at) {
        Place tap(at, kh, kw);
        return image.part(part * f * count + at, tap.outer, tap.i * dh - top, tap.j * dw - left);
      });
}

// w = the parts added up, in order. One thread for each weight.
extern "C" __global__ void sum_parts(const float *__restrict__ parts, float *__restrict__ w,
                                     int count, int splits) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  float sum = 0;
#pragma unroll 8  // reads eight parts before it adds them, one after the other
  for (int z = 0; z < splits; z++) sum += parts[(long long)z * count + at];
  w[at] = sum;
}
