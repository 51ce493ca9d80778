"""A folder as the media store."""

from pathlib import Path

import pytest

from tradewind.contracts.errors import InvalidInput, MediaFault, NotFound
from tradewind_host.media.folder import CHUNK, Folder

KEY = "public/demo/tea.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "media", tmp_path / "files")


async def whole(store: Folder, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.stream(key, start, end)])


async def test_what_is_kept_comes_back_and_can_be_removed(folder: Folder, tmp_path: Path) -> None:
    content = bytes(range(256)) * 3000
    source = tmp_path / "source"
    source.write_bytes(content)
    await folder.put(KEY, source, "image/jpeg")
    assert await folder.size(KEY) == len(content)
    assert await whole(folder, KEY) == content
    assert await whole(folder, KEY, 5, CHUNK + 9) == content[5 : CHUNK + 9]
    assert (tmp_path / "media" / "demo" / "tea.jpg").read_bytes() == content
    await folder.delete(KEY)
    await folder.delete(KEY)
    assert await folder.size(KEY) is None
    with pytest.raises(NotFound):
        await whole(folder, KEY)


async def test_private_files_lie_apart_from_what_is_served(folder: Folder, tmp_path: Path) -> None:
    await folder.put("private/shop/book", b"words", "application/pdf")
    assert (tmp_path / "files" / "shop" / "book").read_bytes() == b"words"
    assert not (tmp_path / "media").exists()
    assert (tmp_path / "files" / "shop" / "book").stat().st_mode & 0o077 == 0
    await folder.put(KEY, b"tea", "image/jpeg")
    assert (tmp_path / "media" / "demo" / "tea.jpg").stat().st_mode & 0o777 == 0o644


async def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(
    folder: Folder, tmp_path: Path
) -> None:
    await folder.put(KEY, b"old", "image/jpeg")
    with pytest.raises(MediaFault):
        await folder.put(KEY, tmp_path / "not there", "image/jpeg")
    assert await whole(folder, KEY) == b"old"
    await folder.put(KEY, b"new", "image/jpeg")
    assert await whole(folder, KEY) == b"new"
    assert [one.name for one in (tmp_path / "media" / "demo").iterdir()] == ["tea.jpg"]


@pytest.mark.parametrize(
    "key", ["public/../../x", "public/..", "private/a/../b", "public/.a", "x/y"]
)
async def test_no_key_leads_elsewhere(folder: Folder, key: str) -> None:
    with pytest.raises(InvalidInput):
        await folder.put(key, b"", "image/jpeg")


async def test_a_link_out_of_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "secret").write_text("words")
    (tmp_path / "media" / "demo").symlink_to(tmp_path)
    with pytest.raises(NotFound):
        await folder.size("public/demo/secret")
