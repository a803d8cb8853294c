# %% [markdown]
# # 09 · SegNet against the rest
#
# **The question:** there are five ways back up. With everything else equal, which is best, at what
# price, and by which measure?
#
# You need: lessons 03, 04 and 08. About 35 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb) **09** · find the objects
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
    from nn_scratch.evaluation.boundary import image_boundary_f1
    from nn_scratch.evaluation.display import display_name
    from nn_scratch.evaluation.segmentation import class_iou, confusion_matrix
    from nn_scratch.exercises import check_exercise
    from nn_scratch.graph.cost import cost
    from nn_scratch.layers import Conv2d, Layer, MaxPool2d, MaxUnpool2d
    from nn_scratch.nets import DownUpFCN, pretrained
    from nn_scratch.plotting import plot_dots, plot_images, plot_label_maps, plot_outlines
    from nn_scratch.plotting.street import STREET_CLASSES, street
    from nn_scratch.training import Adam, Segmentation, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less
RESULTS = Path("..") / "benchmarks" / "results"

# %% [markdown]
# A car must know where the road ends, and who stands beside it. Here is a street, drawn by a few
# lines of code, with the class of every pixel. A net that pools three times has, at its narrowest,
# one cell for 8×8 pixels. **Predict:** if each such block may have one class only, and gets the one
# that most of its pixels have, who disappears?

# %% tags=["hide-input"]
photo, street_labels = street()
blocks = street_labels.reshape(12, 8, 16, 8).swapaxes(1, 2).reshape(12, 16, 64)
cells = np.array([[np.bincount(block).argmax() for block in row] for row in blocks])
coarse = cells.repeat(8, axis=0).repeat(8, axis=1)
right = (coarse == street_labels).mean()
gone = set(STREET_CLASSES) - {STREET_CLASSES[k] for k in np.unique(coarse)}
print(f"{right:.0%} of the pixels are right, and gone are every", " and every ".join(sorted(gone)))
assert gone == {"pedestrian", "pole"}
plot_label_maps(
    photo, {"the right labels": street_labels, "in blocks of 8×8": coarse}, STREET_CLASSES
)

# %% [markdown]
# No label map of such blocks has more pixels right, and still nobody should drive by it. What pools
# take away, the way up must find again. Five ways at the starting line: one of our scenes, pooled
# twice and brought back, before anything has been learned. Nearest and bilinear make blobs. Nails
# stand in rows, wherever the ink was. The bright points of max-unpooling stand on the strokes, and
# a transpose convolution with random weights makes a pattern of its own. From which of them can a
# net learn to draw an outline?

# %%
scene, _ = DigitSegmentation("test", 40).sample(0, 33)
weights = abs(np.random.default_rng(0).normal(size=(1, 1, 4, 4))).astype(np.float32)
ways_up = {
    "nearest": lambda x, switches, size: ops.nearest_unpool2d(x, 2),
    "bed of nails": lambda x, switches, size: ops.bed_of_nails_unpool2d(x, 2),
    "bilinear": lambda x, switches, size: ops.bilinear_upsample2d(x, size),
    "max-unpooling": ops.max_unpool2d,
    "transpose convolution": lambda x, switches, size: ops.conv_transpose2d(
        x, weights, stride=2, padding=1
    ),
}
small, outer = ops.max_pool2d(scene[None], 2)
smallest, inner = ops.max_pool2d(small, 2)
shown = {"image": scene}
for way, up in ways_up.items():
    y = up(up(smallest, inner, (20, 20)), outer, (40, 40))[0]
    shown[way] = y / y.max()
plot_images(shown, columns=6, size=1.7)

# %% [markdown]
# ## 1. One encoder, five decoders
#
# The encoder goes down: convolution, batch norm, ReLU, pool, three times. The decoder has one
# stage for each pool. What differs is how a stage makes its map twice as large:
#
# | way up | what it knows | learned |
# |---|---|---|
# | nearest | nothing: the value four times | no |
# | bed of nails | nothing: the value at the top left | no |
# | bilinear | nothing: straight lines between values | no |
# | max-unpooling | where each maximum was (SegNet, Badrinarayanan et al. 2015) | no |
# | transpose convolution | what it has learned (FCN, Long et al. 2015) | yes |
#
# and, with any of them, **skips**: the encoder's map added to the decoder's of the same size
# (lesson 08). **Predict** an order before you read on, without skips and with them.

# %% [markdown]
# ## 2. SegNet's trick, in a dozen lines
#
# A pool and its partner: the unpooling layer asks the pool for its switches. A layer may be made of
# others: those that you assign to `self` become its parts, and their weights its own. Read
# `backward` from the bottom of `forward` upwards: each line answers one line.


# %%
class OneStage(Layer):
    """Convolution, pool, unpool, convolution: the smallest SegNet."""

    def __init__(self):
        super().__init__()
        self.down = Conv2d(1, 3, 3, padding="same", rng=0)
        self.pool = MaxPool2d(2)
        self.unpool = MaxUnpool2d(self.pool)
        self.up = Conv2d(3, 2, 3, padding="same", rng=1)

    def forward(self, x):
        x = self.pool(self.down(x))
        return self.up(self.unpool(x))

    def backward(self, dy):
        dy = self.unpool.backward(self.up.backward(dy))
        return self.down.backward(self.pool.backward(dy))


report = check_gradients(OneStage(), np.random.default_rng(0).normal(size=(2, 1, 6, 5)))
assert report.ok
report

# %% [markdown]
# Note that no gradient flows through the switches: they are places, whole numbers, and do not
# change when $x$ changes a little. (`padding="same"` adds as many zeros as keep the size.)
#
# ## 3. A measure for outlines
#
# mIoU counts pixels; where objects are large, most of them lie inside, and a crude outline costs
# little. Where objects are thin, it costs much. It mixes the two questions *is it found?* and *is
# its outline right?* **Boundary F1** (Csurka et al. 2013) looks at outlines only, however large the
# area in them. For one class:
#
# $$\begin{aligned}
#   \text{precision} &= \text{share of the drawn outline near the true one}\\
#   \text{recall} &= \text{share of the true outline near the drawn one}
#   \end{aligned} \tag{1}$$
# $$F_1 = \frac{2 \cdot \text{precision} \cdot \text{recall}}
#   {\text{precision} + \text{recall}} \tag{2}$$
#
# An image gets the mean over the classes that it has or is said to have. So this measure, too, goes
# class by class: a perfect outline with a wrong name fits no outline of its class, and scores 0.
#
# *Near* means within 0.75 % of the image's diagonal, as in the SegNet paper. On our 40×40 pixels
# that is less than a pixel: outlines must be met exactly. **Predict:** a square of 12×12 pixels,
# drawn one pixel too large on every side. How do IoU and boundary F1 take that?

# %%
truth = np.zeros((1, 40, 40), int)
truth[:, 14:26, 14:26] = 1
thick = np.zeros_like(truth)
thick[:, 13:27, 13:27] = 1
iou = class_iou(confusion_matrix(truth, thick, 2))[1]
assert np.isclose(iou, 12**2 / 14**2)
for tolerance in (0.0075, 0.03):
    (f1,) = image_boundary_f1(truth, thick, 2, tolerance=tolerance)
    print(f"IoU {iou:.2f}   boundary F1 {f1:.2f} within {tolerance * np.hypot(40, 40):.1f} pixels")
near = slice(10, 30), slice(10, 30)  # the middle of the image
shown = {"a square, one pixel too large": thick[0][near]}
plot_outlines(np.ones((1, 20, 20)), truth[0][near], shown, ("", "square"))

# %% [markdown]
# And the strokes of our digits, drawn one pixel too thick? (One sees that they are a few pixels
# wide.)

# %%
image, digits = DigitSegmentation("test", 1).sample(0, 0)
ink = digits > 0
grown = np.pad(ink, 1)
grown = grown[1:-1, 1:-1] | grown[:-2, 1:-1] | grown[2:, 1:-1] | grown[1:-1, :-2] | grown[1:-1, 2:]
print(f"IoU of the ink, one pixel too thick: {ink.sum() / grown.sum():.2f}")
plot_outlines(image, ink.astype(int), {"one pixel too thick": grown.astype(int)}, ("", "ink"))

# %% [markdown]
# And the street in blocks, in which two classes are gone? **Predict** an order: the share of right
# pixels, mIoU, boundary F1.

# %%
found = class_iou(confusion_matrix(street_labels[None], coarse[None], len(STREET_CLASSES)))
(f1,) = image_boundary_f1(street_labels[None], coarse[None], len(STREET_CLASSES))
print(f"pixels right {right:.2f}   mIoU {found.mean():.2f}   boundary F1 {f1:.2f}")
one_by_one = [f"{STREET_CLASSES[k]} {found[k]:.2f}" for k in np.argsort(-found)]
print("IoU of", ", ".join(one_by_one[:6]) + ",\n      ", ", ".join(one_by_one[6:]))
assert right > found.mean() > f1

# %% [markdown]
# ## 4. Train them
#
# The same encoder, the same scenes in the same order, and a short training for three of them, one
# that knows nothing, one with switches, one that learns (about a minute in all).

# %%
count, epochs = (64, 1) if FAST else (1600, 5)
train = Loader(DigitSegmentation("train", count), 16, shuffle=True)
test = Loader(DigitSegmentation("test", 64 if FAST else 200), 50)
upsamplers = {
    "nearest": "nearest",
    "max-unpooling": "max_unpool",
    "transpose convolution": "transpose_conv",
}
trained = {}
print(f"{'':<23}{'mIoU':>7}{'boundary F1':>13}{'weights':>9}{'products':>10}")
for way, upsampler in upsamplers.items():
    net = DownUpFCN(1, 11, widths=(8, 16, 32), upsampler=upsampler, rng=0)
    schedule = one_cycle(2e-2, epochs * len(train))
    fit(net, Segmentation(11), train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
    trained[way] = net.eval()
    found = evaluate(net, Segmentation(11), test)
    total = cost(net, np.zeros((1, 1, 40, 40), np.float32))[-1]
    print(
        f"{way:<23}{found['mean_iou']:>7.3f}{found['boundary_f1']:>13.3f}"
        f"{total.params:>9,}{total.macs / 1e6:>8.1f} M"
    )

# %%
image, labels = test.dataset.sample(0, 24)
drawn = {way: net(image[None])[0].argmax(axis=0) for way, net in trained.items()}
plot_outlines(image, labels, drawn, ("background", *"0123456789"))

# %% [markdown]
# Did you expect that? In this run the net with switches is far behind, by mIoU and by boundary F1.
# (How far is luck: with `rng=1` it is less behind by mIoU, and level with nearest at the outlines.)
# But look at its outlines: it has found the strokes, and gives them wrong names. (A stroke without
# colour, as nearest's 6, is called background.) Both measures go class by class. So ask only for
# ink, whatever digit it is said to be.

# %%
ink, outline = {}, {}
for way, net in trained.items():
    pairs = [(net(x).argmax(axis=1) > 0, truth > 0) for x, truth in test.batches()]
    found, true = (np.concatenate(part) for part in zip(*pairs, strict=True))
    ink[way] = (found & true).sum() / (found | true).sum()
    outline[way] = image_boundary_f1(true.astype(int), found.astype(int), 2).mean()
    print(f"{way:<23}IoU of ink {ink[way]:.3f}   boundary F1 of ink {outline[way]:.3f}")
assert FAST or max(ink, key=ink.get) == max(outline, key=outline.get) == "max-unpooling"

# %% [markdown]
# The worst of the three, with names, has the best outlines of all, without them. It knows *where*,
# and not yet *what*. Look at what the last convolution of each net is given: of its maps, the one
# that varies most.


# %%
def given_to_the_last(net, x):
    """What the last convolution of a decoder gets: the net's own forward pass, up to there."""
    for encode, pool in zip(net.encoders, net.pools, strict=True):
        x = pool(encode(x))
    for up, decode in zip(net.ups[::-1], net.decoders[::-1], strict=True):
        x = last = up(x)
        x = decode(x)
    return last[0]


shown = {"image": image}
for way, net in trained.items():
    maps = given_to_the_last(net, image[None])
    chosen = maps[maps.std(axis=(1, 2)).argmax()]
    shown[way] = (chosen - chosen.min()) / np.ptp(chosen)
    if way == "max-unpooling":
        assert FAST or chosen[labels > 0].sum() > 0.7 * chosen.sum()
    print(f"{way:<23}{(maps == 0).mean():>4.0%} of the numbers are zeros")
plot_images(shown, size=2.2)

# %% [markdown]
# Nearest hands on blobs, in which the strokes have run together. The transpose convolution's map is
# smooth, with lesson 04's checkerboard in it. Switches give points, most of them on the strokes,
# and between them zeros, which the convolutions have to fill. (Three quarters are zero by
# construction; ReLU makes zeros, too, but whole regions of them.) That fits the good outlines,
# which `rng=1` has as well, and, as a guess, the slow start with the names. **Predict:** does this
# net stay behind?
#
# ## 5. After a long training
#
# One short run can mislead. So can one *seed*, the number that random generators start from:
# another seed gives other first weights and another order of the scenes. This picture is of the
# repository's runs, read from the file that `RESULTS.md` was made of: longer ones, of nets twice as
# wide, with another learning rate. A dot is a run, one for each seed. (A transpose convolution
# begins as lesson 04's *tent*, or with *random* weights. SegNet goes up by switches as well; its
# decoder is a little wider.)

# %% tags=["hide-input"]
report = json.loads((RESULTS / "digits.json").read_text())
rows = [row for row in report["rows"] if row["net"].startswith(("fcn-", "segnet"))]
groups = {"-skips": "with skips", "segnet": "SegNet"}
kind = {
    row["net"]: next((g for end, g in groups.items() if row["net"].endswith(end)), "without skips")
    for row in rows
}
rows.sort(key=lambda row: ("without skips", "with skips", "SegNet").index(kind[row["net"]]))
WAYS = {
    "fcn-nearest": "nearest",
    "fcn-bed-of-nails": "bed of nails",
    "fcn-bilinear": "bilinear",
    "fcn-max-unpool": "max-unpooling",
    "fcn-transpose-conv": "transpose, tent",
    "fcn-transpose-conv-he": "transpose, random",
    "segnet": "SegNet",
}
names = {
    net: WAYS[net.removesuffix("-skips")] + " + skips" * net.endswith("-skips") for net in kind
}
print(f"{report['epochs']} epochs of {report['training_images']} scenes, seeds {report['seeds']}")
plot_dots(
    [names[row["net"]] for row in rows],
    {
        display_name(name): [[run[name] for run in row["runs"]] for row in rows]
        for name in ("mean_iou", "boundary_f1")
    },
    groups=[kind[row["net"]] for row in rows],
)

# %%
plain = [net for net in names if net.startswith("fcn-") and not net.endswith("-skips")]
skips = [net for net in names if net.endswith("-skips")]
runs, ahead = {row["net"]: row["runs"] for row in rows}, {}
for name in ("mean_iou", "boundary_f1"):
    mean = {net: np.mean([run[name] for run in made]) for net, made in runs.items()}
    second, best = sorted(plain, key=mean.get)[-2:]
    least, most = min(mean[net] for net in skips), max(mean[net] for net in skips)
    ahead[name] = mean["fcn-nearest-skips"] - mean["segnet"]
    print(f"{display_name(name):<13}without skips: {names[best]} {mean[best]:.3f}, ", end="")
    print(f"next {names[second]} {mean[second]:.3f}")
    print(f"{'':<13}with skips: {least:.3f} to {most:.3f}; ", end="")
    print(f"nearest is ahead of SegNet by {ahead[name]:.2f}")
    assert best == "fcn-max-unpool" and least > mean[best] > mean[second] + 0.05
outlines = {net: [run["boundary_f1"] for run in runs[net]] for net in skips}
for way in ("nearest", "bilinear", "transpose-conv"):
    assert min(outlines[f"fcn-{way}-skips"]) > max(outlines["fcn-max-unpool-skips"])
weights, macs = ({row["net"]: row[key] for row in rows} for key in ("params", "macs"))
assert weights["fcn-nearest-skips"] < weights["segnet"]
assert macs["fcn-nearest-skips"] < macs["segnet"] and min(ahead.values()) > 0.02

# %% [markdown]
# So on these scenes:
#
# - **Without skips, switches win**, by mIoU and more so at the outlines, though in our short run
#   they came last. They have no weights of their own. A transpose convolution has weights, but is
#   told nothing of *this* image's edges.
# - **With skips every way up is ahead of the best without**, in the mean of the seeds; the random
#   one hardly, with a run that falls behind. By mIoU all are close. At the outlines max-unpooling
#   is behind: each run of nearest, bilinear and the tent beats each of its runs.
# - **So the cheapest loses nothing**: nearest with skips is level with the best by mIoU and ahead
#   of SegNet by both measures, with fewer weights and products. The price is paid in use: a whole
#   map must be held until the decoder comes to it, not only a switch for every four of its pixels.
#   (In training both are held: exercise 3.)
#
# See it on the scene of section 4. `pretrained` loads a SegNet that comes with the library: the
# same switches, twice the channels, and a training of minutes instead of seconds.

# %%
segnet = pretrained("digits-segmentation")
drawn = {
    "switches, after seconds": drawn["max-unpooling"],
    "switches, after minutes": segnet(image[None])[0].argmax(axis=0),
}
plot_outlines(image, labels, drawn, ("background", *"0123456789"))

# %% [markdown]
# ## 6. The paper's comparison, smaller
#
# SegNet-Basic and its relatives on CamVid, photographs of streets with the eleven classes of our
# drawn one. All is smaller than in the paper (see `RESULTS.md` for what is the same and what is
# not). Their names say what they do: *SingleChannelDecoder* convolves each channel of the decoder
# by itself; *FCN-Basic* makes class scores first, goes up with these few channels by transpose
# convolutions, and adds the encoder's maps, made scores as well; *NoAddition* adds nothing. *Class
# acc.* is the share of right pixels of each class, averaged over the classes. A dot is a run, as
# above, measured on the scenes that CamVid sets aside for validation:

# %%
report = json.loads((RESULTS / "camvid.json").read_text())
columns = {
    "class acc.": "class_average_accuracy",
    "mean IoU": "mean_iou",
    "boundary F1": "boundary_f1",
}
runs = {row["net"]: row["runs"] for row in report["rows"]}
table = {
    net: {key: np.mean([run[key] for run in made]) for key in columns.values()}
    for net, made in runs.items()
}
products = {row["net"]: row["macs"] / 1e6 for row in report["rows"]}
for row in report["rows"]:
    print(f"{row['net']:<34}{row['params']:>8,} weights {row['macs'] / 1e6:>6.0f} M products")
assert max(products["FCN-Basic"], products["Bilinear-Interpolation"]) < products["SegNet-Basic"] / 3
outlines = {net: found["boundary_f1"] for net, found in table.items()}
assert min(outlines, key=outlines.get) == "Bilinear-Interpolation"
assert outlines["FCN-Basic-NoAddition"] < 0.27 < 0.35 < outlines["SegNet-Basic"]
assert all(table["FCN-Basic"][name] > value for name, value in table["SegNet-Basic"].items())
plot_dots(
    [net.removeprefix("SegNet-Basic-") for net in runs],
    {what: [[run[key] for run in made] for made in runs.values()] for what, key in columns.items()},
)

# %% [markdown]
# Bilinear upsampling is last at the outlines, as in the paper: by mIoU it is behind SegNet-Basic by
# a few hundredths, by boundary F1 it has little more than half. Which measure you look at decides
# whether it looks acceptable. (Its net has no learned decoder, and a quarter of the products. A
# fairer rival without skips is NoAddition: at the outlines it, too, is well behind the switches.)
# And compare FCN-Basic with SegNet-Basic: it is ahead in every column, with little more than half
# the weights, and a fraction of the work. (In the paper the two are about equal.) What it has to
# keep instead is each map of the encoder, or its eleven scores for every pixel. To save that memory
# SegNet took up switches, an idea from nets that learned without labels (Ranzato et al. 2007).
#
# Do not take these numbers for what a car would see. On CamVid's own test frames one of these
# FCN-Basic falls from a mean IoU of 0.52 to 0.38 (`RESULTS.md`).
#
# ## 7. Break it on purpose
#
# What if the decoder took its pools in the wrong order, the first for the innermost stage? The
# sizes do not fit, and the library says so:

# %%
x = np.random.default_rng(0).normal(size=(1, 1, 8, 8)).astype(np.float32)
outer, inner = MaxPool2d(2), MaxPool2d(2)
small = inner(outer(x))
try:
    MaxUnpool2d(outer)(small)
except ValueError as error:
    print(error)

# %% [markdown]
# A mistake that fits everywhere and raises nothing: "unpooling is the opposite of pooling, so on
# the way back `dy` is pooled."


# %%
class PoolsAgain(OneStage):
    """Wrong: takes each window's largest dy, where the switch should choose."""

    def backward(self, dy):
        dy, _ = ops.max_pool2d(self.up.backward(dy), 2)
        return self.down.backward(self.pool.backward(dy))


report = check_gradients(PoolsAgain(), np.random.default_rng(0).normal(size=(2, 1, 6, 5)))
assert not report.ok
report

# %% [markdown]
# Up to the weights of `up` all is right, from those of `down` on it is wrong: so the mistake lies
# between the two. `check_exercise`, given that step alone, calls it by its name:


# %%
def max_unpool2d_backward(dy, switches):
    return ops.max_pool2d(dy, 2)[0]


report = check_exercise("max_unpool2d_backward", max_unpool2d_backward)
assert not report.ok
report

# %% [markdown]
# ## 8. Exercises
#
# 1. Write `nn_scratch/nets/segnet.py` again without looking: `forward` first, then `backward` line
#    by line from its end. Check it with `check_gradients`.
# 2. Compare two nets of your choice, over two seeds (some three minutes):
#    `nn-scratch compare segmentation --nets segnet fcn-nearest-skips --seeds 0 1 --width 8
#    --scenes 2000 --epochs 6 --batch-size 16 --lr 0.02`. Is the difference larger than chance?
# 3. Training keeps arrays for the backward pass. Are they more with skips than with max-unpooling?
#    Predict, then compare the last column of `nn-scratch info segmentation --net fcn-max-unpool`
#    with that of `fcn-nearest-skips`. Equation (1) of lesson 08 and the pools explain it.
#
# ## Remember
#
# - The way up has to find the edges again: by switches, by learning, or by skips.
# - Without skips switches are best; with skips the cheapest way up is better still.
# - Choose the measure before the winner: mIoU sees areas, boundary F1 outlines, and both go class
#   by class.
#
# **What is missing?** A label for every pixel is more than many a question asks for. Where is it?
# Four numbers are enough.
#
# ## Read on
#
# - V. Badrinarayanan et al., [SegNet](https://arxiv.org/abs/1511.00561): table 1 is what section 6
#   follows
# - G. Csurka et al., [What is a good evaluation measure for semantic
#   segmentation?](https://doi.org/10.5244/C.27.32)
#
# ← [08 Down and up again](08_down_and_up_again.ipynb)
# · [all lessons](README.md)
# · [10 What is it, and where?](10_what_and_where.ipynb) →
