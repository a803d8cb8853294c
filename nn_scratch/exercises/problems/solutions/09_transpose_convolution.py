import numpy as np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def conv_transpose2d(x, w, b, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    n, _, height, width = x.shape
    f, kh, kw = w.shape[1:]
    canvas = np.zeros((n, f, (height - 1) * sh + kh, (width - 1) * sw + kw))
    for h in range(height):
        for v in range(width):
            painting = np.tensordot(x[:, :, h, v], w, axes=1)
            canvas[:, :, h * sh : h * sh + kh, v * sw : v * sw + kw] += painting
    y = canvas[:, :, ph : canvas.shape[2] - ph, pw : canvas.shape[3] - pw]
    return y + b[:, None, None]


def conv_transpose2d_backward(dy, x, w, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    kh, kw = w.shape[2:]
    canvas = np.pad(dy, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dx, dw = np.empty_like(x), np.zeros_like(w)
    for h in range(x.shape[2]):
        for v in range(x.shape[3]):
            window = canvas[:, :, h * sh : h * sh + kh, v * sw : v * sw + kw]
            dx[:, :, h, v] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3)))
            dw += np.tensordot(x[:, :, h, v].T, window, axes=1)
    return dx, dw, dy.sum(axis=(0, 2, 3))
