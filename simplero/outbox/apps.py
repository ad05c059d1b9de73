from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "simplero.outbox"
    label = "outbox"

    def ready(self) -> None:
        from .handlers import register
        from .subscribers import DELIVER, deliver

        register(DELIVER, deliver)
