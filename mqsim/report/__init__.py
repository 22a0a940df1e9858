"""A run as one HTML file, and its numbers as tables of words."""

from mqsim.report.files import writable_target
from mqsim.report.tables import Table, summary_tables, verdict
from mqsim.report.write import report_html, summary_html, write_report

__all__ = [
    "Table",
    "report_html",
    "summary_html",
    "summary_tables",
    "verdict",
    "writable_target",
    "write_report",
]
