# %% [markdown]
# # 12 · From seven loops to the speed of a framework
#
# **The question:** the definition of a convolution is seven nested loops, and in Python they are
# hopelessly slow. What makes the same sum a thousand, ten thousand times faster, and where does it
# end?
#
# You need: lesson 01. About 30 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster **12** [13](13_on_the_gpu.ipynb) · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import json
import os
import platform
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

try:
    from nn_scratch import ops
    from nn_scratch.engine.cpu.threads import thread_count
    from nn_scratch.exercises import check_exercise
    from nn_scratch.graph.cost import cost
    from nn_scratch.nets import SegNet
    from nn_scratch.plotting import (
        plot_arrays,
        plot_bars,
        plot_roofline,
        plot_shares,
        plot_timeline,
    )
    from nn_scratch.training import Adam, Segmentation
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# Six programs, one convolution, the same numbers to the last digit. The bars say how long each of
# them takes; from one line to the next it is ten times as long.

# %% tags=["hide-input"]
timings = json.loads(Path("timings.json").read_text())


def in_words(seconds):
    """Seconds as one says them."""
    if seconds > 90:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds:.1f} seconds" if seconds > 1 else f"{1e3 * seconds:.1f} milliseconds"


waits = {
    name: 2 * (8 * 64 * 48 * 64) * (32 * 3 * 3) / rate / 1e9  # section 1: how many operations
    for name, rate in timings["gflop_s"].items()
}
texts = {name: in_words(seconds) for name, seconds in waits.items()}
plot_bars(waits, xlabel="seconds", texts=texts, logarithmic=True)

# %% [markdown]
# The first is what the definition says, word for word. You could make tea meanwhile. The last is
# over before a film shows its next picture. This lesson climbs down these six stairs, one at a
# time, and then asks why there is no seventh.
#
# ## 1. Count first
#
# For $N$ images, $C$ input channels, $F$ output channels, $P \times Q$ output pixels and a kernel
# of $k \times k$, a convolution takes
#
# $$\text{operations} = 2 \cdot N\,F\,P\,Q \cdot C\,k^2 \tag{1}$$
#
# one multiplication and one addition for each term. **Predict** the number for 8 images of 48×64
# pixels, 32 channels in, 64 out, a 3×3 kernel. How long does that take at one operation in a
# nanosecond?

# %%
N, C, F, P, Q, k = 8, 32, 64, 48, 64, 3
count = 2 * N * F * P * Q * C * k**2
print(f"{count / 1e9:.2f} billion operations: {count / 1e9:.2f} seconds at one a nanosecond")

# %% [markdown]
# A unit for what follows: one **GFLOP/s** is a billion operations per second, one per nanosecond. A
# Python loop does far less. A processor core does far more: one of its instructions multiplies
# eight or sixteen numbers, and adds them up as well.
#
# ## 2. Seven loops
#
# The definition, equation (1) of lesson 01 with all of its loops.


# %%
def seven_loops(x, w):
    """x (N, C, H, W), w (F, C, k, k) -> y (N, F, P, Q), one number at a time."""
    (n, c, height, width), (f, _, k, _) = x.shape, w.shape
    y = np.zeros((n, f, height - k + 1, width - k + 1), x.dtype)
    for image in range(n):
        for filter_ in range(f):
            for p in range(y.shape[2]):
                for q in range(y.shape[3]):
                    for channel in range(c):
                        for i in range(k):
                            for j in range(k):
                                y[image, filter_, p, q] += (
                                    x[image, channel, p + i, q + j] * w[filter_, channel, i, j]
                                )
    return y


# %% [markdown]
# ## 3. Let NumPy do the inner loops
#
# What does one term of that sum cost, one multiplication and one addition? **Predict:** how many
# times more than it would cost a core that did nothing else?

# %%
in_python = 2 / timings["gflop_s"]["seven loops"]
at_best = 2 / timings["one_core"]["product_gflop_s"]
print(f"a term of the seven loops: {in_python:.0f} ns; in a large matrix product: {at_best:.3f} ns")
assert in_python > 1000 * at_best

# %% [markdown]
# Python looks up names, finds four indices in an array, makes an object of every number it reads,
# and then, at last, multiplies. It does so whether the operands are two numbers or two arrays. So
# let one step do much. First the three innermost loops: a window times a kernel is one call. There
# remain as many calls as there are outputs.


# %%
def window_by_window(x, w):
    """Four loops; C·k² terms in each call."""
    (n, _, height, width), (f, _, k, _) = x.shape, w.shape
    y = np.zeros((n, f, height - k + 1, width - k + 1), x.dtype)
    for image in range(n):
        for filter_ in range(f):
            for p in range(y.shape[2]):
                for q in range(y.shape[3]):
                    y[image, filter_, p, q] = (x[image, :, p : p + k, q : q + k] * w[filter_]).sum()
    return y


# %% [markdown]
# ## 4. Turn the loops inside out
#
# The order of a sum does not matter. Loop over the *kernel's* taps instead: for tap $(i, j)$, every
# output needs the image shifted by $(i, j)$, times one matrix of weights. For a 3×3 kernel that is
# 9 steps in all, each a matrix product. NumPy hands it to BLAS, a library that knows the processor.


# %%
def tap_by_tap(x, w):
    """Two loops; each a matrix product (F, C) (C, N·P·Q)."""
    (n, c, height, width), (f, _, k, _) = x.shape, w.shape
    rows, columns = height - k + 1, width - k + 1
    y = np.zeros((f, n * rows * columns), x.dtype)
    for i in range(k):
        for j in range(k):
            seen = x[:, :, i : i + rows, j : j + columns]
            y += w[:, :, i, j] @ seen.transpose(1, 0, 2, 3).reshape(c, -1)
    return np.ascontiguousarray(y.reshape(f, n, rows, columns).swapaxes(0, 1))


# %% [markdown]
# One image, one filter, a 2×2 kernel: four taps. Each tap sees the framed piece of the image, times
# its weight; the four pictures below, added cell by cell, are the output. No window is ever cut
# out.

# %%
image = np.array([[1.0, 3, 2, 0], [4, 2, 1, 1], [0, 1, 5, 6], [2, 2, 7, 3]])
kernel = np.array([[1.0, -1], [2, 0]])
taps = list(np.ndindex(2, 2))
seen = {f"tap {i}, {j}": image for i, j in taps}
parts = {
    f"times {kernel[i, j]:g}": kernel[i, j] * image[i : i + 3, j : j + 3] + 0.0 for i, j in taps
}
total = {"their sum": sum(parts.values())}
assert np.array_equal(total["their sum"], ops.conv2d(image[None, None], kernel[None, None])[0, 0])
frames = {name: (i, j, 3, 3) for name, (i, j) in zip(seen, taps, strict=True)}
plot_arrays(seen | parts | total, columns=4, cell=0.36, marks=frames)

# %% [markdown]
# ## 5. One product
#
# Nine products add nine times into `y`, which is large. Better to copy all windows into columns
# first (im2col, lesson 01) and sum inside *one* product: the matrix library keeps the running sum
# inside the processor, where reading and writing cost nothing. Of the same image, with the window
# that begins in row 1 and column 1, and where it went:

# %%
windows = np.lib.stride_tricks.sliding_window_view(image, (2, 2))
shown = {
    "image": image,
    "its windows as columns": windows.reshape(9, 4).T,
    "kernel, as a row": kernel.reshape(1, 4),
    "kernel times columns": kernel.reshape(1, 4) @ windows.reshape(9, 4).T,
}
frames = {"image": (1, 1, 2, 2), "its windows as columns": (0, 4, 4, 1)}
frames["kernel times columns"] = (0, 4, 1, 1)
assert np.array_equal(shown["kernel times columns"].reshape(3, 3), total["their sum"])
plot_arrays(shown, columns=2, cell=0.36, marks=frames)

# %% [markdown]
# In code:


# %%
def one_product(x, w):
    """No loop: (F, C·k²) (C·k², N·P·Q)."""
    (n, c, _, _), (f, _, k, _) = x.shape, w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    rows, columns = windows.shape[2:4]
    matrix = windows.transpose(1, 4, 5, 0, 2, 3).reshape(c * k * k, -1)  # the copy happens here
    y = w.reshape(f, -1) @ matrix
    return np.ascontiguousarray(y.reshape(f, n, rows, columns).swapaxes(0, 1))


# %% [markdown]
# ## 6. The library's
#
# The copy is nine times the image. It does not fit the cache, the small, fast memory beside each
# core, so it is written to main memory and read back. The library cuts the work into **blocks**,
# some rows of one image each: the columns of a block fit the cache, and blocks are independent, so
# that each core can take the next one, in a **thread** of its own. For 3×3, 5×5 and 7×7 kernels
# with more channels it also multiplies less (Winograd's trick: for 3×3, 36 products for 16 outputs
# instead of 144). Read `nn_scratch/engine/cpu/im2col.py` and `winograd.py` beside it.
#
# First of all: are they all the same function?

# %%
VERSIONS = {
    "seven loops": seven_loops,
    "window by window": window_by_window,
    "tap by tap": tap_by_tap,
    "one product": one_product,
    "nn_scratch, 1 thread": ops.conv2d,
    "nn_scratch, all cores": ops.conv2d,
}
rng = np.random.default_rng(0)
x = rng.integers(-3, 4, (2, 3, 7, 6)).astype(np.float32)
w = rng.integers(-3, 4, (4, 3, 3, 3)).astype(np.float32)
for name, convolve in VERSIONS.items():
    assert np.array_equal(convolve(x, w), ops.conv2d(x, w)), name
print("all", len(VERSIONS), "agree, to the last digit")

# %% [markdown]
# ## 7. Measured
#
# Timings differ from machine to machine and from minute to minute. Those shown here were taken once
# and stored in `timings.json` and `parts.json`, together with what that machine can do at most: the
# rate of a large matrix product, and how fast it copies memory. To take them on yours:
#
#     cd lessons && NN_SCRATCH_MEASURE=1 python 12_from_loops_to_speed.py
#
# The slow versions are measured on smaller images; the *rate* is what is compared. The folded cell
# takes them, the other prints them.


# %% tags=["hide-input"]
def best_seconds(call, least=0.3):
    """The shortest of several runs, of `least` seconds in all: the one least disturbed."""
    call()
    times = []
    while sum(times) < least or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def measure():
    """GFLOP/s of every version, and the machine's limits."""
    sizes = {"seven loops": (1, 4, 12, 12, 4), "window by window": (1, 32, 20, 20, 16)}
    rates, threads = {}, os.environ.get("NN_SCRATCH_THREADS", str(thread_count()))
    for name, convolve in VERSIONS.items():
        os.environ["NN_SCRATCH_THREADS"] = "1" if name.endswith("1 thread") else threads
        n, c, height, width, f = sizes.get(name, (8, 32, 50, 66, 64))
        x = rng.standard_normal((n, c, height, width), np.float32)
        w = rng.standard_normal((f, c, 3, 3), np.float32)
        operations = 2 * n * f * (height - 2) * (width - 2) * c * 9
        rates[name] = operations / best_seconds(lambda f=convolve, x=x, w=w: f(x, w)) / 1e9
    a, b = np.ones((2, 2048, 2048), np.float32)
    source, target = np.ones((2, 1 << 25), np.float32)
    return {
        "machine": f"{platform.machine()}, {thread_count()} cores, NumPy {np.__version__}",
        "gflop_s": rates,
        "product_gflop_s": 2 * 2048**3 / best_seconds(lambda: a @ b, 2) / 1e9,
        "copy_gb_s": 2 * source.nbytes / best_seconds(lambda: np.copyto(target, source), 2) / 1e9,
    }


if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    timings |= measure()
    Path("timings.json").write_text(json.dumps(timings, indent=1) + "\n")

# %%
rates = timings["gflop_s"]
print(timings["machine"])
for name, rate in rates.items():
    print(f"{name:<24}{rate:>12.4f} GFLOP/s {rate / rates['seven loops']:>10,.0f} times the loops")
print(f"{'a large matrix product':<24}{timings['product_gflop_s']:>12.4f} GFLOP/s")
stairs = list(rates.values())
steps = [after / before for before, after in pairwise(stairs)]
print("from each to the next:", ", ".join(f"×{step:.3g}" for step in steps))
assert min(steps[:2]) > 5 * max(steps[2:])

# %% [markdown]
# The two steps that count most: from Python's numbers to whole arrays, and from many small calls to
# matrix products. What comes after is worth a factor of a few, the second core included: a call of
# a few milliseconds is soon over, and its threads wait for each other at the end.
#
# ## 8. Where does it end? The roofline
#
# A program can be held up by two things: arithmetic, or fetching the numbers. What decides is how
# many operations it does for each byte it moves, its **intensity**:
#
# $$\text{rate} \le \min(\text{arithmetic limit},\;
#   \text{intensity} \times \text{bandwidth}) \tag{2}$$
#
# Drawn with both axes logarithmic, that is a roof with a slope and a flat part (Williams et al.
# 2009). **Predict** on which part these stand: ReLU (1 operation for each 8 bytes, one number read
# and one written); a 3×3 convolution with 32 → 64 channels; the same convolution as *one product*,
# with its copies.


# %%
def intensity(n, c, f, pixels, k, copies=0):
    """Operations for each byte: x is read, y is written; each copy is written and read again."""
    operations = 2 * n * f * pixels * c * k * k
    numbers = n * pixels * (c + f + 2 * copies * c)
    return operations / (4 * numbers)


shape = {"n": 8, "c": 32, "f": 64, "pixels": 48 * 64, "k": 3}
points = {
    "one product": (intensity(**shape, copies=9), rates["one product"]),
    "nn_scratch": (intensity(**shape), rates["nn_scratch, all cores"]),
}
ridge = timings["product_gflop_s"] / timings["copy_gb_s"]
print(f"the roof turns flat at {ridge:.0f} operations for each byte")
for name, (found, _) in {"ReLU": (1 / 8, 0), **points}.items():
    print(f"{name:<14}{found:>8.3g}")
assert 1 / 8 < ridge < points["one product"][0] < points["nn_scratch"][0]
relu_rate = timings["copy_gb_s"] / 8  # on the slope, if nothing but memory holds it up
plot_roofline(
    {"ReLU (at most)": (1 / 8, relu_rate), **points},
    timings["copy_gb_s"],
    timings["product_gflop_s"],
)

# %% [markdown]
# - ReLU, pooling, batch norm stand far out on the slope: arithmetic is free there, and what helps
#   is to pass over the memory less often. So the library does batch norm and ReLU in *one* pass.
# - Both convolutions stand under the flat part, *one product* too: its copies could be fetched fast
#   enough, if only fetching and multiplying went on at the same time. Do they? A roof cannot say:
#   it is an upper bound, no more. To know where the time goes, measure the parts.
#
# **Predict:** which part of its time does *one product* spend on its copies? And the library is
# faster still; because it copies less?


# %% tags=["hide-input"]
def processor_ms(call, runs=10):
    """Milliseconds of this process's own time, the shortest of some runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def parts_of_one_product():
    """What `one_product` does, one after the other; and the library's way, as a whole."""
    x = rng.standard_normal((8, 32, 50, 66), np.float32)
    w = rng.standard_normal((64, 32, 3, 3), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    windows = windows.transpose(1, 4, 5, 0, 2, 3)
    columns = windows.reshape(32 * 9, -1)
    y = w.reshape(64, -1) @ columns
    return {
        "copy windows": processor_ms(lambda: windows.reshape(32 * 9, -1)),
        "multiply": processor_ms(lambda: w.reshape(64, -1) @ columns),
        "put in order": processor_ms(
            lambda: np.ascontiguousarray(y.reshape(64, 8, 48, 64).swapaxes(0, 1))
        ),
        "block by block, all in the cache": processor_ms(lambda: ops.conv2d(x, w)),
    }


if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    os.environ["NN_SCRATCH_THREADS"] = "1"
    with threadpool_limits(1):
        measured = {"one_product_ms": parts_of_one_product()}
    os.environ.pop("NN_SCRATCH_THREADS")
    Path("parts.json").write_text(json.dumps(measured, indent=1) + "\n")

# %%
measured = json.loads(Path("parts.json").read_text())["one_product_ms"]
*parts, (blocks, library_ms) = measured.items()
ends = np.cumsum([0, *(ms for _, ms in parts)])
pieces = [(start, ms, what) for start, (what, ms) in zip(ends[:-1], parts, strict=True)]
copies = 1 - dict(parts)["multiply"] / ends[-1]
print(f"one product, on one core: {ends[-1]:.1f} ms, of which the copies take {copies:.0%}")
best = timings["one_core"]["product_gflop_s"]
for what, ms in {"its product": dict(parts)["multiply"], "nn_scratch": library_ms}.items():
    print(f"{what:<12}{count / ms / 1e6:>6.0f} GFLOP/s, counted by equation (1)")
print(f"{'at most':<12}{best:>6.0f} GFLOP/s: a large product on one core")
assert copies < 0.3 and count / dict(parts)["multiply"] / 1e6 < best < count / library_ms / 1e6
plot_timeline(
    {"one product": pieces, "nn_scratch": [(0, library_ms, blocks)]},
    xlabel="milliseconds of one core",
    kinds=list(measured),
)

# %% [markdown]
# The copies, which everybody blames, are the small part. The product takes the rest, a little
# slower than a large one would be. And the library goes *through the roof*, with a rate that no
# product on this core can reach. There is only one way to do that: not to do all the
# multiplications that equation (1) counts. That is Winograd's trick at work, and what helps under
# the flat part: use the arithmetic fully, or do less of it.
#
# ## 9. Where a step's time goes
#
# A roof tells what one op could reach. Whether that op matters is another question: a training step
# has many. So measure the parts. Each layer's `forward` and `backward` is wrapped in a stopwatch,
# which counts processor time on one core, so that nothing else that runs disturbs it. What no
# stopwatch saw is the loss, the optimizer, and Python itself. For the roof, count too: a forward
# pass reads $x$ and writes $y$; a backward pass reads $\partial L/\partial y$ and $x$, and writes
# $\partial L/\partial x$; and a convolution multiplies three times what equation (1) says.
#
# **Predict:** in a net of 3×3 convolutions, batch norms, pools and unpools, which share do the
# convolutions take? And in a tiny net, for a single small image?

# %% tags=["hide-input"]
KINDS = ("Conv2d", "BatchNormReLU2d", "MaxPool2d", "MaxUnpool2d")


def split_a_step(net, shape, steps):
    """Milliseconds of the shortest of some steps, and of each kind of layer in it; its bytes."""
    spent, moved = [], Counter()

    def stopwatch(kind, way, call):
        def timed(array):
            start = time.process_time()
            result = call(array)
            spent[-1][kind] += 1e3 * (time.process_time() - start)
            if way == "forward" and len(spent) == 1:
                moved[kind] += 3 * array.nbytes + 2 * result.nbytes
            return result

        return timed

    for _, layer in net.named_modules():
        kind = type(layer).__name__
        for way in ("forward", "backward") if kind in KINDS else ():
            vars(layer)[way] = stopwatch(kind, way, getattr(layer, way))
    images = np.random.default_rng(0).random(shape, np.float32)
    batch = images, np.zeros((shape[0], *shape[2:]), int)
    task, optimizer, macs = Segmentation(11), Adam(net), Counter()
    for _ in range(steps):
        spent.append(Counter())
        start = time.process_time()
        net.zero_grad()
        task.step(net, batch)
        optimizer.step()
        whole = 1e3 * (time.process_time() - start)
        spent[-1]["loss, optimizer, Python"] = whole - sum(spent[-1].values())
    for _, layer in net.named_modules():
        for way in ("forward", "backward"):
            vars(layer).pop(way, None)
    for row in cost(net, images)[:-1]:
        macs[row.layer] += row.macs or 0
    return {
        kind: {"ms": ms, "operations": 6 * macs[kind], "bytes": moved[kind]}
        for kind, ms in min(spent, key=lambda parts: sum(parts.values())).items()
    }


STEPS = {
    "SegNet, 8 images of 3×96×128": ((3, 11, (32, 64, 64)), (8, 3, 96, 128), 24),
    "a tiny SegNet, 1 image of 1×16×16": ((1, 11, (4, 8, 8)), (1, 1, 16, 16), 200),
}


def one_core():
    """The parts of both steps, and what one core can do at most, in processor time."""
    with threadpool_limits(1):
        a, b = np.ones((2, 1024, 1024), np.float32)
        source, target = np.ones((2, 1 << 24), np.float32)
        spent = {"product": [], "copy": []}
        for _ in range(20):
            start = time.process_time()
            a @ b
            spent["product"].append(time.process_time() - start)
            start = time.process_time()
            np.copyto(target, source)
            spent["copy"].append(time.process_time() - start)
        return {
            "product_gflop_s": 2 * 1024**3 / min(spent["product"]) / 1e9,
            "copy_gb_s": 2 * source.nbytes / min(spent["copy"]) / 1e9,
            "steps": {
                name: split_a_step(SegNet(*arguments, rng=0), shape, steps)
                for name, (arguments, shape, steps) in STEPS.items()
            },
        }


if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    os.environ["NN_SCRATCH_THREADS"] = "1"
    timings["one_core"] = one_core()
    os.environ.pop("NN_SCRATCH_THREADS")
    Path("timings.json").write_text(json.dumps(timings, indent=1) + "\n")
measured = timings["one_core"]["steps"]

# %%
plot_shares(
    {name: {kind: p["ms"] for kind, p in parts.items()} for name, parts in measured.items()}
)

# %% [markdown]
# And how far from the roof is each? The mark is the least that equation (2) allows: the time of the
# arithmetic, or of fetching and writing the arrays once, whichever is longer.


# %%
def least_ms(part):
    """Equation (2), for a kind of layer in a step, on one core."""
    core = timings["one_core"]
    arithmetic = part["operations"] / core["product_gflop_s"]
    return max(arithmetic, part["bytes"] / core["copy_gb_s"]) / 1e6


large, tiny = measured.values()
whole = {what: sum(part["ms"] for part in parts.values()) for what, parts in measured.items()}
for what, ms in whole.items():
    print(f"{what}: {ms:.1f} ms a step")
rest = 1 - large["Conv2d"]["ms"] / sum(part["ms"] for part in large.values())
print(f"with convolutions that take no time the large net would be {1 / rest:.1f} times as fast")
by_roof = sum(map(least_ms, tiny.values()))
times_longer = sum(part["ms"] for part in tiny.values()) / by_roof
print(f"the tiny net's step takes {times_longer:.0f} times as long as its arithmetic and memory")
assert large["Conv2d"]["ms"] == max(part["ms"] for part in large.values())
assert large["BatchNormReLU2d"]["ms"] > 3 * least_ms(large["BatchNormReLU2d"])
assert times_longer > 100
plot_bars(
    {kind: part["ms"] for kind, part in large.items()},
    xlabel="milliseconds of the large net's step, on one core",
    least={kind: least_ms(part) for kind, part in large.items() if part["bytes"]},
    mark="the least that the roof allows",
)

# %% [markdown]
# Three things that no roof shows:
#
# - **Shares.** Convolutions take most of the large net's step, so they come first. But what remains
#   when they are free is a floor: this is Amdahl's law, and the printed factor is all that could
#   ever be gained there.
# - **Distance.** Convolutions nearly touch the roof. Batch norm, ReLU, pools and unpools do hardly
#   any arithmetic, and still take several times what memory allows: each is a handful of NumPy
#   calls, each call passes over the arrays anew, and results go to memory that was not touched
#   before. That is a reason to fuse them, and it shows only here.
# - **Fixed costs.** The tiny net has next to nothing to compute, and takes its time all the same:
#   Python looks up names, checks shapes and makes arrays, the same for sixteen pixels as for
#   sixteen thousand. Larger batches are the remedy, and lesson 13 meets the same cost again on a
#   card.
#
# `python benchmarks/split.py` looks one floor deeper, into the convolution itself: products, the
# transforms of Winograd's trick, gathering, and the waiting of one thread for another.
#
# ## 10. Break it on purpose
#
# `sliding_window_view` copies nothing: it is a view in which the same memory appears many times.
# Writing into such a view is a mistake that no error reports if you force it:

# %%
line = np.zeros(6, np.float32)
windows = np.lib.stride_tricks.sliding_window_view(line, 3, writeable=True)
windows += 1  # meant: add 1 to each window
windows_of_each = np.convolve(np.ones(4), np.ones(3))
print("each pixel lies in", windows_of_each, "windows, but holds", line)
assert not np.array_equal(line, windows_of_each)

# %% [markdown]
# The sums are wrong, as with the colliding switches of lesson 02. The place where this happens is
# the convolution's input gradient: equation (6) of lesson 01 adds to all windows.


# %%
def conv2d_backward(dy, x, w, *, stride, padding):
    """Wrong: adds to all windows at once, and they overlap."""
    (sh, sw), (ph, pw) = np.broadcast_to(stride, 2), np.broadcast_to(padding, 2)
    dx = np.pad(np.zeros_like(x), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(dx, w.shape[2:], (2, 3), writeable=True)
    windows[:, :, ::sh, ::sw] += np.einsum("nfpq,fcij->ncpqij", dy, w)
    _, dw, db = ops.conv2d_backward(dy, x, w, stride=stride, padding=padding)
    return dx[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]], dw, db


report = check_exercise("conv2d_backward", conv2d_backward)
assert not report.ok
report

# %% [markdown]
# Of one tap, $(i, j)$, no two windows have the same pixel. So a loop over the taps is right. (It is
# the adjoint of im2col, and is called **col2im**.)


# %%
def conv2d_backward_by_taps(dy, x, w, *, stride, padding):
    """The same, one tap after the other."""
    (sh, sw), (ph, pw) = np.broadcast_to(stride, 2), np.broadcast_to(padding, 2)
    dx = np.pad(np.zeros_like(x), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(dx, w.shape[2:], (2, 3), writeable=True)
    for i, j in np.ndindex(w.shape[2:]):
        windows[:, :, ::sh, ::sw, i, j] += np.einsum("nfpq,fc->ncpq", dy, w[:, :, i, j])
    _, dw, db = ops.conv2d_backward(dy, x, w, stride=stride, padding=padding)
    return dx[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]], dw, db


assert check_exercise("conv2d_backward", conv2d_backward_by_taps).ok
print("right in every case")

# %% [markdown]
# ## 11. Exercises
#
# 1. Write the *weight gradient* of `tap_by_tap`: equation (5) of lesson 01 is one matrix product
#    for each tap. Compare with `ops.conv2d_backward`.
# 2. What is the intensity of a 1×1 convolution with 3 → 16 channels? On which part of the roof does
#    it stand?
# 3. `python benchmarks/cpu.py` compares every op with PyTorch on your machine. Which row is the
#    worst, and on which part of the roof does it stand?
#
# ## Remember
#
# - Let one call do much: whole arrays, then matrix products.
# - Count operations and bytes before you optimise; the roof says which of the two is in the way.
#   Then measure the parts of a whole step: the roof does not know shares and fixed costs.
# - The mathematics stays in one place (`ops/`), the tricks in another (`engine/`), and a test says
#   that both are the same function.
#
# **What is missing?** That was all of two cores. A graphics card has thousands.
#
# ## Read on
#
# - S. Williams et al., [Roofline: an insightful visual performance
#   model](https://doi.org/10.1145/1498765.1498785)
# - A. Lavin and S. Gray, [Fast algorithms for convolutional neural
#   networks](https://arxiv.org/abs/1509.09308): Winograd's trick
#
# ← [11 Several objects](11_several_objects.ipynb)
# · [all lessons](README.md)
# · [13 On the GPU](13_on_the_gpu.ipynb) →
