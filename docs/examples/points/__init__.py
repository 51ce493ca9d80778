"""Gives a customer one point for each whole unit of money ordered, in a table of its own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from markupsafe import Markup

from tradewind import (
    CustomerErased,
    DashboardPage,
    Forbidden,
    NoSettings,
    OrderPlaced,
    PageRequest,
    Plugin,
    PluginTables,
    StoreContext,
    hookimpl,
)

Context = StoreContext[NoSettings]


@get("/total")
async def total(
    context: NamedDependency[SkipValidation[Context]], role: NamedDependency[str]
) -> dict[str, int]:
    """Answer the store's staff at `/plugins/points/total`. Raises Forbidden."""
    if role not in {"owner", "staff", "read_only"}:
        raise Forbidden("Only the store's staff may know.")
    async with context.tx() as tx:
        points = await tx.fetchval(
            "SELECT coalesce(sum(points), 0) FROM shop.points WHERE store_id = $1",
            context.store.id,
        )
    return {"points": points}


async def show_points(context: Context, request: PageRequest) -> Markup:
    """A table of those with the most points; whatever is put in is escaped."""
    async with context.tx() as tx:
        rows = await tx.fetch(
            """SELECT coalesce(c.name, 'Somebody') AS name, sum(p.points) AS points
               FROM shop.points p
               JOIN shop.customers c ON c.store_id = p.store_id AND c.id = p.customer_id
               WHERE p.store_id = $1 GROUP BY c.id, c.name ORDER BY 2 DESC LIMIT 100""",
            context.store.id,
        )
    row = Markup("<tr><th scope='row'>{name}</th><td>{points}</td></tr>")
    head = Markup("<tr><th scope='col'>Customer</th><th scope='col'>Points</th></tr>")
    body = Markup().join(row.format(**dict(one)) for one in rows)
    return Markup("<table><thead>{}</thead><tbody>{}</tbody></table>").format(head, body)


class Points(Plugin):
    """The order is the key of the table, so an event that comes twice counts once."""

    name = "points"
    requires = ">=0.1,<0.2"

    @hookimpl
    def tables(self) -> PluginTables:
        """Name the Piccolo app whose migrations `tradewind migrate` runs."""
        return PluginTables(piccolo_app=f"{__name__}.piccolo_app")

    @hookimpl
    def http_routes(self) -> Sequence[Any]:
        """One route."""
        return [total]

    @hookimpl
    def dashboard_pages(self) -> Sequence[DashboardPage]:
        """One page, at `/dashboard/plugins/points/customers`."""
        return [DashboardPage(path="customers", title="Points", render=show_points)]

    @hookimpl(events=[OrderPlaced, CustomerErased])
    async def on_event(self, event: OrderPlaced | CustomerErased, context: Context) -> None:
        """Credit the customer, once; keep nothing of one who is erased."""
        if isinstance(event, CustomerErased):
            await forget(event, context)
        elif event.customer_id is not None:
            await credit(event, event.customer_id, context)


async def credit(event: OrderPlaced, customer_id: UUID, context: Context) -> None:
    """Write the points of an order down."""
    async with context.tx() as tx:
        await tx.execute(
            """INSERT INTO shop.points (store_id, order_id, customer_id, points)
               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
            event.store_id,
            event.order_id,
            customer_id,
            int(event.total.major()),
        )


async def forget(event: CustomerErased, context: Context) -> None:
    """Delete all points of a customer; doing so twice does no harm."""
    async with context.tx() as tx:
        await tx.execute(
            "DELETE FROM shop.points WHERE store_id = $1 AND customer_id = $2",
            event.store_id,
            event.customer_id,
        )


plugin = Points()
