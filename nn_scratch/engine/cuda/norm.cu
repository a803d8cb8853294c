// Batch norm with ReLU, float32: sums over batch and image of each channel, and maps with one
// coefficient for each channel. All are bound by the bytes they move.
//
// Sums: a block of THREADS threads takes part `blockIdx.x` of channel `blockIdx.y`. Every thread sums
// its numbers in one order, the block adds up its threads pairwise, and a second kernel adds up the
// parts: nothing is atomic, so every run gives the same bits.

#define THREADS 256

// Mean of `count` numbers and the sum of their squared distances to it.
struct Moments {
  float count, mean, apart;
};

// Chan et al. 1979: no difference of large numbers.
__device__ __forceinline__ Moments merged(Moments a, Moments b) {
  float count = a.count + b.count, step = b.mean - a.mean;
  if (count == 0.f) return a;
  float share = b.count / count;
  return {count, a.mean + step * share, a.apart + b.apart + step * step * a.count * share};
}

// The index of number `at` of a channel, which has `pixels` of them in each image.
__device__ __forceinline__ long long index_of(int at, int channel, int channels, int pixels) {
  return ((long long)(at / pixels) * channels + channel) * pixels + at % pixels;
}

// parts (channels, gridDim.x, 3): the moments of each part of a channel's `count` numbers. Reads x once.
extern "C" __global__ void __launch_bounds__(THREADS)
    moment_parts(const float *__restrict__ x, float *__restrict__ parts, int count, int channels,
                 int pixels) {
  __shared__ Moments found[THREADS];
  int t = threadIdx.x, channel = blockIdx.y, each = (count + gridDim.x - 1) / gridDim.x;
  int first = blockIdx.x * each, last = min(count, first + each);
  // Sums of distances to the thread's first number, which is among them: so they cannot cancel.
  float near = 0, sum = 0, squares = 0, seen = 0;
  for (int at = first + t; at < last; at += THREADS) {
    float value = x[index_of(at, channel, channels, pixels)];
    if (seen == 0) near = value;
    sum += value - near;
    squares += (value - near) * (value - near);
    seen++;
  }
  Moments mine = {};
  if (seen > 0) mine = {seen, near + sum / seen, squares - sum * sum / seen};
  found[t] = mine;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) found[t] = merged(found[t], found[t + half]);
  }
  if (t > 0) return;
  float *part = parts + 3 * ((long long)channel * gridDim.x + blockIdx.x);
  part[0] = found[0].count;
  part[1] = found[0].mean;
  part[2] = found[0].apart;
}

// mean, variance (channels,) from the parts. One thread for each channel.
extern "C" __global__ void merge_moments(const float *__restrict__ parts, float *__restrict__ mean,
                                         float *__restrict__ variance, int channels, int splits) {
  int channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= channels) return;
  const float *part = parts + 3LL * channel * splits;
  Moments all = {};
  for (int i = 0; i < splits; i++, part += 3) all = merged(all, {part[0], part[1], part[2]});
  mean[channel] = all.mean;
  variance[channel] = all.apart / all.count;
}

// y = (x - mean) * scale + shift, and 0 instead of what is negative if `rectified`. A thread has the same
// pixel of several planes, each one channel of one image. Reads and writes each number once.
extern "C" __global__ void normalize(const float *__restrict__ x, const float *__restrict__ mean,
                                     const float *__restrict__ scale,
                                     const float *__restrict__ shift, float *__restrict__ y,
                                     int planes, int channels, int pixels, int rectified) {
  int pixel = blockIdx.x * blockDim.x + threadIdx.x;
  if (pixel >= pixels) return;
  for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes;
       plane += gridDim.y * blockDim.y) {
    int c = plane % channels;
    int at = plane * pixels + pixel;
    float value = (x[at] - mean[c]) * scale[c] + shift[c];
    y[at] = rectified && value < 0.f ? 0.f : value;  // NaN stays
  }
}

// parts (gridDim.x, 2, channels): of each part of a channel, the sums of dy and of dy * (x - mean). If
// `rectified`, of those dy alone whose y is positive, and `passed` is dy with zeros elsewhere. Reads dy,
// x and, if so, y once, and writes passed.
extern "C" __global__ void __launch_bounds__(THREADS)
    product_parts(const float *dy, const float *__restrict__ x,
                  const float *__restrict__ y, const float *__restrict__ mean,
                  float *__restrict__ parts, float *passed, int count, int channels, int pixels,
                  int rectified) {
  __shared__ float sums[THREADS], products[THREADS];
  int t = threadIdx.x, channel = blockIdx.y, each = (count + gridDim.x - 1) / gridDim.x;
  int first = blockIdx.x * each, last = min(count, first + each);
  float sum = 0, product = 0;
  for (int i = first + t; i < last; i += THREADS) {
    long long at = index_of(i, channel, channels, pixels);
    float g = rectified && !(y[at] > 0.f) ? 0.f : dy[at];
    if (rectified) passed[at] = g;
    sum += g;
    product += g * (x[at] - mean[channel]);
  }
  sums[t] = sum;
  products[t] = product;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t >= half) continue;
    sums[t] += sums[t + half];
    products[t] += products[t + half];
  }
  if (t > 0) return;
  parts[2LL * blockIdx.x * channels + channel] = sums[0];
  parts[(2LL * blockIdx.x + 1) * channels + channel] = products[0];
}

// dx = a * dy + b * (x - mean) + c; dx may be dy. Threads as in normalize. Reads dy and x once, writes
// dx.
extern "C" __global__ void blend(const float *dy, const float *__restrict__ x,
                                 const float *__restrict__ mean, const float *__restrict__ a,
                                 const float *__restrict__ b, const float *__restrict__ c,
                                 float *dx, int planes, int channels, int pixels) {
  int pixel = blockIdx.x * blockDim.x + threadIdx.x;
  if (pixel >= pixels) return;
  for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes;
       plane += gridDim.y * blockDim.y) {
    int k = plane % channels;
    int at = plane * pixels + pixel;
    dx[at] = a[k] * dy[at] + b[k] * (x[at] - mean[k]) + c[k];
  }
}
