"""Views that ask a provider hold no scope: what lets members in refuses to be called inside one."""

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from simplero.tenancy.database import connection
from simplero.tenancy.scope import ScopeError, scope
from simplero.web.access import staff_outside


@staff_outside(can="purchases")
def view(request):
    return HttpResponse(f"{request.account.slug} {connection.account_id}")


def asked(user):
    request = RequestFactory().get("/a/acme/somewhere")
    request.user = user
    return request


def test_no_scope_is_open_and_the_account_is_known(acme):
    answer = view(asked(acme.admin), "acme")
    assert answer.content == b"acme None"
    assert "no-store" in answer["Cache-Control"]
    assert view.can == "purchases"


def test_inside_a_scope_it_refuses(acme):
    with scope(acme.account), pytest.raises(ScopeError, match="inside a scope"):
        view(asked(acme.admin), "acme")


def test_an_unknown_permission_is_a_bug_found_at_once():
    with pytest.raises(KeyError):
        staff_outside(can="fly")


@pytest.mark.parametrize("who", ["assistant", "stranger"])
def test_to_others_it_does_not_exist(acme, zen, who):
    with pytest.raises(Http404):
        view(asked(acme.assistant if who == "assistant" else zen.owner), "acme")
