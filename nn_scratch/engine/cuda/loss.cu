// Softmax cross-entropy for each pixel, float32. scores (n, classes, pixels), labels (n, pixels).
//
// One thread for each pixel, neighbours side by side, so that a warp reads whole lines of each class.
// A thread goes over its scores twice, the second time from cache; no softmax is ever stored.


// Over a pixel's scores, which are `pixels` apart: the largest, and the sum of exp(score - largest)
// of all but the label's. Without the label's own term small losses keep their digits.
__device__ __forceinline__ void sum_others(const float *scores, int label, int classes, int pixels,
                                           float *top, float *others) {
  *top = scores[0], *others = 0;
  for (int k = 1; k < classes; k++) *top = fmaxf(*top, scores[(long long)k * pixels]);
  for (int k = 0; k < classes; k++)
    if (k != label) *others += expf(scores[(long long)k * pixels] - *top);
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
  float top, others;
  sum_others(mine, labels[at], classes, pixels, &top, &others);
  float lead = top - mine[(long long)labels[at] * pixels];
  terms[at] = lead + log1pf(others + expm1f(-lead));
}

// slopes, as the scores, = (softmax - onehot of the label) * factors (n, pixels), 0 where the factor
// is 0. Reads all scores, writes as many slopes.
extern "C" __global__ void cross_entropy_slopes(const float *__restrict__ scores,
                                                const int *__restrict__ labels,
                                                const float *__restrict__ factors,
                                                float *__restrict__ slopes, int count, int classes,
                                                int pixels) {
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  long long first = (long long)(at / pixels) * classes * pixels + at % pixels;
  float top, others;
  sum_others(scores + first, labels[at], classes, pixels, &top, &others);
  float lead = top - scores[first + (long long)labels[at] * pixels];
  float scale = factors[at] / (others + expf(-lead));
  for (int k = 0; k < classes; k++) {
    long long here = first + (long long)k * pixels;
    float e = k == labels[at] ? -others : expf(scores[here] - top);
    slopes[here] = factors[at] == 0 ? 0 : e * scale;
  }
}
