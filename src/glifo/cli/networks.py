"""`glifo networks`: what each network is made of."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from glifo.cli.output import out, print_json

app = typer.Typer(help="List the networks and show what each is made of.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Shape = Annotated[str | None, typer.Option(help="Shape of a picture as CHANNELSxHEIGHTxWIDTH.", metavar="CxHxW")]
Classes = Annotated[int | None, typer.Option(min=2, help="Number of classes.")]


@app.command("list")
def list_networks(json: Json = False) -> None:
    """List the networks with a line on each."""
    from glifo.networks import NETWORKS

    lines = {name: (builder.__doc__ or "").strip().splitlines()[0] for name, builder in NETWORKS.items()}
    if json:
        print_json(lines)
        return
    table = Table("network", "what it is")
    for name, line in lines.items():
        table.add_row(name, line)
    out.print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A network's name.")],
    shape: Shape = None,
    classes: Classes = None,
    json: Json = False,
) -> None:
    """Show a network's layers, output shapes, parameters and FLOPs.

    [bold]Examples[/bold]

    glifo networks show lenet

    glifo networks show net_1 --shape 3x32x32 --classes 10
    """
    from glifo.networks import build
    from glifo.networks.summary import summarize

    channels, height, width = parse_shape(shape or ("1x8x8" if name.startswith("mlp_") else "1x28x28"))
    size = (channels, height, width)
    network = build(name, shape=size, num_classes=classes or (10 if name.startswith(("mlp_", "net_")) else 62))
    summary = summarize(network, size)
    if json:
        print_json({"network": name, **summary.to_dict()})
        return
    table = Table("layer", "kind", "output shape", "parameters", title=f"{name}, input {channels}x{height}x{width}")
    for layer in summary.layers:
        table.add_row(layer.name, layer.kind, "x".join(map(str, layer.output_shape)), f"{layer.num_parameters:,}")
    out.print(table)
    out.print(f"{summary.num_parameters:,} parameters, {summary.num_trainable:,} of them trainable")
    out.print(f"{summary.flops / 1e6:,.2f} MFLOP for one picture, forward (a multiply-add counts 2)")


def parse_shape(text: str) -> tuple[int, int, int]:
    """ "1x28x28" as three positive numbers."""
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"shape {text!r} was given; give channels, height and width as in 1x28x28")
    channels, height, width = map(int, parts)
    return channels, height, width
