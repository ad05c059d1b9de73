"""What is done, and when: actions, conditions, steps, runs and attention.

A flow is a list of steps, in versions; a run is one contact's way through one. Automations are flows that staff build and start;
what a trigger does is a flow too, so that a firing is a run like any other: one engine, one way to fail, one inbox. Steps are done
in chunks of runs by `runs`, each chunk in one transaction with its ledger entries and what comes next. What sets a flow off stands
above, in `triggers`.
"""
