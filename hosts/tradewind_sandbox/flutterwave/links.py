"""Addresses: of the sandbox's own pages, and of the store that a payer returns to."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest


def page_link(request: FlutterwaveRequest, page_id: str) -> str:
    """Where the payer finds a page of this sandbox."""
    return f"{str(request.base_url).rstrip('/')}/flutterwave/pay/{page_id}"


def is_address(text: str) -> bool:
    """Whether a payer can be sent there: an http or https address with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def with_query(address: str, told: dict[str, str]) -> str:
    """An address with more in its query."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *told.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))
