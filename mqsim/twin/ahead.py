"""`python -m mqsim.twin.ahead` compiles the kernel and keeps it on disk."""

from __future__ import annotations


def compile_ahead() -> None:
    """Compile the kernel, or read it from disk, by playing a few messages."""
    from mqsim.scenario import Scenario
    from mqsim.twin.play import play

    play(
        Scenario.from_data(
            {
                "duration": 1,
                "broker": {"queues": {"tasks": {}}},
                "producers": {"source": {"to": "tasks", "arrivals": {"every": 0.5}}},
                "consumers": {"worker": {"queue": "tasks"}},
            }
        )
    )


if __name__ == "__main__":
    compile_ahead()
    print("The compiled twin is ready.")
