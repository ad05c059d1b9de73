"""Real processes that are really killed: `make faults`, `make faults PROFILE=long`.

Lives here: a cluster that writes to disk, a broker, web, worker and scheduler as processes of their own, and the points at which
they die. Does not live here: anything that one process can show. Without `python -m tests.faults` nothing here is collected.

Nothing of this is in what we ship: `application.py` and `worker.py` start the same application with the points put in from outside.
"""
