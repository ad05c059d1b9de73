"""The audit log, Settings → Audit log: what an account's events (`simplero.outbox`) and the changes of its rows (`simplero.audit`) say
together. `log` reads the two as one stream, `words` and `values` say them, `views` shows and exports them. Nothing here writes.
"""
