"""What becomes of an uploaded picture, and what is not taken."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tradewind.contracts.errors import InvalidInput
from tradewind.media.rules import Sized, for_channel, page_sizes
from tradewind_host.media.incoming import named
from tradewind_host.media.pictures import Drawn, draw

DIGEST = "ab" * 32
STEM = "ab" * 16


def saved(folder: Path, image: Image.Image, kind: str, **how: object) -> Path:
    path = folder / "upload"
    image.save(path, kind, **how)
    return path


def opened(one: Drawn) -> Image.Image:
    return Image.open(io.BytesIO(one.content))


def color(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    """Red, green, blue and how opaque it is there."""
    found = image.convert("RGBA").getpixel(place)
    assert isinstance(found, tuple)
    return found


def test_a_photo_is_kept_whole_for_pages_and_for_channels(tmp_path: Path) -> None:
    drawn = draw(saved(tmp_path, Image.new("RGB", (3000, 1500), "teal"), "JPEG"), DIGEST)
    assert [(one.name, one.content_type, one.width, one.height) for one in drawn] == [
        (f"{STEM}-2048x1024.jpg", "image/jpeg", 2048, 1024),
        (f"{STEM}-2048x1024-320.webp", "image/webp", 320, 160),
        (f"{STEM}-2048x1024-640.webp", "image/webp", 640, 320),
        (f"{STEM}-2048x1024-1280.webp", "image/webp", 1280, 640),
        (f"{STEM}-2048x1024-channel.jpg", "image/jpeg", 1024, 512),
    ]
    for one in drawn:
        assert opened(one).size == (one.width, one.height)
        assert opened(one).format == one.content_type.removeprefix("image/").upper()


def test_a_small_picture_is_never_made_larger(tmp_path: Path) -> None:
    drawn = draw(saved(tmp_path, Image.new("RGB", (200, 100)), "PNG"), DIGEST)
    assert [one.name for one in drawn] == [f"{STEM}-200x100.jpg", f"{STEM}-200x100-channel.jpg"]


def test_what_the_camera_hid_in_it_is_gone_and_it_stands_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), "black")
    image.paste("white", (0, 0, 60, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Amina at home"
    exif.get_ifd(0x8825)[1] = "S"
    path = saved(tmp_path, image, "JPEG", exif=exif, comment=b"Amina at home", quality=95)
    assert b"Amina" in path.read_bytes()
    whole = draw(path, DIGEST)[0]
    assert (whole.width, whole.height) == (40, 60)
    assert min(color(opened(whole), (35, 30))) > 200
    assert max(color(opened(whole), (5, 30))[:3]) < 50
    for one in draw(path, DIGEST):
        assert not opened(one).getexif()
        assert b"Amina" not in one.content


def test_a_photo_with_broken_words_about_it_is_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0100] = 60
    path = saved(tmp_path, Image.new("RGB", (60, 40), "teal"), "JPEG", exif=exif)
    raw = path.read_bytes()
    # The width is told as text now, which cannot be written down as what a width is.
    place = raw.index(bytes.fromhex("0100"), raw.index(b"Exif"))
    entry = raw[place : place + 4]
    assert entry[2:] in {bytes.fromhex("0004"), bytes.fromhex("0003")}
    path.write_bytes(raw.replace(entry, entry[:2] + bytes.fromhex("0002"), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = draw(path, DIGEST)[0]
    assert (whole.width, whole.height) == (40, 60)


def test_transparent_parts_stay_so_but_in_chats(tmp_path: Path) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    whole, page, channel = draw(saved(tmp_path, image, "PNG"), DIGEST)
    assert (whole.name, whole.content_type) == (f"{STEM}-400x400.png", "image/png")
    assert color(opened(page), (5, 5))[3] == 0
    assert channel.content_type == "image/jpeg"
    assert min(color(opened(channel), (5, 5))) > 250


def test_of_what_moves_the_first_frame_is_kept(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (50, 50), name) for name in ("red", "blue")]
    path = saved(tmp_path, frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, _, blue, _ = color(opened(draw(path, DIGEST)[0]), (9, 9))
    assert red > 200
    assert blue < 50


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content", [SVG, b"GIF89a", b"words", b"\x89PNG\r\n\x1a\n", b"<html>", b"\xff\xd8\xff\xe0 jfif"]
)
def test_what_is_no_picture_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "upload.jpg"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        draw(path, DIGEST)
    assert refused.value.errors[0].code == "unsupported_picture"


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.effect_noise((300, 300), 90), "JPEG")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InvalidInput):
        draw(path, DIGEST)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, side: int) -> None:
    path = tmp_path / "upload"
    path.write_bytes(png_of_zeros(side))
    with pytest.raises(InvalidInput) as refused:
        draw(path, DIGEST)
    assert refused.value.errors[0].code == "too_large"


def png_of_zeros(side: int) -> bytes:
    """A small file that says it is a picture of many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(side + 1) * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_whoever_has_the_address_of_a_picture_knows_its_sizes() -> None:
    stem = f"/media/demo/{STEM}-900x600"
    assert page_sizes(f"{stem}.jpg") == [
        Sized(f"{stem}-320.webp", 320),
        Sized(f"{stem}-640.webp", 640),
        Sized(f"{stem}.jpg", 900),
    ]
    assert (
        for_channel(f"https://shop.example{stem}.png") == f"https://shop.example{stem}-channel.jpg"
    )


@pytest.mark.parametrize("address", ["/media/demo/tea.jpg", "https://cdn.example/a-10x10.jpg", ""])
def test_of_other_pictures_nothing_is_made_up(address: str) -> None:
    assert page_sizes(address) == []
    assert for_channel(address) == address


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("tea.jpg", "tea.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\shop\\tea.jpg", "tea.jpg"),
        ('a"b\r\nc.pdf', "a b c.pdf"),
        ("..", "file"),
        ("", "file"),
        (".hidden", "hidden"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_the_name_of_an_upload_is_harmless(given: str, name: str) -> None:
    assert named(given) == name
