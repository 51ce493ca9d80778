"""One PostgreSQL: transactions bound to a store, the directory, migrations, an embedded server."""

from tradewind.database.engine import Database, Store, SystemClock, Transaction

__all__ = ["Database", "Store", "SystemClock", "Transaction"]
