"""Turns of scheduled tasks: each is taken once, however many schedulers send it and however often a message is handed out.

A turn is a stretch of the database's clock, the same for every worker. It is taken before the work is done: a turn that is cut
short is not made up, the next one finds what it has left. Messages that wait for a worker, as after an outage, come down to one.
"""

from django.db import connection


def take(schedule: str, *, every: int) -> bool:
    """Whether the present turn of `schedule`, of `every` seconds, is ours. Turns of more than a day ago are forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH turn AS (SELECT to_timestamp(floor(extract(epoch FROM ledger_now()) / %(every)s) * %(every)s) AS due),
                 forgotten AS (DELETE FROM outbox_tick t USING turn
                                WHERE t.schedule = %(schedule)s AND t.due < turn.due - interval '1 day')
               INSERT INTO outbox_tick (schedule, due) SELECT %(schedule)s, due FROM turn ON CONFLICT DO NOTHING""",
            {"schedule": schedule, "every": every},
        )
        return bool(cursor.rowcount == 1)
