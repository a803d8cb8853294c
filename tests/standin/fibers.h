// Runs a CUDA C kernel on the CPU: one block after the other, each of its threads a fiber.
//
// __syncthreads() hands over to the next fiber of the block; when all have come that far, the first
// goes on. Fibers that meet another number of barriers than their block are an error, as on a card.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __shared__ static  // one block at a time: what is static is the block's

using std::max;
using std::min;

namespace card {

struct Fiber {
  ucontext_t context;
  dim3 thread;
  bool done;
  int barriers;
};

const size_t STACK = 64 << 10;
static ucontext_t scheduler;
static std::vector<Fiber> all;
static std::vector<char> stacks;
static int current;
static std::function<void()> kernel;

static void enter() {
  kernel();
  all[current].done = true;
  swapcontext(&all[current].context, &scheduler);
}

static void barrier() {
  Fiber &fiber = all[current];
  fiber.barriers++;
  swapcontext(&fiber.context, &scheduler);
  threadIdx = fiber.thread;
}

static void start(int i) {
  Fiber &fiber = all[i];
  fiber.done = false;
  fiber.barriers = 0;
  fiber.thread = dim3(i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y));
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = &stacks[i * STACK];
  fiber.context.uc_stack.ss_size = STACK;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, enter, 0);
}

static void block() {
  int count = all.size();
  for (int i = 0; i < count; i++) start(i);
  for (int left = count; left;) {
    for (int i = 0; i < count; i++) {
      if (all[i].done) continue;
      current = i;
      threadIdx = all[i].thread;
      swapcontext(&scheduler, &all[i].context);
      left -= all[i].done;
    }
    for (const Fiber &fiber : all) {
      if (fiber.barriers == all[0].barriers) continue;
      std::fprintf(stderr, "threads of block (%u, %u, %u) meet different barriers\n", blockIdx.x,
                   blockIdx.y, blockIdx.z);
      std::abort();
    }
  }
}

static void run(const unsigned *sizes, std::function<void()> body) {
  gridDim = dim3(sizes[0], sizes[1], sizes[2]);
  blockDim = dim3(sizes[3], sizes[4], sizes[5]);
  kernel = body;
  all.resize(blockDim.x * blockDim.y * blockDim.z);
  stacks.resize(all.size() * STACK);
  for (unsigned z = 0; z < gridDim.z; z++)
    for (unsigned y = 0; y < gridDim.y; y++)
      for (unsigned x = 0; x < gridDim.x; x++) {
        blockIdx = dim3(x, y, z);
        block();
      }
}

}  // namespace card

static void __syncthreads() { card::barrier(); }
