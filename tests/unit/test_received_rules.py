"""What a file is, by its first bytes, whatever it was called."""

import pytest

from tradewind.contracts.channel import MediaContent
from tradewind.messaging.received.rules import HEAD, SHOWN, name_of, type_of


@pytest.mark.parametrize(
    ("head", "kind", "found"),
    [
        (b"\xff\xd8\xff\xe1", "image", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image", "image/png"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "sticker", "image/webp"),
        (b"GIF89a", "image", "image/gif"),
        (b"OggS\0\x02", "audio", "audio/ogg"),
        (b"\0\0\0\x20ftypmp42", "video", "video/mp4"),
        (b"\0\0\0\x20ftypmp42", "audio", "audio/mp4"),
        (b"\0\0\0\x20ftyp3gp4", "video", "video/3gpp"),
        (b"%PDF-1.4", "document", "application/pdf"),
        (b"<svg xmlns=", "image", "application/octet-stream"),
        (b"RIFF\x24\0\0\0WAVE", "audio", "application/octet-stream"),
        (b"", "image", "application/octet-stream"),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, kind: str, found: str) -> None:
    assert type_of(head[:HEAD], kind) == found


def test_nothing_is_shown_that_can_hold_scripts() -> None:
    assert {one.partition("/")[0] for one in SHOWN} == {"image"}
    assert "image/svg+xml" not in SHOWN


def test_a_file_without_a_name_is_called_by_its_kind() -> None:
    nameless = MediaContent(kind="audio", ref="1")
    assert name_of(nameless, "application/octet-stream") == "audio"
    assert name_of(MediaContent(kind="document", ref="1"), "application/pdf") == "document.pdf"
    assert name_of(MediaContent(kind="document", ref="1", filename="bill"), "image/png") == "bill"
