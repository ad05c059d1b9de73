from django.db import migrations

from simplero.tenancy import grants


class Migration(migrations.Migration):
    dependencies = [("products", "0001_initial"), ("outbox", "0001_initial")]

    operations = [
        *grants.append_only("products_purchaseentry", "products_providerevent"),
        *grants.never_deleted("products_product", "products_purchase", "products_payment", "products_refund"),
        # A price that was sold is never edited, and neither is what was agreed in a purchase.
        *grants.only_columns("products_price", "enabled", "retired_at"),
        *grants.only_columns(
            "products_purchase",
            *("state", "activated_at", "ended_at", "periods", "renews_at", "retry_at", "failures", "stopped_at"),
            *("payer_ref", "card_ref", "card_label"),
        ),
        *grants.only_columns(
            "products_payment",
            *("state", "checkout_ref", "checkout_url", "charge_ref", "reason", "refunded", "dispute", "paid_at"),
        ),
        *grants.only_columns("products_refund", "state", "refund_ref", "reason", "done_at"),
    ]
