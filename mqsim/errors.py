"""Every exception that mqsim raises, as one tree.

    MqsimError
    ├── UsageError            a call or a command line that can't be carried out
    ├── ScenarioError         a scenario that can't be understood or can't be run
    │   └── InvalidScenarioError  all that is wrong with one, together (lives in `scenario.problems`)
    ├── DistributionError     a law of arrival or work with impossible parameters
    ├── TraceError            a trace that can't be read, written or drawn
    ├── TheoryError           a formula that was asked outside its range
    ├── SimulationError       the model was driven against its own rules
    │   └── WireError             a guest's process said what nobody understands (lives in `guest.wire`)
    ├── PacketError           a packet that breaks MQTT (lives in `mqtt.reasons`)
    ├── MachineBusy           too much real time has passed to grade (lives in `grading.budgets`)
    └── BrokerError           what the broker answers to a program's mistake
        ├── ChannelError      it closes the channel; the connection lives on
        ├── ConnectionError   it closes the connection
        └── NoAnswerError     no answer comes until a node of the cluster is back

Each carries its data (field, value, what is allowed, AMQP's reply code) beside one sentence that says what
is wrong, where, what is allowed and what to do next. The command line prints that sentence and exits with 2.
"""

from __future__ import annotations

import traceback
from itertools import takewhile
from pathlib import Path

_PACKAGE = str(Path(__file__).parent)


class MqsimError(Exception):
    """The root: catch this to catch everything that mqsim raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a long traceback: the reader's own line, and the sentence."""
        frames = traceback.extract_tb(self.__traceback__)
        outside = list(takewhile(lambda frame: not frame.filename.startswith(_PACKAGE), frames))
        own = [f"line {outside[-1].lineno}: {outside[-1].line}"] if outside and outside[-1].line else []
        return [*own, f"{type(self).__name__}: {self}"]


class UsageError(MqsimError):
    """A call or a command line that can't be carried out as it stands."""


class ScenarioError(MqsimError):
    """A scenario that can't be understood or can't be run.

    Args:
        where: the path of the field, such as `producers.web.arrivals`, or the file.
        value: what stands there now.
        allowed: what may stand there, in words.
        hint: what to do next; a sentence without its full stop, or empty.
    """

    def __init__(self, where: str, value: object, allowed: str, hint: str = "") -> None:
        self.where = where
        self.value = value
        self.allowed = allowed
        self.hint = hint
        sentence = f"{where}: {_short(value)} is not allowed; it must be {allowed}"
        super().__init__(f"{sentence}. {hint}{'' if hint.endswith('?') else '.'}" if hint else f"{sentence}.")

    def __reduce__(self) -> tuple[object, ...]:
        """Lets the error cross from a worker process to its parent."""
        return (type(self), (self.where, self.value, self.allowed, self.hint))


class DistributionError(MqsimError):
    """A law of arrival or work with impossible parameters.

    Args:
        law: the law's name, such as `exponential`.
        parameter: the parameter that is wrong, or empty when the law itself is.
        value: what was given.
        allowed: what may be given, in words.
    """

    def __init__(self, law: str, parameter: str, value: object, allowed: str) -> None:
        self.law = law
        self.parameter = parameter
        self.value = value
        self.allowed = allowed
        where = f"{law}.{parameter}" if parameter else law
        super().__init__(f"{where}: {_short(value)} is not allowed; it must be {allowed}.")

    def __reduce__(self) -> tuple[object, ...]:
        """Lets the error cross from a worker process to its parent."""
        return (type(self), (self.law, self.parameter, self.value, self.allowed))


class TraceError(MqsimError):
    """A trace that can't be read, written or drawn."""


class TheoryError(MqsimError):
    """A formula that was asked for a value outside its range of validity."""


class SimulationError(MqsimError):
    """The model was driven against its own rules, such as time running backwards."""


class BrokerError(MqsimError):
    """What the broker answers to a mistake, as AMQP 0-9-1 has it.

    Args:
        code: AMQP's reply code, such as 404.
        text: RabbitMQ's reply text, such as `NOT_FOUND - no queue 'tasks' in vhost '/'`.
        method: class and method number of the method that failed; (0, 0) when there was none.
    """

    def __init__(self, code: int, text: str, method: tuple[int, int] = (0, 0)) -> None:
        self.code = code
        self.text = text
        self.method = method
        super().__init__(f"({code}) {text}")

    def __reduce__(self) -> tuple[object, ...]:
        """Lets the error cross from a worker process to its parent."""
        return (type(self), (self.code, self.text, self.method))


class ChannelError(BrokerError):
    """A mistake that closes the channel it was made on."""


class ConnectionError(BrokerError):
    """A mistake, or an operator's act, that closes the whole connection."""


class NoAnswerError(BrokerError):
    """A real broker would be silent now: what was asked about lives on a node that is down.

    Nothing has changed. Ask again when a node is back, for that is when a real one answers.
    """

    def __init__(self, text: str) -> None:
        super().__init__(0, text)

    def __reduce__(self) -> tuple[object, ...]:
        """Lets the error cross from a worker process to its parent."""
        return (type(self), (self.text,))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
