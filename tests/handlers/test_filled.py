"""What managers read when a waiting patient has accepted a slot."""

import pytest
from sqlmodel import Session

from bot.demo.server.html_mode import parse_html
from domain.offers import OfferState
from domain.people import Refused, Role
from domain.waiting import WaitState
from handlers.addresses import UnknownAddress
from handlers.desk import Desk
from handlers.router import open_screen
from storage.tables import BackfillRow, OfferRow, Waiting
from tests.handlers.desks import APPOINTMENT, BACKFILL, DEPARTMENT, visit


async def test_it_says_which_slot_who_accepted_and_how_many_were_asked(desk: Desk) -> None:
    now = desk.clock.now()

    def work(session: Session) -> None:
        for number in (1, 2):
            place = Waiting(
                id=number,
                external_id=f"W{number}",
                patient_id=1,
                department_id=DEPARTMENT,
                urgency=3,
                since=now,
                notice_hours=0,
                state=WaitState.WAITING,
            )
            session.add(place)
            session.flush()
            session.add(
                OfferRow(
                    backfill_id=BACKFILL,
                    waiting_id=number,
                    wave=1,
                    rank=number,
                    state=OfferState.GONE,
                    made_at=now,
                    expires_at=now,
                )
            )

    await desk.store.write(work)
    screen = await open_screen(visit(desk, Role.MANAGER), f"filled:{BACKFILL}")
    assert parse_html(screen.text)[0].splitlines()[1:] == [
        "Sun 15 Nov 08:00 · P-7K3MQD · unknown",
        "Accepted 08:00, offered to 2 waiting patients",
    ]
    assert screen.text.startswith("<b>Slot filled</b> · Gastroenterology &amp; &lt;Hepatology&gt;")
    assert screen.department_id == DEPARTMENT


async def test_people_of_other_departments_do_not_see_it(desk: Desk) -> None:
    with pytest.raises(Refused):
        await open_screen(visit(desk, Role.MANAGER, DEPARTMENT + 1), f"filled:{BACKFILL}")


async def test_a_slot_that_nobody_has_accepted_is_no_such_screen(desk: Desk) -> None:
    def work(session: Session) -> None:
        session.get_one(BackfillRow, BACKFILL).replacement_id = None

    await desk.store.write(work)
    for key in (BACKFILL, APPOINTMENT):
        with pytest.raises(UnknownAddress):
            await open_screen(visit(desk, Role.MANAGER), f"filled:{key}")
