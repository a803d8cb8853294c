// Max-pooling and unpooling by switches, float32. A switch is row * width + column in its plane, which is
// one channel of one image.
//
// A thread writes the same place of several planes, one after the other: so it works out but once where
// that place lies, for divisions take longer than all the rest. Threads with neighbouring threadIdx.x
// have neighbouring places; the y axes of grid and block count planes. No thread writes where another
// does: nothing is atomic, and every run gives the same bits. Bytes are what each kernel has to move at
// least; none computes enough for the card's arithmetic to matter.

// The maximum of each window and its switch. The first of equal maxima wins, and the first NaN over
// all numbers; padding is never looked at. Reads each pixel of x about once (from cache where windows
// overlap), writes 8 bytes for each window.
extern "C" __global__ void max_pool_argmax(const float *__restrict__ x, float *__restrict__ y,
                                      int *__restrict__ switches, int planes, int height, int width,
                                      int rows, int columns, int kh, int kw, int sh, int sw,
                                      int top, int left, int dh, int dw) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= rows * columns) return;
  int h0 = at / columns * sh - top, w0 = at % columns * sw - left;
  for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes;
       plane += gridDim.y * blockDim.y) {
    const float *pixels = x + plane * height * width;
    float best = 0;
    int place = -1;
    for (int i = 0, h = h0; i < kh; i++, h += dh) {
      if (h < 0 || h >= height) continue;
      for (int j = 0, w = w0; j < kw; j++, w += dw) {
        if (w < 0 || w >= width) continue;
        float value = pixels[h * width + w];
        // NaN compares as nothing: it wins over numbers, and nothing wins over it.
        if (place < 0 || (!(value <= best) && best == best)) {
          best = value;
          place = h * width + w;
        }
      }
    }
    y[plane * rows * columns + at] = best;
    switches[plane * rows * columns + at] = place;
  }
}

// y = the pixels of x that the switches name. Moves 12 bytes for each switch.
extern "C" __global__ void gather(const float *__restrict__ x, const int *__restrict__ switches,
                                  float *__restrict__ y, int planes, int windows, int pixels) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= windows) return;
  for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes;
       plane += gridDim.y * blockDim.y)
    y[plane * windows + at] = x[plane * pixels + switches[plane * windows + at]];
}

// The adjoint of gather, for switches from anywhere: `targets` are where the values go, in rising
// order, and `order` says which value goes there. The first of equal targets adds up for all of them,
// in the order of the values. x holds zeros before.
extern "C" __global__ void add_sorted(const float *__restrict__ values,
                                      const long long *__restrict__ targets,
                                      const long long *__restrict__ order, float *__restrict__ x,
                                      long long count) {
  long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count || (at > 0 && targets[at] == targets[at - 1])) return;
  float sum = 0;
  for (long long i = at; i < count && targets[i] == targets[at]; i++) sum += values[order[i]];
  x[targets[at]] = sum;
}

// The adjoint of gather, for switches of a pool with this geometry: every pixel asks the windows
// that can see it whether they chose it, in reading order, and adds up what they say. Reads each
// value and switch about once, writes 4 bytes for each pixel.
extern "C" __global__ void scatter_add(const float *__restrict__ values,
                                       const int *__restrict__ switches, float *__restrict__ x,
                                       int planes, int height, int width, int rows, int columns,
                                       int kh, int kw, int sh, int sw, int top, int left, int dh,
                                       int dw) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= height * width) return;
  int h = at / width, w = at % width;
  // Window p sees rows p * sh - top … p * sh - top + (kh - 1) * dh.
  int p0 = max(0, (h + top - (kh - 1) * dh + sh - 1) / sh), p1 = min(rows - 1, (h + top) / sh);
  int q0 = max(0, (w + left - (kw - 1) * dw + sw - 1) / sw), q1 = min(columns - 1, (w + left) / sw);
  for (int plane = blockIdx.y * blockDim.y + threadIdx.y; plane < planes;
       plane += gridDim.y * blockDim.y) {
    float sum = 0;
    for (int p = p0; p <= p1; p++)
      for (int q = q0; q <= q1; q++) {
        int window = (plane * rows + p) * columns + q;
        if (switches[window] == at) sum += values[window];
      }
    x[plane * height * width + at] = sum;
  }
}
