"""`./slipway cancel`: end what runs for a context."""

from __future__ import annotations

import click

from slipway_local.commands import kept_airflow, says_what_went_wrong
from slipway_local.settings import USERS


@click.command()
@click.argument("context")
@click.option("--stage", default="", help="Only in this stage.")
@click.option("--why", default="", help="Kept with it, and shown in the runs.")
@click.option("--user", default="admin", type=click.Choice(list(USERS)), show_default=True, help="Who cancels.")
@says_what_went_wrong
def cancel(context: str, stage: str, why: str, user: str) -> None:
    """End the sequences of a context: what runs is stopped, nothing follows, and their lanes get free.

    CONTEXT is shown by `./slipway lanes`, and in the log of each run's first task.

    \b
    ./slipway cancel 2f9d6c1e-7b54-5d0e-9c1f-0d6f9f9f6f11 --why "wrong image"
    ./slipway cancel 2f9d6c1e-7b54-5d0e-9c1f-0d6f9f9f6f11 --stage production
    """
    from slipway_core.records import open_records

    from slipway_local.cancel import cancel as end

    with kept_airflow().api(user) as api:
        ended = end(api, open_records(), context, stage, why, progress=click.echo)
    click.echo(f"Cancelled: {len(ended)} {'run' if len(ended) == 1 else 'runs'}.")
