from django.apps import AppConfig


class FindingConfig(AppConfig):
    name = "simplero.finding"
