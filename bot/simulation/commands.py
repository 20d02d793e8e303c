"""The command that simulates; what takes long to load is imported when it runs."""
# ruff: noqa: PLC0415 - a command loads only what it needs

from typing import Annotated

import typer

from bot.printing import progress
from bot.simulation.arm_names import ArmName

simulation_app = typer.Typer()


@simulation_app.command()
def simulate(
    days: Annotated[int, typer.Option(min=1, max=180, help="How many days are simulated.")] = 90,
    seed: Annotated[int, typer.Option(min=0, help="Another one makes another HMO.")] = 7,
    arms: Annotated[
        list[ArmName] | None,
        typer.Option(help="What is compared; may be repeated. None: all of them."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the whole product through weeks of a made-up HMO, beside the same weeks without it."""
    from bot.simulation import report
    from bot.simulation.arms import ARMS
    from bot.simulation.simulation import simulate

    chosen = [ARMS[name] for name in ArmName if name in (arms or ArmName)]
    with progress() as tell:
        found = simulate(chosen, days, seed, tell)
    if as_json:
        typer.echo(report.as_json(found, days, seed))
    else:
        report.show(found, days, seed)
