from django.db import migrations

from simplero.audit.watching import audited


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("tenancy", "0002_storefront"),
        ("team", "0001_initial"),
        ("contacts", "0001_initial"),
        ("credits", "0001_initial"),
        ("products", "0001_initial"),
        ("automations", "0001_initial"),
        ("triggers", "0001_initial"),
    ]

    operations = [
        audited("tenancy_account", "account", account="id", ignore=["opened_with"]),
        audited("tenancy_membership", "membership"),
        audited("tenancy_domain", "domain", secret=["token"], ignore=["checked_at"]),
        audited("team_invitation", "invitation", secret=["token_hash"], ignore=["sent_with"]),
        # Not when they are added: fifty thousand may come at once, and who they are stands in their rows.
        audited("contacts_contact", "contact", on="UPDATE", ignore=["name_key", "email_key"], contact="id"),
        audited("contacts_contactnote", "note", on="UPDATE OR DELETE", ignore=["edited_at"], contact="contact_id"),
        audited("contacts_tag", "tag", ignore=["name_key"]),
        audited("contacts_lettertext", "letter"),
        audited("credits_credittype", "credit_type", ignore=["name_key"]),
        audited("products_product", "product"),
        audited("products_productcredit", "product_credit"),
        audited("products_price", "price"),
        audited("products_salessettings", "sales"),
        audited("products_gatewayaccount", "gateway", secret=["sealed"], ignore=["updated_at"]),
        audited("products_gatewayaddress", "gateway_address", secret=["token_digest"]),
        audited("automations_flow", "flow", ignore=["started", "last_started_at"]),
        audited(
            "automations_version",
            "version",
            on="UPDATE",
            always=["flow_id", "number", "steps"],
            when="OLD.published_at IS NULL AND NEW.published_at IS NOT NULL",
        ),
        audited(
            "automations_endpoint",
            "endpoint",
            secret=["secret", "former_secret"],
            ignore=["former_until", "failures", "rests_until"],
        ),
        audited("triggers_trigger", "trigger", secret=["address"], ignore=["on_since"]),
        audited("triggers_hook", "hook", secret=["token_digest"]),
    ]
