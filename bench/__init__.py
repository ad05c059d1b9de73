"""`make bench`: what a use of a credit costs, beside the least that Postgres could do and beside the obvious way to write it.

One run starts a durable Postgres of its own in a throw-away folder, and lets the contestants take turns, so that whatever else
the machine does hits them alike. Goals are ratios of contestants of one round; the median of the rounds is printed.
Nothing of the application may import this.
"""
