# %% [markdown]
# # 02 · Max-pooling and its switches
#
# **The question:** max-pooling makes an image smaller by keeping the largest value of each window.
# It has no weights. What does its backward pass need, and why is that a *scatter*?
#
# You need: lesson 00, and from lesson 01 the windows, the stride and the padding of a convolution.
# About 30 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb) **02** · up
# [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb) · learn [05](05_learning.ipynb)
# [06](06_a_loss_for_every_pixel.ipynb) · label every pixel [07](07_one_class_per_pixel.ipynb)
# [08](08_down_and_up_again.ipynb) [09](09_segnet_and_the_rest.ipynb) · find the objects
# [10](10_what_and_where.ipynb) [11](11_several_objects.ipynb) · faster
# [12](12_from_loops_to_speed.ipynb) [13](13_on_the_gpu.ipynb) · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import as_matrix, check_gradients
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.exercises import check_exercise
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import (
        animate_pooling,
        plot_arrays,
        plot_net,
        plot_overlap,
        plot_pooled,
        plot_signed,
        plot_strip,
        plot_switches,
    )
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# You are at the yellow boxes, **max pool**. Each hands on a quarter of the numbers that it gets.
# It also keeps something for later, its *switches*, which leave it by the dashed lines below. What
# they are, and how a gradient gets back through a yellow box, is this lesson.

# %%
scenes = DigitSegmentation("test", 64)
scene, labels = scenes.sample(0, 12)
names = ["background", *"0123456789"]
plot_net(pretrained("digits-segmentation"), scene[None], class_names=names, highlight="pooling")

# %% [markdown]
# ## 1. By hand
#
# A window of 2×2 pixels moves over the image in steps of 2, so that windows do not overlap. Of each
# window only the largest value is kept. The image becomes half as high and half as wide; a layer
# behind it has a quarter of the work, and a kernel there sees four times the area. Each map is
# pooled by itself, so 16 maps stay 16. (*Average* pooling keeps the mean instead, so all pixels of
# a window share its gradient; lesson 15 builds on it.)
#
# ![A window moves over a handwritten nine and leaves a dot on its largest pixel; the maxima fill a
# map of half the size](images/pooling.gif)
#
# The film does not wait. Here are two of its 108 frames; for others, change the numbers and run the
# cell again.

# %%
nine = scenes.sample(0, 30)[0][:, 6:30, 20:38]
plot_strip(animate_pooling(nine), at=(31, 41), columns=2)

# %% [markdown]
# The dots are what the pool remembers. **Predict**, for these four windows: which numbers win?
#
#     1 3 | 8 0
#     9 2 | 1 1
#     ----+----
#     0 1 | 5 6
#     2 2 | 7 3

# %%
image = np.array([[1.0, 3, 8, 0], [9, 2, 1, 1], [0, 1, 5, 6], [2, 2, 7, 3]])
plot_switches(image)

# %% [markdown]
# The small number in a pixel's corner counts the pixels row by row, from 0. A **switch** is the
# number of the pixel that won. In an image of width $W$, pixel $(r, c)$ has the number
#
# $$\text{switch} = r \cdot W + c \tag{1}$$
#
# The window at the bottom left holds 2 twice: a **tie**. The first in reading order wins, here and
# everywhere in the library, so that a result never depends on chance.

# %%
x = image[None, None]
y, switches = ops.max_pool2d(x, 2)
print("maxima", y[0, 0].tolist(), "  switches", switches[0, 0].tolist())
assert np.array_equal(switches[0, 0], [[1 * 4 + 0, 0 * 4 + 2], [3 * 4 + 0, 3 * 4 + 2]])

# %% [markdown]
# ## 2. What is kept, and what is lost
#
# The nine of the film, with all of its switches: one dot in each window, in the colour of its
# value. **Predict:** does the black around the digit become brighter or darker, and the stroke
# thicker or thinner?

# %%
plot_pooled({"a nine": nine})

# %%
whole, its_labels = scenes.sample(0, 30)  # of which the nine was cut
ink = its_labels[6:30, 20:38] > 0
pooled = ops.max_pool2d(nine[None], 2)[0][0, 0]
touched = ink.reshape(12, 2, 9, 2).any(axis=(1, 3))  # windows that hold ink
print(f"background, mean value: {nine[0][~ink].mean():.2f} → {pooled[~touched].mean():.2f}")
print(f"share of the image that is ink: {ink.mean():.0%} → {touched.mean():.0%}")
assert pooled[~touched].mean() > nine[0][~ink].mean() and touched.mean() > ink.mean()

# %% [markdown]
# Brighter and thicker: one bright pixel is enough to win its window. What is *kept* is that there
# was something bright. What is *lost* is everything else of the window: the dark pixels (the hole
# of the nine shrinks to a single cell), and where in the window the bright one stood. The dot knows
# where. In the background a dot marks a speck of noise, since some pixel always wins.
#
# Losing the place is not all bad. Move the nine by one pixel. **Predict:** how much of the pooled
# map changes? And if it moves by two? (Counted below only where there is ink, before or after.)

# %%
moved = np.roll(whole, 1, axis=2)[:, 6:30, 20:38]
plot_pooled({"where it was": nine, "one pixel to the right": moved})

# %%
samples = [scenes.sample(0, index) for index in range(64)]  # the nine's, and 63 more
many = np.stack([image for image, _ in samples])
inked = np.stack([its_labels[None] > 0 for _, its_labels in samples])
maxima = ops.max_pool2d(many, 2)[0]
for shift in (1, 2):
    other = np.roll(many, shift, axis=3)
    its_maxima = ops.max_pool2d(other, 2)[0]
    here = inked | np.roll(inked, shift, axis=3)  # ink before or after
    windows = ops.max_pool2d(here.astype(float), 2)[0] > 0
    print(
        f"moved by {shift}: {np.mean(abs(other - many)[here] > 0.25):.0%} of the pixels change by "
        f"more than a quarter, {np.mean(abs(its_maxima - maxima)[windows] > 0.25):.0%} of the "
        f"maxima; {np.mean((its_maxima == maxima)[windows]):.0%} of the maxima stay as they were"
    )
assert np.array_equal(its_maxima[..., 1:], maxima[..., :-1])  # by two: moved by one, exactly

# %% [markdown]
# A pool softens a step of one pixel a little: where a maximum stays in its window and no larger
# pixel comes in, nothing changes, and most others change little. (A quarter is our choice.) A
# step of two, the stride, moves the whole map by exactly one, so behind three pools a step of eight
# pixels is one of one. That is what a classifier wants. Whoever draws outlines wants the place
# back, and the dots have it.
#
# ## 3. As loops
#
# Two loops over the windows; the two inner ones look for the maximum. With `>` the first of equal
# values stays; with `>=` the last one would win.


# %%
def pool(x, k, stride):
    """Max-pooling of one image (H, W) without padding: maxima and switches."""
    rows, columns = (x.shape[0] - k) // stride + 1, (x.shape[1] - k) // stride + 1
    y, switches = np.zeros((rows, columns)), np.zeros((rows, columns), int)
    for p in range(rows):
        for q in range(columns):
            best = -np.inf
            for i in range(k):
                for j in range(k):
                    r, c = p * stride + i, q * stride + j
                    if x[r, c] > best:
                        best = x[r, c]
                        switches[p, q] = r * x.shape[1] + c
            y[p, q] = best
    return y, switches


mine = pool(image, 2, 2)
assert np.array_equal(mine[0], y[0, 0]) and np.array_equal(mine[1], switches[0, 0])

# %% [markdown]
# ## 4. Gather and scatter
#
# Once the switches are known, the forward pass is only *reading*: output $m$ is the pixel that
# switch $t_m$ names, both numbered row by row. Reading by a list of places is called a **gather**:
#
# $$y_m = x_{t_m} \tag{2}$$
#
# Now the gradient. If $x$ changes a little and no window has a tie, the same pixels stay the
# largest, and the switches stay as they are. So each $y_m$ moves with one pixel alone, and that
# pixel gets its gradient. All others get nothing. Writing to a list of places is a **scatter**:
#
# $$\frac{\partial L}{\partial x_u} = \sum_{m\,:\,t_m = u} \frac{\partial L}{\partial y_m} \tag{3}$$
#
# **Predict** `dx` for `dy` = 10, 20 in the first row and 30, 40 in the second: where does each
# number go?

# %%
dy = np.array([[10.0, 20], [30, 40]])
by_hand = np.zeros((4, 4))
by_hand[1, 0], by_hand[0, 2], by_hand[3, 0], by_hand[3, 2] = 10, 20, 30, 40
dx = ops.max_pool2d_backward(dy[None, None], switches, (4, 4))
assert np.array_equal(dx[0, 0], by_hand)
plot_switches(image, dy=dy)

# %% [markdown]
# The backward pass needs the switches and the size of $x$, but not $x$ itself: one whole number for
# each output instead of the whole image.
#
# Now in a real net. A loss says how far its answer to the first picture's scene is from the true
# labels (how, lesson 06 says). On its way back the gradient reaches the first pool. This is what
# the pool is told about one of its 16 maps, and what it passes on, around the place where it is
# largest. (The folded cell notes both.) **Predict** what the second picture will look like.

# %% tags=["hide-input"]
net = pretrained("digits-segmentation")
first_pool, told = net.pools[0], {}
pass_on = first_pool.backward


def listen(dy):
    """The pool's own backward pass, which also notes what went in and came out."""
    told["dy"], told["dx"] = dy[0], pass_on(dy)[0]
    return told["dx"][None]


first_pool.backward = listen
tied = np.mean(first_pool(net.encoders[0](scene[None])) == 0)  # all four zero, behind a ReLU
scores = net(scene[None])
_ = net.backward(ops.cross_entropy_backward(scores, labels[None]))

# %%
most, row, column = np.unravel_index(abs(told["dy"]).argmax(), told["dy"].shape)
row, column = (min(max(at - 3, 0), 13) for at in (row, column))  # a piece of 7×7 of the 20×20
pieces = {
    "dy, 7×7": told["dy"][most, row : row + 7, column : column + 7],
    "dx, 14×14": told["dx"][most, 2 * row : 2 * row + 14, 2 * column : 2 * column + 14],
}
plot_signed(pieces, size=3.2)

# %%
sums = {what: float(g.sum()) for what, g in told.items()}
print(f"{np.mean(told['dx'] != 0):.0%} of dx is not zero")
print(f"{tied:.0%} of the windows hold four zeros")
print(f"sum of dy {sums['dy']:.5f}, of dx {sums['dx']:.5f}")
assert np.mean(told["dx"] != 0) <= 0.25 and np.isclose(sums["dx"], sums["dy"])

# %% [markdown]
# The same numbers, spread out: of each window of four pixels three get nothing. That is no loss.
# They had no part in the output, so changing them a little changes nothing, but for ties. (There
# are many here: a third of the windows hold four zeros, which a ReLU left. Any of the four would
# raise the maximum, and the first gets all of the gradient, by agreement. It matters little: where
# the ReLU made a zero, its backward pass stops what arrives.)
#
# ## 5. As a matrix
#
# With the switches held fixed, equation (2) is linear in $x$, so it is a matrix. **Predict:** how
# many ones are in each of its rows, and how many in each of its columns?

# %%
G = as_matrix(lambda x: x.ravel()[switches.ravel()], (1, 1, 4, 4))
S = as_matrix(lambda dy: ops.max_pool2d_backward(dy, switches, (4, 4)), (1, 1, 2, 2))
assert np.array_equal(S, G.T)
plot_arrays({"gather, 16 → 4": G, "scatter, 4 → 16": S}, cell=0.26)

# %% [markdown]
# One in each row: an output reads one pixel. In a column there is a one if its pixel won, and none
# if it lost. Equation (3) is the transposed matrix, as lesson 01 found for the convolution.

# %% [markdown]
# ## 6. When windows overlap
#
# With a window of 3 and a stride of 2, one pixel can be the maximum of several windows. Then
# several switches name the same pixel, and equation (3) has a sum with more than one term.
# **Predict:** the 9 in the middle lies in all four windows. What is its gradient, if each `dy` is
# 1?

# %%
bump = np.array([[1.0, 2, 0, 1, 3], [0, 4, 1, 2, 0], [2, 0, 9, 0, 1], [1, 3, 0, 2, 2], [0] * 5])
y3, switches3 = ops.max_pool2d(bump[None, None], 3, stride=2)
dx3 = ops.max_pool2d_backward(np.ones((1, 1, 2, 2)), switches3, (5, 5))
assert dx3[0, 0, 2, 2] == 4
plot_overlap(bump, np.ones((2, 2)), kernel_size=3, stride=2)

# %% [markdown]
# This is an easy place to go wrong: `dx[places] = dy` keeps only the last of the four. It must be
# `+=`, and NumPy's `dx[places] += dy` is *not* enough: it reads all, adds, and writes all, so the
# four additions start from the same 0. `np.add.at` adds one after the other.

# %%
places, ones = switches3.ravel(), np.ones(4)
assigned, buffered, added = np.zeros(25), np.zeros(25), np.zeros(25)
assigned[places] = ones
buffered[places] += ones
np.add.at(added, places, ones)
for how, dx in {"=": assigned, "+=": buffered, "np.add.at": added}.items():
    print(f"{how:<10} leaves {dx[12]:g} in the middle")
assert (assigned[12], buffered[12], added[12]) == (1, 1, 4)

# %% [markdown]
# ## 7. Padding never wins
#
# Padding puts pixels around the image. For a convolution they are zeros. Here zeros would be wrong:
# in an image of negative numbers, zeros from outside would be the largest. So padding counts as
# $-\infty$, and switches are counted in the image *without* padding. The size is that of a
# convolution (lesson 01, equation (2)): with a window of 3, stride 2 and padding 1, a height of 3
# gives $\lfloor (3 + 2 - 3)/2 \rfloor + 1 = 2$.

# %%
negative = -1 - np.arange(9.0).reshape(3, 3)
y, switches = ops.max_pool2d(negative[None, None], 3, stride=2, padding=1)
assert (y < 0).all()
bordered = np.pad(negative, 1, constant_values=-np.inf)
shown = {"x, −∞ around it": bordered, "y": y[0, 0]}
print("switches", switches[0, 0].tolist())
plot_arrays(shown, marks={"x, −∞ around it": (0, 0, 3, 3), "y": (0, 0, 1, 1)})

# %% [markdown]
# ## 8. Check it, break it
#
# The gradient check holds for every option. Max-pooling has kinks, where two values of a window are
# equal; there it accepts any slope between those of the two sides.

# %%
rng = np.random.default_rng(0)
batch = rng.normal(size=(2, 3, 7, 6))
report = check_gradients(
    (ops.max_pool2d, ops.max_pool2d_backward), batch, kernel_size=3, stride=2, padding=1
)
assert report.ok
report

# %% [markdown]
# And the mistake of section 6, made on purpose, for `check_exercise` with its growing cases:


# %%
def max_pool2d_backward(dy, switches, input_size, **geometry):
    """Wrong where windows overlap: the last one overwrites the others."""
    dx = np.zeros((*dy.shape[:2], input_size[0] * input_size[1]))
    for n, c in np.ndindex(dy.shape[:2]):
        dx[n, c][switches[n, c].ravel()] = dy[n, c].ravel()
    return dx.reshape(*dy.shape[:2], *input_size)


report = check_exercise("max_pool2d_backward", max_pool2d_backward)
assert not report.ok
report

# %% [markdown]
# With windows of 2 and a stride of 2 nothing overlaps, and the same function is right. A check on
# such windows alone would have let it pass; the case with overlapping windows did not.
#
# ## 9. Exercise
#
# Write `max_pool2d` and its backward pass with loops (in `nn-scratch exercise start`'s folder), and
# ask:
#
#     nn-scratch exercise 04
#
# ## Remember
#
# - A pool keeps that something was there and forgets where; its switches, equation (1), remember.
#   Ties go to the first.
# - Its backward pass scatters `dy` to the switches and **adds** where they meet. It needs the
#   switches and a size, not $x$.
# - At fixed switches, forward and backward are one matrix and its transpose.
#
# **What is missing?** The image is small now, but every pixel wants a label. Somebody has to go
# back up, and the switches that you kept will pay for themselves.
#
# ## Read on
#
# - M. D. Zeiler and R. Fergus, [Visualizing and understanding convolutional
#   networks](https://arxiv.org/abs/1311.2901): switches, from a paper of theirs of 2011, carry an
#   answer back to the image, to show what it came from
#
# ← [01 Convolution](01_convolution.ipynb)
# · [all lessons](README.md)
# · [03 Going back up](03_going_back_up.ipynb) →
