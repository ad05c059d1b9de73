"""Whose data this is: accounts, users, memberships and roles, and the one door to an account's data, `scope`.

Everybody may call in. Nothing here knows a contact or a credit. The keys and policies themselves are written by
`tenancy.postgres`, so that no migration can forget them.
"""
