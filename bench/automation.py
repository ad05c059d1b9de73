"""Many contacts through wait, consume and tag: as the workers do it, in chunks, and with a transaction for each step of each."""

import uuid

from automations import runs
from automations.models import Flow, Of, Run, Start, State, Version, Visit
from automations.runs.advancing import CHUNK
from automations.services import starts
from bench.shop import Shop
from contacts.models import Tag
from credits.models import CreditType
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope

STEPS = 3


def through(shop: Shop, *, contacts: int, chunk: int) -> int:
    """Start `contacts` customers at once and take them through, `chunk` in a transaction (0: as many as the workers take); how many
    steps they took. Raises AssertionError when one did not come through.

    The wait is cut short by moving what is due, since it is not the waiting that is measured.
    """
    account = shop.account
    flow = _flow(account)
    with scope(account):
        start = Start.objects.create(
            account=account,
            public_id=uuid.uuid4(),
            flow=flow,
            selection=[],
            until=shop.first + contacts - 1,
            actor_kind=SYSTEM.kind,
            created_at=now(),
        )
    while not _each(lambda: starts.go_on(account=account, start_id=start.pk, limit=chunk or starts.CHUNK), account):
        pass
    _take_on(account, chunk)
    with scope(account):
        waiting = Run.objects.filter(flow=flow, waiting=True)
        assert waiting.count() == contacts, f"{waiting.count()} of {contacts} wait"
        waiting.update(due=now())
    _take_on(account, chunk)
    with scope(account, read_only=True):
        done = Run.objects.filter(flow=flow, state=State.FINISHED).count()
        taken = Visit.objects.filter(run__flow=flow, outcome__in=("done", "waited")).count()
    assert (done, taken) == (contacts, STEPS * contacts), f"{done} of {contacts} came through, with {taken} steps"
    return taken


def _each(do, account: Account) -> bool:
    with scope(account):
        return do()


def _take_on(account: Account, chunk: int) -> None:
    while not _each(lambda: runs.advance(account, limit=chunk or CHUNK), account):
        pass


def _flow(account: Account) -> Flow:
    name = uuid.uuid4().hex
    with scope(account):
        session = CreditType.objects.get(name_key="session")
        tag = Tag.objects.create(account=account, name=name, name_key=name)
        flow = Flow.objects.create(account=account, of=Of.AUTOMATION, name="Bench", enabled=True, several=True)
        steps = [
            {"key": "wait", "kind": "wait", "settings": {"for": "while", "number": 1, "unit": "days"}},
            {"key": "use", "kind": "consume", "settings": {"credit_type": session.pk, "amount": 1, "short": "stop"}},
            {"key": "tag", "kind": "tag", "settings": {"tag": tag.pk}},
        ]
        Version.objects.create(account=account, flow=flow, number=1, steps=steps, published_at=now())
        flow.refresh_from_db(fields=["public_id"])
    return flow
