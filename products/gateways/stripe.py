"""Stripe, through its own library. A business brings the keys of its own Stripe account; cards are entered on Stripe's pages only.

What Stripe calls things: `checkout_ref` is a Checkout Session, `charge_ref` a PaymentIntent, `payer_ref` a Customer and `card_ref` a
PaymentMethod. Everything made for a payment carries `metadata[payment]`, our public id, by which it is found again.

Asked twice, Stripe answers twice the same for a day (https://docs.stripe.com/api/idempotent_requests). Nothing here trusts a day
only: a charge or refund that was made before is looked for first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal
from uuid import UUID

import stripe
from django.conf import settings

from simplero.lib.money import decimals, reading

from .gateway import Checkout, Keys, Order, RefundWord, Rejected, Unreachable, Word

code = "stripe"
name = "Stripe"
automatic = True

TIMEOUT = (3, 8)  # seconds to connect, and to answer: with the retries less than a web server waits for a page
RETRIES = 2

# https://docs.stripe.com/currencies, "Zero-decimal currencies", "Special cases" and "Three-decimal currencies". ISK and UGX have no
# decimals any more and are still written with two noughts. HUF and TWD are zero-decimal for payouts only, which we don't make.
_NONE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))

_DECLINES = {
    # https://docs.stripe.com/declines/codes: what a customer may be told; the rest is "declined", a lost or stolen card too.
    "authentication_required": "The bank asks for this payment to be confirmed: give the card again.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card's security code was wrong.",
    "incorrect_number": "The card's number was wrong.",
    "insufficient_funds": "There was not enough money for the card.",
    "card_velocity_exceeded": "The card's limit is reached.",
    "withdrawal_count_limit_exceeded": "The card's limit is reached.",
    "currency_not_supported": "The card does not pay in this currency.",
    "processing_error": "The bank could not be asked. Try again later.",
}
_BACK_FAILED = {
    "expired_or_canceled_card": "The card it went back to has expired or was cancelled.",
    "lost_or_stolen_card": "The card it went back to is blocked.",
    "insufficient_funds": "There is not enough money in the Stripe account.",
}


def units(amount: int, currency: str) -> int:
    """`amount` of our minor units as Stripe counts them. Raises Rejected for what Stripe cannot charge."""
    there, here = _decimals(currency), decimals(currency)
    scaled = amount * 10**there
    if scaled % 10**here:
        raise Rejected(
            f"Stripe takes no fractions of {currency}, so {reading(amount, currency)} can't be paid with it."
        )
    scaled //= 10**here
    if there == 3 and scaled % 10:
        raise Rejected(
            f"Stripe takes {currency} to two decimals only, so {reading(amount, currency)} can't be paid with it."
        )
    return scaled


def minor(amount: int, currency: str) -> int:
    """What Stripe counts, in our minor units; what lies between two of ours is rounded down."""
    return amount * 10 ** decimals(currency) // 10 ** _decimals(currency)


def _decimals(currency: str) -> int:
    if currency in _NONE:
        return 0
    if currency in _THREE:
        return 3
    if decimals(currency) > 2:
        raise Rejected(f"Stripe takes no payments in {currency}.")
    return 2


def mode_of(key: str) -> Literal["test", "live"]:
    """Whether a secret or restricted key moves money."""
    return "live" if "_live_" in key[:8] else "test"


def check(key: str) -> None:
    """Ask Stripe whether `key` is good. Raises Rejected, Unreachable."""
    with _asking():
        _client({"key": key}).balance.retrieve()


def checkout(keys: Keys, order: Order) -> Checkout:
    """A Checkout Session, which lives for 24 hours. No other `expires_at`: an instant that differs from call to call would make the
    second call another request under the same key, which Stripe refuses, and one without a key a second page to pay on."""
    price = {
        "currency": order.currency.lower(),
        "unit_amount": units(order.amount, order.currency),
        "product_data": {"name": order.description},
    }
    named = {"payment": str(order.payment)}
    intent: dict[str, Any] = {"metadata": named, "description": order.description}
    asked: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": str(order.payment),
        "metadata": named,
        "success_url": order.return_url,
        "cancel_url": order.cancel_url,
        "payment_intent_data": intent,
        "adaptive_pricing": {"enabled": False},  # refunds to the cent are counted in the currency of the price
    }
    if order.email:
        asked["customer_email"] = order.email
    if order.keep_card:
        intent["setup_future_usage"] = "off_session"
        asked |= {"customer_creation": "always", "payment_method_types": ["card"]}
    with _asking():
        session = _client(keys).checkout.sessions.create(asked, _once(f"checkout-{order.payment}"))
    return Checkout(session.id, session.url or "")


def look(keys: Keys, *, checkout_ref: str, charge_ref: str) -> Word:
    client = _client(keys)
    if checkout_ref:
        with _asking():
            session = client.checkout.sessions.retrieve(
                checkout_ref, {"expand": ["payment_intent.latest_charge", "payment_intent.payment_method"]}
            )
        intent = session.payment_intent
        if session.status == "open":  # a declined card may be followed by another one
            return Word("pending")
        if intent is None:
            return Word("failed", reason="The payment page was left without paying.")
    elif charge_ref:
        with _asking():
            intent = client.payment_intents.retrieve(charge_ref, {"expand": ["latest_charge", "payment_method"]})
    else:
        return Word("pending")
    return _word(client, intent, there=bool(checkout_ref))


def charge(keys: Keys, order: Order, *, payer_ref: str, card_ref: str) -> Word:
    """An off-session PaymentIntent, confirmed at once (https://docs.stripe.com/payments/save-and-reuse)."""
    client = _client(keys)
    asked: dict[str, Any] = {
        "amount": units(order.amount, order.currency),
        "currency": order.currency.lower(),
        "customer": payer_ref,
        "payment_method": card_ref,
        "payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "description": order.description,
        "metadata": {"payment": str(order.payment)},
        "expand": ["latest_charge", "payment_method"],
    }
    try:
        with _asking():
            made = _made_before(client, payer_ref, order.payment)
            return _word(
                client,
                made or client.payment_intents.create(asked, _once(f"charge-{order.payment}")),
            )
    except stripe.CardError as error:
        intent = error.error.payment_intent if error.error else None
        return Word("failed", charge_ref=intent.id if intent else "", reason=_why(error.error))
    except _Gone:
        return Word("failed", reason="The saved card is no longer there.")


def _made_before(client: Any, payer_ref: str, payment: UUID) -> Any:
    """The PaymentIntent made for `payment` whose answer never reached us, if there is one among the payer's newest."""
    newest = client.payment_intents.list(
        {"customer": payer_ref, "limit": 100, "expand": ["data.latest_charge", "data.payment_method"]}
    )
    return next((one for one in newest.data if _named(one, "payment") == str(payment)), None)


def refund(keys: Keys, *, charge_ref: str, amount: int, currency: str, key: UUID) -> RefundWord:
    client = _client(keys)
    asked: dict[str, Any] = {
        "payment_intent": charge_ref,
        "amount": units(amount, currency),
        "metadata": {"refund": str(key)},
    }
    try:
        with _asking():
            found = _refund_of(client, charge_ref, key)
            return _refund_word(found or client.refunds.create(asked, _once(f"refund-{key}")))
    except _Refused as error:
        if error.code == "charge_disputed":
            return RefundWord("failed", reason="The customer's bank has taken this payment back.")
        if error.code != "charge_already_refunded" and error.param != "amount":
            raise
    # Somebody gave money back in Stripe itself: all of it, which is what was asked for, or so much that too little is left.
    with _asking():
        charged = client.payment_intents.retrieve(charge_ref, {"expand": ["latest_charge"]}).latest_charge
    if charged and charged.refunded:
        return RefundWord("done", reason="It had been given back in Stripe already.")
    return RefundWord("failed", reason="Stripe has less left of this payment than that.")


def _refund_of(client: Any, charge_ref: str, key: UUID) -> Any:
    listed = client.refunds.list({"payment_intent": charge_ref, "limit": 100})
    return next((one for one in listed.auto_paging_iter() if _named(one, "refund") == str(key)), None)


def card_checkout(
    keys: Keys, *, purchase: UUID, email: str, payer_ref: str, return_url: str, cancel_url: str
) -> Checkout:
    """A Checkout Session that takes no money; no key: another one harms nobody."""
    back = f"{return_url}{'&' if '?' in return_url else '?'}checkout={{CHECKOUT_SESSION_ID}}"
    asked: dict[str, Any] = {
        "mode": "setup",
        "payment_method_types": ["card"],
        "metadata": {"purchase": str(purchase)},
        "success_url": back,
        "cancel_url": cancel_url,
    }
    if payer_ref:
        asked["customer"] = payer_ref
    else:
        asked |= {"customer_creation": "always", "customer_email": email}
    try:
        with _asking():
            session = _client(keys).checkout.sessions.create(asked)
    except _Gone:
        if not payer_ref:
            raise
        return card_checkout(
            keys, purchase=purchase, email=email, payer_ref="", return_url=return_url, cancel_url=cancel_url
        )
    return Checkout(session.id, session.url or "")


def card_of(keys: Keys, *, checkout_ref: str, purchase: UUID | None = None) -> tuple[str, str, str] | None:
    with _asking():
        session = _client(keys).checkout.sessions.retrieve(checkout_ref, {"expand": ["setup_intent.payment_method"]})
    intent: Any = session.setup_intent
    if session.mode != "setup" or intent is None or intent.status != "succeeded":
        return None
    if purchase and _named(session, "purchase") != str(purchase):
        return None
    return _id(session.customer), _id(intent.payment_method), _label(intent.payment_method)


# Asking, and what went wrong.


class _Refused(Rejected):
    """With Stripe's own code for it."""

    def __init__(self, reason: str, *, code: str, param: str) -> None:
        super().__init__(reason)
        self.code, self.param = code, param


class _Gone(_Refused):
    """A customer that Stripe no longer has, or a card that it may not use again."""


@contextmanager
def _asking() -> Iterator[None]:
    """Stripe's errors as ours; CardError is let through, being an answer (https://docs.stripe.com/error-handling)."""
    try:
        yield
    except stripe.CardError:
        raise
    except (stripe.AuthenticationError, stripe.PermissionError):
        raise Rejected(
            "Stripe does not accept the key under Settings → Payments, or the key may not do this."
        ) from None
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        if error.code == "idempotency_key_in_use" or error.code == "lock_timeout":
            raise Unreachable("Stripe is busy with this very payment. Try again soon.") from None
        param = getattr(error, "param", None) or ""
        gone = param == "payment_method" or (param == "customer" and error.code == "resource_missing")
        kind = _Gone if gone else _Refused
        raise kind(_sentence(error), code=error.code or "", param=param) from None
    except stripe.StripeError:
        raise Unreachable("Stripe cannot be reached at the moment. Try again soon.") from None


def _sentence(error: stripe.StripeError) -> str:
    return {
        "amount_too_small": "The amount is below the smallest that Stripe takes.",
        "amount_too_large": "The amount is above the largest that Stripe takes.",
    }.get(error.code or "", f"Stripe refused: {error.user_message or 'it gave no reason.'}")[:200]


@cache
def _http() -> stripe.RequestsClient:
    return stripe.RequestsClient(timeout=TIMEOUT)


def _client(keys: Keys) -> Any:
    """The first version of Stripe's interface, with a business's key."""
    if "key" not in keys:
        raise Rejected("Stripe is not connected. Connect it under Settings → Payments.")
    elsewhere: Any = {"api": settings.STRIPE_API} if settings.STRIPE_API else None
    return stripe.StripeClient(
        keys["key"], base_addresses=elsewhere, http_client=_http(), max_network_retries=RETRIES
    ).v1


def _once(key: str) -> Any:
    return {"idempotency_key": key}


# Reading what came back.


def _word(client: Any, intent: Any, *, there: bool = False) -> Word:
    """What a PaymentIntent (its latest charge and payment method expanded) comes to. `there`: its payer can still act, as
    somebody who chose a bank transfer will."""
    if intent.status == "processing" or (intent.status == "requires_action" and there):
        return Word("pending", charge_ref=intent.id)
    if intent.status != "succeeded":
        return Word("failed", charge_ref=intent.id, reason=_why(intent.last_payment_error))
    charged = intent.latest_charge
    return Word(
        "paid",
        charge_ref=intent.id,
        refunded=minor(charged.amount_refunded, intent.currency.upper()),
        dispute=_dispute(client, intent.id) if charged.disputed else "",
        payer_ref=_id(intent.customer),
        card_ref=_id(intent.payment_method),
        card_label=_label(intent.payment_method),
    )


def _dispute(client: Any, intent: str) -> str:
    """How the disputes about a payment stand: open while one is, lost when one was."""
    over = {"lost": "lost", "won": "won", "warning_closed": "won", "prevented": "won"}
    stands = {over.get(one.status, "open") for one in client.disputes.list({"payment_intent": intent}).data}
    return next((stand for stand in ("open", "lost", "won") if stand in stands), "")


def _why(error: Any) -> str:
    """A sentence for a decline; `error` is Stripe's, or None."""
    said = {getattr(error, "code", None), getattr(error, "decline_code", None)} - {None}
    return next((_DECLINES[one] for one in _DECLINES if one in said), "The card was declined.")


def _refund_word(refund: Any) -> RefundWord:
    if refund.status == "succeeded":
        return RefundWord("done", refund.id)
    if refund.status in ("failed", "canceled"):
        why = _BACK_FAILED.get(getattr(refund, "failure_reason", None) or "", "The bank did not take the money back.")
        return RefundWord("failed", refund.id, why)
    return RefundWord("pending", refund.id)


def _named(thing: Any, name: str) -> str:
    metadata: Any = thing.metadata or {}
    return metadata[name] if name in metadata else ""  # noqa: SIM401  Stripe's objects are no mappings


def _id(thing: Any) -> str:
    """The id of what stands here whole, by its id, or not at all."""
    return thing if isinstance(thing, str) else getattr(thing, "id", "") or ""


def _label(method: Any) -> str:
    """How a person knows a card again."""
    card = getattr(method, "card", None)
    if card is None:
        return ""
    brand = {"amex": "American Express", "mastercard": "Mastercard", "visa": "Visa"}.get(card.brand, "Card")
    return f"{brand} ending in {card.last4}"
