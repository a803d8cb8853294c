def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def nearest_unpool2d(x, scale):
    sh, sw = pair(scale)
    return x.repeat(sh, axis=2).repeat(sw, axis=3)


def nearest_unpool2d_backward(dy, scale):
    sh, sw = pair(scale)
    n, c, height, width = dy.shape
    return dy.reshape(n, c, height // sh, sh, width // sw, sw).sum(axis=(3, 5))
