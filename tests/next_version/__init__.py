"""The application as it will be after the next deployment: one more column, in a table that everybody uses."""
