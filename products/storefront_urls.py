"""Pages of a storefront about what is sold; `simplero.storefront` includes them at the shop's root, in its namespace."""

from django.urls import include, path

from .views.storefront import catalogue, order, paying, purchases, receipts, subscriptions

of_purchase = [
    path("", purchases.purchase, name="purchase"),
    path("pay", paying.pay_again, name="pay-again"),
    path("receipt/<int:number>/", receipts.receipt, name="receipt"),
    path("receipt/<int:number>.pdf", receipts.receipt_pdf, name="receipt-pdf"),
    path("stop", subscriptions.stop, name="stop"),
    path("resume", subscriptions.resume, name="resume"),
    path("card", subscriptions.card, name="card"),
    path("card/given", subscriptions.card_given, name="card-given"),
]

urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    path("p/<slug:slug>/", catalogue.product, name="product"),
    path("p/<slug:slug>/order", order.order, name="order"),
    path("pay/<uuid:payment>/", paying.pay, name="pay"),
    path("pay/<uuid:payment>/paid", paying.paid, name="paid"),
    path("test-pay/<uuid:payment>", paying.test_pay, name="test-pay"),
    path("test-card/<uuid:purchase>", subscriptions.test_card, name="test-card"),
    path("account/purchases/", purchases.purchases, name="purchases"),
    path("account/purchases/<uuid:purchase>/", include(of_purchase)),
]
