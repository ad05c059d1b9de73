"""The way to a page of contacts, by how many meet each condition: measured before it is taken, so that no plan can flip.

A condition is a set of contact ids that an index gives. Few ids are taken first and sorted. Of conditions that many meet, the list is
read in its order from an index that holds no more than the order and the id, and each contact is held against the sets: a set of
middling size is put into a hash table, a larger one is probed by index, since enough contacts of the list will be in it soon. Where
they are not, because those who are in it stand at the end of the list, a set is sorted after all.

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
SORTED = 8_000  # ids that are sorted where reading the list in order has not led to enough of them: about 8 ms
WINDOW = 1_500  # contacts of a list, each probed: about 5 ms for one condition, where they do not suffice
WIDE = 6_000  # contacts of a list, held against hash tables before anything is probed: about 1 ms

_SQL = tuple[str, list[Any]]
_LISTED = "account_id = %s AND merged_into_id IS NULL AND erased_at IS NULL"


@dataclass(frozen=True, slots=True)
class Condition:
    """Contacts must be among `ids`, or must not be where it is not `wanted`.

    `taken`: the same ids, written so that they are read one after the other, perhaps with nulls among them.
    `surely`: ids that meet a condition that is not wanted, found by an index, though not all of them.
    """

    ids: QuerySet[Any]
    wanted: bool = True
    taken: QuerySet[Any] | None = None
    surely: QuerySet[Any] | None = None

    @property
    def dear(self) -> bool:
        """Whether reading all of its ids takes long: each is looked up in another table, or most contacts are among them."""
        return not self.wanted or self.taken is not None

    @property
    def sql(self) -> _SQL:
        """One column. Raises EmptyResultSet where Django knows that there are none."""
        return _sql(self.ids)

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

    def of(self, table: str) -> str:
        way = "DESC" if self.down else "ASC"
        return f"{table}.{self.column} {way}, {table}.id {way}"

    def turned(self) -> "Order":
        return Order(self.column, not self.down)


Place = tuple[Any, int]
"""Of a contact in a list: the value of the column that it is sorted by, and the id."""


class Search:
    """Contacts of one account that meet all of `conditions`."""

    def __init__(self, account: Any, conditions: Sequence[Condition]) -> None:
        self.account_id = require(account)
        self.conditions = list(conditions)

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
        sizes = {id(one): self._size(one) for one in self.conditions if not one.dear}
        small = [one for one in self.conditions if sizes.get(id(one), MIDDLING + 1) <= MIDDLING]
        rest = [one for one in self.conditions if one not in small]
        for window in self._windows(small, rest):
            found = self._walk(order, behind, number, hashed=small, probed=rest, window=window)
            if len(found) == number or not window:
                return found
        driver = min(small, key=lambda one: sizes[id(one)], default=None) or next(
            (one for one in rest if one.taken is not None), None
        )
        if driver is not None and sizes.get(id(driver), 0) <= SORTED:
            return self._sorted(order, behind, number, driver)
        return self._walk(order, behind, number, hashed=self.conditions)

    def _windows(self, small: list[Condition], rest: list[Condition]) -> list[int]:
        """How much of the list is read in turn before another way is taken; 0 is all of it."""
        if not self.conditions:
            return [0]
        if small:
            return [WIDE]
        return [WINDOW] if any(one.wanted for one in rest) else [WINDOW, WIDE]

    def _few_ids(self) -> set[int] | None:
        """Ids of all that match, and perhaps of some who stand in no list, provided they are no more than COUNTED; else None."""
        wanted = [one for one in self.conditions if one.wanted]
        for one in wanted:
            ids = self._taken(one)
            if ids is not None:
                return self._of(ids, [other for other in self.conditions if other is not one])
        if len(self.conditions) == 1:
            surely = self.conditions[0].surely
            if wanted or (surely is not None and self._taken(Condition(surely)) is None):
                return None
        return self._counted([one for one in wanted if not one.dear] or wanted[:1])

    def _counted(self, joined: list[Condition]) -> set[int] | None:
        """As `_few_ids`, where no condition alone is met by few. How those that are `joined` come together, Postgres may choose."""
        if joined:
            source, params = self._joined(joined)
        else:
            source, params = f"SELECT id FROM contacts_contact WHERE {_LISTED}", [self.account_id]
        probed = [one for one in self.conditions if one not in joined]
        if not probed:
            return self._up_to(source, params)
        held, more = _all([], probed)
        return self._up_to(f"SELECT c.id FROM ({source} OFFSET 0) c(id) WHERE {held}", params + more)

    def _joined(self, wanted: list[Condition]) -> _SQL:
        """The ids that are in each of these sets."""
        (source, params), *others = [one.sql for one in wanted]
        held = " AND ".join(f"who IN ({sql})" for sql, _ in others) or "TRUE"
        return f"SELECT who FROM ({source}) one(who) WHERE {held}", params + [
            param for _, more in others for param in more
        ]

    def _sorted(self, order: Order, behind: Place | None, number: int, driver: Condition) -> list[int]:
        """As `page`, by sorting all that match."""
        source, params = _sql(driver.taken if driver.taken is not None else driver.ids)
        held, more = _all([], [one for one in self.conditions if one is not driver])
        where, bound = self._behind(order, behind)
        return self._ids(
            f"""SELECT c.id FROM (SELECT DISTINCT who FROM ({source}) one(who) WHERE who IS NOT NULL OFFSET 0) wanted
                CROSS JOIN LATERAL (SELECT {order.column}, id FROM contacts_contact
                                     WHERE {where} AND id = wanted.who OFFSET 0) c
                WHERE {held} ORDER BY {order.of("c")} LIMIT {number}""",
            [*params, *bound, *more],
        )

    def _taken(self, one: Condition) -> set[int] | None:
        return self._up_to(*_sql(one.taken if one.taken is not None else one.ids))

    def _up_to(self, sql: str, params: list[Any]) -> set[int] | None:
        """What a statement gives, provided it is no more than COUNTED ids; one may come several times."""
        rows = COUNTED + 1
        while True:
            ids = self._ids(f"{sql} LIMIT {rows}", params)
            several = {one for one in ids if one is not None}
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
                    ORDER BY {order.of("c")}""",
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
        where, bound = self._behind(order, behind)
        if window:
            listed = f"SELECT id FROM contacts_contact l WHERE {where} ORDER BY {order.of('l')} LIMIT {window}"
            return self._ids(f"SELECT c.id FROM ({listed}) c WHERE {held} LIMIT {number}", bound + params)
        return self._ids(
            f"SELECT c.id FROM contacts_contact c WHERE {where} AND {held} ORDER BY {order.of('c')} LIMIT {number}",
            bound + params,
        )

    def _behind(self, order: Order, behind: Place | None) -> _SQL:
        """Of contacts that stand in lists, those behind that place."""
        if behind is None:
            return _LISTED, [self.account_id]
        return f"{_LISTED} AND ({order.column}, id) {'<' if order.down else '>'} (%s, %s)", [self.account_id, *behind]

    def _size(self, one: Condition) -> int:
        """How many ids a condition has, counted no further than MIDDLING + 1."""
        sql, params = one.sql
        return self._ids(f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) one LIMIT {MIDDLING + 1}) counted", params)[0]

    def _ids(self, sql: str, params: list[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [row[0] for row in cursor.fetchall()]


def _sql(ids: QuerySet[Any]) -> _SQL:
    sql, params = ids.query.sql_with_params()
    return sql, list(params)


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
