"""Where a purchase stands, and the one table of the moves between.

Money decides: a payment that comes in makes active whatever has not been active yet, however late, because what is paid is
issued. What is over stays over.
"""

from dataclasses import dataclass

from django.db import models


class State(models.TextChoices):
    NEW = "new", "New"
    ACTIVE = "active", "Active"
    DELINQUENT = "delinquent", "Delinquent"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"
    REFUNDED = "refunded", "Refunded"


MEANING = {
    State.NEW: "ordered, and waiting for its payment",
    State.ACTIVE: "paid, and what it includes was issued",
    State.DELINQUENT: "a renewal could not be charged, and the customer was asked for another way to pay",
    State.FAILED: "never paid, or not renewed in time",
    State.CANCELLED: "ended by the customer or by staff",
    State.EXPIRED: "a subscription that ran to the end it was given",
    State.REFUNDED: "the money went back, or its unspent credits were withdrawn",
}


@dataclass(frozen=True, slots=True)
class Move:
    name: str  # as in "it can't be cancelled"
    to: State
    since: frozenset[State]


def _move(name: str, to: State, *since: State) -> Move:
    return Move(name, to, frozenset(since))


ACTIVATE = _move("activated", State.ACTIVE, State.NEW, State.DELINQUENT, State.FAILED, State.CANCELLED)
MISS = _move("made delinquent", State.DELINQUENT, State.ACTIVE)
FAIL = _move("given up", State.FAILED, State.NEW, State.DELINQUENT)
CANCEL = _move("cancelled", State.CANCELLED, State.NEW, State.ACTIVE, State.DELINQUENT)
EXPIRE = _move("ended", State.EXPIRED, State.ACTIVE, State.DELINQUENT)
REFUND = _move("refunded", State.REFUNDED, State.ACTIVE, State.DELINQUENT, State.FAILED, State.CANCELLED, State.EXPIRED)

MOVES = (ACTIVATE, MISS, FAIL, CANCEL, EXPIRE, REFUND)

RENEWING = frozenset({State.ACTIVE, State.DELINQUENT})
"""The states in which a subscription still renews."""
