"""Tags put on and taken off many contacts at once, as for one each."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import directory, services
from contacts.models import ContactTag, Tag
from simplero.outbox.models import Event
from simplero.outbox.outbox import NOBODYS, Cause
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.scope import scope

from .world import facts, person, rows, tags_of, words_of

pytestmark = pytest.mark.django_db


def tag(world, name="Autumn group"):
    with scope(world.account):
        return directory.tag_named(account=world.account, name=name)


def put(world, contacts, on, cause=NOBODYS):
    with scope(world.account):
        causes = {contact.pk: cause for contact in contacts}
        return directory.tag_many(account=world.account, contacts=causes, tag=on, actor=SYSTEM)


def take(world, contacts, off, cause=NOBODYS):
    with scope(world.account):
        causes = {contact.pk: cause for contact in contacts}
        return directory.untag_many(account=world.account, contacts=causes, tag=off, actor=SYSTEM)


def told(world, kind):
    with scope(world.account):
        return list(
            Event.objects.filter(kind=kind)
            .order_by("contact_id")
            .values_list("contact_id", "cause_id", "depth", "actor_kind")
        )


def test_whoever_has_it_already_is_left_alone(acme, zen):
    ann, ben, cleo = person(acme, "Ann", tags=["Autumn group"]), person(acme, "Ben"), person(acme, "Cleo")
    stranger, before = person(zen, "Zoe"), rows(zen)
    done = put(acme, [ann, ben, cleo], tag(acme), Cause(7, 2))
    assert done == directory.Tagged(frozenset({ben.pk, cleo.pk}), frozenset())
    assert tags_of(ann) == tags_of(ben) == tags_of(cleo) == ["Autumn group"]
    assert words_of(ben) == {"ben", "autumn", "group"}
    assert told(acme, "contact.tagged")[1:] == [(ben.pk, 7, 2, "system"), (cleo.pk, 7, 2, "system")]
    assert put(acme, [ann, ben, cleo], tag(acme)) == directory.Tagged(frozenset(), frozenset())
    assert put(acme, [stranger], tag(acme)) == directory.Tagged(frozenset(), frozenset())
    assert rows(zen) == before


def test_a_contact_has_room_for_thirty(acme, monkeypatch):
    monkeypatch.setattr(directory, "MOST_TAGS", 2)
    full, roomy = person(acme, "Full", tags=["One", "Two"]), person(acme, "Roomy", tags=["One"])
    done = put(acme, [full, roomy], tag(acme))
    assert done == directory.Tagged(frozenset({roomy.pk}), frozenset({full.pk}))
    assert tags_of(full) == ["One", "Two"]
    assert "autumn" not in words_of(full)
    assert put(acme, [full], tag(acme, "Two")).full == frozenset()


def test_taking_it_off_leaves_the_words_that_come_from_elsewhere(acme):
    ann = person(acme, "Ann Group", tags=["Autumn group", "VIP"])
    ben = person(acme, "Ben", tags=["Autumn group", "Autumn 2026"])
    cleo = person(acme, "Cleo", tags=["VIP"])
    assert take(acme, [ann, ben, cleo], tag(acme), Cause(9, 1)) == {ann.pk, ben.pk}
    assert (tags_of(ann), tags_of(ben), tags_of(cleo)) == (["VIP"], ["Autumn 2026"], ["VIP"])
    assert words_of(ann) == {"ann", "group", "vip"}
    assert words_of(ben) == {"ben", "autumn", "2026"}
    assert told(acme, "contact.untagged") == [(ann.pk, 9, 1, "system"), (ben.pk, 9, 1, "system")]
    assert take(acme, [ann, ben], tag(acme)) == frozenset()


def test_the_same_as_one_by_one(acme, zen):
    """What many at once leaves behind is what the same leaves behind for each."""
    for world in (acme, zen):
        people = [person(world, name, email=f"{name}@x.example", tags=["Early bird"]) for name in ("ann", "ben")]
        if world is acme:
            put(world, people, tag(world))
            take(world, people, tag(world, "Early bird"))
            continue
        for one in people:
            with scope(world.account):
                services.add_tag(account=world.account, contact=one, name="Autumn group", actor=SYSTEM)
        for one in people:
            with scope(world.account):
                early = Tag.objects.get(name="Early bird")
                services.remove_tag(account=world.account, contact=one, tag=early, actor=SYSTEM)
    assert [kind for kind, _ in facts(acme)] == [kind for kind, _ in facts(zen)]
    said = []
    for world in (acme, zen):
        with scope(world.account):
            taggings = ContactTag.objects.order_by("contact_id").values_list("contact__name", "tag__name")
            said.append((list(taggings), [words_of_open(pk) for pk in taggings.values_list("contact_id", flat=True)]))
    assert said[0] == said[1]


def words_of_open(contact_id):
    return sorted(directory.ContactWord.objects.filter(contact=contact_id).values_list("word", flat=True))


def test_many_cost_what_one_costs(acme):
    costs = []
    for many in (1, 40):
        people = [person(acme, f"Person {number}") for number in range(many)]
        mark = tag(acme, f"Group of {many}")
        with (
            scope(acme.account),
            CaptureQueriesContext(
                connection,
            ) as asked,
        ):
            causes = {one.pk: NOBODYS for one in people}
            directory.tag_many(account=acme.account, contacts=causes, tag=mark, actor=SYSTEM)
            directory.untag_many(account=acme.account, contacts=causes, tag=mark, actor=SYSTEM)
        costs.append(len(asked))
    assert costs[0] == costs[1] < 15


@pytest.mark.django_db(transaction=True)
def test_two_at_once_in_any_order_put_it_on_once(acme):
    people = [person(acme, f"Person {number}") for number in range(6)]
    mark, gate, done = tag(acme), threading.Barrier(2), []

    def run(contacts):
        gate.wait()
        try:
            done.append(put(acme, contacts, mark))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(order,)) for order in (people, people[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(one.added) for one in done) == [0, 6]
    assert len(told(acme, "contact.tagged")) == 6
