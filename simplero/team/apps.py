from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "simplero.team"
    label = "team"
