"""Settling many at once: retry, skip, stop, or issue and retry, for those that were ticked or for a whole group.

What is issued to each is a transaction of its own, so these views open their scopes themselves.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from automations.forms.settling import NoteForm
from automations.models import Flow, Run
from automations.queries import attention as queries
from automations.queries import inside
from automations.queries.attention import Filter
from automations.queries.naming import names
from automations.services.attention import lacks
from automations.services.steering import Seen, Settled
from contacts.views.lookup import as_uuid
from credits import queries as credits
from credits.wording import expiration, quantity
from simplero.lib.refusals import Refusal
from simplero.lib.text import unfit
from simplero.tenancy.roles import allows
from simplero.tenancy.scope import scope
from simplero.web.access import staff_outside
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import said
from .inside import asked

MOST_AT_ONCE = 500
"""Runs that are settled by one click; of a larger group those that wait longest, and the rest by the next."""

MOST_ISSUED = 200
"""Of those that are issued to, each in a transaction of its own: a click takes seconds, and no more."""

LISTED = 8
"""Contacts that a dialog names."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {"retry": "Retry", "skip": "Skip", "stop": "Stop", "issue": "Issue and retry"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A group as it was shown: what came to it since is not meant."""

    flow: Flow
    step: str
    reason: str
    until: datetime

    def filter(self) -> Filter:
        return Filter(flow=self.flow, step=self.step, reason=self.reason, until=self.until)


def whole_reference(group: queries.Group) -> str:
    """A whole group, for a form to say that all of it is meant."""
    micros = (group.newest - _EPOCH) // timedelta(microseconds=1)
    return f"{group.flow.public_id}.{group.step}.{group.reason}.{micros}"


def _whole(request: StaffRequest, text: str) -> Whole | None:
    try:
        flow, step, reason, micros = ("" if unfit(text) else text).split(".")
        until = _EPOCH + timedelta(microseconds=int(micros))
        return Whole(queries.get_flow(request.account, uuid.UUID(flow)), step, reason, until)
    except (ValueError, OverflowError, Flow.DoesNotExist):
        return None


@staff_outside(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: StaffRequest, act: str) -> HttpResponse:
    """Retry is done at once; the others ask first whether it is meant, naming what would be done."""
    if act == "issue":
        may_issue(request)
    data = request.POST if request.method == "POST" else request.GET
    with scope(request.account, read_only=True):
        whole = _whole(request, data.get("all", ""))
        wanted, number = _wanted(request, data, whole, most=MOST_ISSUED if act == "issue" else MOST_AT_ONCE)
        sent = request.method == "POST" and (act == "retry" or "sure" in request.POST)
        form = NoteForm(request.POST if sent else None)
        if not sent:
            return _dialog(request, act, data, wanted, number, form)
        if not form.is_valid():
            return _dialog(request, act, data, wanted, number, form, BAD_INPUT)
    settled, refusals = _settle(request, act, wanted, form.cleaned_data["note"])
    _tell(request, act, settled, refusals, wanted, number)
    return see_other(request, _back(request, data))


def may_issue(request: StaffRequest) -> None:
    """Raises Http404 for a member whose role may not issue credits."""
    if not allows(request.membership.role, "credits.issue"):
        raise Http404


def _wanted(request: StaffRequest, data: QueryDict, whole: Whole | None, *, most: int) -> tuple[list[Seen], int]:
    """The runs that are meant, at most so many of them, and how many there are."""
    if whole is None:
        ticked = asked(data)
        return ticked[:most], len(ticked)
    found = queries.waiting(request.account, whole.filter())
    oldest = found.order_by("since", "pk").values_list("public_id", "visit", "attempt")
    return [Seen(*row) for row in oldest[:most]], found.count()


def _settle(request: StaffRequest, act: str, wanted: Sequence[Seen], note: str) -> tuple[Settled, list[str]]:
    """What is issued, to each in a transaction of its own; the rest in one."""
    if act != "issue":
        with scope(request.account):
            return said.ACTS[act](account=request.account, runs=wanted, actor=request.actor), []
    done: list[Run] = []
    left, refusals = 0, []
    for one in wanted:
        try:
            with scope(request.account):
                settled = said.ACTS[act](account=request.account, runs=[one], note=note, actor=request.actor)
        except Refusal as refusal:
            refusals.append(refusal.wording)
        else:
            done += settled.done
            left += settled.left
    return Settled(done, left), refusals


def _tell(
    request: StaffRequest, act: str, settled: Settled, refusals: list[str], wanted: Sequence[Seen], number: int
) -> None:
    if settled.done or settled.left or not wanted:
        said.tell(request, act, settled, asked=len(wanted))
    for refusal in dict.fromkeys(refusals):
        times = refusals.count(refusal)
        messages.error(request, refusal if times == 1 else f"{refusal} ({times:,} contacts)")
    if number > len(wanted):
        rest = number - len(wanted)
        messages.info(request, f"{rest:,} more {'is' if rest == 1 else 'are'} left. Do it again for the rest.")


def _dialog(
    request: StaffRequest, act: str, data: QueryDict, wanted: Sequence[Seen], number: int, form: NoteForm, status: int = 200
) -> HttpResponse:  # fmt: skip
    runs = inside.runs_named(request.account, [one.run for one in wanted[:LISTED]])
    context = {
        "act": act,
        "form": form,
        "title": _TITLES[act],
        "runs": runs,
        "number": number,
        "more": number - len(runs),
        "refs": [] if data.get("all") else [f"{one.run}.{one.visit}.{one.attempt}" for one in wanted],
        "all": data.get("all", ""),
        "chosen": _chosen(data),
        "missing": missing(request, runs) if act == "issue" else [],
        "action": reverse(f"automations:attention-{act}", args=[request.account.slug]),
        "back": _back(request, data),
        "fragment": "automations/_attention_settle.html",
    }
    response = page_or_fragment(
        request,
        page="automations/attention_dialog.html",
        fragment="automations/_attention_settle.html",
        context=context,
        status=status,
    )
    return response.render()


def missing(request: StaffRequest, runs: Sequence[Run]) -> list[dict[str, str]]:
    """What each of these would be issued as it stands now."""
    short = [(run, *need) for run in runs if (need := lacks(run))]
    types = names(request.account, [{"credit_type": of} for _, of, _ in short]).credit_types
    free = {of: credits.free_of_type(request.account, of, {run.contact_id for run in runs}) for of in types}
    found = []
    for run, of, amount in short:
        has = free.get(of, {}).get(run.contact_id, 0)
        kind: Any = types.get(of)
        if kind is not None:
            found.append(
                {
                    "name": run.contact.name,
                    "words": quantity(max(amount - has, 0), kind) if amount > has else "nothing, since there is enough by now",
                    "good": expiration(kind.expires_after, kind.expires_unit) if amount > has else "",
                }
            )  # fmt: skip
    return found


def _chosen(data: QueryDict) -> list[tuple[str, str]]:
    """What the inbox was narrowed to, which is where one comes back to."""
    return [(name, str(data[name])) for name in ("flow", "step", "reason") if data.get(name)]


def _back(request: StaffRequest, data: QueryDict) -> str:
    here = reverse("automations:attention", args=[request.account.slug])
    chosen = [(name, value) for name, value in _chosen(data) if name != "flow" or as_uuid(value)]
    return f"{here}?{urlencode(chosen)}" if chosen else here
