"""Reading what clients have: files into raw tables, raw tables into records."""
