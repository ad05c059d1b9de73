"""Making the calls that steps have written down (`automations.calls`): at least once each, under one name, for about three days.

What waits at an endpoint is called by one errand, a handful at a time. They are taken in one short scope, made outside any, and
noted down in another; who dies in between has called, and it is called again. One that did not get through waits for its next
attempt by WAITS. The endpoint itself rests after a handful of which none got through, and after being slow ten times as long as it
took: so one that is dead or slow takes a few seconds of a minute from the others, however much waits for it.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from automations import calls
from automations.events import CallSentAgain
from automations.models import Call, CallState, Endpoint
from simplero.lib import hosts, signatures
from simplero.lib.calling import Address, Caller, Failed
from simplero.lib.refusals import Refusal
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require, scope

from . import endpoints

WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, *[10 * 3600] * 6)
)  # fmt: skip
"""After the first attempt, the second and so on: 67 hours in all."""

SPELL = 5.0
"""Seconds after which an endpoint lets others have a turn."""

HANDFUL = 8
"""Calls made at once at one endpoint; one where the last ones did not get through."""

HELD = timedelta(seconds=60)
"""A call whose caller died is taken by another after so long."""

SLOW, RESTS = 1.0, 10
"""An endpoint that takes longer than so many seconds rests so many times as long."""

SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(seconds=60)
"""After a failure, twice as long after each further one in a row."""

ERASED = "The contact was erased, and with it what this call says."

GONE = 410  # "don't call here again", in the words of Standard Webhooks


class NotAgain(Refusal):
    """What was to be said is not there any more, or nobody is called."""


def caller() -> Caller:
    """Who makes the calls of this installation."""
    trials = settings.TRIAL_HOSTS if settings.DEBUG or settings.DEMO else {}
    return Caller(look_up=_look_up, trials=trials)


def _look_up(name: str, patience: float) -> list[str]:
    return hosts.addresses(name, server=settings.DNS_SERVER, patience=patience)


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that is ours to make."""

    id: int
    attempt: int
    address: Address
    headers: dict[str, str]
    body: str


@transaction.atomic
def send_again(*, account: Account, call: Call, actor: Actor) -> None:
    """Make a call once more, now, under the name it had, and try for as long as a new one. Raises NotAgain."""
    account_id = require(account)
    endpoint = Endpoint.objects.filter(account_id=account_id, pk=call.endpoint_id, deleted_at=None).first()
    if endpoint is None:
        raise NotAgain("The webhook is deleted: nobody would be called.")
    changed = (
        Call.objects.filter(account_id=account_id, pk=call.pk)
        .exclude(body="")
        .update(state=CallState.WAITING, attempts=0, due=now(), until=now() + calls.LASTS, done_at=None)
    )
    if not changed:
        raise NotAgain(ERASED)
    calls.wake(account=account, endpoint=endpoint)
    fact = CallSentAgain(endpoint_id=endpoint.pk, call=str(call.public_id))
    outbox.record(account=account, fact=fact, actor=actor)


def send(*, account_id: int, subject: int) -> None:
    """Call the endpoint `subject` for what waits there and is due. An errand: opens scopes of its own."""
    began = time.monotonic()
    with scope(account_id):
        _give_up(account_id, subject)
    rests = False
    while not rests and time.monotonic() - began < SPELL:
        with scope(account_id):
            taken = _take(account_id, subject)
        if not taken:
            break
        with ThreadPoolExecutor(len(taken)) as pool:
            said = list(pool.map(_made, taken))
        with scope(account_id):
            rests = _note(account_id, subject, said)
    with scope(account_id):
        _go_on(account_id, subject)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a call: the status of the answer, if there was one; why it did not get through, or ""; seconds."""

    taken: Taken
    status: int | None
    words: str
    took: float


def _made(taken: Taken) -> Said:
    began = time.monotonic()
    try:
        answer = caller().post(taken.address, body=taken.body.encode(), headers=taken.headers)
        return Said(taken, answer.status, _words(answer.status), answer.took)
    except Failed as failure:
        return Said(taken, None, failure.wording, time.monotonic() - began)


def _words(status: int) -> str:
    """Why an answer is none that we wanted; "" for one that is."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The answer was {status}, a redirect, which is not followed. Enter the address it leads to."
    if status == GONE:
        return f"The answer was {status}: it does not want to be called for this again."
    return f"The answer was {status}."


def _waiting(account_id: int, endpoint_id: int) -> QuerySet[Call]:
    """`due` is never null in one that waits; said here too, since the index has no others."""
    found = Call.objects.filter(account_id=account_id, endpoint_id=endpoint_id, state=CallState.WAITING)
    return found.filter(due__isnull=False)


def _give_up(account_id: int, endpoint_id: int) -> None:
    over = _waiting(account_id, endpoint_id).filter(until__lte=now())
    over.filter(reason="").update(reason="Other calls did not get through for three days, so its turn never came.")
    over.update(state=CallState.FAILED, due=None, done_at=now())


def _take(account_id: int, endpoint_id: int) -> list[Taken]:
    """The calls of this endpoint that are due longest; none where it rests or is gone."""
    endpoint = Endpoint.objects.filter(account_id=account_id, pk=endpoint_id, deleted_at=None).first()
    if endpoint is None or (endpoint.rests_until and endpoint.rests_until > now()):
        return []
    due = _waiting(account_id, endpoint_id).filter(due__lte=now()).order_by("due", "pk")
    found = due.select_for_update(of=("self",), skip_locked=True)[: 1 if endpoint.failures else HANDFUL]
    try:
        secrets = endpoints.secrets(Account.objects.get(pk=account_id), endpoint, now())
        address = caller().read(endpoint.url)
    except Refusal as refusal:
        for call in found:
            _fail(call, refusal.wording)
        return []
    return [_begun(call, address, secrets) for call in found if call.body or _fail(call, ERASED)]


def _begun(call: Call, address: Address, secrets: list[str]) -> Taken:
    call.attempts, call.due = call.attempts + 1, now() + HELD
    call.save(update_fields=["attempts", "due"])
    headers = signatures.headers(secrets=secrets, name=str(call.key), at=now(), body=call.body)
    headers["Content-Type"] = "application/json"
    return Taken(call.pk, call.attempts, address, headers, call.body)


def _fail(call: Call, words: str) -> bool:
    """End a call that cannot be made. False, since it was not."""
    call.state, call.due, call.done_at, call.reason = CallState.FAILED, None, now(), words
    call.save(update_fields=["state", "due", "done_at", "reason"])
    return False


def _note(account_id: int, endpoint_id: int, said: list[Said]) -> bool:
    """Note down what came of calls; whether their endpoint rests now."""
    rows = Endpoint.objects.select_for_update(of=("self",), no_key=True)
    endpoint = rows.get(account_id=account_id, pk=endpoint_id)
    for one in said:
        again = WAITS[one.taken.attempt - 1] if one.taken.attempt <= len(WAITS) else None
        fields: dict[str, object] = {"status": one.status, "reason": one.words[:200]}
        if not one.words:
            fields |= {"state": CallState.DONE, "due": None, "done_at": now()}
        elif again is None or one.status == GONE:
            fields |= {"state": CallState.FAILED, "due": None, "done_at": now()}
        else:
            fields["due"] = now() + again
        # Not where a person has sent it again or deleted the webhook meanwhile.
        _waiting(account_id, endpoint_id).filter(pk=one.taken.id, attempts=one.taken.attempt).update(**fields)
    endpoint.failures = endpoint.failures + 1 if all(one.words for one in said) else 0
    rest = _rest(endpoint.failures, max(one.took for one in said))
    endpoint.rests_until = now() + rest if rest else None
    endpoint.save(update_fields=["failures", "rests_until"])
    return bool(rest)


def _rest(failures: int, took: float) -> timedelta:
    slow = timedelta(seconds=took * RESTS if took > SLOW else 0)
    failed = min(SHORTEST_REST * 2 ** min(failures - 1, 10), LONGEST_REST) if failures else timedelta(0)
    return max(slow, failed)


def _go_on(account_id: int, endpoint_id: int) -> None:
    """Let what still waits have a job of its own."""
    endpoint = Endpoint.objects.get(account_id=account_id, pk=endpoint_id)
    first = _waiting(account_id, endpoint_id).order_by("due", "pk").values_list("due", flat=True).first()
    if first is not None:
        due = max(first, endpoint.rests_until or first, now() + timedelta(milliseconds=1))
        outbox.schedule(account=account_id, kind=calls.CALL, subject=endpoint_id, due=due)
