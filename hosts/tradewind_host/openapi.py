"""The OpenAPI 3.1 document at `/schema/openapi.json`, made from the routes themselves."""

from collections.abc import Sequence
from typing import Any, final

import msgspec
from litestar import Response, Router
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.types import Method
from litestar.typing import FieldDefinition

from tradewind import __version__
from tradewind_host.problems import problem


@final
class ClosedStructs(OpenAPISchemaPlugin):
    """Says of structs that take no other fields that they take none."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether the field is such a struct."""
        kind = field_definition.annotation
        if field_definition.is_union or not field_definition.is_subclass_of(msgspec.Struct):
            return False
        return bool(kind.__struct_config__.forbid_unknown_fields)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """The schema as it is made of every struct, closed."""
        supports = schema_creator.plugin_supports_field
        others = (one for one in schema_creator.plugins if one is not self)
        maker = next(one for one in others if supports(one, field_definition))
        schema: Schema = maker.to_openapi_schema(field_definition, schema_creator)
        schema.additional_properties = False
        return schema


STORE_KEY = [{"publishableKey": list[str]()}]
ADMIN_KEY = [{"secretKey": list[str]()}]


def openapi_config() -> OpenAPIConfig:
    """How the document is made. It is shown as JSON, also at `/schema`."""
    return OpenAPIConfig(
        title="Tradewind",
        version=__version__,
        description=(
            "Amounts are integers in the currency's minor unit, times RFC 3339 in UTC, ids UUIDs. "
            "Errors are problem details (RFC 9457) with a stable `code`. Any unsafe call of the "
            "store and admin API may carry an `Idempotency-Key`."
        ),
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, after_request=_as_problem
        ),
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"], media_type=MediaType.JSON)],
        components=Components(
            security_schemes={
                "publishableKey": SecurityScheme(
                    type="apiKey", name="X-Publishable-Key", security_scheme_in="header"
                ),
                "secretKey": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
    )


def _as_problem(response: Response[Any]) -> Response[Any]:
    """Litestar tells of an unknown page here in HTML; ours are problem details everywhere."""
    return problem(404, "not_found") if response.status_code == 404 else response


def _operation_id(handler: HTTPRouteHandler, method: Method, path: Sequence[str | Any]) -> str:
    """`admin_list_products`: where it is and the name of the function."""
    place = path[:2] if path and path[0] == "plugins" else path[:1]
    words = [str(part) for part in place if part != handler.handler_name]
    return "_".join([*words, handler.handler_name])
