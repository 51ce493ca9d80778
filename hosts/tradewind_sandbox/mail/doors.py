"""The door for programs: letters as JSON, and the files that came with them."""

from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from tradewind_sandbox.mail.letters import Letter, Mailbox

GivenMailbox = NamedDependency[Mailbox]


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file, its size in bytes, and the path where it lies."""

    filename: str
    media_type: str
    size: int
    url: str


class LetterView(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A letter; what it lacks is empty. `at` is the sandbox's time."""

    id: int
    at: datetime
    from_: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    attachments: list[AttachmentView]


@get("/messages")
async def list_letters(mailbox: GivenMailbox, to: FromQuery[str] = "") -> list[LetterView]:
    """The letters to an address, or all, oldest first."""
    return [_view(letter) for letter in mailbox.to(asked_address(to))]


@get("/letters/{letter_id:int}/attachments/{number:int}")
async def download(
    mailbox: GivenMailbox, letter_id: FromPath[int], number: FromPath[int]
) -> Response[bytes]:
    """A file that came with a letter; browsers save it and run nothing of it."""
    files = known_letter(mailbox, letter_id).content.attachments
    if not 0 <= number < len(files):
        raise NotFoundException("no such attachment")
    headers = {
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(files[number].content, media_type=files[number].media_type, headers=headers)


def known_letter(mailbox: Mailbox, letter_id: int) -> Letter:
    """The letter with this id, or 404."""
    letter = mailbox.find(letter_id)
    if letter is None:
        raise NotFoundException("no such letter")
    return letter


def asked_address(to: str) -> str:
    """The address that a query means, also where its plus sign was not escaped."""
    return to.strip().replace(" ", "+")


def attachment_views(letter: Letter) -> list[AttachmentView]:
    """The files of a letter."""
    return [
        AttachmentView(
            filename=file.filename,
            media_type=file.media_type,
            size=len(file.content),
            url=f"/mail/letters/{letter.id}/attachments/{number}",
        )
        for number, file in enumerate(letter.content.attachments)
    ]


def _view(letter: Letter) -> LetterView:
    content = letter.content
    return LetterView(
        id=letter.id,
        at=letter.at,
        from_=content.sender,
        to=letter.recipients,
        subject=content.subject,
        text=content.text,
        html=content.html,
        headers=dict(content.headers),
        attachments=attachment_views(letter),
    )


HANDLERS = [list_letters, download]
