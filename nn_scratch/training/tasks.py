"""What a net is trained for: the loss of a batch, its gradients, and the metrics of a data set."""

import numpy as np

from nn_scratch import ops
from nn_scratch.backend import to_device, to_host, xp_of
from nn_scratch.evaluation import boxes as box_tools
from nn_scratch.evaluation import segmentation
from nn_scratch.evaluation.boundary import image_boundary_f1
from nn_scratch.ops.loss import check_labels
from nn_scratch.training.distributed import ALONE

BOX_LOSSES = {
    "l2": (ops.mse_loss, ops.mse_loss_backward),
    "smooth_l1": (ops.smooth_l1_loss, ops.smooth_l1_loss_backward),
}


class Segmentation:
    """One class for each pixel. Batches are NumPy arrays (images, label maps).

    class_weights (num_classes,) weigh the classes in the loss; labels equal to `ignore_index` do
    not count, in the loss and in the segmentation.
    """

    metrics = (
        "mean_iou",
        "boundary_f1",
        "class_average_accuracy",
        "global_accuracy",
        "class_iou",
    )
    best = "mean_iou"  # the metric by which one epoch's net is better than another's

    def __init__(self, num_classes, *, class_weights=None, ignore_index=None):
        self.num_classes = num_classes
        self.class_weights = class_weights
        self.ignore_index = ignore_index

    def step(self, net, batch, ranks=ALONE):
        """Forward, loss, backward: the gradients are added to net.grads. Returns the losses.

        The batch is moved to where the net is. There the losses are left, as arrays without
        dimensions: on a GPU the host does not wait for anything in here, unless there are several
        ranks. Labels are checked before they are moved.

        With several ranks, `batch` is this rank's part, the losses are the whole batch's, and the
        gradients this rank's part of the whole batch's.
        """
        check_labels(batch[1], self.num_classes, self.ignore_index)
        share = ranks.share(lambda: self._weight_of(batch[1]))
        images, labels = _moved(batch, net.device)
        scores = net(images)
        weight = self.class_weights
        if weight is not None:
            weight = xp_of(scores).asarray(weight, scores.dtype)
        options = {"weight": weight, "ignore_index": self.ignore_index, "checked": True}
        if share:
            loss = share * ops.cross_entropy(scores, labels, **options)
            gradient = ops.cross_entropy_backward(scores, labels, **options)
            gradient *= share
        else:
            loss, gradient = 0.0, xp_of(scores).zeros_like(scores)
        _backward(net, gradient)
        right = (scores.argmax(axis=1) == labels).sum()
        loss, right, count = _summed(ranks, scores, loss, right, labels.size)
        return {"loss": loss, "accuracy": right / count}

    def _weight_of(self, labels):
        """What the labels count in the mean, Σ w[y]."""
        labels = labels if self.ignore_index is None else labels[labels != self.ignore_index]
        if self.class_weights is None:
            return labels.size
        return np.asarray(to_host(self.class_weights))[labels].sum()

    def evaluate(self, net, batches, ranks=ALONE):
        """mean_iou, boundary_f1, class_average_accuracy, global_accuracy and class_iou over all
        batches."""
        confusion = np.zeros((self.num_classes, self.num_classes), np.int64)
        edges = np.zeros(2)  # the sum of the images' boundary F1, and how many have a boundary
        for images, labels in batches:
            found = net(to_device(images, net.device)).argmax(axis=1)
            pair = labels, to_host(found)
            confusion += segmentation.confusion_matrix(*pair, self.num_classes, self.ignore_index)
            scores = image_boundary_f1(*pair, self.num_classes, self.ignore_index)
            edges += np.nansum(scores), np.count_nonzero(~np.isnan(scores))
        confusion, edges = ranks.all_sum(confusion), ranks.all_sum(edges)
        return {
            "mean_iou": segmentation.mean_iou(confusion),
            "boundary_f1": float(edges[0] / edges[1]) if edges[1] else float("nan"),
            "class_average_accuracy": segmentation.class_average_accuracy(confusion),
            "global_accuracy": segmentation.global_accuracy(confusion),
            "class_iou": segmentation.class_iou(confusion).tolist(),
        }


class Localization:
    """One class and one box for each image. Batches are NumPy arrays (images, labels, boxes in
    pixels).

    The loss is the softmax cross-entropy plus `box_weight` (λ) times the box loss, "l2" or
    "smooth_l1", of boxes as fractions of the image. A net may give one box, (N, 4), or one for
    each class, (N, K, 4): then the true class's box is trained, and the likeliest class's counts.
    """

    metrics = ("class_accuracy", "mean_box_iou", "success")
    best = "mean_box_iou"

    def __init__(self, *, box_weight=10.0, box_loss="l2"):
        if box_loss not in BOX_LOSSES:
            raise ValueError(f"box_loss={box_loss!r}, but must be one of {sorted(BOX_LOSSES)}")
        self.box_weight = box_weight
        self.box_loss, self.box_loss_backward = BOX_LOSSES[box_loss]

    def step(self, net, batch, ranks=ALONE):
        """Forward, both losses, backward: the gradients are added to net.grads. Ranks as above."""
        images, labels, true_boxes = _moved(batch, net.device)
        target = box_tools.to_fractions(true_boxes, images.shape[2:])
        scores, boxes = net(images)
        check_labels(batch[1], scores.shape[1])
        share = ranks.share(lambda: len(images))
        class_loss = box_loss = 0.0
        dscores, dboxes = (xp_of(a).zeros_like(a) for a in (scores, boxes))
        if share:
            chosen = box_of_class(boxes, labels)
            class_loss = share * ops.cross_entropy(scores, labels, checked=True)
            box_loss = share * self.box_loss(boxes[chosen], target)
            dscores = share * ops.cross_entropy_backward(scores, labels, checked=True)
            dboxes[chosen] = share * self.box_weight * self.box_loss_backward(boxes[chosen], target)
        _backward(net, (dscores, dboxes))
        right = (scores.argmax(axis=1) == labels).sum()
        sums = _summed(ranks, scores, class_loss, box_loss, right, len(images))
        class_loss, box_loss, right, count = sums
        return {
            "loss": class_loss + self.box_weight * box_loss,
            "class_loss": class_loss,
            "box_loss": box_loss,
            "accuracy": right / count,
        }

    def evaluate(self, net, batches, ranks=ALONE):
        """class_accuracy, mean_box_iou and success (share of boxes with IoU ≥ 0.5)."""
        right, ious = [], []
        for images, labels, boxes in batches:
            scores, found = net(to_device(images, net.device))
            likeliest = scores.argmax(axis=1)
            right.append(to_host(likeliest) == labels)
            pixels = box_tools.to_pixels(found[box_of_class(found, likeliest)], images.shape[2:])
            ious.append(box_tools.box_iou(to_host(pixels), boxes))
        right, ious = (
            np.concatenate(ranks.all_gather(np.concatenate(parts))) for parts in (right, ious)
        )
        return {
            "class_accuracy": float(right.mean()),
            "mean_box_iou": float(ious.mean()),
            "success": box_tools.success_rate(ious),
        }


def box_of_class(boxes, classes):
    """The index of one box for each image: all of boxes (N, 4), or those of the classes (N,) of
    boxes (N, K, 4)."""
    return np.s_[:] if boxes.ndim == 2 else (xp_of(boxes).arange(len(boxes)), classes)


def _moved(batch, device):
    """The arrays of a batch on a device."""
    return tuple(to_device(part, device) for part in batch)


def _summed(ranks, like, *numbers):
    """Numbers or 0-d arrays, each summed over the ranks; on the device of `like`."""
    xp = xp_of(like)
    return ranks.all_sum(xp.stack([xp.asarray(number, np.float64) for number in numbers]))


def _backward(net, gradients):
    """Backward through the net, without the gradient in the images, which nobody needs."""
    before, net.need_dx = net.need_dx, False
    try:
        net.backward(gradients)
    finally:
        net.need_dx = before
