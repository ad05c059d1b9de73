"""After erasing nothing of the person is left, in any column of any table; and it stays so when an older backup is restored."""

import json
import uuid
from io import StringIO

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from automations.services import endpoints
from contacts import directory, services, signin
from contacts.directory import Details
from contacts.models import ERASED, Contact, Erasure
from products.services import catalogue, ordering, refunds
from simplero.imports import services as imports
from simplero.lib.calling import Address
from simplero.tenancy.scope import scope
from tests import factories
from tests.automations.flows import enter, flow, step, work
from tests.superuser import superuser_connection
from triggers.services import hooks, triggers
from triggers.services.triggers import Details as Of

from .world import person, stored, url

CANARY = "Xqzkanari"  # in every text about her, in one case or another

TEXTS = """SELECT c.table_name, c.column_name FROM information_schema.columns c
             JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
              AND (c.data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'ARRAY', 'USER-DEFINED'))"""


def canaries() -> dict[str, int]:
    """How many rows of each column hold the canary: every text, JSON, array and binary of every table."""
    found = {}
    with superuser_connection() as connection:
        columns = connection.execute(TEXTS).fetchall()
        assert len(columns) > 150
        for table, column in columns:
            said = f'CASE WHEN pg_typeof("{column}") = \'bytea\'::regtype THEN encode("{column}"::text::bytea, \'escape\') ELSE "{column}"::text END'
            [number] = connection.execute(
                f'SELECT count(*) FROM "{table}" WHERE {said} ILIKE %s', [f"%{CANARY}%"]
            ).fetchone()
            if number:
                found[f"{table}.{column}"] = number
    return found


def furnish(world):
    """Somebody whom every room knows something about, merged from two."""
    account, actor = world.account, world.actor
    ann = person(
        world, f"Ann {CANARY}", email=f"{CANARY}@example.com", phone=f"1 {CANARY}", company=f"{CANARY} Ltd", tags=["vip"],
        notes=[f"{CANARY} likes tea"],
    )  # fmt: skip
    other = person(world, f"Anna {CANARY}", email=f"old-{CANARY}@example.com", notes=[f"Once {CANARY}"])
    factories.issue(world, 5, to=other, note=f"For {CANARY}")
    use = factories.consume(world, 2, to=other, note=f"{CANARY} came")
    factories.reverse(world, use, 1, reason=f"{CANARY} was ill")
    with scope(account):
        services.merge(
            account=account, source=other, target=ann, details=Details.of(ann), key=uuid.uuid4(), actor=actor
        )
        signin.ask(account=account, email=ann.email, origin="o", visitor_digest="v", next="", link_to=str)
        signin.begin_session(account=account, contact=ann)
        product = catalogue.add_product(
            account=account, kind="credit", name="Pack", credit_type=world.session, amount=100, actor=actor
        )
        price = product.prices.get()
        bought = {"account": account, "contact": ann, "product": product, "price": price, "quantity": 1, "actor": actor}
        ordering.add(key=uuid.uuid4(), gateway="outside", paid=True, **bought)
        waiting = ordering.add(key=uuid.uuid4(), gateway="outside", **bought)
        hook = triggers.add(
            account=account, occasion="hook.received", details=Of(settings={}), key=uuid.uuid4(), actor=actor
        )
        hook.flow.enabled = True
        hook.flow.save(update_fields=["enabled"])
        said = hooks.Said(email=ann.email, call_id=f"{CANARY}-1")
        assert hooks.receive(account=account, trigger_id=hook.pk, said=said).outcome == hooks.TAKEN
        tool = endpoints.add(account=account, name="Tool", address=Address("hooks.example.com"), actor=actor)
        file = SimpleUploadedFile("list.csv", f"Name,Email\nAnn {CANARY},{CANARY}@example.com\n".encode())
        imports.upload(account=account, file=file, actor=actor)
        services.edit_contact(
            account=account,
            contact=ann,
            details=Details(ann.name, ann.email, f"2 {CANARY}", ann.company),
            seen=Details.of(stored_in(ann)).seal,
            actor=actor,
        )
    welcome = flow(
        world,
        step("email", subject="Hello {customer}", text="Dear {customer}"),
        step("notify", to="owner", text="{customer} is here"),
        step("webhook", endpoint=tool.pk),
        step("wait", **{"for": "while", "number": 3, "unit": "days"}),
    )
    enter(world, welcome, ann)
    work()
    return ann, waiting


def stored_in(contact):
    return Contact.objects.get(pk=contact.pk)


@pytest.mark.django_db(transaction=True)
def test_nothing_of_the_person_is_left_anywhere(client, acme, zen, tmp_path):
    ann, waiting = furnish(acme)
    before = canaries()
    assert len(before) >= 15, before  # the scan bites
    assert {"contacts_contact.name", "contacts_contactnote.text", "credits_entrynote.text", "mail_message.text"} <= set(
        before
    )
    assert {"triggers_hookcall.call_id", "automations_call.body", "contacts_merge.before"} <= set(before)
    assert any(column.startswith("imports_") for column in before), before
    assert any(column.startswith("audit_") for column in before), before
    theirs = person(zen, f"Ann {CANARY}", email=f"{CANARY}@example.com")
    client.force_login(acme.admin)
    answer = client.post(url(acme, ann, "erase"), {"name": f"Ann {CANARY}"})
    assert answer.status_code == 409  # a purchase waits for its payment
    assert "Cancel it first" in answer.text
    assert stored(ann).name != ERASED
    with scope(acme.account):
        refunds.cancel(account=acme.account, purchase=waiting, actor=acme.actor)
    assert client.post(url(acme, ann, "erase"), {"name": f"Ann {CANARY}"}).status_code == 303
    assert stored(theirs).email == f"{CANARY}@example.com"
    forget_zen(zen, theirs)
    assert canaries() == {}
    assert not [key for key in redis_keys() if CANARY.encode().lower() in key.lower()]
    assert client.get(url(acme, ann)).status_code == 200
    with scope(acme.account):
        address = f"{CANARY}@example.com"
        assert set(directory.erased_on(acme.account, [address, "nobody@example.com"])) == {address}
        assert Erasure.objects.count() == 2
    erased_again_after_a_restore(acme, tmp_path)


def forget_zen(zen, theirs):
    with scope(zen.account):
        services.erase(account=zen.account, contact=theirs, actor=zen.actor)


def redis_keys():
    return caches["default"]._cache.get_client().keys("*")


def erased_again_after_a_restore(acme, tmp_path):
    """Somebody on the list who is here under her name, as after a restore, is erased; and once."""
    back = person(acme, f"Back {CANARY}", email=f"{CANARY}@example.com")
    factories.issue(acme, 2, to=back)
    listed = StringIO()
    call_command("erasures", stdout=listed)
    missing = {"account": acme.slug, "contact": str(uuid.uuid4()), "at": ""}
    here = {"account": acme.slug, "contact": str(stored(back).public_id), "at": ""}
    file = tmp_path / "erased.jsonl"
    file.write_text("\n".join([listed.getvalue().strip(), json.dumps(here), json.dumps(missing), ""]))
    for expected in ("1 erased again, 3 erased before, 1 not here.", "0 erased again, 4 erased before, 1 not here."):
        out = StringIO()
        call_command("erase_again", str(file), stdout=out)
        assert out.getvalue().strip() == expected
    assert canaries() == {}
    file.write_text("no list\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("erase_again", str(file))
