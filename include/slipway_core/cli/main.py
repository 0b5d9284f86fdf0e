"""The one command line of Slipway. Knows its commands by name only; each is imported when it is used."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import click

# name → where the command is, and what it does. What is not installed (a wheel has no cluster of its own) is left out.
COMMANDS = {
    "lint": ("slipway_core.cli.lint:lint", "Check Keptn files or a project; say what is wrong, with file and line."),
    "schema": ("slipway_core.cli.schema:schema", "Print the JSON Schema of slipway.yaml, for editors."),
    "publish": ("slipway_core.cli.publish:publish", "Check all projects and hand the good ones to Airflow."),
    "project": ("slipway_core.cli.project:project", "Make, change, list and check projects, here or in Git."),
    "import": ("slipway_core.cli.import_project:import_project", "Take over an existing Keptn repository as it is."),
    "plan": ("slipway_local.plan:plan", "Say what a changed shipyard would change."),
    "verdict": ("slipway_core.cli.verdict:verdict", "Judge numbers by a slo.yaml."),
    "simulate": ("slipway_core.cli.simulate:simulate", "Walk the sequences of a shipyard, without Airflow."),
    "history": ("slipway_core.cli.history:history", "List what gates came to."),
    "invalidate": ("slipway_core.cli.history:invalidate", "Take an evaluation out of later baselines."),
    "lanes": ("slipway_core.cli.lanes:lanes", "List what runs and what waits for its turn."),
    "actions": ("slipway_core.cli.actions:actions", "List what was done against problems, and what was refused."),
    "check-queries": ("slipway_core.cli.check_queries:check_queries", "Ask each query of a project's gates once."),
    "configure-monitoring": (
        "slipway_local.monitoring_command:configure_monitoring",
        "Alert rules and scrape jobs out of a project's files.",
    ),
    "token": ("slipway_core.cli.token:token", "Rights of senders that cannot log in, such as Alertmanager."),
    "cluster": ("slipway_cluster.commands:cluster", "The embedded Kubernetes, or a cluster of your own."),
    "up": ("slipway_local.commands:up", "Start Airflow on this machine."),
    "down": ("slipway_local.commands:down", "Stop Airflow on this machine."),
    "status": ("slipway_local.commands:status", "Say what runs on this machine, or how far a context is."),
    "demo": ("slipway_local.commands:demo", "Carry a service through its stages, from nothing."),
    "trigger": ("slipway_local.trigger_commands:trigger", "Start a sequence of a stage."),
    "send-event": (
        "slipway_local.event_commands:send_event",
        "Send an event: to start a sequence, or answer an approval.",
    ),
    "approvals": ("slipway_local.commands:approvals", "List the releases that wait for a person."),
    "approve": ("slipway_local.commands:approve", "Let a waiting release go on."),
    "decline": ("slipway_local.commands:decline", "End a waiting release."),
    "cancel": ("slipway_local.cancel_command:cancel", "End what runs for a delivery; nothing follows."),
    "logs": ("slipway_local.commands:logs", "Show what the local processes wrote."),
}


class LazyGroup(click.Group):
    """A group that lists its commands without importing any of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands that are installed, in the order of the table."""
        return [name for name in COMMANDS if _is_installed(COMMANDS[name][0])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; ``None`` when there is none of that name."""
        if cmd_name not in COMMANDS or not _is_installed(COMMANDS[cmd_name][0]):
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a wrong name is answered with the one that was probably meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], known, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else f" There are: {', '.join(known)}."
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


def _is_installed(target: str) -> bool:
    module = target.partition(":")[0]
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="slipway")
def cli() -> None:
    """Runs Keptn v1 shipyards as Airflow DAGs.

    \b
    Write a project:   include/projects/hello/shipyard.yaml, and a folder per service beside it
    Check it:          ./slipway lint include/projects/hello
    Hand it over:      ./slipway publish
    See it all work:   ./slipway demo

    `./slipway COMMAND --help` says more about each, with examples.
    """


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; errors that Slipway raises on purpose are shown as text, exit code 1."""
    from slipway_core.keptn.problems import SlipwayError

    try:
        return cli.main(args=argv, prog_name="slipway")
    except SlipwayError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
