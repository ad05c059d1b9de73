"""Every address of the application, with every verb, as everybody: what is not yours does not exist.

The routes are read from the URL configuration. A staff route must say what it takes (`can`), and every object in an address must
be known to `OBJECTS`; any other route must stand in `PUBLIC` with its reason. A new route that is neither fails the first test.
"""

import itertools
import re
import uuid
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponseNotFound
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from automations.services import endpoints, starts
from automations.services import flows as automations
from automations.services.flows import Terms
from contacts import letters
from contacts import services as contacts
from contacts.directory import Details
from contacts.models import Contact
from credits import services as credits
from products.services import catalogue as products
from products.services import ordering
from simplero.bulk.services import jobs, rosters
from simplero.finding import services as finding
from simplero.finding.filters import Filter
from simplero.imports import services as imports
from simplero.lib.calling import Address
from simplero.team import domains
from simplero.team import services as team
from simplero.tenancy import roles
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope, today
from triggers.services import triggers
from triggers.services.triggers import Details as Of

VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
STAFF = "a/<slug:slug>/"

OBJECTS = {
    "contact": lambda world: world.contact.public_id,
    "credit_type": lambda world: world.credit_type.public_id,
    "key": lambda world: world.use.key,
    "lot": lambda world: world.lot,
    "note": lambda world: world.note.public_id,
    "letter": lambda world: world.letter.public_id,
    "tag": lambda world: world.tag.public_id,
    "merge": lambda world: world.merge.public_id,
    "member": lambda world: world.member.public_id,
    "invitation": lambda world: world.invitation.public_id,
    "domain": lambda world: world.domain.public_id,
    "batch": lambda world: world.batch.public_id,
    "endpoint": lambda world: world.endpoint.public_id,
    "call": lambda world: world.call.public_id,
    "trigger": lambda world: world.trigger.public_id,
    "flow": lambda world: world.flow.public_id,
    "run": lambda world: world.run.public_id,
    "start": lambda world: world.start.public_id,
    "product": lambda world: world.product.public_id,
    "saved": lambda world: world.saved.public_id,
    "bulk": lambda world: world.bulk.public_id,
    "roster": lambda world: world.roster.public_id,
    "price": lambda world: world.price.public_id,
    "purchase": lambda world: world.purchase.public_id,
}

PUBLIC = {
    "": "sends each to their own account, or to the sign-in page",
    "accounts/": "signing in, by allauth",
    "invitations/": "whoever holds the token of an invitation",
    "hooks/stripe/": "Stripe, by an address that says whose it is and a signature that says it is Stripe",
    "hooks/in/": "other systems, by an address whose token says which trigger they call",
    "me/": "the accounts of whoever is signed in",
    "outbox/": "mail in development; does not exist without DEBUG or DEMO",
    "s/<slug:shop>/": "a storefront; what of it is a customer's own, tests/shop/test_shop_routes.py knows",
    "styleguide/": "components in every state; does not exist without DEBUG or DEMO",
    "healthz": "for load balancers",
    "readyz": "for load balancers",
}


@dataclass(frozen=True)
class Route:
    path: str  # as in the URL configuration
    view: object
    objects: tuple[str, ...]

    @property
    def can(self):
        return getattr(self.view, "can", None)

    def url(self, slug, *worlds):
        """The address under `slug`, its objects taken in turn from `worlds`."""
        url = self.path.replace("<slug:slug>", slug)
        for name, world in zip(self.objects, worlds, strict=True):
            url = url.replace(f"<uuid:{name}>", str(OBJECTS[name](world)))
        return f"/{url}"


def routes(patterns=None, prefix=""):
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            objects = re.findall(r"<\w+:(\w+)>", path)
            yield Route(path, pattern.callback, tuple(name for name in objects if name != "slug"))


STAFF_ROUTES = [route for route in routes() if route.path.startswith(STAFF)]


def test_every_route_is_known():
    strange = [
        route.path
        for route in routes()
        if (
            (route.can not in roles.PERMISSIONS or not set(route.objects) <= set(OBJECTS))
            if route.path.startswith(STAFF)
            else not any(route.path == known or (known and route.path.startswith(known)) for known in PUBLIC)
        )
    ]
    assert strange == [], (
        "say who may see these: an access decorator and OBJECTS for staff, PUBLIC with a reason for others"
    )
    assert len(STAFF_ROUTES) > 25


@pytest.fixture
def worlds(acme, zen):
    return furnish(acme), furnish(zen)


def furnish(world):
    """One of everything that can stand in an address."""
    actor = Actor("user", world.owner.pk)
    account = world.account
    with scope(account):
        world.contact = contacts.add_contact(
            account=account, details=Details(name="Ann Example", email="ann@example.com"), actor=actor
        )
        world.contact.refresh_from_db()
        other = contacts.add_contact(account=account, details=Details(name="Ann Double"), actor=actor)
        world.merge = contacts.merge(
            account=account,
            source=other,
            target=world.contact,
            details=Details.of(world.contact),
            key=uuid.uuid4(),
            actor=actor,
        )
        world.tag = contacts.add_tag(account=account, contact=world.contact, name="vip", actor=actor)
        world.tag.refresh_from_db()
        world.note = contacts.add_note(account=account, contact=world.contact, text="Hello", actor=actor)
        world.note.refresh_from_db()
        world.credit_type = credits.add_type(account=account, name="session", plural="sessions", actor=actor)
        common = {"account": account, "contact": world.contact, "credit_type": world.credit_type, "actor": actor}
        credits.issue(amount=5, key=uuid.uuid4(), **common)
        world.use = credits.consume(amount=1, key=uuid.uuid4(), **common)
        with connection.cursor() as cursor:
            cursor.execute("SELECT public_id FROM credits_lot WHERE account_id = %s", [account.pk])
            [world.lot] = cursor.fetchone()
        world.saved = finding.save_filter(account=account, name="Vips", asked=Filter(text="vip"), actor=actor)
        world.saved.refresh_from_db()
        everybody = {"account": account, "contacts": Contact.objects.filter(pk=world.contact.pk), "actor": actor}
        world.bulk = jobs.start(
            order=jobs.Order("untag", tag="vip"), selection="all=1", expected=1, key=uuid.uuid4(), **everybody
        )
        world.roster = rosters.add(
            name="Yoga", credit_type=world.credit_type, day=today(account), key=uuid.uuid4(), **everybody
        )
        world.product = products.add_product(
            account=account, kind="credit", name="Pack", credit_type=world.credit_type, amount=10_000, actor=actor
        )
        world.price = world.product.prices.get()
        world.purchase = ordering.add(
            account=account,
            contact=world.contact,
            product=world.product,
            price=world.price,
            quantity=2,
            key=uuid.uuid4(),
            gateway="outside",
            paid=True,
            actor=actor,
        )
        world.letter = letters.send(
            account=account,
            contact=world.contact,
            kind="credits_low",
            values={"left": "1 session"},
            source="test",
            source_id="1",
            once="1",
        )
        world.invitation = team.invite(
            account=account, email="new@example.com", role=roles.ADMIN, link_to=str, actor=actor
        )
        world.endpoint = endpoints.add(account=account, name="Tool", address=Address("hooks.example.com"), actor=actor)
        endpoints.test(account=account, endpoint=world.endpoint, key=uuid.uuid4(), actor=actor)
        world.call = world.endpoint.calls.get()
        world.trigger = triggers.add(
            account=account, occasion="hook.received", details=Of(settings={}), key=uuid.uuid4(), actor=actor
        )
        stop = {"key": "k1", "kind": "stop", "settings": {}}
        world.flow = automations.add(account=account, terms=Terms("Welcome"), steps=[stop], actor=actor)
        automations.publish(account=account, flow=world.flow, seen=automations.seen_of(world.flow), actor=actor)
        automations.switch(account=account, flow=world.flow, enabled=True, actor=actor)
        world.flow.refresh_from_db()
        world.run = starts.begin(account=account, flow=world.flow, contact=world.contact, key=uuid.uuid4(), actor=actor)
        world.start = starts.begin_many(account=account, flow=world.flow, selection=[], key=uuid.uuid4(), actor=actor)
        file = SimpleUploadedFile("contacts.csv", b"Name,Email\nBen,ben@example.com\n")
        world.batch = imports.upload(account=account, file=file, actor=actor)
        world.domain = domains.claim(account=account, host=f"{world.slug}.example.com", actor=actor)
    world.member = Membership.objects.get(account=account, user=world.assistant)
    return world


def signed_in(user):
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def snapshot(*worlds):
    """A digest of every row of these accounts, and of who belongs to them."""
    state = {}
    for world in worlds:
        with scope(world.account, read_only=True), connection.cursor() as cursor:
            for model in apps.get_models():
                table = model._meta.db_table
                columns = {field.column for field in model._meta.local_fields}
                if "account_id" in columns:
                    cursor.execute(
                        f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t WHERE account_id = %s",
                        [world.account.pk],
                    )
                    state[world.slug, table] = cursor.fetchone()
    return state


def ask(client, verb, url):
    return client.generic(verb, url, b"", content_type="application/x-www-form-urlencoded")


@pytest.fixture
def bare_404(monkeypatch):
    """Thousands of answers of which only the status is read are not each drawn as a page."""
    monkeypatch.setattr("simplero.urls.handler404", lambda request, exception: HttpResponseNotFound(), raising=False)


def test_what_is_not_yours_does_not_exist(worlds, bare_404):
    """404 for strangers, for other accounts' objects and for roles that may not; 405 only for verbs that nobody may use."""
    acme, zen = worlds
    before = snapshot(acme, zen)
    owner, others = signed_in(acme.owner), {role: signed_in(getattr(acme, role)) for role in roles.ROLES}
    for route in STAFF_ROUTES:
        mine, theirs = [acme] * len(route.objects), [zen] * len(route.objects)
        asked = [
            (owner, route.url("zen", *theirs)),
            (owner, route.url("zen", *mine)),
            (owner, route.url("no-such-account", *mine)),
            *[
                (owner, route.url("acme", *mix))
                for mix in itertools.product(worlds, repeat=len(route.objects))
                if zen in mix
            ],
            *[
                (client, route.url("acme", *mine))
                for role, client in others.items()
                if not roles.allows(role, route.can)
            ],
        ]
        for number, (client, url) in enumerate(asked):
            verbs = (
                ("GET", "POST") if number else VERBS
            )  # what a view makes of a verb does not depend on whose object it is
            answers = {verb: ask(client, verb, url).status_code for verb in verbs}
            assert set(answers.values()) <= {404, 405}, f"{url}: {answers}"
            assert 404 in (answers["GET"], answers["POST"]), f"{url}: {answers}"
    assert snapshot(acme, zen) == before


def test_signed_out_you_are_asked_to_sign_in(worlds):
    acme, zen = worlds
    before = snapshot(acme, zen)
    stranger = Client()
    for route in STAFF_ROUTES:
        for slug in ("acme", "no-such-account"):
            for verb in VERBS:
                stranger.cookies.clear()
                response = ask(stranger, verb, route.url(slug, *[acme] * len(route.objects)))
                assert response.status_code in {302, 405}, f"{verb} {route.path}"
                assert response.get("Location", "/accounts/login/").startswith("/accounts/login/")
    assert snapshot(acme, zen) == before


def test_what_your_role_allows_is_there_and_looking_changes_nothing(worlds):
    acme, _ = worlds
    before = snapshot(acme)
    for role in roles.ROLES:
        client = signed_in(getattr(acme, role))
        for route in STAFF_ROUTES:
            if roles.allows(role, route.can):
                response = ask(client, "GET", route.url("acme", *[acme] * len(route.objects)))
                if response.streaming:
                    b"".join(response.streaming_content)
                assert response.status_code in {200, 302, 303, 405}, f"{route.path} as {role}"
    assert snapshot(acme) == before


def test_the_matrix_bites(worlds):
    """The digest sees a change, and a stranger's objects are really other objects."""
    acme, zen = worlds
    before = snapshot(acme, zen)
    with scope(zen.account):
        contacts.add_tag(account=zen.account, contact=zen.contact, name="new", actor=Actor("user", zen.owner.pk))
    after = snapshot(acme, zen)
    assert {key for key in after if after[key] != before[key]} >= {("zen", "contacts_tag"), ("zen", "outbox_event")}
    assert all(make(acme) != make(zen) for make in OBJECTS.values())
