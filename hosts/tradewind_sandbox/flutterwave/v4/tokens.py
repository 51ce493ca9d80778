"""The identity provider: client credentials for a token that lives ten minutes."""

import secrets
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.wire import answer

TOKEN_SECONDS = 600


class Credentials(msgspec.Struct):
    """What a client sends, as a form."""

    client_id: str = ""
    client_secret: str = ""
    grant_type: str = ""


@post("/realms/flutterwave/protocol/openid-connect/token", status_code=200)
async def give_token(
    bank: GivenBank,
    data: Annotated[Credentials, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[bytes]:
    """A token for a client; errors are OAuth's, not v4's."""
    if data.grant_type != "client_credentials":
        return _refused("unsupported_grant_type", "Unsupported grant_type", 400)
    for store in bank.state.stores:
        account = store.account
        if (data.client_id, data.client_secret) == (account.client_id, account.client_secret):
            token = secrets.token_urlsafe(32)
            store.tokens[token] = bank.state.now() + timedelta(seconds=TOKEN_SECONDS)
            return answer(_token(token))
    return _refused("invalid_client", "Invalid client or Invalid client credentials", 401)


def _token(token: str) -> dict[str, object]:
    return {
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "refresh_expires_in": 0,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "profile email",
    }


def _refused(error: str, description: str, status: int) -> Response[bytes]:
    return answer({"error": error, "error_description": description}, status)


HANDLERS = [give_token]
