"""`import ledger`, wherever mqsim is installed; a copy of `mqsim/guest/ledger.py` does without mqsim."""

from mqsim.guest.ledger import Entry, LedgerError, entries, record, record_once, seen

__all__ = ["Entry", "LedgerError", "entries", "record", "record_once", "seen"]
