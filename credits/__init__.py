"""How much: credit types, wallets, lots and the append-only ledger of entries.

`ledger.sql` holds the posting functions and `ledger.py` is the only caller of them; other rooms call `credits.services`
to change a balance and `credits.queries` to read one. Why a credit moved is somebody else's business: the ledger
keeps only `(source, source_id)`.
"""
