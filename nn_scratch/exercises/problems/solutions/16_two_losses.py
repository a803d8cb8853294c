import numpy as np


def two_losses_backward(scores, boxes, labels, targets, *, box_weight):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = powers / powers.sum(axis=1, keepdims=True)
    dscores[np.arange(len(labels)), labels] -= 1
    return dscores / len(labels), box_weight * 2 * (boxes - targets) / boxes.size
