"""Reading pictures: every format, mode, rotation and depth gives the same pixels; what is no picture is one clear line."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from glifo.pictures import load_picture


def drawn(width: int = 40, height: int = 24) -> Image.Image:
    """A grey picture without symmetry: a thick stroke from the upper left, and a dot at the lower left."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    pen.line((4, 3, width - 6, height - 8), fill=0, width=4)
    pen.ellipse((2, height - 8, 7, height - 3), fill=60)
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def grey(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float64) if picture.ndim == 2 else picture.mean(2)


LOSSLESS = [
    *[(kind, mode) for kind in ("PNG", "TIFF") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")],
    *[("TIFF", mode) for mode in ("I", "F", "CMYK", "PA")],
    ("GIF", "L"),
    ("GIF", "P"),
]


@pytest.mark.parametrize(("kind", "mode"), LOSSLESS)
def test_every_mode_and_format_gives_the_same_pixels(kind, mode):
    black_or_white = drawn().point(lambda value: 255 * (value > 128))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(black_or_white).astype(np.uint16) * 257)
    else:
        image = black_or_white.convert({"CMYK": "RGB", "PA": "LA"}.get(mode, "L")).convert(mode)
    picture = load_picture(encoded(image, kind))
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(grey(picture), np.asarray(black_or_white))


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB")])
def test_lossy_formats_are_close(kind, mode):
    picture = load_picture(encoded(drawn().convert("RGB").convert(mode), kind, quality=95))
    assert np.abs(grey(picture) - np.asarray(drawn())).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(drawn(), "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(load_picture(data), expected)
    assert (orientation == 1) == (expected.shape == (24, 40) and (expected == np.asarray(drawn())).all())


@pytest.mark.parametrize(("ink", "ground"), [((0, 0, 0), 255), ((255, 255, 255), 0), ((20, 60, 90), 255)])
def test_transparency_lies_on_the_ground_that_shows_the_ink(ink, ground):
    alpha = 255 - np.asarray(drawn())
    rgba = np.concatenate([np.broadcast_to(np.uint8(ink), (*alpha.shape, 3)), alpha[..., None]], axis=2)
    for source in (encoded(Image.fromarray(rgba), "PNG"), rgba):
        picture = load_picture(source)
        np.testing.assert_array_equal(picture[0, 0], [ground] * 3)
        assert np.abs(picture[4, 5].astype(int) - ink).max() <= 1


def test_grey_with_alpha_as_an_array():
    array = np.zeros((6, 8, 2), np.uint8)
    array[2:4, 2:6, 1] = 255
    assert grey(load_picture(array))[[0, 2], [0, 3]].tolist() == [255, 0]


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    for source in (encoded(Image.fromarray(ramp), "PNG"), encoded(Image.fromarray(ramp), "TIFF"), ramp):
        np.testing.assert_allclose(load_picture(source), ramp / 257, atol=0.51)


def test_twelve_bits_in_sixteen_stay_bright():
    ramp = np.linspace(0, 4095, 256).astype(np.uint16).reshape(16, 16)
    np.testing.assert_allclose(load_picture(ramp), ramp / 4095 * 255, atol=0.51)


def test_signed_and_float_files_are_stretched():
    values = np.linspace(-3, 5, 64, dtype=np.float32).reshape(8, 8)
    picture = load_picture(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(picture, (values + 3) / 8 * 255, atol=0.51)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.bool_])
def test_arrays_of_every_type_agree(dtype):
    mask = np.asarray(drawn()) > 128
    white = {np.uint8: 255, np.uint16: 65535}.get(dtype, 1)
    np.testing.assert_array_equal(load_picture((mask * white).astype(dtype)), mask * 255)
    np.testing.assert_array_equal(load_picture((mask * white).astype(dtype)[..., None]), mask * 255)


def test_a_gif_gives_its_first_frame():
    second = Image.new("L", (40, 24), 128)
    data = encoded(drawn(), "GIF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(grey(load_picture(data)), np.asarray(drawn()))


def test_paths_bytes_and_arrays_agree(tmp_path):
    path = tmp_path / "letter.png"
    path.write_bytes(encoded(drawn(), "PNG"))
    for source in (path, str(path), path.read_bytes(), np.asarray(drawn())):
        np.testing.assert_array_equal(load_picture(source), np.asarray(drawn()))


def png_header(width: int, height: int) -> bytes:
    """A PNG of nothing but its header: whoever decodes it finds it cut off."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"


REFUSED = {
    "nothing.png": (b"", r"nothing.png is empty \(0 bytes\): expected a PNG.*copy or save it again"),
    "text.png": (b"hello, I am a text\n", r"text.png is not a picture that can be read \(it begins with b'hello, I"),
    "cut.png": (encoded(drawn(), "PNG")[:90], r"cut.png is a damaged or cut-off PNG picture \(.*copy or save it again"),
    "cut.jpg": (encoded(drawn(200, 200), "JPEG")[:900], r"cut.jpg is a damaged or cut-off JPEG picture"),
    "huge.png": (png_header(10_000, 10_000), r"huge.png is 10000x10000, 100 megapixels: at most 50 .*make it smaller"),
    "bomb.png": (png_header(60_000, 60_000), r"bomb.png is too large \(.*at most 50 megapixels"),
    "none.png": (png_header(0, 10), r"none.png "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_in_one_line(name, tmp_path):
    data, message = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message) as refusal:
        load_picture(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"gone.png does not exist: expected .*check the name"):
        load_picture(tmp_path / "gone.png")
    with pytest.raises(ValueError, match=r"is a folder: expected .*name the files in it"):
        load_picture(str(tmp_path))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[0.0, np.nan]]), "NaN or infinite values: expected float in 0..1; replace them"),
        (np.array([[0.0, np.inf]]), "NaN or infinite values"),
        (np.array([[0.0, 255.0]]), "from 0 to 255: expected float in 0..1; divide by its maximum"),
        (np.array([[-0.5, 0.5]]), "from -0.5 to 0.5: expected float in 0..1"),
        (np.zeros((2, 2), np.int64), "an array of int64: expected uint8, uint16, bool or float"),
        (np.zeros((0, 4), np.uint8), "has no pixels"),
        (np.zeros(5, np.uint8), r"shaped \(5,\): expected one picture, height x width"),
        (np.zeros((3, 28, 28, 1), np.uint8), "give the pictures of a batch one by one"),
        (np.zeros((4, 4, 5), np.uint8), r"shaped \(4, 4, 5\): expected one picture"),
        (np.broadcast_to(np.uint8(0), (8000, 8000)), "8000x8000, 64 megapixels: at most 50"),
    ],
)
def test_arrays_that_are_no_picture_are_refused(array, message):
    with pytest.raises(ValueError, match=message):
        load_picture(array)


def assert_read_or_refused(data: bytes) -> None:
    """Warnings are errors here, and so is every exception but ValueError."""
    try:
        picture = load_picture(data)
    except ValueError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert picture.dtype == np.uint8 and picture.ndim in (2, 3) and picture.size > 0


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"BM", b"GIF89a"]),
)
def test_arbitrary_bytes_are_read_or_refused(data, start):
    assert_read_or_refused(start + data)


EXIF = Image.Exif()
EXIF[0x0112] = 6
WHOLE = [
    encoded(drawn(), "PNG"),
    encoded(drawn().convert("P"), "PNG", transparency=b"\x10\x80"),
    encoded(drawn().convert("LA"), "PNG", exif=EXIF),
    encoded(drawn(), "JPEG", exif=EXIF),
    encoded(drawn().convert("RGB"), "WEBP"),
    encoded(drawn(), "TIFF", compression="tiff_lzw"),
    encoded(Image.fromarray(np.asarray(drawn(), np.float32)), "TIFF"),
    encoded(drawn(), "BMP"),
    encoded(drawn(), "GIF"),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_damaged_pictures_are_read_or_refused(whole, data):
    damaged = bytearray(whole[: data.draw(st.integers(1, len(whole)))] if data.draw(st.booleans()) else whole)
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=6)):
        damaged[place % len(damaged)] = value
    assert_read_or_refused(bytes(damaged))
