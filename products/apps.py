from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        from contacts.letters import register
        from simplero.outbox.handlers import register_errand

        from . import handlers, letters, purchases
        from .services.refunds import SEND

        for kind in letters.ALL:
            register(kind)
        register_errand(purchases.RENEW, handlers.renew)
        register_errand(purchases.CHARGE, handlers.charge)
        register_errand(SEND, handlers.refund)
