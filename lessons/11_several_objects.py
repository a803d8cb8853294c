# %% [markdown]
# # 11 · Several objects
#
# **The question:** a localizer gives one box. How does a network find *all* objects of an image,
# when it does not know how many there are?
#
# You need: lesson 10 for boxes and IoU, lessons 02 and 06 for max-pooling and cross-entropy, lesson
# 05 for Adam, lesson 07 for the sliding window, lesson 08 for a net that goes down and up again.
# About 40 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb) **11** ·
# faster [12](12_from_loops_to_speed.ipynb) [13](13_on_the_gpu.ipynb) · your own
# [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb) · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import os

import numpy as np

try:
    from nn_scratch import nets, ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitDetection, Loader
    from nn_scratch.evaluation import boxes as box_tools
    from nn_scratch.evaluation import detection, heat_maps
    from nn_scratch.plotting import (
        plot_anchors,
        plot_arrays,
        plot_detections,
        plot_heat,
        plot_lines,
        plot_net,
        plot_point,
        plot_precision_recall,
        plot_suppression,
    )
    from nn_scratch.training import Adam, Detection, evaluate, fit, one_cycle
    from nn_scratch.training.tasks.detection import decoded, legible
    from nn_scratch.training.tasks.detectors import HeatMaps
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. Why one box is not enough
#
# Two scenes, each twice. First what the localizer of lesson 10 makes of it: it has to give one box,
# so it gives one, a compromise that fits none of the digits. Then what the net of this lesson makes
# of it.

# %% tags=["hide-input"]
DIGITS = [str(digit) for digit in range(10)]
localizer, detector = nets.pretrained("digits-localization"), nets.pretrained("digits-detection")
crowd = DigitDetection("test", 8, size=40, digits=3)
scenes, truth, found = [], [], []
for index in 7, 0:
    image, labels, boxes, _ = crowd.sample(0, index)
    scores, fractions = localizer(image[None])
    best = scores.argmax(axis=1)
    box = box_tools.to_pixels(fractions, image.shape[1:])
    one = detection.Detections(box, ops.softmax(scores)[0, best], best)
    (many,) = decoded(detector(image[None]), image.shape[1:])
    scenes += [image, image]
    truth += [detection.Objects(labels, boxes)] * 2
    found += [one, legible(many)]
plot_detections(np.stack(scenes), truth, found, DIGITS)

# %% [markdown]
# Why not give the localizer two more boxes? Because somebody would have to say which of the three
# outputs is responsible for which digit; and in the next scene there are five. (DETR, Carion et al.
# 2020, does that: a hundred outputs, matched anew to the objects of each image.) The older way out
# is the sliding window of lesson 07: look at every place, and ask each time "is it here?". The way
# of this lesson is the same thought without the waste: **let every place of a map answer for
# itself**, as YOLO did (Redmon et al. 2016). An object is a *point*, its centre; at that point the
# net also says how large the object is (Zhou et al. 2019, "Objects as Points").
#
# ## 2. An object is a point
#
# The map is coarser than the image: with **stride** 4, one cell for 4×4 pixels. For a box
# $(x, y, w, h)$ in pixels, measured in cells,
#
# $$c = \tfrac14\,(x + \tfrac w2,\; y + \tfrac h2), \quad
#   \text{cell} = \lfloor c \rfloor, \quad \text{offset} = c - \text{cell}, \quad
#   \text{size} = \tfrac14\,(w, h) \tag{1}$$
#
# So three maps say everything: a **heat map** for each class, which is 1 at the cells that hold a
# centre; two numbers for the size; two for the offset, what rounding down took away.
#
# **Predict** cell, offset and size of a 4 whose box is (22, 16, 11, 16).

# %%
scene, labels, boxes, _ = DigitDetection("train", 1).sample(0, 3)
x, y, w, h = box = boxes[0]
centre = np.array([x + w / 2, y + h / 2]) / 4
cell = np.floor(centre)
assert box.tolist() == [22, 16, 11, 16] and centre.tolist() == [6.875, 6]
print("centre", centre, " cell", cell, " offset", centre - cell, " size", box[2:] / 4)
beside = box + np.array([[4, 0, 0, 0], [0, 4, 0, 0]])
right, below = detection.iou_matrix(box[None], beside)[0]
print(
    f"its box, drawn from the cell on the right: IoU {right:.2f}; from the one below: {below:.2f}"
)
plot_point(scene, box, 4)

# %% [markdown]
# And back: centre = cell + offset, corner = centre − size/2, times 4. Nothing is lost, so **if the
# three maps were perfect, so would be the boxes** (unless two objects share a cell: section 9).
#
# A cell beside the centre is not quite wrong: a box drawn from there still shares about half with
# the object. So the heat map's target falls off around the centre like a bell, and 1 stands only in
# the middle. At a distance of $d$ cells the bell is $e^{-d^2 / 2\sigma^2}$, with $\sigma = (2r + 1)
# / 6$; $r$, in whole cells, grows with the object. (It is CornerNet's. It was meant to say how far
# a box may be off and still overlap the true one by 0.7, but its formula has a mistake, which
# CenterNet keeps, and so do we: see `gaussian_radius` in `heat_maps.py`.) Where two bells meet, the
# larger value counts. Size and offset are learned at the full cells alone. Each class has a map of
# its own, and where there is no 7, that of the 7s is cold. Three of these five digits, the 4 among
# them, are so small that $r = 0$, and their bell is narrower than a cell:

# %%
truth = detection.Objects(labels, boxes)
target = heat_maps.center_targets([truth], 10, (16, 16), stride=4)
assert (target.heat == 1).sum() == target.num_objects == len(boxes)
radii = [int(heat_maps.gaussian_radius(*size)) for size in boxes[:, 2:] / 4]
assert sorted(radii) == [0, 0, 0, 1, 1]
plot_heat(
    {"all ten heat maps at once": (scene, target.heat[0].max(axis=0))}
    | {f"the heat map of the {DIGITS[k]}s": (scene, target.heat[0, k]) for k in (3, 9, 7)}
)

# %% [markdown]
# The bell of the 9, in numbers:

# %%
(nine,) = np.flatnonzero(labels == 9)
across, down = np.floor((boxes[nine, :2] + boxes[nine, 2:] / 2) / 4).astype(int)
bell = target.heat[0, 9, down - 2 : down + 3, across - 2 : across + 3]
assert bell[2, 2] == 1 and bell[2, 1] == bell[2, 3] < 1
sigma = (2 * np.floor(heat_maps.gaussian_radius(*boxes[nine, 2:] / 4)) + 1) / 6
assert np.isclose(bell[2, 1], np.exp(-1 / (2 * sigma**2)))
plot_arrays({"the heat map of the 9s, around its centre": bell.round(2)})

# %% [markdown]
# ## 3. A loss for a map that is almost empty
#
# Each cell of each class is a yes-or-no question, so softmax is not needed. The **sigmoid**
# $p = \sigma(z) = 1/(1 + e^{-z})$ makes a probability of one score. The cross-entropy is $-\log p$
# where the answer is yes, and $-\log(1 - p)$ where it is no.
#
# **Predict**: a map of 16×16 cells for ten classes, three objects. How many questions have the
# answer no for each yes?

# %%
cells, objects = 16 * 16 * 10, 3
print(f"{(cells - objects) / objects:.0f} to 1")
assert (cells - objects) // objects == 852
untrained = 0.1
no = -(cells - objects) * np.log(1 - untrained)
yes = -objects * np.log(untrained)
print(f"with p = {untrained} everywhere the noes cost {no:.0f}, the yeses {yes:.0f}")
share = objects / cells
hardly_ever = -(cells - objects) * np.log(1 - share) - objects * np.log(share)
print(f"with p = {share:.4f} everywhere all together cost {hardly_ever:.0f}")
assert no > 30 * yes and hardly_ever < (no + yes) / 10

# %% [markdown]
# Almost all of the loss comes from questions that are nearly answered. A net that learns to say
# "hardly ever" to all of them has got rid of nine tenths of it, and found nothing. The **focal
# loss** (Lin et al. 2017) turns down what is already known: it multiplies each term with a power of
# how wrong it is. For a centre, with $Y = 1$, and elsewhere, with the bell's $Y < 1$,
#
# $$L = -\frac1N \sum \begin{cases}
#   (1-p)^\alpha \log p & Y = 1\\
#   (1-Y)^\beta\, p^\alpha \log(1-p) & \text{else}
#   \end{cases} \tag{2}$$
#
# with $\alpha = 2$ (Lin et al. call it $\gamma$), $\beta = 4$, and $N$ the number of objects. The
# factor $(1-Y)^\beta$ forgives cells beside a centre. What becomes of a yes:

# %%
ps = np.linspace(0.02, 1, 50)
plot_lines(
    {"cross-entropy: −log p": -np.log(ps), "focal: −(1 − p)² log p": -((1 - ps) ** 2) * np.log(ps)},
    ps,
    xlabel="p, how sure the net is of a centre that is one",
    ylabel="loss",
)

# %% [markdown]
# Near p = 0, where the net is quite wrong, the two are alike. From there on the factor (1 − p)²
# falls, to ¼ at p = ½ and 1/100 at p = 0.9: of what is right already, next to nothing is left.
# **Predict:** what do the noes and the yeses of the empty map weigh now?

# %%
no = -((cells - objects) * untrained**2 * np.log(1 - untrained))
yes = -(objects * (1 - untrained) ** 2 * np.log(untrained))
print(f"with p = {untrained} everywhere the noes cost {no:.1f}, the yeses {yes:.1f}")
assert yes > 2 * no

# %% [markdown]
# **The gradient.** With $q = 1 - p$ we have $\partial p/\partial z = pq$ and
# $\partial q/\partial z = -pq$. For a centre, by the product rule,
#
# $$\frac{\partial}{\partial z}\left(-q^\alpha \log p\right)
#   = \alpha q^{\alpha - 1}\, pq\, \log p - q^\alpha\,\frac{pq}{p}
#   = q^\alpha\,(\alpha\, p \log p - q) \tag{3}$$
#
# and for the other cells in the same way
#
# $$\frac{\partial}{\partial z}\left(-p^\alpha \log q\right) = p^\alpha\,(p - \alpha\, q \log q)
#   \tag{4}$$
#
# **A trap.** $\log(1 - \sigma(z))$, computed as it is written, breaks for large scores: in float32
# $\sigma(17)$ is exactly 1, and $\log(1 - 1)$ is −∞. ($\log \sigma(z)$ breaks at the other end:
# $\sigma(-100)$ comes out as 0.) Computed as $\log p = -\text{softplus}(-z)$ and
# $\log q = -\text{softplus}(z)$, with $\text{softplus}(z) = \max(z, 0) + \log(1 + e^{-|z|})$,
# nothing overflows.


# %%
def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


z = np.float32(17)
p = 1 / (1 + np.exp(-z))
with np.errstate(divide="ignore", over="ignore"):
    print("log(1 − p) as written:", np.log(1 - p), "  by softplus:", -softplus(z))
    assert 1 / (1 + np.exp(np.float32(100))) == 0
assert p == 1 and abs(softplus(z) - 17) < 1e-5

# %% [markdown]
# Ours, with (2) to (4), is `ops.focal_loss`. It is checked like every other layer, and so is the L1
# loss, the sum of all $|d|$ divided by $N$, with which size and offset are learned at the centres.
# (Elsewhere they are not asked for anything: what size has nothing?) The whole loss is
# $L_{\text{heat}} + 0.1\,L_{\text{size}} + L_{\text{offset}}$: a size is off by cells, an offset by
# less than one.

# %%
rng = np.random.default_rng(0)
scores = rng.normal(size=(2, 3, 5, 4))
heat = rng.uniform(0, 0.9, size=scores.shape)
heat[0, 1, 2, 3] = heat[1, 0, 0, 0] = 1  # two objects
focal = check_gradients((ops.focal_loss, ops.focal_loss_backward), scores, heat)
mask = (heat == 1).any(axis=1)
l1 = check_gradients((ops.masked_l1_loss, ops.masked_l1_loss_backward), scores, heat, mask)
assert focal.ok and l1.ok
assert HeatMaps.losses == {"heat_loss": 1, "size_loss": 0.1, "offset_loss": 1}
print("focal loss: right   L1 at the centres: right")

# %% [markdown]
# **Break it on purpose.** Forget the α in (3), as is easily done when deriving in a hurry:


# %%
def without_alpha(scores, target, *, alpha=2.0, beta=4.0):
    log_p, log_q = -softplus(-scores), -softplus(scores)
    p, q = np.exp(log_p), np.exp(log_q)
    centre = q**alpha * (p * log_p - q)  # the α is missing
    other = (1 - target) ** beta * p**alpha * (p - alpha * q * log_q)
    return np.where(target == 1, centre, other) / (target == 1).sum()


report = check_gradients((ops.focal_loss, without_alpha), scores, heat)
assert not report.ok
report

# %% [markdown]
# ## 4. The bias that decides
#
# With weights near zero and a bias of zero, the heat map starts at $p = \tfrac12$ everywhere: the
# net claims thousands of objects, and nearly all of its first gradients say "no". Start the bias of
# the last layer where the answer is already mostly no, at $p = 0.1$:
#
# $$b = \log\frac{0.1}{0.9} \approx -2.2 \tag{5}$$
#
# **Predict**: how many times as large is the first loss without it?

# %%
FIRST = Loader(DigitDetection("train", 16), 16)
batch = next(iter(FIRST.batches()))
losses = {}
for prior in 0.1, 0.5:
    net = nets.CenterNet(1, 10, prior=prior, rng=0)
    losses[prior] = float(Detection(10).step(net, batch)["heat_loss"])
    print(f"p = {prior}: bias {np.log(prior / (1 - prior)):+.2f}, first loss {losses[prior]:,.1f}")
ratio = losses[0.5] / losses[0.1]
assert ratio > 10
print(f"{ratio:.0f} times")

# %% [markdown]
# Train both for a short while, alike in all else, and film the heat of one scene on the way. (They
# are judged on digits of a third group, `"validation"`, so that those of `"test"` stay unseen until
# the end.) **Predict** what the two maps look like before the first step, and after forty.
#
# More runs try two explanations for what you will see. Adam remembers the first, large gradients in
# its $v$ for a thousand steps (lesson 05), and divides all later ones by their root: so let it
# forget within ten. Or the steps are too long for such a start: so take a third of the rate.

# %% tags=["hide-input"]
train = Loader(DigitDetection("train", 32 if FAST else 1000), 16, shuffle=True)
validation = Loader(DigitDetection("validation", 16 if FAST else 100), 50)
watched, *_ = validation.dataset.sample(0, 1)


class Filmed(Detection):
    """The task, which keeps the scores of one scene before some of its steps."""

    count, steps = 0, (0, 40)

    def step(self, net, batch):
        if self.count in self.steps:
            self.film[self.count] = scores_of(net)
        self.count += 1
        return super().step(net, batch)


def scores_of(net):
    """Those of the scene's ten heat maps, before the sigmoid."""
    scores = net.eval()(watched[None])[0][0]
    net.train()
    return scores


# %%
SHORT = {"betas": (0.9, 0.9)}
RUNS = {
    "p = 0.1": (0.1, 1e-2, {}),
    "p = 0.5": (0.5, 1e-2, {}),
    "p = 0.1, short memory": (0.1, 1e-2, SHORT),
    "p = 0.5, short memory": (0.5, 1e-2, SHORT),
    "p = 0.5, a third of the rate": (0.5, 1e-2 / 3, {}),
}
epochs = 1 if FAST else 2
reached, films = {}, {}
for name, (prior, rate, options) in RUNS.items():
    net, task = nets.CenterNet(1, 10, prior=prior, rng=0), Filmed(10)
    task.film = {}
    schedule = one_cycle(rate, epochs * len(train))
    fit(net, task, train, Adam(net, **options), epochs=epochs, schedule=schedule, progress=False)
    reached[name] = evaluate(net.eval(), Detection(10), validation)["ap50"]
    films[name] = task.film | {task.count: scores_of(net)}
    means = ", ".join(f"{scores.mean():.1f}" for scores in films[name].values())
    print(f"{name:<29} mean score before steps {', '.join(map(str, films[name]))}: {means}")
low, high = ([score for name, score in reached.items() if p in name] for p in ("0.5", "0.1"))
assert FAST or min(high) > 2 * max(low)
assert FAST or films["p = 0.5"][40].mean() < 1.5 * films["p = 0.1"][40].mean()
slower = films["p = 0.5, a third of the rate"]
assert FAST or slower[40].mean() > films["p = 0.1"][40].mean()
spreads = {name: films[name][40].std(axis=0).mean() for name in RUNS if not FAST}
low, high = ([spread for name, spread in spreads.items() if p in name] for p in ("0.5", "0.1"))
assert FAST or 2 * max(low) < min(high)
for name, spread in spreads.items():
    cells = films[name][40].std(axis=(1, 2)).mean()
    print(f"{name:<29} spread at step 40: {cells:.2f} over cells, {spread:.2f} over digits")
plot_heat(
    {
        f"{name}, step {step}": (watched, ops.sigmoid(scores).max(axis=0))
        for name in ("p = 0.1", "p = 0.5")
        for step, scores in films[name].items()
    },
    columns=3,
)

# %% [markdown]
# The second map begins half warm everywhere, and its first lesson is to be cold, which it learns
# too well: after forty steps its scores lie far lower than those of the first, and the sigmoid of
# −14 is less than a millionth. At the end it has found where ink is, and the middle of nothing. The
# first is warm where the middle of a digit is.
#
# One number, set before the first step, decides whether a net learns in this time or not. Adam's
# memory is not the reason: as section 7 measures, both nets with the short one do as those with the
# long one. Nor is it the plunge into the cold: at a third of the rate the scores fall no lower than
# those of the first net, and still this net finds little. (What can be seen: after forty steps the
# ten maps of a net that began at 0.5 are nearly one and the same. It tells places apart, and not
# digits. Why it hardly gets on from there we do not know.)
#
# ## 5. From maps to boxes: peaks
#
# A trained heat map has hills, not points. An object is where none of the eight neighbours is
# larger. "The largest of a 3×3 window" is a max-pool with stride 1, and a cell is a peak where the
# pool changes nothing:

# %%
hills = np.array([[1.0, 2, 1, 0, 0], [2, 6, 3, 1, 1], [1, 3, 2, 4, 2], [0, 1, 5, 7, 3]])
largest, _ = ops.max_pool2d(hills[None, None], 3, stride=1, padding=1)
peaks = hills == largest[0, 0]
assert np.argwhere(peaks).tolist() == [[1, 1], [3, 3]]
plot_arrays(
    {"the map": hills, "largest of each 3×3": largest[0, 0], "peaks": np.where(peaks, hills, 0)}
)

# %% [markdown]
# ## 6. Non-maximum suppression
#
# Detectors that answer at every place, as the sliding window does, say the same thing many times
# over. The old remedy is greedy: take the best box, throw away every other of that class that
# overlaps it by more than half, go on with the best that is left.
#
# **Predict** which of these four survive, whose corners lie in (0, 0), (1, 1), (8, 0) and (0, 6).
# All are 10 wide and 10 high, and their scores are 0.9, 0.8, 0.7 and 0.6.

# %%
boxes = np.array([[0.0, 0, 10, 10], [1, 1, 10, 10], [8, 0, 10, 10], [0, 6, 10, 10]])
scores = np.array([0.9, 0.8, 0.7, 0.6])
kept = detection.nms(boxes, scores)
assert kept.tolist() == [0, 2, 3]
print(
    "kept:", scores[kept], f"  IoU of the first two {detection.iou_matrix(boxes, boxes)[0, 1]:.2f}"
)
plot_suppression(boxes, scores)

# %% [markdown]
# Peaks and suppression do the same job: of many answers about one object, they leave one. Section 8
# tries whether one of the two is enough.
#
# ## 7. One number for a detector: average precision
#
# A detector gives boxes with scores. Go through them from the best score down. A box is **right**
# if it has IoU ≥ 0.5 with a true box of its class that nobody claimed before; each true box can be
# claimed once. After each box, **precision** is the share of right ones so far, **recall** the
# share of true boxes found so far. **Average precision** is the area under precision over recall.
#
# By hand: there are four true boxes, and a detector gives five. In the order of their scores these
# five are right, wrong, right, right, wrong.

# %%
right = np.array([1, 0, 1, 1, 0])
found = np.cumsum(right)
precision, recall = found / np.arange(1, 6), found / 4
for row in zip(right, precision, recall, strict=True):
    print("right " if row[0] else "wrong ", "precision {:.2f}  recall {:.2f}".format(*row[1:]))

# %% [markdown]
# Precision zigzags, so one takes the best that can be had *at this recall or more*: from the right,
# the largest so far. The area then is a sum of rectangles.
#
# **Predict** it: ¼ of recall at precision 1, ½ at ¾, and the last ¼ is never reached.

# %%
best = np.maximum.accumulate(precision[::-1])[::-1]
area = (np.diff(recall, prepend=0) * best).sum()
assert area == 1 / 4 * 1 + 2 / 4 * 3 / 4
plot_precision_recall(right, 4)

# %% [markdown]
# COCO's average precision, the one that papers report, reads the curve at 101 recalls, 0, 0.01, …,
# 1, and takes the mean over the classes. AP@0.5 asks for an IoU of 0.5; **AP@[.5:.95]** is the mean
# over ten such thresholds up to 0.95, and asks for boxes that fit.

# %% tags=["hide-input"]
truth = [detection.Objects(np.zeros(4, int), np.array([[x, 0.0, 8, 8] for x in (0, 20, 40, 60)]))]
xs = np.array([0.0, 90, 20, 40, 95])  # the second and the fifth are at no object
found = [
    detection.Detections(
        np.array([[x, 0.0, 8, 8] for x in xs]), np.linspace(0.9, 0.5, 5), np.zeros(5, int)
    )
]
by_library = detection.average_precision(found, truth, 1, iou_thresholds=[0.5])
assert abs(by_library[0, 0] - area) < 0.01
print(f"by hand {area}, at 101 recalls {by_library[0, 0]:.4f}")

# %% [markdown]
# Now the number that section 4 still owes. On a hundred scenes of the validation digits, the nets
# that differ in one bias, in Adam's memory or in the rate reach

# %%
for name, score in reached.items():
    print(f"{name:<29} AP@0.5 {score:.2f}")

# %% [markdown]
# ## 8. The whole detector
#
# The net is the one of lesson 08, down and up again, but it stops at a quarter of the image's size;
# three heads read its map. One that was trained for twelve epochs of 2,500 scenes comes with the
# package:

# %%
net = nets.pretrained("digits-detection")
scene, *_ = DigitDetection("test", 1).sample(0, 0)
plot_net(net, scene[None], channels=1, class_names=DIGITS)

# %% [markdown]
# On three hundred scenes made of digits that it has never met:

# %%
test = Loader(DigitDetection("test", 24 if FAST else 300), 50)
metrics = evaluate(net, Detection(10), test)
print(f"AP@0.5 {metrics['ap50']:.3f}   AP@[.5:.95] {metrics['ap']:.3f}")
assert FAST or metrics["ap50"] > 0.95

images, labels, boxes, _ = next(iter(test.batches()))
maps = net(images[:8])
truth = [detection.Objects(*one) for one in zip(labels[:8], boxes[:8], strict=True)]
found = [legible(each) for each in decoded(maps, images.shape[2:])]
plot_detections(images[1:4], truth[1:4], found[1:4], DIGITS)

# %% [markdown]
# And what it saw inside: the heat, before it became boxes. A picture shows the warmest of the ten
# maps at each cell. In the last scene a 9 was taken for an 8; what do the ten maps say there, each
# for its own digit?

# %%
heat = ops.sigmoid(maps[0]).max(axis=1)
plot_heat(
    {f"heat of the {what} scene": (images[n], heat[n]) for what, n in (("first", 1), ("last", 3))}
)

# %%
(mistaken,) = np.flatnonzero(found[3].labels == 8)
across, down = np.floor((found[3].boxes[mistaken, :2] + found[3].boxes[mistaken, 2:] / 2) / 4)
there = ops.sigmoid(maps[0])[3, :, int(down), int(across)]
print(", ".join(f"{digit}: {there[digit]:.2f}" for digit in np.argsort(-there)[:4]))
assert there.argmax() == 8 and 0.4 < there[8] < 0.6 and there[9] < 0.2
assert np.delete(found[3].scores, mistaken).min() > 0.7

# %% [markdown]
# The 8 is only about as likely as not; of the other digits in this scene it is sure by 0.7 or more.
#
# Are both needed, peaks and suppression? First one digit from close by: on the left every cell that
# is warmer than 0.2 gives a box, on the right only peaks do.

# %% tags=["hide-input"]
every, peaked = (
    heat_maps.decode_centers(maps, 4, peaks=peaks, min_score=0.2) for peaks in (False, True)
)
more = [len(one.scores) - len(other.scores) for one, other in zip(every, peaked, strict=True)]
n = int(np.argmax(more))
assert more[n] > 0
pairs = np.argwhere(np.triu(detection.iou_matrix(every[n].boxes, every[n].boxes) > 0.5, 1))
pairs = [(a, b) for a, b in pairs if every[n].labels[a] == every[n].labels[b]]
for pair in pairs:
    twice = " and ".join(f"{every[n].scores[i]:.2f}" for i in pair)
    print(f"twice a {DIGITS[every[n].labels[pair[0]]]}: {twice}")


def close_by(things, corner):
    """Of objects or detections, those that lie in the 24×24 pixels from there, moved along."""
    boxes = things.boxes - np.array([*corner, 0, 0])
    inside = (boxes[:, :2] >= -2).all(axis=1) & (boxes[:, :2] + boxes[:, 2:] <= 26).all(axis=1)
    parts = things._replace(boxes=boxes)._asdict().items()
    return type(things)(**{name: part[inside] for name, part in parts if part is not None})


x, y = np.clip(every[n].boxes[pairs[0][0], :2].astype(int) - 5, 0, 40)
part = images[n][:, y : y + 24, x : x + 24]
plot_detections(
    np.stack([part] * 2),
    [close_by(truth[n], (x, y))] * 2,
    [close_by(found[n], (x, y)) for found in (every, peaked)],
    DIGITS,
)

# %% [markdown]
# The doubles lie almost on the boxes that they repeat, and are less sure. (The last three pairs are
# one 1, found three times.) Now two hundred scenes: the peaks alone, suppression alone, both, and
# neither.

# %%
few = range(24 if FAST else 200)
scenes = [DigitDetection("test", len(few)).sample(0, n) for n in few]
output = net(np.stack([image for image, *_ in scenes]))
truth = [detection.Objects(labels, boxes) for _, labels, boxes, _ in scenes]
ap = {}
for peaks in True, False:
    for suppress in True, False:
        found = heat_maps.decode_centers(output, 4, peaks=peaks)
        if suppress:
            kept = [detection.nms(*each) for each in found]
            found = [
                detection.Detections(*(part[k] for part in each))
                for each, k in zip(found, kept, strict=True)
            ]
        ap[peaks, suppress] = np.nanmean(
            detection.average_precision(found, truth, 10, iou_thresholds=[0.5])
        )
        what = " and ".join(["peaks"] * peaks + ["suppression"] * suppress) or "neither"
        print(f"{what:<22} AP@0.5 {ap[peaks, suppress]:.3f}")
assert FAST or abs(ap[True, False] - ap[False, True]) < 0.01
assert FAST or ap[False, False] < min(ap[True, False], ap[False, True])

# %% [markdown]
# Either is enough here. Without both, an object is found several times, and all but one count as
# wrong. That costs little here, because the doubles' scores are low, and so they come late in the
# list. A detector that is surer of its doubles than of its next object pays more (exercise 3).
#
# ## 9. What others do: anchors, and several scales
#
# For years detectors did not ask "is a centre here?" but "which of these boxes is one?". Around
# each cell lie **anchors**, boxes of a few fixed sizes and shapes. In training an anchor is
# *matched* to the object that it overlaps by IoU ≥ 0.5, learns its class, and how to become its
# box: with the anchor's centre $c_a$ and width $w_a$ and the object's $c$ and $w$, in x and y
# alike,
#
# $$t_c = \frac{c - c_a}{w_a}, \qquad t_w = \log \frac{w}{w_a} \tag{6}$$
#
# All others learn to say "background". **Predict:** with three sizes and two shapes at each of the
# 16×16 cells, how many anchors are there, and how many of them are matched to our five digits?

# %%
cells = 4.0 * np.stack(np.meshgrid(np.arange(16), np.arange(16)), axis=-1).reshape(-1, 1, 2) + 2
sides = np.array([(side * shape, side / shape) for side in (8, 14, 22) for shape in (1, 0.7)])
corners, sizes = np.broadcast_arrays(cells - sides / 2, sides)
anchors = np.concatenate([corners, sizes], axis=-1).reshape(-1, 4)
scene, labels, boxes, _ = DigitDetection("train", 1).sample(0, 3)
ious = detection.iou_matrix(boxes, anchors)
matched = (ious >= 0.5).any(axis=0)
print(
    f"{len(anchors):,} anchors, {matched.sum()} matched; of each digit", (ious >= 0.5).sum(axis=1)
)
assert len(anchors) == 6 * 16 * 16 and 5 < matched.sum() < 100
plot_anchors(scene, boxes, anchors)

# %% [markdown]
# On the left all anchors of a single cell, and the digit there; on the right, in each cell that has
# any, how many of its six were matched. Several for each object: so such a detector says everything
# several times, and *cannot* do without suppression. Somebody has to choose the sizes, too: an
# object that no anchor fits by half would never be learned, so it is given the one that fits it
# best. And some 1,500 noes stand against 45 yeses. SSD keeps the three worst noes for each yes and
# drops the others; the focal loss, which was invented for anchors, turns the easy ones down. As
# points, objects need neither sizes nor matching, which is why this lesson went that way.
#
# Another family looks **twice**. R-CNN cut some two thousand promising pieces out of the image and
# ran a net on each. Fast R-CNN ran the net once, over the whole image, and cut the pieces out of
# its map (lesson 07's thought again), each pooled to one size; Faster R-CNN let the map itself
# propose them, by anchors; Mask R-CNN has one more head, which labels the pixels within each box
# (masks are for lesson 14). The second look costs time; what it is for is better boxes.
#
# What points need is a cell for each. **Predict:** of all digits in our scenes, how many share
# their cell with another, at stride 4, and if the map were coarser?

# %%
all_boxes = [DigitDetection("train", 300).sample(0, n)[2] for n in range(50 if FAST else 300)]
shared = {}
for stride in 4, 8, 16, 32:
    crowded = 0
    for boxes in all_boxes:
        at = np.floor((boxes[:, :2] + boxes[:, 2:] / 2) / stride)
        _, counts = np.unique(at, axis=0, return_counts=True)
        crowded += counts[counts > 1].sum()
    shared[stride] = crowded / sum(map(len, all_boxes))
    print(f"stride {stride:>2}: {shared[stride]:>5.1%} of the digits are not alone in their cell")
assert shared[4] < 0.02 < shared[16]

# %% [markdown]
# So small things want a fine map. Large ones want a coarse one, whose pixels have seen enough of
# the image. Photographs have both: a face that fills the picture, and a crowd far behind it.
# Detectors for photographs therefore answer on **several scales**: SSD reads maps of several
# strides on the way down, with larger anchors on the coarser ones; feature pyramids bring each of
# them up again (lesson 08's skips) before they are read. Our digits are all about the same size,
# and one map is enough.
#
# ## 10. Exercises
#
# The focal loss of equations (2) to (4), and the suppression of section 6:
#
#     nn-scratch exercise 18
#     nn-scratch exercise 19
#
# And three to think about:
#
# 1. Two objects of one class have their centres in one cell. How many does the net find at most?
#    Which stride helps, and what does it cost?
# 2. Suppress boxes of *all* classes by each other. When is that better, when worse?
# 3. A detector finds an object twice, with scores 0.9 and 0.8, both times with a perfect box. What
#    is its average precision, if there is no other object? And if there is a second one, found
#    twice with 0.7 and 0.6?
#
# ## Remember
#
# - An object is a point on a coarse map; size and offset are learned at that point alone.
# - Almost every answer is no: turn down what is known already, and start the bias at no.
# - Peaks by a max-pool, doubles by suppression, one number by average precision.
#
# **What is missing?** We know how to find things. How fast is it, and why?
#
# ## Read on
#
# - X. Zhou et al., [Objects as points](https://arxiv.org/abs/1904.07850)
# - T.-Y. Lin et al., [Focal loss for dense object detection](https://arxiv.org/abs/1708.02002),
#   section 4.1: the bias
# - H. Law and J. Deng, [CornerNet](https://arxiv.org/abs/1808.01244): the bells
# - W. Liu et al., [SSD](https://arxiv.org/abs/1512.02325): anchors on several scales; T.-Y. Lin et
#   al., [Feature pyramid networks](https://arxiv.org/abs/1612.03144)
# - J. Redmon et al., [You only look once](https://arxiv.org/abs/1506.02640); N. Carion et al.,
#   [End-to-end object detection with transformers](https://arxiv.org/abs/2005.12872): DETR
# - R. Girshick et al., [Rich feature hierarchies](https://arxiv.org/abs/1311.2524): R-CNN; S. Ren
#   et al., [Faster R-CNN](https://arxiv.org/abs/1506.01497); K. He et al., [Mask
#   R-CNN](https://arxiv.org/abs/1703.06870)
# - T.-Y. Lin et al., [Microsoft COCO](https://arxiv.org/abs/1405.0312)
#
# ← [10 What is it, and where?](10_what_and_where.ipynb)
# · [all lessons](README.md)
# · [12 From seven loops to the speed of a framework](12_from_loops_to_speed.ipynb) →
