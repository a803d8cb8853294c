import numpy as np


def iou_with(box, others):
    start = np.maximum(box[:2], others[:, :2])
    end = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.maximum(end - start, 0).prod(axis=1)
    return shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)


def nms(boxes, scores, iou_threshold):
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[iou_with(boxes[best], boxes[left]) <= iou_threshold]
    return np.array(kept, int)
