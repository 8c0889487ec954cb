"""The verdict as one file: a page to mail, or its figures as CSV, JSON and Markdown."""
