"""Draws a product's picture on this machine, so that a demo needs no photographs and no network.

The same product always gets the same picture: its colors come from a hash of its SKU or handle,
its shape from the last telling word of its title, or else from its category.
"""

import hashlib
import io
from functools import cache
from typing import cast

from PIL import Image, ImageDraw, ImageFont, ImageOps

from tradewind_host.demo.motifs import motif_for
from tradewind_host.demo.pen import Pen, Tones

_SKIES = (
    ("#fbe9d0", "#f0bf8a"),
    ("#e3f6ec", "#a3d9c1"),
    ("#e4f1fb", "#a3cbe8"),
    ("#fde6e8", "#f3aeb9"),
    ("#f0e9fb", "#c5b0e8"),
    ("#fff6d2", "#f5d876"),
    ("#f3f0ea", "#cfc5b6"),
    ("#ffeadf", "#fdb08f"),
    ("#def6f7", "#93d6dc"),
    ("#f2f4de", "#c8cf94"),
)
_TONES = (
    Tones(main="#c8553d", shade="#9e3d2a", accent="#f2b134", cream="#fff7ea", ink="#3d1f16"),
    Tones(main="#1f7a6b", shade="#155a50", accent="#f4a259", cream="#f8fdf6", ink="#0f3a33"),
    Tones(main="#2b5f9e", shade="#1d4576", accent="#f6c445", cream="#f9fbff", ink="#132b4a"),
    Tones(main="#b23a5b", shade="#862843", accent="#ffcf8b", cream="#fff7f5", ink="#471324"),
    Tones(main="#6a48a8", shade="#4d3280", accent="#f7b267", cream="#fcf9ff", ink="#2a1a4c"),
    Tones(main="#3f7d3a", shade="#2c5b29", accent="#e4572e", cream="#fffdf0", ink="#2b3312"),
    Tones(main="#4a5a6a", shade="#344250", accent="#e08e45", cream="#fffdf9", ink="#242c35"),
    Tones(main="#d1495b", shade="#a13344", accent="#edae49", cream="#fff9f3", ink="#4a1620"),
    Tones(main="#e76f51", shade="#b9513a", accent="#f4c95d", cream="#fafffe", ink="#123b41"),
    Tones(main="#7a4e2d", shade="#573519", accent="#e9b44c", cream="#fffdf2", ink="#33240f"),
)
_OVERSAMPLING = 2
_TITLE_WIDTH = 0.86
_TITLE_SIZES = (0.082, 0.074, 0.066, 0.058, 0.05, 0.044)
_JPEG_QUALITY = 86


def draw(product_title: str, sku_or_handle: str, category: str, size: int = 640) -> bytes:
    """Draw a square picture of a product with its title beneath.

    `category` is the handle of the product's category and `size` the side in pixels. Returns a
    JPEG, the same bytes for the same arguments.
    """
    seed = hashlib.sha256(sku_or_handle.encode()).digest()
    choice = seed[0] % len(_SKIES)
    tones = _TONES[choice]
    image = _sky(_SKIES[choice], size * _OVERSAMPLING)
    pen = Pen(ImageDraw.Draw(image, "RGBA"), image.width)
    _bubbles(pen, seed)
    motif_for(product_title, category)(pen, tones)
    image = image.reduce(_OVERSAMPLING)
    _write_title(image, product_title, tones.ink)
    return _jpeg(image)


def _sky(colors: tuple[str, str], side: int) -> Image.Image:
    column = Image.linear_gradient("L").crop((0, 0, 1, 256))
    gradient = ImageOps.colorize(column, *colors).resize((1, side), Image.Resampling.BILINEAR)
    return gradient.resize((side, side), Image.Resampling.NEAREST)


def _bubbles(pen: Pen, seed: bytes) -> None:
    for x, y, radius in zip(seed[1:6], seed[6:11], seed[11:16], strict=True):
        pen.disc(x / 2.55, y / 2.55, 4 + radius / 20, "#ffffff30")
    pen.disc(50, 42, 36, "#ffffff66")
    pen.oval(50, 73.5, 27, 3.2, "#00000022")


def _write_title(image: Image.Image, title: str, color: str) -> None:
    canvas = ImageDraw.Draw(image)
    font, text = _fitted(title, image.width)
    center = (image.width / 2, image.height * 0.885)
    canvas.multiline_text(center, text, fill=color, font=font, anchor="mm", align="center")


def _fitted(title: str, side: int) -> tuple[ImageFont.FreeTypeFont, str]:
    width = side * _TITLE_WIDTH
    for share in _TITLE_SIZES:
        font = _font(side * share)
        text = title if font.getlength(title) <= width else _halved(title, font)
        if _breadth(text, font) <= width:
            break
    return font, text


def _halved(title: str, font: ImageFont.FreeTypeFont) -> str:
    words = title.split()
    ends = [n for n, word in enumerate(words[:-1], 1) if word.endswith(",")]
    places = ends or range(1, len(words))
    breaks = [" ".join(words[:n]) + "\n" + " ".join(words[n:]) for n in places]
    return min(breaks, key=lambda text: _breadth(text, font), default=title)


def _breadth(text: str, font: ImageFont.FreeTypeFont) -> float:
    return max(font.getlength(line) for line in text.split("\n"))


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    # Asked for a size, Pillow gives the scalable font or raises; its annotation says less.
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return target.getvalue()
