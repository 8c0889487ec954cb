"""The verdict as one page that can be opened anywhere and mailed."""

from workspace.reports.page import Written, write_report

__all__ = ["Written", "write_report"]
