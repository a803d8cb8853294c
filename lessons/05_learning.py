# %% [markdown]
# # 05 · Learning
#
# **The question:** a backward pass says which way each weight should move. How does a network come
# out of that, and what does a wrong gradient do to it?
#
# You need: lessons 00 and 01. About an hour. At the end you know every line of a training loop, and
# have written two rules for its step yourself.
#
# *You are here:* start [00](00_start_here.ipynb) · down [01](01_convolution.ipynb)
# [02](02_max_pooling.ipynb) · up [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb)
# · learn **05** [06](06_a_loss_for_every_pixel.ipynb) · label every pixel
# [07](07_one_class_per_pixel.ipynb) [08](08_down_and_up_again.ipynb)
# [09](09_segnet_and_the_rest.ipynb) · find the objects [10](10_what_and_where.ipynb)
# [11](11_several_objects.ipynb) · faster [12](12_from_loops_to_speed.ipynb)
# [13](13_on_the_gpu.ipynb) · your own [14](14_real_photographs.ipynb) [15](15_make_it_yours.ipynb)
# · look inside [16](16_looking_inside.ipynb)

# %% tags=["hide-input"]
# %matplotlib inline
import os
from functools import cache
from inspect import getmodule, getsource
from textwrap import dedent

import numpy as np

try:
    from nn_scratch import ops
    from nn_scratch.check import check_gradients
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.layers import Conv2d, ReLU, Sequential
    from nn_scratch.plotting import plot_filtered, plot_images, plot_lines, plot_valley
    from nn_scratch.training import SGD, Adam, fit, one_cycle
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

FAST = os.environ.get("NN_SCRATCH_FAST") == "1"  # the tests train less

# %% [markdown]
# Nine random numbers, on their way to find edges. Nobody writes a kernel for them; they are told
# after each step how wrong they were at every pixel, and from that follows which way to move:
#
# ![A kernel of random numbers becomes an edge filter while its loss falls](images/descent.gif)
#
# This lesson does that first with nine numbers, then with a whole network.
#
# ## 1. What a kernel does to a digit
#
# Lesson 01 began with kernels that people wrote down long before networks learned any. Here is one
# of them again, Sobel's for vertical edges, beside one whose nine numbers were drawn at random.

# %%
scenes = DigitSegmentation("train", 64)
image, _ = scenes.sample(0, 12)
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
guess = np.random.default_rng(0).normal(0, 0.5, (1, 1, 3, 3)).astype(np.float32)
plot_filtered(image, {"Sobel": sobel, "random": guess[0, 0]})

# %% [markdown]
# One answers where dark and bright meet from left to right, and to hardly anything else; the other
# gives back a blurred image. How does the second become the first?
#
# ## 2. Finding a kernel instead of writing it
#
# Now turn it round. Somebody shows you images and what Sobel's kernel makes of them, but not the
# kernel. Can the nine numbers be found?
#
# Start with a guess $w$. Compute $y$, and measure how wrong it is by one number, here the mean
# squared error $L = \frac1n \sum (y - t)^2$ over all $n$ numbers, against the target $t$. Its
# derivative is $\partial L / \partial y = \frac2n (y - t)$, and from that lesson 01 gets $\partial
# L / \partial w$: for each of the nine weights, how fast $L$ rises when that weight grows. So move
# every weight a little the *other* way:
#
# $$w \leftarrow w - \eta\,\frac{\partial L}{\partial w} \tag{1}$$
#
# This is **gradient descent**, and $\eta$, which makes a step long or short, is the **learning
# rate**.
#
# **Predict:** in the film you recognised the kernel after ten or twenty steps. How many does it
# take until all nine numbers are right to a hundredth? Fifty, two hundred, two thousand?

# %%
images = np.stack([scenes.sample(0, index)[0] for index in range(16)])
target = ops.conv2d(images, sobel[None, None], padding=1)


def descend(w, rate, steps):
    """Equation (1), `steps` times; yields the kernel and the loss before each step."""
    for _ in range(steps):
        y = ops.conv2d(images, w, padding=1)
        yield w.copy(), ops.mse_loss(y, target)
        dy = ops.mse_loss_backward(y, target)
        _, dw, _ = ops.conv2d_backward(dy, images, w, padding=1)
        w = w - np.float32(rate) * dw


found = list(descend(guess, rate=1.0, steps=401))
plot_filtered(image, {f"after {step} steps": found[step][0][0, 0] for step in (5, 20, 400)})

# %%
off = [float(abs(w[0, 0] - sobel).max()) for w, _ in found]
right = next(step for step, error in enumerate(off) if error < 0.01)
for step in (0, 20, right):
    loss = found[step][1]
    print(f"after {step:>3} steps: loss {loss:.6f}, largest error of a weight {off[step]:.3f}")
assert 100 < right < 400

# %% [markdown]
# After twenty steps its shape is there, after a few hundred its numbers. They came out of `dw`
# alone: the gradient you derived in lesson 01, used a few hundred times. Everything that follows in
# these lessons is this, with more weights. (The last digits take longest. Section 3 shows why.)
#
# ## 3. How long is a step?
#
# **Predict:** what happens with a tenth of this learning rate, and with one and a half times as
# much?

# %%
curves = {
    f"η = {rate:g}": [float(loss) for _, loss in descend(guess, rate, 20)] for rate in (0.1, 1, 1.5)
}
for name, losses in curves.items():
    print(f"{name:<10}loss {losses[0]:.2f} → {losses[-1]:.3g}")
assert curves["η = 1"][-1] < curves["η = 0.1"][-1] < curves["η = 0.1"][0] < curves["η = 1.5"][-1]
plot_lines(curves, range(20), xlabel="step", ylabel="loss", logarithmic="y")

# %% [markdown]
# Too short, and it creeps. Too long, and the loss explodes. Nine weights cannot be drawn, but two
# can. Suppose that only two numbers are unknown: $a$ times (1, 2, 1) stands in the kernel's left
# column, $b$ times (1, 2, 1) in its right one, and zeros between. Sobel's kernel is $a = -1$,
# $b = 1$. Each of the two moves three weights at once, so the loss changes faster with them than
# with a single weight, and the rates below have to be smaller than those above. The loss over these
# two is a valley:

# %% tags=["hide-input"]
column = np.array([1.0, 2, 1], np.float32)


def kernel(a, b):
    return np.outer(column, [a, 0, b])[None, None].astype(np.float32)


def slope(place):
    """The gradient in a and b: the chain rule gathers dw along each column."""
    y = ops.conv2d(images, kernel(*place), padding=1)
    _, dw, _ = ops.conv2d_backward(
        ops.mse_loss_backward(y, target), images, kernel(0, 0), padding=1
    )
    return np.array([column @ dw[0, 0, :, 0], column @ dw[0, 0, :, 2]], float)


def walk(rule, steps=20):
    """The places that a descent visits; rule makes a step of a gradient."""
    places = [np.array([0.8, 1.6])]
    for _ in range(steps):
        places.append(places[-1] - rule(slope(places[-1])))
    return places


left, right = (ops.conv2d(images, kernel(*one), padding=1) for one in ((1, 0), (0, 1)))
along_a, along_b = np.linspace(-2.4, 1.2, 73), np.linspace(-1.2, 2.4, 73)
valley = np.mean(left**2) * (along_a + 1) ** 2 + np.mean(right**2) * (along_b[:, None] - 1) ** 2
valley += 2 * np.mean(left * right) * (along_a + 1) * (along_b[:, None] - 1)
ways = {f"η = {rate:g}": walk(lambda g, rate=rate: rate * g) for rate in (0.03, 0.3, 0.36)}
plot_valley(valley, along_a, along_b, ways, xlabel="a", ylabel="b")

# %%
for name, places in ways.items():
    away = np.linalg.norm(places[-1] - [-1, 1])
    print(f"{name:<10}after 20 steps {away:.2f} away from Sobel's kernel")
distances = [np.linalg.norm(places[-1] - [-1, 1]) for places in ways.values()]
assert distances[1] < distances[0] < distances[2]

# %% [markdown]
# The square is the start, the star the lowest place, each dot a step. A step against the gradient
# goes straight down the slope under its feet, and where the valley is narrow that is across it, not
# along it. Short steps reach its floor and then creep. Long ones land on the far side, and a little
# longer, higher up than they started. One rate must do for both directions: what is nearly too long
# across the valley is still short along it. 0.3 is about the best rate here; section 4 does better.
#
# ## 4. The loop, written out
#
# A network has more than one kernel, but the loop is the same: forward, loss, backward, step, and a
# line that clears old gradients. What does the step is called an **optimizer**. Here is a small
# network (`Sequential` runs its layers one after the other) that should find the ink in a noisy
# scene: the target is 1 where a digit is, 0 elsewhere.


# %%
@cache  # each is drawn once, for all trainings
def batch(step, size=16):
    """Images, and what is wanted of them: 1 where there is ink. Other scenes in every step."""
    pairs = [scenes.sample(step, index) for index in range(size)]
    images, labels = (np.stack(part) for part in zip(*pairs, strict=True))
    return images, (labels[:, None] > 0).astype(np.float32)


def small_net(seed=0):
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2d(1, 8, 5, padding=2, rng=rng), ReLU(), Conv2d(8, 1, 5, padding=2, rng=rng)
    )


def train(net, update, steps, size=16):
    """The training loop; returns the loss of every step."""
    losses = []
    for step in range(steps):
        images, wanted = batch(step, size)
        y = net(images)  # forward: every layer saves what it will need
        losses.append(float(ops.mse_loss(y, wanted)))
        net.zero_grad()  # backward adds, so begin with zeros
        net.backward(ops.mse_loss_backward(y, wanted))  # fills net.grads
        update(net)  # moves net.params
    return losses


def sgd(net, rate=0.1):
    """Equation (1) for every parameter, in place."""
    for name, weights in net.params.items():
        weights -= np.float32(rate) * net.grads[name]


steps = 20 if FAST else 150
net = small_net()
losses = {"SGD": train(net, sgd, steps)}
print(f"loss {losses['SGD'][0]:.3f} → {losses['SGD'][-1]:.3f}")
assert losses["SGD"][-1] < losses["SGD"][0]

# %%
unseen, wanted = batch(10_000)  # scenes that were in no step
answer = np.clip(net(unseen)[0], 0, 1)  # drawn as the others are: black is 0, white is 1
plot_images({"image": unseen[0], "wanted": wanted[0], "the net's answer": answer})

# %% [markdown]
# Each step sees a batch of 16 scenes only, and always other ones: this is *stochastic* gradient
# descent, SGD. How far may one trust so few? Let many batches say what they think of the same
# weights. **Predict:** with 16 times as many scenes in a batch, how much less do batches disagree?


# %%
def gradient_of(images, wanted):
    """What a batch says about the weights of the first convolution."""
    net.zero_grad()
    net.backward(ops.mse_loss_backward(net(images), wanted))
    return net.grads["0.weight"].ravel().copy()


spread = {}
for size in (1, 16):
    gradients = np.stack([gradient_of(*batch(1000 + number, size)) for number in range(64)])
    spread[size] = float(gradients.std(axis=0).mean())
    print(f"batches of {size:>2}: standard deviation of a weight's gradient {spread[size]:.5f}")
print(f"{spread[1] / spread[16]:.1f} times less")
assert 2.5 < spread[1] / spread[16] < 6

# %% [markdown]
# Roughly four times, the root of 16, as far as 64 batches can tell: noise falls with the *root* of
# the number, while work grows with the number itself. So which is better, for the same 2,400 looks
# at a scene: 150 rough steps, or ten with 240 scenes each? **Predict.**


# %%
def unseen_loss(net):
    return float(ops.mse_loss(net(unseen), wanted))


print(f"{steps} steps of  16 scenes, rate 0.1 : loss {unseen_loss(net):.3f}")
for rate in (0.05, 0.1):
    exact = small_net()
    train(exact, lambda net, rate=rate: sgd(net, rate), steps // 15, 240)
    print(f"{steps // 15:>3} steps of 240 scenes, rate {rate:<4}: loss {unseen_loss(exact):.3f}")
    assert unseen_loss(net) < unseen_loss(exact)

# %% [markdown]
# The rough ones get further by far: here many steps count for more than exact ones. This is one
# reason why hardly anybody asks all images before every step.
#
# `net.zero_grad()` is easy to forget. **Predict** what happens without it: `backward` *adds* to
# `net.grads` (lesson 00), so each step moves along the sum of all gradients so far.

# %%
forgetful = small_net()
forgetful.zero_grad = lambda: None  # the mistake: all gradients pile up
few = 20 if FAST else 60
swings = {"with zero_grad": losses["SGD"][:few], "without": train(forgetful, sgd, few)}
plot_lines(swings, range(few), xlabel="step", ylabel="loss", logarithmic="y")

# %% [markdown]
# It rolls like a ball without friction: sooner at the bottom of the valley, but then up the other
# side and back, and in these steps it does not come to rest. If older gradients fade instead of
# staying, this becomes useful. It is called **momentum**: keep a velocity for each weight, 0 at
# first. In each step, velocity ← momentum · velocity + gradient, with a momentum such as 0.9, and
# then $w$ ← $w$ − $\eta$ · velocity. With 0 this is plain SGD again, with 1 the ball without
# friction. **Predict:** the three walks of section 3 with momentum 0.5, and 20 steps again: which
# come nearer, and is any now worse?


# %%
def rolling(momentum, rate):
    """SGD with momentum: 0 forgets all older gradients, 1 keeps them for ever."""
    velocity = np.zeros(2)

    def rule(gradient):
        velocity[:] = momentum * velocity + gradient
        return rate * velocity

    return rule


rolls, away = {}, {}
for rate in (0.03, 0.3, 0.36):
    places = {momentum: walk(rolling(momentum, rate)) for momentum in (0, 0.5, 0.8)}
    rolls[f"η = {rate}, momentum 0.5"] = places[0.5]
    away[rate] = {m: float(np.linalg.norm(way[-1] - [-1, 1])) for m, way in places.items()}
    shown = "  ".join(f"{m}: {value:.3f}" for m, value in away[rate].items())
    print(f"η = {rate:<4}  away after 20 steps, with momentum  {shown}")
assert all(one[0.5] < one[0] for one in away.values()) and away[0.3][0.5] < 0.1 * away[0.3][0]
assert away[0.03][0.8] < away[0.03][0.5] and away[0.3][0.8] > away[0.3][0]
plot_valley(valley, along_a, along_b, rolls, xlabel="a", ylabel="b")

# %% [markdown]
# All three come nearer, even with the best plain rate. Along the valley the gradients agree, and
# momentum adds them up. Across it plain SGD leaps to and fro; in a velocity that remembers both, to
# and fro cancel in part, and even 0.36 arrives. But more is not always better: 0.8 is good for the
# shortest steps; at 0.3 it rolls past the lowest place, and is farther off than plain SGD.
#
# ## 5. Where to start
#
# The weights need first values, random ones, and the question is how large. Each layer multiplies
# the size of its input by some factor, and ten layers by its tenth power. Let the size be $s$, the
# root of the mean square of all numbers.
#
# An output sums $n$ products of a weight and an input. Square that sum: if weights are drawn
# independently, with mean 0, the products of unlike terms cancel on average, and $n$ squares are
# left, $n\,\overline{w^2}\,s^2$. Half of that belongs to negative outputs, and ReLU takes it away.
# So the size stays if $n\,\overline{w^2} / 2 = 1$: squares of weights should be $2 / n$ on average
# (He et al. 2015). The library starts with that.
#
# **Predict** what ten layers make of weights half as large, and twice as large. (The kernels are
# 1×1, so that no border takes part.)


# %%
def sizes_through_layers(factor, depth=10, channels=256):
    """The root mean square after each of `depth` layers; weights are He's times `factor`."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, channels, 12, 12)).astype(np.float32)
    for _ in range(depth):
        layer = Conv2d(channels, channels, 1, rng=rng)
        layer.params["weight"] *= np.float32(factor)
        x = ops.relu(layer(x))
        yield float(np.sqrt(np.mean(x**2)))


sizes = {f"{factor:g} × He": list(sizes_through_layers(factor)) for factor in (0.5, 1, 2)}
for name, values in sizes.items():
    print(f"{name:<10}after layer 1: {values[0]:.3g}   after layer 10: {values[-1]:.3g}")
assert 0.7 < sizes["1 × He"][-1] / sizes["1 × He"][0] < 1.4
plot_lines(sizes, range(1, 11), xlabel="layer", ylabel="root mean square", logarithmic="y")

# %% [markdown]
# With He's weights the size stays, up to chance: the rule holds on average over the weights, and
# these are one draw of them. Half as large, and ten layers leave a thousandth of that; twice as
# large, and it is a thousandfold: $2^{10} = 1024$.
#
# And **the same number everywhere**? **Predict** which of the small net's four parameters move if
# all weights and biases begin at 0, and what is different if all weights begin at 0.02.

# %%
for first in (0, 0.02):
    alike = small_net()
    for name, values in alike.params.items():
        values[...] = first if name.endswith("weight") else 0
    began = {name: values.copy() for name, values in alike.params.items()}
    loss = train(alike, sgd, steps)[-1]
    moved = [name for name, values in alike.params.items() if (values != began[name]).any()]
    kernels = len(np.unique(alike.params["0.weight"], axis=0))
    print(f"from {first}: loss {loss:.3f}, moved {', '.join(moved)}; different kernels: {kernels}")
    assert (len(moved), kernels) == ((1, 1) if first == 0 else (4, 1))

# %% [markdown]
# From 0 only the last bias: nothing comes through zeros, neither forward nor back, and all other
# gradients are zero. From 0.02 all of them move, and the net learns. But all eight channels between
# the layers compute the same, get the same gradient, and stay the same for ever: eight do the work
# of one. For ink or not, one is nearly enough; random numbers make eight of it.
#
# ## 6. Adam, in seven lines
#
# SGD gives every weight the same learning rate, however large or small its gradients are. **Adam**
# (Kingma & Ba 2015) gives each weight a step of its own length. It keeps two running means for each
# weight, $m$ of the gradient $g$ and $v$ of its square, and divides one by the root of the other:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\,g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\,g^2,
#   \qquad
#   w \leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon}
#   \tag{2}$$
#
# Both means start at 0 and are too small at first; dividing by $1 - \beta^t$, with $t$ the number
# of the step, makes up for it. ($\beta_1 = 0.9$ and $\beta_2 = 0.999$ say how much of the old mean
# stays, and $\varepsilon = 10^{-8}$ only keeps the division from zero.) **Predict** the length of
# the very first step: put $t = 1$ into equation (2).


# %%
class MyAdam:
    """Equation (2) for every parameter, in place."""

    def __init__(self, rate=1e-2, beta1=0.9, beta2=0.999, eps=1e-8):
        self.rate, self.beta1, self.beta2, self.eps = rate, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0

    def __call__(self, net):
        self.t += 1
        for name, g in net.grads.items():
            m = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
            v = self.beta2 * self.v.get(name, 0) + (1 - self.beta2) * g * g
            self.m[name], self.v[name] = m, v
            mean, square = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
            net.params[name] -= (self.rate * mean / (np.sqrt(square) + self.eps)).astype(g.dtype)


mine, before = small_net(), small_net()
train(mine, MyAdam(), 1)
step = mine.params["0.weight"] - before.params["0.weight"]
print("lengths of the first step:", np.unique(abs(step).round(5)))
assert np.allclose(abs(step), 1e-2, rtol=1e-2)

# %% [markdown]
# Every weight moves by $\eta$, whatever the size of its gradient (as long as that is far above
# $\varepsilon$): only the sign counts at first. Over the same scenes, beside SGD without and with
# momentum:

# %%
heavy = small_net()
momentum = SGD(heavy, 0.05, momentum=0.9)
losses["SGD with momentum"] = train(heavy, lambda net: momentum.step(), steps)
losses["Adam"] = train(small_net(), MyAdam(), steps)
last = {name: np.mean(each[-10:]) for name, each in losses.items()}
print("mean of the last ten losses")
for name, value in last.items():
    print(f"  {name:<18}{value:.4f}")
assert FAST or 0.9 < last["SGD with momentum"] / last["Adam"] < 1.1 < last["SGD"] / last["Adam"]
plot_lines(losses, range(steps), xlabel="step", ylabel="loss", logarithmic="y")

# %% [markdown]
# Adam is ahead of plain SGD, which does not catch up with 0.05, 0.15, 0.2 or 0.3 instead of 0.1
# either. With momentum 0.9 and half the rate it draws level. (At its first step plain SGD's loss
# rises: on so steep a slope 0.1 is too long. Section 8 begins lower.) The library's `SGD` and
# `Adam` do the same as ours, but for rounding:

# %% tags=["hide-input"]
for own, theirs in ((sgd, lambda net: SGD(net, 0.1)), (MyAdam(), lambda net: Adam(net, 1e-2))):
    a, b = small_net(), small_net()
    optimizer = theirs(b)
    train(a, own, 5)
    train(b, lambda net, optimizer=optimizer: optimizer.step(), 5)
    apart = max(float(abs(a.params[name] - b.params[name]).max()) for name in a.params)
    print(
        f"{type(optimizer).__name__:<5} largest difference of a weight after 5 steps: {apart:.0e}"
    )
    assert apart < 1e-5

# %% [markdown]
# ## 7. Break it on purpose: a wrong gradient that still learns
#
# A backward pass that forgets to divide by the number of pixels: right in direction, and 25,600
# times too large for a batch of 16 scenes of 40×40. **Predict:** who notices, SGD or Adam?


# %% tags=["hide-input"]
def with_wrong_scale(update, factor):
    """The step of an optimizer that is given gradients `factor` times too large."""

    def step(net):
        for gradient in net.grads.values():
            gradient *= np.float32(factor)
        update(net)

    return step


with np.errstate(over="ignore", invalid="ignore"):
    by_sgd = train(small_net(), with_wrong_scale(sgd, 25_600), 3)
by_adam = {k: train(small_net(), with_wrong_scale(MyAdam(), k), few) for k in (1, 25_600)}
print("SGD :", ", ".join(f"{value:.3g}" for value in by_sgd))
print(
    f"Adam: {by_adam[1][-1]:.4f} with the right gradient, {by_adam[25_600][-1]:.4f} with the wrong"
)
assert not by_sgd[-1] < by_sgd[0]
assert abs(by_adam[1][-1] - by_adam[25_600][-1]) < 0.05 * by_adam[1][0]

# %% [markdown]
# SGD explodes at once. Adam divides the factor away and learns as if nothing had happened. So "it
# trains" proves little: **Adam hides a wrong scale.** A gradient that is wrong in *direction* may
# learn as well, only worse. Here ReLU's backward pass lets everything through, in three nets with
# unlike first weights:


# %%
class OpenReLU(ReLU):
    """Wrong: passes dy where x is negative, too."""

    def backward(self, dy):
        return dy


def net_with(activation, seed):
    net = small_net(seed)
    return Sequential(net[0], activation, net[2])


for seed in range(3):
    right, wrong = (train(net_with(relu, seed), sgd, steps) for relu in (ReLU(), OpenReLU()))
    ends = np.mean(right[-20:]), np.mean(wrong[-20:])
    print("loss at the end: {:.4f} with the right gradient, {:.4f} with the wrong".format(*ends))
    assert wrong[-1] < wrong[0]  # it learns all the same
    assert FAST or ends[0] < ends[1]

# %% [markdown]
# Not every mistake is so kind. Here is the film of lesson 00 again. In the right-hand network the
# code of convolution has one sign wrong, so every convolution sends $\partial L/\partial x$ back
# with the wrong sign. The last convolution still learns as it should, and the one before it walks
# uphill. For the one before that, two wrong signs cancel, and so on to the front: every second
# convolution works against the others.
#
# ![Two networks learn to label a scene; one has a wrong backward
# pass](images/learning.gif)
#
# It finds the background. On its way it paints some blobs where the digits are, in wrong colours,
# and loses them again; hardly a pixel of ink is left at the end. Nothing crashed. Of the three
# mistakes of this section you see one in the picture, one as a loss a little too high (and only if
# you know how low it should be), and one, if Adam is your optimizer, not at all. What does a
# gradient check say?

# %%
y, t = np.random.default_rng(0).normal(size=(2, 1, 1, 4, 5))


class Flipped(Conv2d):
    """Wrong: the gradient of the input has the wrong sign."""

    def backward(self, dy):
        return -super().backward(dy)


mistakes = {
    "a mean not divided": (lambda y: ops.mse_loss(y, t), lambda y: 2 * (y - t)),
    "an open ReLU": OpenReLU(),
    "a wrong sign": Flipped(1, 2, 3, rng=0),
}
for what, mistake in mistakes.items():
    print(f"{what:<20}{'right' if check_gradients(mistake, y).ok else 'WRONG'}")
    assert not check_gradients(mistake, y).ok

# %% [markdown]
# It finds each of them, before the first step.
#
# ## 8. `fit` is nothing but this
#
# From here on the lessons call `fit(net, task, loader, optimizer, …)`. It is the loop of section 4
# with what a long run needs around it: a `Loader` that makes batches, a `task` that knows the loss,
# a checkpoint to resume from. One pass over all images is an **epoch**. Read its middle.
# (`task.step` does forward, loss and backward; `sum_gradients` is for several processes that train
# together, and here does nothing.)

# %%
source = getsource(getmodule(fit))
start = source.rindex("\n", 0, source.index("for batch in")) + 1
print(dedent(source[start : source.index("optimizer.step()") + len("optimizer.step()")]))

# %% [markdown]
# One thing is new, the **schedule**: the learning rate changes from step to step. `one_cycle`,
# which most lessons use, begins low, while the weights are random and Adam's means still rough. It
# then rises, so that long steps cover the distance, and falls to almost nothing, so that the noise
# of the batches can settle. So far our Adam had a rate of 0.01. **Predict:** what becomes of the
# net if the rate is 0.05 all the time? And what if a cycle goes up to 0.05, or only to 0.01?

# %%
cycles = {top: [one_cycle(top, steps)(step) for step in range(steps)] for top in (0.01, 0.05)}
lines = {f"one cycle up to {top}": rates for top, rates in cycles.items()}
plot_lines(lines, range(steps), xlabel="step", ylabel="learning rate")

# %% tags=["hide-input"]
ends, silent = {}, {}
plans = {f"always {top}": [top] * steps for top in cycles} | lines
for name, plan in plans.items():
    one, net = MyAdam(), small_net()

    def planned(net, one=one, plan=plan):
        one.rate = plan[one.t]
        one(net)

    ends[name] = np.mean(train(net, planned, steps)[-10:])
    on = net[1](net[0](unseen)) > 0  # (16, 8, 40, 40)
    silent[name] = int((~on.any(axis=(0, 2, 3))).sum())
    print(f"{name:<22}loss at the end {ends[name]:.4f}, {silent[name]} of 8 channels always zero")
order = ("one cycle up to 0.05", "always 0.01", "one cycle up to 0.01", "always 0.05")
assert FAST or tuple(sorted(ends, key=ends.get)) == order
assert FAST or 0.05 < 1 - ends["one cycle up to 0.05"] / ends["always 0.01"] < 0.1
assert FAST or silent["always 0.01"] < silent["one cycle up to 0.05"] < silent["always 0.05"]

# %% [markdown]
# A rate of 0.05 from the first step on is far too high. In most channels all numbers in front of
# the ReLU have become negative, so it gives zeros, and equation (3) of lesson 00 sends nothing back
# through them. One says that these ReLUs are *dead*; the net is left with little more than its last
# bias. With the cycle some channels die as well, but the rest learn, and end a little ahead of 0.01
# all the time (from other first weights, too). So the cycle makes a rate usable that kills without
# it, and then gains some per cent. Up to 0.01 it only loses steps: a schedule works no miracles.
#
# ## 9. Exercise
#
# Write both optimizers, equation (1) with the momentum of section 4, and equation (2), for the
# checker:
#
#     nn-scratch exercise 10
#
# ## Remember
#
# - Forward, loss, `zero_grad`, backward, step: that is training.
# - The learning rate decides whether it creeps, learns or explodes; Adam gives each weight a length
#   of its own; the first weights must be random and of the right size.
# - That a network learns does not prove that its gradient is right.
#
# **What is missing?** The net above gives one number a pixel: ink, or not. Eleven classes need
# another loss, and an honest measure.
#
# ## Read on
#
# - D. P. Kingma and J. Ba, [Adam](https://arxiv.org/abs/1412.6980)
# - K. He et al., [Delving deep into rectifiers](https://arxiv.org/abs/1502.01852), section 2.2:
#   initialization
# - L. N. Smith and N. Topin, [Super-convergence](https://arxiv.org/abs/1708.07120): one cycle of
#   learning rates
#
# ← [04 Transpose convolution](04_transpose_convolution.ipynb)
# · [all lessons](README.md)
# · [06 A loss for every pixel](06_a_loss_for_every_pixel.ipynb) →
