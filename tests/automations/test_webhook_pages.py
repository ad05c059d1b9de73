"""Settings → Webhooks: what may be called, the secret, and what was said."""

import html
import re
import uuid

import pytest
from django.db import connection
from django.test import Client

from automations.models import Call, Endpoint
from automations.services import endpoints
from simplero.lib.calling import Address
from simplero.outbox import handlers
from simplero.outbox.models import Event
from simplero.outbox.relay import relay
from simplero.tenancy.scope import now, scope
from tests import nameserver
from tests.assertions import nothing_moved
from tests.factories import inside
from tests.listener import listening, says
from tests.sql_guard import unguarded

ROOT = "/a/acme/settings/webhooks/"
HERE = "https://hooks.example.com/in"


@pytest.fixture
def names(settings):
    with nameserver.running() as started:
        started.addresses = {
            "hooks.example.com": ["93.184.216.34"],
            "inside.example.com": ["93.184.216.34", "10.0.0.1"],
        }
        settings.DNS_SERVER = started.address
        yield started


@pytest.fixture
def staff(client, acme, zen, names):
    client.force_login(acme.admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def endpoint(world, url=None, name="Booking tool"):
    with inside(world):
        made = endpoints.add(
            account=world.account, name=name, address=url or Address("hooks.example.com", "/in"), actor=world.actor
        )
        made.refresh_from_db()
        return made


def facts(world):
    with inside(world):
        return [event.kind for event in Event.objects.filter(kind__startswith="endpoint.").order_by("pk")]


def rows(world):
    with inside(world):
        return list(Endpoint.objects.order_by("pk").values_list("name", "url"))


def secret(world, of):
    with inside(world):
        return endpoints.secret_of(world.account, Endpoint.objects.get(pk=of.pk))


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page)[1]


def text(answer):
    return html.unescape(answer.content.decode())


def test_add_one(staff, acme, zen):
    assert "No webhooks yet" in text(staff.get(ROOT))
    answer = staff.post(f"{ROOT}add", {"name": " Booking  tool ", "address": "HTTPS://hooks.example.com:443/in "})
    assert answer.status_code == 303
    assert rows(acme) == [("Booking tool", HERE)]
    assert (facts(acme), facts(zen), rows(zen)) == (["endpoint.added"], [], [])
    page = text(staff.get(answer["Location"]))
    assert HERE in page
    assert "Not called yet" in page
    assert "Booking tool" in text(staff.get(ROOT))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "begins with https://"),
        ("http://hooks.example.com/in", "begins with https://"),
        ("https://user:pass@hooks.example.com/", "before the @"),
        ("https://hooks.example.com:8080/", "only 443"),
        ("https://127.0.0.1/", "Numbers are not called"),
        ("https://2130706433/", "Numbers are not called"),
        ("https://localhost/", "Name the host"),
        ("https://inside.example.com/", "leads into a private network"),
        ("https://hoooks.example.com/", "There is no host hoooks.example.com. Check the spelling."),
    ],
)
@pytest.mark.parametrize("which", ["add", "edit"])
def test_a_bad_address_is_refused_at_once(staff, acme, which, address, words):
    here = endpoint(acme)
    url = f"{ROOT}add" if which == "add" else f"{ROOT}{here.public_id}/edit"
    with nothing_moved():
        answer = staff.post(url, {"name": "Other", "address": address})
    assert answer.status_code == 422
    assert words in text(answer)
    assert rows(acme) == [("Booking tool", HERE)]


def test_no_name(staff, acme):
    assert staff.post(f"{ROOT}add", {"name": " ", "address": HERE}).status_code == 422
    assert rows(acme) == []


def test_an_address_that_nobody_can_look_up_now_is_kept(staff, acme, names):
    names.broken = True
    assert staff.post(f"{ROOT}add", {"name": "Tool", "address": HERE}).status_code == 303
    assert len(rows(acme)) == 1


def test_as_a_dialog(staff):
    answer = staff.get(f"{ROOT}add", headers={"HX-Request": "true"})
    assert "<html" not in text(answer)
    answer = staff.post(f"{ROOT}add", {"name": "Tool", "address": HERE}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith(ROOT)


def test_no_more_than_there_may_be(staff, acme, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 1)
    endpoint(acme)
    answer = staff.post(f"{ROOT}add", {"name": "Other", "address": HERE})
    assert (answer.status_code, len(rows(acme))) == (409, 1)
    assert "at most 1 webhooks" in text(answer)


def test_edit(staff, acme):
    here = endpoint(acme)
    page = text(staff.get(f"{ROOT}{here.public_id}/edit"))
    assert f'value="{HERE}"' in page
    mine = {"name": "Tool", "address": f"{HERE}/2", "seen": hidden(page, "seen")}
    staff.post(f"{ROOT}{here.public_id}/edit", mine)
    assert rows(acme) == [("Tool", f"{HERE}/2")]
    assert staff.post(f"{ROOT}{here.public_id}/edit", mine).status_code == 303, "sent twice, it is one change"
    assert facts(acme) == ["endpoint.added", "endpoint.changed"]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(staff, acme):
    here = endpoint(acme)
    url = f"{ROOT}{here.public_id}/edit"
    seen = hidden(text(staff.get(url)), "seen")
    staff.post(url, {"name": "Theirs", "address": HERE, "seen": seen})
    answer = staff.post(url, {"name": "Mine", "address": HERE, "seen": seen})
    assert (answer.status_code, rows(acme)) == (409, [("Theirs", HERE)])
    assert "Somebody else has changed this webhook" in text(answer)
    staff.post(url, {"name": "Mine", "address": HERE, "seen": hidden(text(answer), "seen")})
    assert rows(acme) == [("Mine", HERE)]


def test_added_twice_it_is_one(staff, acme):
    page = text(staff.get(f"{ROOT}add"))
    form = {"name": "Tool", "address": HERE, "key": hidden(page, "key")}
    first, second = (staff.post(f"{ROOT}add", form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert (rows(acme), facts(acme)) == ([("Tool", HERE)], ["endpoint.added"])
    staff.post(f"{ROOT}add", form | {"name": "Other"})
    assert rows(acme) == [("Tool", HERE), ("Other", HERE)], "the same form with something else in it is another"


def test_the_secret_is_shown_only_where_it_is_asked_for(staff, acme):
    here = endpoint(acme)
    known = secret(acme, here)
    assert known.startswith("whsec_")
    assert known not in text(staff.get(f"{ROOT}{here.public_id}/"))
    answer = staff.get(f"{ROOT}{here.public_id}/secret")
    assert known in text(answer)
    assert "no-store" in answer["Cache-Control"]


def test_a_new_secret(staff, acme):
    here = endpoint(acme)
    before = secret(acme, here)
    with nothing_moved():
        page = text(staff.get(f"{ROOT}{here.public_id}/secret/new"))
    assert "24 hours" in page
    staff.post(f"{ROOT}{here.public_id}/secret/new", {"seen": hidden(page, "seen")})
    after = secret(acme, here)
    assert after != before
    assert "The one before is good until" in text(staff.get(f"{ROOT}{here.public_id}/"))
    assert facts(acme)[-1] == "endpoint.secret_renewed"
    with nothing_moved():
        for seen in (hidden(page, "seen"), ""):
            assert staff.post(f"{ROOT}{here.public_id}/secret/new", {"seen": seen}).status_code == 303
    assert "There has been a new secret since you opened this" in text(staff.get(f"{ROOT}{here.public_id}/"))
    with inside(acme):
        assert endpoints.secrets(acme.account, Endpoint.objects.get(pk=here.pk), now()) == [after, before]


def test_a_secret_that_cannot_be_opened(staff, acme, settings):
    here = endpoint(acme)
    settings.SECRETS_KEY, settings.SECRETS_KEY_FALLBACKS = "another", []
    assert "can't be opened any more" in text(staff.get(f"{ROOT}{here.public_id}/secret"))


def test_the_database_holds_no_secret(acme, names):
    here = endpoint(acme)
    with inside(acme):
        seen = endpoints.seal_of_secret(here)
        endpoints.renew_secret(account=acme.account, endpoint=here, seen=seen, actor=acme.actor)
    known = secret(acme, here)
    with unguarded(), scope(acme.account), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM automations_endpoint t")
        endpoint_rows = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(t::text, ' ') FROM outbox_event t")
        whole = endpoint_rows + cursor.fetchone()[0]
    assert str(here.public_id) in whole
    assert known not in whole
    assert known.removeprefix("whsec_") not in whole


def test_a_test_call(staff, acme, settings):
    with listening(plain=True) as there:
        settings.DEBUG, settings.TRIAL_HOSTS = True, {f"stub.example:{there.port}": "127.0.0.1"}
        there.behave = says("418 Teapot")
        here = endpoint(acme, Address("stub.example", "/in", there.port, "http"))
        page = f"{ROOT}{here.public_id}/"
        key = re.search(r'name="key" value="([^"]+)"', text(staff.get(page)))[1]
        for _ in range(2):
            assert staff.post(f"{page}test", {"key": key}).status_code == 303
        assert facts(acme) == ["endpoint.added", "endpoint.tested"], "sent twice, it is one"
        relay(queue=handlers.CALLS)
        assert len(there.heard) == 1
        shown = text(staff.get(page))
        assert "Test call" in shown
        assert "The answer was 418." in shown
        assert "Does not get through" in shown
        assert "did not get through" in shown
        there.behave = says()
        with inside(acme):
            call = Call.objects.get()
            Endpoint.objects.update(rests_until=None)
        assert staff.post(f"{page}calls/{call.public_id}/again").status_code == 303
        relay(queue=handlers.CALLS)
        assert len(there.heard) == 2
        shown = text(staff.get(page))
        assert "Delivered" in shown
        assert "Works" in shown
        assert "Works" in text(staff.get(ROOT))


def test_delete(staff, acme):
    here = endpoint(acme)
    staff.post(f"{ROOT}{here.public_id}/test")
    with nothing_moved():
        assert "1 call that waits is" in text(staff.get(f"{ROOT}{here.public_id}/delete"))
    assert staff.post(f"{ROOT}{here.public_id}/delete").status_code == 303
    assert staff.get(f"{ROOT}{here.public_id}/").status_code == 404
    assert "No webhooks yet" in text(staff.get(ROOT))
    with inside(acme):
        assert [call.state for call in Call.objects.all()] == ["failed"]
    assert facts(acme)[-1] == "endpoint.deleted"
    assert staff.post(f"{ROOT}{here.public_id}/delete").status_code == 404


def test_calls_are_paged(staff, acme):
    here = endpoint(acme)
    for _ in range(30):
        with inside(acme):
            endpoints.test(account=acme.account, endpoint=here, key=uuid.uuid4(), actor=acme.actor)
    first = text(staff.get(f"{ROOT}{here.public_id}/"))
    assert first.count("<small>Today") == 25
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]
    assert text(staff.get(older)).count("<small>Today") == 5
    assert staff.get(f"{ROOT}{here.public_id}/?after=nonsense").status_code == 200


def test_a_name_is_text(staff, acme):
    here = endpoint(acme, name="<script>alert(1)</script>")
    for page in (ROOT, f"{ROOT}{here.public_id}/", f"{ROOT}{here.public_id}/delete"):
        assert b"<script>alert(1)" not in staff.get(page).content


def test_what_is_another_accounts_does_not_exist(staff, acme, zen):
    mine, theirs = endpoint(acme), endpoint(zen)
    for path in ("", "edit", "secret", "secret/new", "delete"):
        assert staff.get(f"{ROOT}{theirs.public_id}/{path}").status_code == 404
        assert staff.get(f"/a/zen/settings/webhooks/{theirs.public_id}/{path}").status_code == 404
    with nothing_moved():
        for path in ("edit", "secret/new", "delete", "test"):
            body = {"name": "Mine", "address": HERE}
            assert staff.post(f"{ROOT}{theirs.public_id}/{path}", body).status_code == 404
    with inside(acme):
        endpoints.test(account=acme.account, endpoint=mine, key=uuid.uuid4(), actor=acme.actor)
        call = Call.objects.get()
    other = endpoint(acme, name="Other")
    assert staff.post(f"{ROOT}{other.public_id}/calls/{call.public_id}/again").status_code == 404


def test_assistants_have_no_webhooks(acme, zen, names):
    client = Client()
    client.force_login(acme.assistant, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(ROOT).status_code == 404
    assert client.post(f"{ROOT}add", {"name": "Tool", "address": HERE}).status_code == 404
    assert rows(acme) == []
