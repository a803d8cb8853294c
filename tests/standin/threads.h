// Runs a CUDA C kernel on the CPU with a real thread for each of CUDA's, for the thread sanitizer.
//
// Kernels with shared memory run one block after the other, since the shared memory is static here;
// the others run all their blocks at once, so that blocks that write to one place are found, too.
#pragma once
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
static thread_local dim3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __shared__ static

using std::max;
using std::min;

namespace card {

static thread_local pthread_barrier_t *meeting;

static void run(const unsigned *sizes, bool shared_memory, std::function<void()> kernel) {
  gridDim = dim3(sizes[0], sizes[1], sizes[2]);
  blockDim = dim3(sizes[3], sizes[4], sizes[5]);
  unsigned count = blockDim.x * blockDim.y * blockDim.z;
  std::vector<std::thread> running;
  std::vector<std::unique_ptr<pthread_barrier_t>> barriers;
  auto finish = [&] {
    for (std::thread &thread : running) thread.join();
    running.clear();
  };
  for (unsigned z = 0; z < gridDim.z; z++)
    for (unsigned y = 0; y < gridDim.y; y++)
      for (unsigned x = 0; x < gridDim.x; x++) {
        barriers.push_back(std::make_unique<pthread_barrier_t>());
        pthread_barrier_t *barrier = barriers.back().get();
        pthread_barrier_init(barrier, nullptr, count);
        for (unsigned i = 0; i < count; i++)
          running.emplace_back([=] {
            blockIdx = dim3(x, y, z);
            threadIdx = dim3(i % blockDim.x, i / blockDim.x % blockDim.y,
                             i / (blockDim.x * blockDim.y));
            meeting = barrier;
            kernel();
          });
        if (shared_memory) finish();
      }
  finish();
}

}  // namespace card

static void __syncthreads() { pthread_barrier_wait(card::meeting); }
