from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "simplero.bulk"

    def ready(self) -> None:
        from contacts import joining
        from credits.sources import register as name_source
        from simplero.outbox.handlers import register
        from simplero.web.shell import COUNTERS

        from . import handlers, merging
        from .queries import jobs as counting
        from .queries import rosters as naming
        from .services import jobs, rosters

        register(jobs.RUN, handlers.run)
        COUNTERS["bulk:jobs"] = counting.under_way
        name_source(rosters.SOURCE, naming.names)
        joining.register("bulk", preview=merging.preview, join=merging.join, part=merging.part, hold=merging.hold)
