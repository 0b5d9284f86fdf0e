"""`./slipway cluster …`: the embedded Kubernetes, or a cluster of one's own. Each command prints what it works on."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from slipway_cluster.target import (
    NoCluster,
    Target,
    chosen_target,
    current_target,
    embedded_target,
    helm_argv,
    kubectl_argv,
)
from slipway_cluster.target import use as choose
from slipway_cluster.target import use_embedded as choose_embedded


def says_what_went_wrong(command: Callable[..., None]) -> Callable[..., None]:
    """End a command with one clear text instead of a traceback, for the errors that have one."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (NoCluster, ValueError) as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def say_context(target: Target) -> None:
    """Print which cluster a command works on."""
    click.echo(f"Cluster: {target}")


@click.group()
def cluster() -> None:
    """The embedded Kubernetes of this checkout, or a cluster of your own.

    \b
    ./slipway cluster up                              a Kubernetes on this machine: root and Linux, no Docker
    ./slipway cluster use --kubeconfig F --context C  work on your own instead; KUBECONFIG alone changes nothing
    ./slipway cluster status                          what runs, and where
    """


@cluster.command()
@click.option("--take-over", is_flag=True, help="Stop a cluster that another checkout runs on this machine.")
@says_what_went_wrong
def up(take_over: bool) -> None:
    """Start the embedded cluster, or mend what died."""
    from slipway_cluster import embedded

    target = chosen_target()
    say_context(target)
    began = time.monotonic()
    embedded.up(click.echo, take_over=take_over)
    if target.embedded:
        click.echo(f"The node is Ready ({time.monotonic() - began:.1f} s).")
    else:
        click.echo("That is your own: nothing to start. Back: ./slipway cluster use --embedded")


@cluster.command()
@says_what_went_wrong
def down() -> None:
    """Stop the embedded cluster; its state stays."""
    from slipway_cluster import embedded

    say_context(embedded_target())
    embedded.down()
    click.echo("Stopped. Its state stays: ./slipway cluster up goes on with it.")


@cluster.command()
@says_what_went_wrong
def delete() -> None:
    """Stop the embedded cluster and remove all of it but the cache."""
    from slipway_cluster import embedded

    say_context(embedded_target())
    embedded.delete()
    click.echo("Deleted. The built binary and the packages stay in the cache.")


@cluster.command()
@says_what_went_wrong
def status() -> None:
    """Show the parts of the embedded cluster; exit code 1 when one is not healthy."""
    from rich.console import Console
    from rich.table import Table

    from slipway_cluster import embedded

    target = chosen_target()
    say_context(target)
    if not target.embedded:
        click.echo(_own_cluster_state(target))
        return
    table = Table("part", "process", "health", "address")
    parts = embedded.status()
    for part in parts:
        colour = "green" if part.health == "healthy" else "red"
        table.add_row(part.name, str(part.pid or ""), f"[{colour}]{part.health}[/]", part.address)
    Console().print(table)
    click.echo(f"Logs: {parts[0].log.parent}/<part>.log")
    if any(part.health != "healthy" for part in parts):
        click.echo("Start or mend it: ./slipway cluster up")
        raise SystemExit(1)


@cluster.command()
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="A kubeconfig file.")
@click.option("--context", help="The name of a context in it.")
@click.option("--embedded", "back", is_flag=True, help="Work on the embedded cluster again.")
@says_what_went_wrong
def use(kubeconfig: Path | None, context: str | None, back: bool) -> None:
    """Choose the cluster that Slipway works on, from now on."""
    if back and not (kubeconfig or context):
        say_context(choose_embedded())
    elif kubeconfig and context and not back:
        say_context(choose(kubeconfig, context))
    else:
        raise click.UsageError("Give --kubeconfig and --context, or --embedded alone.")


@cluster.command()
@click.argument("project")
@click.argument("stage")
@says_what_went_wrong
def grant(project: str, stage: str) -> None:
    """Make the account that deploys to STAGE of PROJECT, and write a kubeconfig for it.

    A namespace PROJECT-STAGE that is there already is adopted.
    """
    from slipway_cluster.access import grant as grant_access
    from slipway_cluster.access import namespace_of
    from slipway_cluster.places import state_dir

    target = current_target()
    say_context(target)
    file = state_dir() / "kubeconfigs" / f"{namespace_of(project, stage)}.json"
    config = grant_access(target, project, stage, adopt=True)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(config, stream, indent=1)
    click.echo(str(file))


def _own_cluster_state(target: Target) -> str:
    from slipway_cluster.kubectl import kubectl

    return kubectl(target, "get", "nodes", timeout=10.0).strip()


_PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@cluster.command("kubectl", context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@says_what_went_wrong
def kubectl_command(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the cluster: ./slipway cluster kubectl get pods --all-namespaces."""
    _become(kubectl_argv, arguments)


@cluster.command("helm", context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@says_what_went_wrong
def helm_command(arguments: tuple[str, ...]) -> None:
    """Run Helm on the cluster: ./slipway cluster helm history helloservice -n fulltour-qa."""
    _become(helm_argv, arguments)


def _become(argv_of: Callable[[Target], list[str]], arguments: tuple[str, ...]) -> None:
    """Let a tool take this process' place; its own words are all that standard output gets."""
    target = current_target()
    click.echo(f"Cluster: {target}", err=True)
    argv = [*argv_of(target), *arguments]
    os.execv(argv[0], argv)
