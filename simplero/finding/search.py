"""The way to a page of contacts, by how many meet each condition: measured before it is taken, so that no plan can flip.

A condition is a set of contact ids that an index gives. Few ids are taken first and sorted. Of conditions that many meet, the list is
read in its order from an index that holds no more than the order and the id, and each contact is held against the sets: a set of
middling size is put into a hash table, a larger one is probed by index, since enough contacts of the list will be in it soon. Where
the large ones should disappoint, because those who are in it stand at the end of the list, all sets are put into hash tables.

Each `OFFSET 0` and `IS TRUE` keeps Postgres from making a join of it, whose order it would choose by a guess.
"""

# ruff: noqa: S608 - what is put into a statement as text is ours, values are parameters

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from contacts.models import Contact
from simplero.tenancy.scope import require

COUNTED = 1000  # beyond it a list says "more than"

MIDDLING = 15_000  # ids in a hash table: about 4 ms
WINDOW = 700  # contacts of a list, each probed: about 3 ms for one condition
WIDE = 6_000  # contacts of a list held against what few of them lack, or against hash tables before probes

_SQL = tuple[str, list[Any]]
_LISTED = "account_id = %s AND merged_into_id IS NULL AND erased_at IS NULL"


@dataclass(frozen=True, slots=True)
class Condition:
    """Contacts must be among `ids`, or must not be where it is not `wanted`.

    `surely`: ids that meet a condition that is not wanted, found by an index, though not all of them.
    """

    ids: QuerySet[Any]
    wanted: bool = True
    surely: QuerySet[Any] | None = None

    @property
    def sql(self) -> _SQL:
        """One column. Raises EmptyResultSet where Django knows that there are none."""
        sql, params = self.ids.query.sql_with_params()
        return sql, list(params)

    def probed(self) -> _SQL:
        sql, params = self.sql
        return (
            f"{'' if self.wanted else 'NOT '}EXISTS (SELECT 1 FROM ({sql}) one(who) WHERE who = c.id OFFSET 0)",
            params,
        )

    def hashed(self) -> _SQL:
        sql, params = self.sql
        return f"(c.id IN ({sql})) IS {'' if self.wanted else 'NOT '}TRUE", params


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a column and then the id, both upwards or both downwards."""

    column: str
    down: bool

    @property
    def sql(self) -> str:
        way = "DESC" if self.down else "ASC"
        return f"{self.column} {way}, id {way}"

    def turned(self) -> "Order":
        return Order(self.column, not self.down)


Place = tuple[Any, int]
"""Of a contact in a list: the value of the column that it is sorted by, and the id."""


class Search:
    """Contacts of one account that meet all of `conditions`. What has been measured once is remembered."""

    def __init__(self, account: Any, conditions: Sequence[Condition]) -> None:
        self.account_id = require(account)
        self.conditions = list(conditions)
        self._sizes: dict[int, int] = {}

    def few(self, order: Order) -> list[Place] | None:
        """All that match, in order, provided they are no more than COUNTED; else None."""
        ids: Iterable[int] | None
        try:
            ids = self._few_ids()
        except EmptyResultSet:  # a condition that nobody meets
            return []
        if ids is None:
            return None
        return self._places(list(ids), order) if ids else []

    def page(self, order: Order, *, behind: Place | None, number: int) -> list[int]:
        """The ids of the first `number` of many that match, or of the first behind that place."""
        large = [one for one in self.conditions if self._size(one) > MIDDLING]
        rest = [one for one in self.conditions if one not in large]
        if large:
            for window in self._windows(large, rest):
                found = self._walk(order, behind, number, hashed=rest, probed=large, window=window)
                if len(found) == number:
                    return found
        return self._walk(order, behind, number, hashed=self.conditions)

    def _windows(self, large: list[Condition], rest: list[Condition]) -> list[int]:
        if rest:
            return [WIDE]
        return [WINDOW] if any(one.wanted for one in large) else [WINDOW, WIDE]

    def _few_ids(self) -> set[int] | None:
        """Ids of all that match, and perhaps of some who stand in no list, provided they are no more than COUNTED; else None."""
        wanted = [one for one in self.conditions if one.wanted]
        for one in wanted:
            ids = self._taken(one)
            if ids is not None:
                return self._of(ids, [other for other in self.conditions if other is not one])
        if len(wanted) == 1 == len(self.conditions):
            return None
        surely = self.conditions[0].surely if len(self.conditions) == 1 else None
        if surely is not None and self._taken(Condition(surely)) is None:
            return None
        return self._counted(wanted)

    def _counted(self, wanted: list[Condition]) -> set[int] | None:
        """As `_few_ids`, where no condition alone is met by few."""
        driver = min(wanted, key=self._size) if wanted else None
        if driver is not None:
            source, params = driver.sql
        else:
            source, params = f"SELECT id FROM contacts_contact WHERE {_LISTED}", [self.account_id]
        others = [one for one in self.conditions if one is not driver]
        large = [one for one in others if self._size(one) > MIDDLING]
        if large:
            rest = [one for one in others if one not in large]
            held = _all(rest, large)
            first = f"SELECT id FROM ({source}) d(id) LIMIT {2 * COUNTED}"
            ids = self._up_to(f"SELECT c.id FROM ({first}) c WHERE {held[0]}", params + held[1])
            if ids is None or self._size_of(source, params, 2 * COUNTED + 1) <= 2 * COUNTED:
                return ids
        held = _all(others, [])
        return self._up_to(f"SELECT c.id FROM ({source}) c(id) WHERE {held[0]}", params + held[1])

    def _taken(self, one: Condition) -> set[int] | None:
        return self._up_to(*one.sql)

    def _up_to(self, sql: str, params: list[Any]) -> set[int] | None:
        """What a statement gives, provided it is no more than COUNTED ids; one may come several times."""
        rows = COUNTED + 1
        while True:
            ids = self._ids(f"{sql} LIMIT {rows}", params)
            several = set(ids)
            if len(several) > COUNTED:
                return None
            if len(ids) < rows:
                return several
            rows *= 4

    def _of(self, ids: set[int], conditions: list[Condition]) -> set[int]:
        """Those of `ids` who meet `conditions` too."""
        if not ids or not conditions:
            return ids
        held, params = _all([], conditions)
        return set(self._ids(f"SELECT c.id FROM unnest(%s::bigint[]) c(id) WHERE {held}", [list(ids), *params]))

    def _places(self, ids: list[int], order: Order) -> list[Place]:
        """Those of `ids` who stand in lists, in order, each found by its key."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT {order.column}, c.id FROM unnest(%s::bigint[]) wanted(id) CROSS JOIN LATERAL
                    (SELECT {order.column}, id FROM contacts_contact WHERE {_LISTED} AND id = wanted.id OFFSET 0) c
                    ORDER BY {order.sql.replace(", id", ", c.id")}""",
                [ids, self.account_id],
            )
            return list(cursor.fetchall())

    def _walk(
        self,
        order: Order,
        behind: Place | None,
        number: int,
        *,
        hashed: list[Condition],
        probed: Sequence[Condition] = (),
        window: int = 0,
    ) -> list[int]:
        """Ids in the list's own order; of the first `window` contacts alone where there is one."""
        held, params = _all(hashed, probed)
        where, bound = _LISTED, [self.account_id]
        if behind is not None:
            where += f" AND ({order.column}, id) {'<' if order.down else '>'} (%s, %s)"
            bound += behind
        if window:
            listed = f"SELECT id FROM contacts_contact WHERE {where} ORDER BY {order.sql} LIMIT {window}"
            return self._ids(f"SELECT c.id FROM ({listed}) c WHERE {held} LIMIT {number}", bound + params)
        return self._ids(
            f"SELECT c.id FROM contacts_contact c WHERE {where} AND {held} ORDER BY {order.sql} LIMIT {number}",
            bound + params,
        )

    def _size(self, one: Condition) -> int:
        """How many ids a condition has, counted no further than MIDDLING + 1."""
        if id(one) not in self._sizes:
            self._sizes[id(one)] = self._size_of(*one.sql, MIDDLING + 1)
        return self._sizes[id(one)]

    def _size_of(self, sql: str, params: list[Any], most: int) -> int:
        return self._ids(f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) one LIMIT {most}) counted", params)[0]

    def _ids(self, sql: str, params: list[Any]) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [row[0] for row in cursor.fetchall()]


def _all(hashed: Iterable[Condition], probed: Iterable[Condition]) -> _SQL:
    parts = [one.hashed() for one in hashed] + [one.probed() for one in probed]
    return " AND ".join(sql for sql, _ in parts) or "TRUE", [param for _, params in parts for param in params]


def cut(places: list[Place], order: Order, behind: Place) -> list[Place]:
    """Those of `places`, in order, that stand behind one place."""
    if order.down:
        upwards = places[::-1]
        return upwards[: bisect_left(upwards, behind)][::-1]
    return places[bisect_right(places, behind) :]


def by_ids(account: Any, ids: Sequence[int]) -> list[Contact]:
    """These contacts, in the order of `ids`."""
    found = Contact.objects.filter(account_id=require(account)).in_bulk(list(ids))
    return [found[one] for one in ids if one in found]
