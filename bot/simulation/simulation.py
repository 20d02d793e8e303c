"""The simulation: one HMO, the same weeks in each arm, and what came of them."""

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from sqlmodel import Session

from bot.demo.sample_lists import SESSION_COLUMNS
from bot.demo.sample_store import SAMPLE_HOUSE
from bot.printing import Tell
from bot.simulation.arm_names import ArmName
from bot.simulation.arms import Arm
from bot.simulation.clinic import Clinic
from bot.simulation.feeds import import_rows
from bot.simulation.figures import Figures, figures
from bot.simulation.hospital import Hospital
from bot.simulation.world import DEPARTMENTS, World
from domain.notices import Channel, Manners
from domain.people import Member, Role
from storage import invitations, joining
from storage.joining import Newcomer
from storage.migrate import upgrade
from storage.store import Store

FIRST_DAY: Final = date(2026, 3, 1)
"""A Sunday; the clocks change within the weeks that follow."""

HOUSE: Final = replace(SAMPLE_HOUSE, manners=Manners(frozenset(Channel)))
"""The sample HMO, which can write by SMS and e-mail."""


def simulate(
    arms: Sequence[Arm],
    days: int,
    seed: int,
    tell: Tell = lambda _: None,
    departments: Collection[int] = DEPARTMENTS,
) -> dict[ArmName, Figures]:
    """Run the HMO in each arm; the same figures for the same arms, days and seed.

    Args:
        arms: In which ways.
        days: How many days are simulated, from `FIRST_DAY` on.
        seed: Of the HMO, and of all that its patients do.
        tell: Told in a few words what is being done.
        departments: Of the HMO, by their positions in `SPECIALTIES`.

    Returns:
        What came of each arm, by its name.
    """
    tell("drawing the HMO")
    world = World(FIRST_DAY, days, seed, departments)
    found = {}
    with TemporaryDirectory(prefix="slotwise-") as name:
        folder = Path(name)
        with _open(folder / "first morning.db") as store:
            member = _first_morning(store, world, folder)
        for arm in arms:
            tell(f"{days} days: {arm.name}")
            copy = folder / "arm.db"
            shutil.copyfile(folder / "first morning.db", copy)
            with _open(copy) as store:
                clinic = Clinic(store, world, arm, member, HOUSE, folder)
                clinic.run()
                found[arm.name] = store.read_now(figures, world, clinic, HOUSE)
            copy.unlink()
    return found


@contextmanager
def _open(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path}")
    try:
        yield store
    finally:
        store.close()


def _first_morning(store: Store, world: World, folder: Path) -> Member:
    """Import all that is known on the first morning, and let a manager join."""
    upgrade(store)
    now, hospital = world.begin, Hospital(world)
    chance = np.random.default_rng((world.seed, 5))
    sessions = [dict(zip(SESSION_COLUMNS, row, strict=True)) for row in world.sessions()]
    for rows in (hospital.schedule(now), sessions, hospital.waitlist(now)):
        import_rows(store, rows, folder, HOUSE, now, chance)
    return store.write_now(_join, now)


def _join(session: Session, now: datetime) -> Member:
    code = invitations.invite(session, Role.MANAGER, (), now)
    member = joining.redeem(session, code, Newcomer(1, 1, "Noa"), now).member
    if member is None:
        raise RuntimeError("an invitation that was just made does not hold")
    return member
