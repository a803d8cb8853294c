"""Every function of nn_scratch.evaluation, against loops in plain Python."""

import math
from statistics import median

import numpy as np

from calls.frame import Call, difference, equal_to, pick, public, sizes, values
from nn_scratch import evaluation
from nn_scratch.evaluation import Curve, Detections, Matches, Objects
from nn_scratch.layers import Conv2d, Sequential, Sigmoid

# ---------------------------------------------------------------- boxes


def boxes(rng, *shape):
    """Boxes (…, 4) in whole pixels, mostly with an area."""
    corners, size = rng.integers(0, 9, (*shape, 2)), rng.integers(0, 8, (*shape, 2))
    return np.concatenate([corners, size], axis=-1).astype(float)


def iou(a, b, crowd=False):
    """Of two boxes."""
    a, b = [float(n) for n in a], [float(n) for n in b]
    if not all(map(math.isfinite, (*a, *b))):
        return 0.0
    sides = [
        min(a[i] + max(a[i + 2], 0), b[i] + max(b[i + 2], 0)) - max(a[i], b[i]) for i in (0, 1)
    ]
    common = max(sides[0], 0) * max(sides[1], 0)
    areas = [max(box[2], 0) * max(box[3], 0) for box in (a, b)]
    whole = areas[0] if crowd else sum(areas) - common
    return common / whole if whole > 0 else 0.0


def ious(a, b, *, crowd=None):
    crowd = [False] * len(b) if crowd is None else crowd
    found = [[iou(one, other, c) for other, c in zip(b, crowd, strict=True)] for one in a]
    return np.array(found).reshape(len(a), len(b))


def kept(boxes, scores, labels=None, *, iou_threshold=0.5):
    order = sorted(range(len(boxes)), key=lambda i: -float(scores[i]))
    labels = [0] * len(boxes) if labels is None else labels
    found = []
    for i in order:
        if not any(
            labels[i] == labels[k] and iou(boxes[k], boxes[i]) > iou_threshold for k in found
        ):
            found.append(i)
    return np.array(found, int)


def scaled(power):
    def oracle(boxes, image_size):
        height, width = image_size if isinstance(image_size, tuple | list) else (image_size,) * 2
        return np.array(boxes, float) * np.array([width, height, width, height], float) ** power

    return oracle


def no_worse_box(found, boxes):
    """The search begins at the median, and climbs."""
    start = np.median(np.asarray(boxes, float), axis=0)
    scores = [sum(iou(one, box) for box in boxes) for one in (found, start)]
    return None if scores[0] >= scores[1] - 1e-9 else "worse than the median"


def convert(function, power):
    def make(rng):
        shape = pick(rng, (3,), (2, 4))
        return Call(function, [boxes(rng, *shape), (7, 5)], {}, equal_to(scaled(power), near=1e-4))

    return make


def two_boxes(rng):
    n = int(rng.integers(0, 6))
    oracle = lambda a, b: [iou(*pair) for pair in zip(a, b, strict=True)]  # noqa: E731
    return Call(evaluation.box_iou, [boxes(rng, n), boxes(rng, n)], {}, equal_to(oracle))


def many_boxes(rng):
    n, m = sizes(rng, 2, least=0)
    crowd = pick(rng, None, rng.integers(0, 2, m) == 1)
    return Call(
        evaluation.iou_matrix, [boxes(rng, n), boxes(rng, m)], {"crowd": crowd}, equal_to(ious)
    )


def suppressed(rng):
    n = int(rng.integers(0, 7))
    labels = pick(rng, None, rng.integers(0, 2, n))
    given = [boxes(rng, n), rng.random(n).round(1), labels]
    return Call(evaluation.nms, given, {"iou_threshold": float(rng.random())}, equal_to(kept))


def rate(rng):
    def oracle(ious, threshold=0.5):
        return sum(float(n) >= threshold for n in ious) / len(ious) if len(ious) else math.nan

    return Call(evaluation.success_rate, [rng.random(5)], {"threshold": 0.4}, equal_to(oracle))


def constant(rng):
    return Call(evaluation.best_constant_box, [boxes(rng, 4)], {}, no_worse_box)


# ---------------------------------------------------------------- detections


def detections(rng, n):
    return Detections(boxes(rng, n), rng.random(n).round(1), rng.integers(0, 3, n))


def objects(rng, n):
    difficult, crowd = (pick(rng, None, rng.random(n) < 0.3) for _ in range(2))
    found = boxes(rng, n)
    found[:, 2:] += 1
    return Objects(rng.integers(0, 3, n), found, difficult, crowd)


def image(rng):
    return detections(rng, int(rng.integers(0, 6))), objects(rng, int(rng.integers(0, 5)))


def matched(found, truth, label, *, iou_thresholds, max_detections):
    """COCO's matching, one detection and one object at a time."""
    count = len(truth.boxes)
    crowd = [False] * count if truth.crowd is None else [bool(c) for c in truth.crowd]
    hard = [False] * count if truth.difficult is None else [bool(d) for d in truth.difficult]
    there = [g for g in range(count) if truth.labels[g] == label]
    chosen = [d for d in range(len(found.boxes)) if found.labels[d] == label]
    chosen = sorted(chosen, key=lambda d: -float(found.scores[d]))[:max_detections]
    right, ignored, missed = [], [], []
    for threshold in iou_thresholds:
        taken, row, skipped = set(), [], []
        for d in chosen:
            best = None
            for g in there:
                share = iou(found.boxes[d], truth.boxes[g], crowd[g])
                if (g in taken and not crowd[g]) or share < min(threshold, 1 - 1e-10):
                    continue
                place = not (crowd[g] or hard[g]), share, g
                best = place if best is None or place > best else best
            row.append(best is not None and best[0])
            skipped.append(best is not None and not best[0])
            taken |= set() if best is None else {best[2]}
        right.append(row)
        ignored.append(skipped)
        counts = [not (crowd[g] or hard[g]) for g in there]
        missed.append([c and g not in taken for g, c in zip(there, counts, strict=True)])
    shape = len(iou_thresholds), len(chosen)
    return Matches(
        np.array([float(found.scores[d]) for d in chosen]),
        np.array(right, bool).reshape(shape),
        np.array(ignored, bool).reshape(shape),
        np.array(chosen, int),
        np.array(there, int),
        np.array(missed, bool).reshape(shape[0], len(there)),
        sum(not (crowd[g] or hard[g]) for g in there),
    )


def curve_of(matches, threshold=0):
    """One detection after the other, the best first."""
    every = [
        (float(s), bool(r))
        for m in matches
        for s, r, i in zip(m.scores, m.right[threshold], m.ignored[threshold], strict=True)
        if not i
    ]
    every.sort(key=lambda one: -one[0])
    objects, hits, rows = sum(m.objects for m in matches), 0, []
    for number, (score, right) in enumerate(every, 1):
        hits += right
        rows.append((hits / objects if objects else math.nan, hits / number, score))
    return [np.array(column) for column in zip(*rows, strict=True)] or [np.zeros(0)] * 3


def area(curve):
    recall, precision = [float(r) for r in curve[0]], [float(p) for p in curve[1]]
    if any(map(math.isnan, recall)):
        return math.nan
    best = [
        max((p for r, p in zip(recall, precision, strict=True) if r >= least), default=0)
        for least in np.linspace(0, 1, 101)
    ]
    return sum(best) / 101


def all_areas(by_class, thresholds=10):
    found = np.full((thresholds, len(by_class)), np.nan)
    for k, matches in enumerate(by_class):
        if any(m.objects for m in matches):
            found[:, k] = [area(curve_of(matches, t)) for t in range(thresholds)]
    return found


def precision_of(found, truth, num_classes, **options):
    pairs = list(zip(found, truth, strict=True))
    by_class = [[matched(*pair, k, **options) for pair in pairs] for k in range(num_classes)]
    return all_areas(by_class, len(options["iou_thresholds"]))


THRESHOLDS = np.array([0.3, 0.5, 0.75])


def matching(rng):
    found, truth = image(rng)
    options = {"iou_thresholds": THRESHOLDS.copy(), "max_detections": int(rng.integers(1, 5))}
    return Call(evaluation.match, [found, truth, int(rng.integers(3))], options, equal_to(matched))


def matches(rng, count):
    options = {"iou_thresholds": THRESHOLDS, "max_detections": 9}
    return [matched(*image(rng), 0, **options) for _ in range(count)]


def precise(rng):
    given = [matches(rng, 3), int(rng.integers(3))]
    return Call(evaluation.precision_recall, given, {}, equal_to(curve_of))


def under(rng):
    curve = Curve(*curve_of(matches(rng, 3)))
    return Call(evaluation.area_under, [curve], {}, equal_to(area))


def areas(rng):
    return Call(evaluation.areas, [[matches(rng, 2), matches(rng, 2)], 3], {}, equal_to(all_areas))


def average(rng):
    found, truth = zip(*(image(rng) for _ in range(3)), strict=True)
    options = {"iou_thresholds": THRESHOLDS.copy(), "max_detections": 4}
    return Call(
        evaluation.average_precision, [[*found], [*truth], 3], options, equal_to(precision_of)
    )


# ---------------------------------------------------------------- heat maps


def radius(rng):
    def oracle(width, height, min_overlap=0.7):
        total, box, o = width + height, width * height, min_overlap
        quadratics = (
            (1, total, box * (1 - o) / (1 + o)),
            (4, 2 * total, box * (1 - o)),
            (4 * o, -2 * o * total, box * (o - 1)),
        )
        return min((b + math.sqrt(b * b - 4 * a * c)) / 2 for a, b, c in quadratics)

    given = [float(9 * rng.random() + 0.1), float(9 * rng.random() + 0.1)]
    return Call(evaluation.gaussian_radius, given, {"min_overlap": 0.6}, equal_to(oracle))


def targets(rng):
    def fault(found, truth, num_classes, map_size, stride):
        """Where no two centres share a cell, sizes and offsets are those of the boxes."""
        heat, sizes, offsets, centers, count = found
        height, width = (map_size,) * 2 if isinstance(map_size, int) else map_size
        if (
            heat.shape != (len(truth), num_classes, height, width)
            or not 0 <= heat.min() <= heat.max() <= 1
        ):
            return f"heat {heat.shape}"
        total = 0
        for n, each in enumerate(truth):
            cells, _, _, _ = {}, 0, 0, 0
            for g, (label, box) in enumerate(zip(each.labels, each.boxes, strict=True)):
                if any(flags is not None and flags[g] for flags in (each.difficult, each.crowd)):
                    continue
                total += 1
                x, y, w, h = (float(v) / stride for v in box)
                at = (
                    min(max(math.floor(y + h / 2), 0), height - 1),
                    min(max(math.floor(x + w / 2), 0), width - 1),
                )
                cells.setdefault(at, []).append(
                    (int(label), w, h, x + w / 2 - at[1], y + h / 2 - at[0])
                )
            if {tuple(map(int, c)) for c in np.argwhere(centers[n])} != set(cells):
                return "other centres"
            for (y, x), inside in cells.items():
                if any(heat[n, one[0], y, x] != 1 for one in inside):
                    return "the heat of a centre is not 1"
                there = [*sizes[n, :, y, x], *offsets[n, :, y, x]]
                if not any(np.allclose(there, one[1:], atol=1e-5) for one in inside):
                    return "another size or offset"
        return None if count == total else f"{count} objects instead of {total}"

    truth = [objects(rng, int(rng.integers(0, 4))) for _ in range(2)]
    return Call(evaluation.center_targets, [truth, 3, (5, 6), 2], {}, fault)


def decoded(maps, stride, *, top_k=100, min_score=0.0, peaks=True):
    """One cell at a time."""
    heat, sizes, offsets = (np.asarray(part, float) for part in maps)
    every = []
    for n in range(len(heat)):
        found = []
        for k, y, x in np.ndindex(heat.shape[1:]):
            z = heat[n, k, y, x]
            around = heat[n, k, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            score = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
            if (peaks and not (around <= z).all()) or not score > 0 or score < min_score:
                continue
            (w, h), (right, down) = np.maximum(sizes[n, :, y, x], 0), offsets[n, :, y, x]
            found.append((score, stride * np.array([x + right - w / 2, y + down - h / 2, w, h]), k))
        found = sorted(found, key=lambda one: -one[0])[:top_k]
        scores, where, labels = zip(*found, strict=True) if found else ((), (), ())
        every.append((np.array(where).reshape(-1, 4), np.array(scores), np.array(labels, int)))
    return every


def decoding(rng):
    n, k, h, w = sizes(rng, 4, most=4)
    maps = [values(rng, n, k, h, w).round(1), values(rng, n, 2, h, w), values(rng, n, 2, h, w)]
    options = {"top_k": int(rng.integers(1, 9)), "min_score": 0.3, "peaks": bool(rng.integers(2))}
    return Call(evaluation.decode_centers, [maps, 4], options, equal_to(decoded, near=1e-4))


# ---------------------------------------------------------------- label maps


def maps(rng, num_classes=3):
    shape = tuple(sizes(rng, 3))
    return [rng.integers(0, num_classes, shape), rng.integers(0, num_classes, shape), num_classes]


def confusion(truth, prediction, num_classes, ignore_index=None):
    found = np.zeros((num_classes, num_classes), int)
    for true, said in zip(np.ravel(truth), np.ravel(prediction), strict=True):
        if ignore_index is None or true != ignore_index:
            found[true, said] += 1
    return found


def confused(rng):
    options = {"ignore_index": pick(rng, None, 0, 1)}
    return Call(evaluation.confusion_matrix, maps(rng), options, equal_to(confusion))


def counts(rng):
    k = int(rng.integers(1, 5))
    return rng.integers(0, 9, (k, k)) * rng.integers(0, 2, k)


def mean(numbers):
    known = [n for n in numbers if not math.isnan(n)]
    return sum(known) / len(known) if known else math.nan


def share(part, whole):
    return part / whole if whole else math.nan


def of_classes(confusion):
    rows = [[int(n) for n in row] for row in confusion]
    columns = list(zip(*rows, strict=True))
    return [
        share(rows[k][k], sum(rows[k]) + sum(columns[k]) - rows[k][k]) for k in range(len(rows))
    ]


def hit(confusion):
    return sum(int(confusion[k][k]) for k in range(len(confusion)))


OF_CONFUSION = {
    "global_accuracy": lambda c: share(hit(c), sum(int(n) for n in np.ravel(c))),
    "class_average_accuracy": lambda c: mean(
        share(int(row[k]), sum(map(int, row))) for k, row in enumerate(c)
    ),
    "class_iou": of_classes,
    "mean_iou": lambda c: mean(of_classes(c)),
}


def of_confusion(name):
    def make(rng):
        return Call(getattr(evaluation, name), [counts(rng)], {}, equal_to(OF_CONFUSION[name]))

    return make


def frequencies(label_maps, num_classes, ignore_index=None):
    own, present = [0] * num_classes, [0] * num_classes
    for labels in label_maps:
        counted = [int(n) for n in np.ravel(labels) if ignore_index is None or n != ignore_index]
        for k in set(counted):
            own[k] += counted.count(k)
            present[k] += len(counted)
    shares = [share(*pair) for pair in zip(own, present, strict=True)]
    middle = median([s for s in shares if not math.isnan(s)] or [0])
    return [0 if math.isnan(s) else middle / s for s in shares]


def weights(rng):
    given = [[rng.integers(0, 4, sizes(rng, 2)) for _ in range(3)], 4]
    options = {"ignore_index": pick(rng, None, 1)}
    return Call(evaluation.median_frequency_weights, given, options, equal_to(frequencies))


def edge_scores(truth, prediction, num_classes, ignore_index=None, tolerance=0.0075):
    return [
        _edge_score(*pair, num_classes, ignore_index, tolerance)
        for pair in zip(truth, prediction, strict=True)
    ]


def _edge_score(truth, prediction, num_classes, ignore_index, tolerance):
    """One image, one pixel at a time."""
    height, width = truth.shape
    distance = tolerance * math.hypot(height, width)

    def edges(labels):
        found = {}
        for y, x in np.ndindex(height, width):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            near = [p for p in around if 0 <= p[0] < height and 0 <= p[1] < width]
            near = [p for p in near if truth[p] != ignore_index and truth[y, x] != ignore_index]
            if any(labels[p] != labels[y, x] for p in near):
                found.setdefault(int(labels[y, x]), []).append((y, x))
        return found

    def part(some, others):
        hits = sum(any(math.dist(a, b) <= distance for b in others) for a in some)
        return hits / len(some) if some else 0

    true, said = edges(truth), edges(prediction)
    scores = []
    for k in {*true, *said}:
        p, r = part(said.get(k, []), true.get(k, [])), part(true.get(k, []), said.get(k, []))
        scores.append(2 * p * r / (p + r) if p + r else 0)
    return mean(scores)


def edged(name, oracle):
    def make(rng):
        options = {"ignore_index": pick(rng, None, 0), "tolerance": float(rng.random() * 0.5)}
        return Call(getattr(evaluation, name), maps(rng), options, equal_to(oracle))

    return make


# ---------------------------------------------------------------- looking inside


def occluded(rng):
    """A net of one convolution, and the sum of what it gives, one square after the other."""
    net = Sequential(Conv2d(2, 1, 1, rng=0, dtype=np.float64), Sigmoid())

    def total(output):
        return output.sum(axis=(1, 2, 3))

    def oracle(net, image, score, *, window=5, step=1):
        _, height, width = image.shape
        falls, covers = np.zeros((height, width)), np.zeros((height, width))
        whole = float(score(net(image[None]))[0])
        grey = np.median(image, axis=(1, 2), keepdims=True)
        for top in range(1 - window, height, step):
            for left in range(1 - window, width, step):
                place = slice(max(top, 0), top + window), slice(max(left, 0), left + window)
                covered = image.copy()
                covered[(slice(None), *place)] = grey
                falls[place] += whole - float(score(net(covered[None]))[0])
                covers[place] += 1
        return falls / np.maximum(covers, 1)

    options = {"window": int(rng.integers(1, 4)), "step": int(rng.integers(1, 3))}
    return Call(evaluation.occlusion, [net, values(rng, 2, 4, 5), total], options, equal_to(oracle))


def ahead(scores, best):
    return [
        float(row[best]) - max(float(s) for k, s in enumerate(row) if k != best) for row in scores
    ]


def used(fault_of):
    """Scores are made for the output of the whole image, and must score that."""

    def fault(score, first, *more):
        return difference(score(first), fault_of(first, *more))

    return fault


def by_label(scores, pixel):
    row, column = (pixel,) * 2 if isinstance(pixel, int) else pixel
    found = np.asarray(scores)[:, :, row, column]
    return ahead(found, int(found[0].argmax()))


def label_scored(rng):
    return Call(evaluation.label_score, [values(rng, 1, 3, 4, 5), (3, 2)], {}, used(by_label))


def by_class(output):
    scores = np.asarray(output[0])
    return ahead(scores, int(scores[0].argmax()))


def class_scored(rng):
    return Call(
        evaluation.class_score, [(values(rng, 1, 3), values(rng, 1, 4))], {}, used(by_class)
    )


def by_box(output):
    return [1.0 if iou(box, box) else 0.0 for box in np.asarray(output[1]).reshape(-1, 4)[:1]]


def box_scored(rng):
    return Call(evaluation.box_score, [(values(rng, 1, 3), boxes(rng, 1) + 1)], {}, used(by_box))


# ---------------------------------------------------------------- texts and records

NAMES = "cat", "a long name\n with a break", "猫と犬", "", "e\u0301", "\x1b[31m"


def printed(text, name):
    return None if text.isprintable() or "\u200c" in text else "holds what is not seen"


def narrow(text, name, width):
    return printed(text, name) or (None if evaluation.columns(text) <= width else "too wide")


def wide(text, name, width):
    return None if evaluation.columns(text) == width else "of another width"


def texts(name, fault, *more):
    def make(rng):
        return Call(getattr(evaluation, name), [pick(rng, *NAMES), *more], {}, fault)

    return make


def no_narrower(count, text):
    return None if 0 <= count <= 2 * len(text) else "impossible"


def metric(rng):
    words = {"mean_iou": "mean IoU", "ap50": "AP50", "boundary_f1": "boundary F1", "loss": "loss"}
    name = pick(rng, *words)
    return Call(evaluation.display_name, [name], {}, lambda y, x: difference(y, words.get(x, y)))


def number(rng):
    def oracle(value, digits=3):
        return "–" if value is None or value != value else f"%.{digits}f" % value

    given = [pick(rng, None, 0.5, math.nan, np.float32(0.25))]
    return Call(evaluation.display_value, given, {"digits": 2}, equal_to(oracle))


def record(name):
    """A record holds what it is given, whatever that is: who uses it looks."""
    kind = getattr(evaluation, name)

    def make(rng):
        given = [values(rng, 2) for _ in kind._fields]
        return Call(
            kind,
            given,
            {},
            lambda made, *parts: (
                None if all(a is b for a, b in zip(made, parts, strict=True)) else "changed"
            ),
        )

    return make


MAKERS = {
    "area_under": under,
    "areas": areas,
    "average_precision": average,
    "best_constant_box": constant,
    "boundary_f1": edged("boundary_f1", lambda *a, **k: mean(edge_scores(*a, **k))),
    "box_iou": two_boxes,
    "box_score": box_scored,
    "center_targets": targets,
    "class_score": class_scored,
    "columns": texts("columns", no_narrower),
    "confusion_matrix": confused,
    "decode_centers": decoding,
    "display_name": metric,
    "display_value": number,
    "gaussian_radius": radius,
    "image_boundary_f1": edged("image_boundary_f1", edge_scores),
    "iou_matrix": many_boxes,
    "label_score": label_scored,
    "match": matching,
    "median_frequency_weights": weights,
    "nms": suppressed,
    "occlusion": occluded,
    "padded": texts("padded", wide, 7),
    "precision_recall": precise,
    "printable": texts("printable", printed),
    "shortened": texts("shortened", narrow, 5),
    "success_rate": rate,
    "to_fractions": convert(evaluation.to_fractions, -1),
    "to_pixels": convert(evaluation.to_pixels, 1),
    **{name: of_confusion(name) for name in OF_CONFUSION},
    **{
        name: record(name)
        for name in public("evaluation")
        if hasattr(getattr(evaluation, name), "_fields")
    },
}
TABLE = {f"evaluation.{name}": make for name, make in sorted(MAKERS.items())}
