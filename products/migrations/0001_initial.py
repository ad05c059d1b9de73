import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import simplero.tenancy.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contacts", "0002_customers"),
        ("credits", "0002_grants"),
        ("tenancy", "0002_storefront"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_digest", models.CharField(max_length=64)),
                ("account_id", models.BigIntegerField()),
                ("gateway", models.CharField(max_length=10)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("token_digest"), name="gateway_address_token"),
                    models.UniqueConstraint(models.F("account_id"), models.F("gateway"), name="gateway_address_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("name", models.CharField(max_length=120)),
                ("slug", models.CharField(db_collation="C", max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("credit", "Credit"), ("service", "Service"), ("other", "Other")], max_length=10
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("live", "Live"), ("archived", "Archived")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("summary", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True, max_length=20000)),
                ("picture", models.UUIDField(null=True)),
                ("included", models.PositiveIntegerField(null=True)),
                ("minimum", models.PositiveIntegerField(null=True)),
                ("maximum", models.PositiveIntegerField(null=True)),
                ("expiry", models.CharField(blank=True, max_length=20)),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "status", "position", "id"], name="product_catalogue")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="product_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("slug"), name="product_slug"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["credit", "service", "other"])), name="product_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "live", "archived"])), name="product_status"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credit_type__isnull", False), ("kind", "credit")),
                            models.Q(
                                models.Q(("kind", "credit"), _negated=True),
                                ("credit_type__isnull", True),
                                ("included__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="product_credit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("included__isnull", True), ("included__range", (1, 1000000)), _connector="OR"),
                            models.Q(("minimum__isnull", True), ("minimum__range", (1, 1000000)), _connector="OR"),
                            models.Q(("maximum__isnull", True), ("maximum__range", (1, 1000000)), _connector="OR"),
                            models.Q(
                                ("minimum__isnull", True),
                                ("maximum__isnull", True),
                                ("maximum__gte", models.F("minimum")),
                                _connector="OR",
                            ),
                        ),
                        name="product_units",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("single", "Single payment"),
                            ("recurring", "Recurring"),
                            ("credit", "Credit"),
                            ("free", "Free"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount", models.BigIntegerField(default=0)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("every", models.PositiveSmallIntegerField(null=True)),
                ("period", models.CharField(blank=True, max_length=6)),
                ("minimum", models.PositiveIntegerField(default=1)),
                ("enabled", models.BooleanField(default=True)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
                (
                    "product",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "product", "minimum", "id"], name="price_of_product")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="price_public_id"),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("product"),
                        models.F("kind"),
                        models.F("credit_type"),
                        models.F("every"),
                        models.F("period"),
                        models.F("minimum"),
                        condition=models.Q(("retired_at__isnull", True)),
                        name="price_tier",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount__range", (1, 100000000000)),
                                ("credit_type__isnull", True),
                                ("kind__in", ["single", "recurring"]),
                                models.Q(("currency", ""), _negated=True),
                            ),
                            models.Q(
                                ("amount__range", (1, 1000000)),
                                ("credit_type__isnull", False),
                                ("currency", ""),
                                ("kind", "credit"),
                            ),
                            models.Q(("amount", 0), ("credit_type__isnull", True), ("currency", ""), ("kind", "free")),
                            _connector="OR",
                        ),
                        name="price_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("every__range", (1, 100)),
                                ("kind", "recurring"),
                                ("period__in", ("weeks", "months", "years")),
                            ),
                            models.Q(
                                models.Q(("kind", "recurring"), _negated=True), ("every__isnull", True), ("period", "")
                            ),
                            _connector="OR",
                        ),
                        name="price_period",
                    ),
                    models.CheckConstraint(condition=models.Q(("minimum__range", (1, 1000000))), name="price_minimum"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductCredit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.PositiveIntegerField()),
                ("expiry", models.CharField(blank=True, max_length=20)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
                (
                    "product",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credits",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"), models.F("product"), models.F("credit_type"), name="product_credit_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__range", (1, 1000000))), name="product_credit_amount"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Purchase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("key", models.UUIDField()),
                ("product_name", models.CharField(max_length=120)),
                (
                    "price_kind",
                    models.CharField(
                        choices=[
                            ("single", "Single payment"),
                            ("recurring", "Recurring"),
                            ("credit", "Credit"),
                            ("free", "Free"),
                        ],
                        max_length=10,
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("units", models.PositiveIntegerField()),
                ("each", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("every", models.PositiveSmallIntegerField(null=True)),
                ("period", models.CharField(blank=True, max_length=6)),
                ("issues", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("active", "Active"),
                            ("delinquent", "Delinquent"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                            ("refunded", "Refunded"),
                        ],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("gateway", models.CharField(blank=True, max_length=10)),
                ("source", models.CharField(max_length=10)),
                ("visitor_digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("activated_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("periods", models.PositiveIntegerField(default=0)),
                ("renews_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("payer_ref", models.CharField(blank=True, max_length=255)),
                ("card_ref", models.CharField(blank=True, max_length=255)),
                ("card_label", models.CharField(blank=True, max_length=40)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "contact",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purchases",
                        to="contacts.contact",
                    ),
                ),
                (
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
                (
                    "price",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purchases",
                        to="products.price",
                    ),
                ),
                (
                    "product",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purchases",
                        to="products.product",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["account", "created_at", "id"], name="purchase_by_day"),
                    models.Index(fields=["account", "contact", "created_at"], name="purchase_of_contact"),
                    models.Index(fields=["account", "product", "created_at"], name="purchase_of_product"),
                    models.Index(fields=["account", "price"], name="purchase_at_price"),
                    models.Index(
                        condition=models.Q(("visitor_digest", ""), _negated=True),
                        fields=["account", "visitor_digest", "product"],
                        name="purchase_by_visitor",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="purchase_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("key"), name="purchase_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["new", "active", "delinquent", "failed", "cancelled", "expired", "refunded"])
                        ),
                        name="purchase_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity__range", (1, 1000000)),
                            ("units__gte", models.F("quantity")),
                            ("units__range", (1, 1000000)),
                        ),
                        name="purchase_units",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("credit_type__isnull", True),
                                ("price_kind__in", ["single", "recurring"]),
                                (
                                    "total",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("units"), "*", models.F("each")
                                    ),
                                ),
                                models.Q(("currency", ""), _negated=True),
                                models.Q(("gateway", ""), _negated=True),
                            ),
                            models.Q(
                                ("credit_type__isnull", False),
                                ("currency", ""),
                                ("price_kind", "credit"),
                                (
                                    "total",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("quantity"), "*", models.F("each")
                                    ),
                                ),
                            ),
                            models.Q(
                                ("credit_type__isnull", True),
                                ("currency", ""),
                                ("each", 0),
                                ("price_kind", "free"),
                                ("total", 0),
                            ),
                            _connector="OR",
                        ),
                        name="purchase_total",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("every__isnull", False), ("price_kind", "recurring")),
                            models.Q(
                                models.Q(("price_kind", "recurring"), _negated=True),
                                ("every__isnull", True),
                                ("renews_at__isnull", True),
                                ("retry_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="purchase_renewal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["active", "delinquent"]),
                            models.Q(("renews_at__isnull", True), ("retry_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="purchase_over",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("key", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("attempt", models.PositiveSmallIntegerField(default=1)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("gateway", models.CharField(max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting for payment"), ("paid", "Paid"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("checkout_ref", models.CharField(blank=True, max_length=255)),
                ("checkout_url", models.TextField(blank=True)),
                ("charge_ref", models.CharField(blank=True, max_length=255)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("refunded", models.BigIntegerField(default=0)),
                ("dispute", models.CharField(blank=True, max_length=10)),
                ("created_at", models.DateTimeField()),
                ("paid_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "purchase",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="products.purchase",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["account", "purchase", "number"], name="payment_of_purchase"),
                    models.Index(
                        condition=models.Q(("charge_ref", ""), _negated=True),
                        fields=["account", "charge_ref"],
                        name="payment_by_charge",
                    ),
                    models.Index(
                        condition=models.Q(("checkout_ref", ""), _negated=True),
                        fields=["account", "checkout_ref"],
                        name="payment_by_checkout",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="payment_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("key"), name="payment_once"),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("purchase"),
                        models.F("number"),
                        condition=models.Q(("state", "paid")),
                        name="payment_period",
                    ),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("purchase"),
                        models.F("number"),
                        condition=models.Q(("state", "pending")),
                        name="payment_pending",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "paid", "failed"])), name="payment_state"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded__gte", 0),
                            ("refunded__lte", models.F("amount")),
                            models.Q(("refunded", 0), ("state", "paid"), _connector="OR"),
                        ),
                        name="payment_refunded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("dispute__in", ["", "open", "won", "lost"])), name="payment_dispute"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=10)),
                ("event_id", models.CharField(max_length=255)),
                ("kind", models.CharField(max_length=80)),
                ("received_at", models.DateTimeField()),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "payment",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="products.payment"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"), models.F("gateway"), models.F("event_id"), name="provider_event_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PurchaseEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("verb", models.CharField(max_length=10)),
                ("entry_key", models.UUIDField()),
                ("amount", models.PositiveIntegerField()),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "credit_type",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="credits.credittype",
                    ),
                ),
                (
                    "purchase",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="products.purchase",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("entry_key"), name="purchase_entry_key"),
                    models.UniqueConstraint(
                        models.F("account"),
                        models.F("purchase"),
                        models.F("number"),
                        models.F("verb"),
                        models.F("credit_type"),
                        name="purchase_entry_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("verb__in", ["issue", "consume"])), name="purchase_entry_verb"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
                ),
                ("key", models.UUIDField()),
                ("amount", models.BigIntegerField()),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("gateway", "Sent back the way it came"),
                            ("outside", "Given back outside"),
                            ("chargeback", "Taken back by the bank"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "On its way"), ("done", "Done"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("refund_ref", models.CharField(blank=True, max_length=255)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
                (
                    "payment",
                    simplero.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="products.payment",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["account", "payment"], name="refund_of_payment")],
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("public_id"), name="refund_public_id"),
                    models.UniqueConstraint(models.F("account"), models.F("key"), name="refund_once"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "done", "failed"])), name="refund_state"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("way__in", ["gateway", "outside", "chargeback"])), name="refund_way"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SalesSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("retry_after", models.JSONField(default=list)),
                ("give_up_after", models.PositiveSmallIntegerField(default=14)),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(models.F("account"), name="sales_settings_once"),
                    models.CheckConstraint(
                        condition=models.Q(("give_up_after__range", (1, 90))), name="sales_settings_give_up"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GatewayAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=10)),
                ("enabled", models.BooleanField(default=False)),
                ("sealed", models.BinaryField(blank=True)),
                ("hint", models.CharField(blank=True, max_length=40)),
                ("instructions", models.TextField(blank=True, max_length=2000)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    simplero.tenancy.models.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.account",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(models.F("account"), models.F("gateway"), name="gateway_account_once")
                ],
            },
        ),
    ]
