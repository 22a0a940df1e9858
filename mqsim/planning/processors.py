"""Many independent runs: on all processors where that pays, or on a Dask cluster; what is finished is kept.

The order of the answers and the seeds of the runs depend on none of that, so neither does any answer.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mqsim.errors import UsageError
from mqsim.planning.kept import Kept
from mqsim.runs.engines import ENGINES

if TYPE_CHECKING:
    from mqsim.runs.engines import Engine

Answer = TypeVar("Answer")
Job = tuple[Callable[..., Answer], tuple[Any, ...]]

WORTH = 150_000.0
"""Messages from which on starting further processes pays."""
AHEAD = 3
"""Jobs that are handed out for each worker of a cluster: enough that none idles, and no more in memory."""
_PATIENCE = "10s"


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Processors:
    """Where runs are made, and where finished ones are kept.

    Attributes:
        workers: processes; None is one for each processor, 1 stays in this process.
        dask: the address of a Dask scheduler, in place of processes here.
        kept: finished runs, in a file.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the runs are the same.
    """

    workers: int | None = None
    dask: str | None = None
    kept: Kept | None = None
    engine: Engine = "auto"

    @classmethod
    def of(
        cls,
        workers: int | None,
        dask: str | None = None,
        resume: str | os.PathLike[str] | None = None,
        engine: str = "auto",
    ) -> Processors:
        """As a question's arguments say.

        Raises:
            UsageError: the file for finished runs holds something else, or there is no such cluster or
                engine.
        """
        if engine not in ENGINES:
            raise UsageError(f"--engine {engine}: write one of {', '.join(ENGINES)}.")
        if dask is not None:
            client(dask)
        return cls(workers, dask, None if resume is None else Kept(Path(resume)), cast("Engine", engine))

    def carry_out(
        self, jobs: Iterable[Job[Answer]], messages: float, count: int | None = None
    ) -> Iterator[Answer]:
        """The answers of jobs, in the order of the jobs, each as soon as it and those before it are there.

        Args:
            jobs: functions and their arguments, which can be pickled; taken one by one, so that a long row of
                them is never in memory.
            messages: about how many messages they simulate together; few are done in this process.
            count: how many jobs there are; by default the length of `jobs`.
        """
        if self.kept is None:
            yield from self._made(jobs, messages, count)
            return
        kept = self.kept
        order: deque[tuple[str, Sequence[Any], bool]] = deque()

        def missing() -> Iterator[Job[Answer]]:
            for act, with_ in jobs:
                key = kept.key(act, with_)
                order.append((key, with_, key in kept))
                if key not in kept:
                    yield act, with_

        for answer in self._made(missing(), messages, count if count is not None else _length(jobs)):
            while order[0][2]:
                key, with_, _ = order.popleft()
                yield kept.get(key, with_)
            key, _, _ = order.popleft()
            kept.add(key, answer)
            yield answer
        for key, with_, _ in order:
            yield kept.get(key, with_)

    def _made(self, jobs: Iterable[Job[Answer]], messages: float, count: int | None) -> Iterator[Answer]:
        if self.dask is not None:
            yield from _on_cluster(self.dask, jobs)
            return
        total = count if count is not None else _length(jobs)
        workers = min(processors() if self.workers is None else self.workers, total)
        if workers > 1 and (self.workers is not None or messages >= WORTH):
            try:
                from joblib import Parallel, delayed
            except ImportError:
                pass  # mqsim without its extra `plan` runs them one after the other
            else:
                yield from Parallel(n_jobs=workers, return_as="generator")(
                    delayed(act)(*with_) for act, with_ in jobs
                )
                return
        yield from (act(*with_) for act, with_ in jobs)


def _length(jobs: object) -> int:
    return len(jobs) if hasattr(jobs, "__len__") else processors()


@functools.lru_cache(maxsize=4)
def client(address: str) -> Any:
    """A connection to a Dask scheduler, made once.

    Raises:
        UsageError: Dask isn't installed, or nobody answers there.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UsageError("--dask: install Dask's scheduler first: pip install 'mqsim[dask]'.") from None
    try:
        return distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = type(error).__name__
    # Out of the handler nothing holds the client that failed, but circles of its own. It closes itself when
    # it is collected: now, and not at a time when a student's program is running in this process.
    gc.collect()
    raise UsageError(
        f"--dask {address}: no Dask scheduler answers there within {_PATIENCE} ({reason}); "
        "write tcp://HOST:8786."
    )


def _on_cluster(address: str, jobs: Iterable[Job[Answer]]) -> Iterator[Answer]:
    """Keep all workers of a cluster busy, and hold the answers of few jobs at a time."""
    on = client(address)
    waiting: deque[Any] = deque()
    ahead = AHEAD * max(1, sum(on.nthreads().values()))
    try:
        for act, with_ in jobs:
            # The same run asked for twice is made twice: a cluster's memory of answers is not ours.
            waiting.append(on.submit(act, *with_, pure=False))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        on.cancel(list(waiting))
