"""Who does what is under way, and from where: told to Postgres with the account, so that whatever writes down what happened (the
services, the posting functions, a trigger on a table) finds it there and nobody has to pass it on.

A deed is one request of a member of staff or, where nobody asks, one scope of a worker. Its id joins the events that say what
happened with the rows that say what changed. Not the transaction's own number: that begins anew after a restore.
"""

import ipaddress
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from .actors import Actor


@dataclass(frozen=True, slots=True)
class Deed:
    """`address` is the IP address a member of staff asked from, "" where that is not known or nobody's business: a customer's is
    personal data that an append-only row could not give up."""

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    actor: Actor | None = None
    address: str = ""

    def settings(self) -> str:
        """SET LOCAL statements, of literals that cannot be anything else: a uuid, digits, an address written out by its numbers.

        Raises ValueError for an `address` that is none.
        """
        said = f"SET LOCAL app.deed = '{self.id}'"
        if self.actor is not None and self.actor.id is not None:
            said += f"; SET LOCAL app.actor = '{_KINDS[self.actor.kind]}:{int(self.actor.id)}'"
        if self.address:
            said += f"; SET LOCAL app.origin = '{_written_out(self.address)}'"
        return said


_KINDS = {kind: kind for kind in ("user", "contact", "system")}

NOTHING = "; ".join(f"SET LOCAL app.{name} = ''" for name in ("deed", "actor", "origin"))
"""For tests, in which a SET LOCAL outlives its scope."""

_current: ContextVar[Deed | None] = ContextVar("deed", default=None)


@contextmanager
def doing(deed: Deed) -> Iterator[None]:
    """Scopes opened in the block belong to `deed`."""
    token = _current.set(deed)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Deed:
    """The deed under way; outside any, a new one of nobody's."""
    return _current.get() or Deed()


def _written_out(address: str) -> str:
    numbers = ipaddress.ip_address(address.partition("%")[0])
    return str(getattr(numbers, "ipv4_mapped", None) or numbers)
