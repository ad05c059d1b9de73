from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "triggers"

    def ready(self) -> None:
        from products import mentions
        from simplero.outbox import subscribers
        from simplero.outbox.handlers import register

        from . import handlers
        from .services.listening import EXPIRING, WHO
        from .views.mentions import of_product

        subscribers.register(WHO, handlers.hear)
        register(EXPIRING, handlers.expiring)
        mentions.register("automations", of_product)
