// Runs a CUDA C kernel on the CPU with a real thread for each of CUDA's, for the thread sanitizer.
//
// Kernels with shared memory run one block after the other, since the shared memory is static here;
// the others run all their blocks at once, so that blocks that write to one place are found, too.
#pragma once
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <functional>
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

// What thread i does in some block.
static void work(const std::function<void()> &kernel, dim3 block, unsigned i,
                 pthread_barrier_t *barrier) {
  blockIdx = block;
  threadIdx = dim3(i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y));
  meeting = barrier;
  kernel();
}

static void run(const unsigned *sizes, bool shared_memory, std::function<void()> kernel) {
  gridDim = dim3(sizes[0], sizes[1], sizes[2]);
  blockDim = dim3(sizes[3], sizes[4], sizes[5]);
  unsigned count = blockDim.x * blockDim.y * blockDim.z;
  std::vector<dim3> blocks;
  for (unsigned z = 0; z < gridDim.z; z++)
    for (unsigned y = 0; y < gridDim.y; y++)
      for (unsigned x = 0; x < gridDim.x; x++) blocks.push_back(dim3(x, y, z));
  std::vector<std::thread> running;
  std::vector<pthread_barrier_t> barriers(shared_memory ? 2 : blocks.size());
  for (pthread_barrier_t &barrier : barriers) pthread_barrier_init(&barrier, nullptr, count);
  if (shared_memory) {  // the same threads go from block to block, and wait for each other between
    for (unsigned i = 0; i < count; i++)
      running.emplace_back([&, i] {
        for (dim3 block : blocks) {
          work(kernel, block, i, &barriers[0]);
          pthread_barrier_wait(&barriers[1]);
        }
      });
  } else {
    for (size_t b = 0; b < blocks.size(); b++)
      for (unsigned i = 0; i < count; i++)
        running.emplace_back([&, b, i] { work(kernel, blocks[b], i, &barriers[b]); });
  }
  for (std::thread &thread : running) thread.join();
}

}  // namespace card

static void __syncthreads() { pthread_barrier_wait(card::meeting); }
