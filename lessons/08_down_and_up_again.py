# %% [markdown]
# # 08 · Down and up again
#
# **The question:** to name a digit surely a pixel must see most of it, and to draw its outline it
# must know exactly where it is. How can one network do both, and at what price?
#
# You need: lessons 00 to 07. About 50 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) **08** [09](09_segnet_and_the_rest.ipynb) · find the objects
# [10](10_what_and_where.ipynb) [11](11_several_objects.ipynb) · faster
# [12](12_from_loops_to_speed.ipynb) [13](13_on_the_gpu.ipynb) · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import json
import os
import time
from pathlib import Path

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation, Loader
    from nn_scratch.evaluation.segmentation import class_iou, confusion_matrix, mean_iou
    from nn_scratch.graph.cost import cost
    from nn_scratch.graph.receptive_field import influence, receptive_field
    from nn_scratch.layers import BatchNorm2d, Conv2d, ReLU, Sequential
    from nn_scratch.nets import DownUpFCN, FullResolutionFCN, pretrained
    from nn_scratch.plotting import (
        plot_confusion,
        plot_images,
        plot_lines,
        plot_net,
        plot_outlines,
        plot_ridges,
        plot_views,
    )
    from nn_scratch.training import SGD, Adam, Segmentation, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. Full resolution, and its price
#
# Lesson 07 ended with a ring that could belong to an 8, a 9 or a 6. Here it is once more, through
# windows that grow. **Predict:** from which one on can anybody know the digit?

# %%
riddle, row, column = DigitSegmentation("test", 64).sample(0, 3)[0], 14, 8
around = np.pad(riddle, ((0, 0), (20, 20), (20, 20)))


def window(size):
    """So many pixels around the pixel; padding has moved it by 20."""
    rows, columns = (slice(at + 20 - size // 2, at + 21 + size // 2) for at in (row, column))
    return around[:, rows, columns]


plot_images({f"{size}×{size} pixels": window(size) for size in (5, 13, 17, 25, 31, 41)}, columns=3)

# %% [markdown]
# An 8. So a pixel must see much. The straightforward way: stack convolutions that keep the size
# ("same" padding) and end with 11 scores for each pixel: the **full-resolution** net. What a pixel
# of the output can depend on is called its **receptive field**. Every 5×5 convolution adds 4 to its
# height and width.
#
# **Predict** the receptive field of three such layers, and then how many layers it would take to
# see a digit of 21 pixels from any of its own pixels: 41.

# %%
image = np.zeros((1, 1, 40, 40), np.float32)
three = FullResolutionFCN(1, 11, widths=(16, 32, 32), rng=0)
assert receptive_field(three, image) == (1 + 3 * 4, 1 + 3 * 4)
layers_needed = (41 - 1) // 4
print("three layers see", receptive_field(three, image), "; for 41 pixels it takes", layers_needed)

# %% [markdown]
# ## 2. Down and up again
#
# A pool halves the image. A 5×5 kernel on the small image covers 10×10 pixels of the large one, and
# with as many channels it costs a quarter, since there is a quarter of the places. (The nets here
# spend that on twice the channels.) After three pools one pixel stands for 8×8. Then three steps
# up, here by nearest unpooling (lesson 03), each followed by a convolution.
#
# To compare fairly, both nets must see enough. So here is the full-resolution net with ten layers,
# which sees 41 pixels, beside the net that goes down and up, which sees more. **Predict:** how many
# times as many products does full resolution take? (*kept* is what backward needs of the forward
# pass; the seconds were taken once, and stand in `timings.json`.)

# %% tags=["hide-input"]
ten = FullResolutionFCN(1, 11, widths=(16, *(9 * [32])), rng=0)
down_up = DownUpFCN(1, 11, widths=(16, 32, 64), upsampler="nearest", rng=0)
subjects = {"full resolution": ten, "down and up": down_up}
street = np.zeros((1, 1, 240, 320), np.float32)  # an image of an ordinary size
wide = np.zeros((1, 1, 112, 112), np.float32)  # large enough to hold what a pixel sees


def sees(net):
    """The height of what a pixel sees; with pools, of all the places it may have among them."""
    seen = [influence(net, wide, (56 + k, 56)).any(axis=1).nonzero()[0] for k in range(8)]
    heights = sorted({int(np.ptp(rows)) + 1 for rows in seen})
    return " to ".join(map(str, heights))


def seconds(net, x):
    """The shortest of three forward passes."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        net(x)
        times.append(time.perf_counter() - start)
    return round(min(times), 3)


timings = json.loads(Path("timings.json").read_text())  # taken once; to take them on your machine:
if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    timings["forward_seconds"] = {name: seconds(net, street) for name, net in subjects.items()}
    Path("timings.json").write_text(json.dumps(timings, indent=1) + "\n")

# %%
measured = timings["forward_seconds"]
print(f"{'240×320 pixels':<18}{'sees':>8}{'products':>12}{'kept':>10}{'seconds':>9}")
products = []
for name, net in subjects.items():
    total = cost(net, street)[-1]
    products.append(total.macs)
    print(
        f"{name:<18}{sees(net):>8}{total.macs / 1e6:>10,.0f} M"
        f"{total.kept / 1e6:>7.0f} MB{measured[name]:>9.2f}"
    )
print(f"full resolution takes {products[0] / products[1]:.0f} times the products")
assert products[0] > 5 * products[1]

# %%
scene, _ = DigitSegmentation("test", 4).sample(0, 0)
seen = {"three layers": receptive_field(three, image)}
seen |= {name: receptive_field(net, wide) for name, net in subjects.items()}
plot_views(scene, seen, pixel=(8, 8))

# %% [markdown]
# The frames show what the marked pixel can depend on; grey is beside the image. (Behind pools it
# depends on where in its 8×8 a pixel lies: others see up to 68 a side.) Going down and up
# sees more for a fraction of the work and of the memory. That speaks for the hourglass. The price:
# after three pools a place stands for 8×8 pixels, and where exactly an edge ran within them, the
# map must say by its channels, or not at all. Section 4 measures what that costs.
#
# ## 3. Skip connections
#
# The **encoder**, the half that goes down, had maps at every size that still knew where edges ran.
# A **skip connection** hands the encoder's map to the **decoder**, the half that goes up, at the
# same size:

# %%
skipping = DownUpFCN(1, 11, widths=(8, 16, 32), upsampler="nearest", skips=3, rng=0)
plot_net(skipping, image)

# %% [markdown]
# There are three common ways. FCN (Long et al. 2015) makes class scores of both by 1×1 convolutions
# and adds the *scores*. U-Net (Ronneberger et al. 2015) **concatenates** the maps, so that the next
# convolution sees both side by side. The nets here **add** the maps themselves, which takes no
# products and no weights. All have the simplest backward passes there are. A sum $y = a + b$ moves
# with both:
#
# $$\frac{\partial L}{\partial a} = \frac{\partial L}{\partial b} =
#   \frac{\partial L}{\partial y} \tag{1}$$
#
# So it hands on the whole gradient. (Nets of a hundred layers and more are built of sums, residual
# nets, He et al. 2016; that a gradient passes through all their sums undiminished is one reason
# given for why they can be trained.) A concatenation is cut into its parts again. And where one map
# is *used twice*, by the pool and by the skip, its two gradients are added. The layers are called
# `Add` and `Concat`. Read `forward` and `backward` in `nn_scratch/nets/down_up.py` side by side,
# then those of `nn_scratch/nets/unet.py`, which concatenates: that is all that happens there.

# %%
tiny = DownUpFCN(1, 3, widths=(2, 3), kernel_size=3, upsampler="nearest", skips=2, rng=0)
report = check_gradients(tiny, np.random.default_rng(0).normal(size=(2, 1, 6, 5)))
assert report.ok
print(
    f"{len(report.rows)} gradients right, largest error {max(row.error for row in report.rows):.0e}"
)

# %% [markdown]
# ## 4. Train three nets
#
# The same number of scenes for each, one after the other (about a minute). Full resolution now has
# three layers, as ten would take several times as long: so this race is not between equals, as the
# column *sees* says. (All three have a batch norm in front of each ReLU; section 5 is about it.)
#
# To label a pixel, a net must *find* the ink and *name* it, and each has a column. *IoU of ink*
# takes all digits as one class. *Right digit* is the share of all ink, found or not, where the
# right one of the ten digits has the highest score. **Predict** the order in each column.

# %%
count, epochs = (64, 1) if FAST else (1200, 4)
train = Loader(DigitSegmentation("train", count), 16, shuffle=True)
test = Loader(DigitSegmentation("test", 64 if FAST else 200), 32)
subjects = {
    "full resolution": FullResolutionFCN(1, 11, widths=(8, 16, 16), rng=0),
    "down and up": DownUpFCN(1, 11, widths=(8, 16, 32), upsampler="nearest", rng=0),
    "with skips": DownUpFCN(1, 11, widths=(8, 16, 32), upsampler="nearest", skips=3, rng=0),
}
truth = np.concatenate([labels for _, labels in test.batches()])
ink, found, counts, voted, background = truth > 0, {}, {}, {}, {}


def iou_of_ink(said):
    """Of all pixels that are ink or were said to be, how many are both."""
    return (ink & said).sum() / (ink | said).sum()


print(f"{'':<18}{'sees':>8}{'mIoU':>8}{'IoU of ink':>13}{'right digit':>14}")
for name, net in subjects.items():
    schedule = one_cycle(2e-2, epochs * len(train))
    fit(net, Segmentation(11), train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
    net.eval()
    scores = np.concatenate([net(x) for x, _ in test.batches()])  # (images, 11, 40, 40)
    said, digit = scores.argmax(axis=1), 1 + scores[:, 1:].argmax(axis=1)
    found[name], counts[name] = said, confusion_matrix(truth, said, 11)
    voted[name], background[name] = iou_of_ink(said > 0), ops.softmax(scores)[:, 0]
    named = (digit == truth)[ink].mean()
    print(
        f"{name:<18}{sees(net):>8}{mean_iou(counts[name]):>8.3f}{voted[name]:>13.3f}{named:>14.1%}"
    )

# %% [markdown]
# Why is the net last that sees 60 pixels a side, behind one that sees 13? It names the ink no
# better than the small view does, and it seems to draw far worse. But eleven classes vote at each
# pixel. Where a net cannot tell which digit it is, each of the ten gets a little, and background
# may win with less than one half. **Predict** the column *IoU of ink* if ink is where the ten
# digits *together* have more than one half.

# %%
together = {name: iou_of_ink(p < 0.5) for name, p in background.items()}
for name in subjects:
    print(f"{name:<18}IoU of ink by the vote {voted[name]:.3f}, together {together[name]:.3f}")
unnamed = ink & (background["down and up"] < 0.5) & (found["down and up"] == 0)
print(f"down and up: {unnamed.sum() / ink.sum():.0%} of the ink found, but lost by the vote")
full, plain, skips = together.values()
assert FAST or (voted["down and up"] < 0.5 < 0.7 < plain < 0.8 < min(full, skips))

# %% [markdown]
# So it had found most of that ink, and only could not name it. The rest, 0.73 against 0.96, is
# drawing. The same net with skips, which hand it sharp maps, draws about as well as full resolution
# does, and names far more than either. Here is one scene; **predict** what each net draws.

# %%
names = ("background", *"0123456789")
image, labels = test.dataset.sample(0, 23)
drawn = {name: said[23] for name, said in found.items()}
plot_outlines(image, labels, drawn, names)

# %% [markdown]
# The net with skips once more, now with what its maps hold. The blue arcs carry maps in which edges
# are still sharp, across the net to where it goes up again.

# %%
plot_net(subjects["with skips"], image[None], class_names=names)

# %% [markdown]
# So short a training is little. Here is a related net, SegNet of lesson 09, with switches in place
# of skips and twice the channels, after a few minutes: `pretrained` loads the weights that come
# with the library.

# %%
trained = pretrained("digits-segmentation")
print(f"mIoU {evaluate(trained, Segmentation(11), test)['mean_iou']:.3f}")
drawn = {"as above, with skips": found["with skips"][23]}
drawn["some minutes"] = trained(image[None])[0].argmax(axis=0)
plot_outlines(image, labels, drawn, names)

# %% [markdown]
# What becomes of such nets, with twice the channels, in the long runs of `RESULTS.md`? (There, too,
# full resolution has three layers, and sees 13×13 pixels.)

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
# After a longer training the wide view is ahead of the narrow one, with skips and without. (The
# view is not all in which these nets differ: they have unlike numbers of layers and weights as
# well.) The skips gained 0.46 of mIoU above; here, where the nets are wider and train for longer,
# they gain 0.11.
#
# Back to our own short run. A ring could belong to an 8, a 9 or a 6: that was the riddle at the
# beginning. **Predict:** which digit is hardest for the net with skips, and what does it take it
# for?

# %%
each, table = class_iou(counts["with skips"]), counts["with skips"]
order = np.argsort(each)
print("the hardest by IoU:", ", ".join(f"{names[k]} ({each[k]:.2f})" for k in order[:4]))
print("the easiest:       ", ", ".join(f"{names[k]} ({each[k]:.2f})" for k in order[:-4:-1]))
eight, one, zero, six = (names.index(digit) for digit in "8106")
assert FAST or (table[eight, one] > table[eight, eight] and table[zero].argsort()[-2] == six)
plot_confusion(table, names)

# %% [markdown]
# Each row shows what became of the ink of one digit. The 8 is hardest, and not for the reason that
# the riddle suggests: of its ink more is called 1 than 8, and next to nothing 9 or 6. Nor is the 0
# taken for an 8: its commonest mistake is the 6. A guess is quickly made and sounds good; the table
# is what tells.

# %% [markdown]
# ## 5. Batch norm
#
# Between convolution and ReLU all three have a **batch norm** (Ioffe & Szegedy 2015). Look at what
# it has to deal with: the values that the first convolution of an untrained net gives for 16
# scenes, in five of its eight channels, and the same values afterwards. A ReLU would cut off what
# is pale.

# %%
some = Loader(DigitSegmentation("test", 16), 16)
batch = next(iter(some.batches()))[0]
convolution, norm = skipping.train().encoders[0][0], BatchNorm2d(8)
raw = convolution(batch)
normed = norm(raw)
chosen = (0, 1, 2, 5, 7)
plot_ridges(
    {
        "from the convolution": {f"channel {c}": raw[:, c] for c in chosen},
        "after batch norm": {f"channel {c}": normed[:, c] for c in chosen},
    }
)

# %%
alive = {"from the convolution": raw, "after batch norm": normed}
for what, values in alive.items():
    shares = [f"{np.mean(values[:, c] > 0):>5.0%}" for c in chosen]
    print(f"{what:<21} above zero: {''.join(shares)}")

# %% [markdown]
# The black line under each heap is its mean and its standard deviation. Left, every channel has its
# own; one keeps nearly everything behind the ReLU, another nearly nothing. Right, all have mean 0
# and deviation 1. Over the $m$ values $x_i$ of one channel, all images and pixels:
#
# $$\mu = \frac1m \sum_i x_i,\quad v = \frac1m \sum_i (x_i - \mu)^2,\quad
#   \hat x_i = \frac{x_i - \mu}{\sqrt{v + \varepsilon}},\quad y_i = w\,\hat x_i + b \tag{2}$$
#
# Two learned numbers, $w$ and $b$, may then move each channel to where the net wants it. In lesson
# 05, section 5, weights half as large as He's made the values fade from layer to layer.
# **Predict:** what becomes of that with batch norm?

# %%
deep = {"without batch norm": {}, "with batch norm": {}}
for what, shown in deep.items():
    rng, x = np.random.default_rng(0), batch
    for layer in range(1, 8):
        faint = Conv2d(x.shape[1], 16, 3, padding=1, rng=rng)
        faint.params["weight"] *= np.float32(0.5)
        x = faint(x)
        if what == "with batch norm":
            x = BatchNorm2d(16)(x)
        if layer in (1, 2, 4, 7):
            shown[f"layer {layer}"] = x
        x = ops.relu(x)
last = {what: shown["layer 7"].std() for what, shown in deep.items()}
print("  ".join(f"{what}: deviation {value:.3f} in layer 7" for what, value in last.items()))
assert last["without batch norm"] < 0.05 and abs(last["with batch norm"] - 1) < 0.05
plot_ridges(deep)

# %% [markdown]
# Every layer sees the same spread, however large its weights are. May steps be longer, then, now
# that a channel's scale no longer matters? Six layers and SGD, first at a learning rate of 0.1:


# %%
def six_layers(norm, seed=0):
    """Convolutions of 3×3, each with a ReLU, and a batch norm before it or not."""
    rng, layers, channels = np.random.default_rng(seed), [], 1
    for _ in range(6):
        layers.append(Conv2d(channels, 8, 3, padding=1, rng=rng))
        channels = 8
        layers += [BatchNorm2d(8), ReLU()] if norm else [ReLU()]
    return Sequential(*layers, Conv2d(8, 11, 1, rng=rng))


race = Loader(DigitSegmentation("train", 48 if FAST else 640), 16, shuffle=True)


def losses(rate):
    """The loss of each step, without batch norm and with it."""
    curves = {}
    for norm in (False, True):
        net = six_layers(norm)
        history = fit(net, Segmentation(11), race, SGD(net, rate), epochs=1, progress=False)
        name = f"{'with' if norm else 'without'} batch norm"
        curves[name] = [step["loss"] for step in history["steps"]]
        print(f"{name:<20}mean loss of the last five steps {np.mean(curves[name][-5:]):.2f}")
    return curves


slow = losses(0.1)
plot_lines(slow, range(len(race)), xlabel="step", ylabel="loss at rate 0.1", logarithmic="y")

# %% [markdown]
# Little between them. **Predict** both curves at a rate ten times as large. (The names below give
# the rate, and say without or with batch norm; the third line is the blue one above, to compare
# with.)

# %%
fast = losses(1.0)
assert FAST or np.mean(fast["with batch norm"][-5:]) < np.mean(slow["without batch norm"][-5:])
shown = {"1, without": fast["without batch norm"], "1, with": fast["with batch norm"]}
shown["0.1, without"] = slow["without batch norm"]
share = np.bincount(truth.ravel(), minlength=11) / truth.size
idle = float(-(share * np.log(share)).sum())
print(f"a net that gives every pixel the shares of the classes: {idle:.2f}")
assert FAST or abs(np.mean(fast["without batch norm"][-5:]) - idle) < 0.03
plot_lines(shown, range(len(race)), xlabel="step", ylabel="loss", logarithmic="y")

# %% [markdown]
# Without batch norm the loss leaps and gets stuck, at about the loss of a net that says the same of
# every pixel; with it the net learns much sooner than either did at the small rate, and ends a
# little lower. (With the first weights drawn anew, twice, it ends the same way; at the small rate,
# now one is ahead and now the other.)
#
# *Why* it helps has been argued about ever since. The inventors said that each layer no longer has
# to follow the drift of those before it. Later measurements (Santurkar et al. 2018) did not bear
# that out, and found a smoother loss instead: longer steps in the gradient's direction stay good
# steps. Another effect is not disputed: a scene's values now depend on which others happen to be in
# its batch. That is noise. It is often said that a little of it keeps a net from learning its
# training scenes by heart; nothing in this lesson shows that.
#
# For the gradient, mind that every $x_i$ also moves $\mu$ and $\sigma = \sqrt{v + \varepsilon}$,
# and so all other outputs. Let each $x_i$ change a little, by $\delta_i$, and write bars for means.
# Then $\mu$ changes by $\overline\delta$. The derivative of $\sigma^2$ is $\tfrac2m (x_i - \mu)$,
# so it changes by $2\sigma\,\overline{\hat x\,\delta}$; that is $2\sigma$ times the change of
# $\sigma$, which is then $\overline{\hat x\,\delta}$. So $\hat x_i = (x_i - \mu) / \sigma$ changes
# by
#
# $$\frac{\delta_i - \overline\delta - \hat x_i\,\overline{\hat x\,\delta}}{\sigma}$$
#
# and the loss by $w \sum_i g_i$ times that, with $g = \partial L/\partial y$. Collect what
# multiplies each $\delta_i$: that is the gradient. `dy` loses its mean, and the part that goes
# along with $\hat x$.
#
# $$\frac{\partial L}{\partial x_i} = \frac{w}{\sqrt{v + \varepsilon}}
#   \left(g_i - \overline{g} - \hat x_i\,\overline{g \hat x}\right), \qquad
#   \frac{\partial L}{\partial w} = \sum_i g_i \hat x_i,\quad
#   \frac{\partial L}{\partial b} = \sum_i g_i \tag{3}$$
#
# There are reasons that you can see. Adding the same number to all $x_i$ changes nothing in $y$, so
# `dx` must add up to zero. Stretching all $x_i$ about their mean changes nothing either (but for
# $\varepsilon$), so `dx` can have no part along $\hat x$.

# %%
rng = np.random.default_rng(0)
x, g = rng.normal(2, 3, (4, 2, 5, 5)), rng.normal(size=(4, 2, 5, 5))
w, b = np.array([1.5, 0.5]), np.array([0.0, 1])
y, statistics, _ = ops.batch_norm2d(x, w, b, np.zeros(2), np.ones(2))
dx, dw, db = ops.batch_norm2d_backward(g, x, w, statistics)
over = 0, 2, 3  # images, rows, columns
print("means of y ", abs(y.mean(axis=over)).round(6), "  deviations", y.std(axis=over).round(3))
print("sums of dx ", abs(dx.sum(axis=over)).round(9), end="")
along = (dx * (x - x.mean(axis=over, keepdims=True))).sum(axis=over)
print("   of dx times what x is above its mean", abs(along).round(4))
assert np.allclose(y.mean(axis=over), b) and np.allclose(dx.sum(axis=over), 0)
assert np.allclose(along, 0, atol=1e-3)

# %% [markdown]
# When the net is used later, one image at a time, there is no batch to take means over, and an
# answer must not depend on what else was asked: then running means, collected in training, take the
# place of $\mu$ and $v$. Each step moves them a tenth of the way, $0.9 \cdot \text{old} + 0.1 \cdot
# \text{new}$, where the new variance is divided by $m - 1$ and not by $m$ (so that it is right on
# average: *unbiased*). `net.eval()` switches to them; $\varepsilon$ is $10^{-5}$. (In training,
# mind small batches. If a channel has a single value, it is its own mean, and what is left of it is
# 0, whatever it was.)

# %% [markdown]
# ## 6. Break it on purpose
#
# The map that goes into the skip is used twice. Someone sends back only what came through the pool,
# and forgets what came through the skip:


# %%
class ForgetsTheSkip(DownUpFCN):
    """Wrong: the decoder's gradient does not reach the encoder's map through the skip."""

    def backward(self, dscores):
        dx = self.classifier.backward(dscores)
        for up, decode in zip(self.ups, self.decoders, strict=True):
            dx = up.backward(decode.backward(dx))
        for encode, pool in zip(self.encoders[::-1], self.pools[::-1], strict=True):
            dx = encode.backward(pool.backward(dx))
        return dx


wrong = ForgetsTheSkip(1, 3, widths=(2, 3), kernel_size=3, upsampler="nearest", skips=2, rng=0)
report = check_gradients(wrong, np.random.default_rng(0).normal(size=(2, 1, 6, 5)))
assert not report.ok
for row in report.rows:
    print(f"{row.name:<24}{'right' if row.ok else 'WRONG'}")

# %% [markdown]
# Read it from the end of the net: all decoders are right, all encoders are wrong. So the mistake
# lies where the one hands over to the other: at the maps of the encoder, each of which should have
# got two gradients. No shape was wrong and no error was raised; it takes a check to see it.
#
# ## 7. Exercises
#
# Batch norm, from equations (2) and (3):
#
#     nn-scratch exercise 13
#
# Then train for longer, and with weights:
#
#     nn-scratch train segmentation --net fcn-nearest-skips --class-weights median_frequency
#
# ## Remember
#
# - Going down makes every pixel see more for less; going up must find the edges again, and skip
#   connections bring them.
# - A sum hands its gradient to both of its terms; a map that is used twice adds up two gradients.
# - Batch norm takes from `dy` its mean and its part along $\hat x$: neither adding a constant to a
#   channel nor stretching it can change the loss.
#
# **What is missing?** All nets here went up by copying. You know four other ways. Lesson 09 lets
# them race.
#
# ## Read on
#
# - J. Long et al., [Fully convolutional networks](https://arxiv.org/abs/1411.4038), section 4.2:
#   skips
# - O. Ronneberger et al., [U-Net](https://arxiv.org/abs/1505.04597)
# - S. Ioffe and C. Szegedy, [Batch normalization](https://arxiv.org/abs/1502.03167); S. Santurkar
#   et al., [How does batch normalization help optimization?](https://arxiv.org/abs/1805.11604)
# - K. He et al., [Deep residual learning](https://arxiv.org/abs/1512.03385)
#
# ← [07 One class for each pixel](07_one_class_per_pixel.ipynb)
# · [all lessons](README.md)
# · [09 SegNet against the rest](09_segnet_and_the_rest.ipynb) →
