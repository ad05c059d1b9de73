from django.apps import AppConfig


class AutomationsConfig(AppConfig):
    name = "automations"

    def ready(self) -> None:
        from contacts import forgetting, joining
        from contacts.letters import register_free
        from credits import proof as ledger
        from credits.sources import register as name_source
        from simplero.outbox import subscribers
        from simplero.outbox.handlers import CALLS, register, register_errand
        from simplero.web.shell import COUNTERS

        from . import calls, erasing, handlers, merging, proof, runs
        from .actions import email
        from .models import Of
        from .queries import attention
        from .queries.naming import flows_of
        from .services import flows

        forgetting.register("automations", erasing.forget)
        joining.register(
            "automations", preview=merging.preview, join=merging.join, part=merging.part, hold=merging.hold
        )
        register(runs.ADVANCE, handlers.advance)
        register(runs.ADVANCE_ONE, handlers.advance_one)
        register(runs.START, handlers.start)
        register(flows.EMPTY, handlers.empty)
        register(flows.RENEW, handlers.renew)
        register_errand(calls.CALL, handlers.call, queue=CALLS)
        subscribers.register("automations", runs.wake)
        register_free(email.KIND)
        ledger.FURTHER.append(proof.verify)
        COUNTERS["automations:attention"] = attention.number
        for source in Of.values:
            name_source(source, flows_of)
