"""What the ledger and the services refuse. `wording` is a whole sentence; numbers stay at hand as attributes."""

from datetime import timedelta
from typing import Any

from simplero.lib.refusals import Refusal

from . import wording

MOST = 1_000_000
"""Credits that one movement may move at most (product rule 1)."""

NAME = 60
"""Characters of a type's name, and of its plural."""

FURTHEST_BACK = timedelta(days=90)
"""How far back a use may be dated (product rule 9)."""


class LedgerRefusal(Refusal):
    """The ledger said no; nothing has moved. `unit` is the credit type, once a caller that knows it has said so."""

    unit: wording.Unit | None = None

    def __init__(self, **numbers: Any) -> None:
        self.__dict__.update(numbers)
        super().__init__()

    def amount(self, number: int) -> str:
        if self.unit is not None:
            return wording.quantity(number, self.unit)
        return f"{number:,} credit" if number == 1 else f"{number:,} credits"

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self) -> str:
        raise NotImplementedError(type(self).__name__)

    @property
    def wording(self) -> str:
        return self.sentence()


class InsufficientCredits(LedgerRefusal):
    """`asked` is more than the `free` there are."""

    field = "amount"
    free: int
    asked: int

    def sentence(self) -> str:
        return f"There {'is' if self.free == 1 else 'are'} {self.amount(self.free) if self.free else 'none'} left, and {self.asked:,} {'was' if self.asked == 1 else 'were'} asked for. Nothing has been used."


class KeyReused(LedgerRefusal):
    def sentence(self) -> str:
        return "This form was already sent with other values. Open it afresh and look at the activity before you send it again."


class AmountOutOfRange(LedgerRefusal):
    field = "amount"

    def sentence(self) -> str:
        return f"Enter a whole number from 1 to {MOST:,}."


class TypeArchived(LedgerRefusal):
    field = "credit_type"

    def sentence(self) -> str:
        return "This type is archived: what was issued can still be used, but no more can be issued. Bring it back under Content → Credits, or choose another."


class DayInFuture(LedgerRefusal):
    field = "service_date"

    def sentence(self) -> str:
        return "The date of service can't be in the future. Choose today or an earlier day."


class DayTooFarBack(LedgerRefusal):
    field = "service_date"

    def sentence(self) -> str:
        return f"The date of service can be at most {FURTHEST_BACK.days} days back."


class DayInPast(LedgerRefusal):
    field = "last_good_day"

    def sentence(self) -> str:
        return "The last good day can't be before today. To take credits away now, withdraw them."


class OverReversal(LedgerRefusal):
    """`left` can still be given back without more ado; `withdrawn` more only if staff say so."""

    field = "amount"
    left: int
    withdrawn: int

    def sentence(self) -> str:
        if self.withdrawn and self.left:
            return (
                f"Of this use {self.amount(self.left)} can be given back as it stands; {self.withdrawn:,} more came from a lot "
                "that has been withdrawn since. Tick the box to give those back too."
            )
        if self.withdrawn:
            return "What this use took came from a lot that has been withdrawn since. Tick the box to give it back all the same."
        if self.left:
            return f"Of this use {self.amount(self.left)} can still be given back."
        return "All of this use has been given back already."

    def of_undo(self, *, may_reverse: bool) -> str:
        """Why an undo, which is of the whole use or nothing, is refused, and what can be done instead."""
        if not self.left and not self.withdrawn:
            return self.sentence()
        if self.withdrawn:
            why = "A lot that paid for this use has been withdrawn since, so it can't simply be undone."
        else:
            why = "Part of this use has been given back already, so it can't be undone as a whole."
        return f"{why} {'Reverse it instead' if may_reverse else 'An admin can reverse it'}: there you say how much to give back, and why."


class OverWithdrawal(LedgerRefusal):
    field = "amount"
    left: int

    def sentence(self) -> str:
        return (
            f"This lot has {self.amount(self.left)} left to withdraw."
            if self.left
            else "Nothing is left in this lot to withdraw."
        )


class NothingLeft(LedgerRefusal):
    field = "last_good_day"

    def sentence(self) -> str:
        return "Nothing of this lot is left to use or extend."


class SameDay(LedgerRefusal):
    field = "last_good_day"

    def sentence(self) -> str:
        return "That is the last good day already. Choose another."


class UndoTooLate(LedgerRefusal):
    def sentence(self) -> str:
        return "A use can be undone by the one who made it, for 15 minutes. An admin can still reverse it."


class UndoRevives(LedgerRefusal):
    def sentence(self) -> str:
        return "A lot that paid for this use has expired, so undoing it would issue new credits. An admin can reverse it, with a reason."


class NotHere(LookupError):
    """No such use, lot or contact in this account: to the asker it does not exist."""


class TypeNameTaken(Refusal):
    """Another type has this name, case and accents aside; `archived` when it is not in the list of those in use."""

    field = "name"

    def __init__(self, name: str, *, archived: bool) -> None:
        said = f"There is a credit type named “{name}” already. Choose another name."
        super().__init__(f"{said} It is archived: you can bring it back instead." if archived else said)


class SameContact(LedgerRefusal):
    def sentence(self) -> str:
        return "Credits cannot be transferred from a contact to the same contact."


BY_REASON: dict[str, type[LedgerRefusal]] = {
    "amount": AmountOutOfRange,
    "archived": TypeArchived,
    "future_day": DayInFuture,
    "too_far_back": DayTooFarBack,
    "past_day": DayInPast,
    "over_reversal": OverReversal,
    "over_withdrawal": OverWithdrawal,
    "nothing_left": NothingLeft,
    "same_day": SameDay,
    "same_contact": SameContact,
    "key_reused": KeyReused,
}
