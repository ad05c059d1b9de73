from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "simplero.tenancy"
    label = "tenancy"
