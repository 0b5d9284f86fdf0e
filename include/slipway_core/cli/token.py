"""`slipway token`: rights for senders that cannot log in, such as Alertmanager."""

from __future__ import annotations

import secrets
import sys

import click

from slipway_core.records import RIGHTS, Right, open_records


@click.group()
def token() -> None:
    """Make, list and revoke tokens for senders that cannot log in.

    A token is for one project, and for one way in: alerts, or events.
    """


@token.command()
@click.option("--project", required=True, help="The only one that it is for.")
@click.option("--can", type=click.Choice(RIGHTS), required=True, help="What may be sent with it.")
@click.option("--name", help="By which runs and the list call it; default: one that is free.")
def create(project: str, can: Right, name: str | None) -> None:
    """Make a token and print it. Nobody can read it again later.

    \b
    Examples:
      ./slipway token create --project shop --can alerts
      ./slipway token create --project shop --can events --name ci > token.txt
    """
    name = (name or f"{project}-{can}-{secrets.token_hex(2)}").strip()
    if not name or not name.isprintable():
        raise click.BadParameter("say it in a few printable letters.", param_hint="--name")
    made = open_records().tokens.create(name, project, can)
    click.echo(f"Token '{name}' may send {can} of project '{project}'. It is shown this once:", err=True)
    click.echo(made)


@token.command("list")
def list_() -> None:
    """List all tokens, without their secrets."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = open_records().tokens.all()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    if not found:
        console.print("There is no token. `./slipway token create` makes one.")
        return
    table = Table("name", "project", "can", "created", "last used", "revoked", box=box.SIMPLE_HEAD)
    for one in found:
        times = (f"{time:%Y-%m-%d %H:%M}" if time else "" for time in (one.created, one.used, one.revoked))
        table.add_row(*map(Text, (one.name, one.project, one.can, *times)))
    console.print(table)
    console.print("Times are UTC.", style="dim")


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make a token worthless, at once and for good."""
    gone = open_records().tokens.revoke(name)
    since = f"{gone.revoked:%Y-%m-%d %H:%M} UTC"
    click.echo(f"Token '{gone.name}' of project '{gone.project}' is worth nothing since {since}.")
