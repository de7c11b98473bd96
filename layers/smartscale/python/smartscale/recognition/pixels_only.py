"""Take from a picture's file what is not needed to draw it, without decoding it.

EXIF, IPTC, XMP, colour profiles, comments, texts, previews and whatever is appended say where, when
and by whom a picture was taken. Each format names its parts, so the file is copied part by
part, and only parts that are known to be needed are copied.
"""

import re

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_JPEG_PARTS = frozenset(range(0xC0, 0xD0)) - {0xC8} | {0xDB, 0xDD}
"""Each kind of frame, and the tables DHT, DAC, DQT and DRI."""
_SCAN, _JFIF, _ADOBE = 0xDA, 0xE0, 0xEE
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})

_WEBP_PARTS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_ALPHA = 0x10


def pixels_only(data: bytes, image_format: str) -> bytes | None:
    """The same picture without anything else; `data` itself where it holds nothing else.

    Args:
        data: a file that was found to be a picture.
        image_format: JPEG, PNG or WEBP.

    Returns:
        None for a file that is not built as its format says, and for moving pictures: such a one
        has to be decoded and written anew.
    """
    strip = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}.get(image_format)
    try:
        return None if strip is None else strip(data)
    except IndexError:  # it ends within a part
        return None


def is_progressive(jpeg: bytes) -> bool:
    """Whether a JPEG comes in several scans: its decoder keeps all of them until the last."""
    return (pixels_only(jpeg, "JPEG") or jpeg).count(bytes((0xFF, _SCAN))) > 1


def _jpeg(data: bytes) -> bytes | None:
    kept, at = [_JPEG_START], len(_JPEG_START)
    while data[at] == 0xFF:  # noqa: PLR2004  each part begins with it
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004  it may be repeated
            at += 1
            continue
        if marker == _JPEG_END[1]:
            return b"".join((*kept, _JPEG_END))
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker in _JPEG_PARTS:
            kept.append(data[at:end])
        elif marker == _JFIF and data[at + 4 : at + 9] == b"JFIF\0":
            kept.append(b"\xff\xe0\0\x10" + data[at + 4 : at + 16] + b"\0\0")  # without its preview
        elif marker == _ADOBE and data[at + 4 : at + 9] == b"Adobe":
            kept.append(b"\xff\xee\0\x0e" + data[at + 4 : at + 16])  # how its colours are written
        elif marker == _SCAN:
            after = _AFTER_SCAN.search(data, end)
            if after is None:
                return None
            kept.append(data[at : after.start()])
            end = after.start()
        at = end
    return None


def _png(data: bytes) -> bytes | None:
    kept, at = [_PNG_START], len(_PNG_START)
    while True:
        name = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            return None
        if name in _PNG_PARTS:
            kept.append(data[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


def _webp(data: bytes) -> bytes | None:
    kept, at = [], 12
    end_of_file = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end_of_file:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        part = data[at:end].ljust(8 + size + size % 2, b"\0")
        if name in {b"ANIM", b"ANMF"} or end > len(data) + 1:
            return None
        if name in _WEBP_PARTS:
            kept.append(part)
        elif name == b"VP8X":
            kept.append(part[:8] + bytes((part[8] & _WEBP_ALPHA,)) + part[9:])
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
