"""Whom clients of tests trust: read once, because reading it costs more than most tests do."""

import httpx

TRUST = httpx.create_ssl_context()
