"""The hosted page on which a payer pays, fails or cancels, and the way back to the store."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from tradewind_sandbox.flutterwave.amounts import shown
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.links import with_query
from tradewind_sandbox.flutterwave.methods import Method
from tradewind_sandbox.flutterwave.state import Checkout, Transaction

_HERE = Path(__file__).parent

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Choice(msgspec.Struct):
    """The button a payer pressed, and the payment type chosen above it."""

    action: Literal["pay", "fail", "cancel"]
    method: str = ""


@get("/pay/{page_id:str}", media_type=MediaType.HTML)
async def show(bank: GivenBank, page_id: FromPath[str]) -> Response[str]:
    """What is to be paid, and how; or that there is nothing more to do."""
    return _render(bank, _known(bank, page_id))


@post("/pay/{page_id:str}", media_type=MediaType.HTML)
async def choose(
    bank: GivenBank,
    page_id: FromPath[str],
    data: Annotated[Choice, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Pay, fail or cancel, and go back to the store."""
    page = _known(bank, page_id)
    if not _open(bank, page):
        return _render(bank, page, status=409)
    if data.action == "cancel":
        return _back(page, None)
    transaction = page if isinstance(page, Transaction) else bank.attempt(page, _method(page, data))
    bank.decide(transaction, "successful" if data.action == "pay" else "failed")
    return _back(page, transaction)


def return_link(page: Checkout | Transaction, transaction: Transaction | None) -> str | None:
    """The store's address with what its redirect tells; without a transaction it was canceled.

    What it tells is not signed, and a store must not believe it.
    """
    if not page.redirect_url:
        return None
    told = {"status": "cancelled"} if transaction is None else {"status": _word(transaction)}
    charge = page.charge if isinstance(page, Transaction) else None
    told["reference" if charge else "tx_ref"] = page.tx_ref
    if transaction and not charge:
        told["transaction_id"] = str(transaction.id)
    return with_query(page.redirect_url, told)


def _known(bank: Bank, page_id: str) -> Checkout | Transaction:
    bank.expire()
    page = bank.state.pages.get(page_id)
    if page is None:
        raise NotFoundException("there is no such payment")
    return page


def _open(bank: Bank, page: Checkout | Transaction) -> bool:
    if isinstance(page, Transaction):
        return page.status == "pending"
    return page.open(bank.state.now())


def _method(checkout: Checkout, choice: Choice) -> Method:
    """The chosen way to pay, or the first that is offered."""
    chosen = [m for m in checkout.methods if m.payment_type == choice.method]
    return (chosen or checkout.methods)[0]


def _back(page: Checkout | Transaction, transaction: Transaction | None) -> Response[Any]:
    own = f"/flutterwave/pay/{page.page if isinstance(page, Transaction) else page.id}"
    return Redirect(return_link(page, transaction) or own, status_code=303)


def _word(transaction: Transaction) -> str:
    if transaction.charge:
        return "succeeded" if transaction.status == "successful" else "failed"
    by_card = transaction.method.payment_type == "card"
    return "completed" if transaction.status == "successful" and not by_card else transaction.status


def _render(bank: Bank, page: Checkout | Transaction, status: int = 200) -> Response[str]:
    tries = [page] if isinstance(page, Transaction) else page.tries
    paid = [transaction for transaction in tries if transaction.status == "successful"]
    account = page.store.account
    html = _pages.get_template("pay.html").render(
        title=account.store_name if isinstance(page, Transaction) else page.title,
        amount=shown(page.amount, page.currency),
        reference=page.tx_ref,
        methods=[] if isinstance(page, Transaction) else page.methods,
        open=_open(bank, page),
        paid=bool(paid),
        failed=bool(tries) and tries[-1].status == "failed",
        back=return_link(page, paid[-1] if paid else None),
    )
    return Response(html, status_code=status, headers=_SECURITY, media_type=MediaType.HTML)


def page_files() -> Router:
    """The page's style sheet, under /static."""
    return create_static_files_router("/static", [_HERE / "static"], name="flutterwave-static")


HANDLERS = [show, choose]
