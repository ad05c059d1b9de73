"""What is asked of triggers: the list, one of them, who listens to a product or tag, and the log of its firings."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from automations import conditions
from automations.actions import ACTIONS
from automations.models import Run, State, Version, Visit
from automations.occasions import OCCASIONS
from automations.queries.naming import Names, names
from credits.sentences import event_sentence
from credits.wording import capital
from products.models import Product
from products.queries import offering, sales
from products.sentences import KINDS as OF_PURCHASES
from products.sentences import said as purchase_said
from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require
from triggers.models import HookCall, Trigger

PAGE = 50
AT_PRICE = "purchase.at_price"


def triggers(account: Account) -> QuerySet[Trigger]:
    """All triggers that are not deleted, each with its flow."""
    require(account)
    return Trigger.objects.filter(flow__deleted_at=None).select_related("flow")


def get_trigger(account: Account, public_id: uuid.UUID) -> Trigger:
    """The trigger of that public id, a deleted one too: its history stays. Raises Trigger.DoesNotExist."""
    require(account)
    return Trigger.objects.select_related("flow").get(public_id=public_id)


def steps(account: Account, flow_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """What each of these flows does now, its actions in their order; one that does nothing yet is left out."""
    require(account)
    published = Version.objects.filter(published_at__isnull=False)
    newer = published.filter(flow=OuterRef("flow"), number__gt=OuterRef("number"))
    return dict(published.filter(~Exists(newer), flow__in=flow_ids).values_list("flow", "steps"))


def when(trigger: Trigger, known: Names) -> str:
    """What sets it off: "“Pack of 5” is bought"."""
    asked, occasion = trigger.asked, OCCASIONS[trigger.occasion]
    price, product = known.prices.get(asked.get("price", 0)), known.products.get(asked.get("product", 0))
    if trigger.occasion == AT_PRICE and price and product:
        first = " for the first time" if asked.get("first") else ""
        since = f" from {price.minimum:,}" if price.minimum > 1 else ""
        return f"{known.product(product.pk)} is bought at {offering.each(price, product)}{since}{first}"
    return occasion.words(asked, known)


def does(nodes: Iterable[Mapping[str, Any]], known: Names) -> list[str]:
    """What is done, action by action: "Consume 1 coaching session"."""
    return [ACTIONS[node["kind"]].words(node["settings"], known) for node in nodes]


@dataclass(frozen=True, slots=True)
class Row:
    """A trigger in words. `refused` firings of it have needed a person, and `waiting` of them still do."""

    trigger: Trigger
    when: str
    only_if: list[str]
    does: list[str]
    refused: int
    waiting: int

    @property
    def icon(self) -> str:
        return OCCASIONS[self.trigger.occasion].icon


def rows(account: Account, found: Sequence[Trigger]) -> list[Row]:
    """These triggers in words, in a number of queries that does not grow with them."""
    flows = [one.flow_id for one in found]
    done, stuck = steps(account, flows), attention(account, flows)
    known = names(account, [one.asked for one in found], [one.conditions for one in found], list(done.values()))
    return [
        Row(
            trigger=one,
            when=when(one, known),
            only_if=conditions.words(one.conditions, known),
            does=does(done.get(one.flow_id, ()), known),
            refused=stuck.get(one.flow_id, (0, 0))[0],
            waiting=stuck.get(one.flow_id, (0, 0))[1],
        )
        for one in found
    ]


def attention(account: Account, flow_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many runs of each of these flows have ever needed a person, and how many do now; those without any are left out."""
    require(account)
    found = Run.objects.filter(flow__in=flow_ids, refused=True).order_by().values_list("flow")
    now = Count("pk", filter=Q(state=State.ATTENTION))
    return {flow: (ever, still) for flow, ever, still in found.annotate(ever=Count("pk"), still=now)}


def page(found: QuerySet[Trigger], *, after: Trigger | None = None, limit: int = PAGE) -> list[Trigger]:
    """`found`, the newest first, from behind `after`; one more than `limit` when there is more."""
    if after is not None:
        at = after.created_at
        found = found.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=after.pk)))
    return list(found.order_by("-created_at", "-pk")[: limit + 1])


def of_product(account: Account, product: Product) -> QuerySet[Trigger]:
    """The triggers that listen to this product."""
    return triggers(account).filter(product=product)


def of_tag(account: Account, tag: uuid.UUID) -> QuerySet[Trigger]:
    """The triggers that listen to the tag of this public id."""
    return triggers(account).filter(tag__public_id=tag)


def listens_to(trigger: Trigger, account: Account) -> str:
    """What sets one trigger off, and when it is asked alone."""
    return capital(when(trigger, names(account, trigger.asked)))


# The log.

OUTCOMES = {
    "done": ("Done", Q(state=State.FINISHED)),
    "attention": ("Needs attention", Q(state=State.ATTENTION)),
    "refused": ("Refused", Q(refused=True)),
    "going": ("Under way", Q(state__in=[State.ACTIVE, State.PAUSED])),
    "stopped": ("Stopped", Q(state=State.STOPPED)),
}
"""How a firing may stand, by the code of the filter; refused are those that have ever needed attention."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A run that a trigger began, with the event in words and what came of each of its actions so far."""

    run: Run
    event: str
    visits: list[Visit]


def log(account: Account, trigger: Trigger, *, outcome: str = "", after: Run | None = None) -> list[Run]:
    """The firings of a trigger, the newest first, from behind `after`; one more than PAGE when there is more."""
    require(account)
    found = Run.objects.filter(flow=trigger.flow_id).select_related("contact", "version")
    if outcome in OUTCOMES:
        found = found.filter(OUTCOMES[outcome][1])
    if after is not None:
        at = after.started_at
        found = found.filter(Q(started_at__lte=at) & (Q(started_at__lt=at) | Q(pk__lt=after.pk)))
    return list(found.order_by("-started_at", "-pk")[: PAGE + 1])


def get_firing(account: Account, trigger: Trigger, public_id: uuid.UUID) -> Run:
    """A firing of that trigger. Raises Run.DoesNotExist."""
    require(account)
    return Run.objects.select_related("contact", "version").get(flow=trigger.flow_id, public_id=public_id)


def firings(account: Account, found: Sequence[Run]) -> tuple[list[Firing], Names]:
    """These runs with what set them off and what they did, and the names for all that is in them."""
    visits: dict[int, list[Visit]] = {}
    for visit in Visit.objects.filter(run__in=[run.pk for run in found]).order_by("run", "number", "attempt"):
        visits.setdefault(visit.run_id, []).append(visit)
    events = Event.objects.in_bulk({run.cause_id for run in found if run.cause_id})
    bodies = [_renamed(event.body) for event in events.values()]
    details = [visit.detail for of_run in visits.values() for visit in of_run]
    known = names(account, bodies, details, [run.detail for run in found], [run.version.steps for run in found])
    bought = sales.names(account, {body["purchase"] for body in bodies if body.get("purchase")})
    return [
        Firing(run, happened(events.get(run.cause_id or 0), known, bought), visits.get(run.pk, [])) for run in found
    ], known


def _renamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an event with its ids under the names that `names` knows."""
    return {name.removesuffix("_id"): value for name, value in body.items()}


def happened(event: Event | None, known: Names, bought: Mapping[str, str]) -> str:
    """An event as the log says it: "1 coaching session used, 4 left". Without the full stop."""
    if event is None:
        return "Something happened"
    body = event.body
    if event.kind in OF_PURCHASES:
        return purchase_said(event.kind, body, bought.get(body["purchase"], known.product(body["product_id"]))).sentence
    if event.kind.startswith("credits."):
        return event_sentence(body, event.kind, known.unit(body["credit_type_id"]))
    return _HAPPENED[event.kind](body, known)


_HAPPENED: dict[str, Any] = {
    "contact.created": lambda body, known: "Contact added",
    "contact.tagged": lambda body, known: f"Tagged {known.tag(body['tag_id'])}",
    "contact.untagged": lambda body, known: f"Tag {known.tag(body['tag_id'])} removed",
    "automation.finished": lambda body, known: f"Finished {known.flow(body['flow_id'])}",
    "hook.received": lambda body, known: "Its address was called",
}


def sample(trigger: Trigger, known: Names) -> str:
    """The event that it is tried with, in words."""
    occasion = OCCASIONS[trigger.occasion]
    if trigger.occasion.startswith("purchase."):
        return f"As if {when(trigger, known)}"
    kind, body = occasion.kinds[0], {**occasion.sample(trigger.asked), **trigger.settings}
    if any(value is None for value in body.values()):  # of any tag, type or automation
        return f"As if {when(trigger, known)}"
    said = happened(Event(kind=kind, body=body), known, {})
    return f"As if: {said[0].lower()}{said[1:]}"


def last_calls(account: Account, trigger: Trigger, *, most: int = 10) -> list[HookCall]:
    """The newest calls at a trigger's address, each with its contact."""
    require(account)
    found = HookCall.objects.filter(trigger=trigger).select_related("contact")
    return list(found.order_by("-at", "-pk")[:most])
