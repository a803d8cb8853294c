"""From boxes to maps and back: one cell of 1 at each centre, and boxes as they were."""

import numpy as np
import pytest

from backends import BACKENDS, OnDevice, device_of
from helpers import draw
from nn_scratch.data import DigitDetection
from nn_scratch.evaluation import Objects, average_precision, box_iou
from nn_scratch.evaluation import heat_maps as maps
from nn_scratch.evaluation import windows as win


def objects(*boxes, labels=None, **flags):
    boxes = np.array(boxes, float).reshape(-1, 4)
    labels = np.zeros(len(boxes), int) if labels is None else np.array(labels)
    return Objects(labels, boxes, **{n: np.array(v) for n, v in flags.items()})


def logits(target):
    """The maps as a net would have to give them."""
    heat = np.clip(target.heat.astype(np.float64), 1e-9, 1 - 1e-9)
    sizes, offsets = target.sizes.astype(np.float64), target.offsets.astype(np.float64)
    return np.log(heat / (1 - heat)), sizes, offsets


# ---------------------------------------------------------------- the radius


def overlap(width, height, change):
    """IoU of a box with the one whose corners are moved by these four numbers."""
    box = np.array([[0.0, 0, width, height]])
    left, top, right, bottom = change
    return box_iou(box, box + np.array([left, top, right - left, bottom - top]))[0]


@pytest.mark.parametrize("width, height", [(10, 10), (3, 7), (40, 5)])
def test_the_radius_is_that_of_the_published_code(width, height):
    """The smallest of three roots, each (b + √(b² − 4ac)) / 2."""
    o, found = 0.7, []
    for a, b, c in (
        (1, height + width, width * height * (1 - o) / (1 + o)),
        (4, 2 * (height + width), (1 - o) * width * height),
        (4 * o, -2 * o * (height + width), (o - 1) * width * height),
    ):
        found.append((b + np.sqrt(b**2 - 4 * a * c)) / 2)
    assert maps.gaussian_radius(width, height) == pytest.approx(min(found))


def test_what_the_published_code_divides_wrongly():
    """The box grown on all sides by the right root, / 2a, overlaps by 0.7; the published radius is
    2a / 2 = 2.8 times that, about 0.27 of a square's side where 0.1 would do."""
    side = 20.0
    published = maps.gaussian_radius(side, side)
    right = published / (4 * 0.7)
    assert overlap(side, side, (-right, -right, right, right)) == pytest.approx(0.7)
    assert published / side == pytest.approx(0.273, abs=1e-3)
    assert maps.gaussian_radius(3 * side, 3 * side) == pytest.approx(3 * published)


@pytest.mark.parametrize("box", [(0, 3), (3, -1), (np.inf, 1), (np.nan, 1)])
def test_a_radius_needs_an_area(box):
    with pytest.raises(ValueError, match=r"(width|height) is .*, but must be finite"):
        maps.gaussian_radius(*box)


# ---------------------------------------------------------------- targets


def test_one_cell_of_1_at_the_floored_centre():
    """Box 11 to 33 by 6 to 22: centre (22, 14), cell (5, 3) of 4 pixels, offset (0.5, 0.5)."""
    target = maps.center_targets([objects((11, 6, 22, 16), labels=[2])], 3, (9, 11), 4)
    assert target.heat.shape == (1, 3, 9, 11) and target.heat.dtype == np.float32
    assert np.argwhere(target.heat == 1).tolist() == [[0, 2, 3, 5]]
    assert np.argwhere(target.centers).tolist() == [[0, 3, 5]]
    np.testing.assert_allclose(target.sizes[0, :, 3, 5], [5.5, 4])
    np.testing.assert_allclose(target.offsets[0, :, 3, 5], [0.5, 0.5])
    assert target.num_objects == 1 and not target.heat[0, :2].any()
    radius = np.floor(maps.gaussian_radius(5.5, 4))
    expected = np.exp(-1 / (2 * ((2 * radius + 1) / 6) ** 2))
    for y, x in (3, 4), (3, 6), (2, 5), (4, 5):
        assert target.heat[0, 2, y, x] == pytest.approx(expected)


def test_the_larger_value_counts_where_gaussians_overlap():
    both = [(0, 0, 40, 40), (8, 4, 40, 40)]
    together = maps.center_targets([objects(*both)], 1, (20, 20), 4).heat
    single = [maps.center_targets([objects(box)], 1, (20, 20), 4).heat for box in both]
    np.testing.assert_array_equal(together, np.maximum(*single))
    assert (together == 1).sum() == 2
    assert (np.minimum(*single) > 0.01).any()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_in_one_cell_the_smaller_box_wins(order):
    boxes = np.array([(8, 8, 20, 20), (12, 12, 13, 12)])[order]
    target = maps.center_targets([objects(*boxes, labels=[0, 1])], 2, (8, 8), 4)
    assert (target.heat == 1).sum() == 2 and target.centers.sum() == 1
    np.testing.assert_allclose(target.sizes[0, :, 4, 4], [13 / 4, 3])
    assert target.num_objects == 2
    same = maps.center_targets([objects(*boxes)], 2, (8, 8), 4)
    assert (same.heat == 1).sum() == 1 and same.num_objects == 2


def test_of_two_equally_large_the_last_wins():
    target = maps.center_targets([objects((8, 8, 16, 16), (9, 9, 16, 16))], 1, (8, 8), 4)
    np.testing.assert_allclose(target.offsets[0, :, 4, 4], [0.25, 0.25])


def test_difficult_objects_and_crowds_are_neither_learned_nor_punished():
    for flag in "difficult", "crowd":
        there = objects((8, 8, 16, 16), (40, 40, 12, 12), **{flag: [True, False]})
        target = maps.center_targets([there], 1, (16, 16), 4)
        assert (target.heat == 1).sum() == target.centers.sum() == target.num_objects == 1
        assert 1 - 1e-6 < target.heat[0, 0, 4, 4] < 1


def test_boxes_over_the_border():
    """Whose centre lies outside counts for the nearest cell, and comes back where it was."""
    there = objects((-10, 20, 16, 8), (60, 50, 30, 40), (-30, -30, 40, 40), labels=[0, 1, 2])
    target = maps.center_targets([there], 3, (16, 16), 4)
    assert np.argwhere(target.heat == 1).tolist() == [[0, 0, 6, 0], [0, 1, 15, 15], [0, 2, 0, 0]]
    (found,) = maps.decode_centers(logits(target), 4, min_score=0.9)
    order = np.argsort(found.labels)
    np.testing.assert_allclose(found.boxes[order], there.boxes, atol=1e-5)


def test_boxes_of_one_pixel_nested_and_touching():
    boxes = [(5, 5, 1, 1), (30, 31, 1, 1), (40, 8, 20, 20), (46, 12, 4, 6), (0, 40, 10, 10)]
    there = objects(*boxes, (10, 40, 10, 10), labels=[0, 1, 2, 2, 3, 3])
    for stride in 1, 2, 4:
        target = maps.center_targets([there], 4, (64 // stride, 64 // stride), stride)
        (found,) = maps.decode_centers(logits(target), stride, min_score=0.9)
        assert len(found.scores) == 6
        assert average_precision([found], [there], 4).min() == 1


def test_forty_objects():
    corners = [(8 * (i % 8), 12 * (i // 8)) for i in range(40)]
    there = objects(*((x, y, 7, 9) for x, y in corners), labels=np.arange(40) % 10)
    target = maps.center_targets([there], 10, (32, 32), 2)
    assert target.num_objects == target.centers.sum() == (target.heat == 1).sum() == 40
    (found,) = maps.decode_centers(logits(target), 2)
    assert average_precision([found], [there], 10).min() == 1
    assert len(maps.decode_centers(logits(target), 2, top_k=7)[0].scores) == 7


def test_an_empty_image():
    target = maps.center_targets([objects(), objects((4, 4, 8, 8))], 2, (8, 8), 4)
    assert not target.heat[0].any() and not target.centers[0].any() and target.num_objects == 1
    none = maps.center_targets([], 2, (8, 8), 4)
    assert none.heat.shape == (0, 2, 8, 8) and none.num_objects == 0
    assert maps.decode_centers(none[:3], 4) == []


@pytest.mark.parametrize("what", [maps.center_targets, win.window_targets])
def test_objects_that_cannot_be(what):
    with pytest.raises(ValueError, match="object 0 of image 1 has the label 3, but 3 classes"):
        what([objects(), objects((1, 1, 2, 2), labels=[3])], 3, (8, 8), 4)
    for box in (1, 1, 0, 2), (1, 1, 3, -2), (np.nan, 1, 2, 2), (1, 1, np.inf, 2):
        with pytest.raises(ValueError, match=r"object 0 of image 0 has the box \[.*without area"):
            what([objects(box)], 3, (8, 8), 4)


# ---------------------------------------------------------------- decoding


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2, 4, 8])
@pytest.mark.parametrize("overlap, least", [(0.1, 1.0), (1.0, 0.95)])
def test_perfect_maps_decode_to_what_was_there(stride, overlap, least):
    scenes = DigitDetection("test", 100, 7, overlap=overlap)
    truth = [Objects(*scenes.sample(0, i)[1:]) for i in range(100)]
    target = maps.center_targets(truth, 10, (64 // stride, 64 // stride), stride)
    found = maps.decode_centers(logits(target), stride)
    ap = np.nanmean(average_precision(found, truth, 10), axis=1)
    assert ap[0] >= least and (overlap > 0.5 or (ap == 1).all())


def test_peaks_by_hand():
    heat = np.array([[1, 3, 1, 0], [0, 2, 1, 5], [4, 0, 0, 5]], float)[None, None]
    expected = [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1]]  # of equal neighbours both
    assert maps.peak_mask(heat)[0, 0].astype(int).tolist() == expected
    (found,) = maps.decode_centers((heat, np.ones((1, 2, 3, 4)), np.zeros((1, 2, 3, 4))), 4)
    assert found.scores.tolist() == sorted(found.scores, reverse=True) and len(found.scores) == 4
    np.testing.assert_allclose(found.boxes[0], [4 * 3 - 2, 4 * 1 - 2, 4, 4])
    all_of_them = maps.decode_centers((heat, heat[:, [0, 0]], heat[:, [0, 0]]), 4, peaks=False)
    assert len(all_of_them[0].scores) == 12


@pytest.mark.parametrize("backend", BACKENDS)
def test_decoding_on_a_device(backend):
    output = draw(2, 3, 5, 7), abs(draw(2, 2, 5, 7)), draw(2, 2, 5, 7)
    scores = draw(2, 4, 5, 7), draw(2, 4, 5, 7)
    expected = maps.decode_centers(output, 4), win.decode_windows(scores, 4)
    with device_of(backend) as device:
        there = OnDevice(maps).decode_centers, OnDevice(win).decode_windows
        decode, windows = there if device else (maps.decode_centers, win.decode_windows)
        for found, right in zip((decode(output, 4), windows(scores, 4)), expected, strict=True):
            for one, other in zip(found, right, strict=True):
                for part, wanted in zip(one, other, strict=True):
                    np.testing.assert_allclose(part, wanted)


def test_strides():
    assert maps.map_stride((64, 64), (16, 16)) == 4
    assert maps.map_stride((61, 33), (16, 9)) == 4
    assert maps.map_stride((5, 9), (5, 9)) == 1
    with pytest.raises(ValueError, match=r"maps of \(21, 21\) do not fit images of \(64, 64\)"):
        maps.map_stride((64, 64), (21, 21))


# ---------------------------------------------------------------- windows


def test_windows_by_hand():
    """A box of 16 × 8 pixels from (8, 8), in cells of 4: windows within its central quarter hold
    it, those elsewhere in it are left open."""
    target = win.window_targets([objects((8, 8, 16, 8), labels=[1])], 3, (6, 8), 4)
    expected = np.zeros((6, 8), int)
    expected[2:4, 2:6] = -1
    expected[2:4, 3:5] = 2
    assert target.labels[0].tolist() == expected.tolist()
    np.testing.assert_allclose(target.boxes[0, :, 2, 3], [-1, 0, 4, 2])
    assert target.filled.sum() == target.num_filled == 4


def test_a_small_object_has_one_window_and_lies_over_a_large_one():
    there = objects((0, 0, 40, 40), (20, 20, 2, 2), labels=[0, 1])
    target = win.window_targets([there], 2, (12, 12), 4)
    assert (target.labels == 2).sum() == 1 and target.labels[0, 5, 5] == 2
    difficult = win.window_targets([objects((8, 8, 16, 8), difficult=[True])], 2, (6, 8), 4)
    assert difficult.labels.max() == 0 and (difficult.labels == -1).sum() == 8


def test_perfect_windows_decode_to_what_was_there():
    scenes = DigitDetection("test", 50, 7)
    truth = [Objects(*scenes.sample(0, i)[1:]) for i in range(50)]
    target = win.window_targets(truth, 10, (16, 16), 4)
    known = np.maximum(target.labels, 0)
    scores = 20.0 * (np.arange(11)[:, None, None] == known[:, None])
    found = win.decode_windows((scores, target.boxes.astype(np.float64)), 4)
    from nn_scratch.training.tasks.detection import distinct

    ap = average_precision([distinct(f, f.labels, 0.5) for f in found], truth, 10)
    assert np.nanmin(ap) == 1
