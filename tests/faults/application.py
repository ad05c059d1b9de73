"""The web application, with points at which its processes die."""

from simplero.wsgi import application
from tests.faults import failpoints

__all__ = ["application"]

failpoints.install(lock="credits_consume", entry="credits_consume")
