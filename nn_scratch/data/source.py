"""A Source: the data sets to train, validate and test on, with their classes and notes."""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nn_scratch.arguments import a_label, one_of, optional, whole, words
from nn_scratch.data.errors import DataError
from nn_scratch.data.samples import data_set
from nn_scratch.data.threads import in_threads
from nn_scratch.geometry import flag

PROBLEMS = 5  # broken files that are named in a message


@dataclass(frozen=True)
class Source:
    """The data sets to train and to validate on, with what is known about them.

    train, validation: data sets, with a length and `sample(epoch, index)`. class_names: in the
    order of the labels. channels: of the images. ignore_index: the label of pixels that do not
    count. train_names, validation_names: the paths of the images, relative to the folder; empty for
    scenes that are drawn. notes: sentences about images that were left out or read in a special
    way. test, test_names: the test set, if there is one.

    Raises: TypeError or ValueError for values of a wrong kind.
    """

    train: Any
    validation: Any
    class_names: list[str]
    channels: int
    ignore_index: int | None = None
    train_names: list[str] = field(default_factory=list)
    validation_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    test: Any = None
    test_names: list[str] = field(default_factory=list)

    def __post_init__(self):
        for name in "train", "validation":
            data_set(name, getattr(self, name))
        optional(data_set, "test", self.test)
        words("class_names", self.class_names)
        whole("channels", self.channels, 1)
        optional(a_label, "ignore_index", self.ignore_index)

    def of_split(self, split: str) -> "Source":
        """The same data, with the images of a split, "validation" or "test", to validate on.

        Returns: a Source.
        Raises: DataError if there is no test set, ValueError for another split.
        """
        if one_of("split", split, ("validation", "test")) == "validation":
            return self
        if self.test is None:
            raise DataError(
                "there is no test part: it stands in test/ and testannot/, beside train/, "
                "trainannot/, val/ and valannot/, or in the lists of ImageSets/"
            )
        return replace(self, validation=self.test, validation_names=self.test_names)

    @property
    def report(self) -> str:
        """The notes about images that were left out, cut or read in a special way, a line each. It
        is complete after verify()."""
        notes = [*self.notes]
        parts = [getattr(part, "dataset", part) for part in (self.train, self.validation)]
        for part in parts:
            notes += getattr(part, "notes", [])
        if all(getattr(part, "ignores_nothing", False) for part in parts):
            number = parts[0].ignore_index
            notes.append(f"no mask stores {number}, which should not count (--ignore-index)")
        return "\n".join(dict.fromkeys(notes))

    def verify(self, *, one_size: bool = False) -> None:
        """Open every file once, so that a broken one is found before hours of training.

        one_size: whether all images must have the same size, because they will not be resized.

        Raises: DataError, with the first few broken files; TypeError if one_size is neither True
            nor False.
        """
        flag("one_size", one_size)
        named = zip(("train", "validation"), (self.train_names, self.validation_names), strict=True)
        jobs = [(part, index) for part, names in named for index in range(len(names))]
        problems: list[str] = []
        sizes: dict[tuple[int, int], str] = {}
        for job, found in zip(jobs, in_threads(self._open, jobs, "opening files"), strict=True):
            if isinstance(found, DataError):
                problems.append(str(found))
            else:
                sizes.setdefault(found, self._name(*job))
        if len(problems) == 1:
            raise DataError(problems[0])
        if problems:
            more = f"\n(and {len(problems) - PROBLEMS} more)" if len(problems) > PROBLEMS else ""
            shown = "\n".join(problems[:PROBLEMS])
            raise DataError(f"{len(problems)} of {len(jobs)} images are wrong:\n{shown}{more}")
        if one_size and len(sizes) > 1:
            (size, first), (other, second) = list(sizes.items())[:2]
            raise DataError(
                f"the images have {len(sizes)} sizes: {first} is {size[0]} high and {size[1]} "
                f"wide, {second} {other[0]} and {other[1]}; give all one size (--size)"
            )

    def contents(self, part: str) -> dict[str, str]:
        """The hashes of the files of a part, "train" or "validation", by which copies of an image
        are recognized whatever their names.

        Returns: hashes by the image's name; empty for data sets without files, such as scenes.
        Raises: DataError for a file that cannot be read; ValueError for another part.
        """
        one_of("part", part, ("train", "validation"))
        names, files = getattr(self, f"{part}_names"), _files_of(getattr(self, part))
        if not (names and files):
            return {}
        return dict(zip(names, in_threads(_hash_of, files, "reading files"), strict=True))

    def _open(self, job):
        """The size (height, width) of a sample's image, or the DataError that reading it raises."""
        part, index = job
        try:
            return getattr(self, part).sample(0, index)[0].shape[1:]
        except DataError as error:
            return error

    def _name(self, part, index):
        return getattr(self, f"{part}_names")[index]


def _files_of(data):
    """The image files of a folder's data set or of a Subset of one; none for other data sets."""
    if hasattr(data, "indices"):
        files = _files_of(data.dataset)
        return [files[index] for index in data.indices]
    return getattr(data, "images", [])


def _hash_of(file):
    try:
        return blake2b(Path(file).read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error
