"""What a line of the log says: a sentence of what was done, whom or what it is about with a link there, who did it and from where.

Kinds that a contact's timeline knows are said as there. A kind that nobody has words for is said by its own name, so that nothing is
missing from the log because a sentence is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from automations.queries.naming import Names, names
from contacts.models import Contact
from contacts.wording import KINDS as LETTERS
from credits import queries as credits
from simplero.audit.models import Change
from simplero.lib.lists import listed
from simplero.outbox.models import Event
from simplero.pages import timeline
from simplero.team.models import Invitation
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Domain
from simplero.tenancy.people import actor_names
from simplero.tenancy.roles import ROLES
from triggers.models import Trigger

from .log import Entry

THINGS = {
    "account": "account",
    "membership": "membership",
    "domain": "domain",
    "invitation": "invitation",
    "contact": "contact",
    "note": "note",
    "tag": "tag",
    "filter": "saved filter",
    "roster": "roster",
    "letter": "mail",
    "credit_type": "credit type",
    "product": "product",
    "product_credit": "credits of a product",
    "price": "price",
    "sales": "renewal rule",
    "gateway": "payment gateway",
    "gateway_address": "address of a payment gateway",
    "flow": "automation",
    "version": "version of an automation",
    "endpoint": "webhook",
    "trigger": "trigger",
    "hook": "address of a trigger",
}
"""What a watched row is called."""

_DONE = {
    "insert": ("Added", "plus", "good"),
    "update": ("Changed", "pencil", ""),
    "delete": ("Deleted", "trash-2", "bad"),
}

SAID: dict[str, tuple[str, str, str]] = {
    "contact.merged": ("{contact_2} merged into this contact", "merge", "brand"),
    "contact.merge_undone": ("Merge undone", "split", "warn"),
    "contact.erased": ("Person erased, numbers kept", "user-x", "bad"),
    "credit_type.created": ("Credit type {credit_type} added", "ticket", "good"),
    "credit_type.changed": ("Credit type {credit_type}: {fields} changed", "pencil", ""),
    "credit_type.archived": ("Credit type {credit_type} archived", "archive", "warn"),
    "credit_type.brought_back": ("Credit type {credit_type} brought back", "archive-restore", "good"),
    "product.created": ("Product {product} added", "package-plus", "good"),
    "product.changed": ("Product {product}: {fields} changed", "pencil", ""),
    "product.published": ("Product {product} published", "store", "good"),
    "product.archived": ("Product {product} archived", "archive", "warn"),
    "product.brought_back": ("Product {product} brought back", "archive-restore", "good"),
    "product.credit_added": ("Product {product} also issues {amount} {unit}", "ticket-plus", ""),
    "product.credit_removed": ("Product {product} no longer issues {amount} {unit}", "ticket-minus", "warn"),
    "price.added": ("Price of {product} added", "badge-dollar-sign", "good"),
    "price.replaced": ("Price of {product} changed", "badge-dollar-sign", ""),
    "price.retired": ("Price of {product} removed", "badge-x", "bad"),
    "price.switched": ("Price of {product} switched {on}", "power", ""),
    "gateway.changed": ("{gateway}: {change}", "credit-card", "warn"),
    "sales.retry_rule_changed": ("What is done when a renewal cannot be charged changed", "repeat", ""),
    "trigger.added": ("Trigger {trigger} added", "zap", "good"),
    "trigger.changed": ("Trigger {trigger}: {fields} changed", "pencil", ""),
    "trigger.switched": ("Trigger {trigger} switched {on}", "power", ""),
    "trigger.deleted": ("Trigger {trigger} deleted", "trash-2", "bad"),
    "trigger.address_changed": ("Trigger {trigger}: incoming address {change}", "webhook", "warn"),
    "automation.added": ("Automation {flow} added", "workflow", "good"),
    "automation.changed": ("Automation {flow}: {fields} changed", "pencil", ""),
    "automation.published": ("Automation {flow}: version {version} published", "rocket", "good"),
    "automation.moved": ("Automation {flow}: contacts inside moved to the newest version", "arrow-right-left", ""),
    "automation.switched": ("Automation {flow} switched {on}", "power", ""),
    "automation.deleted": ("Automation {flow} deleted", "trash-2", "bad"),
    "automation.start_of_many": ("Automation {flow}: started for many contacts", "users", ""),
    "endpoint.added": ("Webhook {endpoint} added", "webhook", "good"),
    "endpoint.changed": ("Webhook {endpoint}: {fields} changed", "pencil", ""),
    "endpoint.secret_renewed": ("Webhook {endpoint}: secret renewed", "key-round", "warn"),
    "endpoint.tested": ("Webhook {endpoint} tested", "send", ""),
    "endpoint.deleted": ("Webhook {endpoint} deleted", "trash-2", "bad"),
    "endpoint.call_sent_again": ("Webhook {endpoint}: a call sent again", "send", ""),
    "letter.changed": ("Mail “{letter}”: {fields} changed", "mail", ""),
    "account.opened": ("Account opened", "store", "good"),
    "account.renamed": ("Account renamed", "pencil", ""),
    "account.rezoned": ("Time zone: {before} to {after}", "clock", "warn"),
    "account.currency_changed": ("Currency: {before} to {after}", "coins", "warn"),
    "account.security_changed": ("Second factor for owners and admins switched {on}", "shield-check", "warn"),
    "member.invited": ("{invitation} invited as {role}", "user-plus", ""),
    "member.invitation_revoked": ("Invitation of {invitation} revoked", "user-x", "warn"),
    "member.joined": ("{user} joined as {role}", "user-check", "good"),
    "member.role_changed": ("Role of {user}: {before} to {after}", "user-cog", "warn"),
    "member.removed": ("{user}, {role}, removed", "user-x", "bad"),
    "member.signed_out": ("{user} signed out everywhere", "log-out", "warn"),
    "storefront.dressed": ("Storefront: {changed} changed", "palette", ""),
    "domain.claimed": ("Domain {domain} added", "globe", ""),
    "domain.proven": ("Domain {domain} proven", "globe", "good"),
    "domain.released": ("Domain {domain} given up: its record was missing for a week", "globe", "warn"),
    "domain.removed": ("Domain {domain} removed", "globe", "bad"),
    "filter.saved": ("Filter saved", "bookmark", ""),
    "filter.renamed": ("Saved filter renamed", "bookmark", ""),
    "filter.deleted": ("Saved filter deleted", "bookmark-x", ""),
    "bulk.started": ("Job for many started: {does}, {total} contacts", "users", ""),
    "bulk.finished": ("Job for many finished: {done} done", "check", "good"),
    "bulk.stopped": ("Job for many stopped", "circle-stop", "warn"),
    "bulk.undo_started": ("Undoing of a job for many started", "undo-2", "warn"),
    "bulk.undone": ("Job for many undone", "undo-2", "warn"),
    "import.loaded": ("Import loaded: {created} added, {updated} updated, {left_out} left out", "file-up", "good"),
    "import.undone": ("Import undone: {removed} removed", "undo-2", "warn"),
}
"""Sentences by kind, with the icon and its tone. What stands in braces is named by `_names_in`, or stands in the event itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is read. `about` is empty where the sentence says everything; `where` is "" where nobody knows."""

    sentence: str
    icon: str
    tone: str
    about: str
    url: str
    who: str
    where: str


class Known:
    """Names for everything that a page of entries mentions, in a number of queries that does not grow with it."""

    def __init__(self, account: Account, entries: Sequence[Entry]) -> None:
        self.account = account
        bodies: list[Mapping[str, Any]] = [entry.event.body for entry in entries if entry.event]
        rows: list[Mapping[str, Any]] = [
            side for entry in entries for told in entry.changes for side in (told.before, told.after)
        ]
        changed = [told.change for entry in entries for told in entry.changes]
        own = {f"{change.thing}_id": set[int]() for change in changed}
        for change in changed:
            own[f"{change.thing}_id"].add(change.row_id)

        def ids(name: str) -> set[int]:
            said = {piece.get(name) for piece in (*bodies, *rows)}
            return {one for one in said if isinstance(one, int)} | own.get(name, set())

        sources = [entry.source for entry in entries]
        contacts = {one.contact_id for one in sources if one.contact_id} | ids("source_id") | ids("contact_id")
        self.contacts = Contact.objects.in_bulk(contacts)
        self.triggers = Trigger.objects.select_related("flow").in_bulk(ids("trigger_id"))
        self.domains = dict(Domain.objects.filter(account=account, pk__in=ids("domain_id")).values_list("pk", "host"))
        invited = Invitation.objects.filter(account=account, pk__in=ids("invitation_id"))
        self.invitations = dict(invited.values_list("pk", "email"))
        kinds = ("credit_type", "tag", "flow", "endpoint", "product", "price")
        mentioned = ({kind: one} for kind in kinds for one in ids(f"{kind}_id"))
        self.names: Names = names(account, *mentioned, *rows)
        types = credits.types(account) | credits.types(account, archived=True)
        self.types = {one.pk: one for one in types} if self.names.credit_types else {}
        users = {Actor("user", one) for one in ids("user_id") | ids("invited_by_id") | ids("author_id")}
        self.people = actor_names({*users, *(_actor(one) for one in sources)})
        told = [entry.event.body for entry in entries if entry.event and entry.event.kind in timeline.SENTENCES]
        self.timeline = timeline.words_for(account, told)

    def name(self, thing: str, number: Any) -> str:
        """What a row is called, "" where it is not here any more or has no name."""
        match thing:
            case "contact" | "source":
                return self.contacts[number].name if number in self.contacts else ""
            case "credit_type":
                return self.names.credit_types[number].name if number in self.names.credit_types else ""
            case "tag":
                return self.names.tags.get(number, "")
            case "flow" | "automation":
                return self.names.flows[number].name if number in self.names.flows else ""
            case "endpoint":
                return self.names.endpoints[number].name if number in self.names.endpoints else ""
            case "product":
                return self.names.products[number].name if number in self.names.products else ""
            case "trigger":
                return self.triggers[number].flow.name if number in self.triggers else ""
            case "domain":
                return self.domains.get(number, "")
            case "invitation":
                return self.invitations.get(number, "")
            case "user" | "invited_by" | "author":
                return self.people.get(Actor("user", number), "")
        return ""

    def url(self, thing: str, number: Any) -> str:
        """Where a row is shown, "" where nowhere."""
        slug = self.account.slug
        match thing:
            case "contact" if number in self.contacts:
                return reverse("contacts:contact", args=[slug, self.contacts[number].public_id])
            case "credit_type" if number in self.types:
                return reverse("credits:type", args=[slug, self.types[number].public_id])
            case "product" if number in self.names.products:
                return reverse("products:product", args=[slug, self.names.products[number].public_id])
            case "flow" if number in self.names.flows and not self.names.flows[number].deleted_at:
                found = self.names.flows[number]
                return reverse("automations:flow", args=[slug, found.public_id]) if found.of == "automation" else ""
            case "trigger" if number in self.triggers and not self.triggers[number].flow.deleted_at:
                return reverse("triggers:trigger", args=[slug, self.triggers[number].public_id])
            case "endpoint" if number in self.names.endpoints and not self.names.endpoints[number].deleted_at:
                return reverse("automations:webhook", args=[slug, self.names.endpoints[number].public_id])
            case "user" | "invitation":
                return reverse("team:members", args=[slug])
            case "domain":
                return reverse("team:storefront", args=[slug])
        return ""


def line(entry: Entry, known: Known) -> Line:
    source = entry.source
    if entry.event:
        sentence, icon, tone = _said(entry.event, entry, known)
        thing, number = _subject(entry.event)
    else:
        sentence, icon, tone = _untold(entry.changes[0].change, entry, known)
        thing, number = entry.changes[0].change.thing, entry.changes[0].change.row_id
    if source.contact_id:
        thing, number = "contact", source.contact_id
    return Line(
        sentence=sentence,
        icon=icon,
        tone=tone,
        about=known.name(thing, number),
        url=known.url(thing, number),
        who=known.people[_actor(source)],
        where=_where(source),
    )


def _actor(source: Event | Change) -> Actor:
    return Actor(source.actor_kind or "system", source.actor_id)


def _where(source: Event | Change) -> str:
    if source.origin:
        return source.origin
    return {"contact": "in the storefront", "system": "in the background", "": ""}.get(
        source.actor_kind, "in the background"
    )


_SUBJECTS = ("credit_type", "product", "trigger", "endpoint", "flow", "invitation", "user", "domain")


def _subject(event: Event) -> tuple[str, Any]:
    """What an event is about; a price's is its product, a product's credits' is the product."""
    order = _SUBJECTS if event.kind.startswith("credit_type.") else (*_SUBJECTS[1:], _SUBJECTS[0])
    return next(((thing, event.body[f"{thing}_id"]) for thing in order if f"{thing}_id" in event.body), ("", None))


def _said(event: Event, entry: Entry, known: Known) -> tuple[str, str, str]:
    kind = "price.replaced" if event.kind == "price.added" and event.body.get("replaces_id") else event.kind
    try:
        if kind in SAID:
            words, icon, tone = SAID[kind]
            return _capital(words.format_map(_Names(event, entry, known))), icon, tone
        if kind in timeline.SENTENCES:
            said = timeline.SENTENCES[kind](event, known.timeline)
            return said.sentence, said.icon, said.tone
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # written by an older version of us, with less in it
    room, _, verb = kind.partition(".")
    return _capital(f"{room}: {verb}".replace("_", " ")), "dot", ""


def _untold(change: Change, entry: Entry, known: Known) -> tuple[str, str, str]:
    done, icon, tone = _DONE[change.op]
    name = known.name(change.thing, change.row_id) or name_then(entry, known, change.thing, change.row_id)
    thing = THINGS.get(change.thing, change.thing.replace("_", " "))
    return f"{done} {thing}{f' “{name}”' if name else ''}", icon, tone


def name_then(entry: Entry, known: Known, thing: str, number: Any) -> str:
    """What a row was called that is gone or has no name of its own, by what the entry's own changes say."""
    for told in entry.changes:
        if told.change.thing == thing and told.change.row_id == number:
            row = {**told.before, **told.after}
            said = next((row[column] for column in ("name", "host", "email") if row.get(column)), "")
            return str(said or known.name("user", row.get("user_id")))
    return ""


class _Names(dict[str, Any]):
    """What stands in a sentence's braces."""

    def __init__(self, event: Event, entry: Entry, known: Known) -> None:
        super().__init__()
        self.event, self.entry, self.known = event, entry, known

    def __missing__(self, key: str) -> str:
        body = self.event.body
        match key:
            case "fields" | "changed":
                return listed([str(one).replace("_", " ") for one in body[key]]) or "something"
            case "on":
                said = next(body[name] for name in ("on", "enabled", "second_factor_required") if name in body)
                return "on" if said else "off"
            case "role" | "before" | "after":
                return ROLES[body[key]].lower() if body[key] in ROLES else str(body[key])
            case "gateway":
                return {"stripe": "Stripe", "outside": "Payment outside", "test": "Test payments"}.get(
                    body[key], body[key]
                )
            case "change":
                return _CHANGES.get(body[key], str(body[key]).replace("_", " "))
            case "letter":
                return LETTERS[body[key]].name if body[key] in LETTERS else body[key]
            case "unit":
                unit = self.known.names.unit(body["credit_type_id"])
                return unit.name if body["amount"] == 1 else unit.plural
            case "contact_2":
                return self.known.name("contact", body["source_id"]) or "Another contact"
        if f"{key}_id" in body:
            number = body[f"{key}_id"]
            name = self.known.name(key, number) or name_then(self.entry, self.known, key, number)
            quoted = key not in ("user", "invitation", "domain")
            return (f"“{name}”" if quoted else name) if name else f"{THINGS.get(key, key)} that is gone"
        value = body[key]
        return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")


_CHANGES = {
    "key": "secret key changed",
    "webhook_secret": "signing secret changed",
    "address": "address for its messages changed",
    "on": "switched on",
    "off": "switched off",
    "instructions": "instructions changed",
    "opened": "opened",
    "new": "replaced by a new one",
    "closed": "closed",
}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
