"""What a store must tell the plugin about its account with a mail server."""

from typing import Annotated, Literal

import msgspec

from tradewind import OperatorFlag, Secret
from tradewind_email.addresses import ascii_address


class EmailSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One account at one SMTP server."""

    host: Annotated[
        str,
        msgspec.Meta(
            title="SMTP server",
            description="Its host name, as in its certificate: smtp.example.com.",
            pattern=r"^[^\s/@\x00-\x1f\x7f]+$",
            max_length=253,
        ),
    ]
    sender: Annotated[
        str,
        msgspec.Meta(
            title="Sender's address",
            description="Letters come from it, and failure notices go back to it.",
        ),
    ]
    port: Annotated[int, msgspec.Meta(title="Port", ge=1, le=65535)] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        msgspec.Meta(
            title="Encryption",
            description="starttls (port 587) and tls (port 465) check the server's certificate. "
            "none sends everything, the password too, as anybody can read it.",
        ),
    ] = "starttls"
    username: Annotated[
        str, msgspec.Meta(title="User name", description="Empty: without signing in.")
    ] = ""
    password: Annotated[Secret, msgspec.Meta(title="Password")] = ""
    sender_name: Annotated[
        str,
        msgspec.Meta(
            title="Sender's name",
            description="As shown in the inbox. Empty: the store's name.",
            max_length=100,
        ),
    ] = ""
    reply_to: Annotated[
        str,
        msgspec.Meta(
            title="Address for answers",
            description="Empty: answers go to the sender's address.",
        ),
    ] = ""
    allow_private_hosts: Annotated[
        OperatorFlag,
        msgspec.Meta(
            title="Servers in the own network",
            description="Lets the server be on this machine or in a private network.",
        ),
    ] = False

    def __post_init__(self) -> None:
        ascii_address(self.sender)
        if self.reply_to:
            ascii_address(self.reply_to)
