"""Images are read as viewers show them, masks as the numbers that they store; whatever is wrong
with a file, the message names it."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from nn_scratch.data import DataError, read_image, read_mask

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (6, 9, 3), np.uint8)
RAMP = np.linspace(0, 1, 54).reshape(6, 9)


def shown(path):
    return np.moveaxis(read_image(path), 0, 2)


def png(depth, colour_type, rows, width, *chunks):
    """A PNG with these rows of bytes; Pillow does not write all that may be read."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(bits, data, width, height, order, photometric=1):
    """A TIFF of one strip, in the byte order "<" or ">"."""
    long = {256: width, 257: height, 273: 8, 278: height, 279: len(data)}
    short = {258: bits, 259: 1, 262: photometric, 277: 1}
    entries = [(tag, struct.pack(order + "HII", 4, 1, value)) for tag, value in long.items()]
    entries += [(t, struct.pack(order + "HIHH", 3, 1, value, 0)) for t, value in short.items()]
    data += b"\0" * (len(data) % 2)
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8 + len(data))
    table = b"".join(struct.pack(order + "H", tag) + entry for tag, entry in sorted(entries))
    return head + data + struct.pack(order + "H", len(entries)) + table + bytes(4)


# ---------------------------------------------------------------- as viewers show them


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "tif", "webp"])
def test_images_and_masks_are_upright(tmp_path, kind, orientation):
    path, exif = tmp_path / f"phone.{kind}", Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "webp" else {}
    Image.fromarray(COLOURS).save(path, exif=exif, **options)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert upright.shape[:2] == ((6, 9) if orientation < 5 else (9, 6))
    np.testing.assert_allclose(shown(path) * 255, upright, atol=1e-4)
    if kind == "png":
        Image.fromarray(COLOURS[..., 0]).save(path, exif=exif)
        np.testing.assert_array_equal(read_mask(path), upright[..., 0])


def test_an_orientation_that_makes_no_sense_says_nothing(tmp_path):
    for orientation in 0, 9, 700:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(COLOURS).save(tmp_path / "a.png", exif=exif)
        assert shown(tmp_path / "a.png").shape == (6, 9, 3)
    Image.fromarray(COLOURS).save(tmp_path / "b.jpg", exif=b"Exif\0\0broken")
    assert shown(tmp_path / "b.jpg").shape == (6, 9, 3)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_grey_of_16_bits(tmp_path, name, dtype):
    Image.fromarray((RAMP * 65535).round().astype(dtype)).save(tmp_path / name)
    np.testing.assert_allclose(shown(tmp_path / name)[..., 1], RAMP, atol=1e-5)


def test_grey_of_other_depths(tmp_path):
    Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / "floats.tif")
    np.testing.assert_allclose(shown(tmp_path / "floats.tif")[..., 2], RAMP, atol=1e-6)
    for depth, row, values in (
        (1, b"\x50", [0, 1, 0, 1]),
        (2, b"\x1b", [0, 1 / 3, 2 / 3, 1]),
        (4, b"\x05\xaf", [0, 1 / 3, 2 / 3, 1]),
        (16, b"\0\0\x55\x55\xaa\xaa\xff\xff", [0, 1 / 3, 2 / 3, 1]),
    ):
        (tmp_path / "grey.png").write_bytes(png(depth, 0, [row], 4))
        np.testing.assert_allclose(shown(tmp_path / "grey.png")[0, :, 0], values, atol=1e-6)
    (tmp_path / "grey.ppm").write_bytes(b"P5\n2 1\n1000\n" + struct.pack(">2H", 250, 1000))
    np.testing.assert_allclose(shown(tmp_path / "grey.ppm")[0, :, 0], [0.25, 1], atol=1e-4)


@pytest.mark.parametrize(
    "values, message",
    [
        (RAMP * 255, r"floats from 0 to 255, but 0 must be black and 1 white"),
        (RAMP - 1, r"floats from -1 to 0,"),
        (np.where(RAMP < 0.5, np.nan, RAMP), r"floats from nan to nan"),
        ((RAMP * 1e6).astype(np.int32), r"integers of 32 bits"),
    ],
)
def test_grey_without_a_white(tmp_path, values, message):
    kept = values if values.dtype == np.int32 else values.astype(np.float32)
    Image.fromarray(kept).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif stores grey as {message}"):
        read_image(tmp_path / "a.tif")


def test_what_is_transparent_lies_on_white(tmp_path):
    alpha = np.tile(np.array([0, 51, 255], np.uint8), (6, 3))
    Image.fromarray(np.dstack([COLOURS, alpha])).save(tmp_path / "rgba.png")
    on_white = 1 - alpha[..., None] / 255 * (1 - COLOURS / 255)
    np.testing.assert_allclose(shown(tmp_path / "rgba.png"), on_white, atol=1 / 255)
    grey = np.dstack([COLOURS[..., 0], alpha])
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_allclose(
        shown(tmp_path / "grey.png"), on_white[..., :1] + np.zeros(3), atol=1 / 255
    )
    palette = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode="P")
    palette.putpalette([255, 0, 0, 0, 0, 255, 9, 9, 9])
    palette.save(tmp_path / "palette.png", transparency=1)
    expected = np.array([[[255, 0, 0], [255, 255, 255], [9, 9, 9]]]) / 255
    np.testing.assert_allclose(shown(tmp_path / "palette.png"), expected, atol=1e-6)


def test_cmyk_and_one_bit(tmp_path):
    Image.new("CMYK", (4, 3), (0, 255, 255, 0)).save(tmp_path / "red.tif")
    np.testing.assert_allclose(shown(tmp_path / "red.tif")[0, 0], [1, 0, 0], atol=0.02)
    Image.fromarray(RAMP > 0.5).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(shown(tmp_path / "bits.png")[..., 0], RAMP > 0.5)


def test_of_several_pictures_none_is_chosen(tmp_path):
    pages = [Image.fromarray(COLOURS), Image.fromarray(255 - COLOURS), Image.new("RGB", (9, 6))]
    for name in "a.tif", "a.png", "a.webp":
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        for read in read_image, read_mask:
            with pytest.raises(DataError, match=r"a\.\w+ holds 3 pictures, but one is needed"):
                read(tmp_path / name)
    # A camera's photograph with its preview is one picture, and so is a page with a smaller copy.
    pages[0].save(
        tmp_path / "camera.jpg", "MPO", save_all=True, append_images=[pages[2]], quality=95
    )
    assert shown(tmp_path / "camera.jpg").shape == (6, 9, 3)
    small = pages[0].resize((4, 3))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "map.tif", save_all=True, append_images=[small])
    np.testing.assert_allclose(shown(tmp_path / "map.tif") * 255, COLOURS, atol=1e-4)


# ---------------------------------------------------------------- the numbers of masks

NUMBERS = RNG.integers(0, 4, (6, 9)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<i4", "f4", "?"])
@pytest.mark.parametrize("name", ["mask.png", "mask.tif", "mask.bmp"])
def test_masks_keep_their_numbers(tmp_path, name, dtype):
    numbers = NUMBERS.astype(dtype)
    if numbers.itemsize == 2:
        numbers[0, 0] = 700
    try:
        Image.fromarray(numbers).save(tmp_path / name)
    except (OSError, ValueError) as error:
        pytest.skip(f"Pillow does not write it: {error}")
    found = read_mask(tmp_path / name)
    np.testing.assert_array_equal(found, numbers)
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    "depth, rows, numbers",
    [
        (1, [b"\x50", b"\xa0"], [[0, 1, 0, 1], [1, 0, 1, 0]]),
        (2, [b"\x1b"], [[0, 1, 2, 3]]),
        (4, [b"\x01\x2f"], [[0, 1, 2, 15]]),
        (8, [b"\0\1\2\xff"], [[0, 1, 2, 255]]),
        (16, [b"\0\0\0\1\1\0\xff\xff"], [[0, 1, 256, 65535]]),
    ],
)
def test_grey_and_palette_pngs_of_every_depth(tmp_path, depth, rows, numbers):
    (tmp_path / "a.png").write_bytes(png(depth, 0, rows, 4))
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), numbers)
    if depth <= 8:
        colours = RNG.integers(0, 256, 3 * 2**depth, np.uint8).tobytes()
        head = b"PLTE" + colours
        chunk = struct.pack(">I", len(colours)) + head + struct.pack(">I", zlib.crc32(head))
        (tmp_path / "a.png").write_bytes(png(depth, 3, rows, 4, chunk))
        np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), numbers)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_tiffs_of_every_depth_and_byte_order(tmp_path, bits, order):
    numbers = np.array([[0, 1, 2**bits - 1, 1], [1, 0, 0, 2**bits // 2]])
    lines = ("".join(f"{number:0{bits}b}" for number in row) for row in numbers)
    packed = [int(line, 2).to_bytes(bits * 4 // 8, "big") for line in lines] if bits > 1 else None
    if bits == 1:
        packed = [b"\x70", b"\x90"]
    if bits == 16:
        packed = [numbers.astype(order + "u2").tobytes()]
    (tmp_path / "a.tif").write_bytes(tiff(bits, b"".join(packed), 4, 2, order))
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif"), numbers)


@pytest.mark.parametrize("largest", [3, 255, 300, 65535])
def test_netpbm_masks_of_any_range(tmp_path, largest):
    values = np.array([0, 1, 2, min(largest, 299)])
    data = values.astype("u1" if largest < 256 else ">u2").tobytes()
    (tmp_path / "a.ppm").write_bytes(b"P5\n2 2\n%d\n" % largest + data)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.ppm"), values.reshape(2, 2))


@pytest.mark.parametrize(
    "name, image, message",
    [
        ("a.png", Image.fromarray(COLOURS), r"is a colour image \(RGB\)"),
        ("a.png", Image.new("RGBA", (3, 2)), r"is a colour image \(RGBA\)"),
        ("a.tif", Image.new("CMYK", (3, 2)), r"is a colour image \(CMYK\)"),
        ("a.jpg", Image.fromarray(NUMBERS), "is a JPEG"),
        ("a.tif", Image.fromarray(RAMP.astype(np.float32)), "holds fractions"),
    ],
)
def test_images_that_are_no_masks(tmp_path, name, image, message):
    image.save(tmp_path / name)
    with pytest.raises(DataError, match=rf"{name} {message}"):
        read_mask(tmp_path / name)


@pytest.mark.parametrize("hidden", [0, 1])
def test_an_alpha_channel_beside_the_numbers(tmp_path, hidden):
    """GIMP writes one; where it hides nothing, the numbers are what is stored."""
    alpha = np.full(NUMBERS.shape, 255, np.uint8)
    alpha[0, :hidden] = 0
    Image.fromarray(np.dstack([NUMBERS, alpha])).save(tmp_path / "a.png")
    if hidden:
        with pytest.raises(DataError, match=r"a\.png is a colour image \(LA\)"):
            read_mask(tmp_path / "a.png")
    else:
        np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), NUMBERS)


def test_numbers_that_can_be_read_in_two_ways(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(4, b"\x01\x23", 4, 1, "<", photometric=0))
    (tmp_path / "b.ppm").write_bytes(b"P4\n4 1\n\x50")
    for name in "a.tif", "b.ppm":
        with pytest.raises(DataError, match=rf"{name} stores white as 0"):
            read_mask(tmp_path / name)
        read_image(tmp_path / name)


# ---------------------------------------------------------------- files that are broken


def whole(image, kind):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def damaged():
    """Files of many kinds, broken in many ways."""
    colours, grey = Image.fromarray(COLOURS), Image.fromarray(NUMBERS)
    files = {kind: whole(colours, kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM")}
    for kind, data in files.items():
        yield f"half.{kind}", data[: len(data) // 2]
        yield f"nothing.{kind}", b""
        yield f"head.{kind}", data[:20]
    bmp = bytearray(whole(grey, "BMP"))
    bmp[46:50] = struct.pack("<I", 70000)
    yield "colours.bmp", bytes(bmp)
    yield "long.ppm", b"P6\n64 48\n" + b"9" * 40 + b"\n" + bytes(99)
    yield "letters.ppm", b"P6\n3\xc62\n255\n" + bytes(99)
    yield "wide.png", png(1, 0, [b""], 40000)[:-4]
    yield "none.png", png(8, 0, [], 4)
    yield "none.ppm", b"P6\n0 4\n255\n"
    yield "zip.png", png(8, 0, [b"abcd"], 4).replace(b"IDAT", b"IDOT")


DAMAGED = dict(damaged())


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("name", DAMAGED)
def test_every_broken_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(DAMAGED[name])
    for read in read_image, read_mask:
        with pytest.raises(DataError, match=name):
            read(tmp_path / name)


@pytest.mark.filterwarnings("ignore:::PIL")
def test_random_damage_is_read_or_named(tmp_path):
    rng = np.random.default_rng(5)
    path = tmp_path / "photo"
    for kind in "PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM":
        data = whole(Image.fromarray(COLOURS), kind)
        for _ in range(40):
            harmed = bytearray(data)
            for place in rng.integers(0, len(data), rng.integers(1, 9)):
                harmed[place] = rng.integers(256)
            path.write_bytes(bytes(harmed))
            for read in read_image, read_mask:
                try:
                    read(path)
                except DataError as error:
                    assert str(path) in str(error)


@pytest.mark.parametrize("size", [(14000, 14000), (200000, 1000)])
def test_images_that_are_too_large(tmp_path, size):
    header = png(1, 0, [b"\0"], 8)
    wide = header[:16] + struct.pack(">II", *size) + header[24:29]
    wide += struct.pack(">I", zlib.crc32(wide[12:29])) + header[33:]
    (tmp_path / "huge.png").write_bytes(wide)
    with pytest.raises(DataError, match=r"huge\.png is too large: Image size \(\d+ pixels\)"):
        read_image(tmp_path / "huge.png")


def test_files_that_may_not_be_read(tmp_path, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    def exhausted(*_, **__):
        raise MemoryError

    for fails, message in (forbidden, "cannot be read: Permission"), (exhausted, "is too large"):
        monkeypatch.setattr(Image, "open", fails)
        with pytest.raises(DataError, match=rf"a\.png {message}"):
            read_image(tmp_path / "a.png")
