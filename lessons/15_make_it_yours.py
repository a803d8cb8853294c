# %% [markdown]
# # 15 · Make it yours
#
# **The question:** you have an idea for a layer. How do you get from the idea to a number that says
# whether it was a good one?
#
# You need: all lessons before, above all 00, 05 and 08. About 40 minutes.
#
# The way is always the same: derive, write, **check**, look, train, compare, and say what it cost.
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
    from nn_scratch.plotting import plot_arrays, plot_images
    from nn_scratch.training import Adam, Segmentation, evaluate, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# ## 1. A leaky ReLU
#
# A ReLU that is closed gets no gradient, and may stay closed for ever. The **leaky** ReLU (Maas et
# al. 2013) lets a little through:
#
# $$y = \begin{cases} x & x > 0\\ a\,x & \text{else}\end{cases}, \qquad
#   \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \cdot
#   \begin{cases} 1 & x > 0\\ a & \text{else}\end{cases} \tag{1}$$
#
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
# What does it see? A digit, pooled twice, by three pools:

# %%
scene, _ = DigitSegmentation("test", 4).sample(0, 0)
pooled = {"maximum": scene[None], "root mean square": scene[None], "mean": scene[None]}
for _ in range(2):
    pooled["maximum"] = ops.max_pool2d(pooled["maximum"], 2)[0]
    pooled["root mean square"] = RootMeanSquarePool2d()(pooled["root mean square"])
    pooled["mean"] = ops.avg_pool2d(pooled["mean"], 2)
plot_images({"image": scene, **{name: x[0] for name, x in pooled.items()}}, size=2)

# %% [markdown]
# The maximum keeps strokes bright and lets noise in; the mean quiets the noise and thins the
# strokes. Ours stands between the two.
#
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

# %% [markdown]
# Every number is off by the same factor: that is what a missing constant looks like.
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
# Same seed, same scenes, same number of steps; only one thing differs. And since chance plays
# along, each with **two seeds**: a difference smaller than the one between seeds is no difference.
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
print(f"{'':<20}{'mIoU of each seed':<22}{'mean':>8}{'products':>12}")
for name, (kind, activation) in subjects.items():
    scores = []
    for seed in seeds:
        net = net_with(kind, activation, width=8, seed=seed)
        schedule = one_cycle(1e-2, epochs * len(train))
        task = Segmentation(2)
        fit(net, task, train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
        scores.append(evaluate(net, task, test)["mean_iou"])
    products = cost(net, image)[-1].macs
    shown = "  ".join(f"{score:.3f}" for score in scores)
    print(f"{name:<20}{shown:<22}{np.mean(scores):>8.3f}{products / 1e6:>10.1f} M")

# %% [markdown]
# Read such a table with care. Each net was trained for a few seconds: the table says how well it
# *starts to learn*, not where it ends. Is a difference between two
# rows larger than the one within a row? If not, it says nothing.
#
# ## 6. What did it cost?
#
# Products are one price. Memory is another: what a layer keeps for its backward pass. The max pool
# keeps switches. Ours keeps $x$ and $y$, but so do its neighbours, the ReLU before and the
# convolution after it, and the same array counts once. A stride keeps nothing of its own, and all
# that follows is smaller.

# %%
for kind in ("max", "root mean square", "stride"):
    kept = cost(net_with(kind), image)[-1].kept
    print(f"{kind:<18}{kept / 1e3:>6.0f} kB kept for the backward pass")

# %% [markdown]
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
# ## 8. Exercises
#
# 1. Find the missing term of `Swish` above, and check it.
# 2. A pool that *adds* its four pixels' maximum and minimum. Which switches does it need? Write it
#    with `ops.max_pool2d` alone. (The minimum of $x$ is the maximum of what?)
# 3. Give the strided encoder skip connections as in `nn_scratch/nets/down_up.py`, and compare over
#    three seeds.
#
# ## Remember
#
# - Derive, write, check; only then train. A wrong gradient often still learns, only worse (lesson
#   05 shows two).
# - Change one thing at a time, and let two seeds tell you how large chance is.
# - Say the price beside the result: products, memory, milliseconds.
#
# ## Read on
#
# - K. He et al., [Delving deep into rectifiers](https://arxiv.org/abs/1502.01852): the learned
#   slope
# - J. T. Springenberg et al., [Striving for simplicity](https://arxiv.org/abs/1412.6806): strides
#   for pools
#
# ← [14 Real photographs](14_real_photographs.ipynb)
# · [all lessons](README.md)
# · [16 Looking inside](16_looking_inside.ipynb) →
