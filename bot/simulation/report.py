"""What a simulation prints: a table with a column for each arm, or the same as JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

from bot.demo.sample_rates import SPECIALTIES
from bot.printing import say, table
from bot.simulation.arm_names import ArmName
from bot.simulation.arms import ARMS
from bot.simulation.figures import Figures
from bot.simulation.simulation import FIRST_DAY, HOUSE
from bot.simulation.world import ARRIVE_EVERY, DEPARTMENTS, WAITING
from domain.waiting import URGENCIES

Found = Mapping[ArmName, Figures]

_ROWS: Final[tuple[tuple[str, Callable[[Figures], str]], ...]] = (
    ("Efficiency Gain, %", lambda it: f"{it.gain:.1f}"),
    ("actioned ÷ scheduled", lambda it: f"{it.actioned:,} ÷ {it.scheduled:,}"),
    ("visits authorised", lambda it: f"{it.authorized:,}"),
    ("no-shows expected of them", lambda it: f"{it.expected:.0f}"),
    ("slots filled", lambda it: f"{it.filled:,}"),
    ("slots left unfilled", lambda it: f"{it.unfilled:,}"),
    ("offers accepted, of those ended", lambda it: f"{it.accepted:,} of {it.offers:,}"),
    ("won back", lambda it: f"{it.won:,}"),
    ("collisions", lambda it: f"{it.collisions:,}"),
    ("realised gain, %", lambda it: f"{it.realised:.2f}"),
    ("care won back, hours", lambda it: f"{it.hours_won:,.0f}"),
    ("displaced who would have come", lambda it: f"{it.displaced:,}"),
    ("kept: confirmed and came", lambda it: f"{it.kept:,}"),
    ("  only because they were asked", lambda it: f"{it.prompted:,}"),
)
_COMPARED: Final[tuple[tuple[str, Callable[[Figures], float | None], int], ...]] = (
    ("patients seen, one a slot", lambda it: it.seen, 0),
    ("no-shows", lambda it: it.no_shows, 0),
    ("idle hours", lambda it: it.idle_hours, 0),
    ("days waited, mean", lambda it: it.wait, 1),
)


def show(found: Found, days: int, seed: int) -> None:
    """Print the table, with what it comes from."""
    say(f"{days} days from {FIRST_DAY:%a %d %b %Y} on, seed {seed}, {_about()}")
    for name in found:
        say(f"  {name}: {ARMS[name].means}")
    say("")
    rows = [[words, *(told(each) for each in found.values())] for words, told in _ROWS]
    worst = [f"{each.worst_group} {each.worst_wait:.1f}" for each in found.values()]
    table(["", *found], [*rows, *_compared(found), ["  worst-off age group", *worst]])
    if ArmName.NOTHING in found and len(found) > 1:
        say("\nIn brackets: beside nothing.")
    for name, each in found.items():
        if not each.agrees:
            say(f"\n{name}: what Slotwise has counted is not what has happened.")


def _compared(found: Found) -> Iterator[list[str]]:
    """The rows that tell each arm beside the one without Slotwise."""
    waits = tuple(
        (f"  urgency {urgency}", lambda it, urgency=urgency: it.waits.get(urgency), 1)
        for urgency in sorted(URGENCIES, reverse=True)
    )
    base = found.get(ArmName.NOTHING)
    for words, value, digits in (*_COMPARED, *waits):
        before = value(base) if base else None
        yield [words, *(_against(value(each), before, digits) for each in found.values())]


def as_json(found: Found, days: int, seed: int) -> str:
    """The same for programs; figures as `bot.simulation.figures.Figures` names them."""
    arms = {
        name: asdict(each) | {"gain": each.gain, "realised": each.realised}
        for name, each in found.items()
    }
    settings = {"first_day": FIRST_DAY.isoformat(), "days": days, "seed": seed, "about": _about()}
    return json.dumps({**settings, "arms": arms}, indent=2, ensure_ascii=False)


def _about() -> str:
    names = ", ".join(SPECIALTIES[place].name for place in DEPARTMENTS)
    return (
        f"high-risk from {HOUSE.threshold} earlier no-shows; {WAITING} patients waiting in each "
        f"department, and one more every {ARRIVE_EVERY} days; {names}"
    )


def _against(value: float | None, base: float | None, digits: int) -> str:
    """A figure, and by how much it differs from that of the arm without Slotwise."""
    if value is None:
        return "–"
    told = f"{value:,.{digits}f}"
    if base is None or value == base:
        return told
    return f"{told} ({value - base:+,.{digits}f})".replace("-", "−")
