"""Staff pages of jobs and rosters."""
