// Softmax cross-entropy for each pixel, float32. scores (n, classes, pixels), labels (n, pixels).
//
// One thread for each pixel, neighbours side by side, so that a warp reads whole lines of each class.
// A thread goes over its scores twice, the second time from cache; no softmax is ever stored.


// log of the sum of exp over a pixel's scores, which are `pixels` apart: shifted by the largest.
__device__ __forceinline__ float log_sum_exp(const float *scores, int classes, int pixels) {
  float top = scores[0], sum = 0;
  for (int k = 1; k < classes; k++) top = fmaxf(top, scores[(long long)k * pixels]);
  for (int k = 0; k < classes; k++) sum += expf(scores[(long long)k * pixels] - top);
  return top + logf(sum);
}

// terms (n, pixels) = log sum exp of the scores - the label's score. Reads all scores, writes 4 bytes
// for each pixel.
extern "C" __global__ void cross_entropy_terms(const float *__restrict__ scores,
                                               const int *__restrict__ labels,
                                               float *__restrict__ terms, int count, int classes,
                                               int pixels) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const float *mine = scores + (long long)(at / pixels) * classes * pixels + at % pixels;
  terms[at] = log_sum_exp(mine, classes, pixels) - mine[(long long)labels[at] * pixels];
}

// slopes, as the scores, = (softmax - onehot of the label) * factors (n, pixels). Reads all scores,
// writes as many slopes.
extern "C" __global__ void cross_entropy_slopes(const float *__restrict__ scores,
                                                const int *__restrict__ labels,
                                                const float *__restrict__ factors,
                                                float *__restrict__ slopes, int count, int classes,
                                                int pixels) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  long long first = (long long)(at / pixels) * classes * pixels + at % pixels;
  float all = log_sum_exp(scores + first, classes, pixels);
  for (int k = 0; k < classes; k++) {
    long long here = first + (long long)k * pixels;
    slopes[here] = (expf(scores[here] - all) - (k == labels[at] ? 1.f : 0.f)) * factors[at];
  }
}
