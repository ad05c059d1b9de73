"""What is said of what was done to runs, and of why it was not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages

from automations.conditions import words
from automations.models import Run, State
from automations.queries.naming import Names
from automations.services import attention, steering
from automations.services.steering import Settled
from simplero.lib.lists import listed
from simplero.web.http import StaffRequest

ACTS: Mapping[str, Callable[..., Settled]] = {
    "hurry": steering.hurry,
    "pause": steering.pause,
    "resume": steering.resume,
    "stop": steering.stop,
    "retry": attention.retry,
    "skip": attention.skip,
    "issue": attention.issue_and_retry,
}
"""What can be done to runs, by the name it has in addresses."""

_ONE_MANY = {
    "hurry": ("goes on now", "go on now"),
    "pause": ("is paused", "are paused"),
    "resume": ("goes on", "go on"),
    "stop": ("was taken out", "were taken out"),
    "retry": ("is on the way: the step is tried again within seconds", "are on their way: the step is tried again within seconds"),
    "skip": ("goes on behind the step", "go on behind the step"),
    "issue": (
        "has what was missing, and is on the way: the step is tried again within seconds",
        "have what was missing, and are on their way: the step is tried again within seconds",
    ),
}  # fmt: skip

_DONE_ALREADY = {"pause": (State.PAUSED,), "stop": (State.STOPPED,), "resume": (State.ACTIVE,)}

FASTER = "Somebody was faster, or a worker: nothing was changed. This is how it is now."


def tell(request: StaffRequest, act: str, settled: Settled, *, asked: int, now: Run | None = None) -> None:
    """Say what was done; of a single run, `now` as it is, that what was asked for is so already."""
    one, many = _ONE_MANY[act]
    done = settled.done
    if done:
        messages.success(request, f"{done[0].contact.name} {one}." if len(done) == 1 else f"{len(done):,} contacts {many}.")  # fmt: skip
    elif not asked:
        messages.info(request, "Nothing was ticked. Tick the contacts it is for.")
    elif now is not None and now.state in _DONE_ALREADY.get(act, ()):
        messages.info(request, f"{now.contact.name} {one} already.")
    else:
        messages.warning(request, FASTER)
    if done and settled.left:
        messages.warning(
            request,
            f"{settled.left:,} {'was' if settled.left == 1 else 'were'} no longer as {'it was' if settled.left == 1 else 'they were'} shown, and left alone.",
        )


def whom(selection: Sequence[Mapping[str, Any]], known: Names) -> str:
    """Who is started at once: "everybody", "everybody who has the tag “VIP”"."""
    return f"everybody who {listed(words(selection, known))}" if selection else "everybody"


REASONS = {
    "short": "Short of credits",
    "archived": "Credit type archived",
    "gone": "Something is gone",
    "off": "Automation switched off",
    "too_many_tags": "Too many tags",
    "failed": "Went wrong on our side",
    "loop": "Things set each other off",
    "storm": "Happened too often",
    "hops": "Goes in a circle",
    "amount": "Not a number of credits",
    "past_day": "The last good day is over",
    "key_reused": "Moved credits already",
}
"""Why runs need attention, in a word or two; automations.wording has the sentences."""

_GROUPS = {
    "short": "{who} {are} short of {plural} for {what}",
    "archived": "{who} {are} owed {plural} by {what}, and their type is archived",
}


def group(reason: str, who: str, number: int, what: str, detail: Mapping[str, Any], known: Names) -> str:
    """Of runs that share the reason: "12 contacts are short of coaching sessions for “Welcome”"; of one, `who` by name."""
    words = _GROUPS.get(reason, "{who} {are} stuck in {what}: {label}")
    return words.format(
        who=who if number == 1 else f"{number:,} contacts",
        are="is" if number == 1 else "are",
        plural=known.unit(detail.get("credit_type")).plural,
        what=what,
        label=label(reason).lower(),
    )


def label(reason: str) -> str:
    return REASONS.get(reason, "Could not be done")
