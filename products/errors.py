"""What the shop refuses. `wording` is a whole sentence for whoever asked, staff or customer."""

from simplero.lib.refusals import Refusal


class NotOffered(Refusal):
    """The price is not to be had, or not in this quantity; `reason` is a code of `queries.offering`."""

    reason: str

    def __init__(self, wording: str, *, reason: str, field: str | None = None) -> None:
        super().__init__(wording, field=field)
        self.reason = reason


class OrderChanged(Refusal):
    """What was sent is not what the order form last showed: nothing was bought, and the form says what it is now."""


class OrderReused(Refusal):
    """The order's key already stands for another order."""

    def __init__(self) -> None:
        super().__init__(
            "This order was already sent, with other details. Open the order form afresh to order once more."
        )


class SignInFirst(Refusal):
    """The address is a known customer's, whose credits and details are nobody's before they have signed in."""

    field = "email"

    def __init__(self) -> None:
        super().__init__("To use credits, sign in first: we'll send a link to your address.")


class WrongMove(Refusal):
    """A purchase that stands as it does cannot be moved that way."""

    def __init__(self, state: str, name: str) -> None:
        super().__init__(
            f"This purchase is {state.lower()}, so it can't be {name}. Reload the page to see where it stands."
        )


class NothingToRefund(Refusal):
    def __init__(self, wording: str = "There is nothing left to give back of this purchase.") -> None:
        super().__init__(wording)


class RefundReused(Refusal):
    """The request's key already stands for another refund."""

    def __init__(self) -> None:
        super().__init__(
            "This refund was already sent with other values. Open the form afresh, and look at what went back."
        )


class OverRefund(Refusal):
    """More than is left of what was paid; `left` minor units are."""

    field = "amount"

    def __init__(self, wording: str, *, left: int) -> None:
        super().__init__(wording)
        self.left = left


class PaymentRefused(Refusal):
    """The payment provider said no, in words for people."""


class SlugTaken(Refusal):
    field = "slug"

    def __init__(self, slug: str) -> None:
        super().__init__(f"Another product has the address “{slug}” already. Choose another one.")


class PaysWithItself(Refusal):
    """Credits sold for credits of the same type: an old one would buy a fresh one, again and again."""

    field = "credit_type"

    def __init__(self) -> None:
        super().__init__("This product issues that type of credit, so it can't be paid with it. Choose another type.")


class TierTaken(Refusal):
    """There is a price of this kind from this minimum already: "the highest tier reached" would be two."""

    field = "minimum"

    def __init__(self, minimum: int) -> None:
        super().__init__(
            f"There is a price of this kind from {minimum:,} already. Change that one, or choose another minimum quantity."
        )


class IssuesItself(Refusal):
    """More credits of the very type that the product is made of."""

    field = "credit_type"

    def __init__(self, *, included: bool) -> None:
        super().__init__(
            "The product issues credits of this type by itself. Raise its number of credits included instead."
            if included
            else "The product issues credits of this type by itself, as many as the customer chooses. Choose another type."
        )


class IssuedAlready(Refusal):
    field = "credit_type"

    def __init__(self) -> None:
        super().__init__(
            "The product includes credits of this type already. Remove those first to include another number."
        )
