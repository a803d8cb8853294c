# %% [markdown]
# # 12 · From seven loops to the speed of a framework
#
# **The question:** the definition of a convolution is seven nested loops, and in Python they are
# hopelessly slow. What makes the same sum a thousand, ten thousand times faster, and where does it
# end?
#
# You need: lesson 01. About 40 minutes.
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
import re
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

try:
    from nn_scratch import ops
    from nn_scratch.engine import which_way
    from nn_scratch.engine.cpu.threads import thread_count
    from nn_scratch.exercises import check_exercise
    from nn_scratch.plotting import (
        plot_arrays,
        plot_bars,
        plot_dots,
        plot_lines,
        plot_progress,
        plot_roofline,
        plot_shares,
    )
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# One convolution, six times; the same numbers up to rounding. The bars say how long each of them
# takes, the first two by what they take for a smaller one; each grey line stands for ten times as
# many seconds as the line on its left.

# %% tags=["hide-input"]
timings = json.loads(Path("timings.json").read_text())


def in_words(seconds):
    """Seconds as one says them."""
    if seconds > 90:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds:.1f} seconds" if seconds > 1 else f"{1e3 * seconds:.1f} milliseconds"


operations = 2 * (8 * 64 * 48 * 64) * (32 * 3 * 3)  # section 1
cores = {"tap by tap": ", all cores", "one product": ", all cores"}  # by NumPy's matrix library
waits = {
    name + cores.get(name, ""): operations / rate / 1e9 for name, rate in timings["gflop_s"].items()
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
# eight or sixteen pairs of numbers, and adds each product to a sum of its own.
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
# **Predict:** what does one term of that sum cost, one multiplication and one addition, in Python?
# And what does it cost in a large matrix product, on the same core?

# %%
in_python = 2 / timings["gflop_s"]["seven loops"]
at_best = 2 / timings["product_gflop_s_one_core"]
print(f"a term of the seven loops: {in_python:.0f} ns; in a large matrix product: {at_best:.3f} ns")
assert in_python > 1000 * at_best

# %% [markdown]
# Python looks up names, finds four indices in an array, makes an object of every number it reads,
# and then, at last, multiplies. It does so whether the operands are two numbers or two arrays. So
# let one step do much. First the three innermost loops: a window times a kernel is a product and a
# sum of whole arrays. There remain a few calls for each output.


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
# The order of a sum does not matter (but for rounding). Loop over the *kernel's* taps instead: for
# tap $(i, j)$, every output needs the image shifted by $(i, j)$, times one matrix of weights. For a
# 3×3 kernel that is 9 steps in all, each a matrix product. NumPy hands it to BLAS, a library that
# knows the processor.


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
# first (im2col, lesson 01) and sum inside *one* product: the matrix library keeps running sums in
# the processor's registers, and writes each output once or a few times. Of the same image, with the
# window that begins in row 1 and column 1, and where it went:

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
# The copy is more than eight times the image, here 28 MB. Does it matter where so many numbers lie?
#
# **Predict:** 256 kB are copied at some rate, so many bytes a second. Are 64 MB copied at the same
# rate?

# %%
in_cache, in_memory = (timings["copy_gb_s_by_kb"][kb] for kb in ("256", "65536"))
print(f"256 kB: {in_cache:.0f} GB/s, 64 MB: {in_memory:.0f} GB/s")
assert in_cache > 2 * in_memory
plot_lines(
    {"copying": list(timings["copy_gb_s_by_kb"].values())},
    [int(kb) for kb in timings["copy_gb_s_by_kb"]],
    xlabel="kB, of both arrays together",
    ylabel="GB/s, read and written",
    logarithmic="x",
)

# %% [markdown]
# At the left end a copy is so short that the call itself costs most of the time. Then come the
# **caches**: small, fast memories in the processor, in several sizes.
# What fits none of them is fetched from main memory, several times as slowly. Our 28 MB of columns,
# written once and read once, lie on the slope at the right.
#
# So the library cuts the work into **blocks**, some rows of one image each: the columns of a block
# fit a cache, and blocks are independent, so that each core can take the next one, in a **thread**
# of its own. Read `nn_scratch/engine/cpu/im2col.py` beside it.
#
# For 3×3, 5×5 and 7×7 kernels with more channels it also multiplies less, by Winograd's trick
# (`winograd.py`). In one dimension: two outputs of a kernel of three are six products. **Predict:**
# with how few can one do, if sums cost nothing, and those of weights alone are computed once?

# %%
d, g = np.array([3.0, 1, 4, 2]), np.array([2.0, -1, 5])  # four inputs, three weights
a, b, c, e = (
    (d[0] - d[2]) * g[0],
    (d[1] + d[2]) * (g[0] + g[1] + g[2]) / 2,
    (d[2] - d[1]) * (g[0] - g[1] + g[2]) / 2,
    (d[1] - d[3]) * g[2],
)
assert np.array_equal([a + b + c, b - c - e], np.correlate(d, g))
print("four products:", a, b, c, e, "  the two outputs:", a + b + c, b - c - e)

# %% [markdown]
# In two dimensions and with 4×4 outputs at once, a 3×3 kernel needs 36 products instead of 144.
#
# Now: are they all the same function? On whole numbers, products and sums in float32 are exact (up
# to $2^{24}$), so that any order gives the same digits. Winograd's trick has fractions in between,
# and must round. (The last two bars are one program, `ops.conv2d`, with one thread and with all
# cores.)

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
for convolve in seven_loops, window_by_window, one_product, ops.conv2d:
    assert np.array_equal(convolve(x, w), tap_by_tap(x, w)), convolve.__name__
print("a small one, 3 channels: all agree, to the last digit")
x = rng.integers(-3, 4, (N, C, P + 2, Q + 2)).astype(np.float32)
w = rng.integers(-3, 4, (F, C, k, k)).astype(np.float32)
y = tap_by_tap(x, w)
off, largest = np.abs(ops.conv2d(x, w) - y).max(), np.abs(y).max()
assert np.array_equal(one_product(x, w), y) and off < 1e-5 * largest
print(
    f"that of the bars: the library is off by at most {off:.0e}, in outputs of up to {largest:.0f}"
)

# %% [markdown]
# ## 7. Measured
#
# Timings differ from machine to machine and from minute to minute. Those shown here were taken once
# and stored in `timings.json`, together with what that machine can do: the rate of a large matrix
# product on all cores, and how fast one thread copies memory. To take them on yours:
#
#     cd lessons && NN_SCRATCH_MEASURE=1 python 12_from_loops_to_speed.py
#
# The slow versions are measured on smaller images; the *rate* is what is compared. Every matrix
# product uses all cores, also that of *tap by tap* and *one product*; only where it says *1 thread*
# one core does all. The folded cell takes them, the other prints them.


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
    seconds = best_seconds(lambda: a @ b, 2)
    with threadpool_limits(1):
        alone = best_seconds(lambda: a @ b, 2)
    return {
        "machine": f"{platform.machine()}, {thread_count()} cores, NumPy {np.__version__}",
        "gflop_s": rates,
        "product_gflop_s": 2 * 2048**3 / seconds / 1e9,
        "product_gflop_s_one_core": 2 * 2048**3 / alone / 1e9,
        "copy_gb_s": copying(1 << 18),
        "copy_gb_s_by_kb": {str(kb): copying(kb) for kb in 4 ** np.arange(1, 9)},
    }


def copying(kb):
    """GB/s, read and written, between two arrays that have so many kB together."""
    source, target = np.ones((2, int(kb) * 128), np.float32)
    calls = max(1, 1024 // int(kb))  # of a short copy many, else the clock is what is measured

    def copy():
        for _ in range(calls):
            np.copyto(target, source)

    return calls * 2 * source.nbytes / best_seconds(copy, 1) / 1e9


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
both = rates["nn_scratch, all cores"] / rates["one product"]
print(f"the library beside one product, both on all cores: ×{both:.3g}")
assert min(steps[:2]) > 5 * max(steps[2:])

# %% [markdown]
# Let all six begin at once. **Predict:** when the last of them is done, how far is the first?

# %%
done = {name: rate / max(stairs) for name, rate in rates.items()}
plot_progress(done)

# %% [markdown]
# One cell of forty thousand, under the ring. The two steps that count most: from Python's numbers
# to whole arrays, and from many small calls to matrix products. What comes after is worth a factor
# of a few, and the second core less than a factor of two: section 9 measures how long its threads
# wait for each other.
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
# - The slope is what one thread copies from main memory. (Arrays that fit a cache can stand above
#   it, and perhaps two threads can; ReLU's *at most* is for main memory and one thread.)
# - ReLU, pooling, batch norm stand far out on the slope: arithmetic is free there, and what helps
#   is to pass over the memory less often. So the library applies batch norm and ReLU in *one* pass.
# - *One product* stands under the flat part: its copies could be fetched fast enough, and yet it
#   stays well below the roof. A roof is an upper bound: it is reached if fetching and multiplying
#   go on at the same time, on all cores. Here NumPy first copies, on one core, while the arithmetic
#   waits, and then multiplies. That is one reason; there may be others.
# - And the library stands *above* the roof, where nothing can be.
#
# **Predict:** is that the work of the second core? With *one* thread, beside what a large matrix
# product reaches on one core: which is faster?

# %%
ours, product = rates["nn_scratch, 1 thread"], timings["product_gflop_s_one_core"]
print(f"nn_scratch, counted by equation (1): {ours:.0f} GFLOP/s; a product: {product:.0f} GFLOP/s")
assert ours > 1.1 * product
assert rates["nn_scratch, all cores"] > 1.05 * timings["product_gflop_s"]
way = which_way("conv_forward", (N, C, P + 2, Q + 2), (F, C, k, k)).way
print("the way it takes:", way)
assert way.startswith("Winograd")

# %% [markdown]
# On one core, too, the library goes *through the roof*: faster than the large product, if all the
# multiplications are counted that equation (1) asks for. It does not do them all. That is
# Winograd's trick: *F(m, k)* stands for m outputs at once of a kernel of
# k, F(4×4, 3×3) for 3×3 kernels and the others, along the rows alone, for 5×5 and 7×7. So under the
# flat part there are two things that help: to use the arithmetic fully, or to do less of it.
#
# How far from its roof is each op? The bars show what the library takes, on all cores: for our
# convolution with both its gradients, and for the ops around it, on 8 images of 32 channels and
# 96×128 pixels (batch norm forward and backward). The mark is where the roof is: for the
# convolution, the time of a plain product at full speed, with all the multiplications of equation
# (1); for the others, the time of reading what must be read and writing what must be written, once
# (batch norm reads twice: first for its means), at the rate of the slope: from main memory, by one
# thread. (So this mark is no least, either.) **Predict** which of them are far from their mark.

# %% tags=["hide-input"]
BENCHMARKS = Path("..") / "benchmarks"
measured = json.loads((BENCHMARKS / "cpu.json").read_text())
NUMBERS = {  # read and written, for each number of the large image; forward and backward if "+"
    "batch_norm2d + relu": 3 + 5,
    "max_pool2d": 1 + 1 / 4 + 1 / 4,
    "max_pool2d_backward": 1 / 4 + 1 / 4 + 1,
    "max_unpool2d": 1 / 4 + 1 / 4 + 1,
    "max_unpool2d_backward": 1 / 4 + 1 / 4 + 1 / 4,
}


def ms_at_the_roof(row):
    """Equation (2), for one of these ops and a shape such as 8×32 96×128 k2 s2."""
    if row["gflop"]:
        return 1e3 * row["gflop"] / measured["limits"]["sgemm_gflops"]
    n, c, height, width = map(int, re.findall(r"\d+", row["shape"])[:4])
    moved = 4 * NUMBERS[row["name"]] * n * c * height * width  # bytes
    return moved / measured["limits"]["copy_gb_per_s"] / 1e6


bars = {
    row["name"]: row
    for row in measured["rows"]
    if (row["name"] in NUMBERS and row["shape"].startswith("8×32 96×128"))
    or row["shape"] == "8×32→64 48×64 k3 s1"
}
taken = {what: row["ours"]["median"] for what, row in bars.items()}
at_the_roof = {what: ms_at_the_roof(row) for what, row in bars.items()}

# %%
print(", ".join(f"{what} {value}" for what, value in measured["machine"].items()))
times = {what: taken[what] / at_the_roof[what] for what in bars}
convolution, *around = times.values()
assert convolution < 1.3 and min(around) > 1.2 and max(around) > 3
assert max(times, key=times.get) == "max_pool2d"
plot_bars(
    taken,
    xlabel="milliseconds, and how many times the mark",
    texts={what: f"{taken[what]:.3g}  (×{times[what]:.1f})" for what in bars},
    least=at_the_roof,
    mark="at the roof",
)

# %% [markdown]
# The convolution nearly keeps up with a plain product. (Its mark is no least: Winograd's trick
# multiplies less, and the library spends what that saves on carrying numbers.) The others do hardly
# any arithmetic, and still take longer than even one thread needs for main memory, some of them
# several times as long. Likely reasons: each is a handful of NumPy calls, each call passes over the
# arrays anew, and NumPy gathers and scatters by index one number after the other. So there is room
# for a compiled kernel; whether one uses it, section 10 shows.
#
# ## 9. Where a step's time goes
#
# A roof tells what one op could reach. Whether that op matters is another question: a training step
# has many, and calls them often. So measure the parts. `benchmarks/split.py` wraps what the library
# is made of in stopwatches and trains three nets, with one thread and with all: a SegNet, a fully
# convolutional net with strides in place of pools, and the localizer of lesson 10.
#
# **Predict:** in nets of convolutions, which share of a step is multiplying matrices? And how many
# times as fast is a step on two cores?

# %% tags=["hide-input"]
split = json.loads((BENCHMARKS / "split.json").read_text())
KINDS = {
    "matrix products": ["matrix products"],
    "Winograd's transforms": ["Winograd's transforms"],
    "gathering, padding": ["gathering and putting", "padding"],
    "batch norm, ReLU": ["sums for batch norm", "maps for batch norm", "ReLU"],
    "pooling": ["pooling"],
    "loss, optimizer, Python": ["sums of biases", "loss", "optimizer", "Python and the rest"],
    "a thread without work": ["waiting for threads"],
}
parts = {
    (row["net"], row["threads"]): {
        kind: max(0.0, sum(row["shares"][group] for group in groups))
        for kind, groups in KINDS.items()
    }
    for row in split["rows"]
}
assert all(abs(sum(shares.values()) - 1) < 0.02 for shares in parts.values())
step_ms = {(row["net"], row["threads"]): row["ms"] for row in split["rows"]}
THREADS = split["machine"]["threads"]
NETS = list(dict.fromkeys(net for net, _ in parts))
gains = {net: step_ms[net, 1] / step_ms[net, THREADS] for net in NETS}
without_products = {net: 1 / (1 - parts[net, 1]["matrix products"]) for net in NETS}
low, middle, high = sorted(s["matrix products"] for (_, n), s in parts.items() if n == 1)
assert max(gains.values()) < 0.95 * THREADS
assert middle < 0.35 and 0.4 < high < 0.65
small = next(row for row in measured["rows"] if row["name"] == "conv2d alone, small")
n, c, f, height, width, k, _ = map(int, re.findall(r"\d+", small["shape"]))
small_us = 1e3 * small["ours"]["median"]
arithmetic_us = 2 * n * c * f * height * width * k * k / measured["limits"]["sgemm_gflops"] / 1e3
assert small_us > 20 * arithmetic_us

# %%
plot_shares(
    {
        f"{net}, {'1 thread' if threads == 1 else f'{threads} threads'}": shares
        for (net, threads), shares in parts.items()
    }
)

# %%
print(f"{'':<24}{'1 thread':>10}{f'{THREADS} threads':>11}{'gain':>6}   if products took no time")
for net in NETS:
    print(f"{net:<24}{step_ms[net, 1]:>7.0f} ms{step_ms[net, THREADS]:>8.0f} ms", end="")
    print(f"{gains[net]:>6.2f}   {without_products[net]:.2f} times as fast")
print(
    f"a convolution of {small['shape']}: {small_us:.0f} µs, of which arithmetic {arithmetic_us:.1f}"
)

# %% [markdown]
# Three things that no roof shows:
#
# - **Shares.** The multiplications, which equation (1) counts and everybody counts, are the smaller
#   part of a step in two of these nets, and about half of the third. Most of the rest is carrying:
#   numbers are gathered, padded, transformed, put back, and passed over for their mean. What
#   remains when a part costs nothing is a floor for the whole: this is Amdahl's law, and the last
#   column says all that even infinitely fast multiplying could gain.
# - **Waiting.** Two cores are not twice as fast. The grey part is the time in which one of them has
#   nothing to do: at the end of a call whoever is ready waits for the other, and some of the work
#   nobody shares. It explains a part of the missing gain only. Besides, what only carries numbers
#   gains little where both cores wait for one memory. (How much of the time other work on the
#   machine took, this run does not say.)
# - **Fixed costs.** A tiny convolution has next to nothing to compute, and takes its time all the
#   same: Python looks up names, checks shapes and makes arrays, for sixteen pixels as for sixteen
#   thousand. Larger batches are the remedy, and lesson 13 meets the same cost again on a card.
#
# ## 10. And the others?
#
# How good is good? A number needs a neighbour. PyTorch calls kernels that were written and compiled
# for each kind of processor, by many people over many years. DeZero and MyGrad are written in plain
# NumPy, as this library is, with an autograd on top. All were measured in one process, on the same
# cores. A dot is one shape: left of 1 we are faster. **Predict** where the dots of
# `max_unpool2d_backward` lie, which does nothing but gather.

# %%
names = list(dict.fromkeys(row["name"] for row in measured["rows"] if "small" not in row["name"]))
ratios = {name: [] for name in names}
for row in measured["rows"]:
    if row["name"] in ratios:
        ratios[row["name"]].append(row["ours"]["median"] / row["torch"]["median"])
TITLE = "our time / PyTorch's"
plot_dots(names, {TITLE: list(ratios.values())}, logarithmic=[TITLE], marks={TITLE: 1})

# %%
row = bars["conv2d"]
print(f"conv2d, {row['shape']}, forward and both gradients:")
LIBRARIES = {"ours": "nn_scratch", "torch": "PyTorch", "dezero": "DeZero", "mygrad": "MyGrad"}
for key, library in LIBRARIES.items():
    if key in row:
        print(f"  {library:<12}{row[key]['median']:>7.1f} ms")
training = json.loads((BENCHMARKS / "training.json").read_text())["rows"]
print(f"{'a step, median (best)':<24}{'PyTorch':>16}{'threads':>16}{'ranks':>16}")
for net in dict.fromkeys(row["net"] for row in training):
    ways = {row["way"]: row for row in training if row["net"] == net}
    steps = [ways[way] for way in ("PyTorch", "threads", "ranks")]
    texts = [f"{step['median_ms']:.0f} ({step['best_ms']:.0f}) ms" for step in steps]
    print(f"{net:<24}" + "".join(f"{text:>16}" for text in texts))
    pytorch, *ours = (step["best_ms"] for step in steps)
    assert pytorch < 0.8 * min(ours) if net.startswith("FCN") else 0.9 < pytorch / min(ours) < 1.1
by_switches = [t for op, all_ in ratios.items() if op.startswith("max_un") for t in all_]
by_switches += ratios["max_pool2d_backward"]
print(
    f"by switches: {min(by_switches):.1f} to {max(by_switches):.1f} times PyTorch's time;", end=" "
)
print(f"a max-pool: {min(ratios['max_pool2d']):.2f} to {max(ratios['max_pool2d']):.2f} times")
assert min(by_switches) > 1 > max(ratios["max_pool2d"])
assert np.median(ratios["max_unpool2d_backward"]) > 1.5 > np.median(ratios["conv2d"])

# %% [markdown]
# Where there is much to multiply, plain NumPy keeps up with PyTorch, ahead with some shapes and
# behind with others: both hand the products to a library that knows the processor. Where numbers
# are gathered or scattered by switches, the compiled loop wins. But compiled does not yet mean
# fast: the max-pool, of all bars in section 8 the farthest from its mark, is ahead of PyTorch's,
# which is farther from it still.
#
# The *ranks* of the last column are processes, one for each core. They add up their gradients once
# a step, and wait for each other only then; threads meet in every call
# (`nn-scratch train … --processes 2`). By the best steps the ranks are ahead on all three nets, by
# the medians on two. Medians and bests are far apart, most likely because the machine had other
# work. By its best steps PyTorch is level with us on two nets, and well ahead on the FCN. (Section
# 9 has means of another hour: compare within a table, not between two.)
#
# ## 11. Break it on purpose
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
# "= stands where += belongs", says the report, and our line has a `+=`. But NumPy first reads all
# windows, then adds, then writes all of them back: where several windows write to one pixel, only
# the last one stays. Over overlapping windows, such a `+=` does no more than a `=`.
#
# The remedy is to take one tap $(i, j)$ at a time. In one step every window then adds to a single
# pixel, and to another one than its neighbours do: no two of them meet. (This loop is the adjoint
# of im2col, and is called **col2im**.) The folded cell does it, and the checker agrees.


# %% tags=["hide-input"]
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
# ## 12. Exercises
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
# - U. Drepper, [What every programmer should know about memory](https://lwn.net/Articles/250967/)
# - G. M. Amdahl, [Validity of the single processor
#   approach](https://doi.org/10.1145/1465482.1465560): three pages on what remains
# - [DeZero](https://github.com/oreilly-japan/deep-learning-from-scratch-3) and
#   [MyGrad](https://github.com/rsokl/MyGrad): two more libraries to be read
# - A. Lavin and S. Gray, [Fast algorithms for convolutional neural
#   networks](https://arxiv.org/abs/1509.09308): Winograd's trick
#
# ← [11 Several objects](11_several_objects.ipynb)
# · [all lessons](README.md)
# · [13 On the GPU](13_on_the_gpu.ipynb) →
