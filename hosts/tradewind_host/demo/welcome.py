"""What the demo says when it is ready: one line for machines, or a page for people."""

import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is. Parts that are not there are absent."""

    ready: bool = True
    base_url: str
    stores: list[dict[str, Any]]
    storefront: str
    dashboard: dict[str, str]
    sandbox: dict[str, str]
    database_url: str


def show_json(ready: Ready) -> None:
    """One JSON line on standard output, and nothing else there ever."""
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def show_page(ready: Ready) -> None:
    """Every address and key, for a person to start from."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Tradewind is running.[/bold] Press Ctrl-C to stop everything.\n")
    places = Table.grid(padding=(0, 2))
    places.add_row("Visit the shop", f"[link]{ready.storefront}[/link]")
    own = ready.dashboard
    places.add_row("Be the merchant", f"[link]{own['url']}[/link]")
    places.add_row("", f"{own['email']}  {own['password']}")
    if "phone" in ready.sandbox:
        places.add_row("Be a shopper", f"[link]{ready.sandbox['phone']}[/link]  say hi in the chat")
    if "mailbox" in ready.sandbox:
        places.add_row("Read the mail", f"[link]{ready.sandbox['mailbox']}[/link]")
    if "stripe" in ready.stores[0]:
        places.add_row("Pay by card", "4242 4242 4242 4242, or 4000 0000 0000 0002 to be declined")
    places.add_row("The APIs", f"{ready.base_url}  described at {ready.base_url}/schema")
    places.add_row("Health", f"{ready.base_url}/readyz  {ready.base_url}/metrics")
    places.add_row("Outside world", ready.sandbox["base_url"])
    places.add_row("Database", ready.database_url)
    console.print(places)
    for store in ready.stores:
        console.print(f"\n[bold]Store {store['slug']}[/bold]")
        keys = Table.grid(padding=(0, 2))
        keys.add_row("  X-Publishable-Key", store["publishable_key"])
        keys.add_row("  Authorization", f"Bearer {store['secret_key']}")
        console.print(keys)
    key = ready.stores[0]["publishable_key"]
    console.print(
        f"\nTry: curl -H 'X-Publishable-Key: {key}' {ready.base_url}/store/products\n", markup=False
    )
