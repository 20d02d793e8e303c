"""Backfills: the course of one authorised slot, from asking its patient to a replacement.

| from     | event     | to       | when                                                         |
|----------|-----------|----------|--------------------------------------------------------------|
| asking   | confirmed | kept     | the patient says that they come                              |
| asking   | gave back | released | the patient gives the slot back                              |
| asking   | let go    | released | silent past the deadline, surely asked, and the policy says so |
| asking   | call      | calling  | silent, or nobody could ask: a person has to                 |
| calling  | confirmed | kept     | by phone or late by message                                  |
| calling  | gave back | released | by phone or late by message                                  |
| kept     | gave back | released | the patient thinks again                                     |
| kept     | call      | calling  | they ask to be called, or that they come was noted in error  |
| released | gave back | released | silent so far, the patient now says it                       |
| released | offered   | offering | a wave of offers goes out                                    |
| released | confirmed | kept     | the patient wants it after all, and nobody has it yet        |
| released | call      | calling  | they ask to be called, or a call was noted in error          |
| released | time up   | unfilled | too late to offer it                                         |
| offering | accepted  | filled   | a waiting patient was first                                  |
| offering | wave over | released | all have declined, or the wave has expired                   |
| offering | gave back | offering | silent so far, the patient now says it                       |
| offering | confirmed | kept     | the patient wants it after all, and nobody has it yet        |
| offering | call      | calling  | they ask to be called, or a call was noted in error          |
| offering | time up   | unfilled | too late to offer it                                         |
| any open | ended     | over     | undone, started, or changed in the HMO's own system          |

`kept` is a success without a transfer. A slot is released by the patient's own word, or by silence
where the department's policy allows it; never by a score. A slot that was let go in silence stays
the first patient's until somebody has accepted it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stage(StrEnum):
    """Where a backfill stands."""

    ASKING = "asking"
    CALLING = "calling"
    KEPT = "kept"
    RELEASED = "released"
    OFFERING = "offering"
    FILLED = "filled"
    UNFILLED = "unfilled"
    OVER = "over"


class Step(StrEnum):
    """What happens to a backfill."""

    CONFIRMED = "confirmed"
    GAVE_BACK = "gave back"
    LET_GO = "let go"
    CALL = "call"
    OFFERED = "offered"
    WAVE_OVER = "wave over"
    ACCEPTED = "accepted"
    TIME_UP = "time up"
    ENDED = "ended"


class Release(StrEnum):
    """How a slot was released: by the patient's word, or by silence past the deadline."""

    WORD = "word"
    SILENCE = "silence"


OPEN: Final = frozenset({Stage.ASKING, Stage.CALLING, Stage.KEPT, Stage.RELEASED, Stage.OFFERING})
"""Stages that can still change; an appointment has one backfill in them at most."""

FREE: Final = frozenset({Stage.RELEASED, Stage.OFFERING})
"""Stages in which a waiting patient may get the slot."""

MOVES: Final[Mapping[tuple[Stage, Step], Stage]] = MappingProxyType(
    {
        (Stage.ASKING, Step.CONFIRMED): Stage.KEPT,
        (Stage.ASKING, Step.GAVE_BACK): Stage.RELEASED,
        (Stage.ASKING, Step.LET_GO): Stage.RELEASED,
        (Stage.ASKING, Step.CALL): Stage.CALLING,
        (Stage.CALLING, Step.CONFIRMED): Stage.KEPT,
        (Stage.CALLING, Step.GAVE_BACK): Stage.RELEASED,
        (Stage.KEPT, Step.GAVE_BACK): Stage.RELEASED,
        (Stage.KEPT, Step.CALL): Stage.CALLING,
        (Stage.RELEASED, Step.GAVE_BACK): Stage.RELEASED,
        (Stage.RELEASED, Step.OFFERED): Stage.OFFERING,
        (Stage.RELEASED, Step.CONFIRMED): Stage.KEPT,
        (Stage.RELEASED, Step.CALL): Stage.CALLING,
        (Stage.RELEASED, Step.TIME_UP): Stage.UNFILLED,
        (Stage.OFFERING, Step.ACCEPTED): Stage.FILLED,
        (Stage.OFFERING, Step.WAVE_OVER): Stage.RELEASED,
        (Stage.OFFERING, Step.GAVE_BACK): Stage.OFFERING,
        (Stage.OFFERING, Step.CONFIRMED): Stage.KEPT,
        (Stage.OFFERING, Step.CALL): Stage.CALLING,
        (Stage.OFFERING, Step.TIME_UP): Stage.UNFILLED,
        **{(stage, Step.ENDED): Stage.OVER for stage in OPEN},
    }
)


def next_stage(stage: Stage, step: Step) -> Stage | None:
    """The stage that `step` leads to, or `None` when the table has no such move."""
    return MOVES.get((stage, step))
