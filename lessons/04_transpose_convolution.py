# %% [markdown]
# # 04 · Transpose convolution
#
# **The question:** pooling and strides made the image small. Which learned layer makes it large
# again, and why is it called a *transpose* convolution?
#
# You need: lesson 01, above all that a convolution is a matrix and its input gradient the transpose
# of it; section 6 mentions lesson 03's bilinear interpolation. About 35 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) **04** · learn
# [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb)
# [13](13_on_the_gpu.ipynb) · your own [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb)
# · look inside [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
from textwrap import fill

import numpy as np

try:
    from nn_scratch import naive, ops
    from nn_scratch.check import as_matrix, check_adjoint, check_gradients
    from nn_scratch.data import DigitLocalization, DigitSegmentation
    from nn_scratch.data.digits import load_digits
    from nn_scratch.nets import DownUpFCN
    from nn_scratch.plotting import plot_arrays, plot_images, plot_net, plot_phases
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# In the first row are three brushes, and a digit of 8×8 pixels. Below it each brush paints the
# digit: one dab for each pixel, as strong as the pixel is bright, and where dabs overlap, they add.
# Such a layer is a **transpose convolution**, and the brush is its kernel, so it is made of
# weights. Here we chose them. A net learns them: it finds the brush that suits its task.

# %%
pictures, digits = load_digits()
digit = pictures[digits == 3][2]
down, across = np.indices((7, 7)) - 3
brushes = {
    "a stroke": down + across == 0,
    "a ring": abs(np.hypot(down, across) - 2.5) < 0.7,
    "a soft dot": np.exp(-(down**2 + across**2) / 6),
}
brushes = {name: brush.astype(float) for name, brush in brushes.items()}
painted = {
    f"with {name}, 35×35": ops.conv_transpose2d(digit[None, None], w[None, None], stride=4)[0, 0]
    for name, w in brushes.items()
}
sized = {f"{name}, 7×7": brush for name, brush in brushes.items()}
assert all(picture.shape == (35, 35) for picture in painted.values())
plot_images({**sized, "a digit, 8×8": digit, **painted}, columns=4, size=2.2)

# %% [markdown]
# You are at the orange boxes once more. In the last lesson they stood for max-unpooling, which
# knows where maxima stood, but has no weights and learns nothing. In this net they are transpose
# convolutions, and need no switches. It is not trained (lesson 09 trains one), so its kernels are
# chance, but for those of the orange boxes: they start as soft dots, and only enlarge.

# %%
scene, _ = DigitSegmentation("test", 64).sample(0, 50)
plot_net(DownUpFCN(1, 11, rng=0).eval(), scene[None], highlight="up again")

# %% [markdown]
# ## 1. In one dimension, by hand
#
# A convolution *looks*: each output takes a weighted sum of a window of the input. A transpose
# convolution *paints*: each input pixel puts a copy of the kernel on the output, times its own
# value. Then the brush moves on by the **stride** $s$.
#
# Input $(2, 3)$, kernel $(1, 2, 4)$, stride 2. The 2 paints $(2, 4, 8)$ at the start; the 3 paints
# $(3, 6, 12)$ two places further on. They overlap in one place.
#
# **Predict:** how long is the output, and what stands where they overlap?

# %%
x = np.array([2.0, 3])
w = np.array([1.0, 2, 4])
plot_arrays({"x": x, "w": w}, columns=2)

# %%
first = np.array([2.0, 4, 8, 0, 0])
second = np.array([0.0, 0, 3, 6, 12])

# One image, one channel, height 1: a line is a flat image.
y = ops.conv_transpose2d(x.reshape(1, 1, 1, -1), w.reshape(1, 1, 1, -1), stride=2)
assert y.size == (2 - 1) * 2 + 3  # the last painting starts at 2 and is 3 long
assert y[0, 0, 0, 2] == 8 + 3
assert np.array_equal(y.ravel(), first + second)
plot_arrays(
    {"what 2 paints": first, "what 3 paints": second, "the output: their sum": y[0, 0]}, columns=1
)

# %% [markdown]
# ## 2. Sum, or overwrite?
#
# Where two paintings overlap they **add**. Why does the later one not cover the earlier, as paint
# does? Here are both. As its name says, the layer has to be $A^{\mathsf T} x$, where $A$ is the
# matrix of the convolution with this kernel and stride. **Predict** which of the two that is. The
# next section writes $A$ down.

# %%
overwritten = first.copy()
overwritten[2:] = second[2:]
plot_arrays({"sum": y[0, 0], "overwrite": overwritten}, columns=1)

# %% [markdown]
# ## 3. The matrix, and then its transpose
#
# Take the *ordinary* convolution with this kernel and stride 2, from 5 pixels down to 2. As in
# lesson 01 it is a matrix $A$, each row the kernel, moved along by 2. The matrix of the transpose
# convolution, from 2 to 5, has in its columns what a 1 in the first place paints, and in the
# second.


# %%
def down(v):
    return ops.conv2d(v, w.reshape(1, 1, 1, -1), stride=(1, 2))


def up(v):
    return ops.conv_transpose2d(v, w.reshape(1, 1, 1, -1), stride=(1, 2))


A = as_matrix(down, (1, 1, 1, 5))
B = as_matrix(up, (1, 1, 1, 2))
assert np.array_equal(B, A.T)
plot_arrays({"A: convolution, 5 → 2": A, "transpose convolution, 2 → 5": B})

# %% [markdown]
# The transpose convolution **is** the transposed matrix. That is its definition and its name, and
# each *column* of the right matrix is one painting. A matrix times a vector *adds* its columns,
# weighted by the vector: this is why paintings sum, and overwriting is wrong. Lesson 01 showed the
# same matrix as the **input gradient** of the convolution. So there is nothing new to derive:
#
# | | forward | input gradient |
# |---|---|---|
# | convolution | $y = A x$ | $dx = A^{\mathsf T} dy$ |
# | transpose convolution | $y = A^{\mathsf T} x$ | $dx = A\, dy$ |
#
# $$\langle A u, v\rangle = \langle u, A^{\mathsf T} v\rangle \quad\text{for all } u, v \tag{1}$$
#
# The transpose convolution's backward pass is an ordinary convolution. Check both rows, in full:
# several images and channels, two dimensions, unequal strides. One array `weights` serves both
# directions.

# %%
rng = np.random.default_rng(1)
weights = rng.integers(-3, 4, (4, 3, 3, 2)).astype(float)
options = {"stride": (2, 1), "padding": (1, 0)}
image = rng.integers(-3, 4, (2, 3, 7, 6)).astype(float)
small = ops.conv2d(image, weights, **options)
g = rng.integers(-3, 4, small.shape).astype(float)

large = ops.conv_transpose2d(g, weights, **options)
dx, _, _ = ops.conv2d_backward(g, image, weights, **options)
assert np.array_equal(large, dx)  # paints what the convolution's backward pass gives
dx, _, _ = ops.conv_transpose2d_backward(image, g, weights, **options)
assert np.array_equal(dx, small)  # and has a convolution for its own
assert (small * g).sum() == (image * large).sum()
print("⟨A u, v⟩ =", (small * g).sum(), "  ⟨u, Aᵀ v⟩ =", (image * large).sum())

# %% [markdown]
# ## 4. Not a "deconvolution"
#
# The layer is often called *deconvolution*. But a deconvolution would **undo** a convolution, as an
# inverse matrix does, and here there is none: nobody can get five numbers back from the two that
# $A$ makes of them. The transpose has the shape that an inverse would have, not its effect. (Where
# $A$ is square and has an inverse, its transpose is nearly always another matrix.)
# **Predict:** if you go down and up again from a single 1, what comes back?

# %%
v = np.array([1.0, 0, 0, 0, 0]).reshape(1, 1, 1, 5)
there_and_back = up(down(v))
assert not np.array_equal(there_and_back, v)
plot_arrays({"v": v[0, 0], "Aᵀ A v": there_and_back[0, 0]}, columns=1)

# %% [markdown]
# On the way down only the first window sees the 1, with the weight 1. On the way up it paints the
# whole kernel.

# %% [markdown]
# ## 5. As loops, in two dimensions
#
# Each pixel paints the whole kernel, times its value; where paintings overlap they add up. (The
# kernel is lopsided on purpose, so that you would see it if it were turned.)
#
# ![Pixel after pixel is multiplied by the kernel, and the product is added to the
# output](images/conv_transpose.gif)
#
# The same with loops. Compare with lesson 01: the same four loops, only now the *output* is indexed
# by $s·p + i$ and the *input* by $p$. Below, the four paintings of the film, and their sum.


# %%
def paint(x, w, stride):
    """A transpose convolution of one image and one channel, one number at a time."""
    height = (x.shape[0] - 1) * stride + w.shape[0]
    width = (x.shape[1] - 1) * stride + w.shape[1]
    y = np.zeros((height, width))
    for p in range(x.shape[0]):
        for q in range(x.shape[1]):
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    y[stride * p + i, stride * q + j] += x[p, q] * w[i, j]
    return y


x2 = np.array([[1.0, 2], [-1, 3]])
w2 = np.array([[1.0, 2, 0], [0, 3, 1], [-1, 0, 2]])
painted = paint(x2, w2, stride=2)
paintings = {}
for p, q in np.ndindex(x2.shape):
    one = np.full_like(painted, np.nan)  # empty where this pixel does not paint
    one[2 * p : 2 * p + 3, 2 * q : 2 * q + 3] = x2[p, q] * w2
    paintings[f"{x2[p, q]:g} · w"] = one
assert np.array_equal(painted, np.nansum([*paintings.values()], axis=0))
assert np.array_equal(painted, ops.conv_transpose2d(x2[None, None], w2[None, None], stride=2)[0, 0])
assert np.array_equal(
    painted, naive.conv_transpose2d(x2[None, None], w2[None, None], stride=2)[0, 0]
)
nails = ops.bed_of_nails_unpool2d(x2[None, None], 2)[:, :, :-1, :-1]
assert np.array_equal(painted, ops.conv2d(nails, w2[None, None, ::-1, ::-1], padding=2)[0, 0])
plot_arrays({**paintings, "y: their sum": painted}, columns=5, cell=0.3)

# %% [markdown]
# The last `assert` knows the same layer from another side: it is lesson 03's bed of nails, and then
# an ordinary convolution, with the kernel turned by 180°. Its windows meet a nail at every second
# place only.
#
# The size is the convolution's formula, solved for the other side. Now $H$ is the small size, $P$
# the large:
#
# $$P = (H - 1)\,s - 2\,\text{pad} + k \tag{2}$$
#
# (Padding here *removes* rows, at the top as many as at the bottom: it is the padding of the
# convolution that this is the transpose of.)

# %% [markdown]
# ## 6. Overlap counts and checkerboards
#
# How many paintings reach each output pixel? Paint with ones and see. With a kernel of 3 and a
# stride of 2 the counts are uneven, because 2 does not divide 3:

# %%
ones = np.ones((1, 1, 4, 4))
uneven = ops.conv_transpose2d(ones, np.ones((1, 1, 3, 3)), stride=2)[0, 0]
even = ops.conv_transpose2d(ones, np.ones((1, 1, 4, 4)), stride=2)[0, 0]
plot_arrays({"kernel 3, stride 2": uneven, "kernel 4, stride 2": even}, cell=0.34)

# %% [markdown]
# On the left, pixels that were painted often and seldom alternate: a **checkerboard** (Odena et al.
# 2016). On the right the inside is even. **Predict** for kernel 5 and stride 2: even or uneven
# inside?

# %%
five = ops.conv_transpose2d(np.ones((1, 1, 5, 5)), np.ones((1, 1, 5, 5)), stride=2)[0, 0]
inside = five[4:-4, 4:-4]
assert len(np.unique(inside)) > 1  # 2 does not divide 5
print("counts inside, kernel 5 and stride 2:", np.unique(inside))

# %% [markdown]
# Counts are not the whole story, for a kernel is not made of ones. With stride 2 each painting
# starts on an even row. So an odd row of the output is reached by the kernel's odd rows only, an
# even one by its even rows, and columns alike. That makes four sorts of output pixels, the
# *phases*, each painted by weights of its own. (With stride $s$ there are $s^2$: phase $(a, b)$ is
# painted by the $w_{ij}$ with $i = a, a + s, \dots$ and $j = b, b + s, \dots$)
#
# So where the input is constant, but not 0, the inside of the output is, at each phase, that
# constant times the sum of the phase's weights: **it is even if and only if these $s^2$ sums are
# equal.** Else a pattern repeats every $s$ pixels, a checkerboard or stripes. (With several input
# channels, each has such sums.)
#
# **Predict:** which of these two makes one? A kernel of 3 whose weights fall off like a tent,
# although 2 does not divide 3? Or random weights of 4×4, although 2 divides 4?

# %%
tent = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
random = np.random.default_rng(0).normal(size=(4, 4)).round(1)
for kernel in (tent, random):
    sums = {round(float(kernel[a::2, b::2].sum()), 9) for a in (0, 1) for b in (0, 1)}
    painted = ops.conv_transpose2d(np.ones((1, 1, 6, 6)), kernel[None, None], stride=2)[0, 0]
    assert set(np.unique(painted[4:-4, 4:-4].round(9))) == sums  # nothing else inside
plot_phases({"a tent, 3×3": tent, "random, 4×4": random}, stride=2)

# %% [markdown]
# Each colour is a phase. On the left the kernels, in the middle what the weights of a phase sum to,
# on the right what they paint of an image of ones, from its darkest value to its lightest, with a
# dot on one pixel of each phase. (At the border fewer paintings meet.)
#
# That tent *is* bilinear interpolation, on a grid in which every second pixel keeps its value. (On
# the grid of lesson 03, equation (5), it is 4 wide: ¼, ¾, ¾, ¼.) So a transpose convolution may
# start as one (the library's nets start as the wider one, as those of Long et al. 2015 did),
# without a checkerboard; random weights start with one, and a net must learn to make up for it.
#
# Odena et al. recommend another way out: enlarge first (lesson 03's nearest or bilinear), then
# convolve with stride 1. A convolution treats all pixels alike, so where the input is constant the
# inside is even, whatever the weights. Here the wider tent, the random kernel without its minus
# signs, and nearest with a corner of that kernel behind it enlarge a digit, twice (each picture
# from its own darkest value to its lightest):

# %%
small, _, _ = DigitLocalization("test", 20).sample(0, 5)
small = small[:, 20:, 20:]  # the corner that holds the digit
enlarged = {"small": small[None]}
quarters = np.array([1, 3, 3, 1]) / 4
kernels = {"a tent, 4×4": np.outer(quarters, quarters), "random, 4×4": abs(random)}
for name, kernel in kernels.items():
    y = small[None]
    for _ in range(2):
        y = ops.conv_transpose2d(y, kernel[None, None].astype(np.float32), stride=2, padding=1)
    enlarged[name] = y
y, corner = small[None], abs(random)[None, None, :3, :3].astype(np.float32)
for _ in range(2):
    y = ops.conv2d(ops.nearest_unpool2d(y, 2), corner, padding=1)
enlarged["nearest, then random 3×3"] = y
plot_images({name: y[0, 0] for name, y in enlarged.items()}, size=2.3)

# %% [markdown]
# ## 7. One small image, several large ones
#
# With stride 2, images of 7 and of 8 pixels both convolve down to 3 (under a kernel of 3). Going
# up from 3, which is meant? Equation (2) gives the smallest; `output_padding` adds to it, or
# `output_size` says it outright.

# %%
three = np.ones((1, 1, 3, 3))
w3 = np.ones((1, 1, 3, 3))
sizes = {n: ops.conv2d(np.ones((1, 1, n, n)), w3, stride=2).shape[2] for n in (6, 7, 8, 9)}
print("down:", ", ".join(f"{large} → {small}" for large, small in sizes.items()))
print("up:   3 →", ops.conv_transpose2d(three, w3, stride=2).shape[2], "by equation (2)")
for asked in ({"output_padding": 1}, {"output_size": (8, 8)}):
    print("      3 →", ops.conv_transpose2d(three, w3, stride=2, **asked).shape[2], "with", asked)
assert [n for n, small in sizes.items() if small == 3] == [7, 8]

# %% [markdown]
# An impossible size is refused, and the message names the possible ones. (The *dilation* in it
# pulls a kernel's weights apart; lesson 07 needs it. With 1 they lie side by side, as they have so
# far.)

# %%
try:
    ops.conv_transpose2d(three, w3, stride=2, output_size=(9, 9))
except ValueError as error:
    print(fill(str(error), 90))

# %% [markdown]
# ## 8. Check the gradients, then break them
#
# The loop of section 5 adds up $x_{pq}\, w_{ij}\, g_{sp+i,\,sq+j}$, if you multiply what it paints
# by $g = \partial L/\partial y$. Leave out one array, as in lesson 01, and you have its gradient:
#
# $$\frac{\partial L}{\partial x_{pq}} = \sum_{i,j} w_{ij}\; g_{sp+i,\;sq+j}, \qquad
#   \frac{\partial L}{\partial w_{ij}} = \sum_{p,q} x_{pq}\; g_{sp+i,\;sq+j} \tag{3}$$
#
# The first is a convolution of $g$ with stride $s$, as the table of section 3 promised. With
# several images and channels:

# %%
lifted = rng.normal(size=(2, 4, 4, 5))
report = check_gradients((ops.conv_transpose2d, ops.conv_transpose2d_backward), lifted, weights)
assert report.ok
report


# %% [markdown]
# Now on purpose: a forward pass where later paintings **overwrite** earlier ones, with the backward
# pass of the sum. If overwriting were what a transpose convolution does, this would pass.


# %%
def overwriting(x, w):
    """The wrong layer: stride 2, later paintings win."""
    y = np.zeros((len(x), w.shape[1], 2 * x.shape[2] + 1, 2 * x.shape[3] + 1))
    for p in range(x.shape[2]):
        for q in range(x.shape[3]):
            painting = np.tensordot(x[:, :, p, q], w, axes=1)  # (N, C) (C, F, k, k) -> (N, F, k, k)
            y[:, :, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3] = painting
    return y


def summing_backward(dy, x, w):
    return ops.conv_transpose2d_backward(dy, x, w, stride=2)[:2]


kernel = rng.normal(size=(4, 3, 3, 3))
report = check_adjoint((overwriting, summing_backward), lifted, kernel)
assert not report.ok
report

# %% [markdown]
# The two sides of equation (1) disagree ($J$ is the layer's matrix; *gap* is their difference, as a
# fraction of the sum of all terms without their signs): overwriting is not the transpose of the
# convolution. (It is linear, too, and has a transpose of its own, which reads only what was not
# painted over. But that is another layer.) The gradient check says the same:

# %%
report = check_gradients((overwriting, summing_backward), lifted, kernel)
assert not report.ok
report

# %% [markdown]
# ## 9. Exercise
#
# Write `conv_transpose2d` and its gradients with the loops of section 5, and with padding: paint on
# an output that is larger by the padding on each side, and cut that border off at the end. The loss
# never sees it, so on the way back put zeros around `dy`, and use equation (3): `dx` sums over
# output channels as well, `dw` over images. Each number of the bias is added to a whole output
# channel, so `db` is the sum of `dy` over images and places. The weights have the axes
# `(C_in, C_out, k, k)`, as if they belonged to the convolution that goes the other way.
#
#     nn-scratch exercise 09
#
# ## Remember
#
# - A transpose convolution paints: each input pixel puts the kernel, times its value, on the
#   output, and where paintings overlap they **sum**.
# - It is the transposed matrix of a convolution with the same weights, so its backward pass is that
#   convolution. It is not an inverse.
# - Each phase of the output is painted by weights of its own; where their sums differ,
#   checkerboards appear. And with stride $s$, $s$ different sizes lead down to one, so say which
#   you want back.
#
# **What is missing?** You have layers that go down and up, and gradients that were checked.
# Nothing has learned yet. Lesson 05 starts the engine.
#
# ## Read on
#
# - V. Dumoulin and F. Visin, [A guide to convolution arithmetic](https://arxiv.org/abs/1603.07285),
#   chapter 4
# - A. Odena et al., [Deconvolution and checkerboard
#   artifacts](https://distill.pub/2016/deconv-checkerboard/)
#
# ← [03 Going back up](03_going_back_up.ipynb)
# · [all lessons](README.md)
# · [05 Learning](05_learning.ipynb) →
