"""What is stored of a photo, and that every way in makes the same picture of it."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from frontend.weighing.pictures import UnreadablePicture, prepare
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.recognition.photo import (
    CorruptImage,
    ImageError,
    TooManyPixels,
    decode,
    inspect,
    thumbnail,
    without_metadata,
)

HEIC = Path(__file__).parent / "pictures" / "sideways.heic"
"""A sample picture as a phone writes it: held sideways, with the maker's name in its EXIF."""
SECRET = b"Nobody's business 52.5200N 13.4050E"
ORIENTATION = 0x0112


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif_of(orientation: int | None = None) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return exif.tobytes()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    bits: int, colour: int, row: bytes, *chunks: bytes, size: tuple[int, int] = (2, 1)
) -> bytes:
    """A PNG of one row, with what Pillow cannot write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def smooth(mode: str = "RGB") -> Image.Image:
    """A picture that a JPEG keeps nearly as it is."""
    ramp = Image.linear_gradient("L").resize((60, 40))
    return Image.merge("RGB", (ramp, ramp.rotate(180), ramp)).convert(mode)


def told_everywhere() -> list[bytes]:
    """Pictures that say something in each place that a format has for it."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    text.add_text("zipped", SECRET.decode() * 3, zip=True)
    photo = smooth()
    iptc = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x28" + SECRET.ljust(40)
    jpeg = encoded(photo, "JPEG", comment=SECRET, exif=exif_of(), xmp=SECRET, icc_profile=SECRET)
    with_iptc = jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc + jpeg[2:]
    frames = [smooth(), Image.new("RGB", (60, 40), "red")]
    return [
        jpeg,
        with_iptc,
        with_iptc + SECRET,
        encoded(photo, "JPEG", progressive=True, exif=exif_of(6)) + SECRET + b"\xff\xd9",
        encoded(smooth("CMYK"), "JPEG", comment=SECRET),
        encoded(smooth("L"), "JPEG", comment=SECRET, restart_marker_rows=1),
        encoded(photo, "MPO", save_all=True, append_images=frames, exif=exif_of()),
        encoded(photo, "PNG", pnginfo=text, exif=exif_of(), icc_profile=SECRET) + SECRET,
        encoded(photo, "PNG", exif=exif_of(8)),
        encoded(photo, "PNG", save_all=True, append_images=frames, pnginfo=text),
        encoded(photo, "WEBP", exif=exif_of(), xmp=SECRET, icc_profile=SECRET) + SECRET,
        encoded(photo, "WEBP", exif=exif_of(3), lossless=True),
        encoded(smooth("RGBA"), "WEBP", exif=exif_of(), xmp=SECRET),
        encoded(photo, "WEBP", save_all=True, append_images=frames, xmp=SECRET),
        HEIC.read_bytes(),
    ]


def is_wide(data: bytes) -> bool:
    shown = decode(data, 40)
    return shown.width > shown.height


@pytest.mark.parametrize("data", told_everywhere())
def test_nothing_but_the_picture_is_stored(data: bytes) -> None:
    stored = without_metadata(data).data
    assert SECRET not in stored
    assert b"Camera maker" not in stored
    with Image.open(io.BytesIO(stored)) as image:
        told = set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density", "adobe"}
        assert told <= {"adobe_transform", "progressive", "progression", "loop", "background"} | {
            "duration",
            "timestamp",
        }
        assert not image.getexif()
        assert getattr(image, "n_frames", 1) == 1
    assert without_metadata(stored).data == stored
    before, after = (
        np.asarray(decode(one, 40).resize((60, 40)), np.int16) for one in (data, stored)
    )
    assert is_wide(data) is is_wide(stored)
    assert abs(before - after).mean() < 4, "it shows something else"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_says_nothing_is_stored_as_it_came(kind: str) -> None:
    data = encoded(noise(60, 40), kind)
    assert without_metadata(data).data == data


def test_a_jpeg_that_is_damaged_within_is_found_by_who_decodes_it() -> None:
    data = bytearray(encoded(noise(60, 40), "JPEG"))
    codes = data.index(b"\xff\xc4") + 5
    data[codes : codes + 16] = b"\xff" * 16  # more codes of each length than there can be
    assert without_metadata(bytes(data)).data == data
    with pytest.raises(CorruptImage, match="damaged"):
        decode(bytes(data), 40)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_picture_is_stored_upright_and_small_enough(orientation: int) -> None:
    large = orientation == 6  # as phones store what they take upright; it takes a second
    size = (3000, 2000) if large else (300, 200)
    data = encoded(noise(*size), "JPEG", quality=95, exif=exif_of(orientation))
    stored = without_metadata(data)
    assert stored.media_type == "image/jpeg"
    assert len(stored.data) <= MAX_IMAGE_BYTES
    width, height = Image.open(io.BytesIO(stored.data)).size
    assert (width > height) is (orientation < 5)
    assert decode(stored.data, 300).width / decode(stored.data, 300).height == pytest.approx(
        width / height, abs=0.01
    )


def test_what_an_iphone_sends_is_taken() -> None:
    info = inspect(HEIC.read_bytes())
    assert (info.format, info.media_type) == ("HEIF", "image/heic")
    assert without_metadata(HEIC.read_bytes()).media_type == "image/jpeg"
    with pytest.raises(CorruptImage):
        decode(HEIC.read_bytes()[:2000], 100)


WHITE, GREY, BLACK = (255, 255, 255), (128, 128, 128), (0, 0, 0)


@pytest.mark.parametrize(
    ("data", "left", "right"),
    [
        (png(16, 0, b"\x80\x80\0\0"), GREY, BLACK),
        (png(16, 0, b"\x80\x80\0\0", chunk(b"tRNS", b"\x80\x80")), WHITE, BLACK),
        (png(16, 0, b"\x80\x80\0\0", chunk(b"tRNS", b"\x80\x81")), GREY, BLACK),
        (png(16, 2, b"\x80\x80" * 3 + b"\0\0" * 3, chunk(b"tRNS", b"\0\0" * 3)), GREY, WHITE),
        (png(16, 4, b"\x80\x80\xff\xff\0\0\0\0"), GREY, WHITE),
        (png(16, 6, b"\x80\x80" * 3 + b"\xff\xff" + b"\0\0" * 4), GREY, WHITE),
        (png(8, 0, b"\x80\0", chunk(b"tRNS", b"\0\0")), GREY, WHITE),
        (png(8, 2, b"\x80" * 3 + b"\0" * 3, chunk(b"tRNS", b"\0\0" * 3)), GREY, WHITE),
        (png(8, 4, b"\x80\xff\0\0"), GREY, WHITE),
        (png(4, 0, b"\x0f", chunk(b"tRNS", b"\0\x0f")), BLACK, WHITE),
        (png(2, 0, b"\x30", chunk(b"tRNS", b"\0\3")), BLACK, WHITE),
        (png(1, 0, b"\x40", chunk(b"tRNS", b"\0\1")), BLACK, WHITE),
        (png(1, 0, b"\x40"), BLACK, WHITE),
        (
            png(8, 3, b"\0\1", chunk(b"PLTE", b"\x80\x80\x80\0\0\0"), chunk(b"tRNS", b"\xff\0")),
            GREY,
            WHITE,
        ),
        (
            png(1, 3, b"\x40", chunk(b"PLTE", b"\x80\x80\x80\0\0\0"), chunk(b"tRNS", b"\xff\0")),
            GREY,
            WHITE,
        ),
        (png(8, 3, b"\0\1", chunk(b"PLTE", b"\x80\x80\x80\0\0\0")), GREY, BLACK),
    ],
)
def test_every_kind_of_png_is_the_same_everywhere(
    data: bytes, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    shown = decode(data, 1)
    assert [shown.getpixel((x, 0)) for x in (0, 1)] == [left, right]
    stored = decode(without_metadata(data).data, 1)
    assert [stored.getpixel((x, 0)) for x in (0, 1)] == [left, right]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16"])
def test_large_pictures_of_every_mode_are_shrunk(mode: str) -> None:
    grey = Image.new("L", (1200, 900), 200)
    image = (
        Image.fromarray(np.full((900, 1200), 200 << 8, np.uint16))
        if mode == "I;16"
        else grey.convert("LA").convert(mode)
        if mode == "PA"
        else grey.convert(mode)
    )
    if mode == "PA":
        image = image.convert("P")
        data = encoded(image, "PNG", transparency=0)
    else:
        data = encoded(image, "PNG")
    seen = np.asarray(decode(data, 100), np.int16)
    assert abs(seen.mean() - 200) < 2
    assert len(thumbnail(data, 100)) < 5000


@pytest.mark.parametrize(
    ("kind", "size", "options", "limit"),
    [
        ("WEBP", (5000, 2600), {}, "a WebP may have at most 12.5 megapixels"),
        ("PNG", (5000, 4100), {}, "a PNG may have at most 20 megapixels"),
        ("JPEG", (8000, 5100), {}, "a JPEG may have at most 40 megapixels"),
        (
            "JPEG",
            (5000, 5000),
            {"progressive": True},
            "a progressive JPEG may have at most 24.5 megapixels",
        ),
    ],
)
def test_the_limit_on_pixels_is_named(
    kind: str, size: tuple[int, int], options: dict[str, bool], limit: str
) -> None:
    data = encoded(Image.new("L", size), kind, **options)
    for use in (inspect, without_metadata, lambda one: decode(one, 100)):
        with pytest.raises(TooManyPixels, match=limit):
            use(data)
    with pytest.raises(UnreadablePicture, match="too large"):
        prepare(data)


# -- EXIF of every kind ----------------------------------------------------------------------------

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}


@st.composite
def exif_blocks(draw: st.DrawFn) -> bytes:
    """EXIF as devices and attackers write it: any type and count, offsets to anywhere."""
    order = draw(st.sampled_from("<>"))
    tags = draw(
        st.lists(
            st.tuples(
                st.sampled_from(
                    [0x0100, ORIENTATION, 0x010F, 0x011A, 0x8769, 0x8825, 0x9286, 0xC4A5]
                )
                | st.integers(0, 65535),
                st.sampled_from(sorted(_SIZES)) | st.integers(0, 65535),
                st.sampled_from([0, 1, 2, 3]) | st.integers(0, 2**32 - 1),
                st.integers(0, 9).map(lambda value: struct.pack(order + "HH", value, 0))
                | st.binary(min_size=4, max_size=4),
            ),
            max_size=6,
        )
    )
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in tags
    )
    count = draw(st.just(len(tags)) | st.integers(0, 65535))
    start = draw(st.just(8) | st.integers(0, 2**32 - 1))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    following = draw(st.just(b"\0\0\0\0") | st.binary(max_size=40))
    return b"Exif\0\0" + head + struct.pack(order + "H", count) + entries + following


def signed_rational() -> bytes:
    """Orientation 6 beside a negative exposure: Pillow reads it, and cannot write it."""
    entries = struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0) + struct.pack(
        "<HHII", 0x9204, 10, 1, 38
    )
    return b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entries + b"\0\0\0\0" + struct.pack("<ii", -1, 3)


def outcome(way: str, data: bytes) -> tuple[int, int] | str:
    """The size of the picture that a way in makes, or why it makes none."""
    try:
        if way == "kiosk":
            return Image.open(io.BytesIO(prepare(data).jpeg)).size
        if way == "dropped":
            return decode(data, 40).size
        return decode(without_metadata(data).data, 40).size
    except (ImageError, UnreadablePicture):
        return "refused"


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(exif=exif_blocks(), kind=st.sampled_from(["JPEG", "PNG", "WEBP"]))
@example(exif=signed_rational(), kind="JPEG")
@example(exif=signed_rational(), kind="PNG")
@example(exif=signed_rational(), kind="WEBP")
def test_no_exif_breaks_a_picture_or_parts_the_ways_in(exif: bytes, kind: str) -> None:
    data = encoded(Image.new("RGB", (64, 48), "goldenrod"), kind, exif=exif)
    ways = {way: outcome(way, data) for way in ("api", "dropped", "kiosk")}
    assert ways["api"] == ways["dropped"] == ways["kiosk"]
    assert ways["api"] in {(64, 48), (48, 64)}
    assert not Image.open(io.BytesIO(without_metadata(data).data)).getexif()
