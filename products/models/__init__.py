"""The tables of what is sold (`catalogue`), what was bought (`sales`) and how it is paid (`payments`)."""

from .catalogue import Kind, Price, PriceKind, Product, ProductCredit, Status
from .payments import (
    GatewayAccount,
    GatewayAddress,
    Payment,
    PaymentState,
    ProviderEvent,
    Refund,
    RefundState,
    RefundWay,
)
from .sales import Purchase, PurchaseEntry, SalesSettings, State

__all__ = [
    "GatewayAccount",
    "GatewayAddress",
    "Kind",
    "Payment",
    "PaymentState",
    "Price",
    "PriceKind",
    "Product",
    "ProductCredit",
    "ProviderEvent",
    "Purchase",
    "PurchaseEntry",
    "Refund",
    "RefundState",
    "RefundWay",
    "SalesSettings",
    "State",
    "Status",
]
