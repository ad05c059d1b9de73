"""What stood in the columns of a row, before and after, as a person reads it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automations import conditions, descriptions
from simplero.lib.lists import listed
from simplero.lib.moments import day
from simplero.lib.money import reading
from simplero.tenancy.roles import ROLES

from .log import Entry, Told
from .words import THINGS, Known, name_then

LONGEST = 400  # characters of a text on the page; a download has all of them

LABELS = {
    ("contact", "merged_into_id"): "Merged into",
    ("credit_type", "plural"): "Name for many",
    ("credit_type", "expires_after"): "Good for",
    ("credit_type", "expires_unit"): "Good for, unit",
    ("product", "included"): "Credits in one quantity",
    ("product", "slug"): "Address",
    ("product", "minimum"): "At least",
    ("product", "maximum"): "At most",
    ("product", "expiry"): "Credits good for",
    ("price", "minimum"): "From quantity",
    ("flow", "several"): "Inside more than once",
    ("flow", "once"): "Each contact only once",
    ("flow", "enabled"): "Switched on",
    ("price", "enabled"): "Switched on",
    ("gateway", "enabled"): "Switched on",
    ("letter", "enabled"): "Sent",
    ("gateway", "sealed"): "Secret keys",
    ("gateway", "hint"): "Key ends in",
    ("endpoint", "url"): "Address",
    ("endpoint", "former_secret"): "Former secret",
    ("trigger", "address"): "Incoming address",
    ("hook", "token_digest"): "Incoming address",
    ("gateway_address", "token_digest"): "Address for messages",
    ("trigger", "occasion"): "When",
    ("trigger", "conditions"): "Only if",
    ("account", "slug"): "Address",
    ("account", "second_factor_required"): "Second factor required",
    ("domain", "token"): "Record to be set",
    ("invitation", "token_hash"): "Link",
    ("sales", "retry_after"): "Tried again after days",
    ("sales", "give_up_after"): "Given up after days",
    ("version", "number"): "Version",
}
"""Where the column's own name would not say it."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

SECRET = "changed, not shown"  # noqa: S105
GONE = "erased"
NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """A column of a changed row; `thing` where it is another kind of row than the one above it."""

    label: str
    before: str
    after: str
    thing: str = ""


def rows(entry: Entry, known: Known, *, longest: int = LONGEST) -> list[Row]:
    """Every column that the entry's changes touched, in words, a row's columns in the order in which the log names them."""
    found: list[Row] = []
    several = len({(told.change.thing, told.change.row_id) for told in entry.changes}) > 1
    for told in entry.changes:
        heading = _heading(entry, told, known) if several else ""
        for column in _columns(told):
            before, after = _side(told, "before", column, known, longest), _side(told, "after", column, known, longest)
            found.append(Row(_label(told.change.thing, column), before, after, heading))
            heading = ""
    return found


def _heading(entry: Entry, told: Told, known: Known) -> str:
    name = known.name(told.change.thing, told.change.row_id) or name_then(
        entry, known, told.change.thing, told.change.row_id
    )
    thing = THINGS.get(told.change.thing, told.change.thing.replace("_", " "))
    return f"{thing[:1].upper()}{thing[1:]}{f' “{name}”' if name else ''}"


def _columns(told: Told) -> list[str]:
    """Those that changed, then those that the row's trigger always tells; units stand with their numbers."""
    more = [column for column in told.after if column not in told.change.fields and column != "flow_id"]
    return [*told.change.fields, *more]


def _label(thing: str, column: str) -> str:
    words = LABELS.get((thing, column)) or column.removesuffix("_id").removesuffix("_at").replace("_", " ")
    return words[:1].upper() + words[1:]


def _side(told: Told, side: str, column: str, known: Known, longest: int) -> str:
    row: Mapping[str, Any] = told.before if side == "before" else told.after
    if not told.before and not told.after:
        other = not told.change.fields or told.change.op == ("insert" if side == "before" else "delete")
        return NOTHING if other else GONE if told.change.contact_id else SECRET
    if column not in row:
        kept = column in told.before or column in told.after
        missing = told.change.op == ("insert" if side == "before" else "delete")
        return NOTHING if kept or missing else SECRET
    words = value(told.change.thing, column, row[column], row, known)
    return f"{words[:longest].rstrip()}…" if len(words) > longest else words


def value(thing: str, column: str, raw: Any, row: Mapping[str, Any], known: Known) -> str:
    """One value of a column: money with its currency, ids by name, moments in the account's zone."""
    if raw is None or raw == "" or raw == [] or raw == {}:
        return NOTHING
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    try:
        if (thing, column) == ("price", "amount") and row.get("currency"):
            return reading(int(raw), str(row["currency"]))
        if column == "role":
            return ROLES[raw]
        if column == "steps":
            return _steps(raw, known) or NOTHING
        if column == "conditions":
            return listed(conditions.words(raw, known.names))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # as an older version of us had it
    if column.endswith("_id") and isinstance(raw, int):
        other = "contact" if column == "merged_into_id" else column.removesuffix("_id")
        return known.name(other, raw) or "one that is gone"
    return _plain(raw, known)


def _plain(raw: Any, known: Known) -> str:
    match raw:
        case int():
            return f"{raw:,}"
        case str() if _INSTANT.match(raw):
            at = datetime.fromisoformat(raw).astimezone(known.account.zone)
            return f"{day(at.date())}, {at:%H:%M}"
        case str() if _UUID.fullmatch(raw):
            return "a picture"
        case list():
            return listed([_plain(one, known) for one in raw])
        case dict():
            return ", ".join(f"{key.replace('_', ' ')}: {_plain(one, known)}" for key, one in raw.items())
    return str(raw)


def _steps(steps: Sequence[Mapping[str, Any]], known: Known) -> str:
    """Each step in words, one after the other; what stands in a branch in brackets behind it."""
    said = []
    for step in steps:
        words = descriptions.step_words(step["kind"], step.get("settings", {}), known.names)
        branches = [f"{branch}: {_steps(step[branch], known)}" for branch in ("yes", "no") if step.get(branch)]
        said.append(f"{words} ({'; '.join(branches)})" if branches else words)
    return " → ".join(said)
