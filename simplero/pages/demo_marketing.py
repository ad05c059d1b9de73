"""The triggers and automations of the demo, and contacts on their way through them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automations import runs
from automations.models import Flow
from automations.services import flows, starts
from automations.services.flows import Terms
from contacts.models import Tag
from credits.queries import types
from products.models import Product
from simplero.outbox import subscribers
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from triggers.services import actions, firing, triggers
from triggers.services.triggers import Details

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Set:
    """A trigger of the demo. In settings a "*" stands before the name of what an id is wanted of."""

    name: str
    occasion: str
    then: tuple[tuple[str, Node], ...]
    settings: Node = field(default_factory=dict)
    only_if: tuple[Node, ...] = ()
    once: bool = False


@dataclass(frozen=True)
class Way:
    """An automation of the demo; those tagged `start` enter it on the day it is made, or lately; EVERYBODY: all contacts."""

    name: str
    steps: tuple[Node, ...]
    once: bool = False
    start: str = ""
    lately: bool = False


EVERYBODY = "*"


def _step(kind: str, key: str, *, yes: Sequence[Node] = (), no: Sequence[Node] = (), **settings: Any) -> Node:
    branches = {"yes": list(yes), "no": list(no)} if yes or no else {}
    return {"key": key, "kind": kind, "settings": settings, **branches}


def _until(key: str, settings: Node) -> Node:
    return {"key": key, "kind": "wait", "settings": settings}


def _wait(key: str, number: int, unit: str) -> Node:
    return _until(key, {"for": "while", "number": number, "unit": unit})


COACHING = (
    Way(
        "Welcome",
        (
            _step("issue", "call", credit_type="*strategy call", amount=1, expiry="3 months"),
            _step(
                "email",
                "hello",
                subject="Welcome, {customer}",
                text="Hello {customer},\n\ngood to have you here. A strategy call is on the house: use it in the next three months, "
                "whenever something cannot wait.\n\n{business}",
            ),
            _wait("week", 7, "days"),
            _step(
                "condition",
                "bought",
                conditions=[{"kind": "credits", "credit_type": "*coaching session", "least": 1, "is": True}],
                yes=[_step("tag", "regular", tag="*regular")],
                no=[
                    _wait("month", 3, "weeks"),
                    _step("notify", "ask", to="admins", text="{customer} has not booked a session yet: {link}"),
                ],
            ),
        ),
        once=True,
    ),
    Way(
        "Before sessions expire",
        (
            _until("before", {"for": "expiry", "credit_type": "*coaching session", "days": 14}),
            _step(
                "condition",
                "left",
                conditions=[{"kind": "credits", "credit_type": "*coaching session", "least": 1, "is": True}],
                yes=[
                    _step(
                        "email",
                        "remind",
                        subject="Your sessions expire in two weeks",
                        text="Hello {customer},\n\nyou have {credits}, and some of them expire in two weeks. Shall we find a "
                        "day?\n\n{shop}\n\n{business}",
                    ),
                    _wait("ten", 10, "days"),
                    _step("notify", "call", to="owner", text="{customer} still has {credits}, soon to expire: {link}"),
                ],
            ),
        ),
        start=EVERYBODY,
    ),
    Way(
        "Quarterly check-in",
        (
            _until("monday", {"for": "weekday", "weekday": 0, "time": "08:30"}),
            _step(
                "condition",
                "who",
                conditions=[{"kind": "credits", "credit_type": "*coaching session", "least": 2, "is": True}],
                no=[_step("stop", "enough")],
            ),
            _step("consume", "call", credit_type="*strategy call", amount=1, short="stop"),
            _step(
                "email",
                "ask",
                subject="Your quarterly check-in",
                text="Hello {customer},\n\nit is time for our twenty minutes. I have set a strategy call aside; you have {credits} "
                "after it. When shall I ring?\n\n{business}",
            ),
            _wait("answer", 3, "weeks"),
            _step("notify", "tell", to="owner", text="{customer} has not taken the quarterly call yet: {link}"),
        ),
        start=EVERYBODY,
        lately=True,
    ),
)

YOGA = (
    Way(
        "First month",
        (
            _step("issue", "guest", credit_type="*guest pass", amount=1, expiry="4 weeks"),
            _until("monday", {"for": "weekday", "weekday": 0, "time": "09:00"}),
            _step(
                "email",
                "how",
                subject="How was your first week?",
                text="Hi {customer},\n\nyou have {credits}, and a guest pass to bring somebody along.\n\n{business}",
            ),
            _wait("three", 3, "weeks"),
            _step("untag", "grown", tag="*beginner"),
        ),
        once=True,
        start="beginner",
    ),
    Way(
        "Unused private sessions",
        (
            _until("before", {"for": "expiry", "credit_type": "*private session", "days": 30}),
            _step(
                "condition",
                "left",
                conditions=[{"kind": "credits", "credit_type": "*private session", "least": 1, "is": True}],
                yes=[_step("notify", "tell", to="everybody", text="{customer} has {credits} and a month left: {link}")],
            ),
        ),
        start=EVERYBODY,
    ),
)

SHORT = {"short": "stop"}

AFTER_COACHING = (
    Set(
        "Retreat: the call before it",
        "purchase.activated",
        (("consume", {"credit_type": "*strategy call", "amount": 1, **SHORT}),),
        {"product": "*Leadership retreat"},
    ),
    Set("Welcome new contacts", "contact.created", (("start", {"flow": "*Welcome"}),), once=True),
    Set(
        "Running low on sessions",
        "credits.low",
        (("tag", {"tag": "*needs a new pack"}),),
        {"credit_type": "*coaching session", "n": 1},
    ),
    Set(
        "Founders get a call",
        "tag.added",
        (("issue", {"credit_type": "*strategy call", "amount": 1, "expiry": ""}),),
        {"tag": "*founder"},
        once=True,
    ),
    Set(
        "Session delivered",
        "hook.received",
        (("consume", {"credit_type": "*coaching session", "amount": 1, **SHORT}),),
    ),
)
AFTER_YOGA = (
    Set(
        "Retreat bought: a private session goes with it",
        "purchase.activated",
        (("issue", {"credit_type": "*private session", "amount": 1, "expiry": "6 months"}),),
        only_if=({"kind": "tag", "tag": "*teacher training", "is": True},),
    ),
    Set("Beginners start gently", "tag.added", (("start", {"flow": "*First month"}),), {"tag": "*beginner"}),
    Set(
        "Classes used up",
        "credits.used_up",
        (("tag", {"tag": "*out of classes"}),),
        {"credit_type": "*class"},
    ),
)

MARKETING: dict[str, tuple[tuple[Way, ...], tuple[Set, ...]]] = {
    "northlight-coaching": (COACHING, AFTER_COACHING),
    "saltwater-yoga": (YOGA, AFTER_YOGA),
}

KINDS: dict[str, Any] = {"flow": Flow, "product": Product}


class Marketing:
    """What one business lets happen by itself, from the day on which `open` is called."""

    def __init__(self, *, account: Account, owner: Actor) -> None:
        self.account, self.owner, self.opened = account, owner, False

    def open(self) -> None:
        """Make the automations and the triggers, and let contacts enter."""
        self.opened = True
        ways, sets = MARKETING[self.account.slug]
        for way in ways:
            flow = self._automation(way)
            if way.start and not way.lately:
                self._start(flow, way.start)
        for one in sets:
            self._trigger(one)

    def start_lately(self) -> None:
        """Let contacts enter the automations that were started lately."""
        for way in MARKETING[self.account.slug][0]:
            if way.lately:
                self._start(Flow.objects.get(name=way.name), way.start)

    def _start(self, flow: Flow, whom: str) -> None:
        tagged = [{"kind": "tag", "tag": self._id("tag", whom), "is": True}] if whom != EVERYBODY else []
        start = starts.begin_many(account=self.account, flow=flow, selection=tagged, key=uuid.uuid4(), actor=self.owner)
        while not starts.go_on(account=self.account, start_id=start.pk):
            pass

    def work(self) -> None:
        """What the workers do at this instant: hear of what happened, and take on who is due."""
        if not self.opened:
            return
        for do in (
            lambda: subscribers.deliver(account_id=self.account.pk),
            lambda: firing.sweep(account=self.account),
            lambda: runs.advance(self.account),
        ):
            while not do():
                pass

    def _automation(self, way: Way) -> Flow:
        flow = flows.add(
            account=self.account,
            terms=Terms(way.name, once=way.once),
            steps=self._meant(way.steps),
            key=uuid.uuid4(),
            actor=self.owner,
        )
        flows.publish(account=self.account, flow=flow, seen=flows.seen_of(flow), actor=self.owner)
        flows.switch(account=self.account, flow=flow, enabled=True, actor=self.owner)
        flow.refresh_from_db()
        return flow

    def _trigger(self, one: Set) -> None:
        details = Details(self._meant(one.settings), self._meant(one.only_if), one.once, one.name)
        trigger = triggers.add(
            account=self.account, occasion=one.occasion, details=details, key=uuid.uuid4(), actor=self.owner
        )
        for kind, settings in one.then:
            actions.add(
                account=self.account,
                trigger=trigger,
                kind=kind,
                settings=self._meant(settings),
                key=uuid.uuid4(),
                actor=self.owner,
            )
        triggers.switch(account=self.account, trigger=trigger, on=True, actor=self.owner)

    def _meant(self, said: Any, under: str = "") -> Any:
        """What was said, with the ids that the names after a "*" stand for."""
        if isinstance(said, Mapping):
            return {key: self._meant(value, key) for key, value in said.items()}
        if isinstance(said, list | tuple):
            return [self._meant(one) for one in said]
        return self._id(under, said[1:]) if isinstance(said, str) and said.startswith("*") else said

    def _id(self, kind: str, name: str) -> int:
        if kind == "tag":
            tag, _ = Tag.objects.get_or_create(
                name_key=name.casefold(), defaults={"account_id": self.account.pk, "name": name}
            )
            return tag.pk
        if kind == "credit_type":
            return types(self.account).get(name=name).pk
        return KINDS[kind].objects.get(name=name).pk
