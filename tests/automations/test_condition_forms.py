"""The fields of conditions and of occasions, which steps and triggers share."""

import pytest

from automations import conditions
from automations.forms.conditions import ConditionForms
from automations.forms.occasions import OccasionForm
from automations.occasions import OCCASIONS
from automations.queries.naming import names
from simplero.tenancy.scope import scope
from tests.automations.flows import flow, tag
from tests.products import shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(acme, zen):
    """A tag, a type and a product, and as much next door."""
    for world in (acme, zen):
        world.tag = tag(world)
        world.session  # noqa: B018  made when asked for
        world.product = shop.product(world, "Massage", kind="service")
        world.price = shop.price(world, world.product, 5000)
    return acme


def asked(world, data, **more):
    with scope(world.account):
        forms = ConditionForms(data, account=world.account, **more)
        return forms, forms.is_valid()


@pytest.mark.parametrize("way", [True, False])
def test_rows_are_read_as_they_are_kept(things, way):
    holds = "" if way else "not-"
    data = {
        "if0-holds": f"{holds}tag",
        "if0-tag": things.tag.public_id,
        "if0-least": "nonsense of another choice",
        "if1-holds": "",
        "if2-holds": f"{holds}credits",
        "if2-least": "2",
        "if2-credit_type": things.session.public_id,
        "if3-holds": f"{holds}bought",
        "if3-product": things.product.public_id,
    }
    forms, valid = asked(things, data)
    assert valid, [row.errors for row in forms.rows]
    said = forms.said()
    assert said == [
        {"kind": "tag", "tag": things.tag.pk, "is": way},
        {"kind": "credits", "least": 2, "credit_type": things.session.pk, "is": way},
        {"kind": "bought", "product": things.product.pk, "is": way},
    ]
    with scope(things.account):
        shown = ConditionForms(account=things.account, said=said)
        words = conditions.words(said, names(things.account, said))
    assert [row["holds"].value() for row in shown.rows[:4]] == [
        f"{holds}tag",
        f"{holds}credits",
        f"{holds}bought",
        None,
    ]
    assert f'value="{things.tag.public_id}" selected' in str(shown.rows[0]["tag"])
    assert shown.filled == 3
    assert words[1] == f"has {'at least' if way else 'fewer than'} 2 sessions"


def test_a_row_says_what_is_missing(things, zen):
    data = {"if0-holds": "tag", "if0-tag": zen.tag.public_id, "if1-holds": "credits", "if1-least": "0"}
    forms, valid = asked(things, data)
    assert not valid
    assert forms.rows[0].errors == {"tag": ["Choose a tag."]}
    assert forms.rows[1].errors.keys() == {"least", "credit_type"}
    assert asked(things, {"if0-holds": "x"})[0].rows[0].errors == {"holds": ["Choose a condition."]}


def test_one_may_be_asked_for(things):
    assert asked(things, {"if0-holds": ""})[1]
    forms, valid = asked(things, {"if0-holds": ""}, required=True)
    assert not valid
    assert forms.rows[0].errors == {"holds": ["Choose a condition."]}


def narrowed(world, code, data):
    with scope(world.account):
        form = OccasionForm(data, account=world.account, occasion=OCCASIONS[code])
        return form, form.is_valid()


def test_an_occasion_keeps_what_narrows_it_down(things):
    form, valid = narrowed(things, "purchase.activated", {"product": "", "first": "on"})
    assert (valid, form.settings()) == (True, {"first": True})
    form, valid = narrowed(things, "purchase.at_price", {"price": things.price.public_id})
    assert (valid, form.settings()) == (True, {"price": things.price.pk, "product": things.product.pk})
    form, valid = narrowed(things, "credits.low", {"credit_type": things.session.public_id, "n": "2"})
    assert (valid, form.settings()) == (True, {"credit_type": things.session.pk, "n": 2})
    form, valid = narrowed(things, "purchase.ended", {"product": things.product.public_id, "how": "refunded"})
    assert (valid, form.settings()) == (True, {"product": things.product.pk, "how": "refunded"})
    made = flow(things)
    form, valid = narrowed(things, "automation.finished", {"automation": made.public_id})
    assert (valid, form.settings()) == (True, {"automation": made.pk})
    with scope(things.account):
        shown = OccasionForm(account=things.account, occasion=OCCASIONS["tag.added"], settings={"tag": things.tag.pk})
    assert f'value="{things.tag.public_id}" selected' in str(shown["tag"])


def test_an_occasion_asks_for_what_it_needs(things, zen):
    assert narrowed(things, "credits.low", {})[0].errors.keys() == {"credit_type", "n"}
    assert narrowed(things, "credits.expiring", {})[0].errors.keys() == {"days"}
    assert narrowed(things, "purchase.at_price", {"price": zen.price.public_id})[0].errors.keys() == {"price"}
    assert narrowed(things, "tag.added", {"tag": zen.tag.public_id})[0].errors.keys() == {"tag"}


@pytest.mark.parametrize("code", OCCASIONS)
def test_every_occasion_has_fields(things, code):
    form, _ = narrowed(things, code, {})
    assert set(form.fields) >= set(OCCASIONS[code].fields) - {"product", "trigger"}
