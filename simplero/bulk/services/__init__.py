"""Use-cases of bulk: jobs as people start, stop and undo them, what a worker does of them, and rosters."""
