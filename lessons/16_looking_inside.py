# %% [markdown]
# # 16 · Looking inside
#
# **The question:** a trained net answers, but what is in it? What does it see, what does an answer
# need of the image, and what does a wrong backward pass leave behind?
#
# You need: lessons 01 and 02, from 05 how a net is trained, from 09 SegNet, from 10 the two heads.
# About 35 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb)
# [13](13_on_the_gpu.ipynb) · your own [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb)
# · look inside **16**

# %% tags=["hide-input"]
# %matplotlib inline
import os

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitLocalization, DigitSegmentation
    from nn_scratch.data.digits import CLASS_NAMES, load_digits
    from nn_scratch.evaluation.occlusion import box_score, class_score, label_score, occlusion
    from nn_scratch.graph.receptive_field import receptive_field
    from nn_scratch.graph.trace import trace
    from nn_scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import (
        plot_arrays,
        plot_box_occlusion,
        plot_heat,
        plot_kernels,
        plot_lines,
        plot_net,
        plot_occlusion,
    )
    from nn_scratch.training import Adam
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests look less closely, and train less

# %% [markdown]
# ## 1. Everything at once
#
# A SegNet that comes trained with the library, and a scene it has never met. From left to right:
# what its layers make of the scene, at their true sizes, three maps of each.

# %%
net = pretrained("digits-segmentation")
scene, truth = DigitSegmentation("test", 4).sample(0, 3)
plot_net(net, scene[None], class_names=CLASS_NAMES)

# %% [markdown]
# On the way down the maps look less and less like the scene; on the way up they look more and more
# like the answer. Nobody told any of them what to be: only the labels at the right end were ever
# compared with anything.
#
# The drawing shows three maps a layer, those that vary most. ReLU turns every negative number
# black. **Predict:** how many of all the maps are black altogether? How much of the others is lit?
# (`encoders.0.1` is layer 1, batch norm with ReLU, of encoder 0; lists count from 0.)

# %%
traced = trace(net, scene[None])
for step in traced.steps:
    if step.kind == "BatchNormReLU2d":
        maps = step.outputs[0].array[0]
        black = int((maps.max(axis=(1, 2)) == 0).sum())
        assert black == 0
        size = "×".join(map(str, maps.shape[1:]))
        lit = (maps > 0).mean()
        print(f"{step.name:<12} {len(maps):>3} maps of {size:<6} {black:>3} black, {lit:.0%} lit")

# %% [markdown]
# None is black: even for this one scene every map is lit somewhere. A ReLU that has died, whose
# input is negative whatever the image, would be counted here.
#
# ## 2. One bright pixel, by hand
#
# The first layer's maps come from one kernel each: a convolution, batch norm, ReLU. Take the
# brightest pixel of one map. **Predict:** what does the patch of the scene under it look like,
# compared with the kernel?

# %%
conv, norm = net.encoders[0]
maps = net.encoders[0](scene[None])[0]
channel = int(maps.std(axis=(1, 2)).argmax())
row, column = np.unravel_index(maps[channel].argmax(), maps[channel].shape)
kernel = conv.params["weight"][channel, 0]
patch = np.pad(scene[0], 2)[row : row + 5, column : column + 5]
total = (kernel * patch).sum()
state = {name: value[channel] for name, value in norm.state_dict().items() if np.ndim(value)}
normal = (total - state["running_mean"]) / np.sqrt(state["running_var"] + 1e-5)
by_hand = max(0, state["weight"] * normal + state["bias"])
assert np.isclose(by_hand, maps[channel, row, column], rtol=1e-4)
print(
    f"map {channel}: sum of products {total:.2f}, normalized {normal:.2f}, after ReLU {by_hand:.2f}"
)
shown = {"kernel": kernel, "patch": patch, "products": kernel * patch}
plot_arrays({what: part.round(2) + 0.0 for what, part in shown.items()}, shared=False)

# %% [markdown]
# Only in the rough: light under most orange weights, dark under the bluest. A map is bright where
# the image agrees with its kernel, and no patch of a scene need agree with all of it. Eight of the
# sixteen kernels, and below each what it makes of the scene:

# %%
plot_kernels(conv.params["weight"][:8, 0], maps[:8])

# %% [markdown]
# Some light up on whole strokes, others only along edges of one direction: compare the two sides of
# the 8. Deeper kernels cannot be read like this: they weigh maps, not pixels. So ask the whole net.
#
# ## 3. What does an answer need? Two questions
#
# **A gradient** says how the answer would change if a pixel changed *a little* (Simonyan et al.
# 2013). **Covering** says how it changes if a piece is *gone* (Zeiler and Fergus 2013). These are
# not the same question. Take a tiny net with two inputs:
#
# $$y = \min(a + b,\, 1), \qquad a = b = 1. \tag{1}$$
#
# **Predict** both gradients, and what covering $a$, covering $b$ and covering both costs.


# %%
def capped(a, b):
    return min(a + b, 1.0)


h = 1e-4
print("gradient of a:", (capped(1 + h, 1) - capped(1 - h, 1)) / (2 * h))
for covered, y in {"a": capped(0, 1), "b": capped(1, 0), "both": capped(0, 0)}.items():
    print(f"covering {covered:<5} costs {capped(1, 1) - y}")
assert capped(1 + h, 1) == capped(0, 1) == 1 and capped(0, 0) == 0

# %% [markdown]
# The gradient is 0, and covering either one costs nothing: each is enough alone. Only covering both
# shows that they matter. So the size of the cover matters, too: where two strokes say the same, a
# square that hides only one of them costs nothing, and you would think that neither is needed.
#
# Now a real answer: a pixel on a stroke. Its score is how far its class is ahead of the next best.
# The gradient for the image is what every backward pass in this library hands on to the layer
# below, and the layer below the first is the image: one call.

# %%
scores = net(scene[None])
labels = scores[0].argmax(axis=0)
ink = np.argwhere((labels > 0) & (labels == truth))
row, column = pixel = tuple(map(int, ink[len(ink) // 2]))
best, second = np.argsort(scores[0, :, row, column])[[-1, -2]]
dy = np.zeros_like(scores)
dy[0, best, row, column], dy[0, second, row, column] = 1, -1
dx = net.backward(dy)[0, 0]


def ahead(image):
    """How far the class of the pixel is ahead of the second."""
    found = net(image[None])[0, :, row, column]
    return float(found[best] - found[second])


direction = 1e-3 * np.sign(dx)[None]
measured = (ahead(scene + direction) - ahead(scene - direction)) / 2
expected = float((dx * direction[0]).sum())
print(f"a step along the signs of the gradient: {measured:.4f} measured, {expected:.4f} promised")
assert abs(measured - expected) < 0.2 * expected

# %% [markdown]
# The gradient keeps its promise for small steps. Covering needs no gradient at all, only patience.
# A square of 5×5 pixels, painted in the colour of the background, moves over the scene, and for
# each pixel we note the mean fall of the score under all squares that covered it:


# %%
def cover(image, score, window=5, step=2):
    """The mean fall of a score while a square covers a pixel."""
    height, width = image.shape[1:]
    falls, times = np.zeros((2, height, width))
    background = np.median(image)
    whole = score(image)
    for top in range(1 - window, height, step):
        for left in range(1 - window, width, step):
            square = (
                slice(max(top, 0), top + window),
                slice(max(left, 0), left + window),
            )
            covered = image.copy()
            covered[0][square] = background
            falls[square] += whole - score(covered)
            times[square] += 1
    return falls / np.maximum(times, 1)


def lead(image):
    """How far the class of the pixel is ahead of whichever comes next."""
    found = net(image[None])[0, :, row, column]
    return float(found[best] - np.delete(found, best).max())


step = 8 if FAST else 2
needed = cover(scene, lead, step=step)
library = occlusion(net, scene, label_score(scores, pixel), window=5, step=step)
assert np.allclose(needed, library, atol=1e-3)
figure = plot_heat(
    {
        f"the pixel asked about, of the {CLASS_NAMES[best]}": (scene, 0 * needed),
        "gradient, its absolute value": (scene, abs(dx) / abs(dx).max()),
        "covering, what is needed": (scene, np.maximum(needed, 0) / needed.max()),
    }
)
for axis in figure.axes:
    axis.plot(column, row, "+", color="#56b4e9", ms=11, mew=2)
figure

# %% [markdown]
# (The blue cross is the pixel that is asked about.) The gradient is sharp and speckled, on empty
# ground too: it names single pixels to which the score is most sensitive. Covering gives regions,
# which one can talk about. The library's `occlusion` is the loop above, in batches. For three
# pixels of this scene:

# %%
pixels = [tuple(map(int, ink[len(ink) * part // 8])) for part in (1, 4, 7)]
for pixel in pixels:
    needs = np.maximum(occlusion(net, scene, label_score(scores, pixel), step=step), 0)
    neighbour = (truth > 0) & (truth != truth[pixel])
    assert FAST or needs[neighbour].sum() < 0.03 * needs.sum()
plot_occlusion(net, scene, pixels, CLASS_NAMES, step=step)

# %% [markdown]
# Each stays on its own digit and its surroundings; the ink of the neighbour hardly counts: it has
# less than 3 % of what is needed. But it is not its own place alone: to call a piece of stroke part
# of an 8, the net needs much of the 8 around it.
#
# **Predict:** how far from the pixel does what it needs lie? The receptive field (lesson 08) says
# how far it *could* be.

# %%
rows, columns = np.indices(scene.shape[1:])


def reach(pixel, share):
    """Within how many pixels of this one a share of all that it needs lies."""
    needed = np.maximum(occlusion(net, scene, label_score(scores, pixel), step=step), 0)
    distance = np.maximum(abs(rows - pixel[0]), abs(columns - pixel[1]))
    near = [needed[distance <= r].sum() for r in range(41)]
    return int(np.argmax(np.array(near) >= share * near[-1]))


print("it could see", receptive_field(net, scene[None]), "of", scene.shape[1:])
eight = [tuple(map(int, ink[len(ink) * part // 8])) for part in range(8)]
reaches = sorted(reach(pixel, 0.9) for pixel in eight)
wide, enough = 2 * int(np.ceil(np.median(reaches))) + 1, sum(r <= 8 for r in reaches)
print("nine tenths of what each of eight pixels needs lie within", *reaches, "pixels of it:")
print(f"half of them need a patch of {wide}×{wide} or more; 17×17 is enough for {enough}")
assert FAST or (17 < wide < 25 and enough < 4)

# %% [markdown]
# In the middle of an image it sees everything, and needs a patch about as large as a digit, which
# is 16 to 21 pixels high; some pixels need more, some less. Nobody told it how large digits are.
# And the patches of lesson 07, 17×17 pixels, are too small for most.

# %% [markdown]
# ## 4. Two heads need different things
#
# The localizer of lesson 10 has one body and two heads. **Predict:** which ink does the box need,
# and which the class?

# %%
one, digit, _ = DigitLocalization("test", 4).sample(0, 3)
plot_box_occlusion(pretrained("digits-localization"), one, CLASS_NAMES[1:], step=step)

# %% [markdown]
# The box needs all of this digit, and looks around it too. For the class a part is enough. Is it so
# in other scenes? "Needs" is where covering costs at least three tenths of the most that it costs
# anywhere:

# %%
localizer, shares = pretrained("digits-localization"), []
for index in range(2 if FAST else 8):
    one = DigitLocalization("test", 12).sample(0, index)[0]
    output = localizer(one[None])
    heads = box_score(output), class_score(output)
    falls = [occlusion(localizer, one, score, window=5, step=step) for score in heads]
    ink_falls = [fall[one[0] > 0.6] / fall.max() for fall in falls]
    shares.append([[(fall > line).mean() for fall in ink_falls] for line in (0.3, 0.5)])
by_line = np.transpose(shares, (1, 2, 0))
for what, one in zip(("the box", "the class"), by_line[0], strict=True):
    print(f"{what:<10} needs of the ink", *(f"{share:.0%}" for share in one))
more = [int((box > label).sum()) for box, label in by_line]
print(f"the box needs more in {more[0]} scenes; if the line is a half, in {more[1]}")
assert FAST or (more == [7, 5] and by_line[0, 0].min() >= 0.7)

# %% [markdown]
# By this line the box needs the larger share in seven scenes of eight, by a stricter one in five:
# mostly, but how often depends on where "needs" begins. Same features, two readers.
#
# ## 5. Break it on purpose: how a net learns with a wrong backward pass
#
# Two nets that begin alike. One learns with the right backward pass; in the other every convolution
# hands on its `dx` with the wrong sign, by one minus in its code. **Predict** how far it comes.
#
# ![A net learns a scene, beside one whose backward pass is wrong](images/learning.gif)
#
# Both begin with noise and learn to say "background". Then the right one finds the ink, and which
# digit is which; the wrong one lights up near it for a while and loses it again. ([The
# guide](guides/looking_inside.md) says how to film a net of your own.)
#
# Not every mistake is so easily seen. Here are five ways to break the backward pass of a small
# classifier, one mistake each. Every forward pass is right. Three forget something
# that their lesson (01, 00, 02) derived:


# %%
class UnrotatedConv2d(Conv2d):
    """Wrong: dx comes through the kernel as it is, not turned by half a turn."""

    def backward(self, dy):
        weight = self.params["weight"]
        right = weight.copy()
        weight[...] = right[:, :, ::-1, ::-1]
        try:
            return super().backward(dy)
        finally:
            weight[...] = right


class OpenReLU(ReLU):
    """Wrong: passes dy where x was negative, too."""

    def backward(self, dy):
        return dy


class CornerPool2d(MaxPool2d):
    """Wrong: forgets the switches; each window's gradient goes to its first pixel."""

    def backward(self, dy):
        dx = np.zeros_like(super().backward(dy))
        dx[:, :, ::2, ::2] = dy
        return dx


# %% [markdown]
# And two hand on what no gradient is, nothing at all and the opposite:


# %%
class SilentConv2d(Conv2d):
    """Wrong: hands nothing on. All below it stays as random as it began."""

    def backward(self, dy):
        return 0 * super().backward(dy)


class NegativeConv2d(Conv2d):
    """Wrong: hands on the gradient with the wrong sign."""

    def backward(self, dy):
        return -super().backward(dy)


# %% [markdown]
# The classifier takes bare digits of 8×8 pixels and is built from right parts or wrong ones:

# %%
BROKEN = {
    "right": {},
    "kernel not rotated": {"conv": UnrotatedConv2d},
    "ReLU lets all through": {"relu": OpenReLU},
    "switches forgotten": {"pool": CornerPool2d},
    "nothing handed on": {"conv": SilentConv2d},
    "sign wrong": {"conv": NegativeConv2d},
}


def classifier(conv=Conv2d, relu=ReLU, pool=MaxPool2d, seed=0):
    rng = np.random.default_rng(seed)
    return Sequential(
        *(conv(1, 8, 3, padding=1, rng=rng), relu()),
        *(conv(8, 16, 3, padding=1, rng=rng), relu(), pool(2)),
        *(conv(16, 16, 3, padding=1, rng=rng), relu(), pool(2)),
        *(Flatten(), Linear(64, 10, rng=rng)),
    )


# %% [markdown]
# First ask where the damage is. One batch, the same weights, the right and the wrong gradient of
# each layer's weights: the cosine of the angle between them is 1 where they point the same way, 0
# where they have nothing to do with each other. **Predict** it for the last layer, and for the
# first.

# %%
pictures, digits = load_digits()
pictures = pictures[:, None].astype(np.float32)


def gradients(net):
    net.zero_grad()
    net.backward(ops.cross_entropy_backward(net(pictures[360:488]), digits[360:488]))
    return {name: g.ravel().copy() for name, g in net.grads.items() if name.endswith("weight")}


right = gradients(classifier())
cosines = {}
for what, parts in BROKEN.items():
    wrong = gradients(classifier(**parts))
    cosines[what] = [
        float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))
        for a, b in zip(right.values(), wrong.values(), strict=True)
    ]
assert np.allclose([values[-1] for values in cosines.values()], 1)
assert np.allclose(cosines["kernel not rotated"][2], 1) and cosines["kernel not rotated"][1] < 0.9
assert round(cosines["kernel not rotated"][0], 2) == -0.44
names = "conv 1", "conv 2", "conv 3", "linear"
table = np.array(list(cosines.values())).round(2) + 0.0
figure = plot_arrays(dict(zip(names, table.T[:, :, None], strict=True)), cell=0.5)
for number, what in enumerate(cosines):
    figure.axes[0].text(0.1, 1.5 + number, what, ha="right", va="center", fontsize=11)
figure

# %% [markdown]
# A backward pass runs from the end to the beginning, so a mistake spoils only what lies *below* it:
# the linear layer's gradient is right in every row. (A convolution's `dw` needs no `dx` of its own:
# with the kernel not rotated, the last one is still right.) The sign flips once for each
# convolution on the way: −1, and then 1 again. All this is one batch, before the first step.
#
# Now train each from four seeds, with Adam. The row *nothing handed on* is the one to compare
# with: there only the top learns, on top of random kernels. **Predict** the order.


# %%
def learn(net, seed, steps):
    """Train, and say how many of 360 digits by other hands are named right, every 20 steps."""
    optimizer, rng, right = Adam(net, 3e-3), np.random.default_rng(seed), []
    for step in range(steps + 1):
        if step % 20 == 0:
            right.append(float((net(pictures[:360]).argmax(axis=1) == digits[:360]).mean()))
        some = rng.integers(360, len(pictures), 32)
        scores = net(pictures[some])
        net.zero_grad()
        net.backward(ops.cross_entropy_backward(scores, digits[some]))
        optimizer.step()
    return right


steps = 40 if FAST else 240
image = np.random.default_rng(0).normal(size=(2, 2, 4, 4))
alone = {"conv": Conv2d(2, 3, 3, padding=1, rng=0), "relu": ReLU(), "pool": MaxPool2d(2)}
curves, ends = {}, {}
print(f"{'':<22}{'step 40':>8}   mean of the last five counts, seeds 0 to 3; the gradient check")
for what, parts in BROKEN.items():
    four = np.array([learn(classifier(**parts, seed=seed), seed, steps) for seed in range(4)])
    curves[what], ends[what] = four[0], four[:, -5:].mean(axis=1)
    layers = [  # each on its own, as a test would
        make(2, 3, 3, padding=1, rng=0) if kind == "conv" else make(2) if kind == "pool" else make()
        for kind, make in parts.items()
    ] or alone.values()
    fine = all(check_gradients(layer, image).ok for layer in layers)
    assert fine == (what == "right")
    shares = "".join(f"{end:>8.0%}" for end in ends[what])
    print(f"{what:<22}{curves[what][2]:>8.0%}   {shares}{'right' if fine else 'WRONG':>15}")
if not FAST:
    behind = {what: ends["right"] - end for what, end in ends.items()}
    assert all(curve[2] < curves["right"][2] for what, curve in curves.items() if what != "right")
    for what in "kernel not rotated", "ReLU lets all through":
        assert behind[what].max() < 0.05
    assert behind["nothing handed on"].max() < 0.08
    assert behind["switches forgotten"].min() > 0.05 and behind["sign wrong"].min() > 0.3
plot_lines(curves, range(0, steps + 1, 20), xlabel="step", ylabel="digits named right, seed 0")

# %% [markdown]
# At step 40 the right one is ahead of all others (seed 0, as in the picture). At the end two wrong
# ones are less than five hundredths behind with every seed; one of them began with a cosine of
# −0.44 in its first layer. The net whose lower convolutions never moved is not far behind: its last
# layers have learned to make do with random kernels. Forgotten switches lag more, and the wrong
# sign, which drives the middle layer uphill (its cosine is −1), holds all far back. Had you judged
# by accuracy, you would have let at least two mistakes pass. The check needs no training, and finds
# all five.
#
# ## 6. Exercises
#
# 1. Cover squares of 3 and of 9 pixels in section 3. What has $y = \min(a + b, 1)$ to do with it?
# 2. Fool the localizer: take a scene, and climb the gradient of the score of another class, in
#    steps of `0.01 * np.sign(dx)`. How many steps until it sees that class, and what do you see?
#    (Its `backward` wants a gradient for each head.)
# 3. Leave only the first convolution broken, whichever way. What does the row of cosines say?
#
# ## Remember
#
# - A gradient says what a small change would do; covering says what an answer needs.
# - A mistake in a backward pass spoils the layers below it; those above go on learning.
# - A net that learns proves nothing; a gradient check does.
#
# ## Read on
#
# - M. D. Zeiler and R. Fergus, [Visualizing and understanding convolutional
#   networks](https://arxiv.org/abs/1311.2901), section 4.2: occlusion
# - K. Simonyan et al., [Deep inside convolutional networks](https://arxiv.org/abs/1312.6034):
#   gradients for the image, and images that a class would love
# - C. Olah et al., [Feature visualization](https://distill.pub/2017/feature-visualization/)
#   (Distill, 2017)
#
# ## Goodbye
#
# Lesson 00 began with the picture of section 1, the same net at work, and with a promise: by the
# end you would have built every box of it, and would know how it learns. Look at it once more.
# There is no box in it whose backward pass you have not written or read, and for each you know the
# check that says whether it is right. Below it, two nets learned, and the one with a single minus
# sign wrong ended with "background". By now you know what such a sign spoils, and how to find it
# without any training. What you build next need not stand in any library. Derive it, write it,
# check it, and enjoy it.
#
# ← [15 Make it yours](15_make_it_yours.ipynb)
# · [all lessons](README.md)
