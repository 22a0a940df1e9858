"""Questions that an engineer asks of a message queue, answered in a sentence, and how sure it is.

    import mqsim as mq

    answer = mq.planning.size(rate="250/s", work="40ms", workers="1..40", target="p99 < 1s")
    print(answer)

| module | its one job |
| --- | --- |
| `size`, `size_search` | the smallest value, or the cheapest setting, that meets targets |
| `what_if`, `drain`, `prefetch`, `sweep`, `sensitivity` | the other questions |
| `units`, `targets`, `knobs`, `events` | what an engineer writes: 40ms, `p99 < 1s`, `count=1..40` |
| `subject`, `workload` | what the question is about: a scenario, or a handful of flags |
| `closed_form` | what theory knows before a run |
| `length`, `study`, `observe` | how long to run, how often, and what is read off each run |
| `processors`, `kept` | runs on all processors or a Dask cluster; finished ones are kept in a file |
| `judge`, `values` | one setting judged against targets, or only measured |
| `from_definitions` | a broker from a definitions file, with an account of every key |
| `from_log`, `logfile`, `columns`, `timestamps`, `traffic`, `logged` | a load from a log |
| `backtest` | a log's second half predicted from its first |
| `calibrate` | the simulation beside a real RabbitMQ (`mqsim.live`) |
| `perf_test`, `perftest_output` | RabbitMQ's PerfTest: its command for a load, and its output |
| `answer`, `figures`, `page` | the form in which every plan answers, as a figure and as a page |
| `questions` | twenty questions with their commands |

A question and its module have the same name, and here that name is the function: all modules are loaded with
the package, so importing one later (`import mqsim.planning.drain`) changes nothing. What else such a module
has is imported from it: `from mqsim.planning.drain import RUNS`.
"""

from mqsim.planning.answer import Answer
from mqsim.planning.backtest import backtest
from mqsim.planning.calibrate import calibrate
from mqsim.planning.drain import drain
from mqsim.planning.from_definitions import from_definitions, to_definitions
from mqsim.planning.from_log import from_log
from mqsim.planning.perf_test import perf_test
from mqsim.planning.prefetch import prefetch
from mqsim.planning.sensitivity import sensitivity
from mqsim.planning.size import size
from mqsim.planning.sweep import sweep
from mqsim.planning.what_if import what_if

__all__ = [
    "Answer",
    "backtest",
    "calibrate",
    "drain",
    "from_definitions",
    "from_log",
    "perf_test",
    "prefetch",
    "sensitivity",
    "size",
    "sweep",
    "to_definitions",
    "what_if",
]
