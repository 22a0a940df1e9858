"""Mistakes in one fault, each with the path and the words that its sentence has to have."""

from __future__ import annotations

from typing import Any

# one fault, the path in the error, words of its sentence
WRONG_FAULTS: list[tuple[Any, str, list[str]]] = [
    (5, "faults.0", ["5", "{crash: worker-1, at: 30}"]),
    ({"crsh": "worker-1", "at": 3}, "faults.0", ["Did you mean 'crash'?"]),
    ({"crash": "worker-1", "kill": "broker", "at": 3}, "faults.0", ["each as an item of its own"]),
    ({"crash": "worker-3", "at": 3}, "faults.0.crash", ["'worker-3'", "worker-1 to worker-2"]),
    ({"crash": "worker-01", "at": 3}, "faults.0.crash", ["worker-1 to worker-2"]),
    ({"crash": "wroker-1", "at": 3}, "faults.0.crash", ["Did you mean 'worker-1'?"]),
    ({"crash": "wroker", "at": 3}, "faults.0.crash", ["Did you mean 'worker'?"]),
    ({"slow": "broker", "at": 3, "factor": 2}, "faults.0.slow", ["kill: broker"]),
    ({"crash": ["worker-1"], "at": 3}, "faults.0.crash", ["a name"]),
    ({"crash": "worker-1"}, "faults.0", ["has no time", "at: TIME"]),
    ({"crash": "worker-1", "at": 3, "every": 5}, "faults.0", ["both at and every"]),
    ({"crash": "worker-1", "every": 5}, "faults.0.repair", ["missing"]),
    ({"crash": "worker-1", "every": 0, "repair": 1}, "faults.0.every", ["mean above 0"]),
    (
        {"crash": "worker-1", "every": 5, "repair": 1, "restart_after": 3},
        "faults.0.restart_after",
        ["repair"],
    ),
    ({"crash": "worker-1", "at": 3, "repair": 5}, "faults.0.repair", ["left out without every"]),
    ({"crash": "worker-1", "at": -3}, "faults.0.at", ["-3", "0 or more"]),
    (
        {"crash": "worker-1", "at": 3, "factor": 5},
        "faults.0.factor",
        ["'crash' has no field 'factor'", "restart_after"],
    ),
    (
        {"crash": "worker-1", "at": 3, "restrt_after": 5},
        "faults.0.restrt_after",
        ["Did you mean 'restart_after'?"],
    ),
    ({"slow": "worker-1", "at": 3}, "faults.0.factor", ["missing", "'slow' needs at and factor"]),
    ({"slow": "worker-1", "at": 3, "factor": 0}, "faults.0.factor", ["0", "above 0"]),
    ({"hang": "worker-1", "at": 3, "for": 0}, "faults.0.for", ["0", "above 0"]),
    ({"partition": "worker-1", "at": 3}, "faults.0.partition", ["two different ends"]),
    ({"partition": ["worker-1", "worker-2"], "at": 3}, "faults.0.partition", ["a broker at one end"]),
    ({"partition": ["worker-9", "broker"], "at": 3}, "faults.0.partition.0", ["'worker-9'"]),
    ({"restart": "broker-2", "at": 3}, "faults.0.restart", ["'broker-2'", "broker or broker-1"]),
    ({"restart": "brokr", "at": 3}, "faults.0.restart", ["Did you mean 'broker'?"]),
    ({"restart": "broker"}, "faults.0.at", ["missing"]),
    ({"kill": "worker-1", "at": 3, "down": 5}, "faults.0.down", ["restart_after"]),
    ({"kill": "broker", "at": 3, "restart_after": 5}, "faults.0.restart_after", ["Write down"]),
    ({"alarm": "memry", "at": 3}, "faults.0.alarm", ["Did you mean 'memory'?"]),
    ({"fail": "ledgr", "at": 3}, "faults.0.fail", ["Did you mean 'ledger'?"]),
    ({"fail": ["ledger"], "at": 3}, "faults.0.fail", ["the service's name: ledger"]),
    ({"fail": "ledger", "at": 3}, "faults.0.fail", ["only programs use the ledger"]),
    ({"fail": "ledger"}, "faults.0.at", ["missing"]),
]
