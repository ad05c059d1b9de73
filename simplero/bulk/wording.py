"""Jobs and what became of each contact, in words."""

from datetime import date

from credits.wording import quantity, unit
from simplero.lib.moments import day

from .models import Bulk, Kind, Outcome, Row, State, Undone


def title(bulk: Bulk) -> str:
    """What a job does: "Consume 1 coaching session", "Add the tag VIP"."""
    if bulk.kind == Kind.ISSUE:
        return f"Issue {_amount(bulk)}"
    if bulk.kind == Kind.CONSUME:
        return f"Consume {_amount(bulk)}"
    return f"{'Add' if bulk.kind == Kind.TAG else 'Remove'} the tag {bulk.tag.name if bulk.tag else ''}"


def particulars(bulk: Bulk, *, today: date) -> str:
    """What else was asked for: the day of service; "" where there is none."""
    if bulk.service_date:
        return f"for {day(bulk.service_date, today=today)}"
    return ""


def _amount(bulk: Bulk) -> str:
    assert bulk.credit_type is not None
    return quantity(bulk.amount or 0, bulk.credit_type)


def contacts(number: int) -> str:
    return f"{number:,} contact{'' if number == 1 else 's'}"


STATES = {
    State.RUNNING: ("Running", "brand"),
    State.DONE: ("Done", "good"),
    State.STOPPED: ("Stopped", "warn"),
    State.UNDOING: ("Being undone", "brand"),
    State.UNDONE: ("Undone", ""),
}
"""The words of a state and the tone of its tag."""

PARTS = {
    "": "All",
    "done": "Done",
    "same": "Nothing to do",
    "short": "Short",
    "refused": "Refused",
    "waiting": "Not done",
    "kept": "Not taken back whole",
}
"""What the rows of a result are narrowed down to."""

TONES = {
    Outcome.DONE: "good",
    Outcome.SAME: "",
    Outcome.SHORT: "warn",
    Outcome.REFUSED: "bad",
    Outcome.WAITING: "",
}


def outcome(bulk: Bulk, row: Row) -> tuple[str, str]:
    """What became of a row, and what is to be known about it: ("Short", "has 2 coaching sessions")."""
    if row.outcome == Outcome.WAITING:
        return ("Waiting", "") if bulk.state == State.RUNNING else ("Not done", "the job was stopped before")
    if row.outcome == Outcome.SAME:
        return "Nothing to do", "had the tag already" if bulk.kind == Kind.TAG else "did not have the tag"
    if row.outcome == Outcome.SHORT:
        return "Short", f"has {_left(bulk, row.free or 0)}"
    if row.outcome == Outcome.REFUSED:
        return "Refused", REASONS.get(row.reason, row.reason.replace("_", " "))
    return _DONE[bulk.kind], f"{_left(bulk, row.free)} left" if row.free is not None else ""


_DONE: dict[str, str] = {Kind.ISSUE: "Issued", Kind.CONSUME: "Used", Kind.TAG: "Tag added", Kind.UNTAG: "Tag removed"}


def _left(bulk: Bulk, free: int) -> str:
    assert bulk.credit_type is not None
    return quantity(free, bulk.credit_type) if free else f"no {bulk.credit_type.plural}"


REASONS = {
    "amount": "the amount is not from 1 to 1,000,000",
    "archived": "this type of credit has been archived",
    "past_day": "the last good day is over",
    "future_day": "the date of service has not come yet",
    "too_far_back": "the date of service is more than 90 days back",
    "not_here": "this contact is gone",
    "key_reused": "something else was posted in its place",
    "full": "has as many tags as a contact can have",
    "failed": "something went wrong on our side with this contact alone",
    "gone": "this contact was merged into another or erased before its turn",
}


def undone(bulk: Bulk, row: Row) -> str:
    """What came of taking back a done row; "" where that was not asked for."""
    if row.undone == Undone.WHOLE:
        return {Kind.ISSUE: "taken back", Kind.CONSUME: "given back", Kind.TAG: "tag removed again"}.get(
            Kind(bulk.kind), "tag put back"
        )
    if row.undone == Undone.PART:
        done, rest = row.back or 0, (bulk.amount or 0) - (row.back or 0)
        was = "was" if rest == 1 else "were"
        if bulk.kind == Kind.ISSUE:
            return f"{done:,} of {bulk.amount:,} taken back, {rest:,} {was} used or gone before"
        return f"{done:,} of {bulk.amount:,} given back, {rest:,} {was} given back or withdrawn before"
    if row.undone == Undone.NOTHING:
        return _NOTHING.get((bulk.kind, row.undo_reason)) or _NOTHING.get(("", row.undo_reason), "nothing to take back")
    return ""


_NOTHING = {
    (Kind.ISSUE, "nothing_left"): "nothing is left of them: used, expired or withdrawn",
    (Kind.CONSUME, "nothing_left"): "already given back by hand",
    (Kind.TAG, "already"): "the tag was gone already",
    (Kind.UNTAG, "already"): "has the tag again already",
    ("", "full"): "has as many tags as a contact can have",
    ("", "failed"): "something went wrong on our side with this contact alone",
}


def summary(bulk: Bulk) -> str:
    """Where a job stands, in one sentence: for a list, and to be read aloud."""
    if bulk.state == State.RUNNING:
        return f"{bulk.looked_at:,} of {contacts(bulk.total)} looked at."
    if bulk.state == State.UNDOING:
        return f"{bulk.taken_back:,} of {bulk.done:,} looked at."
    said = [f"{bulk.done:,} done"]
    said += [f"{number:,} {word}" for number, word in ((bulk.short, "short"), (bulk.refused, "refused")) if number]
    if bulk.same:
        said.append(f"{bulk.same:,} with nothing to do")
    if bulk.total > bulk.looked_at:
        said.append(f"{bulk.total - bulk.looked_at:,} not done")
    if bulk.state == State.UNDONE:
        kept = bulk.part + bulk.nothing
        said.append(f"{bulk.whole:,} taken back" + (f", {kept:,} not or not whole" if kept else ""))
    return f"{', '.join(said)}."


def moved(bulk: Bulk) -> str:
    """What the done rows come to: "312 coaching sessions used"."""
    if bulk.credit_type is None or not bulk.done:
        return ""
    verb = "issued" if bulk.kind == Kind.ISSUE else "used"
    total = bulk.done * (bulk.amount or 0)
    return f"{total:,} {unit(total, bulk.credit_type)} {verb}"
