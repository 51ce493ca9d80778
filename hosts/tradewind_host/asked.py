"""What a read is asked for: whatever is wrong with its query is told in one answer.

A parameter that there is not is refused: a filter that is misspelt would let everything through.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.enums import ParamType
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from tradewind.contracts.errors import FieldError
from tradewind_host.problems import problem

AnyRequest = Request[Any, Any, Any]
_READS = ("GET", "HEAD")
_BOUNDS = ("ge", "le", "min_length", "pattern")

# What advertisements and newsletters add to the address of a page, and a storefront may pass on.
_TRACKING = re.compile(
    r"utm_\w+|_ga|_gl|_|dclid|fbclid|g(?:clid|braid)|igshid|li_fat_id|mc_[ce]id|msclkid|srsltid"
    r"|t(?:t|w)clid|wbraid|yclid"
)


class Wanted(NamedTuple):
    """What a parameter takes: its type with its bounds, and whether it may come several times."""

    kind: Any
    several: bool


_known: dict[Callable[..., Any], Mapping[str, Wanted]] = {}
"""Function of a route → its parameters and their types; there are no more than routes."""


async def store_query(request: AnyRequest) -> Response[bytes] | None:
    """The refusal of a read of the store API, if its query is wrong."""
    return _refusal(request, [one for one in request.query_params if not _TRACKING.fullmatch(one)])


async def admin_query(request: AnyRequest) -> Response[bytes] | None:
    """The refusal of a read of the admin API, if its query is wrong."""
    return _refusal(request, list(request.query_params))


def _refusal(request: AnyRequest, names: list[str]) -> Response[bytes] | None:
    if not names or request.method not in _READS:
        return None
    known = parameters(request.route_handler)
    errors = [
        FieldError(one, "unknown_parameter", "There is no such parameter.")
        for one in sorted({*names} - known.keys())
    ]
    unknown = len(errors)
    errors += [error for name, kind in known.items() for error in _wrong(request, name, kind)]
    if unknown:
        return problem(400, "unknown_parameter", "There is no such parameter.", errors)
    if errors:
        return problem(422, "invalid_input", "Some fields are not acceptable.", errors)
    return None


def _wrong(request: AnyRequest, name: str, wanted: Wanted) -> Iterator[FieldError]:
    """Why what is given does not fit."""
    if name not in request.query_params:
        return
    given = request.query_params.getall(name)
    try:
        msgspec.convert(given if wanted.several else given[-1], wanted.kind, strict=False)
    except msgspec.ValidationError as error:
        yield FieldError(name, "invalid_value", _words(wanted.kind, str(error)))


def _words(kind: Any, message: str) -> str:
    """What is wrong with a value; of what there is to choose from, all of it."""
    told = msgspec.inspect.type_info(kind)
    while isinstance(told, msgspec.inspect.Metadata):
        told = told.type
    if isinstance(told, msgspec.inspect.EnumType):
        return f"Use one of: {', '.join(str(one.value) for one in told.cls)}."
    if isinstance(told, msgspec.inspect.LiteralType):
        return f"Use one of: {', '.join(map(str, told.values))}."
    return message.partition(" - at `")[0]


def parameters(handler: BaseRouteHandler) -> Mapping[str, Wanted]:
    """The query parameters that a route and what it depends on take, by name."""
    found = _known.get(handler.fn)
    if found is None:
        found = _known[handler.fn] = dict(_declared(handler))
    return found


def _declared(handler: BaseRouteHandler) -> Iterator[tuple[str, Wanted]]:
    dependencies = handler.resolve_dependencies()
    waiting, met = [handler.parsed_fn_signature], set[str]()
    while waiting:
        for name, field in waiting.pop().parameters.items():
            told = field.kwarg_definition
            if name in dependencies:
                waiting += [] if name in met else [dependencies[name].parsed_fn_signature]
                met.add(name)
            elif isinstance(told, ParameterKwarg) and told.param_type is ParamType.QUERY:
                yield told.name or name, _wanted(field, told)


def _wanted(field: FieldDefinition, told: ParameterKwarg) -> Wanted:
    """What is left out is null; what is given never is."""
    kinds = field.inner_types if field.is_optional else (field,)
    (kind,) = (one for one in kinds if not one.is_none_type)
    bounds = {name: getattr(told, name) for name in _BOUNDS} | {
        "max_length": told.max_items or told.max_length
    }
    annotated: Any = Annotated
    wanted = annotated[kind.annotation, msgspec.Meta(**bounds)]
    return Wanted(wanted, kind.is_non_string_sequence)
