# %% [markdown]
# # 03 · Going back up
#
# **The question:** pooling made the image small; a label for every *pixel* needs it large again.
# How can a value be put back among four pixels, and what does a remembered switch buy?
#
# You need: lesson 02. About 35 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up **03** [04](04_transpose_convolution.ipynb) · learn
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
from numpy.lib.stride_tricks import sliding_window_view

try:
    from nn_scratch import naive, ops
    from nn_scratch.check import as_matrix, check_adjoint, check_gradients
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.exercises import check_exercise
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import (
        plot_arrays,
        plot_blocks,
        plot_images,
        plot_interpolation,
        plot_net,
        plot_points,
        plot_pooled,
        plot_signed,
    )
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# You are at the orange boxes, **max unpool**, on the way up. Look into them: bright points on
# black, each where a yellow box, on the way down, had found its maximum; the dashed lines carry the
# places. The blue box behind each fills in what is missing. This lesson is about the points.

# %%
scenes = DigitSegmentation("test", 64)
scene, _ = scenes.sample(0, 50)
names = ["background", *"0123456789"]
plot_net(pretrained("digits-segmentation"), scene[None], class_names=names, highlight="up again")

# %% [markdown]
# ## 1. Three ways for one value
#
# Twice as high and twice as wide: each value has a block of four pixels to fill.
#
# - **Nearest**: the value in all four.
# - **Bed of nails**: the value at the top left, zeros elsewhere.
# - **Max-unpooling**: the value where the maximum *was*, which the pool's switch remembers; zeros
#   elsewhere.

# %%
image = np.array([[1.0, 3, 8, 0], [9, 2, 1, 1], [0, 1, 5, 6], [2, 2, 7, 3]])
small, switches = ops.max_pool2d(image[None, None], 2)
nearest = ops.nearest_unpool2d(small, 2)[0, 0]
nails = ops.bed_of_nails_unpool2d(small, 2)[0, 0]
unpooled = ops.max_unpool2d(small, switches, (4, 4))[0, 0]
plot_blocks(
    {
        "image": image,
        "max-pooled": small[0, 0],
        "nearest": nearest,
        "bed of nails": nails,
        "max-unpooled": unpooled,
    }
)

# %% [markdown]
# A value and its block share their colour. The switches, down and up again, step by step:
#
# ![Windows choose their maximum; later each maximum goes back to its place](images/switches.gif)
#
# **Predict:** which pixels of the max-unpooled image are sure to agree with the image, and what
# stands elsewhere? Two more agree by chance; find them.

# %%
agrees = unpooled == image
assert agrees.ravel()[switches.ravel()].all()  # at the switches: the value itself
assert not unpooled.ravel()[np.setdiff1d(np.arange(16), switches)].any()  # elsewhere: zero
by_chance = np.setdiff1d(np.flatnonzero(agrees), switches)
print("zero in both:", [tuple(map(int, divmod(pixel, 4))) for pixel in by_chance])

# %% [markdown]
# ## 2. As loops
#
# From here on $x$ is the small map that goes up, and $y$ the large one that comes out. Block $(p,
# q)$ of a factor $k$ covers the pixels $(kp + i, kq + j)$ with $0 \le i, j < k$.
#
# $$\text{nearest:}\quad y_{kp+i,\,kq+j} = x_{pq} \tag{1}$$
# $$\text{bed of nails:}\quad y_{kp,\,kq} = x_{pq}, \quad\text{all others } 0 \tag{2}$$
# $$\text{max-unpooling:}\quad y_u = \sum_{m\,:\,t_m = u} x_m \tag{3}$$
#
# In (3) the pixels are numbered row by row, and $t_m$ is the switch of value $m$, as in lesson 02.


# %%
def nearest_and_nails(x, k):
    """Equations (1) and (2) for one image."""
    nearest = np.zeros((k * x.shape[0], k * x.shape[1]))
    nails = np.zeros_like(nearest)
    for p in range(x.shape[0]):
        for q in range(x.shape[1]):
            nails[k * p, k * q] = x[p, q]
            for i in range(k):
                for j in range(k):
                    nearest[k * p + i, k * q + j] = x[p, q]
    return nearest, nails


for mine, theirs in zip(nearest_and_nails(small[0, 0], 2), (nearest, nails), strict=True):
    assert np.array_equal(mine, theirs)
assert np.array_equal(naive.max_unpool2d(small, switches, (4, 4))[0, 0], unpooled)

# %% [markdown]
# Equation (3) is the *backward* pass of max-pooling, equation (3) of lesson 02, with other letters.
# Unpooling scatters; so its own backward pass gathers. Nothing new has to be invented.
#
# ## 3. Backward is the transpose
#
# All three are linear in $x$ (at fixed switches). So each is a matrix, and its backward pass the
# transposed matrix. Read off what that means:
#
# - nearest wrote one value to four pixels, so its gradient **adds up** the four: the block's sum;
# - bed of nails wrote to the top left, so its gradient **reads** the top left;
# - max-unpooling wrote to the switch, so its gradient **reads** at the switch.
#
# **Predict** the three gradients of the value at the top left for this `dy`.

# %%
dy = np.array([[1.0, 2, 0, 1], [3, 4, 2, 0], [0, 6, 1, 1], [5, 0, 2, 7]])[None, None]
plot_blocks({"dy": dy[0, 0], "switches": switches[0, 0]})

# %%
by_sum = ops.nearest_unpool2d_backward(dy, 2)
by_nail = ops.bed_of_nails_unpool2d_backward(dy, 2)
by_switch = ops.max_unpool2d_backward(dy, switches)
assert (by_sum[0, 0, 0, 0], by_nail[0, 0, 0, 0], by_switch[0, 0, 0, 0]) == (
    1 + 2 + 3 + 4,
    1,
    3,  # the switch of the top left window is 4: row 1, column 0
)
plot_blocks(
    {
        "nearest: sums": by_sum[0, 0],
        "bed of nails: top left": by_nail[0, 0],
        "max-unpooling: at the switches": by_switch[0, 0],
    }
)

# %% [markdown]
# For nearest, from two pixels side by side to 2×4, the matrices written out: each row on the right
# adds up the four pixels of one block.

# %%
forward = as_matrix(lambda x: ops.nearest_unpool2d(x, 2), (1, 1, 1, 2))
backward = as_matrix(lambda dy: ops.nearest_unpool2d_backward(dy, 2), (1, 1, 2, 4))
assert np.array_equal(backward, forward.T)
plot_arrays({"forward, 2 → 8": forward, "backward, 8 → 2": backward}, cell=0.3)

# %% [markdown]
# ## 4. What a switch remembers, and what is lost without it
#
# Enough of small numbers. Here is one of the maps that the net above makes of its scene: it answers
# to the slanted stroke of the 7. It was pooled once, and has gone back up in three ways.
# **Predict:** which is closest to the map, and where is each one wrong?

# %%
net = pretrained("digits-segmentation").eval()  # eval: to be used, not trained
maps = net.encoders[0](scene[None])
chosen = int(maps[0].std(axis=(1, 2)).argmax())  # the map with the largest contrast
real = maps[:, [chosen]]
half, stood = ops.max_pool2d(real, 2)
ways_up = {
    "nearest": ops.nearest_unpool2d(half, 2),
    "bed of nails": ops.bed_of_nails_unpool2d(half, 2),
    "max-unpooling": ops.max_unpool2d(half, stood, real.shape[2:]),
}
most = real.max()  # all on one scale
plot_images({"the map": real[0] / most, **{n: y[0] / most for n, y in ways_up.items()}}, size=2)

# %%
plot_signed({f"{name} − the map": (y - real)[0, 0] for name, y in ways_up.items()}, size=2.4)

# %%
for name, y in ways_up.items():
    print(f"{name:<15}root mean square error {np.sqrt(np.mean((y - real) ** 2)):.2f}")
errors = [np.mean((y - real) ** 2) for y in ways_up.values()]
assert errors[2] == min(errors)
assert (ways_up["nearest"] >= real).all() and (ways_up["max-unpooling"] <= real).all()

# %% [markdown]
# Orange is too much, blue too little. Nearest is never too little: the maximum of a window stands
# for all four of its pixels. Bed of nails errs in both colours, since it moves each maximum to the
# corner of its block. Max-unpooling is never too much here: the values that it has are right, all
# others are zero, and behind a ReLU nothing is less.
#
# It is also the closest. But is that fair? Nearest writes each maximum four times; a single factor
# would help it. And in a net a convolution stands behind each way up, and learns to make the best
# of it. So give each way the best factor for each of the 16 maps, or, as a convolution has them,
# for each map the best kernel of 5×5 over all 16 (by the mean squared error), and then a ReLU. The
# folded cell finds them on 48 scenes, and tries them on 16 others, of which ours is one. (Each
# error is divided by the standard deviation of its map, so that weak maps count as much as strong
# ones.) **Predict:** does the order stay?

# %% tags=["hide-input"]
many = net.encoders[0](np.stack([scenes.sample(0, index)[0] for index in range(64)]))
halves, places = ops.max_pool2d(many, 2)


def with_factors(y):
    """The last 16 scenes of y, each map times its best factor for the first 48."""
    best = (y[:48] * many[:48]).sum(axis=(0, 2, 3)) / (y[:48] ** 2).sum(axis=(0, 2, 3))
    return y[48:] * best[:, None, None]


def with_kernels(y):
    """The last 16 scenes of y under the best 5×5 kernels for the first 48, and a ReLU."""
    padded = np.pad(y.astype(float), [(0, 0), (0, 0), (2, 2), (2, 2)])
    windows = sliding_window_view(padded, (5, 5), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    squares, products = 0, 0
    for x, wanted in zip(windows[:48], many[:48], strict=True):  # least squares
        seen = x.reshape(1600, 16 * 25)
        squares, products = squares + seen.T @ seen, products + seen.T @ wanted.reshape(16, -1).T
    kernels = np.linalg.solve(squares, products)
    found = [(x.reshape(1600, 16 * 25) @ kernels).T.reshape(16, 40, 40) for x in windows[48:]]
    return np.maximum(found, 0)


def compare(ways):
    """The mean error of each way, as it is and mended; and what it makes with a kernel."""
    print(" " * 15 + "as it is   best factor   best kernel")
    errors, made = {}, {}
    for name, y in ways.items():
        three = y[48:], with_factors(y), with_kernels(y)
        made[name] = three[2]
        apart = [np.sqrt(np.mean((z - many[48:]) ** 2, axis=(2, 3))) for z in three]
        errors[name] = [float(np.mean(e / many[48:].std(axis=(2, 3)))) for e in apart]
        print(
            f"{name:<15}{'':4}{errors[name][0]:.2f}{errors[name][1]:14.2f}{errors[name][2]:14.2f}"
        )
    return errors, made


errors, made = compare(
    {
        "nearest": ops.nearest_unpool2d(halves, 2),
        "bed of nails": ops.bed_of_nails_unpool2d(halves, 2),
        "max-unpooling": ops.max_unpool2d(halves, places, many.shape[2:]),
    }
)
kept = {f"{name}, kernel": y[50 - 48, [chosen]] / most for name, y in made.items()}
assert [min(errors, key=lambda name: errors[name][n]) for n in range(3)] == [
    *("max-unpooling", "nearest", "max-unpooling")
]
assert errors["max-unpooling"][2] < 0.8 * errors["nearest"][2] < errors["bed of nails"][2]
plot_images({"the map": real[0] / most, **{n: y.clip(0, 1) for n, y in kept.items()}}, size=2)

# %% [markdown]
# With a factor it does not; with a kernel it does. As they are, max-unpooling comes closest, and
# nearest is no better than to call every pixel the mean of its map, which has the error 1. With the
# best factor nearest is ahead. With a kernel behind each, max-unpooling wins, and clearly. A kernel
# can smooth and fill in, and so nearest and bed of nails end nearly level; but it cannot know where
# in its block a maximum stood.
#
# Back to the switches. All that one does is to name one of four places. Two bits a window would do.
# (The library keeps an int32, the number of the pixel, which is easier to read.) Here are some of
# them, as in lesson 02: a dot on each maximum. **Predict:** where are they a matter of chance, and
# where not?

# %%
piece = real[0, :, 16:38, 4:26] / most
plot_pooled({"a piece of the map": piece})

# %% [markdown]
# On the black ground they lie anywhere, or at the top left where all four are zero, a tie. Along
# the stroke they form a line: there each says on which side of its window the stroke is brightest.
#
# Now three pools in a row, down to an eighth, on the raw image, and straight back up: one value is
# left for each 8×8 block. No layer in between has changed anything, so what is wrong is what the
# way back does not know. **Predict:** how many of the 25 values does bed of nails put back where
# they were, and how many does max-unpooling? A dot stands where the value is the one that the image
# has there, a cross where it is not.

# %% tags=["hide-input"]
small_scene, _ = scenes.sample(0, 2)


def down_and_up(x, times, go_up):
    """Pool `times` times, then go up as often."""
    remembered = []
    for _ in range(times):
        size = x.shape[2:]
        x, switches = ops.max_pool2d(x, 2)
        remembered.append((switches, size))
    for switches, size in reversed(remembered):
        x = go_up(x, switches, size)
    return x[0, 0]


back = {
    "bed of nails": down_and_up(
        small_scene[None], 3, lambda x, switches, size: ops.bed_of_nails_unpool2d(x, 2)
    ),
    "max-unpooling": down_and_up(small_scene[None], 3, ops.max_unpool2d),
}
points = back["max-unpooling"] != 0
assert points.mean() == 1 / 64  # one of 8×8
assert np.array_equal(back["max-unpooling"][points], small_scene[0][points])
plot_points(small_scene, back)

# %% [markdown]
# With switches every point stands exactly where it was. For that, and because places take less
# memory than whole maps, SegNet (Badrinarayanan et al. 2015) carries switches over from its
# **encoder**, the layers that go down, to its **decoder**, those that go up. They say where a
# *maximum* stood, which the small map has forgotten. (In a raw image that is often a speck of
# noise. In a net the pool stands behind convolutions, and where a map that answers to edges is
# bright, its maximum is a place on an edge.) The zeros in between are for the convolution that
# follows: it learns what to fill in.
#
# ## 5. The size must be remembered too
#
# An image of 5 pixels and one of 4 both pool to 2. On the way up somebody has to know which it was.
# `max_unpool2d` takes the size; the layer `MaxUnpool2d(pool)` asks its partner, the pool, for both.

# %%
for width in (4, 5):
    odd = np.arange(2.0 * width).reshape(1, 1, 2, width)
    pooled, where = ops.max_pool2d(odd, 2)
    back = ops.max_unpool2d(pooled, where, odd.shape[2:])
    print(f"{width} → {pooled.shape[3]} → {back.shape[3]}")
    assert back.shape == odd.shape

# %% [markdown]
# In an image that is too small a switch lies outside. That is refused. (A wrong size in which all
# switches still fit is not noticed, and the values land elsewhere.)

# %%
try:
    ops.max_unpool2d(pooled, where, (1, 4))
except ValueError as error:
    print(fill(str(error), 90))

# %% [markdown]
# ## 6. Between the pixels: bilinear
#
# Nearest makes steps. **Bilinear** interpolation draws a straight line between neighbouring values
# instead. Let 3 pixels in a row become 6. The centre of the second of the six lies ¼ of a large
# pixel right of the centre of the first of the three, and ¾ left of that of the next. **Predict:**
# in which shares does it mix the two?

# %%
plot_interpolation(3, 6)

# %% [markdown]
# Three quarters of the nearer and one quarter of the other. Dots are the centres of pixels, lines
# are thicker where the share is larger, and the outermost pixels, which have a neighbour on one
# side only, are copied.
#
# In an image this is done twice, first along the columns, then along the rows. Each of the two is a
# small matrix of shares, $A$ for the columns, $B$ for the rows (here they are equal). So for a
# plane $X$
#
# $$Y = A\,X\,B^{\mathsf T}, \qquad \frac{\partial L}{\partial X} =
#   A^{\mathsf T}\,\frac{\partial L}{\partial Y}\,B \tag{4}$$

# %%
smooth = ops.bilinear_upsample2d(small, (4, 4))
A = as_matrix(lambda x: ops.bilinear_upsample2d(x, (4, 1)), (1, 1, 2, 1))
assert np.allclose(A @ small[0, 0] @ A.T, smooth[0, 0])
plot_arrays({"X": small[0, 0], "A": A, "A X Aᵀ, rounded": smooth[0, 0].round(2)})

# %% [markdown]
# Where do the quarters in $A$ come from? From pixel *centres*. An output of $n'$ pixels lies over
# the same ground as an input of $n$. Take output pixel $p = 1$ of 4, over an input of 2. Its centre
# is $1\tfrac12$ on its own scale, half of that, $\tfrac34$, on the input's. The first input pixel
# has its centre at $\tfrac12$. So output 1 stands $u = \tfrac14$ of a pixel past the centre of
# input 0, and its shares are $\tfrac34$ and $\tfrac14$, row 1 of $A$. For any $p$:
#
# $$u = \Bigl(p + \tfrac12\Bigr)\frac{n}{n'} - \tfrac12, \qquad
#   A_{p,\lfloor u \rfloor} = 1 - (u - \lfloor u \rfloor), \quad
#   A_{p,\lfloor u \rfloor + 1} = u - \lfloor u \rfloor \tag{5}$$
#
# The nearer neighbour gets the larger share, and each row of $A$ adds up to one. From 2 to 4, $u =
# -\tfrac14, \tfrac14, \tfrac34, \tfrac54$. The first and the last lie outside the outermost
# centres, where there is no neighbour on the other side; there $u$ is set to 0 and to $n - 1$: the
# border pixel is repeated. (At $u = n - 1$ the second share is 0, and its column does not exist:
# leave it out.) (PyTorch calls this choice of centres `align_corners=False`.)
#
# **Predict:** with section 4's map, which comes closer to it, nearest or bilinear?

# %%
smooth_map = ops.bilinear_upsample2d(half, real.shape[2:])
both = {"the map": real, "nearest": ways_up["nearest"], "bilinear": smooth_map}
plot_images({name: x[0] / most for name, x in both.items()}, size=2.4)

# %%
by_lines, _ = compare({"bilinear": ops.bilinear_upsample2d(halves, many.shape[2:])})
lines, copies, stood_there = by_lines["bilinear"], errors["nearest"], errors["max-unpooling"]
assert stood_there[0] < lines[0] < copies[0]  # as they are
assert stood_there[2] < 0.8 * lines[2] and abs(lines[2] - copies[2]) < 0.01  # with a kernel

# %% [markdown]
# Bilinear: it remembers nothing, and yet comes closer to the maps than nearest. With a kernel
# behind both nothing is left of that: enlarged by 2, bilinear *is* nearest, smoothed along rows and
# columns by ¼, ½, ¼, and a kernel can learn that much. Max-unpooling stays ahead (section 4). What
# the switches are worth when whole nets learn, lesson 09 measures.
#
# ## 7. Check them, break one
#
# First the adjoint identity $\langle A x, g\rangle = \langle x, A^{\mathsf T} g\rangle$.
# `check_adjoint` tries it on whole numbers, in arrays of the given shape, for which it holds
# exactly:

# %%
rng = np.random.default_rng(0)
batch = rng.normal(size=(2, 3, 4, 3))
pair = ops.nearest_unpool2d, ops.nearest_unpool2d_backward
assert check_adjoint(pair, batch, scale=(3, 2)).ok
print("nearest unpooling: adjoint right")

# %%
_, where = ops.max_pool2d(rng.normal(size=(2, 3, 8, 7)), 2)
pair = ops.max_unpool2d, ops.max_unpool2d_backward
assert check_gradients(pair, batch, where, output_size=(8, 7)).ok
print("max-unpooling: gradients right")

# %% [markdown]
# A common thought: "nearest copies a value to four pixels, so its gradient is their *mean*."


# %%
def nearest_unpool2d_backward(dy, scale):
    """Wrong: means instead of sums."""
    sums = ops.nearest_unpool2d_backward(dy, scale)
    return sums * sums.size / dy.size


report = check_exercise("nearest_unpool2d_backward", nearest_unpool2d_backward)
assert not report.ok
report

# %% [markdown]
# ## 8. Exercises
#
# Max-unpooling, nearest, bed of nails, and bilinear from equations (4) and (5). A factor may differ
# for rows and columns: `scale` is one number or (vertical, horizontal).
#
#     nn-scratch exercise 05
#     nn-scratch exercise 06
#     nn-scratch exercise 07
#     nn-scratch exercise 08
#
# ## Remember
#
# - Nearest copies, so its gradient sums; bed of nails and max-unpooling write once, so theirs read.
# - A switch remembers exactly where a maximum stood. Without it the way up can only guess.
# - Going up is ambiguous where the size was odd: remember the size as well.
#
# **What is missing?** Not one of these ways learns anything. Lesson 04 builds one that does, out
# of a matrix that you already have.
#
# ## Read on
#
# - V. Badrinarayanan et al., [SegNet](https://arxiv.org/abs/1511.00561)
# - H. Noh et al., [Learning deconvolution network for semantic
#   segmentation](https://arxiv.org/abs/1505.04366)
#
# ← [02 Max-pooling and its switches](02_max_pooling.ipynb)
# · [all lessons](README.md)
# · [04 Transpose convolution](04_transpose_convolution.ipynb) →
