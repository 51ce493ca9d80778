"""Reading forms with brackets into parameters, and writing answers."""

import re
import secrets
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import MediaType, Request, Response

from tradewind_sandbox.stripe.errors import Refused, invalid, missing

StripeRequest = Request[Any, Any, Any]

_MOST_FIELDS, _DEEPEST, _LONGEST = 2000, 8, 5000
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$\.?(.*)`)?", re.DOTALL)
_WRONG = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


class Params(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a call takes. Parameters in `ignored` are Stripe's as well, and change nothing here."""

    expand: list[str] = []

    ignored: ClassVar[frozenset[str]] = frozenset()


P = TypeVar("P", bound=Params)


def encode(body: object) -> bytes:
    """JSON in UTF-8."""
    return msgspec.json.encode(body)


def answer(
    content: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A JSON answer with an id of its own, which pages of any origin may read."""
    own = {"Access-Control-Allow-Origin": "*", "Request-Id": new_id("req_")}
    named = {**own, **(headers or {})}
    return Response(content, status_code=status, headers=named, media_type=MediaType.JSON)


def new_id(prefix: str) -> str:
    """An opaque id that cannot be guessed."""
    return prefix + secrets.token_hex(12)


def parsed(text: str) -> dict[str, Any]:
    """The tree that a form or a query stands for: `a[b]=1` is an object, `a[0]=1` a list."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise invalid("Too many parameters.", "") from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        known = _NAME.fullmatch(name)
        steps = [known[1], *_STEP.findall(known[2])] if known else [name]
        if len(steps) > _DEEPEST or len(value) > _LONGEST:
            raise invalid(f"Invalid {name[:80]}", name[:80])
        _put(tree, steps, value)
    return {name: value if name == "metadata" else _lists(value) for name, value in tree.items()}


def read(params: dict[str, Any], shape: type[P]) -> P:
    """The parameters as a struct; raises Refused naming the one that is wrong."""
    known = {name: value for name, value in params.items() if name not in shape.ignored}
    try:
        return msgspec.convert(known, shape, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise _wrong(str(error), params) from error


def _put(tree: dict[str, Any], steps: list[str], value: str) -> None:
    node = tree
    for number, step in enumerate(steps):
        name = step or str(len(node))
        if number == len(steps) - 1:
            if isinstance(node.get(name), dict):
                raise invalid(f"Invalid {steps[0]}", steps[0])
            node[name] = value
            return
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid {steps[0]}", steps[0])


def _lists(node: Any) -> Any:
    """Objects whose keys are positions become lists; metadata stays as it is."""
    if not isinstance(node, dict):
        return node
    if all(key.isascii() and key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=lambda key: (len(key), key))]
    return {key: value if key == "metadata" else _lists(value) for key, value in node.items()}


def _wrong(problem: str, params: dict[str, Any]) -> Refused:
    if found := _MISSING.fullmatch(problem):
        return missing(_param(found[2], found[1]))
    if found := _UNKNOWN.fullmatch(problem):
        name = _param(found[2], found[1])
        return invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
    if found := _WRONG.fullmatch(problem):
        return _wrong_value(found[1], found[2], params)
    return invalid("Invalid request", "")


def _wrong_value(problem: str, path: str, params: dict[str, Any]) -> Refused:
    name, value = _param(path), _value(params, path)
    if value == "":
        empty = f"You passed an empty string for '{name}'. It cannot be unset."
        return invalid(empty, name, "parameter_invalid_empty")
    if "`int" in problem and isinstance(value, str):
        return invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else value
    return invalid(f"Invalid {name}: {kind}", name)


def _param(path: str | None, field: str = "") -> str:
    """`$.a[0].b` as Stripe writes it: `a[0][b]`."""
    steps = [*_steps(path or ""), *([field] if field else [])]
    return "".join(step if n == 0 else f"[{step}]" for n, step in enumerate(steps))


def _steps(path: str) -> list[str]:
    return [step for step in re.split(r"[.\[\]]+", path) if step]


def _value(params: dict[str, Any], path: str) -> Any:
    node: Any = params
    for step in _steps(path):
        if isinstance(node, list) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node
