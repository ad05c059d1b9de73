"""Staff routes of products, under /a/<account>/sales/: Sales → Products, and what hangs from a product."""

from django.urls import URLPattern, URLResolver, include, path

from .views.admin import by_hand, gateways, prices, products, purchase, purchases, refunds, renewals, why

app_name = "products"

of_price = [
    path("edit", prices.edit, name="price-edit"),
    path("remove", prices.remove, name="price-remove"),
    path("switch", prices.switch, name="price-switch"),
]

of_product: list[URLPattern | URLResolver] = [
    path("", products.product_, name="product"),
    path("settings", products.settings, name="settings"),
    path("move", products.move, name="move"),
    path("publish", products.publish, name="publish"),
    path("archive", products.archive, name="archive"),
    path("bring-back", products.bring_back, name="bring-back"),
    path("picture", products.picture, name="picture"),
    path("picture/remove", products.picture_remove, name="picture-remove"),
    path("credits/add", products.include_credits, name="credits-add"),
    path("credits/<uuid:credit_type>/remove", products.leave_out_credits, name="credits-remove"),
    path("why", why.why, name="why"),
    path("pricing", prices.pricing, name="pricing"),
    path("prices/add", prices.add, name="price-add"),
    path("prices/<uuid:price>/", include(of_price)),
]

catalogue: list[URLPattern | URLResolver] = [
    path("", products.products, name="products"),
    path("new", products.new, name="product-new"),
    path("<uuid:product>/", include(of_product)),
]

of_purchase = [
    path("", purchase.purchase_, name="purchase"),
    path("paid", purchase.mark_paid, name="purchase-paid"),
    path("cancel", purchase.cancel, name="purchase-cancel"),
    path("refund", refunds.refund, name="purchase-refund"),
    path("stop", purchase.stop, name="purchase-stop"),
    path("resume", purchase.resume, name="purchase-resume"),
    path("charge", purchase.charge, name="purchase-charge"),
]

sales: list[URLPattern | URLResolver] = [
    path("", purchases.purchases, name="purchases"),
    path("csv", purchases.purchases_csv, name="purchases-csv"),
    path("add", by_hand.add, name="purchase-add"),
    path("add/preview", by_hand.preview, name="purchase-add-preview"),
    path("<uuid:purchase>/", include(of_purchase)),
]

payments = [
    path("", gateways.gateways, name="gateways"),
    path("stripe/key", gateways.stripe_key, name="stripe-key"),
    path("stripe/signing-secret", gateways.stripe_secret, name="stripe-secret"),
    path("stripe/address", gateways.stripe_address, name="stripe-address"),
    path("stripe/switch", gateways.stripe_switch, name="stripe-switch"),
    path("outside", gateways.outside_, name="outside"),
    path("test/switch", gateways.test_switch, name="test-switch"),
]

urlpatterns = [
    path("settings/payments/", include(payments)),
    path("settings/renewals/", renewals.renewals, name="renewals"),
    path("sales/products/", include(catalogue)),
    path("sales/purchases/", include(sales)),
]
