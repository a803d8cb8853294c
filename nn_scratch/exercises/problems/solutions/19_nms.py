import numpy as np


def iou_with(box, others):
    start = np.maximum(box[:2], others[:, :2])
    end = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.maximum(end - start, 0).prod(axis=1)
    return shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)


def nms(boxes, scores, iou_threshold):
    kept = []
    for n in np.argsort(-scores, kind="stable"):
        if np.all(iou_with(boxes[n], boxes[kept]) <= iou_threshold):
            kept.append(n)
    return np.array(kept, int)
