from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "simplero.team"
    label = "team"

    def ready(self) -> None:
        from simplero.outbox.handlers import register

        from . import zones

        register(zones.JOB, zones.carry_out)
