"""Verdicts as pages, tables and files for other programs."""
