"""Worth: how much it is worth to offer a slot to a waiting patient.

    worth = priority × chance
    priority = urgency × (1 + days waited ÷ target days)
    chance = chance to accept and come at the best time × how likely at this part of the day

Who has waited exactly as long as they should counts twice as much as somebody new, and the
urgent soon more than all others, as their target is short. Days are whole ones of the HMO's
calendar, so that a plan does not change while it is being read.
"""

from datetime import date

from domain.balance.plan import Candidate
from domain.balance.times import Times
from domain.days import Calendar
from domain.waiting import TARGET_DAYS


def priority(candidate: Candidate, calendar: Calendar, today: date) -> float:
    """How much it matters that this patient is seen; 1 or more, without a unit."""
    waited = max((today - calendar.day_of(candidate.since)).days, 0)
    return candidate.urgency * (1 + waited / TARGET_DAYS[candidate.urgency])


def chances(candidate: Candidate) -> Times:
    """How likely they accept a slot, and come, at each part of the day (0–1)."""
    morning, midday, afternoon = (candidate.p_accept_and_come * time for time in candidate.times)
    return morning, midday, afternoon
