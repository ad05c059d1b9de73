"""Sessions in the database, where a database that goes away is not taken for a session that is gone."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError

from simplero.tenancy.trouble import is_ill


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """Write the session. Raises UpdateError when it is gone, DatabaseError when the database is, or takes no changes.

        Django tells of both as UpdateError and answers 400, do not ask again, to a request that may have been done.
        """
        try:
            super().save(must_create=must_create)
        except UpdateError as error:
            why = error.__context__
            if why is not None and (isinstance(why, OperationalError) or is_ill(why)):
                raise why from why.__cause__  # which says what is wrong with the database
            raise
