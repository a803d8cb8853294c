def linear(x, w, b):
    return x @ w.T + b


def linear_backward(dy, x, w):
    return dy @ w, dy.T @ x, dy.sum(axis=0)
