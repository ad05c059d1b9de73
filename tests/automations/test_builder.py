"""The builder: a draft edited step by step, published or discarded, by several people at once."""

import pytest
from django.db import DatabaseError
from django.test import Client

from automations import programs
from automations.models import Run, Version
from automations.programs import END, Place
from automations.services import flows as services
from contacts.models import Tag
from credits import services as credits
from tests import factories
from tests.automations.desk import Desk, at, fresh, seen, steps, versions
from tests.automations.flows import enter, flow, publish, step, tag
from tests.factories import inside

pytestmark = pytest.mark.django_db

ONE, TWO = step("tag", "one", tag=0), step("stop", "two")


@pytest.fixture
def desk(acme, zen):
    client = Client()
    client.force_login(acme.admin)
    return Desk(client, acme)


@pytest.fixture
def welcome(acme):
    """Two steps, live."""
    vip = tag(acme)
    return flow(
        acme, step("tag", "one", tag=vip.pk), step("wait", "two", **{"for": "while", "number": 3, "unit": "days"})
    )


def keys(world, of):
    return [one["key"] for one in programs.walk(steps(world, of))]


def do(desk, of, what, **more):
    return desk.post(at(of, "steps/do"), {"do": what, "seen": seen(desk.world, of), **more})


def change(world, of, how, *, by_seen=""):
    with inside(world):
        services.change(
            account=world.account, flow=of, seen=by_seen or services.seen_of(of), how=how, actor=world.actor
        )


def test_a_step_is_added_where_it_was_asked_for_and_nothing_is_live(desk, acme, welcome):
    session = acme.session
    path = at(welcome, f"steps/add?at={Place(before='two')}&kind=consume")
    form = {
        "credit_type": session.public_id,
        "amount": "2",
        "short": "stop",
        "seen": seen(acme, welcome),
        "key": "k0123456789",
    }
    answer = desk.post(path, form)
    assert (answer.status_code, answer["Location"]) == (303, at(welcome, "steps?at=k0123456789"))
    assert keys(acme, welcome) == ["one", "k0123456789", "two"]
    assert steps(acme, welcome)[1]["settings"] == {"credit_type": session.pk, "amount": 2, "short": "stop"}
    live, draft = versions(acme, welcome)
    assert (len(live.steps), draft.published_at, draft.revision) == (2, None, 1)
    page = desk.get(at(welcome)).content.decode()
    assert "Changes are not live yet." in page
    assert "Consume 2 sessions" in page
    # The same form again, from a browser that sent it twice: it is there.
    assert desk.post(path, form).status_code == 303
    assert keys(acme, welcome) == ["one", "k0123456789", "two"]


def test_the_kinds_are_offered_in_groups(desk, welcome):
    groups = desk.htmx(at(welcome, "steps/add")).context["groups"]
    assert {group["title"]: [one["kind"].label for one in group["kinds"]] for group in groups} == {
        "Actions": [
            *(
                "Consume credits",
                "Issue credits",
                "Add a tag",
                "Remove a tag",
                "Start an automation",
                "Stop an automation",
            ),
            *("Send an email", "Call a webhook", "Notify staff"),
        ],
        "Timing": ["Wait"],
        "Logic": ["Condition", "Jump", "Stop"],
    }
    assert desk.post(at(welcome, "steps/add"), {}).status_code == 404
    assert desk.post(at(welcome, "steps/add?kind=wait"), {}).status_code == 404


def test_what_cannot_be_kept_is_said_and_stays_as_typed(desk, acme, welcome):
    form = {"credit_type": acme.session.public_id, "amount": "none", "short": "stop", "seen": seen(acme, welcome)}
    answer = desk.post(at(welcome, "steps/add?kind=consume"), form)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"amount"}
    assert answer.context["form"]["amount"].value() == "none"
    assert len(versions(acme, welcome)) == 1


WAITS = [
    ("for=while", {"number": "3", "unit": "weeks"}, {"for": "while", "number": 3, "unit": "weeks"}, "Wait 3 weeks"),
    ("for=weekday", {"weekday": "0", "time": "08:30"}, {"for": "weekday", "weekday": 0, "time": "08:30"}, "Wait until Monday at 08:30"),
    (
        "for=date",
        {"date": "2027-01-31", "time": "09:00"},
        {"for": "date", "date": "2027-01-31", "time": "09:00"},
        "Wait until 31 January 2027 at 09:00",
    ),
    (
        "for=event&occasion=purchase.activated",
        {"event-first": "on", "number": "1", "unit": "months"},
        {"for": "event", "occasion": "purchase.activated", "event": {"first": True}, "number": 1, "unit": "months"},
        "Wait until any product is bought for the first time, at most 1 month",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("way", "typed", "kept", "words"), WAITS)
def test_waits_are_kept_and_said(desk, acme, welcome, way, typed, kept, words):
    path = at(welcome, f"steps/add?kind=wait&{way}")
    assert desk.htmx(path).status_code == 200
    assert desk.post(path, {**typed, "seen": seen(acme, welcome), "key": "k0123456789"}).status_code == 303
    assert steps(acme, welcome)[2] == {"key": "k0123456789", "kind": "wait", "settings": kept}
    page = desk.get(at(welcome))
    assert page.context["cards"][2].words == words
    # Opened again it shows what is kept, and saved unchanged it stays.
    edit = at(welcome, "steps/edit?step=k0123456789")
    shown = desk.get(edit).context
    fields = {f.html_name: f.value() for form in (shown["form"], shown["event"]) if form for f in form}
    same = {name: value for name, value in fields.items() if value is not None and value is not False}
    assert desk.post(edit, {**same, "seen": shown["seen"]}).status_code == 303
    assert steps(acme, welcome)[2]["settings"] == kept


@pytest.mark.parametrize(
    ("way", "typed", "wrong"),
    [
        ("for=while", {"number": "0", "unit": "years"}, {"number", "unit"}),
        ("for=weekday", {"weekday": "7", "time": "24:00"}, {"weekday", "time"}),
        ("for=date", {"date": "2027-02-30", "time": ""}, {"date", "time"}),
        ("for=expiry", {"days": "-1"}, {"credit_type", "days"}),
        ("for=event&occasion=tag.added", {"number": "", "unit": "days"}, {"number"}),
    ],
)
def test_waits_say_what_is_wrong(desk, acme, welcome, way, typed, wrong):
    answer = desk.post(at(welcome, f"steps/add?kind=wait&{way}"), {**typed, "seen": seen(acme, welcome)})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == wrong
    assert len(versions(acme, welcome)) == 1


def test_a_wait_until_credits_expire_names_the_type(desk, acme, welcome):
    form = {"credit_type": acme.session.public_id, "days": "7", "seen": seen(acme, welcome), "key": "k0123456789"}
    desk.post(at(welcome, "steps/add?kind=wait&for=expiry"), form)
    assert steps(acme, welcome)[2]["settings"] == {"for": "expiry", "credit_type": acme.session.pk, "days": 7}
    assert desk.get(at(welcome)).context["cards"][2].words == "Wait until 7 days before sessions expire"


def test_a_wait_may_be_made_another_wait(desk, acme, welcome):
    chosen = desk.htmx(at(welcome, "steps/edit?step=two&choose=1")).context
    urls = [option["url"] for option in chosen["groups"][0]["options"]]
    assert f"{at(welcome, 'steps/edit')}?step=two&for=weekday" in urls
    events = desk.htmx(urls[-1]).context["groups"]
    assert [group["title"] for group in events] == ["Purchases", "Credits", "Contacts"]
    desk.post(urls[1], {"weekday": "4", "time": "10:00", "seen": seen(acme, welcome)})
    assert steps(acme, welcome)[1]["settings"] == {"for": "weekday", "weekday": 4, "time": "10:00"}


def test_a_condition_has_branches_to_add_steps_to(desk, acme, welcome):
    vip = tag(acme, "Regular")
    rows = {
        "if0-holds": "not-tag",
        "if0-tag": vip.public_id,
        "if1-holds": "credits",
        "if1-least": "2",
        "if1-credit_type": acme.session.public_id,
    }
    desk.post(at(welcome, "steps/add?kind=condition"), {**rows, "seen": seen(acme, welcome), "key": "k0123456789"})
    card = desk.get(at(welcome)).context["cards"][2]
    assert card.words == "If the contact does not have the tag “Regular” and has at least 2 sessions"
    assert [branch.label for branch in card.branches] == ["Yes", "No"]
    inner = {"seen": seen(acme, welcome), "key": "k1123456789"}
    desk.post(at(welcome, f"steps/add?{card.branches[1].end}&kind=stop"), inner)
    assert steps(acme, welcome)[2]["no"] == [{"key": "k1123456789", "kind": "stop", "settings": {}}]


def test_consume_takes_another_branch_when_short(desk, acme, welcome):
    form = {"credit_type": acme.session.public_id, "amount": "1", "short": "branch"}
    desk.post(at(welcome, "steps/add?kind=consume"), {**form, "seen": seen(acme, welcome), "key": "k0123456789"})
    [branch] = desk.get(at(welcome)).context["cards"][2].branches
    assert branch.label == "If short"
    desk.post(at(welcome, f"steps/add?{branch.end}&kind=stop"), {"seen": seen(acme, welcome), "key": "k1123456789"})
    edit = at(welcome, "steps/edit?step=k0123456789")
    refused = desk.post(edit, {**form, "short": "stop", "seen": seen(acme, welcome)})
    assert refused.status_code == 409
    assert "short" in refused.context["form"].errors
    assert keys(acme, welcome) == ["one", "two", "k0123456789", "k1123456789"]


def test_a_jump_says_where_to_and_leads_to_no_step_that_is_gone(desk, acme, welcome):
    path = at(welcome, "steps/add?kind=jump")
    offered = [value for value, _ in desk.get(path).context["form"].fields["to"].choices]
    assert offered == ["", "one", "two"]
    desk.post(path, {"to": "one", "seen": seen(acme, welcome), "key": "k0123456789"})
    assert desk.get(at(welcome)).context["cards"][2].words == "Jump to step 1: Tag “VIP”"
    assert desk.post(path, {"to": "gone", "seen": seen(acme, welcome)}).status_code == 422
    do(desk, welcome, "delete:one")
    card = desk.get(at(welcome)).context["cards"][1]
    assert card.problems == ["The step that this jumps to is gone. Choose another."]
    empty = flow(acme, name="Empty")
    assert desk.get(at(empty, "steps/add?kind=jump")).context["none"]


# Moving, copying, deleting


def test_steps_are_moved_by_buttons(desk, acme, welcome):
    answer = do(desk, welcome, "down:one")
    assert (answer.status_code, answer["Location"]) == (303, at(welcome, "steps?at=one&did=down"))
    assert keys(acme, welcome) == ["two", "one"]
    assert 'id="down-one"' in desk.get(answer["Location"]).content.decode().split("autofocus")[0][-400:]
    do(desk, welcome, "up:one")
    do(desk, welcome, "up:one")
    assert keys(acme, welcome) == ["one", "two"]
    # As it is live: nothing is left to publish.
    assert "Changes are not live yet" not in desk.get(at(welcome)).content.decode()


def test_with_htmx_only_the_steps_come_and_are_told_aloud(desk, acme, welcome):
    answer = desk.htmx(at(welcome, "steps/do"), {"do": "down:one", "seen": seen(acme, welcome)})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert '<p id="flow-said" hx-swap-oob="innerHTML">Moved: now 2. Tag “VIP”, of 2.</p>' in page
    stale = desk.htmx(at(welcome, "steps/do"), {"do": "down:one", "seen": "old"})
    assert stale.status_code == 409
    assert 'role="alert"' in stale.content.decode()


def test_a_step_is_dropped_at_a_place(desk, acme, welcome):
    change(acme, welcome, lambda now: programs.insert(now, step("condition", "if", conditions=[]), END))
    do(desk, welcome, f"put:one:{Place('if', 'yes')}")
    assert keys(acme, welcome) == ["two", "if", "one"]
    assert do(desk, welcome, f"put:if:{Place('if', 'yes', 'one')}").status_code == 409
    assert do(desk, welcome, "put:one:nonsense").status_code == 409
    assert do(desk, welcome, "fly:one").status_code == 409
    assert keys(acme, welcome) == ["two", "if", "one"]
    desk.post(at(welcome, "steps/move?step=one"), {"place": str(Place(before="two")), "seen": seen(acme, welcome)})
    assert keys(acme, welcome) == ["one", "two", "if"]


def test_move_to_offers_every_other_place(desk, acme, welcome):
    change(
        acme,
        welcome,
        lambda now: programs.insert(
            now, step("condition", "if", conditions=[{"kind": "tag", "tag": 1, "is": True}]), END
        ),
    )
    offered = dict(desk.get(at(welcome, "steps/move?step=one")).context["form"].fields["place"].choices)
    assert list(offered) == ["", "..if", "if.yes.", "if.no.", ".."]
    assert offered["if.yes."] == "At the end of “Yes” of 3. If the contact has the tag a tag that is gone"
    assert desk.post(at(welcome, "steps/move?step=one"), {"place": "", "seen": seen(acme, welcome)}).status_code == 422
    for path in ("edit", "move", "delete"):
        assert desk.get(at(welcome, f"steps/{path}?step=gone"))["Location"] == at(welcome)


def test_a_copy_stands_behind_its_step(desk, acme, welcome):
    do(desk, welcome, "copy:one")
    one, copy, two = keys(acme, welcome)
    assert (one, two) == ("one", "two")
    assert copy not in ("one", "two")
    assert steps(acme, welcome)[1]["settings"] == steps(acme, welcome)[0]["settings"]


def test_deleting_a_step_with_steps_inside_asks(desk, acme, welcome):
    inner = step("condition", "if", yes=[step("stop", "three")], conditions=[{"kind": "tag", "tag": 1, "is": True}])
    change(acme, welcome, lambda now: programs.insert(now, inner, END))
    page = desk.get(at(welcome)).content.decode()
    assert "steps/delete?step=if" in page
    assert "steps/delete?step=one" not in page
    asked = desk.htmx(at(welcome, "steps/delete?step=if")).content.decode()
    assert "With it the step in its branches goes too." in " ".join(asked.split())
    do(desk, welcome, "delete:if")
    assert keys(acme, welcome) == ["one", "two"]


# Several people


def test_nobody_overwrites_what_somebody_else_has_changed(desk, acme, welcome):
    opened = desk.get(at(welcome, "steps/edit?step=two")).context["seen"]
    change(acme, welcome, lambda now: programs.shift(now, "two", up=True))
    typed = {"number": "5", "unit": "months", "seen": opened}
    stale = desk.post(at(welcome, "steps/edit?step=two"), typed)
    assert stale.status_code == 409
    assert "Somebody else has changed the steps" in stale.content.decode()
    assert stale.context["form"]["number"].value() == "5"
    assert steps(acme, welcome)[0]["settings"]["number"] == 3
    # What they were told of is now what they have seen.
    assert desk.post(at(welcome, "steps/edit?step=two"), {**typed, "seen": stale.context["seen"]}).status_code == 303
    assert steps(acme, welcome)[0]["settings"] == {"for": "while", "number": 5, "unit": "months"}


@pytest.mark.parametrize("path", ["steps/do", "publish", "discard", "steps/add?kind=stop", "steps/move?step=one"])
def test_what_was_opened_before_a_change_is_refused(desk, acme, welcome, path):
    change(acme, welcome, lambda now: programs.shift(now, "two", up=True))
    opened = seen(acme, welcome)
    change(acme, welcome, lambda now: programs.insert(now, step("stop", "three"), END))
    for old in (opened, "", "x"):
        answer = desk.post(at(welcome, path), {"seen": old, "do": "delete:one", "place": ".."})
        assert answer.status_code == 409
        assert "Somebody else has changed the steps" in answer.content.decode()
    assert keys(acme, welcome) == ["two", "one", "three"]
    assert [bool(one.published_at) for one in versions(acme, welcome)] == [True, False]


def test_a_draft_begun_anew_is_another_one(acme, welcome):
    change(acme, welcome, lambda now: programs.remove(now, "one"))
    old = seen(acme, welcome)
    with inside(acme):
        services.discard(account=acme.account, flow=welcome, seen=old, actor=acme.actor)
    change(acme, welcome, lambda now: programs.remove(now, "two"))
    with pytest.raises(services.Stale):
        change(acme, welcome, lambda now: programs.remove(now, "one"), by_seen=old)


# Publishing


def test_publishing_makes_the_draft_live_for_who_enters_from_now_on(desk, acme, welcome):
    before = enter(acme, welcome)
    do(desk, welcome, "delete:two")
    answer = desk.post(at(welcome, "publish"), {"seen": seen(acme, welcome)})
    assert (answer.status_code, answer["Location"]) == (303, at(welcome))
    after = enter(acme, welcome, factories.contact(acme))
    first, second = versions(acme, welcome)
    assert (before.version_id, after.version_id) == (first.pk, second.pk)
    assert [len(one.steps) for one in (first, second)] == [2, 1]
    page = desk.get(at(welcome, "versions"))
    assert [
        (row["edition"].version.number, row["edition"].inside, row["edition"].live) for row in page.context["rows"]
    ] == [
        (2, 1, True),
        (1, 1, False),
    ]
    shown = desk.get(at(welcome, "versions?show=1"))
    assert [card.words for card in shown.context["cards"]] == ["Tag “VIP”", "Wait 3 days"]
    assert "steps/edit" not in shown.content.decode()
    # Pressed twice there is nothing more to publish.
    assert desk.post(at(welcome, "publish"), {"seen": seen(acme, welcome)}).status_code == 303
    assert len(versions(acme, welcome)) == 2


def test_the_first_version_is_published_and_switched_on(desk, acme):
    desk.post("new", {"name": "Trial", "begin": "nothing"})
    with inside(acme):
        made = services.Flow.objects.get()
    empty = desk.post(at(made, "publish"), {"seen": seen(acme, made)})
    assert empty.status_code == 409
    assert "There are no steps yet" in empty.content.decode()
    desk.post(at(made, "steps/add?kind=stop"), {"seen": seen(acme, made)})
    assert "Nobody can enter until you publish" in desk.get(at(made)).content.decode()
    desk.post(at(made, "publish"), {"seen": seen(acme, made)})
    assert not fresh(acme, made).enabled
    desk.post(at(made, "switch"), {"on": "1"})
    assert fresh(acme, made).enabled


def test_discarding_goes_back_to_what_is_live(desk, acme, welcome):
    do(desk, welcome, "delete:one")
    assert "version 1" in desk.get(at(welcome, "discard")).content.decode()
    desk.post(at(welcome, "discard"), {"seen": seen(acme, welcome)})
    assert keys(acme, welcome) == ["one", "two"]
    assert len(versions(acme, welcome)) == 1


def test_what_a_step_needs_must_be_there(desk, acme, zen, welcome):
    """Each kind of thing that may be gone, by its step; another account's are not there either."""
    foreign = tag(zen)
    gone = {
        "consume": step("consume", "a", credit_type=0, amount=1, short="stop"),
        "tag": step("tag", "b", tag=foreign.pk),
        "start": step("start", "c", flow=flow(zen).pk),
        "webhook": step("webhook", "d", endpoint=0),
        "condition": step("condition", "e", conditions=[{"kind": "bought", "product": 0, "is": True}]),
        "wait": step("wait", "f", **{"for": "event", "occasion": "purchase.at_price", "event": {"price": 0, "product": 0}, "number": 1, "unit": "days"}),
        "jump": step("jump", "g", to="nowhere"),
        "itself": step("jump", "h", to="h"),
    }  # fmt: skip
    for one in gone.values():
        change(acme, welcome, lambda now, one=one: programs.insert(now, one))
    answer = desk.post(at(welcome, "publish"), {"seen": seen(acme, welcome)})
    assert answer.status_code == 409
    said = {card.key: card.problems for card in answer.context["cards"]}
    assert said == {
        "one": [],
        "two": [],
        "a": ["The credit type is gone. Choose another."],
        "b": ["The tag is gone. Choose another."],
        "c": ["The automation is gone. Choose another."],
        "d": ["The address to call is gone. Choose another."],
        "e": ["The product is gone. Choose another."],
        "f": ["The product is gone. Choose another.", "The price is gone. Choose another."],
        "g": ["The step that this jumps to is gone. Choose another."],
        "h": ["This jumps to itself. Choose another step."],
    }
    assert "8 steps need mending" in answer.content.decode()
    assert [bool(one.published_at) for one in versions(acme, welcome)] == [True, False]


def test_no_more_is_issued_of_what_is_archived(desk, acme, welcome):
    session = acme.session
    change(
        acme, welcome, lambda now: programs.insert(now, step("issue", "a", credit_type=session.pk, amount=1, expiry=""))
    )
    change(
        acme,
        welcome,
        lambda now: programs.insert(now, step("consume", "b", credit_type=session.pk, amount=1, short="skip")),
    )
    with inside(acme):
        credits.archive_type(account=acme.account, credit_type=session, actor=acme.actor)
    answer = desk.post(at(welcome, "publish"), {"seen": seen(acme, welcome)})
    cards = {card.key: card.problems for card in answer.context["cards"]}
    assert (answer.status_code, cards["b"]) == (409, [])
    assert cards["a"][0].startswith("“Session” is archived")


def test_a_deleted_automation_is_not_started(desk, acme, welcome):
    other = flow(acme, ONE, name="Other")
    change(acme, welcome, lambda now: programs.insert(now, step("start", "a", flow=other.pk)))
    with inside(acme):
        services.delete(account=acme.account, flow=other, actor=acme.actor)
    assert desk.post(at(welcome, "publish"), {"seen": seen(acme, welcome)}).status_code == 409
    with inside(acme):
        assert Tag.objects.count() == 1


def test_moving_to_the_newest(desk, acme, welcome, monkeypatch):
    runs = [enter(acme, welcome, factories.contact(acme)) for _ in range(3)]
    with inside(acme):
        Run.objects.filter(pk=runs[2].pk).update(step="two")
    publish(acme, welcome, step("stop", "one"))
    answer = desk.post(at(welcome, "versions/renew"))
    page = desk.get(answer["Location"]).content.decode()
    assert "2 contacts go on in the newest version now. 1 contact stays where they are" in page
    newest = versions(acme, welcome)[-1]
    with inside(acme):
        there = list(
            Run.objects.filter(pk__in=[run.pk for run in runs]).order_by("pk").values_list("version", flat=True)
        )
    assert there == [newest.pk, newest.pk, runs[2].version_id]


def test_many_are_moved_by_a_worker_in_chunks(acme, welcome, monkeypatch):
    monkeypatch.setattr(services, "CHUNK", 2)
    runs = [enter(acme, welcome, factories.contact(acme)) for _ in range(5)]
    newest = publish(acme, welcome, step("stop", "one"))
    with inside(acme):
        moved = services.move_to_newest(account=acme.account, flow=welcome, actor=acme.actor)
        assert (moved.moved, moved.later, moved.stay) == (0, 5, 0)
        turns = 1
        while not services.renew(account=acme.account, flow_id=welcome.pk):
            turns += 1
        assert turns == 3
        assert set(Run.objects.values_list("version", flat=True)) == {newest.pk}
    assert len(runs) == 5


def test_a_published_version_stays_as_it_is(acme, welcome):
    """By the database, whatever the code does."""
    [live] = versions(acme, welcome)
    for do in (
        lambda: Version.objects.filter(pk=live.pk).update(steps=[]),
        lambda: Version.objects.filter(pk=live.pk).delete(),
        lambda: Version.objects.filter(pk=live.pk).update(published_at=None),
    ):
        with pytest.raises(DatabaseError, match="stays as it is"), inside(acme):
            do()
    assert versions(acme, welcome)[0].steps == live.steps
