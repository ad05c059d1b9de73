"""What the things are called that issue and use credits, such as a purchase: the room that has them registers who names them.

An entry keeps a source ("purchase") and the id of one of them, never its name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from simplero.tenancy.models import Account


class Namer(Protocol):
    """Names for these ids, in a number of queries that does not grow with them; ids that are none are left out."""

    def __call__(self, account: Account, ids: Collection[str]) -> Mapping[str, str]: ...


BOUGHT = frozenset({"purchase"})
"""Sources that are things customers bought. What others are called is the business's own affair: customers do not read it."""

MERGED, PARTED = "merge", "unmerge"
"""Sources of transfers: two contacts were merged, or that was undone."""

NAMERS: dict[str, Namer] = {}


def register(source: str, namer: Namer) -> None:
    """Let `namer` name what has moved credits as `source`. Raises ValueError when another one does already."""
    if NAMERS.setdefault(source, namer) is not namer:
        raise ValueError(f"another room names what moves credits as {source}")


def names(account: Account, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What these sources, each with its id, are called; those that nobody can name are left out."""
    ids: dict[str, set[str]] = defaultdict(set)
    for source, source_id in wanted:
        if source in NAMERS and source_id:
            ids[source].add(source_id)
    return {
        (source, source_id): name
        for source, of_source in ids.items()
        for source_id, name in NAMERS[source](account, of_source).items()
    }
