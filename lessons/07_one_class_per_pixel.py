# %% [markdown]
# # 07 · One class for each pixel
#
# **The question:** a classifier says what is in an image. How do you make it say what is at every
# *pixel*, and how do you do that without computing almost everything many times over?
#
# You need: lessons 00 to 02, 05 and 06. About 30 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel **07**
# [08](08_down_and_up_again.ipynb) [09](09_segnet_and_the_rest.ipynb) · find the objects
# [10](10_what_and_where.ipynb) [11](11_several_objects.ipynb) · faster
# [12](12_from_loops_to_speed.ipynb) [13](13_on_the_gpu.ipynb) · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import json
import os
from pathlib import Path

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation, Loader
    from nn_scratch.evaluation.segmentation import confusion_matrix, global_accuracy, mean_iou
    from nn_scratch.graph.cost import cost
    from nn_scratch.graph.receptive_field import receptive_field
    from nn_scratch.layers import Conv2d, Linear, MaxPool2d
    from nn_scratch.nets import FullyConvolutional, PatchClassifier, SlidingWindow
    from nn_scratch.plotting import (
        plot_arrays,
        plot_dense_pool,
        plot_dilation,
        plot_images,
        plot_patches,
        plot_segmentation,
    )
    from nn_scratch.training import Adam, Segmentation, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. The sliding window
#
# Take a classifier for small images, say 17×17 pixels, that says what stands in the *middle*. To
# label a large image, put the window around the first pixel, classify, move it by one pixel,
# classify, and so on. At the border the window reaches out of the image; there it sees zeros.
#
# ![A window moves over a scene, and the label of its middle pixel fills the label
# map](images/sliding_window.gif)
#
# (To be short, the film shows every 37th pixel only. The digit is an 8; the labels are those of the
# classifier that section 7 trains. It finds the ink; which digit it is, it often guesses wrong. By
# the end of the lesson you will know why.)

# %%
scenes = DigitSegmentation("test", 4)
image, labels = scenes.sample(0, 2)
assert np.unique(labels).tolist() == [0, 9]  # class 0 is the background, so class 9 is the digit 8
padded = np.pad(image, ((0, 0), (8, 8), (8, 8)))


def patch_around(row, column):
    """The 17×17 pixels around a pixel: the padding has moved everything by 8."""
    return padded[:, row : row + 17, column : column + 17]


plot_patches(image, [(0, 0), (12, 20), (20, 24)], window=17)

# %% [markdown]
# Our classifier: two convolutions of 5×5 with ReLU, a 2×2 max-pool after the first one, then two
# linear layers. **Predict:** how often does it have to run for one image of 40×40 pixels?

# %%
classifier = PatchClassifier(1, 11, patch=17, widths=(8, 16), pools=(0,), features=32, rng=0)
scores = np.stack(
    [classifier(patch_around(r, c)[None])[0] for r in range(40) for c in range(40)], axis=-1
)
assert scores.shape == (11, 40 * 40)

sliding = SlidingWindow(classifier)  # the library's, the same
assert np.allclose(sliding(image[None])[0], scores.reshape(11, 40, 40), atol=1e-5)
print("scores", scores.shape, "→ label map", scores.reshape(11, 40, 40).argmax(axis=0).shape)

# %% [markdown]
# ## 2. What it wastes
#
# 1,600 times, once for each pixel. Two neighbours, and one a little further on. **Predict:** how
# many of their 17×17 pixels do the first two share?

# %%
plot_patches(image, [(20, 24), (20, 25), (26, 24)], window=17)

# %% [markdown]
# Sixteen of seventeen columns, 272 of 289 pixels. There the first convolution computes the same
# numbers twice, and with the next window again: a pixel far from the border lies in 289 windows,
# and is read anew for each of them. How many multiplications is that in all? (Each goes with an
# addition; tables call the pair a MAC, multiply and accumulate. These lessons say *products*.)

# %%
*each, whole_patch = cost(classifier, patch_around(0, 0)[None])
kinds = [type(layer).__name__ for layer in classifier.layers]
for kind, row in zip(kinds, each, strict=True):
    if row.macs:
        print(f"{kind:<14}{row.macs:>11,} products")
one_patch = whole_patch.macs
print(f"one patch     {one_patch:>11,}")
print(f"1600 patches  {1600 * one_patch:>11,}")

# %% [markdown]
# The convolution itself is innocent: over the whole image at once it computes each of its outputs
# once. It is the *linear* layers that want a fixed size. Can they slide too?
#
# ## 3. A linear layer is a convolution
#
# A linear layer on a map of $C$ channels and $k \times k$ pixels first lays the map out as one long
# vector. Each of its outputs is a weighted sum over *all* pixels and channels. So is one output of
# a convolution whose kernel is as large as the map:
#
# $$y_f = \sum_{c,i,j} W_{f,\,(c,i,j)}\; x_{cij}
#   \qquad\Longleftrightarrow\qquad
#   y_{frs} = \sum_{c,i,j} w_{fcij}\; x_{c,\,r+i,\,s+j} \tag{1}$$
#
# At $r = s = 0$ it is the same sum, and the weights are the same numbers in another shape. On a
# larger map the convolution has other places $r, s$ too, and says at each what the linear layer
# would have said there. By hand, with a map of one channel and 2×2 pixels:

# %%
small_map = np.array([[1.0, 2], [3, 4]])
large_map = np.array([[1.0, 2, 0, 1], [3, 4, 1, 0], [2, 0, 1, 1]])
W = np.array([[1.0, 0, -1, 2]])  # one output, four inputs

as_linear = ops.linear(small_map.reshape(1, 4), W)
kernel = W.reshape(1, 1, 2, 2)  # the same numbers
everywhere = ops.conv2d(large_map[None, None], kernel)
assert everywhere[0, 0, 0, 0] == as_linear[0, 0]
shown = {"2×2 map": small_map, "weights": kernel[0, 0], "linear layer": as_linear}
shown |= {"larger map": large_map, "the weights slide": everywhere[0, 0]}
first = {"2×2 map": (0, 0, 2, 2), "linear layer": (0, 0, 1, 1)}
first |= {"larger map": (0, 0, 2, 2), "the weights slide": (0, 0, 1, 1)}
plot_arrays(shown, marks=first)

# %% [markdown]
# **Predict:** after the pools and convolutions our 17×17 patch is a map of how many pixels? The
# first linear layer becomes a convolution with a kernel of that size.

# %%
layers = classifier.layers
x = patch_around(0, 0)[None]
for layer in layers:
    if isinstance(layer, Linear):
        break
    x = layer(x)
    print(f"{type(layer).__name__:<10}{x.shape}")
size = (17 - 4) // 2 - 4  # 5×5 without padding takes 4, the pool makes 6 of 13, 4 more
assert x.shape[1] == 16 * size**2

# %% [markdown]
# ## 4. The pool needs a trick
#
# A pool with stride 2 keeps every second place. Over the whole image that would give a score for
# every second pixel only. The sliding window had one for each: a patch that starts one pixel
# further right pools the *other* pairs. So the fully convolutional pool moves by 1 and keeps both
# sets of pairs, interleaved. In one dimension, with a kernel of two weights behind it:

# %%
line = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
strided = [ops.max_pool2d(line[start:].reshape(1, 1, 1, -1), (1, 2))[0][0, 0] for start in (0, 1)]
dense = ops.max_pool2d(line.reshape(1, 1, 1, -1), (1, 2), stride=1)[0][0, 0]
assert np.array_equal(dense[:, ::2], strided[0]) and np.array_equal(dense[:, 1::2], strided[1])
plot_dense_pool(line)

# %% [markdown]
# Neighbours in the blue row are two apart in the last one. So the layers behind the pool must take
# every second pixel of what they see: their windows are **dilated** by 2. A kernel has as many
# weights as before, and only reaches further. (What costs is that these layers now compute at every
# pixel.) **Predict:** how many pixels do three layers of 3×3 see together, at dilations 1, 2 and 4?

# %%
plot_dilation(3, (1, 2, 4))

# %% [markdown]
# Above, the pixels that one kernel reads; below, what reaches the marked pixel through all layers
# so far, darker where more ways lead. With dilation 1 three such layers would see 7×7. Nets for
# segmentation often use dilation for its own sake (Yu & Koltun 2016): to see far without a pool.
# Here it is only what a pool leaves behind, when it no longer halves the image.
#
# `FullyConvolutional` does all of that to a patch classifier. It holds *the same arrays*: nothing
# is copied, nothing is learned anew. **Predict**, for each layer below: its stride, its dilation,
# and the size of its kernel. And how many pixels can a score depend on? (Not 17×17.)

# %%
whole = FullyConvolutional(classifier)
for layer in whole.net:
    if isinstance(layer, Conv2d | MaxPool2d):
        print(layer)
height, width = receptive_field(whole, np.zeros((1, 1, 40, 40), np.float32))
print(f"a score can depend on {height}×{width} pixels")
assert (height, width) == (16, 16)

# %% [markdown]
# (The dilation of the 1×1 kernel means nothing: it has no distances.) In each patch the pool makes
# 6 rows of 13 and drops the last one, so the last row and column of the patch are read for nothing.
# And no convolution here has padding. One that had would see zeros at the edge of each patch, where
# the whole image has pixels, and the two ways would disagree.
#
# ## 5. Equal, to the last digit
#
# With weights that are small whole numbers nothing is rounded. Then the two must agree exactly, at
# every pixel, the border included.

# %%
rng = np.random.default_rng(0)
exact = PatchClassifier(1, 3, patch=11, widths=(2, 3), kernel_size=3, pools=(0,), features=4, rng=0)
for values in exact.params.values():
    values[...] = rng.integers(-2, 3, values.shape)
board = rng.integers(0, 4, (2, 1, 13, 10)).astype(np.float32)
one_by_one = SlidingWindow(exact)(board)
at_once = FullyConvolutional(exact)(board)
assert np.array_equal(one_by_one, at_once)
print("scores", at_once.shape, ": the largest difference is", np.abs(one_by_one - at_once).max())

# %% [markdown]
# And the work? **Predict** roughly: is it a little less, or several times less?

# %%
together = cost(whole, image[None])[-1].macs
print(f"patch by patch {1600 * one_patch:>12,} products")
print(f"at once        {together:>12,} products: {1600 * one_patch / together:.1f} times less")
assert 1600 * one_patch > 2 * together

# %% [markdown]
# Products are not seconds. Those were measured once, for a classifier with the same window and
# twice as many channels and features, and stand in `benchmarks/sliding_window.json`. Its products
# shrink less than ours. **Predict:** do its seconds shrink by more than its products, or by less?

# %%
measured = json.loads((Path("..") / "benchmarks" / "sliding_window.json").read_text())
ways = [row for row in measured["rows"] if row["classifier"] == "one pool"]
less = {unit: ways[0][unit] / ways[1][unit] for unit in ("macs", "seconds")}
print(f"at once: {less['macs']:.0f} times fewer products, {less['seconds']:.0f} times faster")
assert less["macs"] < less["seconds"]

# %% [markdown]
# By far more. Exercise 3 asks why. (How large are the arrays that each way multiplies?)
#
# ## 6. The gradients agree as well
#
# For training, the loss is the mean over all pixels. Patch by patch, each patch gives a gradient in
# the weights, and they are summed. At once, the backward pass of the convolution does that sum
# (lesson 01, equation (5): it runs over all places of the kernel). With whole numbers the two must
# agree to the last digit again:

# %%
dscores = rng.integers(-2, 3, at_once.shape).astype(np.float32)
whole_exact = FullyConvolutional(exact)
whole_exact.zero_grad()
whole_exact(board)
whole_exact.backward(dscores)
together = {name: g.copy() for name, g in whole_exact.grads.items()}

exact.zero_grad()
around = np.pad(board, ((0, 0), (0, 0), (5, 5), (5, 5)))
for n in range(2):
    for r in range(13):
        for c in range(10):
            exact(around[n : n + 1, :, r : r + 11, c : c + 11])
            exact.backward(dscores[n : n + 1, :, r, c])
for one, other in zip(exact.grads.values(), together.values(), strict=True):
    assert np.array_equal(one.ravel(), other.ravel())
print(
    f"all {len(together)} parameter gradients of {2 * 13 * 10} patches and of two images are equal"
)

# %% [markdown]
# And the fully convolutional net passes the check like any layer:

# %%
fresh = PatchClassifier(1, 3, patch=9, widths=(2, 3), kernel_size=3, features=4, rng=0)
for name, values in fresh.params.items():
    if name.endswith("bias"):
        values[...] = rng.uniform(-0.5, 0.5, values.shape)  # zeros would stand at ReLU's kink
report = check_gradients(FullyConvolutional(fresh), rng.normal(size=(1, 1, 6, 5)))
assert report.ok
print(
    f"{len(report.rows)} gradients right, largest error {max(row.error for row in report.rows):.0e}"
)

# %% [markdown]
# ## 7. Train it
#
# With `fit`, the loop of lesson 05. A `Loader` makes batches of scenes; `Segmentation(11)` says
# what is asked of the net, one of 11 classes for each pixel, and so which loss: the cross-entropy
# of lesson 06. Three passes over all batches, three **epochs**.

# %%
count = 64 if FAST else 1500
train = Loader(DigitSegmentation("train", count), 16, shuffle=True)
epochs, rate = 3, 2e-2
fit(
    whole,
    Segmentation(11),
    train,
    Adam(whole),
    epochs=epochs,
    schedule=one_cycle(rate, epochs * len(train)),
    progress=False,
)
many = DigitSegmentation("test", 64)
images, truths = next(iter(Loader(many, 64).batches()))
found = whole(images).argmax(axis=1)
names = ("background", *"0123456789")
counts, ink = confusion_matrix(truths, found, 11), truths > 0
print(f"64 unseen scenes: mIoU {mean_iou(counts):.2f}")
print(f"{global_accuracy(counts):.1%} of the pixels are right; {1 - ink.mean():.1%} are background")
print(
    f"of the ink {(found[ink] > 0).mean():.0%} is called ink, "
    f"{(found == truths)[ink].mean():.0%} is given the right digit"
)
plot_segmentation(images[4:8], truths[4:8], names, found[4:8])

# %% [markdown]
# Many colours in one digit: each pixel guesses for itself. The same four scenes once more, in the
# same order, now only with what was right and what was not (the colours mean other things here):

# %% tags=["hide-input"]
kinds = [f"unused {place}" for place in range(11)]  # a place for each colour; five are drawn
kinds[0], kinds[2], kinds[7] = "background, right", "ink, right digit", "ink, wrong digit"
kinds[10], kinds[6] = "ink missed", "ink invented"
verdict = np.select(
    [(truths == 0) & (found == 0), found == truths, (truths > 0) & (found > 0), truths > 0],
    [0, 2, 7, 10],
    default=6,
)
digits = {n: " and ".join(names[k] for k in np.unique(truths[n])[1:]) for n in (4, 6, 5, 7)}
panels = {digit: verdict[n] for n, digit in digits.items()}
plot_images(panels, size=2.1, class_names=kinds)

# %% [markdown]
# Where the ink is, the net knows; which digit it is, mostly not. Two things are to blame. The
# first is the training: three epochs at a high learning rate are few, so that you need not wait
# long. Build `classifier` and `whole` anew and take `epochs, rate = 12, 1e-2`: the same net, with
# the same window, gives about twice as much of the ink the right digit, and takes four times as
# long. So that weighs much here. But about half of the ink is still given the wrong digit.
#
# The second is the window. Here are five patches, each around a pixel of ink. The net sees no more
# than that, however long it learns. **Predict:** which digits are they from?

# %%
riddles = [(3, 14, 8), (30, 9, 28), (59, 22, 10), (5, 24, 28), (50, 18, 15)]  # scene, row, column


def look(scene, size):
    """The part of a scene around its pixel; black beside it."""
    index, row, column = scene
    image, half = many.sample(0, index)[0], size // 2
    padded = np.pad(image, ((0, 0), (half, half), (half, half)))
    return padded[:, row : row + size, column : column + size]


plot_images({f"patch {n + 1}": look(riddle, 17) for n, riddle in enumerate(riddles)}, size=2)

# %% tags=["hide-input"]
answers = {}
for n, (index, row, column) in enumerate(riddles):
    scene, scene_labels = many.sample(0, index)
    said = int(whole(scene[None])[0, :, row, column].argmax())
    true = names[scene_labels[row, column]]
    assert FAST or (names[said] == true) == (n == 3)  # only the fourth is named rightly
    answers[f"{n + 1}: part of a {true}\nthe net says {names[said]}"] = look(riddles[n], 31)
plot_images(answers, size=2)

# %% [markdown]
# The first three show a ring, and could be an 8, a 9 or a 6. The last two show a hook: the net
# names the 3 rightly, and you perhaps the 7 as well, since its stem runs down to the left. Such
# signs a longer training can find. In the rings you most likely found none, and you have trained
# for years: 17×17 pixels around a point of a stroke show only a part of a digit that is 16 to 21
# pixels high. To see more, the window would have to grow, and with it the cost. Lesson 08 sees more
# for less.
#
# ## 8. Break it on purpose
#
# The easiest mistake here is one of shape: reshape the linear weights in the wrong order. The
# vector was laid out as (channel, row, column); someone reads it as (row, column, channel).

# %%
(first_linear, *_) = (layer for layer in exact.layers if isinstance(layer, Linear))
weight, channels, k = first_linear.params["weight"], 3, 2  # (4, 12): a map of 3 channels, 2×2
right = weight.reshape(len(weight), channels, k, k)
wrong = weight.reshape(len(weight), k, k, channels).transpose(0, 3, 1, 2)
features = rng.integers(0, 3, (1, channels, k, k)).astype(np.float32)
said = ops.linear(features.reshape(1, -1), weight)
print("linear            ", said[0])
print("right as a kernel ", ops.conv2d(features, right)[0, :, 0, 0])
print("wrong as a kernel ", ops.conv2d(features, wrong)[0, :, 0, 0])
assert np.array_equal(ops.conv2d(features, right)[:, :, 0, 0], said)
assert not np.array_equal(ops.conv2d(features, wrong)[:, :, 0, 0], said)

# %% [markdown]
# The shapes fit, no error is raised, and a gradient check would pass: as a convolution, `wrong` is
# perfectly fine. It is only not *this* classifier. What finds such a mistake is a comparison with
# the definition, as in section 5.
#
# Here is one that the check does find. `forward` puts a border of zeros around the image, so the
# gradient that comes back is one of the larger image, and the border must be cut off again. Someone
# keeps the part at the top left:


# %%
class CutAtTheCorner(FullyConvolutional):
    """Wrong: the image lies in the middle of the padded one."""

    def backward(self, dscores):
        height, width = dscores.shape[2:]
        return self.net.backward(dscores)[:, :, :height, :width]


report = check_gradients(CutAtTheCorner(fresh), rng.normal(size=(1, 1, 6, 5)))
assert not report.ok
report

# %% [markdown]
# Read it as a detective: the gradients of all weights are right, only that of `x` is not. So
# whatever the weights' gradients need is innocent. Two suspects are left: the border, and the first
# convolution's gradient in its own input, which no weight needs. Ask that one alone:

# %%
report = check_gradients(fresh.layers[0], rng.normal(size=(1, 1, 6, 5)))
print("the first convolution's gradient of x:", "right" if report.rows[0].ok else "WRONG")
assert report.rows[0].name == "x" and report.ok

# %% [markdown]
# So it was the border. (Training would not have shown it: nobody asks there for the gradient of an
# image.)
#
# ## 9. Exercises
#
# 1. This lesson's classifier gets a third convolution, of 16 channels, and 25×25 patches. How many
#    products would it take patch by patch for a 100×100 image, and at once? Estimate first;
#    then build it as in section 1, but with `patch=25, widths=(8, 16, 16)`, and ask `cost`.
# 2. Give this lesson's classifier, for 17×17, a second pool (`pools=(0, 1)`). Which dilation do the
#    last layers have?
# 3. In seconds more is won than in products (section 5; `python benchmarks/sliding_window.py` takes
#    them on your machine). Why?
#
# ## Remember
#
# - A sliding window labels every pixel by classifying the patch around it, and computes shared work
#   again and again.
# - A linear layer on a map is a convolution with a kernel as large as the map: equation (1). So a
#   classifier without padding can run over a whole image at once, with the same weights and scores.
# - It still sees no more than its patch. When a net errs, ask both: has it learned all that it
#   could, and could it see what it would need?
#
# **What is missing?** Longer training helps, but in some patches of 17×17 pixels not even you can
# tell one digit from another, and a larger window costs more. Lesson 08 finds a way out.
#
# ## Read on
#
# - P. Sermanet et al., [OverFeat](https://arxiv.org/abs/1312.6229), section 3.5
# - J. Long et al., [Fully convolutional networks for semantic
#   segmentation](https://arxiv.org/abs/1411.4038)
# - F. Yu and V. Koltun, [Multi-scale context aggregation by dilated
#   convolutions](https://arxiv.org/abs/1511.07122)
#
# ← [06 A loss for every pixel](06_a_loss_for_every_pixel.ipynb)
# · [all lessons](README.md)
# · [08 Down and up again](08_down_and_up_again.ipynb) →
