"""What becomes of an uploaded picture: checked by its content, turned upright, made smaller.

Everything is drawn anew, so nothing that was hidden in the file (where it was taken, by whom, what
is no picture at all) is kept.
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.media.rules import CHANNEL_SIDE, LONGEST_SIDE, fitted, narrowed, page_widths, stem_of

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
LARGEST = 25 * 1024 * 1024
"""The largest picture that is taken, in bytes."""
MOST_PIXELS = 50_000_000
_TOO_MANY = f"A picture has {MOST_PIXELS // 1_000_000} million pixels at most."
_QUALITY = 85
_PAGE_QUALITY = 80
# Exif 2.3, 4.6.4: how a picture lies in the file, and what sets it upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TRANSPARENT = frozenset(("RGBA", "LA", "PA", "P"))


class Drawn(NamedTuple):
    """A picture in one size: the name of its file, and what is in it."""

    name: str
    content_type: str
    width: int
    height: int
    content: bytes


def draw(source: Path, digest: str) -> list[Drawn]:
    """The sizes of a picture: the whole one, then those for pages, then the one for channels.

    Blocks for up to some seconds, so it is called in a thread. Raises InvalidInput
    `unsupported_picture` or `too_large` of the field.
    """
    if source.stat().st_size > LARGEST:
        raise _too_large(f"A picture has {LARGEST // 1024 // 1024} MB at most.")
    return list(_sizes(_opened(source), digest))


def _opened(source: Path) -> Image.Image:
    """The first frame, upright. The size is checked before a pixel is unpacked."""
    try:
        with Image.open(source, formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise _too_large(_TOO_MANY)
            found.verify()
        with Image.open(source, formats=FORMATS) as found:
            found.load()
            upright = _upright(found)
            plain = upright.convert("RGBA" if _see_through(upright) else "RGB")
            plain.info.clear()
            return plain
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(_TOO_MANY) from None
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error):
        raise _no_picture() from None


def _upright(image: Image.Image) -> Image.Image:
    """The picture as its camera was held; whatever else is told of it is not read."""
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _see_through(image: Image.Image) -> bool:
    if image.mode not in _TRANSPARENT and "transparency" not in image.info:
        return False
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return isinstance(lowest, int | float) and lowest < 255


def _sizes(image: Image.Image, digest: str) -> Iterator[Drawn]:
    whole = _resized(image, fitted(image.width, image.height, LONGEST_SIDE))
    stem = stem_of(digest, whole.width, whole.height)
    if whole.mode == "RGBA":
        yield _drawn(whole, f"{stem}.png", "image/png", optimize=True)
    else:
        yield _jpeg(whole, f"{stem}.jpg")
    for width in page_widths(whole.width):
        page = _resized(whole, narrowed(whole.width, whole.height, width))
        yield _drawn(page, f"{stem}-{width}.webp", "image/webp", quality=_PAGE_QUALITY)
    channel = _resized(whole, fitted(whole.width, whole.height, CHANNEL_SIDE))
    yield _jpeg(_on_white(channel), f"{stem}-channel.jpg")


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _on_white(image: Image.Image) -> Image.Image:
    """Where channels take no transparency, white shows through."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _jpeg(image: Image.Image, name: str) -> Drawn:
    return _drawn(image, name, "image/jpeg", quality=_QUALITY, optimize=True, progressive=True)


def _drawn(image: Image.Image, name: str, content_type: str, **how: int | bool) -> Drawn:
    file = io.BytesIO()
    image.save(file, content_type.removeprefix("image/"), **how)
    return Drawn(name, content_type, image.width, image.height, file.getvalue())


def _too_large(words: str) -> InvalidInput:
    return InvalidInput(words, errors=[FieldError("file", "too_large", words)])


def _no_picture() -> InvalidInput:
    words = "This is no JPEG, PNG, WebP or GIF, or it is damaged."
    return InvalidInput(words, errors=[FieldError("file", "unsupported_picture", words)])
