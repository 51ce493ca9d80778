"""Whom this process trusts when it calls others."""

import functools
import ssl

import httpx


@functools.cache
def trust() -> ssl.SSLContext:
    """The authorities of `certifi`, read once: reading them takes longer than loading all plugins.

    A process that was started with SSL_CERT_FILE or SSL_CERT_DIR trusts those instead.
    """
    return httpx.create_ssl_context()
