"""Facts of the shop: ids, codes and amounts, never names or free text."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class PurchaseCreated:
    kind: ClassVar[str] = "purchase.created"
    contact_id: int
    purchase: str  # its public id
    product_id: int
    price_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class PurchaseMoved:
    """A purchase came to stand otherwise; `kind` says how: purchase.activated, .delinquent, .failed, .cancelled, .expired, .refunded."""

    contact_id: int
    purchase: str
    product_id: int
    price_id: int
    first: bool  # for an activation: its first
    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class PurchaseActivated(PurchaseMoved):
    kind: ClassVar[str] = "purchase.activated"


@dataclass(frozen=True, slots=True)
class PurchaseDelinquent(PurchaseMoved):
    kind: ClassVar[str] = "purchase.delinquent"


@dataclass(frozen=True, slots=True)
class PurchaseFailed(PurchaseMoved):
    kind: ClassVar[str] = "purchase.failed"


@dataclass(frozen=True, slots=True)
class PurchaseCancelled(PurchaseMoved):
    kind: ClassVar[str] = "purchase.cancelled"


@dataclass(frozen=True, slots=True)
class PurchaseExpired(PurchaseMoved):
    kind: ClassVar[str] = "purchase.expired"


@dataclass(frozen=True, slots=True)
class PurchaseRefunded(PurchaseMoved):
    kind: ClassVar[str] = "purchase.refunded"


MOVED: dict[str, type[PurchaseMoved]] = {
    "active": PurchaseActivated,
    "delinquent": PurchaseDelinquent,
    "failed": PurchaseFailed,
    "cancelled": PurchaseCancelled,
    "expired": PurchaseExpired,
    "refunded": PurchaseRefunded,
}


@dataclass(frozen=True, slots=True)
class PurchaseRenewed:
    kind: ClassVar[str] = "purchase.renewed"
    contact_id: int
    purchase: str
    number: int  # of the period that begins


@dataclass(frozen=True, slots=True)
class RenewalStopped:
    kind: ClassVar[str] = "purchase.renewal_stopped"
    contact_id: int
    purchase: str


@dataclass(frozen=True, slots=True)
class RenewalResumed:
    kind: ClassVar[str] = "purchase.renewal_resumed"
    contact_id: int
    purchase: str


@dataclass(frozen=True, slots=True)
class CardChanged:
    kind: ClassVar[str] = "purchase.card_changed"
    contact_id: int
    purchase: str


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    kind: ClassVar[str] = "payment.received"
    contact_id: int
    purchase: str
    number: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    kind: ClassVar[str] = "payment.failed"
    contact_id: int
    purchase: str
    number: int
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class PaymentDisputed:
    """A customer's bank asks for the money back; `dispute` is open, won or lost."""

    kind: ClassVar[str] = "payment.disputed"
    contact_id: int
    purchase: str
    dispute: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class MoneyRefunded:
    kind: ClassVar[str] = "payment.refunded"
    contact_id: int
    purchase: str
    amount: int
    currency: str
    way: str


@dataclass(frozen=True, slots=True)
class ProductCreated:
    kind: ClassVar[str] = "product.created"
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductChanged:
    kind: ClassVar[str] = "product.changed"
    product_id: int
    fields: tuple[str, ...]  # which, never what they say


@dataclass(frozen=True, slots=True)
class ProductPublished:
    kind: ClassVar[str] = "product.published"
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductArchived:
    kind: ClassVar[str] = "product.archived"
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductBroughtBack:
    kind: ClassVar[str] = "product.brought_back"
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductCreditAdded:
    kind: ClassVar[str] = "product.credit_added"
    product_id: int
    credit_type_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class ProductCreditRemoved:
    kind: ClassVar[str] = "product.credit_removed"
    product_id: int
    credit_type_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class PriceAdded:
    kind: ClassVar[str] = "price.added"
    product_id: int
    price_id: int
    replaces_id: int | None = None  # the one that it was changed from


@dataclass(frozen=True, slots=True)
class PriceRetired:
    kind: ClassVar[str] = "price.retired"
    product_id: int
    price_id: int


@dataclass(frozen=True, slots=True)
class PriceSwitched:
    kind: ClassVar[str] = "price.switched"
    product_id: int
    price_id: int
    enabled: bool


@dataclass(frozen=True, slots=True)
class GatewayChanged:
    """`change`: key, webhook_secret, address, on, off or instructions; never what it was changed to."""

    kind: ClassVar[str] = "gateway.changed"
    gateway: str
    change: str


@dataclass(frozen=True, slots=True)
class RetryRuleChanged:
    """What is done when a renewal cannot be charged, in days."""

    kind: ClassVar[str] = "sales.retry_rule_changed"
    retry_after: tuple[int, ...]
    give_up_after: int
