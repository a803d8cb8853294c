// Max-pooling and unpooling by switches, float32. A switch is row * width + column in its plane.
//
// One thread for each number that is written, in blocks of any size; no thread writes where another
// does, so nothing is atomic and every run gives the same bits. Bytes are what each kernel has to
// move at least; none computes enough for the card's arithmetic to matter.

// The maximum of each window and its switch. The first of equal maxima wins, and the first NaN over
// all numbers; padding is never looked at. Reads each pixel of x about once (from cache where windows
// overlap), writes 8 bytes for each output.
extern "C" __global__ void window_max(const float *__restrict__ x, float *__restrict__ y,
                                      int *__restrict__ switches, long long outputs, int height,
                                      int width, int rows, int columns, int kh, int kw, int sh,
                                      int sw, int top, int left, int dh, int dw) {
  long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= outputs) return;
  int q = at % columns, p = at / columns % rows;
  const float *plane = x + at / ((long long)columns * rows) * height * width;
  float best = 0;
  int place = -1;
  for (int i = 0; i < kh; i++) {
    int h = p * sh - top + i * dh;
    if (h < 0 || h >= height) continue;
    for (int j = 0; j < kw; j++) {
      int w = q * sw - left + j * dw;
      if (w < 0 || w >= width) continue;
      float value = plane[h * width + w];
      // NaN compares as nothing: it wins over numbers, and nothing wins over it.
      if (place < 0 || (!(value <= best) && best == best)) {
        best = value;
        place = h * width + w;
      }
    }
  }
  y[at] = best;
  switches[at] = place;
}

// y = the pixels of x that the switches name. Moves 12 bytes for each output.
extern "C" __global__ void gather(const float *__restrict__ x, const int *__restrict__ switches,
                                  float *__restrict__ y, long long outputs, int windows,
                                  int pixels) {
  long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= outputs) return;
  y[at] = x[at / windows * pixels + switches[at]];
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
                                       long long pixels, int height, int width, int rows,
                                       int columns, int kh, int kw, int sh, int sw, int top,
                                       int left, int dh, int dw) {
  long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= pixels) return;
  int w = at % width, h = at / width % height;
  long long first = at / ((long long)width * height) * rows * columns;
  // Window p sees rows p * sh - top … p * sh - top + (kh - 1) * dh.
  int p0 = max(0, (h + top - (kh - 1) * dh + sh - 1) / sh), p1 = min(rows - 1, (h + top) / sh);
  int q0 = max(0, (w + left - (kw - 1) * dw + sw - 1) / sw), q1 = min(columns - 1, (w + left) / sw);
  float sum = 0;
  for (int p = p0; p <= p1; p++)
    for (int q = q0; q <= q1; q++) {
      long long window = first + (long long)p * columns + q;
      if (switches[window] == h * width + w) sum += values[window];
    }
  x[at] = sum;
}
