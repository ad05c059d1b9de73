"""Merging while others work with the two: nothing is lost, doubled or left behind, and nobody waits in a ring."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from contacts import directory, queries, services
from contacts.directory import Details
from contacts.errors import Erased, Gone, Merged
from contacts.models import Contact, Merge
from credits import queries as credits
from credits.errors import InsufficientCredits
from simplero.tenancy.scope import now, scope
from tests import factories
from tests.automations.flows import work
from tests.contacts.world import person

from .racing import at_once, posted, raised

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


@pytest.fixture
def two(acme, zen):
    """Two contacts with a wallet each."""
    assert acme.session
    found = person(acme, "Ann Lee", email="ann@example.com"), person(acme, "Anna Old", email="old@example.com")
    for contact in found:
        factories.issue(acme, 50, to=contact)
    return found


def merge(acme, source, target, key=None):
    with scope(acme.account):
        return services.merge(
            account=acme.account,
            source=source,
            target=target,
            details=Details.of(target),
            key=key or uuid.uuid4(),
            actor=acme.actor,
        )


def figures(acme, contact):
    with scope(acme.account):
        [part] = credits.section(acme.account, contact)
        return part.figures


def free(acme, contact):
    with scope(acme.account):
        return credits.free_by_type(acme.account, contact).get(acme.session.pk, 0)


def test_postings_go_on_meanwhile(acme, two, at):
    """Of 50 + 50: each use is there or was refused, and what was issued to who went is handed on or was refused."""
    ann, old = two

    def use(contact):
        try:
            return factories.consume(acme, 1, to=contact)
        except InsufficientCredits as refusal:
            return refusal

    def issue(contact):
        factories.issue(acme, 2, to=contact)
        return "issued"

    works = [lambda: merge(acme, old, ann)]
    works += [lambda: use(ann), lambda: use(old), lambda: issue(old)] * 6
    answers = at_once(works)
    assert {type(refusal) for refusal in raised(answers)} <= {InsufficientCredits, Merged}
    used, issued = len(posted(answers)) - 1 - answers.count("issued"), 2 * answers.count("issued")
    with scope(acme.account):
        later = now() + timedelta(minutes=2)
    at(later)
    work()  # fetches what came too late
    assert free(acme, old) == 0
    assert figures(acme, ann) == credits.Figures(issued=100 + issued, used=used, free=100 + issued - used)
    assert free(acme, ann) == 100 + issued - used


def test_a_form_sent_twice_at_once_is_one_merge(acme, two):
    ann, old = two
    key = uuid.uuid4()
    answers = at_once([lambda: merge(acme, old, ann, key)] * 6)
    assert raised(answers) == []
    assert len({answer.pk for answer in answers}) == 1
    assert free(acme, ann) == 100


def both_ways(acme, ann, old):
    return at_once([lambda: merge(acme, old, ann), lambda: merge(acme, ann, old)] * 2)


def test_two_cannot_go_into_each_other(acme, two):
    for _ in range(ROUNDS):
        one, other = person(acme, "One"), person(acme, "Other")
        answers = both_ways(acme, one, other)
        assert len(posted(answers)) == 1
        assert len(raised(answers, Merged)) == 3


def test_two_go_into_each_other_without_the_lock(acme, two, monkeypatch):
    """The control: nobody holds the two, and each waits a moment where it would have, so that they meet."""

    def look(*, account, ids):
        found = {contact.pk: contact for contact in Contact.objects.filter(pk__in=ids)}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")
        return found

    monkeypatch.setattr(directory, "lock_all", look)
    answers = both_ways(acme, *two)
    with scope(acme.account):
        merged = Merge.objects.filter(undone_at__isnull=True).count()
    assert merged == 2 or len(raised(answers, Merged)) != 3


def test_what_was_typed_meanwhile_is_refused(acme, two):
    """Whoever edits, tags or erases who went has done so before, or is told."""
    ann, old = two

    def tag():
        with scope(acme.account):
            return services.add_tag(account=acme.account, contact=old, name="late", actor=acme.actor)

    answers = at_once([lambda: merge(acme, old, ann), tag, tag, tag])
    assert raised(answers, Gone) == raised(answers)
    with scope(acme.account):
        on = {tag.name for tag in queries.tags(acme.account, ann)}
        assert queries.tags(acme.account, old) == []
    assert on == ({"late"} if len(posted(answers)) > 1 else set())


def test_what_is_being_issued_to_somebody_erased_is_seen_or_refused(acme, two):
    """An issue that has posted and not committed is waited for, and withdrawn; one that comes after is refused."""
    ann, _ = two
    factories.consume(acme, 50, to=ann)  # nothing is left to be withdrawn

    def issue():
        with scope(acme.account):
            factories.issue(acme, 2, to=ann)
            pause(0.5)

    def erase():
        pause(0.2)
        with scope(acme.account):
            services.erase(account=acme.account, contact=ann, actor=acme.actor)

    assert raised(at_once([issue, erase])) == []
    assert free(acme, ann) == 0
    with pytest.raises(Erased):
        factories.issue(acme, 2, to=ann)


def pause(seconds):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
