"""What a job refuses, for whom it does not exist, and that nothing moves then."""

import uuid

import pytest
from django.test import Client

from contacts.models import Contact, ContactTag
from credits import services as credits
from simplero.bulk.models import Bulk, Row
from simplero.bulk.services import jobs, working
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside

from .desk import HERE, consuming, entries, free, job, outcomes, people, text, undone, work

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": 0}, "Enter a whole number from 1 to 1,000,000"),
        ({"amount": 1_000_001}, "Enter a whole number from 1 to 1,000,000"),
        ({"service_date": "2020-01-01"}, "at most 90 days back"),
        ({"service_date": "2099-01-01"}, "can't be in the future"),
        ({"credit_type": uuid.uuid4()}, "Choose a credit type"),
        ({"note": "x" * 1001}, "at most 1,000 characters"),
    ],
)
def test_what_cannot_be_asked_for(desk, wrong, words):
    held = people(desk.world, 3)
    with nothing_moved():
        answer = desk.start("consume", held, expected=1, **{**consuming(desk.world), **wrong})
    assert answer.status_code == 422
    assert words in text(answer)


def test_nobody_strangers_and_others_than_were_shown(desk, zen):
    world = desk.world
    ann, ben = people(world, 3, 3)
    stranger = factories.contact(zen, "Zoe")
    with inside(zen):
        stranger.refresh_from_db()
    factories.issue(zen, 5, to=stranger)
    with nothing_moved():
        nobody = desk.start("consume", [stranger], expected=1, **consuming(world))
        assert "Nobody is chosen" in text(nobody)
        others = desk.start("consume", expected=1, **consuming(world))
        assert others.status_code == 409
        assert "2 contacts match now, which is not what you were shown" in text(others)
        assert desk.get("bulk/new?do=nothing").status_code == 404
        assert desk.get("bulk/new").status_code == 303
        theirs = credits_of(zen)
        foreign = desk.start("consume", [ann], expected=1, **{**consuming(world), "credit_type": theirs})
        assert foreign.status_code == 422
    desk.used([ann, stranger], expected=1)
    work()
    assert outcomes(world) == [("Person 000", "done")]
    assert free(zen, [stranger]) == [5]


def credits_of(world):
    with inside(world):
        return type(world.session).objects.get(pk=world.session.pk).public_id


def test_no_more_are_issued_of_an_archived_type(desk):
    world = desk.world
    held = people(world, 3)
    archived = credits_of(world)
    form = {"credit_type": archived, "amount": 2, "good_for": "type"}
    assert desk.start("issue", held, expected=1, **form).status_code == 303
    with inside(world):
        credits.archive_type(account=world.account, credit_type=world.session, actor=world.actor)
    with nothing_moved():
        assert desk.start("issue", held, expected=1, **form).status_code == 422
    work()  # the one that was started before
    assert outcomes(world) == [("Person 000", "refused archived")]
    assert free(world, held) == [3]
    assert "this type of credit has been archived" in text(desk.get(f"bulk/{job(world).public_id}/")).lower()
    assert "has done nothing" in text(desk.get(f"bulk/{job(world).public_id}/undo"))


def test_one_form_starts_one_job(desk):
    world = desk.world
    held = people(world, 3, 3)
    key = uuid.uuid4()
    first = desk.start("consume", held, expected=2, key=key, **consuming(world))
    second = desk.start("consume", held, expected=2, key=key, **consuming(world))
    assert first["Location"] == second["Location"]
    with nothing_moved():
        other = desk.start("consume", held, expected=2, key=key, **consuming(world, 2))
        assert other.status_code == 409
        assert "already sent with other values" in text(other)
        keyless = desk.start("consume", held, expected=2, key="", **consuming(world))
        assert keyless.status_code == 422
    work()
    assert free(world, held) == [2, 2]
    with inside(world):
        assert Bulk.objects.count() == 1


def test_who_may(desk, zen):
    world = desk.world
    held = people(world, 3)
    done = desk.used(held, expected=1)
    assistant, stranger = Client(), Client()
    assistant.force_login(world.assistant)
    stranger.force_login(zen.owner)
    with nothing_moved():
        for client in (assistant, stranger):
            for path in (
                "bulk/",
                "bulk/new?do=consume&all=1",
                f"bulk/{done.public_id}/",
                f"bulk/{done.public_id}/result.csv",
            ):
                assert client.get(HERE + path).status_code == 404, path
            assert client.post(f"{HERE}bulk/{done.public_id}/undo").status_code == 404
            assert client.post(f"{HERE}bulk/new?do=consume&all=1", {"start": 1}).status_code == 404
    bar = text(assistant.get(HERE))
    assert "New roster" in bar
    assert "Remove tag" not in bar
    assert "Remove tag" in text(desk.get())


def test_a_stopped_job_does_no_more_and_can_be_undone(desk, monkeypatch):
    world = desk.world
    held = people(world, 3, 3, 3)
    done = desk.used(held, expected=3)
    refused = desk.post(f"bulk/{done.public_id}/undo")
    assert refused.status_code == 409
    assert "still running" in text(refused)
    monkeypatch.setattr(working, "CHUNK", 2)
    with inside(world):
        assert working.go_on(account=world.account, bulk_id=done.pk) is False
    desk.post(f"bulk/{done.public_id}/stop")
    work()
    assert free(world, held) == [2, 2, 3]
    page = text(desk.get(f"bulk/{done.public_id}/"))
    assert "2 done, 1 not done." in page
    assert "Not done The job was stopped before" in page
    desk.post(f"bulk/{done.public_id}/undo")
    work()
    assert free(world, held) == [3, 3, 3]
    assert undone(world) == [("Person 000", "whole", 1), ("Person 001", "whole", 1)]


def test_there_is_a_limit(desk, monkeypatch):
    world = desk.world
    held = people(world, 3, 3, 3)
    monkeypatch.setattr(jobs, "MOST", 2)
    with nothing_moved():
        answer = desk.start("consume", held, expected=3, **consuming(world))
    assert answer.status_code == 422
    assert "at most 2 contacts at a time" in text(answer)


def test_tags_are_put_on_and_taken_off_and_only_those_are_undone(desk):
    world = desk.world
    ann, ben, cleo = people(world, 0, 0, 0)
    desk.post(f"{HERE}{ben.public_id}/tags/add", {"tag": "VIP"})
    foreseen = desk.post(desk.new("tag"), {"key": uuid.uuid4(), "tag": "vip"})
    assert "2 contacts will get the tag" in text(foreseen)
    assert "1 has it already" in text(foreseen)
    desk.start("tag", expected=3, tag="vip")
    work()
    assert [what for _, what in outcomes(world)] == ["done", "same", "done"]
    desk.post(f"{HERE}{ann.public_id}/tags/add", {"tag": "Other"})
    with inside(world):
        tag = ContactTag.objects.get(contact=ann, tag__name_key="vip").tag
    desk.post(f"{HERE}{ann.public_id}/tags/{tag.public_id}/remove")
    desk.post(f"bulk/{job(world).public_id}/undo")
    work()
    assert undone(world) == [("Person 000", "nothing", None), ("Person 002", "whole", None)]
    assert tagged(world, "vip") == ["Person 001"]
    page = text(desk.get(f"bulk/{job(world).public_id}/"))
    assert "The tag was gone already" in page
    assert "Nothing to do Had the tag already" in page

    assert desk.start("untag", expected=3, tag="nothing").status_code == 422
    desk.start("untag", expected=3, tag="VIP")
    work()
    assert tagged(world, "vip") == []
    desk.post(f"bulk/{job(world).public_id}/undo")
    work()
    assert tagged(world, "vip") == ["Person 001"]


def tagged(world, name):
    with inside(world):
        found = Contact.objects.filter(taggings__tag__name_key=name)
        return list(found.order_by("name_key").values_list("name", flat=True))


def test_an_issue_is_undone_as_far_as_it_is_left(desk):
    world = desk.world
    ann, ben, cleo = people(world, 2, 0, 0)
    form = {"credit_type": credits_of(world), "amount": 5, "good_for": "never"}
    foreseen = text(desk.post(desk.new("issue"), {"key": uuid.uuid4(), **form}))
    assert "15 sessions will be issued: 5 to each of 3 contacts. Never expires." in foreseen
    desk.start("issue", expected=3, **form)
    work()
    assert free(world, [ann, ben, cleo]) == [7, 5, 5]
    factories.consume(world, 4, to=ben)
    factories.consume(world, 5, to=cleo)
    url = f"bulk/{job(world).public_id}/"
    assert "Of 15 sessions issued to 3 contacts, 6 are still unused and will be withdrawn" in text(
        desk.get(f"{url}undo")
    )
    desk.post(f"{url}undo")
    work()
    assert free(world, [ann, ben, cleo]) == [2, 0, 0]
    assert undone(world) == [("Person 000", "whole", 5), ("Person 001", "part", 1), ("Person 002", "nothing", None)]
    page = text(desk.get(f"{url}?only=kept"))
    assert "1 of 5 taken back, 4 were used or gone before" in page
    assert "Nothing is left of them: used, expired or withdrawn" in page
    assert entries(world) == 5
    csv = b"".join(desk.get(f"{url}result.csv").streaming_content).decode()
    assert csv.splitlines()[2].startswith('Person 001,p1@acme.example,Issued,5 sessions left,"1 of 5 taken back')
    assert len(csv.splitlines()) == 4


def test_what_was_given_back_by_hand_stays_given_back_once(desk):
    world = desk.world
    ann, ben = people(world, 5, 5)
    done = desk.used([ann, ben], expected=2, amount=3)
    work()
    with inside(world):
        uses = [row.entry for row in Row.objects.filter(bulk=done).order_by("pk")]
        for use, amount in zip(uses, (3, 1), strict=True):
            credits.reverse(
                account=world.account, use=use, amount=amount, key=uuid.uuid4(), reason="x", actor=world.actor
            )
    factories.consume(world, 2, to=ann)
    desk.post(f"bulk/{done.public_id}/undo")
    work()
    assert free(world, [ann, ben]) == [3, 5]
    assert undone(world) == [("Person 000", "nothing", None), ("Person 001", "part", 2)]
    page = text(desk.get(f"bulk/{done.public_id}/"))
    assert "Already given back by hand" in page
    assert "2 of 3 given back, 1 was given back or withdrawn before" in page
