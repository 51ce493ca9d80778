"""Mail addresses in the form that every server understands."""

import re

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_LOCAL, _LONGEST = 64, 254


def ascii_address(text: str) -> str:
    """The address with its domain in ASCII (RFC 5321, section 4.5.3; IDNA).

    Raises ValueError for what is no plain address, anything that could end a line included.
    """
    local, _, domain = text.rpartition("@")
    try:
        host = domain.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    right = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(host)
    if not right or len(local) > _LONGEST_LOCAL or len(f"{local}@{host}") > _LONGEST:
        raise ValueError("This is no mail address that can be written to.")
    return f"{local}@{host}"
