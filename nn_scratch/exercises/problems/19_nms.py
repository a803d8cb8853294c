"""19 Non-maximum suppression (lesson 11)

A detector finds one object many times: its boxes overlap. Greedy non-maximum
suppression keeps the box of the highest score, removes all boxes whose IoU with
it is larger than a threshold, and goes on with the best that is left, until
none is.

A box is (x, y, w, h): its top left corner, its width and its height.

By hand: the boxes (0, 0, 4, 4), (2, 0, 4, 4) and (5, 0, 4, 4) with the scores
0.6, 0.9 and 0.7. The second is best. The first shares 1/3 of the union with it,
the third 4/28 = 1/7. With a threshold of 0.3 the first goes, and [1, 2] is
kept; with 0.1 only [1] is.
"""

import numpy as np


def nms(boxes, scores, iou_threshold):
    """boxes (N, 4), scores (N,) -> the numbers of the boxes kept, best first.

    Of boxes of equal scores the one with the lower number comes first.
    """
    raise NotImplementedError
