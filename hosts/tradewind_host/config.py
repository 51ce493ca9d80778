"""Everything an operator decides, in one place: the environment, and a `.env` file beneath it.

The keys are the same in every environment. What stands in the environment wins over `.env`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from tradewind.contracts.errors import TradewindError
from tradewind_host.limits import Proxies, Rule

_Dsn = Annotated[str, msgspec.Meta(pattern=r"^postgres(ql)?://")]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#]+[^?#]*$")]
_Bucket = Annotated[
    str, msgspec.Meta(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.~/-]*)?$")
]
_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Count = Annotated[int, msgspec.Meta(ge=0)]
_BURST_SECONDS = 10
_HOUR = 60 * 60
_SIGN_IN_SECONDS = 15 * 60
_PLACES = 10
_CODES_PER_CART = 10


class BadConfig(TradewindError):
    """The configuration cannot be used; the detail names every wrong key."""

    code = "bad_config"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """How this process is to run. Sizes are bytes."""

    database_url: _Dsn | None = None
    """The app's role. Without it the embedded PostgreSQL is used."""
    owner_database_url: _Dsn | None = None
    """The role that owns the tables; only `migrate` and the embedded database need it."""
    secret_keys: tuple[str, ...] = ()
    """Newest first; each from `tradewind config --new-key`."""
    public_url: _Url | None = None
    """The base of every link; by default where the host listens."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """Whose word on the client's address is believed."""
    client_address_header: str | None = None
    """The header in which trusted proxies name the client's address; without it, none is read."""
    store_rate_per_address: _Count = 50
    """Requests a second to the store API from one network address; 0 is no limit."""
    store_rate_per_key: _Count = 1000
    """The same with one publishable key."""
    forms_per_address: _Count = 10
    """Forms a second that the hosted pages take from one network address; 0 is no limit."""
    sign_ins_per_identity: _Count = 5
    """Codes for one e-mail address or phone number in 15 minutes."""
    sign_ins_per_address: _Count = 100
    """Codes asked for and entered from one network address in 15 minutes."""
    quick_checkouts_per_address: _Count = 50
    """Orders by quick checkout from one network address in an hour; 0 is no limit."""
    wrong_codes_per_address: _Count = 50
    """Codes of promotions that do not exist, from one network address in 15 minutes."""
    data_dir: Path = Path(".tradewind")
    host: str = "127.0.0.1"
    port: _Port = 8000
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    body_limit: _Positive = 4 * 1024 * 1024
    """The largest request body; Meta's webhooks reach 3 MB."""
    upload_limit: _Positive = 256 * 1024 * 1024
    """The largest picture or file that a merchant uploads."""
    media_url: _Bucket | None = None
    """The bucket of pictures and files; without it they lie in the data folder."""
    media_endpoint: _Url | None = None
    """Where the bucket is reached; by default Amazon's address for the region."""
    media_region: str = "us-east-1"
    media_access_key: str | None = None
    media_secret_key: str | None = None
    media_path_style: bool = False
    """Whether the bucket is named in the path of its address instead of its host."""
    pool_size: _Positive = 10
    prepared_statements: bool = True
    """False behind a pooler in transaction mode that cannot keep them."""
    worker: bool = True
    """Whether `serve` runs the worker in its own process."""
    environment: Literal["development", "production"] = "production"
    use_new_checkout: bool = True
    enable_legacy_checkout: bool = True
    payment_channel_whatsapp: bool = True

    @property
    def flags(self) -> Mapping[str, bool]:
        """The environment's feature flags; one that is off here is off in every store."""
        return {
            "USE_NEW_CHECKOUT": self.use_new_checkout,
            "ENABLE_LEGACY_CHECKOUT": self.enable_legacy_checkout,
            "PAYMENT_CHANNEL_WHATSAPP": self.payment_channel_whatsapp,
        }

    @property
    def rules(self) -> Mapping[str, Rule]:
        """What the limiter counts, by name. Of a pace a second, ten seconds may come at once."""
        return {
            "store_address": Rule(self.store_rate_per_address * _BURST_SECONDS, _BURST_SECONDS),
            "store_key": Rule(self.store_rate_per_key * _BURST_SECONDS, _BURST_SECONDS),
            "form_address": Rule(self.forms_per_address * _BURST_SECONDS, _BURST_SECONDS),
            "quick_checkout": Rule(self.quick_checkouts_per_address, _HOUR),
            "wrong_code_address": Rule(self.wrong_codes_per_address, _SIGN_IN_SECONDS),
            "wrong_code_cart": Rule(_CODES_PER_CART, _SIGN_IN_SECONDS),
            "wrong_code_chat": Rule(_CODES_PER_CART, _SIGN_IN_SECONDS),
            "sign_in_identity": Rule(self.sign_ins_per_identity, _SIGN_IN_SECONDS),
            "sign_in_address": Rule(self.sign_ins_per_address, _SIGN_IN_SECONDS),
            "sign_in_account": Rule(self.sign_ins_per_identity * _PLACES, _SIGN_IN_SECONDS),
        }

    @property
    def base_url(self) -> str:
        """`public_url`, or where the host listens; never with a slash at the end."""
        return (self.public_url or self.local_url(self.port)).rstrip("/")

    def local_url(self, port: int) -> str:
        """How a process on this machine reaches a port that was bound on `host`."""
        name = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


KEYS: Mapping[str, str] = {
    "database_url": "TRADEWIND_DATABASE_URL",
    "owner_database_url": "TRADEWIND_OWNER_DATABASE_URL",
    "secret_keys": "TRADEWIND_SECRET_KEY",
    "public_url": "PUBLIC_SITE_URL",
    "trusted_proxies": "TRADEWIND_TRUSTED_PROXIES",
    "client_address_header": "TRADEWIND_CLIENT_ADDRESS_HEADER",
    "store_rate_per_address": "TRADEWIND_STORE_RATE_PER_ADDRESS",
    "store_rate_per_key": "TRADEWIND_STORE_RATE_PER_KEY",
    "forms_per_address": "TRADEWIND_FORMS_PER_ADDRESS",
    "sign_ins_per_identity": "TRADEWIND_SIGN_INS_PER_IDENTITY",
    "sign_ins_per_address": "TRADEWIND_SIGN_INS_PER_ADDRESS",
    "quick_checkouts_per_address": "TRADEWIND_QUICK_CHECKOUTS_PER_ADDRESS",
    "wrong_codes_per_address": "TRADEWIND_WRONG_CODES_PER_ADDRESS",
    "data_dir": "TRADEWIND_DATA_DIR",
    "host": "TRADEWIND_HOST",
    "port": "TRADEWIND_PORT",
    "log_level": "TRADEWIND_LOG_LEVEL",
    "body_limit": "TRADEWIND_BODY_LIMIT",
    "upload_limit": "TRADEWIND_UPLOAD_LIMIT",
    "media_url": "TRADEWIND_MEDIA_URL",
    "media_endpoint": "TRADEWIND_MEDIA_ENDPOINT",
    "media_region": "TRADEWIND_MEDIA_REGION",
    "media_access_key": "TRADEWIND_MEDIA_ACCESS_KEY",
    "media_secret_key": "TRADEWIND_MEDIA_SECRET_KEY",
    "media_path_style": "TRADEWIND_MEDIA_PATH_STYLE",
    "pool_size": "TRADEWIND_POOL_SIZE",
    "prepared_statements": "TRADEWIND_PREPARED_STATEMENTS",
    "worker": "TRADEWIND_WORKER",
    "environment": "TRADEWIND_ENVIRONMENT",
    "use_new_checkout": "USE_NEW_CHECKOUT",
    "enable_legacy_checkout": "ENABLE_LEGACY_CHECKOUT",
    "payment_channel_whatsapp": "PAYMENT_CHANNEL_WHATSAPP",
}
"""Field of `Config` → key in the environment."""

_TYPES: Mapping[str, Any] = {
    field.name: field.type for field in msgspec.structs.fields(Config) if field.name in KEYS
}
_WORDS = {"on": "true", "yes": "true", "off": "false", "no": "false"}
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def read(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, **given: Any
) -> Config:
    """The configuration of this process.

    `given` are fields that were named on the command line, and win; None there means not named.
    Raises BadConfig with every wrong key.
    """
    found = {**dotenv(folder or Path.cwd()), **(os.environ if environ is None else environ)}
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field, key in KEYS.items():
        text = found.get(key, "").strip()
        if not text:
            continue
        try:
            values[field] = _parse(text, _TYPES[field])
            if field == "trusted_proxies":
                Proxies(values[field], "")
        except (msgspec.ValidationError, ValueError) as error:
            wrong.append(f"{key}: {error}")
    if wrong:
        raise BadConfig("\n".join(wrong))
    named = {field: value for field, value in given.items() if value is not None}
    return Config(**{**values, **named})


def _parse(text: str, kind: Any) -> Any:
    if kind is Path:
        return Path(text).expanduser()
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is bool:
        text = _WORDS.get(text.lower(), text.lower())
    return msgspec.convert(text, kind, strict=False)


def dotenv(folder: Path) -> dict[str, str]:
    """The values of `.env` in a folder; none when there is no such file. Raises BadConfig."""
    try:
        lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise BadConfig(f".env, line {number}: expected KEY=value")
        found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(text: str) -> str:
    quote = text[:1]
    if quote in {"'", '"'} and text.endswith(quote) and len(text) > 1:
        return text[1:-1]
    return re.sub(r"\s+#.*", "", text).strip()


def unknown_keys(environ: Mapping[str, str], folder: Path) -> list[str]:
    """Keys that look like ours and are not: most often a slip of the pen."""
    names = {**dotenv(folder), **environ}
    ours = set(KEYS.values())
    return sorted(
        name
        for name in names
        if name.startswith("TRADEWIND_") and not name.startswith("TRADEWIND_TEST_")
        if name not in ours
    )


def shown(config: Config) -> dict[str, str]:
    """Every key with its value as it may be printed: secrets are masked."""
    return {key: _shown(field, getattr(config, field)) for field, key in KEYS.items()}


def _shown(field: str, value: Any) -> str:
    if value is None or value == ():
        return ""
    if field == "secret_keys":
        return ", ".join("••••" for _ in value)
    if field == "media_secret_key":
        return "••••"
    if field.endswith("database_url"):
        return _without_password(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    name, at, place = parts.netloc.rpartition("@")
    user, colon, _ = name.partition(":")
    masked = f"{user}{colon}{'••••' if colon else ''}{at}{place}"
    query = re.sub(r"(?i)(password=)[^&]*", r"\1••••", parts.query)
    return urlunsplit(parts._replace(netloc=masked, query=query))
