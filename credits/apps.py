from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "credits"

    def ready(self) -> None:
        from simplero.outbox.handlers import register

        from . import handlers

        register("credits.expire", handlers.expire)
