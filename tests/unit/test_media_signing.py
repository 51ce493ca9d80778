"""AWS Signature Version 4 against the examples of the Amazon S3 API reference."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tradewind_host.media.signing import NOTHING, Credentials, encoded, signed_headers, signed_url

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
NOON = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "https://examplebucket.s3.amazonaws.com"

# From "Signature Calculations for the Authorization Header: Transferring Payload in a Single
# Chunk"; the texts there are "Welcome to Amazon S3." and nothing.
EXAMPLES = [
    (
        "GET",
        "/test.txt",
        {"Range": "bytes=0-9"},
        b"",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        "PUT",
        "/test%24file.text",
        {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        b"Welcome to Amazon S3.",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        "GET",
        "/?lifecycle",
        {},
        b"",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        "GET",
        "/?max-keys=2&prefix=J",
        {},
        b"",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "signature"), EXAMPLES)
def test_a_request_is_signed_as_in_the_providers_example(
    method: str, path: str, headers: Mapping[str, str], body: bytes, signature: str
) -> None:
    digest = hashlib.sha256(body).hexdigest()
    signed = signed_headers(KEYS, method, HOST + path, headers, digest, NOON)
    assert signed["authorization"].endswith(f"Signature={signature}")


def test_an_address_is_signed_as_in_the_providers_example() -> None:
    signed = signed_url(KEYS, f"{HOST}/test.txt", NOON, 86400, {})
    assert signed.endswith(
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_it_is_told_which_headers_are_signed_for_whom() -> None:
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1")
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    signed = signed_headers(keys, "GET", "https://example.amazonaws.com/", {}, NOTHING, at)
    assert "Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request" in signed["authorization"]
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date" in signed["authorization"]


def test_paths_are_encoded_once_and_keep_their_slashes() -> None:
    assert encoded("a b/c$~-._é") == "a%20b/c%24~-._%C3%A9"


def test_the_secret_is_not_told_by_mistake() -> None:
    assert KEYS.secret_key not in repr(KEYS)
