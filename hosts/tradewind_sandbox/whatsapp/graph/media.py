"""Media: upload, the short-lived address of a file, its bytes."""

import hashlib
import hmac
from datetime import timedelta
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from litestar.params import FromPath, FromQuery, QueryParameter

from tradewind_sandbox.whatsapp import errors
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.fields import Fields
from tradewind_sandbox.whatsapp.graph.caller import Caller, GraphRequest, caller
from tradewind_sandbox.whatsapp.state import Media

MEGABYTE = 1024 * 1024
URL_LIFETIME = timedelta(minutes=5)

_LIMITS = {
    "image/jpeg": 5 * MEGABYTE,
    "image/png": 5 * MEGABYTE,
    "image/webp": 500 * 1024,
    "audio/": 16 * MEGABYTE,
    "video/mp4": 16 * MEGABYTE,
    "video/3gpp": 16 * MEGABYTE,
    "text/plain": 100 * MEGABYTE,
    "application/": 100 * MEGABYTE,
}
_STATIC_STICKER = 100 * 1024


@post("/{version:str}/{object_id:str}/media", status_code=200, request_max_body_size=110 * MEGABYTE)
async def upload(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Store a file for sending."""
    caller(request, carrier.state).number(object_id)
    try:
        form = await request.form()
    except ClientException as broken:
        raise GraphError(errors.INVALID_PARAMETER, "The body is not multipart.") from broken
    Fields(dict(form)).choice("messaging_product", ("whatsapp",))
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise GraphError(errors.INVALID_PARAMETER, "Param file must be a file.")
    content = await file.read()
    mime_type = str(form.get("type") or file.content_type).partition(";")[0].strip()
    check_upload(mime_type, content)
    media = Media(carrier.state.new_id(), content, mime_type)
    carrier.state.media[media.id] = media
    return {"id": media.id}


def check_upload(mime_type: str, content: bytes) -> None:
    """Refuse a file of an unknown type (100) or above its type's size (131053)."""
    most = next((m for kind, m in _LIMITS.items() if mime_type.startswith(kind)), None)
    if most is None:
        raise GraphError(
            errors.INVALID_PARAMETER, f"Param file must be a file of a known type - got {mime_type}"
        )
    if mime_type == "image/webp" and b"ANIM" not in content[:64]:
        most = _STATIC_STICKER
    if len(content) > most:
        raise GraphError(
            errors.MEDIA_UPLOAD, f"Media file size too big. Max file size: {most} bytes."
        )


@get("/whatsapp_business/attachments")
async def download(
    request: GraphRequest,
    carrier: GivenCarrier,
    mid: FromQuery[str],
    ext: FromQuery[int],
    proof: Annotated[str, QueryParameter(name="hash")],
) -> Response[bytes]:
    """The bytes of a media file, for five minutes after its address was asked for."""
    asking = caller(request, carrier.state)
    media = carrier.state.media.get(mid)
    genuine = hmac.compare_digest(proof, _proof(asking, mid, ext))
    if media is None or not genuine or carrier.state.now().timestamp() > ext:
        return Response(b"", status_code=404)
    return Response(media.content, media_type=media.mime_type)


def shown_media(request: GraphRequest, asking: Caller, media: Media) -> dict[str, Any]:
    """A media file as the API shows it, with an address that lives five minutes."""
    phone_number_id = request.query_params.get("phone_number_id")
    if phone_number_id:
        asking.number(phone_number_id)
    expires = int((asking.state.now() + URL_LIFETIME).timestamp())
    proof = _proof(asking, media.id, expires)
    base = str(request.base_url).rstrip("/")
    return {
        "messaging_product": "whatsapp",
        "url": f"{base}/whatsapp_business/attachments?mid={media.id}&ext={expires}&hash={proof}",
        "mime_type": media.mime_type,
        "sha256": media.sha256,
        "file_size": len(media.content),
        "id": media.id,
    }


def _proof(asking: Caller, media_id: str, expires: int) -> str:
    key = asking.app_secret.encode()
    return hmac.new(key, f"{media_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]


HANDLERS = [upload, download]
