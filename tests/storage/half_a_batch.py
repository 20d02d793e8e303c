"""Run by a test: confirms a batch, says so, and stands still before the transaction is kept."""

import os
import signal
import sys
from datetime import datetime

from sqlmodel import Session

from domain.people import Member
from storage import batches, people
from storage.store import Store
from storage.tables import Batch
from tests.hmo import HOUSE


def half(session: Session, batch_id: int, now: datetime) -> None:
    member_id = session.get_one(Batch, batch_id).member_id
    member: Member | None = people.member_by_id(session, member_id)
    assert member is not None
    assert batches.confirm(session, member, batch_id, now, HOUSE.threshold)
    print("half way", flush=True)
    signal.pause()


if __name__ == "__main__":
    Store(sys.argv[1]).write_now(half, int(sys.argv[2]), datetime.fromisoformat(os.environ["NOW"]))
