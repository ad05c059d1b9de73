"""Who works here: signing up, signing in, an account's members, their roles and invitations, and the account's own settings.

Stands above web, mail and outbox because it needs all three; nobody calls in but the pages above. The memberships
themselves live in `tenancy`, which must know them before any door opens; here is how they come and go.
"""
