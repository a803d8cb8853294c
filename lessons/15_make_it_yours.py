# %% [markdown]
# # 15 · Make it yours
#
# **The question:** you have an idea for a layer. How do you get from the idea to a number that says
# whether it was a good one?
#
# You need: all lessons before, above all 00, 05 and 08. About 40 minutes.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn [05](05_learning.ipynb) [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb)
# [13](13_on_the_gpu.ipynb) · your own [14](14_real_photographs.ipynb) **15** · look inside
# [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import json
import os
from itertools import combinations, product
from pathlib import Path

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation, Loader
    from nn_scratch.graph.cost import cost
    from nn_scratch.layers import (
        BatchNorm2d,
        Conv2d,
        Layer,
        MaxPool2d,
        NearestUnpool2d,
        ReLU,
        Sequential,
    )
    from nn_scratch.plotting import plot_arrays, plot_dots, plot_images, plot_lines
    from nn_scratch.training import Adam, Segmentation, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# Four pixels become one: there are many ways to do that, and every picture below is one of them.

# %% tags=["hide-input"]
scene = DigitSegmentation("test", 10).sample(0, 9)[0][:, 3:37, 10:40]
fours = scene.reshape(17, 2, 15, 2).swapaxes(1, 2).reshape(17, 15, 4)
ways = {
    "the largest": fours.max(axis=-1),
    "the mean": fours.mean(axis=-1),
    "the root of the mean square": np.sqrt((fours**2).mean(axis=-1)),
    "the median": np.median(fours, axis=-1),
    "the first": fours[..., 0],
}
pictures = {"a piece of a scene": scene, **{name: y[None] for name, y in ways.items()}}
plot_images(pictures, columns=3, size=2)

# %% [markdown]
# The largest keeps strokes thick and lets noise in. The mean quiets the noise, and the strokes with
# it. The root of the mean square lies between the two. The median drops what is extreme; the first
# of the four, which a stride of 2 takes, throws three pixels away. Which of them should a net use?
# You can argue about it for an evening. Or you can derive, write, **check**, train, compare, and
# say what it cost. That way is the same for any idea, and here we go it twice: first with an
# activation, which is short, then with pools. (Three of the five will be trained: the largest, the
# root of the mean square, and the stride. The mean and the median will not, only to keep the lesson
# short. The library has an `AvgPool2d`; a median pool would be yours to write.)
#
# ## 1. A leaky ReLU
#
# A ReLU that is closed gets no gradient: a place where $x \le 0$ tells the weights below it
# nothing, and if it is so everywhere and for every image, they never hear from it. The **leaky**
# ReLU (Maas et al. 2013) lets a little through:
#
# $$y = \begin{cases} x & x > 0\\ a\,x & \text{else}\end{cases}, \qquad
#   \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \cdot
#   \begin{cases} 1 & x > 0\\ a & \text{else}\end{cases} \tag{1}$$
#
# Beside it Swish, which has no corner at all and waits for you in section 7:

# %%
xs = np.linspace(-4, 4, 81)
plot_lines(
    {
        "ReLU": np.maximum(xs, 0),
        "leaky, a = 0.1 (for x > 0 like ReLU)": np.where(xs > 0, xs, 0.1 * xs),
        "Swish": xs / (1 + np.exp(-xs)),
    },
    xs,
    xlabel="x",
    ylabel="y",
)

# %% [markdown]
# As a layer, forward beside backward. (The report's three directions: lesson 00, section 7.)


# %%
class LeakyReLU(Layer):
    """x where x > 0, else slope · x."""

    def __init__(self, slope=0.1):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        self.saved = x
        return np.where(x > 0, x, self.slope * x)

    def backward(self, dy):
        return np.where(self.saved > 0, dy, self.slope * dy)


report = check_gradients(LeakyReLU(), np.random.default_rng(0).normal(size=(2, 3, 4, 5)))
assert report.ok
report

# %% [markdown]
# **A trap in NumPy:** which dtype comes out? `self.slope` is a Python number, and those do not
# change the array's type. A NumPy number would: with `np.float64(0.1)` the result is double, and
# the next convolution of a net, whose weights are float32, refuses to go on.

# %%
x32 = np.ones(3, np.float32)
assert LeakyReLU(0.1)(x32).dtype == np.float32
print(
    "slope 0.1:",
    LeakyReLU(0.1)(x32).dtype,
    "  slope np.float64(0.1):",
    LeakyReLU(np.float64(0.1))(x32).dtype,
)
try:
    Sequential(LeakyReLU(np.float64(0.1)), Conv2d(1, 1, 1))(x32.reshape(1, 1, 1, 3))
except TypeError as error:
    print(error)

# %% [markdown]
# What if the slope should be *learned* (He et al. 2015)? Then it is a parameter, and needs a
# gradient of its own. Wherever $x \le 0$, $y$ moves with $a$ by $x$:
#
# $$\frac{\partial L}{\partial a} = \sum_{x \le 0} \frac{\partial L}{\partial y}\, x \tag{2}$$
#
# **Predict** `da` for x = (−2, 3, −1) and dy = (1, 10, 5).


# %%
class LearnedLeak(Layer):
    """The same with one learned slope."""

    def __init__(self, slope=0.1, dtype=np.float32):
        super().__init__()
        self.add_parameter("slope", np.array([slope], dtype))

    def forward(self, x):
        self.saved = x
        return np.where(x > 0, x, self.params["slope"] * x)

    def backward(self, dy):
        x = self.saved
        closed = x <= 0
        self.add_grads(slope=np.array([(dy * x * closed).sum()]))
        return np.where(closed, self.params["slope"] * dy, dy)


layer = LearnedLeak()
layer(np.array([-2.0, 3, -1]))
layer.backward(np.array([1.0, 10, 5]))
assert layer.grads["slope"] == 1 * -2 + 5 * -1  # where x is negative
report = check_gradients(LearnedLeak(), np.random.default_rng(0).normal(size=(2, 3, 4, 5)))
assert report.ok
report

# %% [markdown]
# ## 2. A pooling of your own
#
# Max-pooling listens to one pixel of the window, average pooling to all alike. Something in
# between: the **root of the mean square**, in which large values count more:
#
# $$y = \sqrt{\tfrac14 \textstyle\sum_i x_i^2 + \varepsilon}, \qquad
#   \frac{\partial y}{\partial x_i} = \frac{x_i}{4\,y} \tag{3}$$
#
# It is average pooling with a square before and a root after it. So it can be built from `ops`, and
# its backward pass is the chain rule, link by link, from the end.


# %%
class RootMeanSquarePool2d(Layer):
    """√(mean of x² over windows of 2×2 + ε)."""

    EPSILON = 1e-6  # the root's slope at 0 is infinite

    def forward(self, x):
        y = np.sqrt(ops.avg_pool2d(x * x, 2) + self.EPSILON)
        self.saved = x, y
        return y

    def backward(self, dy):
        x, y = self.saved
        dmean = dy / (2 * y)  # of the root
        dsquares = ops.avg_pool2d_backward(dmean, x.shape[2:], 2)  # of the mean
        return dsquares * 2 * x  # of the square


window = np.array([[3.0, 0], [0, 4]])
pool = RootMeanSquarePool2d()
y = pool(window[None, None])
dx = pool.backward(np.ones((1, 1, 1, 1)))
assert np.isclose(y.item(), 2.5, atol=1e-4) and np.allclose(dx[0, 0], window / (4 * 2.5), atol=1e-4)
report = check_gradients(RootMeanSquarePool2d(), np.random.default_rng(0).normal(size=(2, 3, 6, 5)))
assert report.ok
report

# %% [markdown]
# What a pool is, its gradient shows best: to whom does it listen, and how much? **Predict** the
# four arrays, for four of the ways of the first picture, one window and `dy` = 1.

# %%
window = np.array([[3.0, 1], [2, 4]])
listens = {"x": window, "the largest": 1.0 * (window == 4), "the mean": np.full((2, 2), 0.25)}
listens["root mean square"] = window / (4 * np.sqrt((window**2).mean()))
listens["the first"] = np.array([[1.0, 0], [0, 0]])
pool(window[None, None])
by_layer = pool.backward(np.ones((1, 1, 1, 1)))[0, 0]
assert np.allclose(by_layer, listens["root mean square"], atol=1e-4)
plot_arrays({what: array.round(2) for what, array in listens.items()}, shared=False)

# %% [markdown]
# ## 3. Break it on purpose
#
# Forget one link, the factor 2 of the square, and look at what the check says. Of the 180 numbers
# of $x$ 36 lie in the last column, which no window covers (5 is odd): their gradient is 0, right or
# wrong. **Predict:** by which factor are the other 144 off?


# %%
class Forgetful(RootMeanSquarePool2d):
    def backward(self, dy):
        x, y = self.saved
        return ops.avg_pool2d_backward(dy / (2 * y), x.shape[2:], 2) * x


report = check_gradients(Forgetful(), np.random.default_rng(0).normal(size=(2, 3, 6, 5)))
assert not report.ok
report

# %%
x = np.random.default_rng(0).normal(size=(2, 3, 6, 5))
gradients = []
for pool in (RootMeanSquarePool2d(), Forgetful()):
    y = pool(x)
    gradients.append(pool.backward(np.ones_like(y)))
right, wrong = gradients
ratio = np.unique((wrong[..., :4] / right[..., :4]).round(9))
print("wrong / right:", ratio, "  in the last column:", abs(wrong[..., 4]).max())
assert np.allclose(wrong, right / 2) and not right[..., 4].any()
plot_arrays({"right": right[0, 0].round(2) + 0.0, "forgetful": wrong[0, 0].round(2) + 0.0})

# %% [markdown]
# The same pattern, paler: every number is off by the same factor. That is what a missing constant
# looks like.
#
# ## 4. A strided encoder
#
# Who needs pools at all? A convolution with stride 2 also halves the image, and learns how
# (Springenberg et al. 2015). **Predict:** a pool after a 5×5 convolution, or a 5×5 convolution with
# stride 2: which costs more multiplications, and how many times?


# %%
def net_with(kind, activation=ReLU, width=16, seed=0):
    """Down twice, by `kind`, and up twice by nearest unpooling: otherwise always the same."""
    rng = np.random.default_rng(seed)

    def stage(c_in, c_out):
        if kind == "stride":
            conv = Conv2d(c_in, c_out, 5, stride=2, padding=2, rng=rng)
            return conv, BatchNorm2d(c_out), activation()
        pool = {"max": lambda: MaxPool2d(2), "root mean square": RootMeanSquarePool2d}[kind]
        conv = Conv2d(c_in, c_out, 5, padding=2, rng=rng)
        return conv, BatchNorm2d(c_out), activation(), pool()

    def up(c_in, c_out):
        conv = Conv2d(c_in, c_out, 5, padding=2, rng=rng)
        return conv, BatchNorm2d(c_out), activation(), NearestUnpool2d(2)

    return Sequential(
        *stage(1, width),
        *stage(width, 2 * width),
        *up(2 * width, width),
        *up(width, width),
        Conv2d(width, 2, 3, padding=1, rng=rng),
    )


image = np.zeros((1, 1, 40, 40), np.float32)
for kind in ("max", "stride"):
    rows = cost(net_with(kind), image)
    convolutions = [row for row in rows if row.layer == "Conv2d"]
    print(
        f"{kind:<8}first convolution {convolutions[0].macs:>9,} products, "
        f"whole net {rows[-1].macs:>11,}, kept {rows[-1].kept / 1e3:>6.0f} kB"
    )
    if kind == "max":
        first = convolutions[0].macs
assert first == 4 * convolutions[0].macs
print("the first convolution with stride 2 has a quarter of the places: 4 times fewer products")

# %% [markdown]
# ## 5. Train and compare, fairly
#
# Same scenes in the same order, same number of steps; only one thing differs. But chance plays
# along, in the first weights. So each is trained from several **seeds**. Nets of the same seed
# begin with the very same weights, whatever their pool, and may share their luck. So compare them
# **seed by seed**. Here are two seeds; **predict:** will the same net be last for both?
#
# To be done in a minute, the task is an easier one: ink or background, two classes. A data set is
# anything with a length and `sample(epoch, index)`, so one is quickly written:


# %%
class Ink:
    """Digit scenes, labelled 1 where there is ink."""

    def __init__(self, scenes):
        self.scenes = scenes

    def __len__(self):
        return len(self.scenes)

    def sample(self, epoch, index):
        image, labels = self.scenes.sample(epoch, index)
        return image, (labels > 0).astype(np.int64)


# %%
count, epochs = (48, 1) if FAST else (600, 3)
train = Loader(Ink(DigitSegmentation("train", count)), 16, shuffle=True)
test = Loader(Ink(DigitSegmentation("test", 48 if FAST else 200)), 50)
subjects = {
    "max pool, ReLU": ("max", ReLU),
    "max pool, leaky": ("max", LeakyReLU),
    "root mean square": ("root mean square", ReLU),
    "strided": ("stride", ReLU),
}
first = next(iter(subjects))


def train_one(name, seed, rate=0.01):
    """One of the four, trained, and its mIoU on the test scenes."""
    net = net_with(*subjects[name], width=8, seed=seed)
    schedule, task = one_cycle(rate, epochs * len(train)), Segmentation(2)
    fit(net, task, train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
    return net, evaluate(net, task, test)["mean_iou"]


seeds = (0,) if FAST else (0, 1)
reached, trained = {}, {}
print(f"{'':<20}{'mIoU of each seed':<20}ahead of the first row, seed by seed")
for name in subjects:
    results = [train_one(name, seed) for seed in seeds]
    trained[name] = results[-1][0]
    reached[name] = [miou for _, miou in results]
    shown = "  ".join(f"{score:.3f}" for score in reached[name])
    ahead = np.subtract(reached[name], reached[first])
    pairs = "  ".join(f"{one:+.3f}" for one in ahead) if name != first else ""
    print(f"{name:<20}{shown:<20}{pairs}")
assert FAST or {min(reached, key=lambda name: reached[name][seed]) for seed in seeds} == {first}

# %% [markdown]
# For both seeds the max pool with ReLU is last. What is that worth? Were all four equally good, the
# same one would be last both times in one case of four, by chance alone. That is a hint. So train
# each from ten seeds. It takes five minutes, and has been done:

# %%
if os.environ.get("NN_SCRATCH_MEASURE") == "1":
    every = {
        rate: {name: [train_one(name, seed, rate)[1] for seed in range(10)] for name in subjects}
        for rate in (0.01, 0.04)
    }
    Path("four_nets.json").write_text(json.dumps(every, indent=1) + "\n")
by_rate = {
    rate: {name: np.array(scores) for name, scores in nets.items()}
    for rate, nets in json.loads(Path("four_nets.json").read_text()).items()
}
measured = by_rate["0.01"]
ahead = {name: scores - measured[first] for name, scores in measured.items()}
left, right = "mIoU of ten seeds", "ahead, seed by seed"
plot_dots(
    list(measured),
    {left: list(measured.values()), right: [[np.nan], *list(ahead.values())[1:]]},
    marks={right: 0},
)

# %% [markdown]
# On the left the four rows lie over one another: which seed it was matters more than which net. On
# the right the same numbers, but from each the first row's of the same seed is taken away. Now
# there is something to be seen.
#
# Could it still be chance? Were two nets equally good, each of the differences could as well have
# had the other sign. If there were three, +1, +2 and +3, there would be eight ways to choose the
# signs, and only +++ and −−− have a mean as far from 0 as the true one: two of eight, so three
# differences prove nothing. For our ten there are $2^{10} = 1{,}024$ ways. **Predict:** how many of
# them have a mean as far from 0?


# %%
def as_far_from_zero(differences):
    """In how many choices of their signs the mean of differences is as far from 0."""
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    return int((abs(signs @ differences) > abs(differences.sum()) - 1e-9).sum())


chance = {}
for better, worse in combinations(reversed(measured), 2):
    gain = measured[better] - measured[worse]
    chance[better, worse] = as_far_from_zero(gain)
    print(
        f"{better + ' − ' + worse:<36}{gain.mean():>+7.4f}, ahead in {(gain > 0).sum():>2} of 10;"
        f"{chance[better, worse]:>4} of 1,024"
    )
fresh = {name: as_far_from_zero(gain[2:]) for name, gain in ahead.items() if name != first}
print("of 256, ahead of the max pool with ReLU, without the seeds 0 and 1:", *fresh.values())
assert all((ways < 10) == (worse == first) for (_, worse), ways in chance.items())
assert list(fresh.values()) == [2, 2, 8]
assert max(gain.mean() for gain in ahead.values()) < 0.01

# %% [markdown]
# The max pool with ReLU is behind all three others, and chance makes that in less than one case of
# a hundred. But the seeds 0 and 1 gave us the hint, and must not be witnesses for it. The eight
# fresh ones say the same with less force: 2 of 256 is one case of a hundred, 8, for the stride,
# three. (Who asks several questions of the same seeds meets 3 % more often than that.) We may
# believe it. Which of the other three is best, ten seeds do not show. And to be believed is not to
# be large: all gains are less than a hundredth. (Why is the stride believed, which was ahead in
# eight seeds only? Exercise 4.)
#
# One thing we have not asked. *Only one thing differs*, but is the rate, 0.01, a good one, and for
# all alike? **Predict:** what does four times the rate do to the four? And to their order?

# %%
rows = {
    f"{name}, {rate}": (scores, f"rate {rate}")
    for rate, nets in by_rate.items()
    for name, scores in nets.items()
}
values, groups = zip(*rows.values(), strict=True)
plot_dots(list(rows), {left: values}, groups=groups)

# %%
faster = by_rate["0.04"]
for name, scores in faster.items():
    gain, lead = scores - measured[name], scores - faster[first]
    line = f"{name:<18}{gain.mean():>+7.3f} by the rate, better in {(gain > 0).sum()} of 10 seeds"
    print(line + ("" if name == first else f"; {lead.mean():+.3f} ahead, in {(lead > 0).sum()}"))
    assert gain.min() > 0 and gain.mean() > 0.017 > 1.5 * abs(lead.mean())
    assert name == first or as_far_from_zero(lead) < 10

# %% [markdown]
# The rate gives every net nearly two hundredths, with every seed: more than any layer gave. We had
# compared four nets that all learned too slowly. The max pool with ReLU is last at both rates; the
# order of the other three is not the same. So before you look for a better layer, look for a better
# rate, and for each layer its own. (That we have not done: 0.04 may still be too low, or not for
# all alike.)
#
# And what do the four say of one scene, the first of the test?

# %%
scene, ink = test.dataset.sample(0, 0)
plot_images(
    {"the scene": scene, "truth": ink}
    | {name: net.eval()(scene[None])[0].argmax(axis=0) for name, net in trained.items()},
    columns=3,
    size=1.8,
    class_names=["background", "ink"],
)

# %% [markdown]
# The eye sees no winner: differences of a hundredth are found by counting, not by looking. And each
# net was trained for a few seconds: the numbers say how well they *start to learn*, not where they
# end.
#
# ## 6. What did it cost?
#
# Where results cannot be told apart, the cheapest wins. Products are one price. Memory is another:
# what a layer keeps for its backward pass. **Predict** who keeps least. (The max pool keeps
# switches. The root of the mean square keeps $x$ and $y$, but so do its neighbours, the ReLU before
# and the convolution after it, and the same array counts once.)

# %%
priced = {name: cost(net_with(*subject, width=8), image)[-1] for name, subject in subjects.items()}
plot_dots(
    list(subjects),
    {
        "mIoU, ten seeds, rate 0.04": list(faster.values()),
        "million products": [[one.macs / 1e6] for one in priced.values()],
        "kB kept": [[one.kept / 1e3] for one in priced.values()],
    },
)

# %%
pooled, strided = priced["max pool, ReLU"], priced["strided"]
print(
    f"strided: {strided.macs / pooled.macs:.0%} of the products, "
    f"{strided.kept / pooled.kept:.0%} of the memory"
)
assert strided.macs < 0.6 * pooled.macs and strided.kept < 0.5 * pooled.kept

# %% [markdown]
# That is an answer: on this task the stride is a little ahead of the max pool with the same
# activation, at both rates, for about half of both prices. It keeps nothing of its own, and all
# that follows is smaller. (It is no answer for SegNet, which needs the pools' switches to find its
# way back up.)
#
# And time is a third. A layer made of several NumPy calls passes over memory once for each (lesson
# 12). To see products, bytes and milliseconds of the library's own:
#
#     nn-scratch info segmentation --net segnet
#     python benchmarks/cpu.py

# %% [markdown]
# ## 7. Yours
#
# The file you write needs a class or a pair of functions, and `example()`, which says what to check
# it on:
#
# ```python
# import numpy as np
# from nn_scratch.layers import Layer
#
# class Swish(Layer):
#     """x · sigmoid(x)"""
#
#     def forward(self, x):
#         self.saved = x
#         return x / (1 + np.exp(-x))
#
#     def backward(self, dy):
#         x = self.saved
#         s = 1 / (1 + np.exp(-x))
#         return dy * s  # one term is missing here
#
# def example():
#     return (np.random.default_rng(0).normal(size=(2, 3, 4, 5)),)
# ```
#
#     nn-scratch check my_layer.py:Swish
#
# The check says WRONG, and by how much. What it measures can be drawn: the slope of Swish by finite
# differences, and what this `backward` gives for `dy` = 1. The gap between the lines is the term
# that is missing. **Predict** from the picture: at which $x$ is that term zero, and what sign has
# it on either side?


# %%
def swish(x):
    return x / (1 + np.exp(-x))


xs, h = np.linspace(-6, 6, 61), 1e-4
plot_lines(
    {
        "finite differences": (swish(xs + h) - swish(xs - h)) / (2 * h),
        "the backward pass above": 1 / (1 + np.exp(-xs)),
    },
    xs,
    xlabel="x",
    ylabel="slope of Swish",
)

# %% [markdown]
# It is zero at $x = 0$ and far out on both sides, and it has the sign of $x$. One of its factors is
# the slope of the sigmoid, $\sigma' = \sigma(1 - \sigma)$, which lesson 11 calls $pq$.
#
# ## 8. Exercises
#
# 1. Find the missing term of `Swish` above, and check it.
# 2. A pool that *adds* its four pixels' maximum and minimum. Which switches does it need? Write it
#    with `ops.max_pool2d` alone. (The minimum of $x$ is the maximum of what?)
# 3. Give the strided encoder skip connections as in `nn_scratch/nets/down_up.py`, and compare over
#    three seeds, seed by seed.
# 4. The stride was ahead in eight seeds of ten. If you only count, each seed is the toss of a coin:
#    in how many of the 1,024 outcomes is it as lopsided as that? Why did the signs say so much
#    less? (Look at the dots.)
#
# ## Remember
#
# - Derive, write, check; only then train. A wrong gradient often still learns (two of lesson 16
#   come close).
# - Change one thing at a time, and compare seed by seed: in how many is one ahead, and by how much?
#   Two of two is a hint, and a hint is tested on new seeds.
# - Tune the rate before you change a layer.
# - Say the price beside the result: products, memory, milliseconds.
#
# ## Read on
#
# - A. L. Maas et al., [Rectifier nonlinearities improve neural network acoustic
#   models](https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf): the leaky ReLU
# - K. He et al., [Delving deep into rectifiers](https://arxiv.org/abs/1502.01852): the learned
#   slope
# - P. Ramachandran et al., [Searching for activation functions](https://arxiv.org/abs/1710.05941):
#   Swish
# - J. T. Springenberg et al., [Striving for simplicity](https://arxiv.org/abs/1412.6806): strides
#   for pools
#
# ← [14 Real photographs](14_real_photographs.ipynb)
# · [all lessons](README.md)
# · [16 Looking inside](16_looking_inside.ipynb) →
