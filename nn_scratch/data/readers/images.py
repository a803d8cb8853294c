"""Read images as viewers show them, and masks as the numbers that they store."""

from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.Image import DecompressionBombError, Transpose

from nn_scratch.arguments import a_path
from nn_scratch.backend import Array
from nn_scratch.data.readers.files import DataError

ORIENTATION = 0x0112  # the tag in EXIF
UPRIGHT = {  # values of the tag, and how a viewer turns the image; 1 means upright
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
REDUCED = 254  # TIFF's tag NewSubfileType, whose first bit marks a smaller copy of another page
SCALED = {"L;2": 85, "L;4": 17}  # the factors by which Pillow stretches 2 and 4 bits to 8
WHITE_IS_ZERO = {"1;I", "L;I", "L;2I", "L;4I"}
WITH_ALPHA = {"LA", "PA", "RGBA", "RGBa"}
WHITE = 255


def read_image(path: str | Path) -> Array:
    """Read an image as viewers and labelling tools show it.

    - It is turned upright as its EXIF orientation says.
    - Grey values of 16 bits are divided by 65535; grey values that are floats are kept, and must
      lie between 0 and 1. Integers of 32 bits are refused, because it is not agreed which is white.
    - Transparent images are laid on white.
    - Palettes, 1 bit, CMYK and YCbCr become RGB; colour profiles are not applied.
    - A file with several pictures (an animation, the pages of a TIFF) is refused. Previews that
      cameras add, and smaller copies of the same page, do not count.

    Returns: (3, H, W) float32 from 0 to 1; the three channels of a grey image are equal.
    Raises: DataError, with the name of the file, if it cannot be read or is refused; TypeError if
        `path` is not a path.
    """
    with _opened(a_path("path", path)) as (image, stored):
        pixels = _in_colour(image, stored, path)
    planes = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
    return np.ascontiguousarray(np.moveaxis(planes, 2, 0))


def read_mask(path: str | Path) -> Array:
    """Read the numbers that a mask stores, with any bit depth and byte order. In a palette image
    these are the indices, not the colours. It is turned upright as its EXIF orientation says.

    Returns: (H, W) int64.
    Raises: DataError, with the name of the file, if it cannot be read, or is of a kind that does
        not store whole numbers exactly: colour images, JPEG, fractions. TypeError if `path` is not
        a path.
    """
    with _opened(a_path("path", path)) as (image, stored):
        if stored.format in ("JPEG", "MPO"):
            raise DataError(f"{path} is a JPEG, which keeps numbers only nearly: save masks as PNG")
        numbers = _numbers(image, stored, path)
    if numbers.dtype.kind == "f":
        whole = np.round(numbers)
        if not (np.isfinite(numbers).all() and np.array_equal(whole, numbers)):
            raise DataError(f"{path} holds fractions, but a mask stores class numbers")
        numbers = whole
    return numbers.astype(np.int64)


class _Stored(NamedTuple):
    """How a file stores its pixels, according to Pillow before it reads them: the format of the
    file, the codec, Pillow's name of the raw mode, and the largest value."""

    format: str
    codec: str
    mode: str
    largest: int


@contextmanager
def _opened(path):
    """A context with (the image, read completely and turned upright, its _Stored). Errors of
    reading, and errors inside the context, become DataErrors with the name of the file."""
    try:
        with Image.open(path) as image:
            if 0 in image.size:
                raise DataError(f"{path} is an image without pixels: {image.size}")
            _refuse_several(image, path)
            stored = _storage(image)
            image.load()
            yield _upright(image), stored
    except DataError:
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (DecompressionBombError, MemoryError) as error:
        reason = str(error).partition(",")[0] or "the memory does not suffice"
        raise DataError(f"{path} is too large: {reason}") from error
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path} is truncated or no image: {reason}") from error


def _upright(image):
    """The image, turned as its EXIF orientation says; broken metadata are ignored."""
    try:
        method = UPRIGHT.get(image.getexif().get(ORIENTATION))
    except Exception:
        method = None
    return image if method is None else image.transpose(method)


def _refuse_several(image, path):
    """Raise DataError if a file holds several pictures."""
    frames = getattr(image, "n_frames", 1)
    if image.format == "TIFF" and frames > 1:
        pages = 0
        for frame in range(frames):
            image.seek(frame)
            pages += not image.tag_v2.get(REDUCED, 0) & 1
        image.seek(0)
        frames = pages
    if frames > 1 and image.format != "MPO":  # MPO: a camera's photograph with a preview
        raise DataError(f"{path} holds {frames} pictures, but one is needed: save the one you mean")


def _in_colour(image, stored, path):
    """The pixels from 0 to 1, as RGB (H, W, 3) or as grey (H, W)."""
    sixteen = image.mode.startswith("I;16")
    if sixteen or (image.mode == "I" and stored.format in ("PNG", "PPM")):
        return np.asarray(image, np.float32) / 65535
    if image.mode == "I":
        raise DataError(
            f"{path} stores grey as integers of 32 bits, of which none is white by agreement: save "
            "it with 8 or 16 bits, or as floats from 0 to 1"
        )
    if image.mode == "F":
        values = np.asarray(image)
        low, high = float(values.min()), float(values.max())
        if not 0 <= low <= high <= 1:
            raise DataError(
                f"{path} stores grey as floats from {low:g} to {high:g}, but 0 must be black and 1 "
                "white: scale it"
            )
        return values
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, (WHITE, WHITE, WHITE, WHITE))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), np.float32) / WHITE


def _numbers(image, stored, path):
    """The numbers (H, W) in a file of one channel, beside which an opaque alpha is allowed."""
    if image.mode == "LA" and image.getextrema()[1] == (WHITE, WHITE):
        image = image.getchannel("L")
    if image.mode not in ("L", "P", "1", "I", "F") and not image.mode.startswith("I;16"):
        raise DataError(
            f"{path} is a colour image ({image.mode}), but a mask stores class numbers: as grey "
            "values or as the indices of a palette"
        )
    if stored.mode in WHITE_IS_ZERO:
        raise DataError(
            f"{path} stores white as 0, so that its numbers can be read in two ways: save masks as "
            "PNG"
        )
    numbers = np.asarray(image)
    if stored.codec in ("ppm", "ppm_plain"):  # Pillow has stretched values from 0 … largest
        most = 255 if image.mode == "L" else 65535
        return np.round(numbers.astype(np.float64) * stored.largest / most)
    return numbers // SCALED.get(stored.mode, 1) if image.mode == "L" else numbers


def _storage(image):
    """The _Stored of an image that is not loaded yet."""
    codec, _, _, arguments = image.tile[0] if image.tile else (None, None, None, None)
    arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    return _Stored(image.format, codec, *(arguments[0], arguments[-1]) if arguments else (None, 0))
