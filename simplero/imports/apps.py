from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "simplero.imports"

    def ready(self) -> None:
        from contacts import forgetting
        from credits.sources import register as name_source
        from simplero.outbox.handlers import register

        from . import handlers, loading, queries, services, work

        register(work.READ, handlers.read)
        register(work.CHECK, handlers.check)
        register(work.LOAD, handlers.load)
        register(work.UNDO, handlers.undo)
        register(work.FORGET, handlers.forget)
        forgetting.register("imports", services.forget)
        name_source(loading.SOURCE, queries.names)
