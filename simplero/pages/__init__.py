"""Pages made of several rooms' things (the contact page, the demo data): composed from their queries and services; no rule, no table."""
