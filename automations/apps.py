from django.apps import AppConfig


class AutomationsConfig(AppConfig):
    name = "automations"

    def ready(self) -> None:
        from simplero.outbox import subscribers
        from simplero.outbox.handlers import register

        from . import handlers, runs

        register(runs.ADVANCE, handlers.advance)
        register(runs.ADVANCE_ONE, handlers.advance_one)
        register(runs.START, handlers.start)
        subscribers.register("automations", runs.wake)
