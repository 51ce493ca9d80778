"""The mailbox page: letters for a person to read, without any script."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, Router, get
from litestar.params import FromPath, FromQuery
from litestar.static_files import create_static_files_router

from tradewind_sandbox.mail import doors
from tradewind_sandbox.mail.doors import GivenMailbox, asked_address, known_letter
from tradewind_sandbox.mail.letters import Letter, Mailbox

_HERE = Path(__file__).parent

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# The frame with a letter's HTML inherits this: its own styles and pictures, and nothing that runs.
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src * data:;"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@get("/", media_type=MediaType.HTML)
async def mailbox_page(mailbox: GivenMailbox, to: FromQuery[str] = "") -> Response[str]:
    """The list of letters, newest first; `to` shows those of one address."""
    return _page(mailbox, to, None)


@get("/letters/{letter_id:int}", media_type=MediaType.HTML)
async def letter_page(
    mailbox: GivenMailbox, letter_id: FromPath[int], to: FromQuery[str] = ""
) -> Response[str]:
    """The list with one letter open beside it."""
    return _page(mailbox, to, known_letter(mailbox, letter_id))


def _page(mailbox: Mailbox, to: str, opened: Letter | None) -> Response[str]:
    address = asked_address(to)
    html = _pages.get_template("mailbox.html").render(
        letters=mailbox.to(address)[::-1],
        address=address,
        opened=opened,
        attachments=doors.attachment_views(opened) if opened else [],
    )
    return Response(html, headers=_SECURITY)


def mail_router() -> Router:
    """The page, its files and the door for programs under /mail."""
    files = create_static_files_router("/static", [_HERE / "static"], name="mail-static")
    return Router(path="/mail", route_handlers=[mailbox_page, letter_page, *doors.HANDLERS, files])
