"""The layouts of folders that hold images with masks or boxes, and how they are opened."""

from collections import Counter

from nn_scratch.data.readers import (
    Boxes,
    DataError,
    MaskFolders,
    ObjectBoxes,
    box_csv,
    coco_json,
    penn_fudan,
    voc_xml,
)
from nn_scratch.data.readers.files import (
    composed,
    counted,
    image_files,
    other_files,
    read_text,
    relative_name,
    some,
)
from nn_scratch.data.readers.masks import Classes, numbered_classes, read_classes
from nn_scratch.data.source import Source
from nn_scratch.data.split import holdout, moved_group

PETS = Classes(["pet", "background", "border"], [1, 2, 3])  # in Oxford's trimaps
PEDESTRIANS = Classes(["background", "pedestrian"], [0, 1])  # in Penn-Fudan's masks

LAYOUTS = {
    "segmentation": """\
  train/ trainannot/ val/ valannot/  images, and masks of the same names, in two
                                     parts (CamVid)
  images/ masks/                     the same, a fifth of it held out
  images/ annotations/trimaps/       Oxford-IIIT Pet
  JPEGImages/ SegmentationClass/     Pascal VOC's own, divided as the lists in
                                     ImageSets/Segmentation/ say, if there
  PNGImages/ PedMasks/               Penn-Fudan
A mask stores class numbers, as grey values or as indices of a palette, in a
format without loss, such as PNG. It has the size of its image turned upright,
as viewers show it. classes.txt names the classes from 0 on, one in each line.
If masks store other numbers, each line begins with the number: "255: cat".
Without classes.txt, the numbers must be 0, 1, 2, … without a gap. Pixels that
should not count have a number of their own (--ignore-index).""",
    "localization": """\
  images/ and one .csv file          columns filename,label,xmin,ymin,xmax,ymax
  images/ and one .json file         COCO's instances
  images/ annotations/xmls/          Oxford-IIIT Pet: Pascal VOC's XML, one
                                     object each
  JPEGImages/ Annotations/           Pascal VOC's own
  PNGImages/ Annotation/             Penn-Fudan: images with one pedestrian
Boxes are in pixels of the image turned upright, as viewers show it. If all
numbers of a table lie between 0 and 1, they are fractions of the image. A
fifth of the images is held out for validation. Which these are depends only on
the images' names, so that a folder may grow.""",
    "detection": """\
  images/ and one .csv file          a row for each object, with the columns
                                     filename,label,xmin,ymin,xmax,ymax; for an
                                     image without objects, its name alone
  images/ and one .json file         COCO's instances; crowds are difficult
  annotations/instances_PART.json    COCO's own: images in PART/, where the
                                     parts are train, val and test, with a year
  images/ annotations/xmls/          Oxford-IIIT Pet: Pascal VOC's XML
  JPEGImages/ Annotations/           Pascal VOC's own, divided as the lists in
                                     ImageSets/Main/ say, if there
  PNGImages/ Annotation/             Penn-Fudan
Boxes are as in localization. An image that no row and no file names is left
out, because its objects are unknown.""",
}
PARTS = "train", "val", "test"  # the names of parts in data sets that are divided already
COCO_PARTS = "annotations/instances_{part}*.json"


# ---------------------------------------------------------------- masks


def open_masks(folder, ignore_index, names, encoding, group_by):
    """The Source of a folder with masks; None if the folder is in no known layout."""
    known, options = None, {}
    parts = {None: (folder / "images", folder / "masks")}
    if (folder / "trainannot").is_dir():
        present = [part for part in PARTS if part != "test" or (folder / "testannot").is_dir()]
        parts = {part: (folder / part, folder / f"{part}annot") for part in present}
    elif (folder / "masks").is_dir():
        pass
    elif (folder / "annotations" / "trimaps").is_dir():
        parts = {None: (folder / "images", folder / "annotations" / "trimaps")}
        known = PETS
    elif (folder / "SegmentationClass").is_dir():
        pair = folder / "JPEGImages", folder / "SegmentationClass"
        lists = _image_sets(folder / "ImageSets" / "Segmentation", encoding)
        parts = {part: (*pair, stems) for part, stems in lists.items()} or {None: pair}
    elif (folder / "PedMasks").is_dir():
        parts = {None: (folder / "PNGImages", folder / "PedMasks")}
        known, options = PEDESTRIANS, {"mask_ending": "_mask", "instances": True}
    else:
        return None
    if (folder / "classes.txt").exists():
        known = read_classes(folder / "classes.txt", encoding)
    masks = dict.fromkeys(paths[1] for paths in parts.values())
    classes = _classes(folder, known, names, masks, ignore_index)
    sets = {
        part: MaskFolders(
            *paths[:2],
            len(classes.names),
            ignore_index,
            numbers=classes.numbers,
            stems=paths[2] if paths[2:] else None,
            **options,
        )
        for part, paths in parts.items()
    }
    ignored = next(iter(sets.values())).ignored
    return _source(folder, sets, classes.names, ignored, group_by)


def _classes(folder, known, names, mask_folders, ignore_index):
    """The Classes of a folder: those that are `known`, or else the numbers in its masks. `names`
    may ask for another order of the same classes, or name classes that have only numbers."""
    if known is None and not names:
        masks = [path for masks in mask_folders for path in image_files(masks)]
        return numbered_classes(masks, ignore_index)
    unnamed = [str(number) for number in range(len(names or ()))]
    if not names:
        return known
    if known is None or list(names) == unnamed or known.names == [str(n) for n in known.numbers]:
        return Classes(list(names), list(range(len(names))))
    if sorted(names) != sorted(known.names):
        raise DataError(f"{folder} has the classes {known.names}, but wanted are {list(names)}")
    return Classes(list(names), [known.numbers[known.names.index(name)] for name in names])


# ---------------------------------------------------------------- boxes


def open_boxes(task, folder, names, encoding, group_by):
    """The Source of a folder with boxes; None if the folder is in no known layout."""
    found = _annotated(folder, encoding)
    if found is None:
        return None
    images, parts, what = found
    notes = []
    if task == "localization" and (folder / "Annotation").is_dir():
        parts = {part: _single_objects(rows) for part, rows in parts.items()}
        what = "exactly one box: the others are for detection"
    rows = [row for part in parts.values() for row in part]
    labels = sorted({row.label for row in rows if row.label is not None and row.image.exists()})
    kind = Boxes if task == "localization" else ObjectBoxes
    sets = {part: kind(rows, names or labels) for part, rows in parts.items()}
    have = {image for part in sets.values() for image in part.images}
    for place in images:
        notes += [*_without_box(place, have, what), *other_files(place)]
    return _source(folder, sets, names or labels, None, group_by, notes)


def _annotated(folder, encoding):
    """(folders of images, {part: rows}, what an image needs to be used), or None if the folder is
    in no known layout. A data set that is not divided has one part, None."""
    images = folder / "images"
    tables, files = (sorted(folder.glob(f"*.{ending}")) for ending in ("csv", "json"))
    if len(tables) == 1:
        return [images], {None: box_csv(tables[0], images, encoding)}, "a box"
    if any(folder.glob(COCO_PARTS.format(part=""))):
        return _coco_parts(folder, encoding)
    if (folder / "annotations" / "xmls").is_dir():
        rows = voc_xml(folder / "annotations" / "xmls", images, encoding)
        return [images], {None: rows}, "an annotation"
    if (folder / "Annotations").is_dir():
        images, lists = folder / "JPEGImages", folder / "ImageSets" / "Main"
        rows = voc_xml(folder / "Annotations", images, encoding)
        stems = _image_sets(lists, encoding)
        parts = {part: _listed(rows, names, lists / f"{part}.txt") for part, names in stems.items()}
        return (
            [images],
            parts or {None: rows},
            "an annotation in a part" if parts else "an annotation",
        )
    if (folder / "Annotation").is_dir():
        images = folder / "PNGImages"
        return [images], {None: penn_fudan(folder, encoding)}, "an annotation"
    if len(files) == 1 and images.is_dir():
        return [images], {None: coco_json(files[0], images, encoding)}, "an entry in it"
    return None


def _coco_parts(folder, encoding):
    """The same as _annotated, for COCO's own layout."""
    found, places = {}, []
    for part in PARTS:
        files = sorted(folder.glob(COCO_PARTS.format(part=part)))
        if len(files) > 1:
            raise DataError(
                f"{folder} has {len(files)} files of the part {part}: {some(map(str, files))}"
            )
        for path in files:
            name = path.stem.removeprefix("instances_")
            choices = folder / name, folder / "images" / name
            place = next((choice for choice in choices if choice.is_dir()), None)
            if place is None:
                raise DataError(f"{path}: there is no folder {choices[0]} with its images")
            places.append(place)
            found[part] = coco_json(path, place, encoding)
    if "train" not in found:
        raise DataError(f"{folder} has no annotations/instances_train….json")
    if "val" not in found:
        found = {None: found["train"], **{p: rows for p, rows in found.items() if p == "test"}}
    return places, found, "an entry in their file"


def _listed(rows, stems, source):
    """The rows of the images that a list names. Raises DataError for an image without a row."""
    by_stem: dict[str, list] = {}
    for row in rows:
        by_stem.setdefault(composed(row.image.stem), []).append(row)
    for line, stem in stems.items():
        if stem not in by_stem:
            raise DataError(f"{source}, line {line}: {stem} has no annotation")
    return [row for stem in stems.values() for row in by_stem[stem]]


def _single_objects(rows):
    """The rows of images that have one row only."""
    count = Counter(row.image for row in rows)
    return [row for row in rows if count[row.image] == 1]


def _without_box(folder, have, what):
    """A list with a note about the images that are left out, because they lack what is needed."""
    names = [path.name for path in image_files(folder) if path not in have]
    if not names:
        return []
    return [f"{counted(len(names), 'image')} in {folder} left out, without {what}: {some(names)}"]


# ---------------------------------------------------------------- parts


def _image_sets(folder, encoding):
    """The names of images, without suffix, in VOC's lists: {part: {number of the line: name}}. It
    is empty unless there are lists for both training and validation."""
    paths = {part: folder / f"{part}.txt" for part in PARTS}
    if not (paths["train"].exists() and paths["val"].exists()):
        return {}
    parts: dict = {}
    owner: dict[str, str] = {}
    for part, path in paths.items():
        if not path.exists():
            continue
        lines = enumerate(read_text(path, encoding).splitlines(), 1)
        parts[part] = {number: composed(line.strip()) for number, line in lines if line.strip()}
        if not parts[part]:
            raise DataError(f"{path} names no image")
        for line, name in parts[part].items():
            if name in owner:
                raise DataError(f"{path}, line {line}: {name} is in {owner[name]} already")
            owner[name] = f"{path.name}, line {line}"
    return parts


def _source(folder, sets, class_names, ignored, group_by, notes=()):
    """The Source of a folder's data sets, by part. A folder that is not divided has the data set
    None, of which a part is held out for validation."""
    names = {
        part: [relative_name(path, folder) for path in data.images] for part, data in sets.items()
    }
    options = {"channels": 3, "ignore_index": ignored}
    if "test" in sets:
        options |= {"test": sets["test"], "test_names": names["test"]}
    if None in sets:
        sides = holdout(sets[None], names[None], group_by)
        names_of_sides = [[names[None][index] for index in side.indices] for side in sides]
        moved = moved_group(names[None], group_by)
        notes = [*notes, *([moved] if moved else [])]
    elif group_by is not None:
        raise DataError(f"{folder} has its own parts train and val: group_by has no effect there")
    else:
        sides, names_of_sides = (sets["train"], sets["val"]), (names["train"], names["val"])
    return Source(
        *sides,
        class_names,
        train_names=names_of_sides[0],
        validation_names=names_of_sides[1],
        notes=list(notes),
        **options,
    )
