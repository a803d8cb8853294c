"""The right results of exercises that are not a single op: loops, which use those of `naive`."""

from math import sqrt

import numpy as np

from nn_scratch import naive


def two_losses_backward(scores, boxes, labels, targets, *, box_weight):
    """Gradients of L = cross_entropy(scores, labels) + box_weight · mse_loss(boxes, targets)."""
    dboxes = box_weight * naive.mse_loss_backward(boxes, targets)
    return naive.cross_entropy_backward(scores, labels), dboxes


def two_heads_backward(dscores, dboxes, features, class_weight, box_weight):
    """The gradients of scores = features · class_weightᵀ and boxes = features · box_weightᵀ."""
    from_class, dclass_weight, _ = naive.linear_backward(dscores, features, class_weight)
    from_boxes, dbox_weight, _ = naive.linear_backward(dboxes, features, box_weight)
    return from_class + from_boxes, dclass_weight, dbox_weight


# ---------------------------------------------------------------- optimizers


def sgd_step(w, dw, velocity, *, lr, momentum):
    """One step of stochastic gradient descent, number by number -> w, velocity."""
    new_w, new_velocity = np.zeros_like(w), np.zeros_like(w)
    for place in np.ndindex(w.shape):
        new_velocity[place] = momentum * velocity[place] + dw[place]
        new_w[place] = w[place] - lr * new_velocity[place]
    return new_w, new_velocity


def adam_step(w, dw, mean, square, step, *, lr):
    """One step of Adam (Kingma & Ba 2015, algorithm 1), number by number -> w, mean, square."""
    new_w, new_mean, new_square = (np.zeros_like(w) for _ in range(3))
    for place in np.ndindex(w.shape):
        m = new_mean[place] = 0.9 * mean[place] + 0.1 * dw[place]
        s = new_square[place] = 0.999 * square[place] + 0.001 * dw[place] ** 2
        root = sqrt(s / (1 - 0.999**step)) + 1e-8
        new_w[place] = w[place] - lr * m / (1 - 0.9**step) / root
    return new_w, new_mean, new_square


# ---------------------------------------------------------------- boxes


def to_corners(boxes):
    """Boxes (N, 4) as (x, y, w, h) -> (x1, y1, x2, y2)."""
    return np.array([[x, y, x + w, y + h] for x, y, w, h in boxes])


def from_corners(corners):
    """Boxes (N, 4) as (x1, y1, x2, y2) -> (x, y, w, h)."""
    return np.array([[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in corners])


def iou(a, b):
    """The intersection over union of each pair of boxes (x, y, w, h) -> (N,)."""
    found = np.zeros(len(a))
    for n, ((ax, ay, aw, ah), (bx, by, bw, bh)) in enumerate(zip(a, b, strict=True)):
        width = max(min(ax + aw, bx + bw) - max(ax, bx), 0.0)
        height = max(min(ay + ah, by + bh) - max(ay, by), 0.0)
        shared = width * height
        found[n] = shared / (aw * ah + bw * bh - shared)
    return found


def nms(boxes, scores, iou_threshold):
    """Greedy non-maximum suppression, pair by pair -> the indices of the boxes that are kept."""
    kept = []
    for n in sorted(range(len(scores)), key=lambda n: -scores[n]):  # sorted() keeps equal ones
        if all(iou(boxes[[n]], boxes[[m]])[0] <= iou_threshold for m in kept):
            kept.append(n)
    return np.array(kept, np.int64)
