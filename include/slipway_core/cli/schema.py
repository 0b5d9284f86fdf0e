"""`slipway schema`: what an editor needs to complete and check a slipway.yaml."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of slipway.yaml.

    \b
    Examples:
      ./slipway schema > slipway.schema.json
      # yaml-language-server: $schema=slipway.schema.json      as the first line of slipway.yaml
    """
    from slipway_core.keptn.settings_file import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
