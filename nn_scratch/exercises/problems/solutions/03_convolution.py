import numpy as np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def padded(x, ph, pw):
    return np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))


def conv2d(x, w, b, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    x = padded(x, ph, pw)
    kh, kw = w.shape[2:]
    rows, columns = (x.shape[2] - kh) // sh + 1, (x.shape[3] - kw) // sw + 1
    y = np.empty((len(x), len(w), rows, columns))
    for p in range(rows):
        for q in range(columns):
            window = x[:, :, p * sh : p * sh + kh, q * sw : q * sw + kw]
            y[:, :, p, q] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return y


def conv2d_backward(dy, x, w, *, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    height, width = x.shape[2:]
    x = padded(x, ph, pw)
    kh, kw = w.shape[2:]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for p in range(dy.shape[2]):
        for q in range(dy.shape[3]):
            window = np.s_[:, :, p * sh : p * sh + kh, q * sw : q * sw + kw]
            g = dy[:, :, p, q]
            dx[window] += np.tensordot(g, w, axes=1)
            dw += np.tensordot(g.T, x[window], axes=1)
    return dx[:, :, ph : ph + height, pw : pw + width], dw, dy.sum(axis=(0, 2, 3))
