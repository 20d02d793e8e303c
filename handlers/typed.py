"""Screens that a command asks for by words: a department's name, days, an age group."""

from collections.abc import Callable

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria
from domain.days import WINDOWS
from handlers import words
from handlers.addresses import NOWHERE, join, pack
from handlers.context import Context
from handlers.matching import named
from handlers.risk_list import BY_DEPARTMENT, LIST, out_of_reach, risk_list
from handlers.screens import Screen, ScreenMaker, Visit, button
from storage import risk


async def typed_risk(visit: Visit, typed: list[str]) -> Screen:
    """The list for what was typed: a number is days, an age group an age, the rest a department."""
    criteria = Criteria()
    rest = []
    for word in typed:
        if word.isdecimal() and int(word) in range(1, max(WINDOWS) + 1):
            criteria = criteria.in_window(int(word))
        elif word.replace("-", "–") in AGE_GROUPS:
            criteria = criteria.in_age_group(AGE_GROUPS.index(word.replace("-", "–")))
        else:
            rest.append(word)
    if not rest:
        return await risk_list(visit, [pack(criteria), "0"])
    name = " ".join(rest)
    found = await _departments_like(visit, name)
    if not found and (days := [word for word in rest if word.isdecimal()]):
        rest = [word for word in rest if word not in days]
        found = await _departments_like(visit, " ".join(rest)) if rest else []
        where = found[0] if len(found) == 1 else None
        return out_of_reach(criteria.in_department(where), days[0])
    if len(found) == 1:
        return await risk_list(visit, [pack(criteria.in_department(found[0])), "0"])
    return await _which_department(
        visit,
        name,
        found,
        lambda key: join(LIST, pack(criteria.in_department(key)), 0),
        join(BY_DEPARTMENT, pack(criteria), 0),
    )


async def of_department(context: Context, make: ScreenMaker, purpose: str, chooser: str) -> Screen:
    """A screen that is about one department, where one was typed, or about all."""
    visit, name = context.visit, " ".join(context.args or [])
    if not name:
        return await make(visit, [NOWHERE, "0"])
    found = await _departments_like(visit, name)
    if len(found) == 1:
        return await make(visit, [str(found[0]), "0"])
    return await _which_department(
        visit, name, found, lambda key: join(purpose, key, 0), join(chooser, 0)
    )


async def _departments_like(visit: Visit, name: str) -> list[int]:
    """Departments whose name is, or else begins with, or else holds what was typed."""
    names = await visit.desk.store.read(risk.departments)
    seen = visit.member.sees(())
    return named({key: name for key, name in names.items() if not seen or key in seen}, name)


async def _which_department(
    visit: Visit, name: str, found: list[int], lead: Callable[[int], str], choose: str
) -> Screen:
    """The answer to a name that several departments have, or none.

    Args:
        visit: Who asks.
        name: What was typed.
        found: The departments that it fits.
        lead: The address of the screen about a department.
        choose: The address at which all departments are offered.
    """
    names = await visit.desk.store.read(risk.departments)
    typed = words.plain(words.quoted(words.cut(name, 60)))
    if not found:
        return Screen(
            f"No department of yours is called {typed}.",
            [[button("Choose a department", choose)]],
        )
    return Screen(
        words.which(len(found), "department", typed),
        [[button(words.cut(names[key], 60), lead(key))] for key in found[: words.CHOICES]],
    )
