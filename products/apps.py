from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        from contacts import forgetting, joining
        from contacts.letters import register
        from credits import proof as ledger
        from credits.sources import register as name_source
        from simplero.outbox.handlers import register as register_job
        from simplero.outbox.handlers import register_errand

        from . import erasing, handlers, letters, merging, proof, purchases
        from .queries.sales import names
        from .services.payments import LOOK
        from .services.refunds import SEND

        forgetting.register("products", erasing.forget, hinders=erasing.hinders)
        joining.register("products", preview=merging.preview, join=merging.join, part=merging.part, hold=merging.hold)
        for kind in letters.ALL:
            register(kind)
        name_source(purchases.SOURCE, names)
        ledger.FURTHER.append(proof.verify)
        register_job(purchases.RECEIPT, handlers.receipt)
        register_job(purchases.RECEIPT_OF_PAYMENT, handlers.receipt_of_payment)
        register_errand(purchases.RENEW, handlers.renew)
        register_errand(purchases.CHARGE, handlers.charge)
        register_errand(SEND, handlers.refund)
        register_errand(LOOK, handlers.look)
