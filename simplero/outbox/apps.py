from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "simplero.outbox"
    label = "outbox"
