# %% [markdown]
# # 01 · Convolution
#
# **The question:** a convolution slides a small window over an image. What exactly does it compute,
# and when the loss wants its output to change, which way must the image and the kernel change?
#
# You need: lesson 00. About 45 minutes. At the end you can write a convolution and both of its
# gradients, and you can prove to yourself that they are right.
#
# *You are here:* start [00](00_start_here.ipynb) · down **01** [02](02_max_pooling.ipynb) · up
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
    from nn_scratch import naive, ops
    from nn_scratch.check import as_matrix, check_adjoint, check_gradients
    from nn_scratch.data import DigitSegmentation
    from nn_scratch.data.coins import load_coins
    from nn_scratch.plotting import plot_arrays, plot_filtered, plot_images, plot_signed
except ImportError:
    raise SystemExit("Install the library first: in its checkout, run  pip install -e .") from None

# %% [markdown]
# Nine numbers, and what they do to a picture. Such a square of numbers is called a **kernel**. The
# blur takes the mean of a pixel and its eight neighbours. The other two, named after Sobel,
# subtract one side of a pixel from the other: they are silent where the image is uniform, and
# answer at an edge, in orange where it gets lighter (to the right, or downwards), in blue where it
# gets darker. Behind the blue boxes of lesson 00's picture are thousands of such squares, of 5×5
# numbers, all of them learned. This lesson is about the one operation behind all of them, forwards
# and backwards.

# %%
scene, _ = DigitSegmentation("test", 64).sample(epoch=0, index=33)
vertical = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)  # Sobel's kernel
blur = np.full((3, 3), 1 / 9, np.float32)
plot_filtered(scene, {"blur": blur, "vertical edges": vertical, "horizontal edges": vertical.T})

# %% [markdown]
# **Predict:** what does a kernel do that has a single 1, in the middle of its right column, and
# zeros elsewhere? Add it to the cell, and run it again. (In each place it answers what stands one
# pixel to the right. So the image moves to the left.)
#
# ## 1. By hand
#
# An image of 3×3 pixels and a kernel of 2×2 weights. Put the kernel on the top left corner of the
# image, multiply each weight by the pixel under it, add the four products: that is one output
# pixel. Then move the kernel one pixel to the right, and so on, row by row.

# %%
image = np.array([[1.0, 2, 0], [0, 1, 3], [2, 0, 1]])
kernel = np.array([[1.0, -1], [2, 0]])
plot_arrays({"image x": image, "kernel w": kernel})

# %% [markdown]
# The first output pixel, by hand: $1·1 + 2·(-1) + 0·2 + 1·0 = -1$.
#
# **Predict** before you run the next cell: how many output pixels are there, and what is the last
# one, at the bottom right? Write your answers down.

# %%
# The library's arrays are always (images, channels, height, width): one image, one channel.
x = image[None, None]
w = kernel[None, None]
y = ops.conv2d(x, w)

assert y.shape[2:] == (2, 2)  # the kernel fits at two places along each axis
assert y[0, 0, -1, -1] == 1 * 1 + 3 * -1 + 0 * 2 + 1 * 0
plot_arrays({"image x": image, "kernel w": kernel, "output y": y[0, 0]})

# %% [markdown]
# All four windows, with their products before they are added:
#
# ![The window moves over the image; its products with the kernel are shown, and their sum is an
# output pixel](images/convolution.gif)
#
# ## 2. As loops
#
# The definition, for one image and one channel. Output pixel $(p, q)$ is
#
# $$y_{pq} = \sum_{i,j} x_{p+i,\;q+j}\; w_{ij} \tag{1}$$
#
# (In signal processing this is called *cross-correlation*, and a convolution has the kernel turned
# by 180°. The weights are learned, so the difference is only a name; deep learning says
# convolution.)


# %%
def convolve(x, w):
    """Equation (1) for one image and one channel, one number at a time."""
    height, width = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    y = np.zeros((height, width))
    for p in range(height):
        for q in range(width):
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    y[p, q] += x[p + i, q + j] * w[i, j]
    return y


assert np.array_equal(convolve(image, kernel), y[0, 0])

# %% [markdown]
# Real images have several channels. Then a kernel has a plane of weights for each, every plane
# slides over its own channel, and what they answer is added up. So the first pixel here is
# $(1 - 2) + 2 = 1$:

# %%
planes, kernel_planes = np.stack([image, image[::-1]]), np.stack([kernel, kernel.T])
added = ops.conv2d(planes[None], kernel_planes[None])[0, 0]
assert added[0, 0] == (1 - 2 + 0 + 0) + (2 + 0 + 0 + 0)
shown = {
    f"{what}, channel {c}": a[c]
    for c in (0, 1)
    for what, a in (("x", planes), ("w", kernel_planes))
}
plot_arrays({**shown, "y": added}, columns=5, cell=0.36)

# %% [markdown]
# What one kernel answers, everywhere, is an image again. It is called a **map**. A layer has
# several such kernels, and makes a map, an output channel, with each. Often there is also a
# **bias**: one number for each output channel, added to all of its pixels. So for image $n$ of a
# batch, input channels $c$ and output channel $f$:
#
# $$y_{nfpq} = b_f + \sum_{c,i,j} x_{n,c,\;p+i,\;q+j}\; w_{fcij}$$
#
# And there are two more numbers. Without them a 3×3 kernel takes a pixel off each side of the image
# in every layer, and a pixel in the corner lies in one window only, one in the middle in nine. So
# zeros are put around the image, the **padding**. With $(k - 1)/2$ rows of them on each side of it
# an image keeps its size under a kernel of side $k$, so most kernels have an odd side. The
# **stride** $s$ says how far the window moves: with 2, the output is about half as high and half as
# wide. Here are both, a padding of 1 and a stride of 2 (dashed: the image):
#
# ![The window moves by two pixels over an image with a border of zeros](images/stride.gif)
#
# `nn_scratch.naive` has all of that, still as loops; `ops` is the same, fast. (A kernel of 1×1 is a
# kernel too: it mixes the channels of each pixel and looks at no neighbour.)

# %%
rng = np.random.default_rng(0)
batch = rng.integers(-3, 4, (2, 3, 7, 6)).astype(float)  # 2 images, 3 channels, 7×6 pixels
weights = rng.integers(-3, 4, (4, 3, 3, 2)).astype(float)  # 4 kernels of 3 channels, 3×2
options = {"stride": 2, "padding": 1}

slow = naive.conv2d(batch, weights, **options)
fast = ops.conv2d(batch, weights, **options)
assert np.array_equal(slow, fast)
print("x", batch.shape, " w", weights.shape, options)

# %% [markdown]
# The output's height follows from counting where the kernel fits. With $\text{pad}$ rows of zeros
# above the image and as many below ($\lfloor\ \rfloor$ rounds down):
#
# $$P = \left\lfloor \frac{H + 2\,\text{pad} - k}{s} \right\rfloor + 1 \tag{2}$$
#
# Here $H = 7$, $\text{pad} = 1$, the kernel is $k = 3$ high and the stride is 2. **Predict** $P$,
# and predict the width too: it is 6 pixels, and the kernel 2 wide.

# %%
assert fast.shape[2:] == ((7 + 2 - 3) // 2 + 1, (6 + 2 - 2) // 2 + 1)
print("output size", fast.shape[2:])

# %% [markdown]
# ### A riddle
#
# Kernels can be read. Here are three, and below them what they made of a photograph of coins.
# **Predict** which kernel made which picture. (Is the sum of its weights 0, or 1? Which side is
# positive? One has a bias of 0.5, so that its zeros are shown as grey. What is below 0 is black,
# what is above 1 white.) The code is folded: it knows the answer.

# %% tags=["hide-input"]
photograph, _ = load_coins()
coin = photograph[None, None, :96, :110]
kernels = {
    "1": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32),
    "2": np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], np.float32),
    "3": np.eye(5, dtype=np.float32) / 5,
}
plot_arrays({f"kernel {number}": w for number, w in kernels.items()}, shared=False)

# %% tags=["hide-input"]
pictures = {"photograph": coin[0]}
for letter, number, bias in (("A", "2", 0.5), ("B", "3", 0), ("C", "1", 0)):
    seen = ops.conv2d(coin, kernels[number][None, None], np.array([bias], np.float32))
    pictures[letter] = np.clip(seen[0], 0, 1)
plot_images(pictures, size=1.8)

# %% [markdown]
# A is kernel 2: its sum is 0, so a uniform background becomes grey, and it answers where the image
# gets lighter or darker towards the lower right corner, like light that falls on a relief. B is
# kernel 3, the mean of five pixels along a diagonal: it smears. C is kernel 1, which sharpens: it
# takes five times a pixel and subtracts its four neighbours, so that a uniform background stays as
# it was (5 − 4 = 1), and a pixel that differs from its neighbours differs more.

# %% [markdown]
# ## 3. As one big matrix
#
# Every output pixel is a sum of input pixels times fixed numbers. So the convolution is **linear**
# in $x$, and a linear map is a matrix. `as_matrix` finds it by feeding one unit pixel after the
# other. Rows are output pixels, columns are input pixels, both numbered row by row, as they are
# read.

# %%
A = as_matrix(lambda x: ops.conv2d(x, w), (1, 1, 3, 3))
assert np.array_equal(A @ image.ravel(), y.ravel())
plot_arrays({"A: each row holds the kernel, moved along": A})

# %% [markdown]
# Two things to see. The matrix is **mostly zeros**: an output pixel looks at its window only, so
# five of nine numbers in a row are zero whatever the kernel (here one more, as $w_{11} = 0$). And
# it holds **few different numbers**, because every row is the same kernel. How big would it be for
# a real image?

# %%
outside = np.mean(as_matrix(lambda x: ops.conv2d(x, np.ones_like(w)), (1, 1, 3, 3)) == 0)
assert np.all(np.sum(A == 0, axis=1) == 6) and outside == 5 / 9
entries = (62 * 62) * (64 * 64)
print(f"zeros, whatever the kernel: {outside:.0%}")
print(f"a 64×64 image under a 3×3 kernel: {entries / 1e6:.0f} million entries, 9 weights")

# %% [markdown]
# A linear layer from lesson 00 between the same images would have to learn all those millions of
# numbers, and would learn for each place anew what an edge is. The convolution treats all places
# alike. **Predict:** if the image moves down by three pixels, what happens to the output?

# %%
lower = np.roll(scene, 3, axis=1)  # the last three rows come in again at the top
before, after = (ops.conv2d(x[None], vertical[None, None])[0, 0] for x in (scene, lower))
assert np.allclose(after[3:], before[:-3], atol=1e-5)
plot_signed({"vertical edges": before, "of the image three pixels lower": after})

# %% [markdown]
# It moves down by three pixels as well. But for the three rows at the top, where other pixels came
# in, nothing else changes: what a kernel learns in one place, it knows in all.

# %% [markdown]
# ## 4. As one matrix product
#
# Nobody builds that matrix. The fast way is the other way round: copy every *window* of the image
# into a column, and multiply all columns by the kernel at once. The copy is called **im2col**.

# %%
columns = np.stack(
    [image[p : p + 2, q : q + 2].ravel() for p in range(2) for q in range(2)], axis=1
)
product = kernel.ravel() @ columns
assert np.array_equal(product, y.ravel())
plot_arrays(
    {"w as a row": kernel.reshape(1, -1), "· windows as columns": columns, "= y": product[None]}
)

# %% [markdown]
# More memory, since pixels are copied once for each window that they lie in, but now all the work
# is one matrix product. Lesson 12 measures how much faster that is.

# %% [markdown]
# ## 5. The gradients, from one form
#
# The loss $L$ is some number that depends on $y$. Let $g = \partial L / \partial y$ say how fast it
# grows with each output pixel; in code this is `dy`. How fast does it grow with each pixel of the
# image? The chain rule of lesson 00 says: add up over all output pixels that looked at it, each $g$
# times the weight that it looked with.
#
# **Predict:** the pixel in the middle of the image lies in all four windows. What is its gradient?
# Window $(0,0)$ looks at it with weight $w_{11}$, window $(0,1)$ with $w_{10}$, window $(1,0)$ with
# $w_{01}$ and window $(1,1)$ with $w_{00}$.

# %%
g = np.array([[1.0, 3], [2, -1]])
plot_arrays({"g = dy": g, "kernel w": kernel})

# %% [markdown]
# The same for all pixels at once: each output pixel lays the kernel, times its $g$, back on the
# window that it looked at. Where windows overlap, the copies add up.

# %%
shares = {}
for p, q in np.ndindex(g.shape):
    share = np.full_like(image, np.nan)  # empty where this window does not look
    share[p : p + 2, q : q + 2] = g[p, q] * kernel
    shares[f"from window ({p}, {q})"] = share
dx = np.nansum([*shares.values()], axis=0)
assert dx[1, 1] == 1 * 0 + 3 * 2 + 2 * -1 + -1 * 1
plot_arrays({**shares, "their sum: dx": dx}, columns=5)

# %% [markdown]
# And the gradient of the kernel? It could be found in the same way. But there is a form from which
# all comes at once. A small change of $y$ changes the loss by $\sum g\,\Delta y$, which is also
# what it changes $\sum g\,y$ by, if $g$ is held fixed. So for gradients the sum can stand for the
# loss. Put equation (1) into it, and you get a number that depends on three arrays:
#
# $$T(x, w, g) = \sum_{p,q,i,j} x_{p+i,\;q+j}\; w_{ij}\; g_{pq} \tag{3}$$
#
# It is **linear in each of the three**. So "the derivative with respect to one of them" just means
# *leave that one out*, and collect what it was multiplied by:
#
# $$\text{leave out } g:\quad y_{pq} = \sum_{ij} x_{p+i,\,q+j}\, w_{ij}
# \qquad\text{the convolution} \tag{4}$$
# $$\text{leave out } w:\quad \frac{\partial L}{\partial w_{ij}} = \sum_{pq} x_{p+i,\,q+j}\, g_{pq}
# \qquad\text{the weight gradient} \tag{5}$$
# $$\text{leave out } x:\quad
# \frac{\partial L}{\partial x_{uv}} = \sum_{p+i=u,\;q+j=v} w_{ij}\, g_{pq}
# \qquad\text{the input gradient} \tag{6}$$
#
# Equation (6) is the picture above: output pixel $(p, q)$ sends its $g$ back to every pixel that it
# looked at, times the weight that it looked with. **Predict** with equation (5) the first number of
# `dw`: $w_{00}$ was multiplied by four pixels of the image, one for each window. In loops, the
# three differ only in which array is written:


# %%
def three_ways(x, w, g):
    """Equations (4), (5) and (6): one loop, three sums."""
    y, dw, dx = np.zeros_like(g), np.zeros_like(w), np.zeros_like(x)
    for p in range(g.shape[0]):
        for q in range(g.shape[1]):
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    y[p, q] += x[p + i, q + j] * w[i, j]
                    dw[i, j] += x[p + i, q + j] * g[p, q]
                    dx[p + i, q + j] += w[i, j] * g[p, q]
    return y, dw, dx


y_loops, dw_loops, dx_loops = three_ways(image, kernel, g)
assert np.array_equal(dx_loops, dx) and dw_loops[0, 0] == 1 * 1 + 2 * 3 + 0 * 2 + 1 * -1
plot_arrays({"image x": image, "g = dy": g, "dw": dw_loops})

# %% [markdown]
# The number $T$ is the same whichever of the three you multiply by last. On integers this holds to
# the last digit, and it is a test that needs nothing to compare with:

# %%
T = (y_loops * g).sum()
assert T == (kernel * dw_loops).sum() == (image * dx_loops).sum()
print("T three ways:", T, (kernel * dw_loops).sum(), (image * dx_loops).sum())

# %% [markdown]
# ### With everything
#
# With a batch, channels, stride and padding the form has more indices and nothing else:
#
# $$T(x, w, g) = \sum_{n,f,p,q}\ \sum_{c,i,j} \tilde x_{n,c,\;sp+i,\;sq+j}\; w_{fcij}\; g_{nfpq}
#   \tag{7}$$
#
# where $\tilde x$ is $x$ with its zeros around it. Leave out one array, and the sums that remain
# say what is added up:
#
# - for $dw_{fcij}$ over $n, p, q$: all images, all places;
# - for $d\tilde x_{ncuv}$ over $f$, all output channels, and over all windows that see the pixel.
#
# At last cut the border off $d\tilde x$: the zeros were not part of $x$, so nobody asks for their
# gradient. (The comment below gives the shapes of two factors and of their product: the matrix
# product runs over all images at once, and sums over $f$.)

# %%
padded = np.pad(batch, ((0, 0), (0, 0), (1, 1), (1, 1)))
dy = rng.integers(-3, 4, slow.shape).astype(float)
dpadded = np.zeros_like(padded)
for p in range(dy.shape[2]):
    for q in range(dy.shape[3]):
        for i in range(3):
            for j in range(2):
                # (N, F) (F, C) -> (N, C)
                dpadded[:, :, 2 * p + i, 2 * q + j] += dy[:, :, p, q] @ weights[:, :, i, j]
dx = dpadded[:, :, 1:-1, 1:-1]  # cut the border off
assert np.array_equal(dx, ops.conv2d_backward(dy, batch, weights, **options)[0])
print("dx", dx.shape, "equals the library's")

# %% [markdown]
# ## 6. The input gradient is the transposed matrix
#
# Remember the matrix $A$ of section 3, $y = A x$. The input gradient takes $g$, an array like $y$,
# to an array like $x$. It is linear too, so it is a matrix, and it is $A$ mirrored at its diagonal:

# %%
backward = as_matrix(lambda g: ops.conv2d_backward(g, x, w)[0], (1, 1, 2, 2))
assert np.array_equal(backward, A.T)
plot_arrays({"A": A, "the input gradient as a matrix": backward})

# %% [markdown]
# That is all that backpropagation through a linear layer ever is: multiply by the transpose. It
# says $\langle A x, g\rangle = \langle x, A^{\mathsf T} g\rangle$, where $\langle a, b\rangle$ is
# the sum of all products of two arrays' numbers, and both sides are again the number $T$. The
# matrix $A^{\mathsf T}$ is called the **adjoint**; lesson 04 builds a layer of its own out of it.
#
# The same holds for layers that are not linear. Their matrix, called $J$, has the derivative
# $\partial y_j/\partial x_i$ in row $j$ and column $i$, and equation (1) of lesson 00 multiplies
# `dy` by its transpose. When the gradient of a linear exercise is wrong, the checker's screen
# shows both sides, under the name *adjoint*.

# %% [markdown]
# ## 7. Check the gradients
#
# Here is lesson 00's check on the library's own convolution, with a bias as well. (The bias reaches
# every pixel of its channel, so its gradient is the sum of their `dy`.)

# %%
report = check_gradients((ops.conv2d, ops.conv2d_backward), batch, weights, np.ones(4), **options)
assert report.ok
report

# %%
assert check_adjoint((ops.conv2d, ops.conv2d_backward), batch, weights, np.ones(4), **options).ok
print("adjoint in x, w and b: right")

# %% [markdown]
# The second check compares the two sides of section 6, with small integers, so that nothing is
# rounded: they must be *equal*.
#
# ## 8. Break it on purpose
#
# A mistake that is easily made in a hand-written input gradient: "the gradient is a convolution
# too" is true, but the kernel must be turned by 180° (look at equation (6): $w$ runs against $g$).
# Someone forgets to turn it:


# %%
def convolve_backward_wrong(dy, x, w):
    """Pads dy and convolves it with w, but forgets to turn w around."""
    k, m = w.shape[2:]
    swapped = w.swapaxes(0, 1)  # gradients flow from output channels to input channels
    dx = ops.conv2d(dy, swapped, padding=(k - 1, m - 1))
    return dx, ops.conv2d_backward(dy, x, w)[1]


def convolve_backward_right(dy, x, w):
    """The same with w turned by 180°: right for stride 1 and no padding."""
    k, m = w.shape[2:]
    swapped = w.swapaxes(0, 1)[:, :, ::-1, ::-1]
    dx = ops.conv2d(dy, swapped, padding=(k - 1, m - 1))
    return dx, ops.conv2d_backward(dy, x, w)[1]


report = check_gradients((ops.conv2d, convolve_backward_wrong), batch, weights)
assert not report.ok
report

# %% [markdown]
# The gradient of `w` is right, that of `x` is not. On the numbers of section 5 you can see why. The
# first pixel was seen by one window only, with the weight $w_{00} = 1$. The wrong one takes $w_{11}
# = 0$ for it.

# %%
wrong, _ = convolve_backward_wrong(g[None, None], x, w)
plot_arrays({"g = dy": g, "kernel w": kernel, "right dx": dx_loops, "wrong dx": wrong[0, 0]})

# %% [markdown]
# Turn the kernel, and all is well:

# %%
report = check_gradients((ops.conv2d, convolve_backward_right), batch, weights)
assert report.ok
print(
    f"{len(report.rows)} gradients right, largest error {max(row.error for row in report.rows):.0e}"
)

# %% [markdown]
# **A trap:** with a kernel that looks the same when turned, the mistake does not show. This is why
# checks use kernels that are not symmetric, images that are not square, and different numbers of
# input and output channels. Against one such kernel `check_gradients` has a guard: an array whose
# numbers are all equal it moves a little, each number by another amount, and asks once more. At the
# ones that it is given here, everything looks right. **Predict:** does the guard also help with a
# kernel that is symmetric, but not constant?

# %%
report = check_gradients((ops.conv2d, convolve_backward_wrong), batch, np.ones_like(weights))
assert report.rows[0].ok and not report.ok
report

# %%
symmetric = weights + weights[:, :, ::-1, ::-1]  # the same when turned by 180°
report = check_gradients((ops.conv2d, convolve_backward_wrong), batch, symmetric)
assert report.ok  # although the function is wrong
report

# %% [markdown]
# It does not: the wrong function passes. What you give a check decides what it can see.
#
# ## 9. Exercise
#
# Write `conv2d` and its three gradients with loops, with bias, stride and padding: equation (7) and
# what it says when you leave out one array (the file is in the folder that `nn-scratch exercise
# start` makes):
#
#     nn-scratch exercise 03
#
# ## Remember
#
# - A convolution multiplies each window by the kernel and adds; as a matrix it is mostly zeros, and
#   every row holds the same few numbers.
# - One form, $T(x, w, g)$, with one array left out in turn: the convolution and its two gradients.
# - The input gradient is the transposed matrix. Check it with $\langle A x, g\rangle =
#   \langle x, A^{\mathsf T} g\rangle$, with sizes that all differ and a kernel that is not
#   symmetric: equal ones hide mistakes.
#
# **What is missing?** A kernel of nine numbers sees nine pixels. A second layer behind it sees
# more, but only two pixels more along each axis. In a smaller image each step reaches further:
# lesson 02 shrinks it.
#
# ## Read on
#
# - V. Dumoulin and F. Visin, [A guide to convolution arithmetic for deep
#   learning](https://arxiv.org/abs/1603.07285): every size, drawn
#
# ← [00 Start here](00_start_here.ipynb)
# · [all lessons](README.md)
# · [02 Max-pooling and its switches](02_max_pooling.ipynb) →
