import numpy as np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def max_pool2d(x, kernel_size, *, stride, padding):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size), pair(stride), pair(padding)
    n, c, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    rows, columns = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    y, switches = np.empty((n, c, rows, columns)), np.empty((n, c, rows, columns), int)
    for p in range(rows):
        for q in range(columns):
            top, left = p * sh, q * sw
            window = padded[:, :, top : top + kh, left : left + kw].reshape(n, c, kh * kw)
            place = window.argmax(axis=2)
            y[:, :, p, q] = window.max(axis=2)
            switches[:, :, p, q] = (top - ph + place // kw) * width + left - pw + place % kw
    return y, switches


def max_pool2d_backward(dy, switches, input_size):
    height, width = input_size
    n, c = dy.shape[:2]
    dx = np.zeros((n, c, height * width))
    for place in np.ndindex(*dy.shape):
        dx[place[0], place[1], switches[place]] += dy[place]
    return dx.reshape(n, c, height, width)
