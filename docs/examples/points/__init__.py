"""Gives a customer one point for each whole unit of money ordered, in a table of its own."""

from tradewind import NoSettings, OrderPlaced, Plugin, PluginTables, StoreContext, hookimpl


class Points(Plugin):
    """The order is the key of the table, so an event that comes twice counts once."""

    name = "points"
    requires = ">=0.1,<0.2"

    @hookimpl
    def tables(self) -> PluginTables:
        """Name the Piccolo app whose migrations `tradewind migrate` runs."""
        return PluginTables(piccolo_app=f"{__name__}.piccolo_app")

    @hookimpl(events=[OrderPlaced])
    async def on_event(self, event: OrderPlaced, context: StoreContext[NoSettings]) -> None:
        """Credit the customer, once."""
        if event.customer_id is None:
            return
        async with context.tx() as tx:
            await tx.execute(
                """INSERT INTO shop.points (store_id, order_id, customer_id, points)
                   VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
                event.store_id,
                event.order_id,
                event.customer_id,
                int(event.total.major()),
            )


plugin = Points()
