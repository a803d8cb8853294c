# %% [markdown]
# # 10 · What is it, and where?
#
# **The question:** besides *what* is in an image, a network should say *where*: four numbers, a
# box. How do two answers come from one network, and how does it learn from two losses at once?
#
# You need: lessons 00 to 02, from lesson 05 how a net is trained, and from lesson 06 softmax and
# cross-entropy. About 30 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects **10** [11](11_several_objects.ipynb) ·
# faster [12](12_from_loops_to_speed.ipynb) [13](13_on_the_gpu.ipynb) · your own
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
    from nn_scratch.data import DigitLocalization, Loader
    from nn_scratch.evaluation import boxes
    from nn_scratch.exercises import check_exercise
    from nn_scratch.nets import Localizer, pretrained
    from nn_scratch.plotting import (
        plot_box_formats,
        plot_boxes,
        plot_lines,
        plot_two_boxes,
        plot_two_heads,
    )
    from nn_scratch.training import Adam, Localization, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# Six digits that a small net has never met. It names each, and puts a box around it, the dashed
# one. (The IoU says how well that fits the true box: section 2.) It looked once, and gave fourteen
# numbers for each scene. Which are they, and who told it what a box is?

# %% tags=["hide-input"]
trained = pretrained("digits-localization")
images, labels, true_boxes = next(iter(Loader(DigitLocalization("test", 300), 6).batches()))
scores, fractions = trained(images)
found = boxes.to_pixels(fractions, images.shape[2:])
said = scores.argmax(axis=1).tolist()
assert scores.shape[1] + fractions.shape[1] == 14
plot_boxes(images, true_boxes, found, labels.tolist(), said)

# %% [markdown]
# ## 1. A box is four numbers
#
# Ten of the fourteen are scores, one for each digit. The other four are the box. Which four numbers
# would you take? Ours are $(x, y, w, h)$: the corner at the top left, then width and height, in
# pixels. $x$ counts columns, $y$ rows, from the top. Two other ways to write the same box are as
# common: by two corners, which is best for computing what boxes share (section 2), and by its
# centre, which is best for nets that first look for centres (lesson 11). Files of boxes seldom say
# which they hold; draw some before you train.

# %%
scenes = DigitLocalization("train", 2000)
images, labels, true_boxes = next(iter(Loader(scenes, 6).batches()))
plot_box_formats(images[1], true_boxes[1])

# %% [markdown]
# ## 2. How good is a box?
#
# As for label maps, intersection over union: the area that both boxes share, divided by the area
# that either covers.
#
# $$\text{IoU}(a, b) = \frac{|a \cap b|}{|a| + |b| - |a \cap b|} \tag{1}$$
#
# The shared part of two boxes is a box again. Written by its **corners**, $(x, y)$ and
# $(x + w,\, y + h)$, it starts at the larger of the two starts and ends at the smaller of the
# two ends. (If it ends before it starts, along either axis, nothing is shared and the IoU is 0.)
# **Predict** the IoU of a box of 4×4 at (0, 0) and one of 4×4 at (2, 0).

# %%
a, b = np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 4, 4]])
shared = (4 - 2) * 4
iou = boxes.box_iou(a, b)[0]
assert iou == shared / (16 + 16 - shared)
print(f"IoU {iou:.3f}: half of each box is shared, and still it is only a third")
plot_two_boxes(a[0], b[0])

# %% [markdown]
# A box counts as a **success** if its IoU with the true one is at least 0.5.
#
# ## 3. What does a constant box score?
#
# Before you are proud of a number, ask what one gets without looking at the image. Here: always the
# same box, the best that a search finds for these data.

# %%
every = np.concatenate([found for _, _, found in Loader(scenes, 100).batches()])
constant = boxes.best_constant_box(every)
ious = boxes.box_iou(np.broadcast_to(constant, every.shape), every)
print(
    "the box",
    constant.round(1),
    f"  mean IoU {ious.mean():.2f}",
    f"  success {boxes.success_rate(ious):.0%}",
)
plot_boxes(images, true_boxes, np.broadcast_to(constant, (6, 4)))

# %% [markdown]
# That is the number to beat, and every data set has its own. The photographs that `RESULTS.md`
# localizes one object in were put at random places of canvases up to twice their size. Even so a
# constant box scores more there:

# %%
results = json.loads((Path("..") / "benchmarks" / "results" / "caltech.json").read_text())
there = results["baseline"]
print(f"{there['name']} there: mean IoU {there['mean_box_iou']:.2f}", end="   ")
print(f"success {there['success']:.0%}")
assert there["mean_box_iou"] > ious.mean()

# %% [markdown]
# ## 4. Two heads on one body
#
# The network looks at the image with convolutions and pools, as before, and ends in a vector of
# **features** $f$. Two linear layers read the same features: one gives a score for each class, the
# other gives four numbers. Without their biases:
#
# $$z = f\,W_z^{\mathsf T}, \qquad q = f\,W_q^{\mathsf T} \tag{2}$$
#
# Both heads want something of the features. What the features are told is the sum of the two (each
# feature is *used twice*, so equation (1) of lesson 00 has terms from both):
#
# $$\frac{\partial L}{\partial f} = \frac{\partial L}{\partial z}\,W_z +
#   \frac{\partial L}{\partial q}\,W_q \tag{3}$$
#
# Each head's own weights get what lesson 00, equation (5) says: $\partial L/\partial W_z =
# (\partial L/\partial z)^{\mathsf T} f$, and the box head's likewise.
#
# **Predict** the gradient of one feature: its class weight is 3, its four box weights are
# 1, 0, 0, 0; back come $\partial L/\partial z = 5$ and $\partial L/\partial q = (7, 0, 0, 0)$.

# %%
class_head, box_head = np.array([[3.0]]), np.array([[1.0], [0], [0], [0]])
feature = np.array([[2.0]])
from_class, *_ = ops.linear_backward(np.array([[5.0]]), feature, class_head)
from_box, *_ = ops.linear_backward(np.array([[7.0, 0, 0, 0]]), feature, box_head)
together = (from_class + from_box).item()
assert together == 5 * 3 + 7 * 1
print("from the class", from_class.item(), " from the box", from_box.item(), " together", together)

# %% [markdown]
# Here is one that was trained for some minutes and comes with the library, at work on a digit that
# it never saw:

# %%
scene, label, _ = DigitLocalization("test", 20).sample(0, 4)
scores, fractions = trained(scene[None])
box = boxes.to_pixels(fractions, scene.shape[1:])[0]
features = trained.box_head.params["weight"].shape[1]
plot_two_heads(scene, ops.softmax(scores)[0], box, "0123456789", features)

# %% [markdown]
# (The idea is that of OverFeat, Sermanet et al. 2013, whose heads have more layers, and whose box
# head was trained after the other. The textbook case takes the 4096 features of AlexNet, Krizhevsky
# et al. 2012, which names a thousand kinds of things: the heads are 4096 → 1000 and 4096 → 4.
# `nn-scratch info localization --net localizer-4096` shows one as large.)
#
# ## 5. Two losses
#
# For the class: cross-entropy, as before. For the box: how far is each number off? The mean squared
# error punishes large errors hard; **smooth L1** (Girshick 2015) is quadratic near zero and
# straight further out, so that one bad box cannot shout down all the others. With $d$ the
# difference and a mean over all $n$ numbers:
#
# $$\begin{aligned}
#   L_2 &= \frac1n \sum d^2, &
#   \frac{\partial L_2}{\partial d} &= \frac{2d}{n} \\
#   L_1^{\text{smooth}} &= \frac1n \sum
#   \begin{cases}\tfrac12 d^2 & |d| < 1\\ |d| - \tfrac12 & \text{else}\end{cases}, \quad &
#   \frac{\partial L_1^{\text{smooth}}}{\partial d} &= \frac1n
#   \begin{cases} d & |d| < 1\\ \pm 1 & \text{else}\end{cases}
#   \end{aligned} \tag{4}$$

# %%
d = np.linspace(-3, 3, 25)
zero = np.zeros(1)
plot_lines(
    {
        "squared error": [ops.mse_loss_backward(np.array([v]), zero)[0] for v in d],
        "smooth L1": [ops.smooth_l1_loss_backward(np.array([v]), zero)[0] for v in d],
    },
    d,
    xlabel="d, predicted minus true",
    ylabel="gradient: how hard it pulls",
)

# %% [markdown]
# (Why not the IoU itself, if that is what we report? For two boxes that do not touch it is 0, and
# stays 0 when one comes a little closer: its gradient is 0 as well, and the net would never hear
# where to go. GIoU, Rezatofighi et al. 2019, mends that with a term for the gap between them.)
#
# Both together, with a number $\lambda$ that says how much a box is worth:
#
# $$L = L_{\text{class}} + \lambda\, L_{\text{box}}, \qquad
#   \frac{\partial L}{\partial z} = \frac{\partial L_{\text{class}}}{\partial z}, \quad
#   \frac{\partial L}{\partial q} = \lambda\,\frac{\partial L_{\text{box}}}{\partial q} \tag{5}$$
#
# The network predicts boxes as **fractions** of the image, so that its outputs do not grow with the
# image. (The true ones lie between 0 and 1; nothing holds the net to that.) **Predict:** what is
# the squared error of a net that always says 0, and of one that always says the mean box? The
# cross-entropy of ten classes starts at $\log 10 \approx 2.3$.

# %%
of_image = every / 40
print(f"always 0: {(of_image**2).mean():.3f}", end="   ")
print(f"always the mean box: {((of_image - of_image.mean(axis=0)) ** 2).mean():.3f}")
assert (of_image**2).mean() < np.log(10) / 10

# %% [markdown]
# Without a $\lambda$ the loss of the class is larger by far. Section 8 measures how much that
# matters.
#
# With fractions, $|d|$ hardly ever reaches 1, which would be the whole image. So the two box losses
# differ only by the factor ½, and the nets here train with the squared error. Smooth L1 makes a
# difference for boxes in pixels, or if its bend is moved nearer to zero, by the argument `beta` of
# `ops.smooth_l1_loss`.
#
# ## 6. The gradients are right
#
# All of it at once, each head with a `dy` of its own:

# %%
net = Localizer(1, 3, (8, 6), widths=(2, 3), features=5, rng=0)
report = check_gradients(net, np.random.default_rng(0).normal(size=(2, 1, 8, 6)))
assert report.ok
print(
    f"{len(report.rows)} gradients right, largest error {max(row.error for row in report.rows):.0e}"
)

# %% [markdown]
# ## 7. Train it
#
# Five epochs (passes over the data) of 2000 scenes, new ones each time, with `fit` (lesson 05);
# tested on digits of which none was seen in training. After each epoch `fit` asks the task to
# evaluate the net; ours, in the folded cell, also writes down what the net says of three scenes, so
# that we can watch.

# %% tags=["hide-input"]
train = Loader(DigitLocalization("train", 64 if FAST else 2000), 32, shuffle=True)
test = Loader(DigitLocalization("test", 64 if FAST else 300), 50)
epochs = 1 if FAST else 5
net = Localizer(1, 10, (40, 40), rng=0)
images, labels, true_boxes = (np.concatenate(part) for part in zip(*test.batches(), strict=True))
watched, film = slice(0, 3), []


class Watched(Localization):
    """Localization that remembers classes and boxes of a few scenes."""

    def evaluate(self, net, batches):
        scores, fractions = net(images[watched])
        film.append((scores.argmax(axis=1), boxes.to_pixels(fractions, (40, 40))))
        return super().evaluate(net, batches)


# %%
task = Watched(box_weight=10.0)
evaluate(net, task, test)  # before the first step
history = fit(
    net,
    task,
    train,
    Adam(net),
    epochs=epochs,
    schedule=one_cycle(3e-3, epochs * len(train)),
    validation=test,
    progress=False,
)
times = len(film)  # for each scene: untrained, then after each epoch
plot_boxes(
    np.repeat(images[watched], times, axis=0),
    np.repeat(true_boxes[watched], times, axis=0),
    np.stack([found for _, found in film], axis=1).reshape(-1, 4),
    np.repeat(labels[watched], times).tolist(),
    np.stack([said for said, _ in film], axis=1).ravel().tolist(),
    3 * ["untrained", *(f"epoch {epoch}" for epoch in range(1, times))],
)

# %% [markdown]
# The untrained net's boxes are next to nothing, too small to be seen. After one epoch each box is
# at its digit, and the digit still has a wrong name. The numbers for all 300 test scenes:

# %%
print(f"{'epoch':<7}{'class accuracy':>16}{'mean box IoU':>14}{'success':>9}")
for epoch in history["epochs"]:
    print(
        f"{epoch['epoch']:<7}{epoch['class_accuracy']:>16.3f}{epoch['mean_box_iou']:>14.3f}"
        f"{epoch['success']:>9.3f}"
    )
columns = {"class accuracy": "class_accuracy", "mean box IoU": "mean_box_iou", "success": "success"}
plot_lines(
    {name: [epoch[key] for epoch in history["epochs"]] for name, key in columns.items()},
    range(1, epochs + 1),
    xlabel="epoch",
    ylabel="on the test scenes",
)

# %% [markdown]
# On average the boxes get worse before they get better. (Single boxes may do otherwise: two of the
# three in the film get better meanwhile.) The learning rate, which reaches its peak then, is not
# enough to explain it: with `box_weight=1000`, where the class is hardly heard (a run that is not
# shown), the boxes get better from epoch to epoch. So it has to do with the class: as that begins
# to be learned, presumably, the features that both heads share are rebuilt, and the box head has to
# follow. Do not judge a training in its middle.
#
# Six of the test scenes, of which three were chosen because their names are wrong:

# %%
scores, fractions = net.eval()(images)
said = scores.argmax(axis=1)
order = np.argsort(said == labels, kind="stable")  # the wrong ones first
six = np.r_[order[:3], order[-3:]]
assert FAST or (said != labels)[six].sum() == 3
found = boxes.to_pixels(fractions[six], images.shape[2:])
plot_boxes(images[six], true_boxes[six], found, labels[six].tolist(), said[six].tolist())

# %% [markdown]
# That was half a minute. The net of section 4 had longer. One doubt first: a scene of the test has
# the digits of the test, but with one seed its place, its size and its noise are drawn like those
# of a training scene. So the last line has scenes of another seed:

# %%
fresh = Loader(DigitLocalization("test", 64 if FAST else 300, seed=77), 50)
subjects = {"half a minute": (net, test), "the trained one": (trained, test)}
subjects["on other scenes"] = (trained, fresh)
for name, (subject, seen) in subjects.items():
    reached = evaluate(subject, Localization(box_weight=10.0), seen)
    print(
        f"{name:<18}class accuracy {reached['class_accuracy']:.3f}   mean box IoU "
        f"{reached['mean_box_iou']:.3f}   success {reached['success']:.3f}"
    )

# %% [markdown]
# ## 8. How much is a box worth?
#
# Five trainings of a smaller net (8 to 32 maps, 128 features), shorter too, each with another
# $\lambda$. **Predict:** which of class and box suffers at $\lambda = 0.1$, and from which
# $\lambda$ on is the class lost? A sixth, *10, unheard*, has the $\lambda$ of ten again, but its
# features hear only the class.


# %%
class BoxUnheard(Localizer):
    """The box's gradient reaches the weights of its head, and not the features."""

    def backward(self, gradients):
        dscores, dboxes = gradients
        self.box_head.backward(dboxes)
        return self.features.backward(self.class_head.backward(dscores))


# %% tags=["hide-input"]
def short_training(kind, box_weight):
    """What four epochs reach."""
    other = kind(1, 10, (40, 40), widths=(8, 16, 32, 32), features=128, rng=0)
    task, schedule = Localization(box_weight=box_weight), one_cycle(3e-3, 4 * len(short))
    fit(other, task, short, Adam(other), epochs=4, schedule=schedule, progress=False)
    return evaluate(other, task, test)


short = Loader(DigitLocalization("train", 64 if FAST else 1500), 16, shuffle=True)
found = {
    f"{box_weight:g}": short_training(Localizer, box_weight)
    for box_weight in (0.1, 1.0, 10.0, 100.0, 1000.0)
}
weights = [float(box_weight) for box_weight in found]
measured = {
    name: [reached[columns[name]] for reached in found.values()]
    for name in ("class accuracy", "mean box IoU")
}
found["10, unheard"] = short_training(BoxUnheard, 10.0)
print(f"{'λ':<14}{'class accuracy':>16}{'mean box IoU':>14}")
for name, reached in found.items():
    print(f"{name:<14}{reached['class_accuracy']:>16.3f}{reached['mean_box_iou']:>14.3f}")
print(f"{'the best constant box':<30}{ious.mean():>14.3f}")
assert FAST or measured["class accuracy"][3] < 0.3 < 0.7 < measured["class accuracy"][2]
assert FAST or abs(found["10, unheard"]["mean_box_iou"] - measured["mean box IoU"][0]) < 0.03
plot_lines(
    measured,
    weights,
    xlabel="λ, what a box is worth",
    ylabel="on the test scenes",
    logarithmic="x",
    marks={"IoU of the best constant box": ious.mean()},
)

# %% [markdown]
# Even with a small $\lambda$ the box is heard, and learns far more than the constant box knows:
# Adam gives each weight a step of about the same length, however small its gradient (lesson 05),
# and the box head's own weights get no other. What $\lambda$ decides is what the *shared features*
# are made for: where they hear nothing of the box, 10 is worth no more than 0.1. Up to 10 the boxes
# gain much and the class loses little. At 100 the class is nearly lost, in these four epochs at
# least: guessing is right one time in ten. At 1000 there is hardly anything left to win. So look
# for $\lambda$ by factors of ten first, and watch both numbers. (All with one seed: nothing hangs
# on differences of a hundredth or two.)
#
# ## 9. Break it on purpose
#
# A mistake that is easily made with two losses: $\lambda$ stands in the loss that is printed, but
# not in the gradient.


# %%
def two_losses_backward(scores, boxes, labels, targets, *, box_weight):
    """Wrong: λ is forgotten."""
    dscores = ops.cross_entropy_backward(scores, labels)
    dboxes = ops.mse_loss_backward(boxes, targets)
    return dscores, dboxes


report = check_exercise("two_losses_backward", two_losses_backward)
assert not report.ok
report

# %% [markdown]
# ## 10. Exercises
#
# The IoU of equation (1), the box losses of (4), the two losses of (5), the two heads of (2) and
# (3):
#
#     nn-scratch exercise 14
#     nn-scratch exercise 15
#     nn-scratch exercise 16
#     nn-scratch exercise 17
#
# And one to think about: a predicted box is as large as the true one, 11×16 pixels, but lies $d$
# pixels to its right. Up to which $d$ is it a success? And if it lies $d$ pixels to the right and
# $d$ pixels too low?
#
# ## Remember
#
# - Classes and boxes come from the same features by two linear heads; the heads' gradients add up
#   where they meet.
# - The losses are added with a weight $\lambda$, which must stand in the gradient as well.
# - Ask what a constant box scores before you believe a number.
#
# **What is missing?** This net has room for one box. An image has room for more.
#
# ## Read on
#
# - P. Sermanet et al., [OverFeat](https://arxiv.org/abs/1312.6229), section 4
# - R. Girshick, [Fast R-CNN](https://arxiv.org/abs/1504.08083): two losses, smooth L1
#
# ← [09 SegNet against the rest](09_segnet_and_the_rest.ipynb)
# · [all lessons](README.md)
# · [11 Several objects](11_several_objects.ipynb) →
