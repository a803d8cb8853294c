// Runs a CUDA C kernel on the CPU: one block after the other, each of its threads a fiber.
//
// __syncthreads() hands over to the next fiber of the block; when all have come that far, the first
// goes on. Fibers that meet another number of barriers than their block are an error, as on a card.
// Where the first thread of a block meets none, the others need no fibers and are plain calls.
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
  bool done;
  int barriers;
};

const size_t STACK = 64 << 10;
static ucontext_t scheduler;
static std::vector<Fiber> all;
static std::vector<char> stacks;
static int current;
static bool fibers;  // whether the threads of this block are fibers
static std::function<void()> kernel;

static void enter() {
  kernel();
  all[current].done = true;
  swapcontext(&all[current].context, &scheduler);
}

static dim3 thread(int i) {
  return dim3(i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y));
}

static void differ() {
  std::fprintf(stderr, "threads of block (%u, %u, %u) meet different barriers\n", blockIdx.x,
               blockIdx.y, blockIdx.z);
  std::abort();
}

static void barrier() {
  if (!fibers) differ();  // the block's first thread met none
  all[current].barriers++;
  swapcontext(&all[current].context, &scheduler);
}

static void resume(int i) {
  current = i;
  threadIdx = thread(i);
  swapcontext(&scheduler, &all[i].context);
}

static void start(int i) {
  Fiber &fiber = all[i];
  fiber.done = false;
  fiber.barriers = 0;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = &stacks[i * STACK];
  fiber.context.uc_stack.ss_size = STACK;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, enter, 0);
  resume(i);
}

static void block() {
  int count = all.size();
  fibers = true;
  start(0);
  fibers = !all[0].done;
  for (int i = 1; i < count; i++) {
    if (fibers) {
      start(i);
    } else {
      threadIdx = thread(i);
      kernel();
    }
  }
  for (bool left = fibers; left;) {
    for (const Fiber &fiber : all)
      if (fiber.barriers != all[0].barriers) differ();
    left = false;
    for (int i = 0; i < count; i++) {
      if (all[i].done) continue;
      resume(i);
      left |= !all[i].done;
    }
  }
}

static void run(const unsigned *sizes, bool, std::function<void()> body) {
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
