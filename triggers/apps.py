from django.apps import AppConfig


class TriggersConfig(AppConfig):
    name = "triggers"

    def ready(self) -> None:
        from contacts import forgetting
        from products import mentions
        from simplero.outbox import subscribers
        from simplero.outbox.handlers import register

        from . import erasing, handlers
        from .services.listening import EXPIRING, WHO
        from .views.mentions import of_product

        forgetting.register("triggers", erasing.forget)
        subscribers.register(WHO, handlers.hear)
        register(EXPIRING, handlers.expiring)
        mentions.register("automations", of_product)
