"""After a change one looks at the new state, also where that is another place of the page one is on."""

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from simplero.web.http import see_other

HOST = "http://testserver"


def answer(to, on=""):
    request = RequestFactory().post(
        "/a/acme/change", headers={"HX-Request": "true", "HX-Current-URL": HOST + on} if on else {}
    )
    request.htmx = HtmxDetails(request)
    return see_other(request, to)


def test_a_browser_asks_with_get():
    response = answer("/a/acme/thing#part")
    assert (response.status_code, response["Location"]) == (303, "/a/acme/thing#part")


@pytest.mark.parametrize(
    ("to", "on", "afresh"),
    [
        ("/a/acme/thing#part", "/a/acme/thing", True),
        ("/a/acme/thing#part", "/a/acme/thing#other", True),
        ("/a/acme/thing?x=1#part", "/a/acme/thing?x=1", True),
        ("/a/acme/thing#part", "/a/acme/other", False),
        ("/a/acme/thing#part", "/a/acme/thing?x=1", False),
        ("/a/acme/thing", "/a/acme/thing", False),
    ],
)
def test_htmx_takes_the_page_afresh_where_a_browser_would_only_scroll(to, on, afresh):
    response = answer(to, on)
    assert response["HX-Redirect"] == to
    assert ("HX-Refresh" in response) == afresh
