import numpy as np


def to_corners(boxes):
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def from_corners(corners):
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def iou(a, b):
    corners_a, corners_b = to_corners(a), to_corners(b)
    start = np.maximum(corners_a[:, :2], corners_b[:, :2])
    end = np.minimum(corners_a[:, 2:], corners_b[:, 2:])
    shared = np.maximum(end - start, 0).prod(axis=1)
    return shared / (a[:, 2:].prod(axis=1) + b[:, 2:].prod(axis=1) - shared)
