"""Every data set, reader and transform, on scenes and on a folder with files of each layout."""

import json
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from calls.frame import Call, difference, equal_to, pick, sizes
from nn_scratch import data
from nn_scratch.data.readers import BoxRow

NAMES = "a.png", "b.png", "c.png"
SIZE = 6, 8  # of all images in the folder
CORNERS = 1.0, 2.0, 5.0, 6.0
KEPT = []  # folders, which are there as long as this module is


@lru_cache(maxsize=1)
def folder():
    """A folder with the same three images in several layouts."""
    KEPT.append(tempfile.TemporaryDirectory())
    root, rng = Path(KEPT[-1].name), np.random.default_rng(0)
    for images in "images", "JPEGImages", "PNGImages", "train", "val":
        (root / images).mkdir()
        for name in NAMES:
            pixels = rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / images / name)
    for masks in "masks", "trainannot", "valannot":
        (root / masks).mkdir()
        for name in NAMES:
            Image.fromarray(rng.integers(0, 3, SIZE).astype(np.uint8)).save(root / masks / name)
    rows = [f"{name},cat,{','.join(map(str, CORNERS))}" for name in NAMES]
    head = "filename,label,xmin,ymin,xmax,ymax"
    (root / "boxes.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    (root / "coco.json").write_text(json.dumps(coco()), encoding="utf-8")
    for place in "Annotations", "Annotation":
        (root / place).mkdir()
    for name in NAMES:
        (root / "Annotations" / f"{name}.xml").write_text(voc(name), encoding="utf-8")
        (root / "Annotation" / f"{name}.txt").write_text(fudan(name), encoding="utf-8")
    return root


def coco():
    left, top, right, bottom = CORNERS
    box = [left, top, right - left, bottom - top]
    return {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(NAMES)],
        "categories": [{"id": 7, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 7, "bbox": box} for i in range(len(NAMES))
        ],
    }


def voc(name):
    edges = zip(("xmin", "ymin", "xmax", "ymax"), (2, 3, 5, 6), strict=True)
    box = "".join(f"<{edge}>{value}</{edge}>" for edge, value in edges)
    thing = f"<object><name>cat</name><bndbox>{box}</bndbox></object>"
    return f"<annotation><filename>{name}</filename>{thing}</annotation>"


def fudan(name):
    return (
        f'Image filename : "Penn/{name}"\n'
        'Bounding box for object 1 "PAScat" (Xmin, Ymin) - (Xmax, Ymax) : (2, 3) - (5, 6)\n'
    )


# ---------------------------------------------------------------- scenes


def drawn(found, shape):
    """What is wrong with the first sample of a data set."""
    if not len(found):
        return None
    image, *targets = found.sample(0, 0)
    again = found.sample(0, 0)
    if difference([image, *targets], again):
        return "another sample the second time"
    right = image.dtype == np.float32 and image.ndim == 3 and image.shape[0] == shape
    return None if right else f"image {image.shape} {image.dtype}"


def scenes(name):
    def make(rng):
        options = {}
        if name == "DigitDetection":
            options = {"size": 40, "digits": (0, 3), "overlap": 0.2}
        given = [pick(rng, "train", "test"), int(rng.integers(4)), int(rng.integers(9))]
        fault = lambda found, *given, **options: drawn(found, 1)  # noqa: E731
        return Call(getattr(data, name), given, options, fault)

    return make


def coins(name):
    def make(rng):
        given = [pick(rng, "train", "validation", "test"), int(rng.integers(4))]
        return Call(getattr(data, name), given, {}, lambda found, *given: drawn(found, 1))

    return make


SETS = (
    lambda: data.DigitSegmentation("test", 3),
    lambda: data.DigitLocalization("test", 3),
    lambda: data.DigitDetection("test", 3),
    lambda: data.CoinDetection("test", 3),
    lambda: data.MaskFolders(folder() / "images", folder() / "masks", 3),
    lambda: data.Boxes(data.box_csv(folder() / "boxes.csv", folder() / "images")),
    lambda: data.ObjectBoxes(data.coco_json(folder() / "coco.json", folder() / "images")),
    lambda: data.Transformed(data.DigitSegmentation("test", 3), data.HorizontalFlip()),
)


def sampled(rng):
    found = pick(rng, *SETS)()
    fault = equal_to(lambda epoch, index: found.sample(epoch, index))
    return Call(found.sample, [int(rng.integers(3)), int(rng.integers(3))], {}, fault)


# ---------------------------------------------------------------- transforms


def sample(rng):
    """An image with targets of each kind."""
    height, width = sizes(rng, 2, 6, 9)
    image = rng.random((pick(rng, 1, 3), height, width), np.float32)
    corners, size = rng.integers(0, 3, (2, 2)), rng.integers(1, 4, (2, 2))
    boxes = np.concatenate([corners, size], axis=1).astype(np.float32)
    targets = (
        (),
        (rng.integers(0, 5, (height, width)),),
        (np.int64(rng.integers(5)), boxes[0]),
        (rng.integers(0, 5, 2), boxes, rng.random(2) < 0.5),
    )
    return (image, *pick(rng, *targets))


def change(rng):
    return pick(
        rng,
        data.HorizontalFlip(1.0),
        data.RandomCrop((5, 6)),
        data.RandomPlacement(1.5, int(rng.integers(3))),
        data.Resize((7, 5)),
    )


def kept_whole(found, rng, given):
    """Boxes stay inside, and targets keep their number and kind."""
    image, *targets = found
    if image.dtype != given[0].dtype or len(found) != len(given):
        return f"image {image.dtype}"
    height, width = image.shape[1:]
    maps = [target for target in targets if np.ndim(target) == 2 and target.shape[1] != 4]
    if any(target.shape != (height, width) for target in maps):
        return f"a label map of another size than the image, {image.shape}"
    return None


def changed(rng):
    seeded = np.random.default_rng(int(rng.integers(9)))
    return Call(change(rng).__call__, [seeded, sample(rng)], {}, kept_whole)


def flip(rng):
    def fault(made, probability=0.5):
        image = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
        (moved,) = made(np.random.default_rng(0), (image,))
        flipped = np.random.default_rng(0).random() < probability
        return difference(moved, image[..., ::-1] if flipped else image)

    return Call(data.HorizontalFlip, [float(rng.random())], {}, fault)


def sized(name):
    def make(rng):
        def fault(made, size):
            height, width = (size,) * 2 if isinstance(size, int) else size
            if height * width > 10**5:
                return None
            try:
                (found,) = made(np.random.default_rng(0), (np.ones((1, 9, 9), np.float32),))
            except data.DataError:  # larger than the image
                return None
            return difference(found, np.ones((1, height, width)))

        return Call(getattr(data, name), [pick(rng, 4, (3, 5))], {}, fault)

    return make


def placement(rng):
    def fault(made, factor=2.0, fill_label=0):
        if factor > 100 or abs(fill_label) > 10**9:
            return None
        given = np.ones((1, 4, 5), np.float32), np.full((4, 5), 7)
        _, labels = made(np.random.default_rng(0), given)
        return None if set(np.unique(labels)) <= {7, fill_label} else "other labels"

    return Call(data.RandomPlacement, [1.0 + float(rng.random())], {"fill_label": 2}, fault)


def transformed(rng):
    def fault(found, dataset, *transforms, seed=0):
        own = np.random.default_rng([seed, 1, 2])
        wanted = dataset.sample(1, 2)
        for one in transforms:
            wanted = one(own, wanted)
        return difference(found.sample(1, 2), wanted)

    given = [data.DigitSegmentation("test", 3), data.RandomCrop(20), data.HorizontalFlip()]
    return Call(data.Transformed, given, {"seed": int(rng.integers(5))}, fault)


# ---------------------------------------------------------------- batches


def loader(rng):
    def fault(found, dataset, batch_size, *, shuffle=False, seed=0, prefetch=0):
        sizes = [len(batch[0]) for batch in found.batches(1)]
        count = len(dataset)
        wanted = [min(batch_size, count - at) for at in range(0, count, batch_size)]
        return None if sizes == wanted and len(found) == len(wanted) else f"batches of {sizes}"

    options = {"shuffle": bool(rng.integers(2)), "seed": int(rng.integers(9)), "prefetch": 1}
    given = [data.DigitSegmentation("test", 5), int(rng.integers(1, 4))]
    return Call(data.Loader, given, options, fault)


def batches(rng):
    made = data.Loader(data.DigitSegmentation("test", 5), 2)
    scene = made.dataset.sample

    def fault(found, epoch=0, start=0, part=None):
        wanted = [np.stack([scene(0, i)[0] for i in chosen]) for chosen in ((0, 1), (2, 3), (4,))]
        return difference([images for images, _ in found], wanted[start:])

    return Call(made.batches, [int(rng.integers(3)), int(rng.integers(3))], {"part": None}, fault)


# ---------------------------------------------------------------- files


def rows(name, *places, **options):
    """A reader of BoxRows: all three images, with the same box."""

    def make(rng):
        def fault(found, *given, **options):
            if sorted(row.image.name for row in found) != [*NAMES]:
                return f"{len(found)} rows"
            return difference([row.corners for row in found], [CORNERS] * 3)

        given = [pick(rng, folder() / place, str(folder() / place)) for place in places]
        return Call(getattr(data, name), given, {"encoding": pick(rng, None, "utf-8")}, fault)

    return make


def image(rng):
    path = folder() / "images" / pick(rng, *NAMES)
    oracle = lambda path: np.moveaxis(np.asarray(Image.open(path)) / 255, 2, 0)  # noqa: E731
    return Call(data.read_image, [pick(rng, path, str(path))], {}, equal_to(oracle, near=1e-6))


def mask(rng):
    path = folder() / "masks" / pick(rng, *NAMES)
    oracle = lambda path: np.asarray(Image.open(path)).astype(int)  # noqa: E731
    return Call(data.read_mask, [path], {}, equal_to(oracle))


def read(found, *given, **options):
    """Three images of the right size."""
    if len(found) != 3:
        return f"{len(found)} images"
    found = getattr(found, "images", None)
    return None if [path.name for path in found] == [*NAMES] else "other images"


def masks(rng):
    given = [folder() / "images", folder() / "masks", 3]
    options = {"ignore_index": pick(rng, None, 255), "numbers": pick(rng, None, [0, 1, 2])}
    return Call(data.MaskFolders, given, {**options, "instances": False}, read)


def camvid(rng):
    return Call(data.camvid_like, [folder(), pick(rng, "train", "val"), 3], {}, read)


def boxes(name):
    def make(rng):
        source = folder() / "boxes.csv"
        given = [BoxRow(folder() / "images" / n, "cat", CORNERS, str(source)) for n in NAMES]
        options = {"class_names": pick(rng, None, ["cat"], ["cat", "dog"])}
        return Call(getattr(data, name), [given], options, read)

    return make


def source(found, *given, **options):
    right = isinstance(found, data.Source) and found.class_names
    return None if right else "no Source"


def opened(rng):
    task = pick(rng, "segmentation", "localization", "detection")
    options = {"encoding": pick(rng, None, "utf-8"), "ignore_index": None, "class_names": None}
    return Call(data.open_folder, [task, folder()], options, source)


def built_in(name):
    def make(rng):
        task = pick(rng, "segmentation", "detection")
        return Call(getattr(data, name), [task, 4, 3], {}, source)

    return make


def parts(rng):
    some = data.DigitSegmentation("train", 2), data.DigitSegmentation("test", 2)
    options = {"ignore_index": pick(rng, None, 255), "test": pick(rng, None, some[1])}
    return Call(data.Source, [*some, ["a", "b"], 1], options, source)


def split(rng):
    made = data.open_digits("detection", 4, 3)
    return Call(made.of_split, [pick(rng, "validation", "test")], {}, source)


def verified(rng):
    made = data.open_folder("segmentation", folder())
    return Call(made.verify, [], {"one_size": bool(rng.integers(2))})


TABLE = {
    "data.Boxes": boxes("Boxes"),
    "data.CoinDetection": coins("CoinDetection"),
    "data.CoinSegmentation": coins("CoinSegmentation"),
    "data.DigitDetection": scenes("DigitDetection"),
    "data.DigitLocalization": scenes("DigitLocalization"),
    "data.DigitSegmentation": scenes("DigitSegmentation"),
    "data.HorizontalFlip": flip,
    "data.Loader": loader,
    "data.Loader.batches": batches,
    "data.MaskFolders": masks,
    "data.ObjectBoxes": boxes("ObjectBoxes"),
    "data.RandomCrop": sized("RandomCrop"),
    "data.RandomPlacement": placement,
    "data.Resize": sized("Resize"),
    "data.Source": parts,
    "data.Source.of_split": split,
    "data.Source.verify": verified,
    "data.Transformed": transformed,
    "data.box_csv": rows("box_csv", "boxes.csv", "images"),
    "data.camvid_like": camvid,
    "data.coco_json": rows("coco_json", "coco.json", "images"),
    "data.open_coins": built_in("open_coins"),
    "data.open_digits": built_in("open_digits"),
    "data.open_folder": opened,
    "data.penn_fudan": rows("penn_fudan", ""),
    "data.read_image": image,
    "data.read_mask": mask,
    "data.sample": sampled,
    "data.transforms": changed,
    "data.voc_xml": rows("voc_xml", "Annotations", "images"),
}
