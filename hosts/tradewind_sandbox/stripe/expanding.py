"""Objects in place of their ids, as `expand` asks for."""

from typing import Any

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.errors import Refused, invalid
from tradewind_sandbox.stripe.state import Account

_DEEPEST = 4


def expand(account: Account, body: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The body with the objects that the paths name; raises Refused where there is none."""
    for path in paths:
        names = path.split(".")
        if len(names) > _DEEPEST:
            raise invalid("You cannot expand more than 4 levels of a property.", "expand")
        _expand(account, body, names, path)
    return body


def _expand(account: Account, node: Any, names: list[str], path: str) -> None:
    if isinstance(node, list):
        for one in node:
            _expand(account, one, names, path)
    elif node is not None and names:
        if not isinstance(node, dict):
            raise _refused(path)
        _expand(account, _opened(account, node, names[0], path), names[1:], path)


def _opened(account: Account, node: dict[str, Any], name: str, path: str) -> Any:
    value = node[name] if name in node else _included(account, node, name)
    if isinstance(value, str):
        value = shapes.of_id(account, value)
        if value is None:
            raise _refused(path)
    elif value is not None and not isinstance(value, dict | list):
        raise _refused(path)
    node[name] = value
    return value


def _included(account: Account, node: dict[str, Any], name: str) -> Any:
    """What is there only when it is asked for."""
    kind, own = node.get("object"), str(node.get("id"))
    if (kind, name) == ("charge", "refunds"):
        refunds = [shapes.refund(one) for one in account.charges[own].refunds]
        return shapes.listed(f"/v1/charges/{own}/refunds", refunds[::-1])
    if (kind, name) == ("checkout.session", "line_items"):
        it = account.sessions[own]
        lines = [shapes.line(one, it.currency) for one in it.lines]
        return shapes.listed(f"/v1/checkout/sessions/{own}/line_items", lines)
    raise _refused(name)


def _refused(path: str) -> Refused:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
