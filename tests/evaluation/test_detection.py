"""Non-maximum suppression and average precision: by hand, and as pycocotools has it."""

import contextlib
import io

import numpy as np
import pytest

from nn_scratch.evaluation import (
    Detections,
    Objects,
    area_under,
    average_precision,
    iou_matrix,
    match,
    nms,
    precision_recall,
)
from nn_scratch.evaluation.boxes import box_iou

# ---------------------------------------------------------------- overlaps


def test_every_box_with_every_other():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-2, 9, (7, 4)), rng.uniform(-2, 9, (5, 4))
    a[2], b[3, 0] = 0, np.nan
    for i, row in enumerate(iou_matrix(a, b)):
        np.testing.assert_array_equal(row, box_iou(np.broadcast_to(a[i], b.shape), b))
    assert iou_matrix(a[:0], b).shape == (0, 5) and iou_matrix(a, b[:0]).shape == (7, 0)


def test_within_a_crowd_the_share_of_the_detection_counts():
    within, crowd = np.array([[2.0, 2, 2, 2]]), np.array([[0.0, 0, 10, 10]] * 2)
    found = iou_matrix(within, crowd, crowd=np.array([True, False]))
    np.testing.assert_allclose(found, [[1, 0.04]])


@pytest.mark.parametrize("a, b", [((3, 4), (4,)), ((3, 5), (2, 4)), ((4,), (1, 4))])
def test_boxes_of_other_shapes(a, b):
    with pytest.raises(ValueError, match=r"(a|b) has shape .*, but must be \((A|B), 4\)"):
        iou_matrix(np.zeros(a), np.zeros(b))


# ---------------------------------------------------------------- non-maximum suppression


def test_nms_by_hand():
    """The second overlaps the best by 0.6; the third overlaps the second only, which is gone."""
    boxes = np.array([[2.0, 0, 8, 8], [0, 0, 8, 8], [4, 0, 8, 8], [30, 30, 4, 4]])
    scores = np.array([0.8, 0.9, 0.7, 0.1])
    assert nms(boxes, scores).tolist() == [1, 2, 3]
    assert nms(boxes, scores, iou_threshold=0.6).tolist() == [1, 0, 2, 3]  # more than, not from
    assert nms(boxes, scores, iou_threshold=0.2).tolist() == [1, 3]
    assert nms(boxes, scores, np.array([1, 0, 1, 0])).tolist() == [1, 0, 3]


def nms_by_loops(boxes, scores, labels, threshold):
    """As it is defined, one box at a time."""
    left, kept = sorted(range(len(boxes)), key=lambda i: (-scores[i], i)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [
            i
            for i in left
            if labels[i] != labels[best] or box_iou(boxes[[best]], boxes[[i]])[0] <= threshold
        ]
    return kept


@pytest.mark.parametrize("seed", range(10))
def test_nms_as_defined(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
    boxes = np.concatenate([rng.uniform(0, 20, (count, 2)), rng.uniform(1, 15, (count, 2))], axis=1)
    scores, labels = rng.integers(0, 5, count) / 4, rng.integers(0, 3, count)  # many are equal
    for threshold in 0.0, 0.3, 0.5, 1.0:
        expected = nms_by_loops(boxes, scores, labels, threshold)
        assert nms(boxes, scores, labels, iou_threshold=threshold).tolist() == expected
        expected = nms_by_loops(boxes, scores, 0 * labels, threshold)
        assert nms(boxes, scores, iou_threshold=threshold).tolist() == expected


@pytest.mark.parametrize("seed", range(4))
def test_nms_as_torchvision(seed):
    ops = pytest.importorskip("torchvision", reason="torchvision is not installed").ops
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(seed)
    boxes = np.concatenate([rng.uniform(0, 20, (60, 2)), rng.uniform(1, 15, (60, 2))], axis=1)
    scores, labels = rng.permutation(60) / 60, rng.integers(0, 3, 60)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    theirs = ops.batched_nms(*map(torch.tensor, (corners, scores, labels)), 0.4)
    assert nms(boxes, scores, labels, iou_threshold=0.4).tolist() == theirs.tolist()


def test_nms_of_bad_input():
    with pytest.raises(ValueError, match=r"boxes has shape \(3,\), but must be \(D, 4\)"):
        nms(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"scores has shape \(2,\), but must be \(3,\)"):
        nms(np.zeros((3, 4)), np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"iou_threshold is 1\.5, but must be"):
        nms(np.zeros((3, 4)), np.zeros(3), iou_threshold=1.5)


# ---------------------------------------------------------------- average precision by hand


def boxes_at(*lefts):
    """Boxes 10 wide and 10 high, at these x."""
    return np.array([[x, 0, 10, 10] for x in lefts], float).reshape(-1, 4)


def found_at(lefts, scores, labels=None):
    labels = np.zeros(len(lefts), int) if labels is None else np.array(labels)
    return Detections(boxes_at(*lefts), np.array(scores, float), labels)


def there(*lefts, labels=None, **flags):
    labels = np.zeros(len(lefts), int) if labels is None else np.array(labels)
    return Objects(labels, boxes_at(*lefts), **{n: np.array(v) for n, v in flags.items()})


def test_average_precision_by_hand():
    """Three objects; right, wrong, right, found again: precision 1, 1/2, 2/3, 1/2 with recall 1/3,
    1/3, 2/3, 2/3. At 34 of 101 recalls the precision is 1, at 33 it is 2/3, at 34 nothing is."""
    found = found_at([0, 500, 100, 1], [0.9, 0.8, 0.7, 0.6])
    truth = there(0, 100, 200)
    curve = precision_recall([match(found, truth, 0)])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 2 / 3, 2 / 3])
    np.testing.assert_allclose(curve.scores, [0.9, 0.8, 0.7, 0.6])
    expected = (34 * 1 + 33 * 2 / 3) / 101
    assert area_under(curve) == pytest.approx(expected)
    ap = average_precision([found], [truth], 2)
    np.testing.assert_allclose(ap[:, 0], expected)
    assert ap.shape == (10, 2) and np.isnan(ap[:, 1]).all()


def test_the_best_score_takes_the_object_it_overlaps_most():
    """A better-fitting box with a lower score comes second, and is wrong."""
    found = found_at([3, 0], [0.9, 0.8])
    assert match(found, there(0), 0).right[0].tolist() == [True, False]
    assert match(found, there(0), 0).right[1:4].tolist() == [[False, True]] * 3  # its IoU is 7/13
    assert match(found_at([3], [1]), there(0, 4), 0).right[0].all()  # the second, by 9/11


@pytest.mark.parametrize("flag", ["difficult", "crowd"])
def test_objects_that_do_not_count(flag):
    """Neither right nor wrong; and none that count are taken in their place."""
    truth = there(0, 100, **{flag: [True, False]})
    found = found_at([0, 100], [0.9, 0.8])
    made = match(found, truth, 0)
    assert made.right[0].tolist() == [False, True] and made.ignored[0].tolist() == [True, False]
    assert made.objects == 1
    assert average_precision([found], [truth], 1)[0, 0] == 1
    again = match(found_at([0, 1, 100], [0.9, 0.8, 0.7]), truth, 0)
    assert again.ignored[0].tolist() == [True, flag == "crowd", False]
    only = there(0, **{flag: [True]})
    assert np.isnan(average_precision([found], [only], 1)).all()


def test_nothing_there_and_nothing_found():
    nothing, none = there(), found_at([], [])
    assert np.isnan(average_precision([none], [nothing], 3)).all()
    assert np.isnan(average_precision([], [], 3)).all()
    assert np.isnan(average_precision([found_at([0], [1])], [nothing], 1)).all()
    assert (average_precision([none], [there(0)], 1) == 0).all()
    wrong = [found_at([0], [0.9]), found_at([0], [0.8])]
    assert average_precision(wrong, [nothing, there(0)], 1)[0, 0] == 0.5  # an empty image counts


def test_only_the_best_of_many_count():
    found = found_at([500, 0], [0.9, 0.8])
    assert average_precision([found], [there(0)], 1, max_detections=1)[0, 0] == 0
    assert average_precision([found], [there(0)], 1, max_detections=2)[0, 0] == 0.5


def test_bad_input():
    with pytest.raises(ValueError, match=r"scores has shape \(1,\), but must be \(2,\)"):
        average_precision([Detections(boxes_at(0, 1), np.ones(1), np.ones(2, int))], [there(0)], 1)
    with pytest.raises(ValueError, match=r"difficult has shape \(1,\), but must be \(2,\)"):
        average_precision([found_at([0], [1])], [there(0, 1, difficult=[True])], 1)
    with pytest.raises(ValueError, match="found is of 1 images, but truth of 0"):
        average_precision([found_at([0], [1])], [], 1)
    with pytest.raises(ValueError, match="num_classes"):
        average_precision([], [], 0)


# ---------------------------------------------------------------- pycocotools


def draw_case(seed):
    """(found, truth, num_classes, max_detections) with ties among scores and overlaps, empty
    images, missing classes, difficult objects and crowds; coordinates on a coarse grid in half of
    the cases, so that IoUs meet thresholds exactly."""
    rng = np.random.default_rng(seed)
    num_classes, found, truth = int(rng.integers(1, 5)), [], []
    coarse, tied = rng.random(2) < 0.5
    for _ in range(int(rng.integers(1, 5))):
        count = int(rng.choice([0, 1, 3, 8]))
        boxes = np.concatenate([rng.uniform(0, 30, (count, 2)), rng.uniform(2, 20, (count, 2))], 1)
        labels = rng.integers(0, num_classes, count)
        seen = np.concatenate([boxes, boxes, rng.uniform(1, 25, (int(rng.integers(0, 6)), 4))])
        seen = seen[rng.random(len(seen)) < 0.8]
        seen = seen + rng.choice([0, 0.5, 2], (len(seen), 1)) * rng.standard_normal(seen.shape)
        seen[:, 2:] = np.maximum(seen[:, 2:], 1)
        if coarse:
            boxes, seen = boxes.round(), seen.round()
        scores = rng.random(len(seen))
        known = np.concatenate([labels, labels, np.zeros(len(seen), int)])[: len(seen)]
        other = rng.integers(0, num_classes, len(seen))
        classes = np.where(rng.random(len(seen)) < 0.8, known, other)
        found.append(Detections(seen, scores.round(1) if tied else scores, classes))
        crowd = rng.random(count) < 0.15
        truth.append(Objects(labels, boxes, rng.random(count) < 0.2, crowd))
    return found, truth, num_classes, int(rng.choice([1, 3, 100]))


def pycocotools_precision(found, truth, num_classes, max_detections):
    """(T, K) of pycocotools, NaN where it has −1. A difficult object is one whose area, which is a
    number of its own there, is beyond all that count; a detection's never is."""
    coco, evaluation = pycocotools()
    annotations = []
    for image, (labels, boxes, difficult, crowd) in enumerate(truth):
        for label, box, ignored, many in zip(labels, boxes, difficult, crowd, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(label),
                    "bbox": box.tolist(),
                    "area": 1e12 if ignored else 1.0,
                    "iscrowd": int(many),
                }
            )
    known = coco()
    known.dataset = {
        "images": [{"id": image} for image in range(len(truth))],
        "annotations": annotations,
        "categories": [{"id": label} for label in range(num_classes)],
    }
    given = [
        {
            "image_id": image,
            "category_id": int(label),
            "bbox": box.tolist(),
            "score": float(score),
        }
        for image, (boxes, scores, labels) in enumerate(found)
        for box, score, label in zip(boxes, scores, labels, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        run = evaluation(known, known.loadRes(given) if given else _nothing(coco, known), "bbox")
        run.params.maxDets = [max_detections]
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, :, 0, 0]  # (T, R, K)
    ap = precision.mean(axis=1)
    return np.where(ap < 0, np.nan, ap)


def _nothing(coco, known):
    empty = coco()
    empty.dataset = {**known.dataset, "annotations": []}
    empty.createIndex()
    return empty


def pycocotools():
    module = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    from pycocotools.cocoeval import COCOeval

    return module.COCO, COCOeval


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(6))
def test_equal_to_pycocotools(hundred):
    pycocotools()
    kinds = np.zeros(4, int)
    for seed in range(100 * hundred, 100 * hundred + 100):
        found, truth, num_classes, most = draw_case(seed)
        ours = average_precision(found, truth, num_classes, max_detections=most)
        theirs = pycocotools_precision(found, truth, num_classes, most)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9, err_msg=f"seed {seed}")
        kinds += [
            np.isnan(ours).any(),
            any(not len(t.labels) for t in truth),
            any(len(set(f.scores)) < len(f.scores) for f in found),
            np.nanmax(ours, initial=0) > np.nanmin(ours, initial=1) > 0,
        ]
    assert (kinds > 10).all()  # missing classes, empty images, ties, and thresholds that matter
