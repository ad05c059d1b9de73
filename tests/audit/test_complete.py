"""Nothing changes unseen: every table is watched or says why not, and what is done at the desk is told with who and from where."""

import re
import uuid
from datetime import datetime

import pytest
from django.apps import apps
from django.test import Client

from simplero.audit.models import Change
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests.assertions import sql
from tests.sql_guard import unguarded
from tests.test_routes import furnish

LEDGER = "the ledger: append-only, or kept by its functions, with an event for each entry"
LOG = "tells itself what was done, by whom and when"
DERIVED = "follows from other rows"
WORK = "work under way, and gone when it is done"
DJANGO = "of Django or of an app of others, of no account"

UNWATCHED = {
    **dict.fromkeys(
        ("credits_wallet", "credits_entry", "credits_lot", "credits_allocation", "credits_entrynote"), LEDGER
    ),
    **dict.fromkeys(("credits_tally", "credits_tallymark", "credits_endtally", "contacts_contactword"), DERIVED),
    **dict.fromkeys(("outbox_event", "audit_change", "audit_changedetail", "mail_message", "contacts_letter"), LOG),
    **dict.fromkeys(("contacts_merge", "contacts_erasure", "team_rezoning", "team_formermember"), LOG),
    **dict.fromkeys(("products_purchase", "products_purchaseentry", "products_payment", "products_refund"), LOG),
    **dict.fromkeys(("products_providerevent", "automations_run", "automations_visit", "automations_start"), LOG),
    **dict.fromkeys(("automations_call", "triggers_hookcall", "bulk_bulk", "bulk_row", "bulk_place"), LOG),
    **dict.fromkeys(("imports_import", "imports_importpart", "imports_importrow"), LOG),
    **dict.fromkeys(("outbox_listener", "outbox_delivery", "outbox_tick", "outbox_job"), WORK),
    **dict.fromkeys(("contacts_signin", "contacts_customersession"), "a customer at the storefront's door, for hours"),
    "contacts_contacttag": "each has its event, contact.tagged or contact.untagged, with nothing more to tell",
    "pictures_picture": "never changed: a new one has a new address, and what shows it is watched",
    "tenancy_user": "of no account: a person, who tells their own mails of it",
}

WATCHED = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'audited%%' AND tgenabled = 'O'"

TENANTS = "tenancy_account"
RAW = {
    "tenancy_account": "UPDATE tenancy_account SET name = name || 'x' WHERE id = {0}",
    "tenancy_membership": "UPDATE tenancy_membership SET role = 'assistant' WHERE account_id = {0} AND role = 'admin'",
    "tenancy_domain": "UPDATE tenancy_domain SET verified_at = now() WHERE account_id = {0}",
    "team_invitation": "UPDATE team_invitation SET role = 'owner' WHERE account_id = {0}",
    "contacts_contact": "UPDATE contacts_contact SET phone = '1' WHERE account_id = {0}",
    "contacts_contactnote": "UPDATE contacts_contactnote SET text = 'x' WHERE account_id = {0}",
    "contacts_tag": "UPDATE contacts_tag SET name = 'VIP' WHERE account_id = {0}",
    "contacts_lettertext": "INSERT INTO contacts_lettertext (account_id, kind, enabled, subject, text) VALUES ({0}, 'x', false, '', '')",
    "credits_credittype": "UPDATE credits_credittype SET description = 'x' WHERE account_id = {0}",
    "products_product": "UPDATE products_product SET summary = 'x' WHERE account_id = {0}",
    "products_productcredit": "INSERT INTO products_productcredit (account_id, product_id, credit_type_id, amount, expiry) SELECT {0}, p.id, t.id, 1, '' FROM products_product p JOIN credits_credittype t ON t.account_id = p.account_id WHERE p.account_id = {0} LIMIT 1",
    "products_price": "UPDATE products_price SET enabled = NOT enabled WHERE account_id = {0}",
    "products_salessettings": "INSERT INTO products_salessettings (account_id, retry_after, give_up_after) VALUES ({0}, '[1]', 9)",
    "products_gatewayaccount": "INSERT INTO products_gatewayaccount (account_id, gateway, enabled, sealed, hint, instructions) VALUES ({0}, 'x', true, '', '', '')",
    "products_gatewayaddress": "INSERT INTO products_gatewayaddress (account_id, gateway, token_digest, created_at) VALUES ({0}, 'x', 'd', now())",
    "automations_flow": "UPDATE automations_flow SET name = 'x' WHERE account_id = {0}",
    "automations_version": "UPDATE automations_version SET published_at = now() WHERE account_id = {0} AND published_at IS NULL",
    "automations_endpoint": "UPDATE automations_endpoint SET secret = 'x' WHERE account_id = {0}",
    "triggers_trigger": "UPDATE triggers_trigger SET occasion = 'x' WHERE account_id = {0}",
    "triggers_hook": "INSERT INTO triggers_hook (account_id, trigger_id, token_digest, created_at) VALUES ({0}, 1, 'd', now())",
    "finding_savedfilter": "INSERT INTO finding_savedfilter (account_id, name, name_key, query) VALUES ({0}, 'x', 'x', '')",
    "bulk_roster": "INSERT INTO bulk_roster (account_id, public_id, name, credit_type_id, day, actor_kind, created_at) SELECT {0}, gen_random_uuid(), 'x', id, now(), 'user', now() FROM credits_credittype WHERE account_id = {0} LIMIT 1",
}
"""A change of each, as whoever could write any statement would make it."""


def watched():
    return {name for (name,) in sql(WATCHED)}


@pytest.mark.django_db
def test_every_table_is_watched_or_says_why_not():
    ours = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.split(".")[0] not in ("django", "allauth")
    }
    assert ours - watched() == set(UNWATCHED), "watch it in a migration (simplero.audit.watching), or say here why not"
    assert not watched() & set(UNWATCHED)


@pytest.mark.steps_alone
def test_a_raw_change_of_each_watched_table_is_written_down(acme):
    furnish(acme)
    assert set(RAW) == watched()
    for table, statement in RAW.items():
        with scope(acme.account):
            if table == "automations_version":
                sql(
                    f"INSERT INTO automations_version (account_id, flow_id, number, created_at) SELECT {acme.account.pk}, id, 99, now()"
                    f" FROM automations_flow WHERE account_id = {acme.account.pk} AND NOT EXISTS (SELECT FROM automations_version v"
                    f" WHERE v.account_id = {acme.account.pk} AND v.flow_id = automations_flow.id AND published_at IS NULL) LIMIT 1"
                )
            before = Change.objects.count()
            with unguarded():
                assert sql(statement.format(acme.account.pk)), f"{table}: nothing there to change"
            assert Change.objects.count() > before, f"{table}: changed unseen"


DESK = [
    ("contacts/add", {"name": "Ben Ito"}, "contact.created"),
    ("contacts/{contact}/edit", {"name": "Annie", "seen": "{contact_seen}"}, "contact.changed"),
    ("contacts/{contact}/tags/add", {"tag": "new"}, "contact.tagged"),
    ("contacts/{contact}/notes/add", {"text": "Hello again"}, "contact.note_added"),
    ("content/credits/add", {"name": "walk", "plural": "walks"}, "credit_type.created"),
    (
        "contacts/{contact}/credits/issue",
        {"amount": "2", "credit_type": "{credit_type}", "good_for": "never"},
        "credits.issued",
    ),
    (
        "contacts/{contact}/credits/consume",
        {"amount": "1", "credit_type": "{credit_type}", "service_date": "{today}"},
        "credits.consumed",
    ),
    ("sales/products/{product}/archive", {}, "product.archived"),
    ("marketing/automations/{flow}/delete", {}, "automation.deleted"),
    ("settings/members/invite/", {"email": "cy@example.com", "role": "assistant"}, "member.invited"),
]
"""Of every room, what somebody does by one form: its address, what they fill in beyond what the form holds, and what it is told as."""


@pytest.mark.steps_alone
def test_what_is_done_at_the_desk_is_told_with_who_and_from_where(acme):
    world = furnish(acme)
    browser = Client(REMOTE_ADDR="203.0.113.9")
    browser.force_login(acme.owner)
    ids = {name: getattr(world, name).public_id for name in ("contact", "credit_type", "product", "flow")}
    ids["today"] = f"{datetime.now(acme.account.zone):%Y-%m-%d}"
    for path, filled, kind in DESK:
        url = f"/a/acme/{path.format(**ids)}"
        form = fields(browser.get(url).text) | {
            name: text.format(**ids) for name, text in filled.items() if "seen" not in text
        }
        answer = browser.post(url, form)
        assert answer.status_code == 303, (url, answer.status_code, form)
        with scope(acme.account):
            event = Event.objects.filter(kind=kind).order_by("-id").first()
            assert event is not None, kind
            assert (event.actor_kind, event.actor_id, event.origin) == ("user", acme.owner.pk, "203.0.113.9"), kind
            assert event.deed == uuid.UUID(answer["X-Request-Id"]), kind


def fields(html):
    """What the page's hidden fields hold."""
    found = re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', html)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}
