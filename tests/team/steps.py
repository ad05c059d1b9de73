"""What several of these tests do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

NEW_PASSWORD = "another battery staple"  # noqa: S105


def ask_for_reset(client, email):
    return client.post("/accounts/password/reset/", {"email": email})


def follow_reset(client, path, password=NEW_PASSWORD):
    """Open the link and choose a password; allauth keeps the key in the session, out of the address."""
    form = client.get(path, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


def in_threads(*calls):
    """Run the calls at the same moment, each on a connection of its own; their results or exceptions in order."""
    together = Barrier(len(calls))

    def run(call):
        try:
            together.wait()
            return call()
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
