"""Marketing → Automations: the list, and what is done with a whole automation."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from automations.models import Flow, Of, Run, State
from automations.services import examples
from automations.services import flows as services
from automations.services.flows import Terms
from simplero.outbox.models import Event
from tests import factories
from tests.automations.desk import HERE, Desk, at, flows, fresh, seen, steps, versions
from tests.automations.flows import enter, flow, publish, step, work
from tests.factories import inside

pytestmark = pytest.mark.django_db

WAIT = step("wait", **{"for": "while", "number": 3, "unit": "days"})


@pytest.fixture
def desk(acme, zen):
    client = Client()
    client.force_login(acme.admin)
    return Desk(client, acme)


def new(name="Welcome", **more):
    return {"name": name, "key": str(uuid.uuid4()), "begin": "nothing", **more}


def test_a_new_automation_is_off_and_opens_in_the_builder(desk, acme):
    form = new("  Welcome  home ")
    answer = desk.post("new", form)
    [made] = flows(acme)
    assert (made.name, made.of, made.enabled, made.deleted_at) == ("Welcome home", Of.AUTOMATION, False, None)
    assert (answer.status_code, answer["Location"]) == (303, at(made))
    assert [(one.number, one.published_at, one.steps) for one in versions(acme, made)] == [(1, None, [])]
    assert desk.post("new", form)["Location"] == at(made)
    assert len(flows(acme)) == 1
    assert desk.post("new", {**form, "name": "Another"}).status_code == 303
    assert len(flows(acme)) == 2


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused_and_stays(desk, acme, name):
    answer = desk.post("new", new(name))
    assert answer.status_code == 422
    assert "name" in answer.context["form"].errors
    assert flows(acme) == []


def test_it_may_begin_with_an_example(desk, acme):
    assert "begin" not in desk.get("new").context["form"].fields
    acme.session  # noqa: B018  made when asked for
    offered = [one["url"] for one in desk.get().context["examples"]]
    assert offered == [f"{HERE}new?begin={code}" for code in ("welcome", "expiring", "monthly")]
    assert desk.get("new?begin=welcome").context["form"]["name"].value() == "Welcome"
    for code in ("welcome", "expiring", "monthly"):
        desk.post("new", new(code, begin=code))
    with inside(acme):
        for made in Flow.objects.all():
            services.publish(account=acme.account, flow=made, seen=services.seen_of(made), actor=acme.actor)
        assert len({one.code for one in examples.offered(acme.account)}) == 3
    assert all(versions(acme, made)[0].published_at for made in flows(acme))
    assert [one["kind"] for one in steps(acme, flows(acme)[2])] == ["consume", "wait", "jump"]


def test_the_list_says_who_is_where_and_nothing_of_others(desk, acme, zen):
    made = flow(acme, WAIT)
    flow(zen, WAIT, name="Foreign")
    flow(acme, WAIT, name="A trigger's", of=Of.TRIGGER)
    runs = [enter(acme, made, factories.contact(acme)) for _ in range(4)]
    with inside(acme):
        Run.objects.filter(pk=runs[0].pk).update(state=State.ATTENTION, reason="failed", due=None)
        for run, state in ((runs[1], State.FINISHED), (runs[2], State.STOPPED)):
            Run.objects.filter(pk=run.pk).update(state=state, due=None, one_for=None, ended_at=run.started_at)
    page = desk.get()
    [row] = page.context["rows"]
    assert (row["flow"], row["status"]["words"]) == (made, "On")
    assert (row["counts"].inside, row["counts"].attention, row["counts"].finished) == (2, 1, 1)
    assert row["last"].startswith("Today")
    assert "Foreign" not in page.content.decode()


def test_the_list_asks_as_much_for_one_as_for_many(desk, acme):
    flow(acme, WAIT)
    desk.get()
    with CaptureQueriesContext(
        connection,
    ) as one:
        desk.get()
    for number in range(12):
        flow(acme, WAIT, name=f"Flow {number}")
    with CaptureQueriesContext(connection) as many:
        desk.get()
    assert len(many) == len(one), "\n".join(query["sql"] for query in many)


def test_long_lists_have_pages(desk, acme):
    for number in range(53):
        flow(acme, name=f"Flow {number:02}")
    first = desk.get().context
    second = desk.get(first["older"]).context
    shown = [row["flow"].name for row in (*first["rows"], *second["rows"])]
    assert shown == [f"Flow {number:02}" for number in range(53)]
    assert (second["older"], bool(second["newer"])) == ("", True)
    assert desk.get("?after=x").status_code == 200


def test_settings_are_saved_and_somebody_elses_are_not_overwritten(desk, acme):
    made = flow(acme, WAIT)
    form = {
        **desk.get(at(made, "settings")).context["form"].initial,
        "name": "Renamed",
        "once": "once",
        "several": "several",
    }
    assert desk.post(at(made, "settings"), form).status_code == 303
    changed = fresh(acme, made)
    assert (changed.name, changed.once, changed.several) == ("Renamed", True, True)
    stale = desk.post(at(made, "settings"), {**form, "name": "Mine"})
    assert stale.status_code == 409
    assert fresh(acme, made).name == "Renamed"
    assert stale.context["form"]["name"].value() == "Mine"
    again = {name: stale.context["form"][name].value() for name in ("name", "once", "several", "seen")}
    assert desk.post(at(made, "settings"), again).status_code == 303
    assert fresh(acme, made).name == "Mine"


def test_it_is_switched_off_and_on_where_something_is_published(desk, acme):
    made = flow(acme, WAIT)
    inside_it = enter(acme, made)
    assert desk.post(at(made, "switch"), {"on": "0", "from": "list"})["Location"] == HERE
    assert not fresh(acme, made).enabled
    with inside(acme):
        assert Run.objects.get(pk=inside_it.pk).ended_at is None
    desk.post(at(made, "switch"), {"on": "1"})
    desk.post(at(made, "switch"), {"on": "1"})
    assert fresh(acme, made).enabled
    desk.post("new", new("Empty"))
    empty = flows(acme)[-1]
    desk.post(at(empty, "switch"), {"on": "1"})
    assert not fresh(acme, empty).enabled
    assert "Publish its steps first" in desk.get().content.decode()


def test_a_copy_has_the_steps_and_is_off(desk, acme):
    made = flow(acme, WAIT, name="N" * 80, once=True)
    key = str(uuid.uuid4())
    answer = desk.post(at(made, "duplicate"), {"key": key})
    assert desk.post(at(made, "duplicate"), {"key": key})["Location"] == answer["Location"]
    _, copy = flows(acme)
    assert (copy.enabled, copy.once, copy.started, len(copy.name)) == (False, True, 0, 80)
    assert copy.name.startswith("Copy of N")
    assert (steps(acme, copy), versions(acme, copy)[0].published_at) == ([WAIT], None)


def test_deleting_stops_who_is_inside_and_keeps_history(desk, acme):
    made, other = flow(acme, WAIT), flow(acme, step("start", flow=0), name="Other")
    publish(acme, other, step("start", flow=made.pk))
    runs = [enter(acme, made, factories.contact(acme)), enter(acme, made)]
    page = desk.get(at(made, "delete")).content.decode()
    assert "2 contacts are inside" in " ".join(page.split())
    assert "“Other”" in page
    assert desk.post(at(made, "delete"))["Location"] == HERE
    gone = fresh(acme, made)
    assert (gone.enabled, gone.deleted_at is not None) == (False, True)
    work()
    with inside(acme):
        found = Run.objects.filter(pk__in=[run.pk for run in runs])
        assert {(run.state, run.reason) for run in found} == {(State.STOPPED, "deleted")}
    assert desk.get(at(made)).status_code == 404
    assert "Welcome" not in [row["flow"].name for row in desk.get().context["rows"]]
    assert desk.post(at(made, "delete")).status_code == 404


def test_many_inside_are_stopped_by_a_worker_in_chunks(acme, monkeypatch):
    monkeypatch.setattr(services, "CHUNK", 2)
    made = flow(acme, WAIT)
    for _ in range(5):
        enter(acme, made, factories.contact(acme))
    with inside(acme):
        services.delete(account=acme.account, flow=made, actor=acme.actor)
        assert Run.objects.filter(ended_at=None).count() == 5
    work()
    with inside(acme):
        assert Run.objects.filter(ended_at=None).count() == 0
        assert set(Run.objects.values_list("state", "reason")) == {(State.STOPPED, "deleted")}


def test_nothing_is_done_with_what_is_deleted(acme):
    made = flow(acme, WAIT)
    with inside(acme):
        services.delete(account=acme.account, flow=made, actor=acme.actor)
        common = {"account": acme.account, "flow": made, "actor": acme.actor}
        for do in (
            lambda: services.switch(**common, enabled=True),
            lambda: services.edit(**common, terms=Terms("New"), seen=Terms.of(made).seal),
            lambda: services.change(**common, seen=services.seen_of(made), how=list),
            lambda: services.publish(**common, seen=services.seen_of(made)),
            lambda: services.duplicate(**common),
        ):
            with pytest.raises(services.Unacceptable, match="deleted"):
                do()
    assert not fresh(acme, made).enabled


def test_an_assistant_sees_none_of_it(acme, zen):
    made = flow(acme, WAIT)
    client = Client()
    client.force_login(acme.assistant)
    assert client.get(HERE).status_code == client.get(at(made)).status_code == 404
    assert client.post(at(made, "switch"), {"on": "0"}).status_code == 404
    assert fresh(acme, made).enabled


def test_another_accounts_automation_does_not_exist(desk, acme, zen):
    theirs = flow(zen, WAIT)
    for path in ("steps", "versions", "settings", "delete"):
        assert desk.get(at(theirs, path)).status_code == 404
    for path in ("switch", "duplicate", "delete", "publish", "steps/do", "versions/renew", "discard"):
        assert desk.post(at(theirs, path), {"on": "0", "seen": seen(zen, theirs)}).status_code == 404
    assert fresh(zen, theirs).enabled


def test_what_staff_do_is_written_down_with_who_did_it(acme):
    everything = {"account": acme.account, "actor": acme.actor}
    with inside(acme):
        made = services.add(**everything, terms=Terms("New"), steps=[WAIT], key=uuid.uuid4())
        services.publish(**everything, flow=made, seen=services.seen_of(made))
        services.edit(**everything, flow=made, terms=Terms("Newer", once=True), seen=Terms.of(made).seal)
        for _ in range(2):
            services.switch(**everything, flow=made, enabled=True)
        services.delete(**everything, flow=made)
        told = (
            Event.objects.filter(kind__startswith="automation.").order_by("pk").values_list("kind", "body", "actor_id")
        )
        assert list(told) == [
            ("automation.added", {"flow_id": made.pk}, acme.owner.pk),
            ("automation.published", {"flow_id": made.pk, "version": 1}, acme.owner.pk),
            ("automation.changed", {"flow_id": made.pk, "fields": ["name", "once"]}, acme.owner.pk),
            ("automation.switched", {"flow_id": made.pk, "on": True}, acme.owner.pk),
            ("automation.deleted", {"flow_id": made.pk}, acme.owner.pk),
        ]
