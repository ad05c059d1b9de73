from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        from contacts.letters import register
        from credits import proof as ledger
        from simplero.outbox.handlers import register_errand

        from . import handlers, letters, proof, purchases
        from .services.refunds import SEND

        for kind in letters.ALL:
            register(kind)
        ledger.FURTHER.append(proof.verify)
        register_errand(purchases.RENEW, handlers.renew)
        register_errand(purchases.CHARGE, handlers.charge)
        register_errand(SEND, handlers.refund)
