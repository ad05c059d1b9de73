"""Merging two contacts who are one person: what moves, what leads on, and undoing it within a day."""

import uuid
from datetime import timedelta

import pytest

from contacts import queries, services, signin
from contacts.directory import Details
from contacts.errors import Merged, NotMerged
from contacts.models import Contact, Merge
from credits import queries as credits
from credits import services as movements
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests import factories

from .world import facts, notes_of, person, rows, stored, tags_of, url, words_of

KEPT = {"name": "stays", "email": "stays", "phone": "stays", "company": "stays"}


@pytest.fixture
def admin(client, acme, zen):
    """A browser in which acme's admin is signed in."""
    client.force_login(acme.admin)
    return client


@pytest.fixture
def ann(acme):
    """Who stays: five credits, one of them used."""
    contact = person(acme, "Ann Lee", email="ann@example.com", tags=["vip", "yoga"], notes=["knows Bob"])
    factories.issue(acme, 5, to=contact)
    factories.consume(acme, 1, to=contact)
    return contact


@pytest.fixture
def old(acme):
    """Who goes: eight credits, five of them used."""
    contact = person(acme, "Anna Old", email="old@example.com", phone="123", tags=["vip", "2019"], notes=["moved"])
    factories.issue(acme, 8, to=contact)
    factories.consume(acme, 5, to=contact)
    return contact


def merge(acme, source, target, **picks):
    with scope(acme.account):
        both = {"stays": Details.of(target), "goes": Details.of(source)}
        details = Details(**{name: getattr(both[picks.get(name, "stays")], name) for name in KEPT})
        return services.merge(
            account=acme.account, source=source, target=target, details=details, key=uuid.uuid4(), actor=acme.actor
        )


def undo(acme, row):
    with scope(acme.account):
        services.undo_merge(account=acme.account, merge=row, actor=acme.actor)


def numbers(acme, contact):
    with scope(acme.account):
        return [
            (part.figures.issued, part.figures.used, part.figures.expired, part.figures.free)
            for part in credits.section(acme.account, contact)
        ]


def test_one_contact_is_left_with_what_both_had(admin, acme, ann, old):
    dialog = admin.get(url(acme, ann, "merge"), {"other": old.public_id})
    assert "3 sessions, which makes 7 with the 4 already there" in dialog.text
    key = dialog.context["form"]["key"].value()
    sent = {"key": key, **KEPT, "phone": "goes", "email": "goes"}
    for _ in range(2):  # a second click changes nothing more
        answer = admin.post(f"{url(acme, ann, 'merge')}?other={old.public_id}", sent)
        assert answer.status_code == 303
    with scope(acme.account):
        assert Merge.objects.count() == 1
    kept = stored(ann)
    assert (kept.name, kept.email, kept.phone) == ("Ann Lee", "old@example.com", "123")
    assert tags_of(ann) == ["2019", "vip", "yoga"]
    assert tags_of(old) == []
    assert {note.text for note in notes_of(ann)} == {"knows Bob", "moved"}
    assert {"ann", "2019", "old@example.com"} <= words_of(ann)
    assert words_of(old) == set()
    assert numbers(acme, ann) == [(13, 6, 0, 7)]
    page = admin.get(url(acme, ann)).text
    assert "Anna Old was merged into this contact" in page
    assert "As Anna Old: 5 sessions used" in page
    activity = admin.get(f"/a/{acme.slug}/contacts/{ann.public_id}/credits/activity").text
    assert activity.count("came from Anna Old, merged on") == 1
    assert "As Anna Old: 5 sessions used" in activity
    listed = admin.get(url(acme)).text
    assert "Ann Lee" in listed
    assert "Anna Old" not in listed


def test_the_addresses_of_who_went_lead_on(admin, acme, ann, old):
    merge(acme, old, ann)
    answer = admin.get(url(acme, old))
    assert (answer.status_code, answer["Location"]) == (303, url(acme, ann))
    assert "Anna Old was merged into this contact." in admin.get(answer["Location"]).text
    before = rows(acme)
    for rest, data in (("edit", {"name": "x"}), ("notes/add", {"text": "x"}), ("erase", {"name": "Anna Old"})):
        answer = admin.post(url(acme, old, rest), data)
        assert answer.status_code == 409
        assert "Open Ann Lee" in answer.text
    assert rows(acme) == before
    with scope(acme.account):
        assert queries.with_email(acme.account, "old@example.com") == ann
        assert queries.with_email(acme.account, "ann@example.com") == ann
        signin.ask(account=acme.account, email="OLD@example.com", origin="1", visitor_digest="v", next="", link_to=str)
        [wish] = signin.SignIn.objects.all()
        assert wish.contact == ann
        message = signin.letters.Letter.objects.get(contact=ann).message
        assert queries.Message.objects.get(public_id=message).to == ["old@example.com"]


def test_undone_everything_is_as_it_was_but_for_what_was_used(admin, acme, ann, old):
    row = merge(acme, old, ann, name="goes", email="goes", phone="goes")
    factories.consume(acme, 5, to=ann)  # Ann's own four lots first, then one of Anna's
    answer = admin.post(url(acme, ann, f"merges/{row.public_id}/undo"))
    assert answer.status_code == 303
    admin.post(url(acme, ann, f"merges/{row.public_id}/undo"))  # a second click
    one, other = stored(ann), stored(old)
    assert (one.name, one.email, one.phone) == ("Ann Lee", "ann@example.com", "")
    assert (other.name, other.email, other.phone, other.merged_into) == ("Anna Old", "old@example.com", "123", None)
    assert (tags_of(ann), tags_of(old)) == (["vip", "yoga"], ["2019", "vip"])
    assert [note.text for note in notes_of(old)] == ["moved"]
    assert "anna" in words_of(old)
    assert [free for *_, free in numbers(acme, ann) + numbers(acme, old)] == [0, 2]
    assert facts(acme)[-1] == ("contact.merge_undone", {"other_id": old.pk})
    page = admin.get(url(acme, old)).text
    assert "Anna Old" in page


def test_refused_after_a_day_and_out_of_order(admin, acme, ann, old, at):
    third = person(acme, "Ann Third")
    first, second = merge(acme, old, ann), merge(acme, third, ann)
    with scope(acme.account), pytest.raises(NotMerged, match="Ann Third"):
        services.undo_merge(account=acme.account, merge=first, actor=acme.actor)
    undo(acme, second)
    at(first.at + timedelta(hours=24, minutes=1))
    answer = admin.post(url(acme, ann, f"merges/{first.public_id}/undo"))
    assert answer.status_code == 409
    assert "more than a day ago" in answer.text
    assert stored(old).merged_into_id == ann.pk


def test_chains_are_followed(acme, ann, old):
    top = person(acme, "Ann Top", email="top@example.com")
    first = merge(acme, old, ann)
    merge(acme, ann, top)
    with scope(acme.account):
        assert queries.selves(acme.account, top) == [top.pk, ann.pk, old.pk]
        assert queries.stands_for(acme.account, stored_in(old)) == top
        assert queries.with_email(acme.account, "old@example.com") == top
        with pytest.raises(NotMerged, match="Undo that first"):
            services.undo_merge(account=acme.account, merge=first, actor=acme.actor)
    assert numbers(acme, top) == [(13, 6, 0, 7)]


def stored_in(contact):
    return Contact.objects.get(pk=contact.pk)


def test_who_cannot_be_merged(admin, acme, zen, ann, old):
    theirs = person(zen, "Zoe")
    before = rows(acme)
    at_ann = url(acme, ann, "merge")
    assert admin.get(at_ann, {"other": theirs.public_id}).status_code == 404
    assert admin.post(f"{at_ann}?other={theirs.public_id}", KEPT).status_code == 404
    answer = admin.post(f"{at_ann}?other={ann.public_id}", KEPT)
    assert answer.status_code == 409
    assert "one and the same" in answer.text
    assert rows(acme) == before
    merge(acme, old, ann)
    before = rows(acme)
    other = person(acme, "Ben")
    answer = admin.post(f"{url(acme, other, 'merge')}?other={old.public_id}", KEPT)
    assert answer.status_code == 409
    assert "was merged into Ann Lee" in answer.text
    with scope(acme.account), pytest.raises(Merged):
        services.merge(
            account=acme.account,
            source=ann,
            target=old,
            details=Details("Ann"),
            key=uuid.uuid4(),
            actor=Actor("user", acme.admin.pk),
        )


def test_thirty_tags_are_enough(admin, acme):
    one = person(acme, "Ann", tags=[f"a{number}" for number in range(16)])
    other = person(acme, "Anna", tags=[f"b{number}" for number in range(15)])
    answer = admin.post(f"{url(acme, one, 'merge')}?other={other.public_id}", KEPT)
    assert answer.status_code == 409
    assert "31 tags" in answer.text
    assert stored(other).merged_into is None


def test_assistants_merge_nobody(desk, acme, ann, old):
    assert desk.post(f"{url(acme, ann, 'merge')}?other={old.public_id}", KEPT).status_code == 404
    row = merge(acme, old, ann)
    assert desk.post(url(acme, ann, f"merges/{row.public_id}/undo")).status_code == 404
    assert "Undo" not in desk.get(url(acme, ann)).text.split("Credits</h2>")[0]


def test_a_reversal_of_a_former_use_goes_to_who_stayed(acme, ann, old):
    use = factories.consume(acme, 1, to=old)
    merge(acme, old, ann)
    with scope(acme.account):
        found = credits.reversible(acme.account, ann, use.key)
        movements.reverse(
            account=acme.account, use=found.line.key, amount=1, key=uuid.uuid4(), reason="", actor=acme.actor
        )
    assert numbers(acme, ann) == [(13, 6, 0, 7)]
