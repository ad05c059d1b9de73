"""The default connection under its true type, our backend's; each thread has its own behind it."""

from typing import cast

from django.db import connection as _connection

from .postgres.base import DatabaseWrapper

connection = cast(DatabaseWrapper, _connection)
