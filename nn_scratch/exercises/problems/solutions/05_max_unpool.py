import numpy as np


def max_unpool2d(x, switches, output_size):
    height, width = output_size
    n, c = x.shape[:2]
    y = np.zeros((n, c, height * width))
    for place in np.ndindex(*x.shape):
        y[place[0], place[1], switches[place]] += x[place]
    return y.reshape(n, c, height, width)


def max_unpool2d_backward(dy, switches):
    n, c = dy.shape[:2]
    rows = dy.reshape(n, c, -1)
    return np.take_along_axis(rows, switches.reshape(n, c, -1), axis=2).reshape(switches.shape)
