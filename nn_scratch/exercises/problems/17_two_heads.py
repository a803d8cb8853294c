"""17 Two heads on the same features (lesson 10)

    scores = features · class_weightᵀ        boxes = features · box_weightᵀ

(without biases). The gradients dscores and dboxes come back from the two
losses. What do the features get, which feed both heads, and what do the two
weights get?

By hand: one image with one feature, 2; class_weight = 3, box_weight = 1 0 0 0
(as a column); dscores = 5, dboxes = 7 0 0 0. Then dfeatures = 5·3 + 7·1 = 22.
"""

import numpy as np


def two_heads_backward(dscores, dboxes, features, class_weight, box_weight):
    """dscores (N, K), dboxes (N, 4), features (N, F), class_weight (K, F),
    box_weight (4, F)
    -> dfeatures, dclass_weight, dbox_weight."""
    raise NotImplementedError
