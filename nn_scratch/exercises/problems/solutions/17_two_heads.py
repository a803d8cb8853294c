def two_heads_backward(dscores, dboxes, features, class_weight, box_weight):
    dfeatures = dscores @ class_weight + dboxes @ box_weight
    return dfeatures, dscores.T @ features, dboxes.T @ features
