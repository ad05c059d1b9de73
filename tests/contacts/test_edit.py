import re

from .world import facts, person, rows, stored, url, words_of


def seen(html):
    return re.search(r'name="seen" value="([^"]+)"', html).group(1)


def opened(client, world, contact):
    """The form as it is rendered now, as the browser would send it back."""
    form = client.get(url(world, contact, "edit")).context["form"]
    return {name: form[name].value() for name in ("name", "email", "phone", "company", "seen")}


def test_changes_are_kept_found_and_told_of_without_their_words(desk, acme):
    contact = person(acme, "Ann Smith", email="ann@x.example", tags=["VIP"])
    answer = desk.post(url(acme, contact, "edit"), {**opened(desk, acme, contact), "name": "Ann Østby", "phone": "12"})
    assert answer.status_code == 303
    assert answer["Location"] == url(acme, contact)
    assert stored(contact).name_key == "ann ostby"
    assert words_of(contact) == {"ann", "ostby", "ann@x.example", "x", "example", "vip"}
    assert facts(acme)[-1] == ("contact.changed", {"fields": ["name", "phone"]})


def test_nothing_changed_is_no_event(desk, acme):
    contact = person(acme, "Ann")
    before = rows(acme)
    assert desk.post(url(acme, contact, "edit"), opened(desk, acme, contact)).status_code == 303
    assert rows(acme) == before


def test_the_second_of_two_editors_is_told_and_loses_nothing(desk, acme):
    contact = person(acme, "Ann", phone="1")
    mine = {**opened(desk, acme, contact), "phone": "222", "company": "Mine"}
    theirs = {**opened(desk, acme, contact), "name": "Anna"}
    assert desk.post(url(acme, contact, "edit"), theirs).status_code == 303
    before = rows(acme)

    answer = desk.post(url(acme, contact, "edit"), mine)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed this contact" in html
    assert "“Anna”" in html
    assert 'value="222"' in html
    assert 'value="Mine"' in html
    assert rows(acme) == before

    again = desk.post(url(acme, contact, "edit"), {**mine, "seen": seen(html)})
    assert again.status_code == 303
    assert (stored(contact).name, stored(contact).phone) == ("Ann", "222")


def test_both_editors_typing_the_same_is_no_conflict(desk, acme):
    contact = person(acme, "Ann")
    mine = {**opened(desk, acme, contact), "name": "Anna"}
    assert desk.post(url(acme, contact, "edit"), mine).status_code == 303
    assert desk.post(url(acme, contact, "edit"), mine).status_code == 303
    assert [kind for kind, _ in facts(acme)] == ["contact.created", "contact.changed"]


def test_a_form_without_its_seal_overwrites_nothing(desk, acme):
    contact = person(acme, "Ann")
    assert desk.post(url(acme, contact, "edit"), {"name": "Anna"}).status_code == 409
    assert stored(contact).name == "Ann"


def test_an_address_taken_is_refused(desk, acme):
    contact, other = person(acme, "Ann", email="ann@x.example"), person(acme, "Berta", email="b@x.example")
    before = rows(acme)
    answer = desk.post(url(acme, contact, "edit"), {**opened(desk, acme, contact), "email": "B@x.example"})
    assert answer.status_code == 409
    assert f'href="{url(acme, other)}"' in answer.content.decode()
    assert rows(acme) == before


def test_ones_own_address_may_change_its_case(desk, acme):
    contact = person(acme, "Ann", email="ann@x.example")
    assert (
        desk.post(url(acme, contact, "edit"), {**opened(desk, acme, contact), "email": "Ann@X.example"}).status_code
        == 303
    )
    assert stored(contact).email == "Ann@X.example"
