"""Why a run needs a person, and what came of a step, as a person reads it. Plain text from plain values: no table is read here.

Details hold ids, codes and amounts; `names` knows what the ids are called.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from credits.wording import quantity

if TYPE_CHECKING:
    from automations.models import Visit
    from automations.queries.naming import Names

Detail = Mapping[str, Any]
Sentence = Callable[[Detail, "Names"], str]


def reason(reason: str, detail: Detail, names: "Names") -> str:
    """Why a run waits for a person, and what to do about it: "Needs 2 coaching sessions and has 1." A whole sentence or two."""
    return REASONS.get(reason, _unknown)(detail, names)


def ended(reason: str) -> str:
    """Why a run ended before its end, "" where nothing is to be said of that."""
    return _ENDS.get(reason, "")


def outcome(visit: "Visit", names: "Names") -> str:
    """What came of a step: "1 coaching session used", "Skipped: needs 2 coaching sessions and has 1". Without the full stop."""
    detail = visit.detail
    if visit.outcome == "refused":
        return reason(detail.get("reason", ""), detail, names).removesuffix(".")
    if visit.outcome in ("skipped", "branched", "stopped") and "by" in detail:
        return _BY_HAND[visit.outcome]
    return _OUTCOMES.get((visit.kind, visit.outcome), _OF_ANY.get(visit.outcome, _done))(detail, names)


def has(free: int) -> str:
    """How many somebody has, where it was said of what: "1", "none"."""
    return f"{free:,}" if free else "none"


def short(detail: Detail, names: "Names") -> str:
    """ "needs 2 coaching sessions and has 1"."""
    return f"needs {quantity(detail['asked'], names.unit(detail['credit_type']))} and has {has(detail['free'])}"


def _short(detail: Detail, names: "Names") -> str:
    said = short(detail, names)
    return f"{said[0].upper()}{said[1:]}."


def _archived(detail: Detail, names: "Names") -> str:
    return f"“{names.unit(detail['credit_type']).name}” is archived, so no more can be issued. Bring it back under Content → Credits and retry."


_GONE = {"tag": "The tag", "endpoint": "The address to call", "flow": "The automation", "type": "The credit type"}


def _gone(detail: Detail, names: "Names") -> str:
    if "step" in detail:
        return "The step this stood at is not there. Move it to the newest version, or stop it."
    what = _GONE.get(detail.get("what", ""), "Something")
    if detail.get("flow") in names.flows:
        what = f"The automation {names.flow(detail['flow'])}"
    elif detail.get("endpoint") in names.endpoints:
        what = f"The address {names.endpoint(detail['endpoint'])}"
    return (
        f"{what} that this step needs is gone. Skip it: another choice in the step holds for who begins later, "
        "or is moved to the newest version."
    )


def _off(detail: Detail, names: "Names") -> str:
    return f"{names.flow(detail.get('flow'))} is switched off, so nobody can be started in it. Switch it on and retry, or skip the step."


def _failed(detail: Detail, names: "Names") -> str:
    tries = f" {detail['attempts']} times" if detail.get("attempts") else ""
    return f"Something went wrong on our side{tries}, and nothing of this step was done. Retry; if that does not help, tell us."


def _loop(detail: Detail, names: "Names") -> str:
    most = detail["depth"] - 1 if detail.get("depth") else 8
    return f"It would be one in a chain of more than {most} things that set each other off, as triggers do that answer one another. Change what begins it, or retry to let it go on."


def _storm(detail: Detail, names: "Names") -> str:
    often = f" {detail['number']:,} times" if detail.get("number") else " very often"
    return f"The same thing happened to this contact{often} within a short time. Look at what causes it; retry what should be done all the same."


def _too_many_tags(detail: Detail, names: "Names") -> str:
    return f"The contact has as many tags as fit, so {names.tag(detail.get('tag'))} was not added. Remove one and retry, or skip the step."


def _hops(detail: Detail, names: "Names") -> str:
    most = f"{detail['most']:,}" if detail.get("most") else "too many"
    return f"It went through {most} steps without waiting, so its jumps lead in a circle. Change the steps, then retry or stop."


def _amount(detail: Detail, names: "Names") -> str:
    return "The number of credits in this step is not one that can be moved. Change the step, then move this to the newest version."


def _past_day(detail: Detail, names: "Names") -> str:
    return "The last good day that this step gives its credits is over. Change the step, then move this to the newest version."


def _key_reused(detail: Detail, names: "Names") -> str:
    return "This step has moved credits already, in another amount or of another type. Skip it to go on."


def _unknown(detail: Detail, names: "Names") -> str:
    return "This step could not be done. Retry it, skip it or stop."


REASONS: dict[str, Sentence] = {
    "short": _short,
    "archived": _archived,
    "gone": _gone,
    "off": _off,
    "too_many_tags": _too_many_tags,
    "failed": _failed,
    "loop": _loop,
    "storm": _storm,
    "hops": _hops,
    "amount": _amount,
    "past_day": _past_day,
    "key_reused": _key_reused,
}
"""Of runs that need attention."""

_ENDS = {
    "stopped": "Stopped by hand",
    "halted": "Stopped by another automation or trigger",
    "deleted": "Stopped when it was deleted",
    "erased": "Stopped when the contact was erased",
    "merged": "Stopped when two contacts were merged who were both inside",
}

_BY_HAND = {"skipped": "Skipped by hand", "branched": "Took the other branch", "stopped": "Stopped by hand"}


def _moved(verb: str) -> Sentence:
    def said(detail: Detail, names: "Names") -> str:
        left = f", {has(detail['left'])} left" if "left" in detail else ""
        return f"{quantity(detail['amount'], names.unit(detail['credit_type']))} {verb}{left}"

    return said


def _done(detail: Detail, names: "Names") -> str:
    return "Done"


def _skipped(detail: Detail, names: "Names") -> str:
    return f"Skipped: {short(detail, names)}" if "asked" in detail else "Skipped"


def _branched(detail: Detail, names: "Names") -> str:
    return f"Took the other branch: {short(detail, names)}" if "asked" in detail else "Took the other branch"


def _waited(detail: Detail, names: "Names") -> str:
    if "hurried" in detail:
        return "Waited, until somebody let it go on"
    if "came" in detail:
        return "Waited until it happened" if detail["came"] else "Waited in vain: it did not happen in time"
    return "Waited"


def _say(words: str) -> Sentence:
    def said(detail: Detail, names: "Names") -> str:
        return words.format(
            tag=names.tag(detail.get("tag")), flow=names.flow(detail.get("flow")), endpoint=names.endpoint(detail.get("endpoint"))
        )  # fmt: skip

    return said


def _notified(detail: Detail, names: "Names") -> str:
    people = detail.get("people", 0)
    return f"{people} {'person' if people == 1 else 'people'} notified"


_OUTCOMES: dict[tuple[str, str], Sentence] = {
    ("consume", "done"): _moved("used"),
    ("issue", "done"): _moved("issued"),
    ("tag", "done"): _say("Tagged {tag}"),
    ("tag", "nothing"): _say("Had {tag} already"),
    ("untag", "done"): _say("Removed {tag}"),
    ("untag", "nothing"): _say("Did not have {tag}"),
    ("start", "done"): _say("{flow} started"),
    ("start", "nothing"): _say("Not started: is inside {flow} already, or has been through it"),
    ("stop_automation", "done"): _say("{flow} stopped"),
    ("stop_automation", "nothing"): _say("Nothing to stop: not inside {flow}"),
    ("email", "done"): _say("Emailed"),
    ("email", "skipped"): _say("Not emailed: no email address"),
    ("webhook", "done"): _say("Call to {endpoint} on its way"),
    ("notify", "done"): _notified,
    ("notify", "nothing"): _say("There was nobody to notify"),
    ("jump", "done"): _say("Jumped"),
    ("stop", "stopped"): _say("Stopped here, as the step says"),
}

_OF_ANY: dict[str, Sentence] = {
    "nothing": _say("Nothing to do"),
    "skipped": _skipped,
    "branched": _branched,
    "waited": _waited,
    "yes": _say("Yes"),
    "no": _say("No"),
    "stopped": _say("Stopped"),
}
