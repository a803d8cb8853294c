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
import os

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
scene = DigitSegmentation("test", 4).sample(0, 3)[0][:, 12:38, 4:34]
fours = scene.reshape(13, 2, 15, 2).swapaxes(1, 2).reshape(13, 15, 4)
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
# A ReLU that is closed gets no gradient: where $x \le 0$, no step of the optimizer can tell it that
# it would be better open. The **leaky** ReLU (Maas et al. 2013) lets a little through:
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
        "leaky, a = 0.1": np.where(xs > 0, xs, 0.1 * xs),
        "Swish": xs / (1 + np.exp(-xs)),
    },
    xs,
    xlabel="x",
    ylabel="y",
)

# %% [markdown]
# As a layer, forward beside backward:


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
plot_arrays({"x": window, "y": y[0, 0].round(3), "dx": dx[0, 0].round(3)}, shared=False)

# %% [markdown]
# What a pool is, its gradient shows best: to whom does it listen, and how much? **Predict** the
# four arrays, for four of the ways of the first picture, one window and `dy` = 1.

# %%
window = np.array([[3.0, 1], [2, 4]])
listens = {"x": window, "the largest": 1.0 * (window == 4), "the mean": np.full((2, 2), 0.25)}
listens["root of the mean square"] = window / (4 * np.sqrt((window**2).mean()))
listens["the first"] = np.array([[1.0, 0], [0, 0]])
pool(window[None, None])
by_layer = pool.backward(np.ones((1, 1, 1, 1)))[0, 0]
assert np.allclose(by_layer, listens["root of the mean square"], atol=1e-4)
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
# Same scenes in the same order, same number of steps; only one thing differs. Chance plays along
# in the first weights, so each is trained from **two seeds**. Nets of the same seed begin with the
# very same weights, whatever their pool. So compare them **seed by seed**: a seed that is a lucky
# one is often so for all four, and then that luck cancels in the difference between two nets.
# **Predict:** will the same net be last for both seeds?
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
seeds = (0,) if FAST else (0, 1)
reached, trained = {}, {}
print(f"{'':<20}{'mIoU of each seed':<20}{'mean':<9}ahead of the first row, seed by seed")
for name, (kind, activation) in subjects.items():
    scores = []
    for seed in seeds:
        net = net_with(kind, activation, width=8, seed=seed)
        schedule = one_cycle(1e-2, epochs * len(train))
        task = Segmentation(2)
        fit(net, task, train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
        scores.append(evaluate(net, task, test)["mean_iou"])
    reached[name], trained[name] = scores, net
    shown = "  ".join(f"{score:.3f}" for score in scores)
    ahead = np.subtract(scores, reached["max pool, ReLU"])
    pairs = "  ".join(f"{one:+.3f}" for one in ahead) if ahead.any() else ""
    print(f"{name:<20}{shown:<20}{np.mean(scores):<9.3f}{pairs}")

# %% [markdown]
# The same as a picture, a line for each seed:

# %%
within = max(np.ptp(scores) for scores in reached.values())
between = np.ptp([np.mean(scores) for scores in reached.values()])
print(f"between two seeds of one net: up to {within:.3f}; between the four means: {between:.3f}")
by_seed = np.transpose(list(reached.values()))
assert FAST or ((by_seed.argmin(axis=1) == 0).all() and np.ptp(by_seed[:, 1:], axis=1).max() < 0.01)
assert FAST or between < within
plot_lines(
    {f"seed {seed}": [scores[seed] for scores in reached.values()] for seed in seeds},
    range(1, 1 + len(reached)),
    xlabel="row of the table",
    ylabel="mIoU",
)

# %% [markdown]
# The seeds lie farther apart than the means of the four. So four means, each with its spread, would
# say nothing. But both lines rise from left to right: for both seeds the max pool with ReLU is
# last. Pairs show what spreads hide.
#
# How much is that worth? Were all four equally good, the same one would be last both times in one
# case of four, by chance alone. So two of two seeds is a hint, and no proof; five of five would be
# one case of 256. And the difference is small, a hundredth or so. The other three lie closer still:
# which of those is best, this table does not show.

# %% [markdown]
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
# net was trained for a few seconds: the table says how well they *start to learn*, not where they
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
        "mIoU, each seed": list(reached.values()),
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
# That is an answer: on this task the stride was ahead of the max pool for both seeds, and for about
# half of both prices. It keeps nothing of its own, and all that follows is smaller. (It is no
# answer for SegNet, which needs the pools' switches to find its way back up.)
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
# 4. Train the four nets of section 5 from the seeds 2, 3 and 4 as well. For how many of the five is
#    the same one last?
#
# ## Remember
#
# - Derive, write, check; only then train. A wrong gradient often still learns, only worse (lesson
#   05 shows two).
# - Change one thing at a time, and compare seed by seed: in how many is one ahead, and by how much?
#   Two of two is a hint, not a proof.
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
