"""Finding what a person means by a name they typed."""

from collections.abc import Mapping


def named(names: Mapping[int, str], typed: str) -> list[int]:
    """The keys, by name, of what is called `typed`, or else begins with it, or else holds it."""
    wanted = typed.casefold()
    for fits in (str.__eq__, str.startswith, str.__contains__):
        found = [key for key, name in names.items() if fits(name.casefold(), wanted)]
        if found:
            return sorted(found, key=lambda key: names[key])
    return []
