"""Sessions in the database, where a database that goes away is not taken for a session that is gone."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """Write the session. Raises UpdateError when it is gone, OperationalError when the database is.

        Django tells of both as UpdateError and answers 400, do not ask again, to a request that may have been done.
        """
        try:
            super().save(must_create=must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise
