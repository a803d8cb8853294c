# %% [markdown]
# # 00 · Start here
#
# **The question:** these lessons build networks that find things in images. A network is a chain of
# layers, and it learns by sending derivatives back through the chain. What must a layer be able to
# do for that, and how do you know that it does it right?
#
# You need: a little NumPy, and what a derivative is. About 35 minutes. By the end you will have
# written a layer, and a check will have told you that it is right.
#
# *You are here:* start **00** · down [01](01_convolution.ipynb) [02](02_max_pooling.ipynb) · up
# [03](03_going_back_up.ipynb) [04](04_transpose_convolution.ipynb) · learn [05](05_learning.ipynb)
# [06](06_a_loss_for_every_pixel.ipynb) · label every pixel [07](07_one_class_per_pixel.ipynb)
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
    from nn_scratch.exercises import check_exercise
    from nn_scratch.layers import Layer, Linear, ReLU, Sequential
    from nn_scratch.nets import pretrained
    from nn_scratch.plotting import plot_arrays, plot_chain, plot_four_tasks, plot_lines, plot_net
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# Before anything is explained, look at such a network at work. On the left an image goes in; on the
# right an answer comes out, a class for every pixel. Between them is what the network sees, at its
# true size: small, smaller, and large again. Nothing here is a sketch: these are its numbers, three
# maps of each layer, each on a scale of its own, those of max unpool in orange. What the words
# under the boxes mean, and what more there is in a blue box, the lessons say one by one; by the end
# you will have built every box, and know how it learns.

# %%
scenes = DigitSegmentation("train", 64)
unseen, _ = DigitSegmentation("test", 8).sample(epoch=0, index=3)
names = ["background", *"0123456789"]
plot_net(pretrained("digits-segmentation"), unseen[None], class_names=names)

# %% [markdown]
# It was not born that way. Here two such networks learn, from the same start, on the same images,
# and are asked again and again for the labels of one scene. The one on the right has a single minus
# sign wrong, in the pass that sends derivatives back. **Predict:** what does the other one learn
# first, where the ink is, or which digit it is? And the wrong one?
#
# ![The labels that two networks give one scene, from the first step of training to the
# last](images/learning.gif)
#
# The wrong one does not crash. It, too, learns to say "background" nearly everywhere, and gets no
# further. There are mistakes that show even less (lesson 05 has some). This course is about writing
# such passes so that you *know* they are right.
#
# The right one, standing still:
#
# ![The labels of one scene before training, after 10, 40, 80 and 200 steps and at the end, beside
# the true ones](images/learning.png)
#
# At first it guesses. By step 40 it says "background" nearly everywhere, which is right for most
# pixels. Then it finds the ink, and only then the digit.

# %% [markdown]
# ## 1. One image, four questions
#
# - **Classification:** what is in the image? One class for the whole.
# - **Localization:** what is it, and where? A class, and four numbers: a box.
# - **Detection:** which objects are there, and where is each? Any number of classes and boxes.
# - **Semantic segmentation:** what is at every *pixel*? A class for each.
#
# Here is one image with an answer to each. The images are small scenes made of real handwritten
# digits; the answers are the true ones. By the last lessons, networks that you built give them.
# **Predict:** there are two digits in it. Which questions have no room for the second?
#
# (`"train"` and `"test"` name two groups of digits. A network learns from the first group,
# and is judged on the second, which it has never seen.)

# %%
image, labels = scenes.sample(epoch=0, index=42)
plot_four_tasks(image, labels, names)

# %% [markdown]
# The first two. Their answer is about one object, here the one with more ink, and the 7 goes
# unsaid. Detection names both, and segmentation says besides which pixels are theirs.
#
# A network for segmentation first makes the image small, so that each number sees much of it
# (lessons 01 and 02), and then large again (03 and 04). 05 and 06 are about how it learns; 07 to 09
# label every pixel; 10 finds one object, and 11 all of them. 12 and 13 make it fast, 14 and 15 are
# for images and layers of your own, and 16 looks inside.
#
# ## 2. An image is an array
#
# The last of the four answers is a **label map**: it says for every pixel what it belongs to. 0 is
# background, 1 to 10 are the digits 0 to 9. Here is a piece of the scene, where the 7 and the 2
# come near each other. **Predict:** which numbers stand for the 7, and why are they not 7?

# %%
print("image", image.shape, image.dtype, " labels", labels.shape, labels.dtype)
piece = {"image, rounded": image[0, 6:14, 10:22].round(1), "label map": labels[6:14, 10:22]}
plot_arrays(piece, shared=False, cell=0.33)

# %% [markdown]
# The 7 is class 8, because the background is class 0. In the image the ink is near 1 and
# the ground near 0.2, both with some noise.
#
# The image has three axes: **channels** (1 here; 3 for a colour photograph: red, green, blue),
# **height** and **width**. Networks work on several images at once, a **batch**, so a fourth axis
# comes first. The order is always the same, and is called **NCHW**: images, channels, height,
# width. One channel of one image is a **plane**. Row 0 is at the top.
#
# **Predict** the shape of a batch of three such scenes. And which four indices pick the pixel in
# the last row and the first column of the second image?

# %%
batch = np.stack([scenes.sample(0, index)[0] for index in range(3)])
second = scenes.sample(0, 1)[0]
assert batch[1, 0, 39, 0] == second[0, -1, 0]  # second image, only channel, last row, first column
print("a batch of three:", batch.shape, "  that pixel: batch[1, 0, 39, 0] =", batch[1, 0, 39, 0])

# %% [markdown]
# ## 3. What a layer must do
#
# A layer turns an array $x$ into an array $y$. That is its **forward** pass. Behind it come more
# layers, and at the end the **loss** $L$: one number that says how wrong the network is.
#
# To learn, we want to know for each number in the network how $L$ changes with it, and so which way
# to move it to make $L$ smaller: that is a derivative. (It is written $\partial$ where there are
# several numbers: one is moved, and all others are held still.) The derivatives for all numbers of
# an array are an array of the same shape, its **gradient**.
#
# Gradients are found from the end to the beginning. When a layer's turn comes, it is told $\partial
# L/\partial y$, how the loss would change with each number of $y$. In code this array is called
# `dy`. The layer has to answer with $\partial L/\partial x$, called `dx`. That is its **backward**
# pass.
#
# For instance: if $x_1$ grows by a little, $y_1$ grows by 3 times as much, and $y_2$ shrinks by as
# much as $x_1$ grows. The layer is told `dy` = (10, 4): the loss grows 10 times as fast as $y_1$,
# and 4 times as fast as $y_2$. **Predict** `dx` at $x_1$.

# %%
shown = {"how y moves with x₁": np.array([[3], [-1]]), "dy": np.array([[10], [4]])}
plot_arrays(shown, shared=False)

# %% [markdown]
# It is $10 \cdot 3 + 4 \cdot (-1) = 26$. One number $x_i$ may move several $y_j$, each of them
# moves $L$, and what they do adds up. That is the chain rule, and all that a backward pass needs:
#
# $$\frac{\partial L}{\partial x_i} =
#   \sum_j \frac{\partial L}{\partial y_j}\,\frac{\partial y_j}{\partial x_i} \tag{1}$$
#
# What one layer calls $y$, the next calls $x$. So its `dx` is the `dy` of the layer before it, and
# each layer needs to know only itself. Handing derivatives back through the chain like this is
# called **backpropagation**.

# %%
plot_chain(["layer 1", "layer 2", "layer 3"])

# %% [markdown]
# ## 4. The smallest layer: ReLU
#
# The **rectified linear unit** keeps what is positive and makes the rest zero:
#
# $$y_i = \max(x_i, 0) \tag{2}$$
#
# Where $x_i > 0$, $y_i$ moves just as $x_i$ does: the derivative is 1. Where $x_i < 0$ nothing
# happens: it is 0. Put that into equation (1); only $j = i$ is left of the sum:
#
# $$\frac{\partial L}{\partial x_i} =
#   \begin{cases}\partial L/\partial y_i & x_i > 0\\ 0 & \text{else}\end{cases} \tag{3}$$
#
# (At $x_i = 0$ there is a kink and no derivative. By agreement it counts as 0.)
#
# **Predict** `y` and `dx` for the numbers below, before you run the cell.

# %%
x = np.array([3.0, -2, 0, 5])
dy = np.array([10.0, 20, 30, -40])
plot_arrays({"x": x, "dy": dy}, columns=2, shared=False)

# %%
y, dx = ops.relu(x), ops.relu_backward(dy, x)
assert np.array_equal(y, [3, 0, 0, 5]) and np.array_equal(dx, [10, 0, 0, -40])
plot_arrays({"x": x, "y": y, "dy": dy, "dx": dx}, columns=2, shared=False)

# %% [markdown]
# Note what the backward pass needed: `dy`, and `x` from the forward pass. A layer has to *remember*
# something from the way forward for the way back.
#
# ## 5. A layer with weights
#
# A **linear** layer has numbers of its own, which are learned: a matrix $W$, its **weights**, and a
# vector $b$, its **bias**. Learned numbers are also called **parameters**. Every output is a
# weighted sum of all inputs, plus its bias. With $n$ for the image of the batch:
#
# $$y_{nj} = \sum_i W_{ji}\, x_{ni} + b_j \tag{4}$$
#
# Now there are three gradients to find, and for each the chain rule says: see what the number is
# multiplied by (a bias by 1), and add up over all the places where it is used.
#
# $$\frac{\partial L}{\partial x_{ni}} =
#   \sum_j W_{ji}\,\frac{\partial L}{\partial y_{nj}}, \qquad
#   \frac{\partial L}{\partial W_{ji}} = \sum_n \frac{\partial L}{\partial y_{nj}}\, x_{ni}, \qquad
#   \frac{\partial L}{\partial b_j} = \sum_n \frac{\partial L}{\partial y_{nj}} \tag{5}$$
#
# The second and third sum over $n$: one $W$ serves all images, so what they say about it is added.
# **Predict** for the numbers below `db`, and the first number of `dx` and of `dW`.

# %%
rng = np.random.default_rng(0)
x = rng.integers(-3, 4, (4, 3)).astype(float)  # a batch of 4, each 3 numbers
W = rng.integers(-3, 4, (2, 3)).astype(float)  # 3 in, 2 out
b = np.array([1.0, -1])
dy = rng.integers(-3, 4, (4, 2)).astype(float)
plot_arrays({"x": x, "W": W, "dy": dy})

# %% [markdown]
# In NumPy each is one line. A matrix product always sums over something, and shapes tell over what:
# `dW` must look like `W`, 2×3, and `dy.T @ x` is 2×4 times 4×3, so the sum goes over the 4 images.

# %%
y = x @ W.T + b
dx = dy @ W
dW = dy.T @ x
db = dy.sum(axis=0)

assert np.array_equal(y, ops.linear(x, W, b))
for mine, theirs in zip((dx, dW, db), ops.linear_backward(dy, x, W), strict=True):
    assert np.array_equal(mine, theirs)
plot_arrays({"dx": dx, "dW": dW, "db": db})

# %% [markdown]
# The first number of `dx` is $0 \cdot 0 + 3 \cdot 2 = 6$: the first image's row of `dy` times the
# first column of $W$. The first of `dW` has a term for each image: $0 \cdot 2 + (-2)(-2) + 1 \cdot
# (-3) + (-1) \cdot 2 = -1$. The first of `db` adds up a column of `dy`: $0 - 2 + 1 - 1 = -2$.
#
# ## 6. The layer contract
#
# The library's layers are objects that keep this promise:
#
# - `layer(x)` runs the forward pass, and the layer keeps what it will need in `layer.saved`;
# - `layer.backward(dy)` returns `dx`, and **adds** its weights' derivatives to `layer.grads`;
# - `layer.params` and `layer.grads` are dicts of arrays with the same names.
#
# Why *adds*? So that a batch can be done in parts. `layer.zero_grad()` sets them back to zero.
#
# There is no magic anywhere that finds derivatives for you. Each `backward` is written by hand:
# that is what this library is for. Here is a layer of our own: it multiplies by one learned number.
# (`add_parameter` puts an array into `params`, with zeros of its shape into `grads`; `add_grads`
# adds to those.)


# %%
class Scale(Layer):
    """y = a · x, with a learned."""

    def __init__(self, a):
        super().__init__()
        self.add_parameter("a", np.array([a]))

    def forward(self, x):
        self.saved = x
        return self.params["a"] * x

    def backward(self, dy):
        x = self.saved
        self.add_grads(a=np.array([(dy * x).sum()]))  # a is used everywhere, so add up
        return self.params["a"] * dy


# %% [markdown]
# **Predict** `da` for x = (1, −1, 3) and dy = (1, 10, 100). And what will stand there after a
# second call of `backward` with the same `dy`?

# %%
scale = Scale(2.0)
print("y ", scale(np.array([[1.0, -1, 3]])))
print("dx", scale.backward(np.array([[1.0, 10, 100]])))
print("da", scale.grads["a"], "= 1·1 + 10·(−1) + 100·3")
scale.backward(np.array([[1.0, 10, 100]]))
print("da", scale.grads["a"], "after a second call: added, not replaced")
assert scale.grads["a"] == 2 * (1 - 10 + 300)

# %% [markdown]
# Layers that keep this promise can be put in a row, and the picture of section 3 becomes two loops:
# one runs forward, the other backward. This is all that backpropagation is.

# %%
first, last = Linear(3, 5, rng=0, dtype=float), Linear(5, 1, rng=1, dtype=float)
layers = [first, ReLU(), Scale(2.0), last]

y = np.array([[1.0, -1, 3]])
for layer in layers:
    y = layer(y)

gradient = np.ones_like(y)  # let the loss be y itself: it changes as y does
for layer in reversed(layers):
    gradient = layer.backward(gradient)

print("L", y.round(3), "  dx", gradient.round(3))
for layer in layers:
    print(f"{type(layer).__name__:<7}now has gradients of", *layer.grads or ["nothing"])

# %% [markdown]
# ## 7. Your first gradient check
#
# Is the backward pass right? There is a test that knows nothing about how you derived it. Move one
# number of $x$ by a small $h$ up and down, run the *forward* pass both times, and see how $L$
# moves:
#
# $$\frac{\partial L}{\partial x_i} \approx \frac{L(x_i + h) - L(x_i - h)}{2h} \tag{6}$$
#
# That is slow, and only nearly exact, but it needs no derivation. For $L$ we take
# $\sum_j g_j\, y_j$ with any fixed $g$: then `dy` is $g$. By hand, for one number:

# %%
x = np.array([[1.0, -2, 0.5]])
g = np.array([[0.3, -1.1, 0.7]])
h = 1e-5


def loss(x):
    return (g * scale(x)).sum()


up, down = x.copy(), x.copy()
up[0, 1] += h
down[0, 1] -= h
numerical = (loss(up) - loss(down)) / (2 * h)
loss(x)  # once more with x itself: the layer keeps its last input for the backward pass
claimed = scale.backward(g)[0, 1]
print(f"numerical {numerical:.8f}   backward says {claimed:.8f}")
assert abs(numerical - claimed) < 1e-8

# %% [markdown]
# **Predict:** would a smaller $h$ be better still? Try it on a function whose derivative is known,
# the sine at $x = 1$.

# %%
steps = 10.0 ** -np.arange(1, 14, 2)
errors = [abs((np.sin(1 + h) - np.sin(1 - h)) / (2 * h) - np.cos(1)) for h in steps]
assert np.argmin(errors) == 2  # 1e-5
lines = {
    "∝ h²: no parabola": np.where(steps > 1e-6, np.cos(1) / 6 * steps**2, np.nan),
    "∝ 1/h: rounding": np.where(steps < 1e-4, 1e-16 / (2 * steps), np.nan),
    "error": errors,
}
plot_lines(lines, steps, xlabel="h", ylabel="error of equation (6)", logarithmic="xy")

# %% [markdown]
# No: there is a best one, in the middle. A large $h$ notices that the sine is no parabola (on one
# (6) is exact): a hundredth of $h$ has a ten-thousandth of the error. For a tiny one
# $L(x_i + h)$ and $L(x_i - h)$ agree in nearly all of their sixteen digits; what is left of their
# difference is mostly rounding, and dividing by $2h$ makes it large.
#
# `check_gradients` does this for every array that the layer takes, weights too. To be quick it
# first moves *all* numbers of an array at once, in three random directions: each number by $h$
# times a random one. If those are 2 and −1, and the gradient claims 3 and 4, $L$ should move by $2
# \cdot 3 + (-1) \cdot 4 = 2$ times $h$. With any one number wrong, that is nearly always off. Only
# then it goes through the numbers one by one, to say where.
#
# It makes a few more tests: calling backward twice must add, inputs must stay as they are, and a
# `dy` of zeros must give gradients of zeros. In its report, *error* is the largest difference, as a
# fraction of the largest gradient. An error of `1.7e-16`, which is $1.7 \cdot 10^{-16}$, is
# rounding and nothing else. (How can it be smaller than all that the curve above shows? `Scale` is
# linear in $x$ and in $a$. On a straight line equation (6) is exact for any $h$, so there the check
# takes $h = 1$, and nothing small is divided by.)

# %%
report = check_gradients(Scale(2.0), rng.normal(size=(2, 3, 4, 5)))
assert report.ok
report

# %%
assert check_gradients(Sequential(*layers), rng.normal(size=(4, 3))).ok  # one layer of several
print("the four layers in a row: the gradients of x and of all their weights are right")

# %% [markdown]
# ## 8. Break it on purpose
#
# A check is worth something only if it fails when it should. Here is a ReLU whose author forgot the
# second case of equation (3): every `dy` passes.


# %%
def relu_backward(dy, x):
    """Wrong: also passes where x is negative."""
    return dy.copy()


report = check_gradients((ops.relu, relu_backward), rng.normal(size=(2, 3)))
assert not report.ok
report

# %% [markdown]
# The report says *that* it is wrong and where. For the functions that are the exercises of these
# lessons, `check_exercise` also says *what* is wrong, if it can. It tries the function on a series
# of **cases**: first one so small that it can be done by hand, then larger ones, each with one
# thing that is new. It stops at the first that fails and shows it.

# %%
report = check_exercise("relu_backward", relu_backward)
assert not report.ok
report

# %% [markdown]
# ## 9. Exercises
#
# Get your own copy of all exercises, once:
#
#     nn-scratch exercise start
#
# Then write `relu` and `linear`, forward and backward, in the files `01_relu.py` and
# `02_linear.py` of the new folder, and ask whether they are right:
#
#     nn-scratch exercise 01
#     nn-scratch exercise 02
#
# If you are stuck, `nn-scratch exercise 01 --hint` helps a little. If a linear layer is wrong, the
# screen also shows two numbers under the name *adjoint*, which should be equal: that is a second
# test, and lesson 01 explains it. (The $J$ on that screen is the matrix of all $\partial
# y_j/\partial x_i$.)
#
# ## Remember
#
# - Images are arrays in the order NCHW: images, channels, height, width.
# - A layer's backward pass gets `dy`, returns `dx`, and adds to its weights' gradients: equation
#   (1) and nothing else.
# - Never trust a backward pass that no check has seen. Moving a number a little, equation (6),
#   needs no derivation.
#
# **What is missing?** You can check any layer now. The next is the heart of them all: a few numbers
# that slide over an image.
#
# ## Read on
#
# - A. G. Baydin et al., [Automatic differentiation in machine learning: a
#   survey](https://arxiv.org/abs/1502.05767): what frameworks do, and we do by hand
#
# [all lessons](README.md)
# · [01 Convolution](01_convolution.ipynb) →
