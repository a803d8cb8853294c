# %% [markdown]
# # 06 · A loss for every pixel
#
# **The question:** a network gives eleven numbers for each pixel. How do they become one number
# that says how wrong it is, and which measure tells you whether the result is any good?
#
# You need: lessons 00 and 05. About 35 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) **06** · label every pixel [07](07_one_class_per_pixel.ipynb)
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
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.evaluation.segmentation import (
        confusion_matrix,
        global_accuracy,
        mean_iou,
        median_frequency_weights,
    )
    from nn_scratch.exercises import check_exercise
    from nn_scratch.nets import SegNet, pretrained
    from nn_scratch.plotting import plot_arrays, plot_counts, plot_images, plot_lines, plot_scores
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# What a trained net says of one image, a 7 over a 5: eleven probabilities for every pixel. Here are
# four of the eleven maps, black for 0 and white for 1; the others are dark everywhere. Where the
# net is sure, a pixel is white in one map; where it hesitates, it is grey in two or more. What does
# it say of the framed pixel, where the foot of the 7 meets the bar of the 5? (Above each map stands
# the probability there.)

# %%
names = ("background", *"0123456789")
scene, truth = DigitSegmentation("test", 16).sample(0, 11)
net_scores = pretrained("digits-segmentation")(scene[None])  # (1, 11, 40, 40)
probabilities = ops.softmax(net_scores)[0]
shown, (row, column) = ("background", "3", "5", "7"), (23, 8)
assert max(p.max() for p, name in zip(probabilities, names, strict=True) if name not in shown) < 0.4
there = {name: probabilities[names.index(name), row, column] for name in shown}
maps = {f"{name}? {p:.2f}": probabilities[names.index(name)][None] for name, p in there.items()}
figure = plot_images({"image": scene, **maps}, size=2)
for axis in figure.axes:
    axis.plot(column, row, "s", ms=9, mfc="none", mec="#e69f00", mew=2)
figure

# %% [markdown]
# ## 1. From scores to probabilities
#
# **Semantic segmentation** gives every pixel a class. The network's last layer gives $K$ **scores**
# $z_1, \dots, z_K$ for each pixel, one for each class, any numbers at all. **Softmax** makes
# probabilities $p_k$ of them, positive and with sum 1. The exponential is positive whatever the
# score, and keeps their order; a score that is larger by 1 makes its class $e \approx 2.7$ times as
# probable beside any other.
#
# Section 2 chooses a loss $L$ of these probabilities. Whichever it is, softmax gets from it the
# gradient $g_k$ in each $p_k$, and gives back the gradient in each score:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
#   \frac{\partial L}{\partial z_k} = p_k \Bigl(g_k - \sum_j g_j\, p_j\Bigr)
#   \quad\text{with } g_k = \frac{\partial L}{\partial p_k} \tag{1}$$
#
# Each score moves *all* probabilities, since they share their denominator $S$. With $[j = k]$ for 1
# if $j$ and $k$ are equal and 0 if not, the quotient rule gives
#
# $$\frac{\partial p_j}{\partial z_k} = \frac{[j = k]\,e^{z_j} S - e^{z_j} e^{z_k}}{S^2}
#   = p_j\,\bigl([j = k] - p_k\bigr)$$
#
# Multiply by $g_j$, sum over $j$, and equation (1) stands there.
#
# **Predict:** three scores 2, 1, 0. What changes if you add 100 to each of them?

# %%
scores = np.array([[2.0, 1, 0]])
assert np.allclose(ops.softmax(scores), ops.softmax(scores + 100))
plot_arrays(
    {
        "scores": scores,
        "p": ops.softmax(scores).round(2),
        "p, scores + 100": ops.softmax(scores + 100).round(2),
    }
)

# %% [markdown]
# Nothing: $e^{100}$ stands above and below, and cancels. That is more than a curiosity. In float32
# $e^{89}$ is already infinite, and infinity divided by infinity is not a number. So softmax
# subtracts the largest score first; then the largest power is $e^0 = 1$.

# %%
large = np.array([[1000.0, 0, -1000]], np.float32)
with np.errstate(over="ignore", invalid="ignore"):
    careless = np.exp(large) / np.exp(large).sum()
print("careless:", careless[0], "  the largest subtracted first:", ops.softmax(large)[0])
assert np.isnan(careless).any() and np.array_equal(ops.softmax(large)[0], [1, 0, 0])

# %% [markdown]
# ## 2. Cross-entropy
#
# The **cross-entropy** of a pixel is the negative logarithm of the probability $p_t$ that its
# *true* class $t$ got (log is always the natural one, ln). It costs nothing to be sure and right,
# little to be nearly right, and there is no limit to the price of being sure and wrong:

# %%
p = np.linspace(0.005, 1, 200)
plot_lines(
    {"loss": -np.log(p)},
    p,
    xlabel="probability of the true class",
    ylabel="−log p",
    marks={"log 11: all eleven classes alike": np.log(11)},
)

# %% [markdown]
# Why the logarithm? How probable does the net make the labels of *all* pixels? Taken as
# independent, their probabilities are multiplied, and a product of thousands of numbers below 1 is
# soon smaller than any that a computer can hold. Its logarithm is a sum, and with a minus it
# becomes something to make small. So to minimize cross-entropy is to look for the weights under
# which the true labels are most likely (**maximum likelihood**). The name is information theory's:
# $-\log p$ is the surprise at something that had probability $p$, and cross-entropy is the mean
# surprise of someone who believes $p$ while the truth decides what happens.

# %% [markdown]
# Over $N$ pixels the loss is averaged. A weight $w_t$ for each class, all 1 for now, says how much
# a pixel of that class counts:
#
# $$L = \frac{\sum_n w_{t_n} \bigl(-\log p_{n t_n}\bigr)}{\sum_n w_{t_n}} \tag{2}$$
#
# For one pixel of weight 1, the gradient in the probabilities is $g_k = -1/p_t$ for $k = t$ and 0
# for all others. Put that into equation (1): the sum is $g_t\,p_t = -1$, and almost everything
# cancels. Every other class gets $p_k\,(0 + 1) = p_k$, the true one $p_t\,(-1/p_t + 1) = p_t - 1$.
# Probability minus truth:
#
# $$\frac{\partial L}{\partial z_{nk}} = \frac{w_{t_n}}{\sum_m w_{t_m}}
#   \bigl(p_{nk} - [k = t_n]\bigr) \tag{3}$$
#
# Back to the framed pixel of the first picture, from its scores to its gradient; the true class is
# hatched. **Predict** before you look at the right-hand bars: which of them point left?

# %%
said = net_scores[0, :, row, column].argmax()
assert (names[said], names[truth[row, column]]) == ("7", "5")
plot_scores(net_scores[0, :, row, column], truth[row, column], names)

# %% [markdown]
# The net would say 7 here, though the pixel is ink of the 5. Only the bar of the true class points
# left. Descent goes *against* the gradient: it lifts the score of the 5 in proportion to what its
# probability lacks, and lowers each other score in proportion to what was wrongly given to it.
# Where the net is sure and right, all bars on the right are nearly 0, and nothing is pushed.
#
# Let this pixel learn by itself, with nothing but equation (3): its eleven scores are moved against
# their gradient, with a learning rate of 0.2. **Predict:** does the step get longer or shorter as
# the 5 gets ahead?

# %%
z, onehot = net_scores[0, :, row, column].copy(), np.eye(11)[names.index("5")]
seen, lengths = [], []
for _ in range(25):
    p = ops.softmax(z[None])[0]
    seen.append(p)
    z -= 0.2 * (p - onehot)
    lengths.append(np.linalg.norm(0.2 * (p - onehot)))
print(f"length of the first step {lengths[0]:.3f}, of the last {lengths[-1]:.3f}")
assert np.all(np.diff(lengths) < 0) and seen[3][4] > seen[0][4]  # the 3 is class 4
shown = {name: [p[names.index(name)] for p in seen] for name in ("5", "7", "3")}
plot_lines(shown, range(25), xlabel="step", ylabel="probability")

# %% [markdown]
# Shorter: it is long while the pixel is wrong and shrinks as it comes right. What the 5 gains, the
# others lose together, since probabilities sum to 1. The 3 even rises a little at first, though its
# score falls: the 7 loses faster. In a net the scores of one pixel cannot move alone, since the
# same weights make those of all pixels; but this is what each pixel asks for.
#
# In code, do not take the logarithm of a probability: that of a hopeless class may be rounded to 0.
# With the largest score $M$, $-\log p_t = \log \sum_j e^{z_j - M} - (z_t - M)$, which never
# overflows.
#
# **Predict:** two classes, one pixel, both scores 0, and the second class, framed, is the true one.
# What are $L$ and the gradient?

# %%
scores, label = np.zeros((1, 2, 1, 1)), np.array([[[1]]])
loss, ds = ops.cross_entropy(scores, label), ops.cross_entropy_backward(scores, label)
assert np.isclose(loss, np.log(2)) and np.allclose(ds.ravel(), [0.5, -0.5])
print(f"loss {loss:.4f} = log 2")
pixel = {"scores": scores.ravel(), "p": ops.softmax(scores).ravel(), "ds": ds.ravel()}
plot_arrays(pixel, marks={what: (0, 1, 1, 1) for what in pixel})

# %% [markdown]
# The score of the true class is pushed up, the other one down, and the two pushes cancel. Equal
# scores for all $K$ classes cost $\log K$, for our eleven $\log 11 = 2.40$. What does a net cost
# that has learned nothing yet? Its scores are random, and random is not equal. Here is the net of
# the beginning (SegNet, lesson 09) before its first step, with three draws of its weights:

# %%
pairs = [DigitSegmentation("train", 16).sample(0, index) for index in range(16)]
images, batch_labels = (np.stack(part) for part in zip(*pairs, strict=True))  # (16, 40, 40)
untrained = [SegNet(1, 11, rng=seed)(images) for seed in range(3)]
first = [float(ops.cross_entropy(one, batch_labels)) for one in untrained]
print("first loss of three untrained nets:", ", ".join(f"{loss:.2f}" for loss in first))
sure = np.mean([ops.softmax(one).max(axis=1) for one in untrained])
hits = np.mean([one.argmax(axis=1) == batch_labels for one in untrained])
print(f"mean of the largest probability {sure:.2f}, right at {hits:.0%} of the pixels")
assert np.log(11) < min(first) and max(first) < 4

# %% [markdown]
# Somewhat more than $\log 11$: it is a little sure of itself, and mostly wrong. Other nets begin
# elsewhere near it. If a training starts at 10 or 50, look for the reason before you let it run.
#
# ## 3. For every pixel
#
# For an image nothing is new but the axes: classes are always axis 1. Scores are `(N, K, H, W)`,
# labels `(N, H, W)`, and the mean in equation (2) runs over all pixels of all images. **Predict**
# where the loss of the trained net is, in the scene of the beginning.

# %%
of_truth = np.take_along_axis(probabilities, truth[None], axis=0)[0]  # (H, W)
loss_map = -np.log(of_truth)
assert np.isclose(ops.cross_entropy(net_scores, truth[None]), loss_map.mean())
drawn = {"image": scene, "label map": truth, "loss: white is 1 or more": loss_map.clip(0, 1)}
plot_images(drawn, size=2.4, class_names=names)

# %%
rng = np.random.default_rng(0)
small_scores, small_labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5))
report = check_gradients(
    (ops.cross_entropy, ops.cross_entropy_backward), small_scores, small_labels
)
assert report.ok
report

# %% [markdown]
# ## 4. When one class is everywhere
#
# In the picture above the loss glows where the digits meet, and here and there along their edges.
# Elsewhere the net is sure. How much of the loss sits on ink? And how much ink is there, in this
# scene and in all?

# %%
ink = truth > 0
of_loss = loss_map[ink].sum() / loss_map.sum()
print(f"ink: {ink.mean():.0%} of the pixels of this scene, {of_loss:.0%} of its loss")
assert of_loss > 4 * ink.mean()
scenes = DigitSegmentation("train", 200)
maps = np.stack([scenes.sample(0, index)[1] for index in range(200)])
shares = np.bincount(maps.ravel(), minlength=11) / maps.size
print(
    f"all scenes: background {shares[0]:.1%}; "
    f"each digit {shares[1:].min():.1%} to {shares[1:].max():.1%}"
)

# %% [markdown]
# Nearly all of the loss comes from a few pixels; the rest is background, and easy. So a net that
# always says "background" is right at most pixels, and **global accuracy**, the share of right
# pixels, says little. **Intersection over union** (IoU) asks for each class: of all pixels
# that are of this class *or were said to be*, how many are both?
#
# $$\text{IoU}_k = \frac{|\text{true } k \cap \text{said } k|}
#   {|\text{true } k \cup \text{said } k|}, \qquad
#   \text{mIoU} = \text{mean over the classes } k \text{ that occur} \tag{4}$$
#
# The pixels are counted over all images together, and only then divided. A class *occurs* if it is
# the truth of some pixel, or was said of one. Any other, 0/0, is left out of the mean.
#
# By hand on twelve pixels: count where both say 1, and where at least one does.

# %%
true = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
said = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
both, either = ((true == 1) & (said == 1)).sum(), ((true == 1) | (said == 1)).sum()
print(f"IoU of class 1: {both} / {either} = {both / either}")
assert (both, either) == (3, 5)
plot_arrays({"true": true, "said": said, "both": true & said, "at least one": true | said})

# %% [markdown]
# The functions count from a **confusion matrix**: how many pixels of each true class (row) were
# given each class (column, *predicted*). What is right stands on its diagonal. The IoU of class 1
# is its number there, divided by all that stands in its row or its column:

# %%
twelve = confusion_matrix(true[None], said[None], 2)
in_row_or_column = twelve[1].sum() + twelve[:, 1].sum() - twelve[1, 1]
assert (twelve[1, 1], in_row_or_column) == (both, either)
plot_counts(twelve, ("class 0", "class 1"))

# %% [markdown]
# Seven pixels of class 0, the background, are right, and one was taken for class 1. Of class 1
# three are right and one was missed: 3 / (1 + 1 + 3).
#
# **Predict** both measures for the net that always says background, on all 200 scenes.

# %%
nothing = confusion_matrix(maps, np.zeros_like(maps), 11)
print(f"global accuracy {global_accuracy(nothing):.2f}   mIoU {mean_iou(nothing):.2f}")
assert global_accuracy(nothing) == shares[0]
assert np.isclose(mean_iou(nothing), shares[0] / 11)  # all eleven occur, ten have IoU 0

# %% [markdown]
# Now three wrong answers for the first of these scenes: nothing at all; both digits one pixel too
# thick; the 7 called a 1. **Predict:** in which order does each measure put them?

# %% tags=["hide-input"]
labels = maps[0]
wider = np.pad(labels, 1)
around = (wider[:-2, 1:-1], wider[2:, 1:-1], wider[1:-1, :-2], wider[1:-1, 2:])
thick = np.where(labels > 0, labels, np.max(around, axis=0))
answers = {
    "nothing": np.zeros_like(labels),
    "too thick": thick,
    "the 7 called 1": np.where(labels == names.index("7"), names.index("1"), labels),
}
right, miou = {}, {}
for what, answer in answers.items():
    counts = confusion_matrix(labels[None], answer[None], 11)
    right[what], miou[what] = global_accuracy(counts), mean_iou(counts)
    print(f"{what:<16}accuracy {right[what]:.2f}   mIoU {miou[what]:.2f}")
assert max(right, key=right.get) == "the 7 called 1" and max(miou, key=miou.get) == "too thick"
assert np.isclose(miou["nothing"], right["nothing"] / 3) and round(right["nothing"], 2) == 0.84
assert miou["the 7 called 1"] == 2 / 4
plot_images({"truth": labels, **answers}, size=2.2, class_names=names)

# %% [markdown]
# By accuracy, a wrong name for the 7 is better than both digits a little too thick, and even the
# empty answer looks respectable. mIoU puts the thick digits first, the wrong digit behind them, and
# finds the empty answer poor. By equation (4), three classes occur there: the background, with an
# IoU of 0.84, the 6 and the 7, both missed. That makes 0.84/3. With the 7 called a 1 there are four
# classes: 1 for the background and for the 6, 0 for the 7 that was missed and for the 1 that was
# invented. That makes 2/4. Each class that occurs counts alike, however few its pixels.
#
# From here on we report mIoU wherever pixels are labelled. In training, the weights of equation (2)
# let rare classes count for more. **Median frequency balancing** (Eigen & Fergus 2015) measures how
# frequent a class is *where it occurs at all*: its pixels, divided by all pixels of those images
# that contain it. The weight is the median of these frequencies divided by the class's own.

# %%
frequency = np.array(
    [(maps == k).sum() / maps[(maps == k).any(axis=(1, 2))].size for k in range(11)]
)
by_hand = np.median(frequency) / frequency
weights = median_frequency_weights(iter(maps), 11)
assert np.allclose(by_hand, weights)
print(
    f"a digit fills {frequency[1:].mean():.1%} of the scenes it occurs in, "
    f"the background {frequency[0]:.1%}"
)
print("weight of the background", weights[0].round(2), "  of the digits", weights[1:].round(2))
of_pixel = -np.log(np.take_along_axis(ops.softmax(untrained[0]), batch_labels[:, None], axis=1))[
    :, 0
]
for what, loss in (("1", of_pixel), ("these", of_pixel * weights[batch_labels])):
    share = loss[batch_labels > 0].sum() / loss.sum()
    print(f"share of ink in an untrained net's loss, with weights {what}: {share:.0%}")

# %% [markdown]
# The weights turn the loss from background to ink. Their price: ink invented on the background now
# costs little. Lesson 08 has an exercise with them.

# %% [markdown]
# ## 5. Break it on purpose
#
# A gradient without the division in equation (3). It points the right way, and is as many times too
# large as there are pixels; Adam would not even notice (lesson 05). The checker does:


# %%
def cross_entropy_backward(scores, labels, **options):
    """Wrong: sums over the pixels where the loss takes the mean."""
    p = ops.softmax(scores)
    onehot = np.moveaxis(np.eye(scores.shape[1])[labels], -1, 1)  # 1 for the true class, else 0
    return p - onehot


report = check_exercise("cross_entropy_backward", cross_entropy_backward)
assert not report.ok
report

# %% [markdown]
# ## 6. Exercises
#
# Softmax from equation (1), cross-entropy from (2) and (3) with all weights 1. Mind large scores.
# Classes are always axis 1, in scores `(N, K)` of whole images and in `(N, K, H, W)` of pixels.
#
#     nn-scratch exercise 11
#     nn-scratch exercise 12
#
# ## Remember
#
# - Softmax makes probabilities of scores; subtract the largest score first.
# - The gradient of softmax and cross-entropy together is probability minus truth, divided by the
#   number of pixels (with weights, as in equation (3)).
# - Where one class fills the image, accuracy flatters. Look at mIoU.
#
# **What is missing?** You can say how wrong a label map is. Lesson 07 makes the first one.
#
# ## Read on
#
# - D. Eigen and R. Fergus, [Predicting depth, surface normals and semantic
#   labels](https://arxiv.org/abs/1411.4734), section 6.3.2: median frequency balancing
# - T.-Y. Lin et al., [Focal loss for dense object detection](https://arxiv.org/abs/1708.02002):
#   another answer to rare classes
#
# ← [05 Learning](05_learning.ipynb)
# · [all lessons](README.md)
# · [07 One class for each pixel](07_one_class_per_pixel.ipynb) →
