# %% [markdown]
# # 06 · Fully convolutional networks
#
# **The question:** to name a digit a pixel must see all of it, and to draw its outline it must know
# exactly where it is. How can a network do both, and what does a loss for every pixel look like?
#
# You need: lessons 00 to 05. About 40 minutes.

# %%
# %matplotlib inline
import json
import os
from pathlib import Path

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation, Loader
    from nn_scratch.evaluation.segmentation import (
        class_iou,
        confusion_matrix,
        global_accuracy,
        mean_iou,
        median_frequency_weights,
    )
    from nn_scratch.exercises import check_exercise
    from nn_scratch.graph.cost import cost
    from nn_scratch.graph.receptive_field import influence, receptive_field
    from nn_scratch.nets import DownUpFCN, FullResolutionFCN
    from nn_scratch.plotting.figures import plot_arrays, plot_images, plot_segmentation
    from nn_scratch.training import Adam, Segmentation, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. Full resolution, and its price
#
# Why go down at all? Stack convolutions that keep the size ("same" padding) and end with 11 scores
# for each pixel: the **full-resolution** net. What a pixel of the output can depend on is called
# its **receptive field**. Every 5×5 convolution adds 4 to its height and width.
#
# **Predict** the receptive field of three such layers, and then how many layers it would take to
# see a digit of 21 pixels from any of its own pixels: 41.

# %%
predicted = 1 + 3 * 4
predicted_layers = (41 - 1) // 4

full = FullResolutionFCN(1, 11, widths=(16, 32, 32), rng=0)
image = np.zeros((1, 1, 40, 40), np.float32)
assert receptive_field(full, image) == (predicted, predicted)
print("receptive field", receptive_field(full, image), " layers for 41 pixels:", predicted_layers)

# %% [markdown]
# ## 2. Down and up again
#
# A pool halves the image. A 5×5 kernel on the small image covers 10×10 pixels of the large one, and
# the convolution costs a quarter, since there is a quarter of the places. After three pools one
# pixel stands for 8×8. Then three steps up, here by nearest unpooling (lesson 03), each followed by
# a convolution.

# %%
down_up = DownUpFCN(1, 11, widths=(16, 32, 64), upsampler="nearest", rng=0)
print(f"{'':<16}{'sees':>10}{'products':>16}{'weights':>10}")
for name, net in {"full resolution": full, "down and up": down_up}.items():
    total = cost(net, image)[-1]
    height, width = receptive_field(net, image)
    seen = f"{height}×{width}"
    print(f"{name:<16}{seen:>10}{total.macs:>16,}{total.params:>10,}")
plot_images(
    {
        name: influence(net, image).astype(int)
        for name, net in {"full resolution": full, "down and up": down_up}.items()
    },
    size=2,
)

# %% [markdown]
# Half the products, and every pixel sees the whole scene (blue; the pictures show what the middle
# pixel can depend on). The price: after three pools nobody knows where exactly an edge was.
#
# ## 3. Skip connections
#
# The encoder, on the way down, had maps at every size that still knew. A **skip connection** adds
# the encoder's map to the decoder's of the same size (Long et al. 2015). Its backward pass is the
# simplest there is. The sum $y = a + b$ moves with both, so
#
# $$\frac{\partial L}{\partial a} = \frac{\partial L}{\partial b} =
#   \frac{\partial L}{\partial y} \tag{1}$$
#
# and where one map is *used twice*, by the pool and by the skip, its two gradients are added. Read
# `forward` and `backward` in `nn_scratch/nets/fcn.py` side by side: that is all that happens there.

# %%
tiny = DownUpFCN(1, 3, widths=(2, 3), kernel_size=3, upsampler="nearest", skips=2, rng=0)
report = check_gradients(tiny, np.random.default_rng(0).normal(size=(2, 1, 6, 5)))
assert report.ok
report

# %% [markdown]
# ## 4. Batch norm, in four lines
#
# Between convolution and ReLU these nets have a **batch norm** (Ioffe & Szegedy 2015). It shifts
# and scales each channel to mean 0 and variance 1 over the batch, and then by two learned numbers,
# $w$ and $b$. Over the $m$ values $x_i$ of one channel, all images and pixels:
#
# $$\mu = \frac1m \sum_i x_i,\quad v = \frac1m \sum_i (x_i - \mu)^2,\quad
#   \hat x_i = \frac{x_i - \mu}{\sqrt{v + \varepsilon}},\quad y_i = w\,\hat x_i + b \tag{2}$$
#
# Deep nets train faster that way. For the gradient, mind that every $x_i$ also moves $\mu$ and
# $\sigma = \sqrt{v + \varepsilon}$, and so all other outputs. If the $x_i$ change by $dx_i$, then
#
# $$d\mu = \overline{dx}, \qquad d\sigma = \overline{\hat x\,dx}, \qquad
#   d\hat x_i = \frac{dx_i - d\mu - \hat x_i\,d\sigma}{\sigma}$$
#
# with bars for means (the second since $2\sigma\,d\sigma = dv = \tfrac2m \sum_i (x_i -
# \mu)\,dx_i$). The loss changes by $w \sum_i g_i\,d\hat x_i$, with $g = \partial L/\partial y$.
# What stands before $dx_i$ in it is the gradient: `dy` loses its mean, and the part that goes along
# with $\hat x$.
#
# $$\frac{\partial L}{\partial x_i} = \frac{w}{\sqrt{v + \varepsilon}}
#   \left(g_i - \overline{g} - \hat x_i\,\overline{g \hat x}\right), \qquad
#   \frac{\partial L}{\partial w} = \sum_i g_i \hat x_i,\quad
#   \frac{\partial L}{\partial b} = \sum_i g_i \tag{3}$$
#
# There is a reason that you can see: adding the same number to all $x_i$ changes nothing in $y$, so
# `dx` must add up to zero.

# %%
rng = np.random.default_rng(0)
x, g = rng.normal(2, 3, (4, 2, 5, 5)), rng.normal(size=(4, 2, 5, 5))
w, b = np.array([1.5, 0.5]), np.array([0.0, 1])
y, statistics, _ = ops.batch_norm2d(x, w, b, np.zeros(2), np.ones(2))
dx, dw, db = ops.batch_norm2d_backward(g, x, w, statistics)
over = 0, 2, 3  # images, rows, columns
print("means of y ", abs(y.mean(axis=over)).round(6), "  deviations", y.std(axis=over).round(3))
print("sums of dx ", abs(dx.sum(axis=over)).round(9))
assert np.allclose(y.mean(axis=over), b) and np.allclose(dx.sum(axis=over), 0)

# %% [markdown]
# When the net is used later, one image at a time, there is no batch: then running means, collected
# in training, take the place of $\mu$ and $v$. That is what `net.eval()` switches.
#
# ## 5. A loss for every pixel
#
# The net gives 11 **scores** $s_k$ for each pixel, any numbers. **Softmax** makes probabilities of
# them, positive and with sum 1:
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}, \qquad
#   \frac{\partial L}{\partial s_k} = p_k \Bigl(g_k - \sum_j g_j\, p_j\Bigr) \tag{4}$$
#
# **Cross-entropy** is the negative logarithm of the probability that the *true* class $t$ got. For
# $N$ pixels, each of weight $w_t$, which may differ from class to class:
#
# $$L = \frac{\sum_n w_{t_n} \bigl(-\log p_{n t_n}\bigr)}{\sum_n w_{t_n}} \tag{5}$$
#
# Its gradient in the probabilities is $g_k = -1/p_t$ for $k = t$ and 0 for all others, so that the
# sum in equation (4) is $g_t\,p_t = -1$. Put that in, and almost everything cancels: for every
# class $p_k\,(0 + 1) = p_k$, and for the true one $p_t\,(-1/p_t + 1) = p_t - 1$. Probability minus
# truth:
#
# $$\frac{\partial L}{\partial s_{nk}} = \frac{w_{t_n}}{\sum_m w_{t_m}}
#   \bigl(p_{nk} - [k = t_n]\bigr) \tag{6}$$
#
# **Predict:** two classes, one pixel, both scores 0, the true class is 1. What are $L$ and the
# gradient?

# %%
scores, truth = np.zeros((1, 2, 1, 1)), np.array([[[1]]])
predicted_loss, predicted_gradient = np.log(2), [0.5, -0.5]
assert np.isclose(ops.cross_entropy(scores, truth), predicted_loss)
assert np.allclose(ops.cross_entropy_backward(scores, truth).ravel(), predicted_gradient)
plot_arrays({"scores": scores.ravel(), "p": ops.softmax(scores).ravel(), "ds": predicted_gradient})

# %% [markdown]
# The score of the true class is pushed up, the other one down, and the two pushes cancel.
#
# ## 6. When one class is everywhere
#
# Look at what the pixels of our scenes are:

# %%
scenes = DigitSegmentation("train", 200)
maps = np.stack([scenes.sample(0, index)[1] for index in range(200)])
shares = np.bincount(maps.ravel(), minlength=11) / maps.size
print(
    "background",
    f"{shares[0]:.0%};",
    "each digit",
    f"{shares[1:].min():.1%} to {shares[1:].max():.1%}",
)

# %% [markdown]
# A net that always says "background" is right at most pixels. So **global accuracy**, the share of
# right pixels, says little. **Intersection over union** (IoU) asks for each class: of all pixels
# that are of this class *or were said to be*, how many are both?
#
# $$\text{IoU}_k = \frac{|\text{true } k \cap \text{said } k|}
#   {|\text{true } k \cup \text{said } k|}, \qquad
#   \text{mIoU} = \text{mean over the classes } k \tag{7}$$
#
# **Predict** both measures for the net that always says background.

# %%
nothing = confusion_matrix(maps, np.zeros_like(maps), 11)
print(f"global accuracy {global_accuracy(nothing):.2f}   mIoU {mean_iou(nothing):.2f}")
assert global_accuracy(nothing) == shares[0]
assert np.isclose(mean_iou(nothing), shares[0] / 11)  # one class of eleven

# %% [markdown]
# From here on we report mIoU. In training, weights can help rare classes: $w_k$ in equation (5).
# **Median frequency balancing** (Eigen & Fergus 2015) takes the median of all shares divided by the
# class's own:

# %%
weights = median_frequency_weights(iter(maps), 11)
print("weight of the background", weights[0].round(2), "  of the digits", weights[1:].round(2))

# %% [markdown]
# ## 7. Train three nets
#
# The same number of scenes for each, one after the other (about a minute). **Predict** their order.
# (The last column, boundary F1, looks at outlines only: lesson 07 explains it.)

# %%
count, epochs = (64, 1) if FAST else (1600, 4)
train = Loader(DigitSegmentation("train", count), 16, shuffle=True)
test = Loader(DigitSegmentation("test", 64 if FAST else 200), 32)
subjects = {
    "full resolution": FullResolutionFCN(1, 11, widths=(8, 16, 16), rng=0),
    "down and up": DownUpFCN(1, 11, widths=(8, 16, 32), upsampler="nearest", rng=0),
    "with skips": DownUpFCN(1, 11, widths=(8, 16, 32), upsampler="nearest", skips=3, rng=0),
}
metrics = {}
print(f"{'':<18}{'mIoU':>8}{'accuracy':>10}{'boundary F1':>13}")
for name, net in subjects.items():
    task = Segmentation(11)
    schedule = one_cycle(2e-2, epochs * len(train))
    fit(net, task, train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
    found = metrics[name] = evaluate(net, task, test)
    print(
        f"{name:<18}{found['mean_iou']:>8.3f}{found['global_accuracy']:>10.3f}"
        f"{found['boundary_f1']:>13.3f}"
    )

# %%
images, truths = (part[:3] for part in next(iter(test.batches())))
net = subjects["with skips"].eval()
names = ("background", *"0123456789")
plot_segmentation(images, truths, names, net(images).argmax(axis=1))

# %% [markdown]
# A minute of training is little. What becomes of such nets, with twice the channels, in the
# long runs of `RESULTS.md`?

# %%
results = json.loads((Path("..") / "benchmarks" / "results" / "digits.json").read_text())
long_run = {
    row["net"]: np.mean([run["mean_iou"] for run in row["runs"]]) for row in results["rows"]
}
print(f"mIoU after {results['epochs']} epochs of {results['training_images']} scenes:")
for net_name in ("full-resolution-fcn", "fcn-nearest", "fcn-nearest-skips"):
    print(f"  {net_name:<22}{long_run[net_name]:.3f}")
assert long_run["full-resolution-fcn"] < long_run["fcn-nearest"] < long_run["fcn-nearest-skips"]

# %% [markdown]
# Seeing the whole digit helps, once there was time to learn what it looks like; and so does knowing
# where its edge was. Skips bring both, and early.
#
# Back to our own short run. Which classes are hard? The IoU of each:

# %%
found = np.concatenate([net(x).argmax(axis=1) for x, _ in test.batches()])
truth = np.concatenate([labels for _, labels in test.batches()])
each = class_iou(confusion_matrix(truth, found, 11))
for name, value in zip(names, each, strict=True):
    print(f"{name:<12}{value:>6.2f}  {'▇' * round(30 * np.nan_to_num(value))}")

# %% [markdown]
# ## 8. Break it on purpose
#
# A gradient without the division in equation (6): it points the right way and is as many times too
# large as there are pixels. With a small learning rate such a net even trains.


# %%
def cross_entropy_backward(scores, labels, **options):
    """Wrong: sums over the pixels where the loss takes the mean."""
    p = ops.softmax(scores)
    onehot = np.moveaxis(np.eye(scores.shape[1])[labels], -1, 1)
    return p - onehot


report = check_exercise("cross_entropy_backward", cross_entropy_backward)
assert not report.ok
report

# %% [markdown]
# ## 9. Exercises
#
# Batch norm from equations (2) and (3), softmax from (4), cross-entropy from (5) and (6):
#
#     nn-scratch exercise 10
#     nn-scratch exercise 11
#     nn-scratch exercise 12
#
# Then train for longer, and with weights:
#
#     nn-scratch train segmentation --net fcn-nearest-skips --class-weights median_frequency
#
# ## Remember
#
# - Going down makes every pixel see more for less; going up must find the edges again, and skip
#   connections bring them.
# - The gradient of softmax and cross-entropy together is probability minus truth, divided by what
#   counts.
# - Where one class fills the image, accuracy flatters. Look at mIoU.
