"""Models on the pages: declared, planned, tried, asked, paid for, measured."""
