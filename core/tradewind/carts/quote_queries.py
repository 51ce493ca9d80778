"""What a cart comes to, as it is written down: by itself, or together with an edit of the cart."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.carts.queries import text_of
from tradewind.carts.rules import Cart
from tradewind.database import Transaction
from tradewind.database.sql import Writes
from tradewind.pricing.rules import Priced

_KEPT = """
    UPDATE shop.carts
    SET version = version + {4}, quoted_version = version + {4}, updated_at = {3},
        quote_flags = {5}, subtotal = {6}, discount_total = {7}, shipping_total = {8},
        tax_total = {9}, total = {10}, shipping_method = {11}, quoted_pricing_version = {12},
        quote_expires_at = {13}"""
_EDITED = """, abandoned_at = NULL, email = {14}, phone = {15}, customer_id = {16},
        shipping_address = {17}, billing_address = {18}, codes = {19}, locale = {20},
        metadata = {21}, credits = {22}"""
_UNCHANGED = """
    WHERE store_id = {0} AND id = {1} AND version = {2} AND status = 'open' RETURNING id"""


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A cart and what it comes to.

    `version` is that of the price tables, `until` when they next change by themselves.
    """

    cart: Cart
    priced: Priced
    version: int
    until: datetime | None


async def store_quote(tx: Transaction, new: Quoted) -> bool:
    """Keep what a cart comes to and why; false when it has changed since it was read.

    A cart that is `repriced` gets a new version with its new prices and way of delivery.
    """
    writes = Writes()
    step = 1 if new.cart.repriced else 0
    kept = writes.add(_KEPT + _UNCHANGED, *_totals(tx, new, step))
    _write_figures(writes, tx, kept, new)
    return await writes.run(tx, f"SELECT id FROM {kept}") is not None


def write_edit(writes: Writes, tx: Transaction, new: Quoted) -> str:
    """Add a cart that differs from the stored one in what is not lines, with what it comes to.

    It is a new version. Without a row in what is returned, it has changed since it was read.
    """
    cart = new.cart
    kept = writes.add(
        _KEPT + _EDITED + _UNCHANGED,
        *_totals(tx, new, 1),
        cart.email,
        cart.phone,
        cart.customer_id,
        text_of(cart.shipping_address),
        text_of(cart.billing_address),
        list(cart.codes),
        cart.locale,
        text_of(cart.metadata),
        cart.credits_wanted,
    )
    _write_figures(writes, tx, kept, new)
    return kept


def _totals(tx: Transaction, new: Quoted, step: int) -> tuple[Any, ...]:
    cart, priced = new.cart, new.priced
    return (
        tx.store_id,
        cart.id,
        cart.version,
        tx.now,
        step,
        list(priced.flags),
        priced.subtotal,
        priced.discount_total,
        priced.shipping_total,
        priced.tax_total,
        priced.total,
        text_of(cart.shipping_method),
        new.version,
        new.until,
    )


def _write_figures(writes: Writes, tx: Transaction, kept: str, new: Quoted) -> None:
    """Add the lines' figures and the entries of a quote, if the cart's row was `kept`."""
    writes.add(
        f"""UPDATE shop.cart_lines l
            SET unit_price = f.unit_price, subtotal = f.subtotal, discount = f.discount,
                tax = f.tax, total = f.total
            FROM {kept} kept, unnest({{1}}::uuid[], {{2}}::bigint[], {{3}}::bigint[],
                                {{4}}::bigint[], {{5}}::bigint[], {{6}}::bigint[])
                AS f(id, unit_price, subtotal, discount, tax, total)
            WHERE l.store_id = {{0}} AND l.cart_id = kept.id AND l.id = f.id""",
        tx.store_id,
        *_line_columns(new.cart, new.priced),
    )
    writes.add(
        f"""DELETE FROM shop.line_adjustments a USING {kept} kept
            WHERE a.store_id = {{0}} AND a.cart_id = kept.id""",
        tx.store_id,
    )
    writes.add(
        f"""INSERT INTO shop.line_adjustments
                (store_id, id, cart_id, line_id, kind, source, code, title, rate, amount,
                 reference)
            SELECT {{0}}, e.id, kept.id, e.line_id, e.kind, e.source, e.code, e.title, e.rate,
                   e.amount, e.reference
            FROM {kept} kept, unnest({{1}}::uuid[], {{2}}::uuid[], {{3}}::text[], {{4}}::text[],
                                {{5}}::text[], {{6}}::text[], {{7}}::numeric[], {{8}}::bigint[],
                                {{9}}::text[])
                AS e(id, line_id, kind, source, code, title, rate, amount, reference)""",
        tx.store_id,
        *_entry_columns(tx, new.priced),
    )


def _line_columns(cart: Cart, priced: Priced) -> tuple[list[Any], ...]:
    return (
        [line.id for line in cart.lines],
        [line.unit_price for line in cart.lines],
        [line.subtotal for line in priced.lines],
        [line.discount for line in priced.lines],
        [line.tax for line in priced.lines],
        [line.total for line in priced.lines],
    )


def _entry_columns(tx: Transaction, priced: Priced) -> tuple[list[Any], ...]:
    entries = priced.adjustments
    return (
        [tx.new_id() for _ in entries],
        [None if entry.line_id is None else UUID(entry.line_id) for entry in entries],
        [entry.kind for entry in entries],
        [entry.source for entry in entries],
        [entry.code for entry in entries],
        [entry.title for entry in entries],
        [entry.rate for entry in entries],
        [entry.amount for entry in entries],
        [entry.reference for entry in entries],
    )
