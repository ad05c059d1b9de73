from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "simplero.audit"
    label = "audit"
