"""Plain Python that would be true in another company: no Django, no tables, no HTTP."""
