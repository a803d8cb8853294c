# %% [markdown]
# # 13 · On the GPU
#
# **The question:** a graphics card has thousands of arithmetic units. What must change in our code
# to use them, what must not, and when is it not worth it?
#
# You need: lessons 02, 09 and 12, and no graphics card: you build one here, in a few lines of
# Python, run kernels on it, break them, and see what becomes of the picture. What the library's
# kernels do on a real card has been measured, and section 5 asks whether we knew it before. About
# 50 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb) **13** · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import json
import os
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.backend import why_no_gpu, xp_of
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.data.digits import CLASS_NAMES
    from nn_scratch.exercises import check_exercise
    from nn_scratch.graph.trace import trace
    from nn_scratch.nets import SegNet, pretrained
    from nn_scratch.plotting import (
        plot_arrays,
        plot_bars,
        plot_images,
        plot_roofline,
        plot_scatter_and_gather,
        plot_shares,
        plot_threads,
        plot_tile,
        plot_timeline,
        plot_units,
        plot_ways,
    )
    from nn_scratch.training import Adam, Segmentation
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# Each small square multiplies two numbers and adds the product to a third, once in every tick of
# its clock. On the left is the processor on which lesson 12 was measured, on the right the graphics
# card of this lesson, both to one scale.

# %% tags=["hide-input"]
CORES, LANES = 2, 16  # a core begins two instructions in a tick, each on eight numbers
MULTIPROCESSORS, UNITS = 132, 128  # of an H100, as its maker states ("read on")
plot_units(
    {"a processor": (CORES, LANES), "a graphics card (NVIDIA H100)": (MULTIPROCESSORS, UNITS)}
)

# %% [markdown]
# **Predict:** the card's clock ticks at most 1.98 billion times a second, the processor's at
# least one and a half times as often. How many times as fast is the card? And will a training step
# be faster by so much?

# %%
timings = json.loads(Path("timings.json").read_text())
gpu = json.loads((Path("..") / "benchmarks" / "gpu.json").read_text())
CLOCK = 1.98e9  # ticks a second
STATED = 2 * MULTIPROCESSORS * UNITS * CLOCK  # a multiplication and an addition in a tick
rate, bandwidth = 1e12 * gpu["limits"]["matrix_tflop_s"], 1e9 * gpu["limits"]["copy_gb_s"]
processor = 1e9 * timings["product_gflop_s"]
print(f"the card could do    {STATED / 1e12:>5.1f} TFLOP/s: thousand billion operations a second")
print(f"a large product does {rate / 1e12:>5.1f} TFLOP/s on it, measured")
print(f"and on the processor {processor / 1e12:>5.2f}, measured")
print(
    f"that is {rate / processor:.0f} times as fast; with all squares busy {STATED / processor:.0f}"
)
print(f"({gpu['machine']['card']}, {gpu['machine']['date']}, by benchmarks/gpu.py)")
assert 150 < rate / processor < 300 < STATED / processor < 528 / 1.5 and rate < STATED
assert processor / (2 * CORES * LANES) > 1.5 * CLOCK  # its clock ticks at least so often

# %% [markdown]
# The card has 528 times as many squares, which tick at two thirds of the pace: some 350 times as
# fast, if all are busy all the time. In one large product most of them are. This lesson is about
# how to keep them busy. For a training step the answer is another, and section 5 has a surprise.
#
# ## 1. What does not change
#
# CuPy is NumPy for graphics cards made with CUDA: the same names, arrays that live on the card. So
# the mathematics stays as it is. A function of the library asks its *arguments* where they live
# (`xp_of` gives the module `numpy` or `cupy`) and goes on with that. There is no global switch.
#
#     net.to("gpu")                                 # weights, gradients, running statistics
#     nn-scratch train segmentation --device gpu    # the same from the command line
#
# Random numbers are drawn by NumPy on the **host**, the CPU's side, and then moved, so that one
# seed gives the same net everywhere. Checkpoints are the same files.

# %%
print("arrays of module", xp_of(np.ones(3)).__name__)
print("a GPU here?", "yes" if why_no_gpu() is None else "no: the rest runs on the CPU")

# %% [markdown]
# ## 2. What changes: one small program for each number
#
# On the CPU we wrote loops, or calls that loop inside. On the card there is no loop over the
# outputs: you write what happens for *one* of them, a **kernel** (the word has nothing to do with a
# convolution's kernel), and the card starts it thousands of times at once, as **threads**. Threads
# come in **blocks** of a few hundred. Each is told its number within the block and its block's
# number, and from these it computes which output is its own:
#
# $$\text{at} = \text{block} \cdot \text{threads per block} + \text{thread} \tag{1}$$
#
# **Predict:** for 10 outputs and blocks of 4 threads, how many blocks are needed? How many threads
# have nothing to do?

# %%
count, block_size = 10, 4
blocks = -(-count // block_size)  # rounded up
assert (blocks, blocks * block_size - count) == (3, 2)
plot_threads(count, block_size)

# %% [markdown]
# Every thread of a block has its number in a square; the arrow shows the output that equation (1)
# gives it.
#
# Here is a kernel of the library, as it is compiled for the card: the gather of lesson 02, equation
# (2). `__global__` marks a function that the card starts as threads, and `__restrict__` promises
# that its arrays do not overlap. `blockIdx.x`, `blockDim.x` and `threadIdx.x` are the three numbers
# of equation (1).

# %%
source = (files("nn_scratch.engine") / "cuda" / "pool.cu").read_text(encoding="utf-8")


def kernel_text(name):
    """A kernel of pool.cu with the comment above it."""
    start = source.index(f"void {name}(")
    start = source.rindex("\n\n", 0, start) + 2
    return source[start : source.index("\n}", start) + 2]


print(kernel_text("gather"))

# %% [markdown]
# Note the line with `return`: the idle threads of the last block must do nothing. Forgotten, they
# would write behind the end of `y`, into whatever lies there, and nobody would say a word. (Below
# it, `at` is a place within a plane, one channel of one image, and the numbers along y give the
# first plane. Where there are more planes than threads for them, a thread takes several in turn.)
#
# We can run it by hand. A card in Python: every block, every thread, in any order. That the order
# must not matter is the first rule.


# %%
def launch(kernel, blocks, block_size, order=None, stop=None):
    """Call kernel(block, thread) for every thread of every block, or the first `stop` of them;
    `order` shuffles them."""
    threads = [divmod(at, block_size) for at in range(blocks * block_size)]
    for block, thread in (threads if order is None else order.permutation(threads))[:stop]:
        kernel(int(block), int(thread))


image = np.array([[1.0, 3, 2, 0], [4, 2, 1, 1], [0, 1, 5, 6], [2, 2, 7, 3]])
expected, switches = (a[0, 0] for a in ops.max_pool2d(image[None, None], 2))
y = np.zeros(4)


def gather(block, thread):
    at = block * 3 + thread
    if at >= y.size:
        return
    y[at] = image.ravel()[switches.ravel()[at]]


for seed in range(5):
    y[:] = 0
    launch(gather, blocks=2, block_size=3, order=np.random.default_rng(seed))
    assert np.array_equal(y.reshape(2, 2), expected)
print("the same result in any order:", y)

# %% [markdown]
# Now a picture: a scene of 40×40 pixels, pooled to 20×20. That is 400 outputs, a thread for each,
# in 7 blocks of 64. In whatever order the threads come, the picture appears:

# %%
scene = DigitSegmentation("test", 7).sample(0, 6)[0]
PER_BLOCK, WIDE = 64, 20


def pooled(
    blocks=-(-WIDE * WIDE // PER_BLOCK), forgetful=False, exchanged=False, order=None, stop=None
):
    """The scene, pooled on our card, and which block made which pixel: 0 for none."""
    y, maker = np.zeros(WIDE * WIDE), np.zeros(WIDE * WIDE, int)

    def kernel(block, thread):
        at = thread if forgetful else block * PER_BLOCK + thread
        if at >= y.size:
            return
        row, column = divmod(at, WIDE)
        if exchanged:
            row, column = column, row
        y[at] = scene[0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].max()
        maker[at] = block + 1

    launch(kernel, blocks, PER_BLOCK, order, stop)
    return y.reshape(WIDE, WIDE), maker.reshape(WIDE, WIDE)


shown = {"the scene": scene}
for done in 50, 150, 300, 448:
    picture, _ = pooled(order=np.random.default_rng(0), stop=done)
    shown[f"after {done} threads"] = picture[None]
assert np.array_equal(picture, ops.max_pool2d(scene[None], 2)[0][0, 0])
plot_images(shown, columns=5, size=1.55)

# %% [markdown]
# Kernels for a card are short, and each of their mistakes has a face of its own. Three students
# each got one thing wrong:
#
# - one forgot the block's number in equation (1): `at = thread`;
# - one divided 400 by 64 and rounded *down*;
# - one took the column for the row, when the thread looked up its window.
#
# **Predict** what each of the three pictures looks like.

# %%
right, maker = pooled()
assert np.array_equal(right, picture) and maker.min() == 1
plot_images(
    {
        "the scene": scene,
        "right": right[None],
        "which block made what": maker,
        "block number forgotten": pooled(forgetful=True)[0][None],
        "blocks rounded down": pooled(blocks=WIDE * WIDE // PER_BLOCK)[0][None],
        "column for row": pooled(exchanged=True)[0][None],
    },
    columns=3,
    size=2,
    class_names=["no block", *(f"block {number}" for number in range(7))],
)

# %% [markdown]
# All seven blocks crowd into the first 64 places. The last sixteen pixels stay black, which on a
# dark scene nobody notices for weeks. And a picture mirrored at its diagonal has the right numbers,
# all of them. No compiler complains of any of the three: that is why kernels need tests that
# compare.
#
# ## 3. Why the backward pass is turned around
#
# Max-pool's backward pass scatters, and adds where switches collide (lesson 02, equation (3)). One
# thread for each `dy` would do `dx[switch] += dy`. That is three steps: read, add, write. If two
# threads do them at the same time, both read the old value, and one of the two additions is lost.
# This is called a **race**:

# %%
dx = 0.0
first_reads = dx
second_reads = dx  # before the first has written
dx = first_reads + 1
dx = second_reads + 10
print("1 and 10 were added to 0; the sum is", dx)
assert dx == 10
plot_timeline(
    {
        "first thread": [(0, 2, "reads 0"), (2, 2, "adds 1"), (4, 2, "writes 1")],
        "second thread": [(1, 2, "reads 0"), (3, 2, "adds 10"), (5, 2, "writes 10")],
    },
    xlabel="ticks of the clock",
)

# %% [markdown]
# How likely is that? Let four threads add 1, 2, 3 and 4 to one place, each with one reading and one
# writing. Those eight events can happen in 2,520 orders, in which each thread reads before it
# writes, and a computer can try them all.
#
# **Predict:** in how many of the 2,520 is the sum 10?


# %%
def try_all_orders(dx, waiting, reading, left):
    """Count what is left in dx: `waiting` have yet to read, `reading` have yet to write."""
    if not waiting and not reading:
        left[dx] += 1
    for value in waiting:
        try_all_orders(dx, waiting - {value}, reading | {value: dx}, left)
    for value, seen in reading.items():
        others = {other: old for other, old in reading.items() if other != value}
        try_all_orders(seen + value, waiting, others, left)


left = Counter()
try_all_orders(0, {1, 2, 3, 4}, {}, left)
assert left.total() == 2520 and left[10] == 24
orders = {("the sum, 10" if n == 10 else f"{n}"): left[n] for n in range(1, 11)}
plot_bars(orders, xlabel="orders that leave this in dx")

# %% [markdown]
# In 24 of them, one in a hundred: only if the threads happen to take turns, and there are 4! = 24
# ways to take turns. More orders lead to any number from 1 to 9 than to the right one. And a card
# is not even so fair as to try all orders alike: 32 threads at a time, a **warp**, usually walk in
# step, so they all read before one of them writes.
#
# Cards have *atomic* additions, which do not lose any. But their order is chance, and with rounding
# the order matters: the same program may give other last digits in every run.

# %%
big, small = np.float32(1e8), np.float32(1)
print("(1e8 + 1) - 1e8 =", (big + small) - big, "   (1e8 - 1e8) + 1 =", (big - big) + small)
assert (big + small) - big != (big - big) + small

# %% [markdown]
# So the library's kernel turns the question around. Take an image in which all four windows of a
# 3×3 pool with stride 2 choose the same pixel:

# %%
bump = np.array([[1.0, 2, 0, 1, 3], [0, 4, 1, 2, 0], [2, 0, 9, 0, 1], [1, 3, 0, 2, 2], [0] * 5])
_, overlapping = ops.max_pool2d(bump[None, None], 3, stride=2)
dy = np.array([[1.0, 2], [3, 4]])
right = ops.max_pool2d_backward(dy[None, None], overlapping, (5, 5))[0, 0]
plot_arrays({"x": bump, "dy": dy, "dx": right}, cell=0.36)

# %%
plot_scatter_and_gather(overlapping[0, 0], (5, 5), kernel_size=3, stride=2)

# %% [markdown]
# The numbers go the same ways in both; what differs is who is at work. On the left the threads are
# the four windows above, at the tails of the arrows: all of them write to one place. On the right
# they are the *pixels* below, at the tips, one thread for each of the 25. A pixel asks all windows
# that can see it, in reading order: did you choose me? and adds up what they say. (Two pixels are
# shown; a dotted arrow is a "no".) Nobody writes where another one writes, and the sum always has
# the same order. Scatter has become gather:

# %%
print(kernel_text("scatter_add"))

# %% [markdown]
# Read it from its middle. The thread's pixel is `at`, in row `h` and column `w`. Window `p` begins
# in row $p \cdot s - \text{pad}$ and has $k$ rows; `p0` to `p1` are those that hold row `h`, and
# `q0` to `q1` the same for the column. The two inner loops ask them all, and `sum` is the thread's
# own. On our card, for this one pool:

# %%
dx = np.full(bump.size, np.nan)


def pixel_asks(block, thread):
    """scatter_add for a 3×3 pool with stride 2 and no padding."""
    at = block * 8 + thread
    if at >= dx.size:
        return
    h, w = divmod(at, 5)
    total = 0.0
    for p in range(max(0, (h - 2 + 1) // 2), min(1, h // 2) + 1):
        for q in range(max(0, (w - 2 + 1) // 2), min(1, w // 2) + 1):
            if overlapping[0, 0, p, q] == h * 5 + w:
                total += dy[p, q]
    dx[at] = total


launch(pixel_asks, blocks=4, block_size=8, order=np.random.default_rng(0))
assert np.array_equal(dx.reshape(5, 5), right)
print("the same dx, with the threads in any order")

# %% [markdown]
# ## 4. A convolution: sharing what was fetched
#
# Gather and scatter move numbers; a convolution computes. One thread for each output would fetch
# $C\,k^2$ pixels and as many weights: two numbers, eight bytes, for each multiplication and
# addition. The roofline of lesson 12 says what that means. But the threads of one block can share:
# they have a small, fast **shared memory**. In `conv.cu` a block of 128 threads makes a tile of
# 64×128 outputs, so each thread makes not one but 8×8 of them. (Or the tile has 32, 16 or 8 rows,
# if the convolution has no more channels.) Together they fetch a strip of each matrix, wait until
# all of it has come (`__syncthreads()`), multiply, and go on to the next strip. Here is one block
# at work in a product of the size of a small convolution, to scale. (The columns are those of
# lesson 12, but each block gathers its strips of them from the image.)

# %%
rows, columns, depth = 64, 128, 16
F, terms, places = 128, 32 * 9, 512
plot_tile(
    (F, terms, places),
    (rows, columns),
    depth,
    names=(
        f"weights, {F}×{terms}",
        f"columns, {terms}×{places}, never stored",
        f"output, {F}×{places}",
    ),
)

# %% [markdown]
# **Predict:** how many multiplications come with each number fetched? If all of them had to come
# from the card's memory, which was measured to move 3,000 billion bytes a second, would that be
# enough to keep the units busy?

# %%
products, fetched = rows * columns * depth, (rows + columns) * depth  # of one strip
assert products / fetched == rows * columns / (rows + columns)
print(f"{products} products for {fetched} numbers fetched: {products / fetched:.0f} for each")
ridge = rate / bandwidth
alone, shared = 2 / 8, 2 * products / (4 * fetched)
print(f"the card's roof turns flat at {ridge:.1f} operations for each byte")
print(f"a thread alone has {alone}: at most {alone / ridge:.1%} of the rate")
print(f"a block that shares has {shared:.1f}: memory need not hold it up")
assert alone < ridge < shared

# %% [markdown]
# What is a strip worth? Take the last convolution of a trained SegNet: 16 maps and a 5×5 kernel are
# 400 terms for each score, so 25 strips of 16. Stop after some of them, and ask the unfinished
# scores for their labels. **Predict** when the digits can be read.

# %%
net = pretrained("digits-segmentation")
scene = DigitSegmentation("test", 4).sample(0, 3)[0]
step = next(step for step in trace(net, scene[None]).steps if step.name == "classifier")
maps, layer = step.inputs[0].array[0], step.layer
padded = np.pad(maps, ((0, 0), (2, 2), (2, 2)))
windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
matrix = windows.transpose(0, 3, 4, 1, 2).reshape(400, -1)  # the columns, (C·k², P·Q)
scores = np.tile(layer.params["bias"][:, None], matrix.shape[1])
weights, stages = layer.params["weight"].reshape(11, 400), {"the scene": scene}
for strip in range(25):
    terms = slice(16 * strip, 16 * strip + 16)
    scores += weights[:, terms] @ matrix[terms]
    if strip + 1 in (1, 5, 10, 15, 20, 25):
        name = f"after {strip + 1} strip{'s' if strip else ''}"
        stages[name] = scores.reshape(11, *scene.shape[1:]).argmax(axis=0)
assert np.allclose(scores.reshape(11, *scene.shape[1:]), step.outputs[0].array[0], atol=1e-3)
fives = {name: (labels == CLASS_NAMES.index("5")).sum() for name, labels in stages.items()}
assert 0 < fives["after 15 strips"] < fives["after 10 strips"] / 1.5 < fives["after 25 strips"]
plot_images(stages, columns=4, size=1.9, class_names=CLASS_NAMES)

# %% [markdown]
# After 10 strips the digits can be read, and after 15 half of the 5 is taken for a 9: the labels do
# not come nearer strip by strip, for the terms that are missing can turn any of them. Nothing can
# be done with an unfinished sum but go on with it. So a block keeps its tile until the last strip:
# the running sums live in the fastest memory that there is, in the threads themselves, and each
# result is written to the card's memory once.
#
# Two mistakes are easy there, and no compiler finds them: to multiply before all have fetched, and
# to fetch again before all have multiplied. `benchmarks/planted_bugs.py` plants both in the
# library's kernels, and many other bugs, one at a time, and sees whether the tests catch each; on
# the CPU, without a card. What it found last is in `planted_bugs.json`:

# %%
planted = json.loads((Path("..") / "benchmarks" / "planted_bugs.json").read_text())
caught = sum(row["count"] for row in planted["bugs"] if row["how"] == "caught")
print(f"{caught} bugs were caught, {len(planted['missed'])} missed")
assert caught > 50 and not planted["missed"]

# %% [markdown]
# ### On the card
#
# So much for paper. Here are the library's pool and its convolution on the card, under the roof
# that was measured on it: the pool of lesson 02 (three comparisons for each output, and almost
# nothing but memory), and convolutions into 64 maps with 1×1, 3×3 and 7×7 weights.

# %% tags=["hide-input"]
rows_by_name = {row["name"]: row for row in gpu["rows"]}


def point(name, operations=None):
    """Operations for each byte that has to be moved, and operations a nanosecond."""
    row = rows_by_name[name]
    operations = operations or 2 * row["macs"]
    return operations / row["bytes"], operations / row["ms"]["kernels"] / 1e6


POOLED = 12 * 64 * 90 * 120  # outputs of the pool
points = {
    "pool 2×2": point("pool 2×2", 3 * POOLED),
    "1×1": point("convolution 1×1, 128 → 64, forward"),
    "3×3": point("convolution 3×3, 64 → 64, forward"),
    "7×7": point("convolution 7×7, 64 → 64, forward"),
}
slope, *flat = (
    reached / min(rate / 1e9, intensity * bandwidth / 1e9) for intensity, reached in points.values()
)
print(f"the pool reaches {slope:.0%} of the slope;")
print("the convolutions", ", ".join(f"{share:.0%}" for share in flat), "of the flat roof")
assert slope > 0.34 and flat == sorted(flat) and flat[0] > 0.34
plot_roofline(points, bandwidth=bandwidth / 1e9, rate=rate / 1e9)

# %% [markdown]
# All four come within a factor of three of what the card can do at all, each at its own end of the
# roof. The larger the kernel, the longer the sums, and the better. And beside others? **Predict**
# who is first: the same library without kernels of its own (plain CuPy, much as lesson 12 wrote it
# in NumPy), these kernels, or PyTorch, whose convolutions are those of the card's maker.

# %% tags=["hide-input"]
shown = {
    "convolution 1×1, forward": "convolution 1×1, 128 → 64, forward",
    "convolution 3×3, forward": "convolution 3×3, 64 → 64, forward",
    "convolution 3×3, gradient of x": "convolution 3×3, 64 → 64, input gradient",
    "convolution 3×3, gradient of w": "convolution 3×3, 64 → 64, weight gradient",
    "convolution 7×7, forward": "convolution 7×7, 64 → 64, forward",
    "convolution 7×7, gradient of x": "convolution 7×7, 64 → 64, input gradient",
    "convolution 7×7, gradient of w": "convolution 7×7, 64 → 64, weight gradient",
    "max-pool 2×2": "pool 2×2",
    "max-pool 2×2, backward": "pool backward 2×2",
    "unpool 2×2": "unpool 2×2",
    "unpool 2×2, backward": "unpool backward 2×2",
}
ways = "plain CuPy", "kernels", "PyTorch float32", "PyTorch TF32"
measured_ms = {
    name: {way: rows_by_name[row]["ms"][way] for way in ways if way in rows_by_name[row]["ms"]}
    for name, row in shown.items()
}
plot_ways(measured_ms, xlabel="milliseconds on the card, for 12 images")

# %% tags=["hide-input"]
for other in ways:
    if other != "kernels":
        ratios = [row[other] / row["kernels"] for row in measured_ms.values() if other in row]
        print(f"{other:<16} takes {min(ratios):.2f} to {max(ratios):.1f} of our time")

# %% [markdown]
# The axis is logarithmic: equal distances are equal ratios. Without kernels of its own the library
# would take about two to fourteen times as long. In float32 it is level with PyTorch or ahead at
# the pools and at the gradients of 3×3, and behind at the rest, by up to a factor of two and a
# half. With TF32 PyTorch is far ahead of both. For that it uses the card's *tensor cores*, which
# multiply small matrices at once, of numbers rounded to 11 binary digits. This library computes in
# single precision, with 24, and leaves them alone.
#
# One of the green triangles is strange. **Predict:** the gradient of x, 7×7, PyTorch in
# float32: how many operations a second would that be?

# %%
row = rows_by_name["convolution 7×7, 64 → 64, input gradient"]
would_be = 2e-9 * row["macs"] / row["ms"]["PyTorch float32"]
print(f"{would_be:.0f} TFLOP/s, on a card that can do {STATED / 1e12:.0f}")
assert would_be > STATED / 1e12

# %% [markdown]
# That cannot be. So not all of these products were made: there are ways to compute a convolution
# with fewer (Winograd's of lesson 12 for small kernels, a Fourier transform for large ones), and
# PyTorch tries several and takes the fastest. To be faster than the roof, change the question.

# %% [markdown]
# ## 5. When does it pay?
#
# Starting a kernel takes time, however little it does. Call it $t_0$. The host starts kernel after
# kernel and runs ahead (section 6), so starting and computing go on side by side, and the slower of
# the two decides. A training step with $n$ kernels, $F$ operations and $B$ bytes takes at least
#
# $$t = \max\!\left(n\,t_0,\; \frac{F}{\text{rate}},\; \frac{B}{\text{bandwidth}}\right) \tag{2}$$
#
# How large is $n\,t_0$? That can be measured without a card, for the host is a CPU, and what it
# does is what it does here: Python finds the next layer, checks shapes, makes arrays and calls. A
# net so small that there is nothing to compute takes that time and no other (lesson 12, section 9).
#
# **Predict:** a training step of a tiny SegNet takes some milliseconds of the CPU's time for one
# image of 16×16. How much longer does it take for eight?

# %% tags=["hide-input"]
tiny = SegNet(1, 11, widths=(4, 8, 8), kernel_size=3, rng=0)
batches = [1, 2, 4, 8, 16, 32, 64]


def step_milliseconds(n, least=0.5):
    """The shortest of several training steps with n images of 16×16."""
    task, optimizer, times = Segmentation(11), Adam(tiny), []
    batch = np.zeros((n, 1, 16, 16), np.float32), np.zeros((n, 16, 16), int)
    while sum(times) < least or len(times) < 5:
        start = time.process_time()
        tiny.zero_grad()
        task.step(tiny, batch)
        optimizer.step()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    timings["batch_ms"] = [step_milliseconds(n) for n in batches]
    Path("timings.json").write_text(json.dumps(timings, indent=1) + "\n")

# %%
measured = timings["batch_ms"]
for n, ms in zip(batches, measured, strict=True):
    print(f"{n:>3} images {ms:>7.2f} ms, {ms / n:>6.2f} for each")
host = measured[0]
print(f"eight images take {measured[3] / host:.2f} times as long as one")
assert measured[3] < 2 * host < measured[-1] and round(host) == 4

# %% [markdown]
# Eight times as many images take far less than eight times as long: in so small a step most of the
# time is spent on being started. With a card, the host has the same calls to make, and its part
# stays; only the work moves.
#
# From this we made a prediction, before a kernel of this library had ever run on a card. For a
# SegNet of the same number of layers: the host needs what it needs for one image of the tiny net,
# the card what its products take at full rate, and the slower decides. **Predict** with us: was
# that right? If not, which of the two parts was wrong? (8×3 96×128 means 8 images of 3 channels.)

# %%
steps = {
    row["name"].removeprefix("training step, "): row
    for row in gpu["rows"]
    if row["name"].startswith("training step, ")
}
training = json.loads((Path("..") / "benchmarks" / "training.json").read_text())["rows"]
two_cores = {row["net"]: row["median_ms"] for row in training if row["way"] == "threads"}
least = {name: 2e3 * row["macs"] / rate for name, row in steps.items()}  # milliseconds
name = "SegNet 8×3 96×128"
cpu, true = two_cores[name], steps[name]["ms"]["kernels"]
promised = max(host, least[name])
print(f"{name}: a training step takes {cpu:.0f} ms on two cores, measured")
part = f"the host {host:.1f} ms, the card {least[name]:.1f}"
print(f"predicted: {part}; {cpu / promised:.0f} times as fast")
print(f"measured: {true:.1f} ms; {cpu / true:.0f} times as fast")
assert least[name] < host < true / 2 and cpu / true > 8

# %% [markdown]
# Sixteen times as fast is a fine thing, and still: we were wrong, by a factor of three. Before you
# read on: was it the card or the host? Here is how long the steps of four nets take, and where they
# would end if the card did nothing but multiply.

# %%
plot_bars(
    {name: row["ms"]["kernels"] for name, row in steps.items()},
    xlabel="milliseconds of a training step on the card",
    least=least,
    mark="products at full rate",
)

# %% [markdown]
# The three small nets are done with multiplying before their bars have well begun. Only for the
# large one, a SegNet-Basic on images of 180×240, the products alone fill more than half of the
# step. What else there is to do a profiler has seen, which notes every kernel of such a step
# (`benchmarks/gpu_kernels.py`). **Predict:** how many kernels are there in one training step?

# %%
profile = json.loads((Path("..") / "benchmarks" / "gpu_kernels.json").read_text())
KINDS = {"conv_": "convolutions", "cupy_": "CuPy's arithmetic", "Device": "CuPy's arithmetic"}
counts, ms = Counter(), Counter()
for kernel, (count, milliseconds) in profile["kernels"].items():
    kind = next((k for start, k in KINDS.items() if kernel.startswith(start)), "our other kernels")
    counts[kind] += count
    ms[kind] += milliseconds
print(f"{counts.total()} kernels, which work for {ms.total():.1f} ms")
small = "CuPy's arithmetic"
print(f"{counts[small]} of them do {small}, in {1e3 * ms[small] / counts[small]:.1f} µs each")
per_kernel = 1e3 * steps[name]["ms"]["kernels"] / counts.total()
print(f"the step of {name}: {per_kernel:.0f} µs for a kernel, if it had as many")
assert ms["convolutions"] > 0.8 * ms.total() and counts[small] > 0.6 * counts.total()
assert per_kernel > 5 * 1e3 * ms[small] / counts[small]
bars = {f"{counts.total()} kernels": counts, f"{ms.total():.0f} ms of work": ms}
plot_shares(bars)

# %% [markdown]
# Four kernels of five are crumbs of CuPy: a sum, a root, a difference, in the optimizer and between
# the parts of batch norm. On the card they are 4 % of the work. But each must be started, and the
# smaller SegNet, which has fewer kernels than this one, takes more than 25 µs of its step for each:
# seven times as long as such a crumb works. So the host decides, as predicted. What we had not
# foreseen is how dear its calls are. We had measured those of NumPy. Those of CuPy also pack the
# arguments, look for the compiled kernel and pass it to the driver; and the card's host is another
# processor than ours. How much of the factor is due to which, these numbers do not say.
#
# Who else can start things faster? All at once, in milliseconds:

# %%
plot_ways(
    {
        name: {way: row["ms"][way] for way in ways}
        | ({"no card, two cores": two_cores[name]} if name in two_cores else {})
        for name, row in steps.items()
    },
    xlabel="milliseconds of a training step",
)

# %% [markdown]
# PyTorch's small steps are two to three and a half times shorter. And TF32, which made its
# convolutions so fast, makes these steps hardly shorter: they wait for something else than
# products, there too. For SegNet-Basic it helps.
#
# So when does it pay? Where the card has more to do than the host: with large images, large
# batches, many channels. With one image the tiny net above could only lose: its 4 ms a step on a
# CPU are fewer than the 12 that the card's host needs for a SegNet of as many layers. And
# frameworks take pains to *fuse* several operations into one kernel, so that there is less to
# start: here batch norm and ReLU, and softmax and cross-entropy. The optimizer would be next.
#
# ## 6. Do not wait
#
# The host does not wait for the card: it queues kernel after kernel and runs ahead. It has to wait
# as soon as it wants to *see* a number, and then the card idles until the queue is filled again.
# Here are three training steps of two kernels each, as equation (2) sees them: a kernel takes
# 5 µs to start and works for 6. **Predict:** how much longer do the three steps take, if the host
# looks at the loss after each? And what if the kernels work for much longer, or much less?


# %%
def schedule(look, steps=3, kernels=2, start=5, work=6):
    """Pieces of what host and card do; `look`: whether the host waits for the loss of each step."""
    host, card, now, free = [], [], 0, 0
    for _ in range(steps):
        for _ in range(kernels):
            host.append((now, start, "starts a kernel"))
            now += start
            begin = max(now, free)
            card.append((begin, work, "works"))
            free = begin + work
        if look:
            host.append((now, free - now, "waits for the loss"))
            now = free
    return host, card, free


waiting, ahead = schedule(look=True), schedule(look=False)
print(f"{waiting[2]} µs with looking, {ahead[2]} µs without")
assert (waiting[2], ahead[2]) == (3 * (5 + 2 * 6), 5 + 6 * 6)
longer = {
    work: schedule(True, 100, work=work)[2] / schedule(False, 100, work=work)[2]
    for work in (100, 20, 6, 5, 2, 0.5)
}
print("with 100 steps:", ", ".join(f"{work} µs {times:.2f}×" for work, times in longer.items()))
assert max(longer, key=longer.get) == 5 and max(longer[100], longer[0.5]) < 1.06
rows = {
    "looking: host": waiting[0],
    "looking: card": waiting[1],
    "ahead: host": ahead[0],
    "ahead: card": ahead[1],
}
plot_timeline(rows, xlabel="microseconds", kinds=["starts a kernel", "works", "waits for the loss"])

# %% [markdown]
# So `print(loss)` in every step is dearest where card and host have about as much to do: then each
# stands still while it could work beside the other. If one is much slower anyway, looking costs
# next to nothing (the small SegNet of section 5 takes as long with waiting as without,
# `benchmarks/README.md`). You seldom know which it is; so `fit` leaves the losses on the card and
# fetches those of 20 steps at once; labels are checked before they are moved; and a test counts the
# waits within a training step of the library's nets: there are none.
#
# ## 7. Break it on purpose
#
# First, the race of section 3. A pool's backward pass as a scatter: here all threads read before
# the first one writes, as may happen on a card. It is the mistake of lesson 02 in new clothes, and
# the checker knows it:


# %%
def max_pool2d_backward(dy, switches, input_size, **geometry):
    """Wrong: one thread for each dy, and nobody waits for anybody."""
    dx = np.zeros((*dy.shape[:2], input_size[0] * input_size[1]))
    for plane in np.ndindex(dy.shape[:2]):
        places, values = switches[plane].ravel(), dy[plane].ravel()
        read = dx[plane][places]  # every thread reads its place,
        dx[plane][places] = read + values  # and only then they write
    return dx.reshape(*dy.shape[:2], *input_size)


report = check_exercise("max_pool2d_backward", max_pool2d_backward)
assert not report.ok
report

# %% [markdown]
# (With luck the threads take turns and the result is right, so a test may pass many times. That is
# why the library has no such additions at all.)
#
# Second, a thread that forgets to ask whether it has anything to do. NumPy raises an error; a card
# does not:


# %%
def careless(block, thread):
    at = block * 3 + thread
    y[at] = expected.ravel()[at]


try:
    launch(careless, blocks=2, block_size=3)
except IndexError as error:
    print("NumPy says:", error)

# %% [markdown]
# ## 8. Exercises
#
# 1. Write the kernel of nearest unpooling in Python for `launch`: one thread for each *output*
#    pixel, which computes from which input it comes. Then its backward pass: one thread for each
#    *input* pixel. Compare with `ops.nearest_unpool2d` and its backward pass. Why would one thread
#    for each output be wrong for the latter?
# 2. Read `product` and `conv_forward` in `nn_scratch/engine/cuda/conv.cu` and find in them: what
#    became of equation (1), the strips that are fetched, the padding.
# 3. If you have a card: run `benchmarks/gpu.sh`, and profile a step of a small net with Python's
#    `cProfile`. Which calls does the host spend its time in? Could two of them become one kernel?
#
# ## Remember
#
# - The mathematics stays; a kernel says what one thread does, for one output or a few, and equation
#   (1) for which.
# - Two threads must never write to one place: turn a scatter around into a gather.
# - Starting costs: few, large kernels; and do not wait for numbers that nobody needs yet.
# - A prediction is worth making, and worth checking: ours was right about who decides, and wrong by
#   a factor of three about how long it takes.
#
# **What is missing?** Fast or slow, all images so far were made for the purpose. Lesson 14 takes
# real ones.
#
# ## Read on
#
# - S. Chetlur et al., [cuDNN](https://arxiv.org/abs/1410.0759): convolution as a tiled product
# - NVIDIA, [Hopper architecture
#   in depth](https://developer.nvidia.com/blog/nvidia-hopper-architecture-in-depth/): how the card
#   above is built, and its [data sheet](https://www.nvidia.com/en-us/data-center/h100/)
# - A. Zhang et al., [Dive into Deep
#   Learning](https://d2l.ai/chapter_computational-performance/hardware.html), section 13.4: what
#   memories, buses and networks cost
#
# ← [12 From seven loops to the speed of a framework](12_from_loops_to_speed.ipynb)
# · [all lessons](README.md)
# · [14 Real photographs](14_real_photographs.ipynb) →
