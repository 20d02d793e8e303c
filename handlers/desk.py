"""The desk: everything a handler has at hand, put together once in `bot/app.py`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from domain.clock import Clock
from domain.criteria import House
from domain.density import Density, Measure
from domain.retention import Retention
from handlers.shared import Shared
from storage.store import Store

if TYPE_CHECKING:
    from handlers.gateway import Gateway


class PictureUnavailable(Exception):  # noqa: N818 - the figures come as text instead
    """No picture can be made now; the text says why and what to do."""


@dataclass(frozen=True)
class HeatmapRequest:
    """What a heatmap shows.

    Attributes:
        key: Everything the picture depends on; the same key means the same picture.
        density: The figures.
        measure: Which of them.
        heading: The title's lines.
    """

    key: tuple[object, ...]
    density: Density
    measure: Measure
    heading: tuple[str, ...]


@dataclass(frozen=True)
class ChartRequest:
    """What a picture of a model shows.

    Attributes:
        key: Everything the picture depends on; the same key means the same picture.
        kind: How far chances mean what they say, whom one reaches by calling, or what counts.
        report: What the model's card tells, see `storage.models.Version`.
        heading: The title's lines.
    """

    key: tuple[object, ...]
    kind: Literal["calibration", "gain", "weights"]
    report: Mapping[str, Any]
    heading: tuple[str, ...]


@dataclass(frozen=True)
class IdleHoursRequest:
    """What a picture of idle hours shows.

    Attributes:
        rows: The name of each department, its idle hours before a plan, and after.
        heading: The title's lines.
    """

    rows: tuple[tuple[str, float, float], ...]
    heading: tuple[str, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Everything the picture depends on; the same key means the same picture."""
        return ("idle hours", self.rows, self.heading)


class Pictures(Protocol):
    """Whoever makes pictures."""

    async def heatmap(self, request: HeatmapRequest) -> bytes | str:
        """A PNG to be sent now, or Telegram's file id of one that was sent before.

        Whoever is given a PNG tells by `remember` or `forget` how sending it went: until then
        others who ask for the same picture wait a while.

        Raises:
            PictureUnavailable: It cannot be made now.
        """

    async def chart(self, request: ChartRequest) -> bytes | str:
        """The same for a picture of a model.

        Raises:
            PictureUnavailable: It cannot be made now.
        """

    async def idle_hours(self, request: IdleHoursRequest) -> bytes | str:
        """The same for idle hours by department.

        Raises:
            PictureUnavailable: It cannot be made now.
        """

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        """Telegram keeps the picture of that key under this file id."""

    def forget(self, key: tuple[object, ...]) -> None:
        """Telegram did not take the picture of that key, or takes its file id no longer."""


class Predictor(Protocol):
    """Whoever can say why an appointment has its chance."""

    async def reasons(self, appointment_id: int) -> list[str]:
        """The strongest reasons in plain words, strongest first; none while no model can say."""


class KnowsNothing:
    """The predictor where there is no model."""

    async def reasons(self, _appointment_id: int) -> list[str]:
        """See `Predictor`."""
        return []


@dataclass
class Desk:
    """What handlers work with.

    Attributes:
        data_dir: Where uploads lie while they are read.
        keep: How long what is kept.
        changed: Set after a transaction that others may have to be told about.
        shared: What many who ask at once are told alike.
        predictor: Says why an appointment has its chance.
        audit_groups: Columns of the feed by which fairness is audited, besides sex and age.
    """

    store: Store
    clock: Clock
    house: House
    pictures: Pictures
    gateway: "Gateway"
    data_dir: Path
    keep: Retention = field(default_factory=Retention)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    shared: Shared = field(default_factory=Shared)
    predictor: Predictor = field(default_factory=KnowsNothing)
    audit_groups: tuple[str, ...] = ()
