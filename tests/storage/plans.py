"""How SQLite goes about the questions of a unit of work: by an index, or through everything."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from storage.store import Store


def plan_of(store: Store, work: Callable[..., Any], *args: Any) -> str:
    """The plans of all statements that `work` runs, a step on each line."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", note)
    store.read_now(work, *args)
    event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        steps = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    return "\n".join(steps)
