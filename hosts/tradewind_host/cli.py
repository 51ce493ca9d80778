"""The command line. What a command needs is imported when it runs, so that help comes at once."""

# ruff: noqa: PLC0415 - see above

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from tradewind.contracts.errors import Refusal, TradewindError
from tradewind_host.config import Config, read

if TYPE_CHECKING:
    from tradewind_host.demo.welcome import Ready


class _Commands(TyperGroup):
    """Our own commands, and those of plugins: they are loaded when a name is not ours."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _command_of(cmd_name)


def _command_of(plugin: str) -> Any:
    from tradewind.plugins import load

    for answer in load().cli_commands().answers:
        if answer.plugin == plugin:
            own = typer.Typer(name=plugin, no_args_is_help=True)
            for commands in answer.value:
                own.add_typer(commands)
            return typer.main.get_command(own)
    return None


app = typer.Typer(
    cls=_Commands,
    name="tradewind",
    help="A commerce engine that sells where people already talk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
plugins_app = typer.Typer(
    help="What is installed, and what is wrong with it.", no_args_is_help=True
)
store_app = typer.Typer(help="Stores on this host.", no_args_is_help=True)
settings_app = typer.Typer(help="Plugin settings of a store.", no_args_is_help=True)
staff_app = typer.Typer(help="Who may sign in to the dashboard.", no_args_is_help=True)
app.add_typer(plugins_app, name="plugins")
app.add_typer(store_app, name="store")
app.add_typer(settings_app, name="settings")
app.add_typer(staff_app, name="staff")

Port = Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free port.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
DataDir = Annotated[
    Path | None, typer.Option(help="Where pictures and the embedded database are kept.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]
Slug = Annotated[str, typer.Option("--store", help="The store's slug.")]
OfStore = Annotated[str, typer.Option("--store", help="The store's slug.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="What somebody signs in with.")]
FileKind = Annotated[
    Literal["products", "prices", "stock"], typer.Option("--kind", help="What the file holds.")
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a password up instead of asking for one.")
]


def main() -> None:
    """Run a command; an expected error is one message on standard error and exit code 1."""
    try:
        app()
    except Refusal as error:
        lines = [error.detail, *(f"  {one.path}: {one.message}" for one in error.errors)]
        _fail("\n".join(lines))
    except (TradewindError, OSError) as error:
        _fail(str(error))
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg"):
            raise
        _fail(f"the database says: {error}. Has `tradewind migrate` been run?")


def _fail(message: str) -> None:
    sys.stderr.write(f"tradewind: {message}\n")
    sys.exit(1)


def _configured(**given: Any) -> Config:
    """The configuration, with logs going where it says."""
    from tradewind_host import logs

    config = read(**given)
    form: Literal["json", "text"] = "json" if config.environment == "production" else "text"
    logs.configure(config.log_level, "text" if sys.stderr.isatty() else form)
    return config


@app.command()
def demo(
    *, port: Port = None, host: Host = None, data_dir: DataDir = None, json: AsJson = False
) -> None:
    """Run a whole shop with a phone to try it: host, worker, sandbox, PostgreSQL, demo stores."""
    from tradewind_host.demo.run import run_demo
    from tradewind_host.demo.welcome import show_json, show_page
    from tradewind_host.serving import run

    config = _configured(port=port, host=host, data_dir=data_dir)
    show: Any = show_json if json else show_page

    def told(ready: "Ready") -> None:
        show(ready)

    run(lambda: run_demo(config, told))


@app.command()
def serve(port: Port = None, host: Host = None, data_dir: DataDir = None) -> None:
    """Run the host; without TRADEWIND_DATABASE_URL on an embedded PostgreSQL."""
    from tradewind_host.processes import serve_host
    from tradewind_host.serving import run

    config = _configured(port=port, host=host, data_dir=data_dir)
    run(lambda: serve_host(config))


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run jobs, events and schedules in a process of their own."""
    from tradewind_host.processes import run_worker
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: run_worker(config))


@app.command()
def sandbox(port: Port = None, host: Host = None, data_dir: DataDir = None) -> None:
    """Run the outside world alone, for the demo stores of the data folder.

    It listens beside the host, one port further, unless --port says otherwise, and takes letters
    over SMTP on the port after that.
    """
    from tradewind_host.demo.apart import run_sandbox
    from tradewind_host.serving import run

    config = _configured(host=host, data_dir=data_dir)
    run(lambda: run_sandbox(config, config.port + 1 if port is None else port))


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to date: the core's tables, then those of plugins."""
    from tradewind_host.processes import migrate_database
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: migrate_database(config))


@app.command()
def seed(
    products: Annotated[
        int, typer.Option(min=0, max=2_000_000, help="How many products there are to be.")
    ] = 0,
    orders: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="How many orders there are to be.")
    ] = 0,
    slug: Annotated[str, typer.Option("--store", help="The store to fill.")] = "demo",
    number: Annotated[
        int, typer.Option("--seed", min=0, help="The same number makes the same goods.")
    ] = 1,
    data_dir: DataDir = None,
) -> None:
    """Create the demo's stores in the configured database, and print their keys as JSON.

    With --products or --orders: fill a store with that many made-up ones. Repeated with the same
    --seed, only what is missing is added.
    """
    from tradewind_host.demo.apart import seed_stores
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    if products or orders:
        from tradewind_host.volume.command import fill_store
        from tradewind_host.volume.run import Wanted

        run(lambda: fill_store(config, slug, Wanted(products, orders, number)))
    else:
        run(lambda: seed_stores(config))


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.", exists=True)],
    *,
    slug: OfStore,
    kind: FileKind,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing unless every row can be.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an import of this file ended.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where to write what was refused, as CSV.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Take products, prices or stock in from a file: good rows go in, the others are told.

    Ends with 1 when rows were refused.
    """
    from tradewind_host.bulk import Wish, import_file
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    wish = Wish(
        path=path,
        slug=slug,
        kind=kind,
        dry_run=dry_run,
        strict=strict,
        resume=resume,
        report=report,
    )
    outcome: list[bool] = []
    run(lambda: import_file(config, wish, outcome))
    if outcome != [True]:
        raise typer.Exit(1)


@app.command("export")
def export_file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    *,
    slug: OfStore,
    kind: FileKind,
    data_dir: DataDir = None,
) -> None:
    """Write a store's products, prices or stock into a CSV file that `import` takes back."""
    from tradewind_host.bulk import export_file
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: export_file(config, path, slug, kind))


@app.command("config")
def show_config(
    *,
    json: AsJson = False,
    new_key: Annotated[bool, typer.Option(help="Print a new TRADEWIND_SECRET_KEY.")] = False,
) -> None:
    """Print the configuration with secrets masked, and check it."""
    from tradewind_host.reports import print_config, print_key

    if new_key:
        print_key()
        return
    if not print_config(read(), dict(os.environ), Path.cwd(), as_json=json):
        raise typer.Exit(1)


@app.command()
def replay(
    kind: Annotated[Literal["delivery", "inbox", "job"], typer.Argument(help="What to replay.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id, or `dead` for all dead ones.")],
    slug: Slug = "",
    data_dir: DataDir = None,
) -> None:
    """Have an event delivered, a webhook item worked on, or a job run again."""
    from tradewind_host.operator import replay_work
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: replay_work(config, kind, id_, slug))


@plugins_app.command("list")
def list_plugins(*, json: AsJson = False) -> None:
    """Every installed plugin, its hooks, and those that were left out and why."""
    from tradewind_host.reports import print_plugins

    print_plugins(as_json=json)


@plugins_app.command("check")
def check_plugins(slug: Slug = "", data_dir: DataDir = None) -> None:
    """Tell what is wrong with plugins; with --store also with their settings there."""
    from tradewind_host.operator import check_store
    from tradewind_host.reports import print_faults
    from tradewind_host.serving import run

    fine = print_faults()
    if slug:
        config = _configured(data_dir=data_dir)
        outcome: list[bool] = []
        run(lambda: check_store(config, slug, outcome))
        fine = fine and all(outcome)
    if not fine:
        raise typer.Exit(1)


@store_app.command("create")
def create_store(
    slug: Annotated[str, typer.Argument(help="How it is called in addresses.")],
    name: Annotated[str, typer.Argument(help="How shoppers know it.")],
    currency: Annotated[str, typer.Option(help="A code of ISO 4217, such as KES.")],
    locale: Annotated[str, typer.Option(help="Its language.")] = "en",
    time_zone: Annotated[str, typer.Option(help="Such as Africa/Nairobi.")] = "UTC",
    data_dir: DataDir = None,
) -> None:
    """Create an empty store, and print its first keys as JSON: they are shown this once."""
    from tradewind_host.operator import new_store
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: new_store(config, slug, name, currency, locale, time_zone))


@store_app.command("set")
def set_store(
    values: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…")],
    slug: Annotated[str, typer.Option("--store", help="The store's slug.")],
    data_dir: DataDir = None,
) -> None:
    """Change settings of a store as a whole. Values that are not text are JSON."""
    from tradewind_host.operator import put_store
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: put_store(config, slug, values))


@settings_app.command("rotate")
def rotate_settings(data_dir: DataDir = None) -> None:
    """Encrypt every secret of every store with the newest key; the older ones can go then.

    Ends with 1 when there are secrets that no given key opens.
    """
    from tradewind_host.operator import rotate_secrets
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    outcome: list[bool] = []
    run(lambda: rotate_secrets(config, outcome))
    if not all(outcome):
        raise typer.Exit(1)


@settings_app.command("set")
def set_settings(
    plugin: Annotated[str, typer.Argument(help="The plugin's name.")],
    values: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE…")] = None,
    slug: Annotated[str, typer.Option("--store", help="The store's slug.")] = ...,  # type: ignore[assignment]
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Offer it to shoppers, or not.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Change a plugin's settings in a store, as the operator. Values that are not text are JSON."""
    from tradewind_host.operator import put_settings
    from tradewind_host.serving import run

    config = _configured(data_dir=data_dir)
    run(lambda: put_settings(config, slug, plugin, values or [], enable=enable))


@staff_app.command("add")
def add_staff(
    email: Email,
    *,
    slug: OfStore,
    role: Annotated[
        Literal["owner", "staff", "read_only"], typer.Option(help="What they may do there.")
    ] = "staff",
    name: Annotated[str, typer.Option(help="How they are called.")] = "",
    generate: Generate = False,
    data_dir: DataDir = None,
) -> None:
    """Let somebody into a store's dashboard, or change their role; prints JSON.

    A new account's password is asked for. Without a terminal, or with --generate, it is made up and
    printed this once.
    """
    from tradewind_host.serving import run
    from tradewind_host.staffing import NewMember, add_member

    config = _configured(data_dir=data_dir)
    wanted = NewMember(slug=slug, email=email, role=role, name=name)
    run(lambda: add_member(config, wanted, generate=generate))


@staff_app.command("list")
def list_staff(slug: OfStore, data_dir: DataDir = None) -> None:
    """Who may do what in a store; prints JSON."""
    from tradewind_host.serving import run
    from tradewind_host.staffing import show_members

    config = _configured(data_dir=data_dir)
    run(lambda: show_members(config, slug))


@staff_app.command("password")
def change_password(email: Email, *, generate: Generate = False, data_dir: DataDir = None) -> None:
    """Give an account another password; whoever is signed in to it is signed out."""
    from tradewind_host.serving import run
    from tradewind_host.staffing import replace_password

    config = _configured(data_dir=data_dir)
    run(lambda: replace_password(config, email, generate=generate))


@staff_app.command("remove")
def remove_staff(email: Email, slug: OfStore, data_dir: DataDir = None) -> None:
    """Let somebody into a store's dashboard no more, from their next request on."""
    from tradewind_host.serving import run
    from tradewind_host.staffing import drop_member

    config = _configured(data_dir=data_dir)
    run(lambda: drop_member(config, slug, email))
