"""Fails any statement on a tenant table that does not name the account for each table in it.

Row-level security would add the account by itself; Citus, which must know the server from the statement, would not, and a
reader should not have to know. The guard stands on every connection of the run, threads included.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db.backends.signals import connection_created

_off: ContextVar[bool] = ContextVar("sql_guard_off", default=False)

GUARDED = re.compile(r"\s*(?:\(\s*)*(?:WITH|SELECT|INSERT|UPDATE|DELETE|MERGE|TABLE|DECLARE)\b", re.IGNORECASE)
LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
REFERENCE = re.compile(
    r"(?P<before>\b(?:FROM|JOIN|UPDATE|INTO|USING|TABLE)\s+(?:ONLY\s+)?|,\s*)"
    r'(?:"?public"?\.)?"?(?P<table>\w+)"?(?P<call>\s*\()?'
    r"(?:\s+(?:AS\s+)?(?!(?:AS|WHERE|SET|ON|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|ORDER|GROUP|HAVING|LIMIT|OFFSET|FETCH|FOR|USING|UNION|"
    r'EXCEPT|INTERSECT|VALUES|DEFAULT|RETURNING|WINDOW|TABLESAMPLE|WITH|SELECT|FROM|OVERRIDING|DO|AND|OR)\b)"?(?P<alias>[A-Za-z_]\w*)"?)?',
    re.IGNORECASE,
)
WRAPPED = re.compile(r'\(\s*((?:"?\w+"?\.)?"?account_id"?)\s*\)', re.IGNORECASE)  # Django puts columns in brackets
COLUMN = re.compile(r'(?:"?(?P<alias>\w+)"?\.)?(?<!\w)"?account_id"?(?!\w)', re.IGNORECASE)
COMPARED = re.compile(
    r'(?P<left>(?:"?\w+"?\.)?"?\baccount_id"?)\s*(?:=|IN\b)\s*(?P<right>(?:"?\w+"?\.)?"?\w*"?)'
    r'|=\s*(?P<only>(?:"?\w+"?\.)?"?\baccount_id"?)(?!\w)',
    re.IGNORECASE,
)
ANCHOR = re.compile(
    r'"?\baccount_id"?\s*(?:=|IN)\s*\(*\s*(?:%s|%\(\w+\)s|\$\d|\d|p_account\b|current_setting\b)'
    r'|(?:%s|%\(\w+\)s|\$\d+|\b\d+)\s*=\s*(?:"?\w+"?\.)?"?account_id',
    re.IGNORECASE,
)


class UnscopedStatement(AssertionError):
    """A statement reads or writes a tenant table and does not say whose."""


@lru_cache(maxsize=1)
def tenant_tables() -> frozenset[str]:
    return frozenset(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if any(getattr(field, "tenant_key", False) for field in model._meta.local_fields)
    )


@lru_cache(maxsize=4096)
def missing(sql: str) -> str:
    """The tenant table of `sql` that comes without its account, "" when there is none."""
    if not GUARDED.match(sql):
        return ""
    text = WRAPPED.sub(r"\1", LITERAL.sub("''", sql))
    wanted: Counter[tuple[str, str]] = Counter()
    tables: dict[str, str] = {}
    for found in REFERENCE.finditer(text):
        table = found["table"].lower()
        if table not in tenant_tables():
            continue
        before = found["before"].upper()
        if before.startswith("INTO"):
            columns = re.match(r"[^(]*\(([^)]*)\)", text[found.start("table") :])
            if not columns or not re.search(r'"?\baccount_id\b"?', columns[1]):
                return table
            continue
        if found["call"] or (before.startswith(",") and _in_a_list_of_columns(text, found.start())):
            continue
        alias = (found["alias"] or table).lower()
        wanted[alias, table] += 1
        tables[alias] = table
    if not wanted:
        return ""
    named: Counter[str] = Counter()
    for one in COMPARED.finditer(text):
        for side in (one["left"], one["right"], one["only"]):
            column = COLUMN.fullmatch(side.strip()) if side else None
            if column:
                named[(column["alias"] or "").lower()] += 1
    bare = named[""]
    for (alias, table), times in wanted.items():
        short = times - named[alias]
        if short > 0:
            bare -= short
            if bare < 0:
                return table
    return "" if ANCHOR.search(text) else next(iter(tables.values()))


def _in_a_list_of_columns(text: str, at: int) -> bool:
    """Whether the comma at `at` parts columns and not tables: no FROM or USING since the clause began."""
    clause = re.findall(r"\b(SELECT|FROM|USING|SET|BY|VALUES|RETURNING|WHERE|ON)\b", text[:at], re.IGNORECASE)
    return not clause or clause[-1].upper() not in {"FROM", "USING", "ON"}


def guard(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if isinstance(sql, str) and not _off.get() and (table := missing(sql)):
        raise UnscopedStatement(f"{table} is asked for without naming its account: {sql}")
    return execute(sql, params, many, context)


def install(connection: Any, **_: Any) -> None:
    if guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard)


connection_created.connect(install, dispatch_uid="sql_guard")


@contextmanager
def unguarded() -> Iterator[None]:
    """For tests that show what stands behind the guard."""
    token = _off.set(True)
    try:
        yield
    finally:
        _off.reset(token)
