"""Reading jobs and rosters. Every function runs in the account's open scope and sees that account only."""
