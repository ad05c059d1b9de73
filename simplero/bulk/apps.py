from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "simplero.bulk"

    def ready(self) -> None:
        from simplero.outbox.handlers import register

        from . import handlers
        from .services import jobs

        register(jobs.RUN, handlers.run)
