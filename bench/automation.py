"""Many contacts through wait, consume and tag: as the workers do it, in chunks; the same with a chunk for each step of each contact; and
as one would write it first, a plain transaction for each."""

import uuid
from collections.abc import Callable
from typing import Any

from automations import runs
from automations.events import AutomationFinished, AutomationStarted
from automations.models import Flow, Of, Run, Start, State, Version, Visit
from automations.runs.advancing import CHUNK
from automations.services import starts
from bench.shop import Shop
from contacts import directory
from contacts.models import Contact, Tag
from credits import ledger
from credits.ledger import Origin
from credits.models import CreditType
from simplero.outbox import outbox
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope

STEPS = 3


def through(shop: Shop, *, contacts: int, chunk: int) -> int:
    """Start `contacts` customers at once and take them through, `chunk` in a transaction (0: as many as the workers take); how many
    steps they took. Raises AssertionError when one did not come through.

    The wait is cut short as *Continue now* does, since it is not the waiting that is measured.
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
        waiting.update(due=now(), detail={"hurried": [SYSTEM.kind, None]})
    _take_on(account, chunk)
    with scope(account, read_only=True):
        done = Run.objects.filter(flow=flow, state=State.FINISHED).count()
        taken = Visit.objects.filter(run__flow=flow, outcome__in=("done", "waited")).count()
    assert (done, taken) == (contacts, STEPS * contacts), f"{done} of {contacts} came through, with {taken} steps"
    return taken


def plainly(shop: Shop, *, contacts: int) -> int:
    """The same for `contacts` customers as one would write it first: one run and one step at a time, each with a transaction, a lock and
    single rows. How many steps they took."""
    account, flow = shop.account, _flow(shop.account)
    with scope(account, read_only=True):
        version = flow.versions.get()
        use, tag = (step["settings"] for step in version.steps[1:])
        name = Tag.objects.get(pk=tag["tag"]).name
    for contact_id in range(shop.first, shop.first + contacts):
        with scope(account):
            at = now()
            run = Run.objects.create(
                account=account,
                public_id=uuid.uuid4(),
                key=uuid.uuid4(),
                flow=flow,
                version=version,
                contact_id=contact_id,
                step="wait",
                source="bulk",
                actor_kind=SYSTEM.kind,
                started_at=at,
                since=at,
                due=at,
            )
            outbox.record(
                account=account, fact=AutomationStarted(contact_id, flow.pk, str(run.public_id)), actor=SYSTEM
            )

        def step(
            key: str, kind: str, outcome: str, to: str, do: Callable[[Run], dict[str, Any]], run_id: int = run.pk
        ) -> None:
            with scope(account):
                run = Run.objects.select_for_update().get(pk=run_id)
                came = do(run)
                Visit.objects.create(
                    account=account,
                    run=run,
                    number=run.visit,
                    attempt=1,
                    step=key,
                    kind=kind,
                    outcome=outcome,
                    began_at=run.since,
                    at=now(),
                    **came,
                )
                run.step, run.visit, run.since = to, run.visit + 1, now()
                if not to:
                    run.state, run.due, run.ended_at = State.FINISHED, None, now()
                    fact = AutomationFinished(run.contact_id, flow.pk, str(run.public_id))
                    outbox.record(account=account, fact=fact, actor=SYSTEM)
                run.save(update_fields=["state", "step", "visit", "since", "due", "ended_at"])

        def consume(run: Run) -> dict[str, Any]:
            origin = Origin(SYSTEM, flow.of, str(run.public_id))
            posting = ledger.consume(
                account=account,
                contact_id=run.contact_id,
                credit_type_id=use["credit_type"],
                amount=1,
                key=uuid.uuid4(),
                origin=origin,
            )
            return {"entry": posting.key, "detail": {"credit_type": use["credit_type"], "amount": 1}}

        def put_tag(run: Run) -> dict[str, Any]:
            contact = directory.lock(account=account, contact=Contact(pk=run.contact_id))
            directory.tag(account=account, contact=contact, name=name, actor=SYSTEM)
            return {}

        step("wait", "wait", "waited", "use", lambda run: {})
        step("use", "consume", "done", "tag", consume)
        step("tag", "tag", "done", "", put_tag)
    return STEPS * contacts


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
