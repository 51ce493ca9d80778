"""A mail server in this process, a store that has an account there, and a trusted authority."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.mail_account import Account
from tests.support.post import Authority, Office


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    """A mail server that is not open yet."""
    office = Office()
    yield office
    await office.close()


@pytest.fixture
def account(office: Office) -> Account:
    """A store's account at the office."""
    return Account(office)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority whose certificates are believed."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    return authority
