"""The record of a run: message table, delivery table and event log, in columns."""

from mqsim.trace.clients import ClientEvent, ClientEventKind, ClientEvents
from mqsim.trace.tables import (
    NONE,
    NOT_A_TIME,
    Actor,
    DeliveryTable,
    EventLog,
    FaultSpan,
    How,
    MessageTable,
    Names,
    Outcome,
    ProducerCounts,
    Trace,
)

__all__ = [
    "NONE",
    "NOT_A_TIME",
    "Actor",
    "ClientEvent",
    "ClientEventKind",
    "ClientEvents",
    "DeliveryTable",
    "EventLog",
    "FaultSpan",
    "How",
    "MessageTable",
    "Names",
    "Outcome",
    "ProducerCounts",
    "Trace",
]
