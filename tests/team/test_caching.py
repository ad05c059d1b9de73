import pytest


@pytest.mark.parametrize(
    "path", ["/me/", "/", "/a/acme/settings/members/", "/a/acme/settings/account/", "/a/acme/settings/roles/"]
)
def test_private_pages_are_kept_nowhere(client, acme, path):
    """Else the next person at this browser, or behind this proxy, would read another account's page."""
    client.force_login(acme.owner)
    answer = client.get(path)
    assert {"private", "no-store"} <= {part.strip() for part in answer["Cache-Control"].split(",")}


@pytest.mark.parametrize(
    "path", ["/accounts/email/", "/accounts/2fa/", "/accounts/sessions/", "/accounts/reauthenticate/"]
)
def test_so_are_ones_own(client, acme, path):
    client.force_login(acme.owner)
    assert "no-store" in client.get(path).headers.get("Cache-Control", "")
