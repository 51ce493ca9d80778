"""Guards tables whose key is several columns, because Piccolo knows a row by one column alone."""

from typing import Any, NoReturn

_ADVICE = "several columns are this table's key: use insert, update or delete with a where"


class ManyColumnKey:
    """Mixed in before `Table`: what Piccolo would do by one column would reach other rows too.

    Such rows are changed with a `where` that names the whole key.
    """

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_ADVICE)

    def remove(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_ADVICE)

    def refresh(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse. Raises TypeError."""
        raise TypeError(_ADVICE)
