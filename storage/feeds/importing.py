"""Import a file: the one way in.

The file is read, checked and staged by stream while everybody else goes on working; only the
merge, one transaction, holds the store's write lock. Killed at any moment, nothing is
half-written.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain.days import Calendar
from storage import audit
from storage.feeds.mapping import Mapping, kind_called
from storage.feeds.merging import Changes, Merged, merge, refuse_other_zone
from storage.feeds.reading import Feed, open_feed
from storage.feeds.rejects import Rejects
from storage.feeds.report import (
    ImportRefused,
    ImportReport,
    KindWord,
    RowRejected,
    reason_lines,
)
from storage.feeds.rows import Record, RowReader
from storage.feeds.staging import Staging, staging
from storage.store import Store, may_pass_again, told_plainly

T = TypeVar("T")

_ROWS_AT_ONCE: Final = 1_000
_TRIES: Final = 3

Progress = Callable[[str, int], None]
"""Told what is being done (`reading`, `merging`) and how many bytes of the file have been read."""


def import_file(  # noqa: PLR0913 - a file, how to read it and as of when
    store: Store,
    source: Path | BinaryIO,
    *,
    name: str,
    mapping: Mapping,
    calendar: Calendar,
    now: datetime,
    chance: np.random.Generator,
    rejects: Path,
    encoding: str = "utf-8",
    kind: KindWord | None = None,
    progress: Progress | None = None,
    member_id: int | None = None,
) -> ImportReport:
    """Take a CSV file, plain or packed by gzip, into the store.

    Blocks for as long as it takes: call it on a worker thread.

    Args:
        store: A migrated store.
        source: A path, or a readable binary stream, which is left open.
        name: What the file is called in the report.
        mapping: The file's own names and words.
        calendar: The HMO's; also the zone of moments that name none.
        now: The present (aware); what lies after it is not known yet.
        chance: Where new patients' references come from.
        rejects: Where the rows go that cannot be used; made only if there are any.
        encoding: One of `storage.feeds.reading.ENCODINGS`.
        kind: What the file holds; by default what its header tells.
        progress: Called every thousand rows and when the merge begins.
        member_id: Who imports, for the audit; `None` is the command line.

    Raises:
        ImportRefused: The file as a whole cannot be used; nothing was kept, or, if every
            row was rejected, nothing but the rejects file.
        StoreUnavailable: The database cannot be reached, is busy for too long or full.
    """
    began = time.monotonic()
    tell = progress or _silence
    with told_plainly(), open_feed(source, encoding) as feed:
        holds = kind_called(kind) if kind else mapping.kind_of(feed.header)
        reader = holds.reader(mapping.fit(feed.header, holds), mapping.words, calendar, now)
        with Rejects(rejects, feed.header) as rejected, staging(store, holds.staged) as staged:
            with staged.connection.begin():
                refuse_other_zone(staged.connection, calendar)
            with staged.connection.begin():
                read = _stage(feed, reader, staged, rejected, tell)
                read = replace(read, kind=holds.word, name=name)
            tell("merging", feed.bytes_read)

            def take_in(staged: Staging) -> Changes:
                return holds.take_in(staged, now, member_id)

            def work() -> ImportReport:
                merged = merge(staged, take_in, calendar, chance)
                report = _finished(read, merged, time.monotonic() - began)
                told = audit.entry("import", at=now, member_id=member_id, **_detail(report))
                audit.append(staged.connection, [*merged.changes.entries, told])
                rejected.keep()
                return report

            return _in_one_transaction(staged.connection, work)


def _stage(
    feed: Feed, reader: RowReader, staged: Staging, rejected: Rejects, tell: Progress
) -> ImportReport:
    """Read the file to its end; what the report says of it before the merge."""
    rows = 0
    batch: list[Record] = []
    for line, cells in feed.rows():
        rows += 1
        try:
            record = reader.read(line, cells)
        except RowRejected as reason:
            rejected.add(line, str(reason), cells)
            continue
        if record is not None:
            batch.append(record)
        if len(batch) >= _ROWS_AT_ONCE:
            staged.fill("feed_row", batch)
            batch = []
            tell("reading", feed.bytes_read)
    staged.fill("feed_row", batch)
    _refuse_useless(rows, rejected)
    return ImportReport(
        sha256=feed.sha256,
        rows=rows,
        rejected=rejected.count,
        reasons=tuple(rejected.reasons.most_common()),
        not_booked_yet=reader.not_booked_yet,
        outcome_withheld=reader.outcome_withheld,
        duplicates=staged.finish(reader.departments, reader.clinicians),
    )


def _refuse_useless(rows: int, rejected: Rejects) -> None:
    if rows == 0:
        raise ImportRefused("the file has a header and no rows")
    if rejected.count == rows:
        rejected.keep()
        reasons = " ".join(line.strip() for line in reason_lines(rejected.reasons.most_common(1)))
        raise ImportRefused(
            f"every row was rejected ({reasons}); nothing was kept but the rejects file"
        )


def _finished(read: ImportReport, merged: Merged, seconds: float) -> ImportReport:
    left_out = read.rejected + read.not_booked_yet + read.duplicates + merged.forgotten
    usable = read.rows - left_out
    inserted, updated = merged.changes.inserted, merged.changes.updated
    return replace(
        read,
        inserted=inserted,
        updated=updated,
        unchanged=usable - inserted - updated,
        forgotten=merged.forgotten,
        new_patients=merged.new_patients,
        patients_updated=merged.patients_updated,
        new_departments=merged.new_departments,
        seconds=round(seconds, 3),
    )


def _detail(report: ImportReport) -> dict[str, Any]:
    """What the audit keeps: counts and the file's digest, nothing of any patient."""
    kept = asdict(report)
    kept["new_departments"] = len(report.new_departments)
    kept.pop("name", None)  # somebody typed it, and a row of the trail stays for good
    return kept


def _in_one_transaction(connection: Connection, work: Callable[[], T]) -> T:
    """Run `work` in a transaction that writes; again if PostgreSQL undid it for another's sake."""
    connection.execution_options(writes=True)
    for attempt in range(_TRIES):
        try:
            with connection.begin():
                return work()
        except DBAPIError as error:
            if attempt == _TRIES - 1 or not may_pass_again(error):
                raise
    raise AssertionError("unreachable")


def _silence(_what: str, _done: int) -> None:
    """Nobody wants to know."""
