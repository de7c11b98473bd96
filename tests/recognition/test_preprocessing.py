"""What a photo may be, and that whatever it is, it reaches the network as one thing."""

import contextlib
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from smartscale.recognition.network_input import prepare
from smartscale.recognition.photo import (
    CorruptImage,
    ImageError,
    ImageInfo,
    TooManyPixels,
    UnsupportedImage,
    decode,
    inspect,
    without_metadata,
)
from smartscale.recognition.preprocessing import Preprocessing

SPEC = Preprocessing(size=32)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int = 320, height: int = 240) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def left_red_right_blue(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (64, 64), "red")
    image.paste((0, 0, 255), (32, 0, 64, 64))
    return image.convert(mode)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises pixels and has none."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    header = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + end


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")],
)
def test_the_content_says_what_a_picture_is(kind: str, media_type: str) -> None:
    data = encoded(noise(), kind)

    assert inspect(data) == ImageInfo(kind, 320, 240, media_type)
    assert without_metadata(data).media_type == media_type
    assert decode(data, 100).mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"this is text, whatever its name",
        b"GIF89a" + bytes(40),
        encoded(Image.new("RGB", (4, 4)), "GIF"),
        encoded(Image.new("RGB", (4, 4)), "BMP"),
        encoded(Image.new("RGB", (4, 4)), "TIFF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_anything_else_is_refused_by_its_content(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="JPEG, PNG, WebP or HEIC"):
        inspect(data)
    with pytest.raises(UnsupportedImage):
        decode(data, 100)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("kept", [0.999, 0.9, 0.5, 0.02])
def test_a_jpeg_cut_short_is_refused(options: dict[str, bool], kept: float) -> None:
    data = encoded(noise(), "JPEG", quality=90, **options)
    cut = data[: int(len(data) * kept)]

    with pytest.raises(CorruptImage):
        without_metadata(cut)
    with pytest.raises(CorruptImage):
        decode(cut, 100)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_cut_short_are_refused(kind: str) -> None:
    data = encoded(noise(), kind)

    with pytest.raises(CorruptImage):
        decode(data[: len(data) // 2], 100)


@given(data=st.binary(max_size=200), start=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_garbage_is_an_image_error_and_nothing_else(data: bytes, start: bytes) -> None:
    for hostile in (data, start + data):
        with pytest.raises(ImageError):
            decode(hostile, 100)


@given(place=st.integers(0, 4000), value=st.integers(0, 255))
def test_a_damaged_byte_is_survived_or_an_image_error(place: int, value: int) -> None:
    data = bytearray(encoded(left_red_right_blue(), "PNG"))
    data[place % len(data)] = value
    with contextlib.suppress(ImageError):
        decode(bytes(data), 32)


def test_a_tiny_file_with_fifty_megapixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = encoded(Image.new("1", (10_000, 5_000)), "PNG")
    assert len(bomb) < 20_000
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)

    for refused in (inspect, lambda data: decode(data, 224)):
        with pytest.raises(TooManyPixels, match="20 megapixels"):
            refused(bomb)
    assert decoded == []


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000)])
def test_more_than_pillow_itself_allows_is_too_many_as_well(size: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixels):
        inspect(png_header(*size))


def test_the_largest_picture_allowed_is_allowed() -> None:
    assert inspect(png_header(5_000, 4_000)).width == 5_000
    with pytest.raises(TooManyPixels, match=r"has 20.0 megapixels; a PNG may have at most 20 meg"):
        inspect(png_header(5_000, 4_001))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste((255, 0, 0), (0, 0, 20, 20))  # red in the upper left
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation

    decoded = decode(encoded(stored, "JPEG", exif=exif, quality=95), 48)

    assert decoded.size == (64, 48)
    red, green, _ = np.asarray(decoded)[5, 5]
    assert red > 200
    assert green < 60


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_refuse_a_good_picture() -> None:
    data = encoded(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")

    assert decode(data, 100).mode == "RGB"


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("P", "PNG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("RGBA", "WEBP"), ("RGB", "PNG")],
)
def test_every_colour_mode_keeps_its_colours(mode: str, kind: str) -> None:
    decoded = decode(encoded(left_red_right_blue(mode), kind), 64)

    pixels = np.asarray(decoded)
    left, right = pixels[32, 10], pixels[32, 54]
    assert left[0] > 200
    assert left[2] < 90
    assert right[2] > 200
    assert right[0] < 90


def test_transparency_is_laid_on_white() -> None:
    for image in (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), Image.new("LA", (8, 8), (0, 0))):
        assert decode(encoded(image, "PNG"), 8).getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    image = Image.fromarray(np.full((8, 8), 128 << 8, np.uint16))

    assert decode(encoded(image, "PNG"), 8).getpixel((4, 4)) == (128, 128, 128)


def test_a_large_jpeg_is_decoded_small() -> None:
    decoded = decode(encoded(noise(1920, 1080)), 224)

    assert decoded.size == (480, 270)


@given(width=st.integers(1, 200), height=st.integers(1, 200))
def test_any_shape_becomes_the_networks_input(width: int, height: int) -> None:
    view = prepare(Image.new("RGB", (width, height), (255, 127, 0)), SPEC)

    assert view.shape == (1, 32, 32, 3)
    assert view.dtype == np.float32
    assert np.allclose(view[0, 16, 16], [1.0, 0.0, -127 / 128])


def test_only_the_middle_of_a_wide_picture_is_seen() -> None:
    image = Image.new("RGB", (300, 100), "black")
    image.paste((255, 255, 255), (100, 0, 200, 100))

    middle_only = prepare(image, Preprocessing(size=32, max_aspect=1.0))
    whole = prepare(image, Preprocessing(size=32, max_aspect=3.0))

    assert middle_only.min() > 0.7
    assert whole[0, 16, 0].max() < -0.7


def test_channels_can_be_the_other_way_round() -> None:
    view = prepare(Image.new("RGB", (9, 9), "red"), Preprocessing(size=8, channels="bgr"))

    assert view[0, 0, 0].tolist() == [-127 / 128, -127 / 128, 1.0]
