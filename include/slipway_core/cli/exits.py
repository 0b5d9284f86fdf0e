"""Exit codes of commands that a CI system asks for a result: 3 is every error, whatever its kind."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from slipway_core.keptn.problems import SlipwayError

ERROR = 3


class _Misuse(click.UsageError):
    exit_code = ERROR


class Command(click.Command):
    """Exits with 3 on every error: 1 and 2, which click and Python would use, are results of some commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; what is wrong with it exits with 3."""
        with _misuse(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises exits with 3."""
        try:
            with _misuse(ctx):
                return super().invoke(ctx)
        except (click.UsageError, click.exceptions.Exit, SystemExit):
            raise
        except SlipwayError as error:
            click.echo(str(error), err=True)
        except (OSError, UnicodeDecodeError) as error:
            click.echo(f"{error}", err=True)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave with 1, which may be a result
            traceback.print_exc()
        raise click.exceptions.Exit(ERROR)


@contextmanager
def _misuse(ctx: click.Context) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise _Misuse(error.format_message(), ctx) from error
