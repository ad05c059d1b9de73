"""A local stand-in for Stripe, as its documentation says it behaves: https://docs.stripe.com/api, /error-handling, /testing, /webhooks.

The application talks to it through Stripe's own library. A test plays everybody else: the customer on the payment page
(`pay`), the bank (`dispute`, `bounce`), the owner at Stripe's dashboard (`refund_by_hand`), and the post (`deliver`).
Unknown parameters are refused as Stripe refuses them, so that the application cannot come to rely on what isn't there.
"""

import copy
import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import stripe

KEY, SECRET = "sk_test_51FakeFakeFake4242", "whsec_fakefakefakefakefakefake"  # of the business in the test

VISA, DECLINED, POOR, ASKS_ONCE, ASKS_ALWAYS, LATER, BANK = (
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000002500003155",
    "4000002760003184",
    "4000000000000341",
    "bank transfer",
)
_DECLINES = {DECLINED: "generic_decline", POOR: "insufficient_funds", LATER: "generic_decline"}

ALLOWED = {
    "checkout/sessions": "mode line_items client_reference_id metadata success_url cancel_url payment_intent_data adaptive_pricing "
    "customer_email customer_creation customer payment_method_types expires_at expand",
    "payment_intents": "amount currency customer payment_method payment_method_types off_session confirm description metadata expand",
    "refunds": "payment_intent amount metadata reason expand",
}
NO_DECIMALS = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
WHOLE_HUNDREDS, WHOLE_TENS = {"ISK", "UGX"}, {"BHD", "JOD", "KWD", "OMR", "TND"}


class Refused(Exception):
    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message, **more}}


@dataclass
class Stripe:
    """One Stripe, with the accounts of several businesses: an object is there for the key that made it only."""

    keys: set[str] = field(default_factory=lambda: {KEY})
    refunds_take_time: bool = False
    down: bool = False  # answers 500 without doing anything
    slow: float = 0.0  # seconds before an answer goes out
    lost: int = 0  # so many answers get lost on their way, after the work was done
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request
    objects: dict[str, dict] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    events: list[dict] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock)

    # What the application asks.

    def answer(self, method: str, path: str, params: dict, key: str, once: str) -> tuple[int, dict, bool]:
        """Status, body and whether it is a replay."""
        with self.lock:
            self.asked.append((method, path))
            try:
                if self.down:
                    raise Refused(500, "Something went wrong on our end.", kind="api_error")
                if key not in self.keys:
                    raise Refused(401, f"Invalid API Key provided: {key[:8]}****{key[-4:]}")
                if method == "GET":
                    return 200, self._get(path, params, key), False
                return self._post_once(path, params, key, once)
            except Refused as refused:
                return refused.status, refused.body, False

    def _post_once(self, path: str, params: dict, key: str, once: str) -> tuple[int, dict, bool]:
        """The first answer under an idempotency key is the only one; refused parameters are not remembered."""
        asked = json.dumps([path, params], sort_keys=True)
        if once and (known := self.answers.get((key, once))):
            before, status, body = known
            if before != asked:
                raise Refused(
                    400,
                    f"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{once}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            return status, body, True
        try:
            status, body = 200, self._post(path, params, key)
        except Refused as refused:
            if refused.status != 402:
                raise
            status, body = 402, refused.body
        if once:
            self.answers[key, once] = (asked, status, copy.deepcopy(body))
        return status, body, False

    def _get(self, path: str, params: dict, key: str) -> dict:
        if path == "balance":
            return {"object": "balance", "livemode": "_live_" in key, "available": [], "pending": []}
        if found := re.fullmatch(r"(checkout/sessions|payment_intents|refunds)/(\w+)", path):
            return self._expanded(self._mine(found[2], key, found[1]), params.get("expand"))
        if path in ("payment_intents", "refunds", "disputes"):
            kind = {"payment_intents": "payment_intent", "refunds": "refund", "disputes": "dispute"}[path]
            wanted = {name: value for name, value in params.items() if name in ("customer", "payment_intent")}
            if "customer" in wanted:
                self._mine(wanted["customer"], key, "customer", param="customer")
            if "payment_intent" in wanted:
                self._mine(wanted["payment_intent"], key, "payment_intent", param="payment_intent")
            every = [
                one
                for one in reversed(self.objects.values())
                if one["object"] == kind and one["_key"] == key and wanted.items() <= one.items()
            ]
            inside = [name.removeprefix("data.") for name in params.get("expand", [])]
            most = int(params.get("limit", 10))
            page = [self._expanded(one, inside) for one in every[:most]]
            return {"object": "list", "url": f"/v1/{path}", "has_more": len(every) > most, "data": page}
        raise Refused(404, f"Unrecognized request URL (GET: /v1/{path}).")

    def _post(self, path: str, params: dict, key: str) -> dict:
        if path not in ALLOWED:
            raise Refused(404, f"Unrecognized request URL (POST: /v1/{path}).")
        if unknown := set(params) - set(ALLOWED[path].split()):
            name = min(unknown)
            raise Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        make = {"checkout/sessions": self._session, "payment_intents": self._charge, "refunds": self._refund}[path]
        return self._expanded(make(params, key), params.get("expand"))

    def _session(self, params: dict, key: str) -> dict:
        mode = params.get("mode")
        self._must(mode in ("payment", "setup"), "mode")
        self._must(urlsplit(params.get("success_url", "")).scheme in ("http", "https"), "success_url")
        if "customer" in params:
            self._must("customer_email" not in params and "customer_creation" not in params, "customer")
            self._mine(params["customer"], key, "customer", param="customer")
        total = currency = None
        if mode == "payment":
            self._must(bool(params.get("line_items")), "line_items")
            price = params["line_items"][0]["price_data"]
            self._must(bool(price["product_data"].get("name")), "line_items[0][price_data][product_data][name]")
            currency = price["currency"]
            total = self._amount(price["unit_amount"], currency) * int(params["line_items"][0]["quantity"])
        else:
            self._must("line_items" not in params and "payment_intent_data" not in params, "line_items")
        made = self._make(
            key,
            "cs_test",
            "checkout.session",
            mode=mode,
            status="open",
            payment_status="unpaid" if mode == "payment" else "no_payment_required",
            amount_total=total,
            currency=currency,
            client_reference_id=params.get("client_reference_id"),
            metadata=params.get("metadata", {}),
            customer=params.get("customer"),
            customer_email=params.get("customer_email"),
            customer_creation=params.get("customer_creation"),
            payment_intent=None,
            setup_intent=None,
            success_url=params["success_url"],
            cancel_url=params.get("cancel_url"),
            expires_at=int(time.time()) + 24 * 3600,
            _asked=params,
        )
        made["url"] = f"https://checkout.stripe.com/c/pay/{made['id']}"
        return made

    def _charge(self, params: dict, key: str) -> dict:
        amount = self._amount(params.get("amount"), params.get("currency", ""))
        self._must(params.get("confirm") == "true" or "off_session" not in params, "off_session")
        customer = self._mine(params["customer"], key, "customer", param="customer")
        method = self._mine(params["payment_method"], key, "payment_method", param="payment_method")
        self._must(method["customer"] == customer["id"], "payment_method")
        intent = self._intent(key, amount, params["currency"], params.get("metadata", {}), customer["id"])
        intent["description"] = params.get("description")
        why = method["_says"]
        if why is None and method["_asks"] == "always":
            why = "authentication_required"
        if why:
            self._decline(intent, why)
            code = why if why == "authentication_required" else "card_declined"
            raise Refused(
                402,
                "Your card was declined.",
                kind="card_error",
                code=code,
                decline_code=why,
                payment_intent=self._expanded(intent, None),
            )
        self._succeed(intent, method)
        return intent

    def _refund(self, params: dict, key: str) -> dict:
        intent = self._mine(params.get("payment_intent", ""), key, "payment_intent", param="payment_intent")
        charge = self.objects.get(intent["latest_charge"] or "")
        self._must(charge is not None, "payment_intent")
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(params.get("amount", left))
        self._must(amount > 0, "amount")
        if charge["disputed"]:
            raise Refused(400, f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")  # fmt: skip
        if left == 0:
            raise Refused(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        if amount > left:
            raise Refused(
                400,
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
                param="amount",
            )
        return self._give_back(intent, amount, params.get("metadata", {}), key)

    # What others do.

    def pay(self, session_id: str, card: str = VISA, *, confirm: bool | None = None) -> str:
        """The customer on the payment page: "paid", "declined", "step" (the bank asks; answer with `confirm`) or "processing"."""
        with self.lock:
            session = self.objects[session_id]
            assert session["status"] == "open", "this page is closed"
            if card in (ASKS_ONCE, ASKS_ALWAYS) and confirm is None:
                return "step"
            declined = "authentication_required" if confirm is False else _DECLINES.get(card)
            if session["mode"] == "setup":
                return self._give_card(session, card, declined if card != LATER else None)
            asked, key = session["_asked"], session["_key"]
            intent_data = asked.get("payment_intent_data", {})
            intent = self.objects.get(session["payment_intent"] or "") or self._intent(
                key, session["amount_total"], session["currency"], intent_data.get("metadata", {}), session["customer"]
            )
            session["payment_intent"] = intent["id"]
            if declined:
                self._decline(intent, declined)
                return "declined"
            if asked.get("customer_creation") == "always" and not session["customer"]:
                session["customer"] = intent["customer"] = self._make(key, "cus", "customer")["id"]
            keep = intent_data.get("setup_future_usage") == "off_session"
            method = self._method(key, card, session["customer"] if keep else None)
            session["status"] = "complete"
            if card == BANK:
                intent |= {"status": "processing", "payment_method": method["id"]}
                self._tell("checkout.session.completed", session)
                return "processing"
            session["payment_status"] = "paid"
            self._succeed(intent, method)
            self._tell("checkout.session.completed", session)
            return "paid"

    def _give_card(self, session: dict, card: str, declined: str | None) -> str:
        if declined:
            return "declined"
        if not session["customer"]:
            session["customer"] = self._make(session["_key"], "cus", "customer")["id"]
        method = self._method(session["_key"], card, session["customer"])
        setup = self._make(
            session["_key"], "seti", "setup_intent", status="succeeded", payment_method=method["id"], metadata={}
        )
        session |= {"status": "complete", "setup_intent": setup["id"]}
        self._tell("checkout.session.completed", session)
        return "paid"

    def bounce(self, session_id: str) -> None:
        """The bank's transfer never came."""
        session = self.objects[session_id]
        self._decline(self.objects[session["payment_intent"]], "generic_decline")
        self._tell("checkout.session.async_payment_failed", session)

    def arrive(self, session_id: str) -> None:
        """The bank's transfer came."""
        session = self.objects[session_id]
        intent = self.objects[session["payment_intent"]]
        session["payment_status"] = "paid"
        self._succeed(intent, self.objects[intent["payment_method"]])
        self._tell("checkout.session.async_payment_succeeded", session)

    def expire(self, session_id: str) -> None:
        """A day has gone by without a payment."""
        session = self.objects[session_id]
        assert session["status"] == "open"
        session["status"] = "expired"
        self._tell("checkout.session.expired", session)

    def forget(self) -> None:
        """More than 24 hours have gone by: no idempotency key is remembered."""
        self.answers.clear()

    def spoil(self, card_ref: str, why: str = "insufficient_funds") -> None:
        """From now on this card is declined."""
        self.objects[card_ref]["_says"] = why

    def remove(self, reference: str) -> None:
        """A customer is deleted in the dashboard, or a card is detached, after which it may not be used again."""
        if self.objects[reference]["object"] == "payment_method":
            self.objects[reference]["customer"] = None
        else:
            del self.objects[reference]

    def refund_by_hand(self, intent_id: str, amount: int) -> dict:
        """The owner gives money back in the dashboard."""
        with self.lock:
            intent = self.objects[intent_id]
            return self._give_back(intent, amount, {}, intent["_key"])

    def fail_refund(self, refund_id: str, why: str = "lost_or_stolen_card") -> None:
        """The bank does not take the money; it stays with the business."""
        refund = self.objects[refund_id]
        charge = self.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        refund |= {"status": "failed", "failure_reason": why}
        self._tell("refund.failed", refund)

    def land_refund(self, refund_id: str) -> None:
        """The money has arrived."""
        refund = self.objects[refund_id]
        refund["status"] = "succeeded"
        self._tell("refund.updated", refund)

    def dispute(self, intent_id: str, status: str = "needs_response") -> str:
        """The customer asks their bank for the money."""
        intent = self.objects[intent_id]
        charge = self.objects[intent["latest_charge"]]
        charge["disputed"] = True
        made = self._make(
            intent["_key"],
            "du",
            "dispute",
            status=status,
            amount=charge["amount"],
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent_id,
            reason="product_not_received",
            metadata={},
        )
        self._tell("charge.dispute.created", made)
        return made["id"]

    def decide(self, dispute_id: str, status: str) -> None:
        """The bank decides: won or lost, seen from the business."""
        dispute = self.objects[dispute_id]
        dispute["status"] = status
        self._tell("charge.dispute.closed", dispute)

    # The post.

    def deliver(
        self, client: Any, url: str, event: dict | None = None, *, secret: str = SECRET, age: int = 0, body: str = ""
    ) -> Any:
        """Post `event` (the newest, if none is named) to the application as Stripe would; or another `body` under the
        signature of `event`."""
        said = json.dumps(event or self.events[-1], indent=2)
        signature = signed(said, secret, age=age)
        return client.post(
            url, body or said, content_type="application/json; charset=utf-8", headers={"Stripe-Signature": signature}
        )

    # Inside.

    def _make(self, key: str, prefix: str, kind: str, **fields: Any) -> dict:
        made = {"id": f"{prefix}_{uuid4().hex[:24]}", "object": kind, "created": int(time.time()), "livemode": False}
        self.objects[made["id"]] = made | {"_key": key} | fields
        return self.objects[made["id"]]

    def _intent(self, key: str, amount: int, currency: str, metadata: dict, customer: str | None) -> dict:
        return self._make(
            key,
            "pi",
            "payment_intent",
            amount=amount,
            currency=currency,
            metadata=metadata,
            customer=customer,
            status="requires_payment_method",
            latest_charge=None,
            last_payment_error=None,
            payment_method=None,
        )

    def _method(self, key: str, card: str, customer: str | None) -> dict:
        kind = {"type": "customer_balance"} if card == BANK else {"type": "card", "card": _card(card)}
        asks = "always" if card == ASKS_ALWAYS else ""
        says = _DECLINES.get(card)
        return self._make(key, "pm", "payment_method", customer=customer, _says=says, _asks=asks, **kind)

    def _decline(self, intent: dict, why: str) -> None:
        error = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": why,
            "message": "Your card was declined.",
        }
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        self._tell("payment_intent.payment_failed", intent)

    def _succeed(self, intent: dict, method: dict) -> None:
        charge = self._make(
            intent["_key"],
            "ch",
            "charge",
            amount=intent["amount"],
            currency=intent["currency"],
            amount_refunded=0,
            refunded=False,
            disputed=False,
            payment_intent=intent["id"],
            metadata=dict(intent["metadata"]),
        )
        intent |= {
            "status": "succeeded",
            "latest_charge": charge["id"],
            "payment_method": method["id"],
            "last_payment_error": None,
        }
        self._tell("payment_intent.succeeded", intent)

    def _give_back(self, intent: dict, amount: int, metadata: dict, key: str) -> dict:
        charge = self.objects[intent["latest_charge"]]
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        made = self._make(
            key,
            "re",
            "refund",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            status="pending" if self.refunds_take_time else "succeeded",
            metadata=metadata,
        )
        self._tell("charge.refunded", charge)
        self._tell("refund.created", made)
        return made

    def _mine(self, name: str, key: str, kind: str, *, param: str = "id") -> dict:
        found = self.objects.get(name)
        if found is None or found["_key"] != key:
            noun = {"checkout/sessions": "checkout.session"}.get(kind, kind.removesuffix("s"))
            raise Refused(404 if param == "id" else 400, f"No such {noun}: '{name}'", code="resource_missing", param=param)  # fmt: skip
        return found

    def _must(self, good: bool, param: str) -> None:
        if not good:
            raise Refused(400, f"Missing or wrong param: {param}.", code="parameter_invalid", param=param)

    def _amount(self, text: Any, currency: str) -> int:
        self._must(bool(re.fullmatch(r"[0-9]+", str(text))), "amount")
        amount, code = int(text), currency.upper()
        self._must(currency == currency.lower() and len(currency) == 3, "currency")
        self._must(code not in WHOLE_HUNDREDS or amount % 100 == 0, "amount")
        self._must(code not in WHOLE_TENS or amount % 10 == 0, "amount")
        if amount < 50 and code not in NO_DECIMALS:
            raise Refused(400, "Amount must be at least 50 cents.", code="amount_too_small", param="amount")
        if amount > 99_999_999:
            raise Refused(400, "Amount must be no more than 999,999.99.", code="amount_too_large", param="amount")
        return amount

    def _expanded(self, thing: dict, paths: list[str] | None) -> dict:
        """As it is sent: without our own notes, and with whole objects where `expand` asks for them."""
        shown = {name: copy.deepcopy(value) for name, value in thing.items() if not name.startswith("_")}
        inside: dict[str, list[str]] = {}
        for path in paths or []:
            first, _, rest = path.partition(".")
            inside.setdefault(first, []).extend([rest] if rest else [])
        for name, rest in inside.items():
            if isinstance(shown.get(name), str):
                shown[name] = self._expanded(self.objects[shown[name]], rest)
        return shown

    def _tell(self, kind: str, thing: dict) -> None:
        self.events.append(
            {
                "id": f"evt_{uuid4().hex[:24]}",
                "object": "event",
                "api_version": "2026-10-28.endive",
                "created": int(time.time()),
                "data": {"object": self._expanded(thing, None)},
                "livemode": False,
                "pending_webhooks": 1,
                "type": kind,
            }
        )


def signed(body: str, secret: str, *, age: int = 0) -> str:
    """The header Stripe-Signature, for a body signed `age` seconds ago."""
    return stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=int(time.time()) - age)


def _card(number: str) -> dict:
    return {"brand": "visa", "last4": number[-4:], "exp_month": 12, "exp_year": 2034}
