"""The formula for one queue without losses: by its arrivals, its work and its number of servers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mqsim.distributions import Erlang, Exponential
from mqsim.errors import TheoryError
from mqsim.matching.streams import Stream, batch_size, power, stationary
from mqsim.scenario import Batches, Mmpp, Scenario
from mqsim.theory import (
    Law,
    Queue,
    allen_cunneen,
    batch_mg1,
    batch_mm1,
    erlang_transform,
    gimc,
    kingman,
    mdc,
    mg1,
    mmc,
    mmpp_mc,
    mphc,
)
from mqsim.theory.laws import shifted
from mqsim.theory.phase_type import states_of

if TYPE_CHECKING:
    from mqsim.matching.work import Work


MOST_PHASES = 400
"""States of a level up to which work in phases is solved; more would take seconds."""


@dataclass(frozen=True)
class Formula:
    """A formula's answer, and what was asked.

    Attributes:
        queue: the answer.
        why: sentences that say what makes it fit.
    """

    queue: Queue
    why: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether it is no approximation."""
        return self.queue.exact


def overload(stream: Stream, work: Work, servers: int) -> str:
    """A sentence where more work comes than can be done, else empty."""
    load = stream.rate * work.mean / servers
    if math.isnan(load) or load < 1.0:
        return ""
    return (
        f"There is no steady state: {load:.3g} seconds of work come for each second that there are consumers "
        "to do it, so the queue grows for as long as the run lasts."
    )


def lossless(scenario: Scenario, stream: Stream, work: Work, servers: int) -> Formula | str:
    """The formula for a queue that serves every message, first come first served; or why there is none."""
    if not math.isfinite(work.second_moment):
        return "The work has no variance, so the wait has no mean."
    try:
        return _lossless(scenario, stream, work, servers)
    except TheoryError as error:
        return f"Theory can't tell: {error}"


def _lossless(scenario: Scenario, stream: Stream, work: Work, servers: int) -> Formula | str:
    match stream.kind:
        case "poisson":
            return Formula(_poisson(stream.rate, work, servers), (_say(stream, work),))
        case "renewal":
            return Formula(_renewal(stream, work, servers), (_say(stream, work),))
        case "mmpp" if work.exponential:
            return _switching(scenario, stream, work, servers)
        case "batches" if servers == 1:
            return _batches(scenario, stream, work)
        case "mmpp":
            return "Arrivals whose rate switches have a formula here for exponential work only."
        case "batches":
            return "Arrivals in batches have a formula here for one consumer only."
        case _:
            return stream.says


def _say(stream: Stream, work: Work) -> str:
    return f"{stream.says.rstrip('.')}, {work.words()}, first come first served."


def _poisson(rate: float, work: Work, servers: int) -> Queue:
    if work.exponential:
        return mmc(rate, 1.0 / work.mean, servers)
    if work.constant:
        return mdc(rate, 1.0 / work.mean, servers)
    if servers == 1:
        return mg1(rate, work.mean, work.second_moment, work.transform())
    known = work.phases()
    if known is not None and states_of(len(known[0]), servers) <= MOST_PHASES:
        return replace(mphc(rate, *known, servers), name=f"M/{_letters(work)}/{servers}")
    name = f"M/G/{servers} by Allen and Cunneen"
    return replace(allen_cunneen(rate, work.mean, servers, 1.0, work.cv), name=name)


def _letters(work: Work) -> str:
    """Kendall's letters for work that goes through exponential phases."""
    laws = [law for _, law in work.parts]
    if len(laws) == 1 and isinstance(laws[0], Erlang):
        return f"E{laws[0].k}"
    if all(isinstance(law, Exponential) for law in laws) or len(laws) == 1:
        return f"H{len(laws) if len(laws) > 1 else len(getattr(laws[0], 'means', [0]))}"
    return "PH"


def roughness(formula: Formula, stream: Stream, work: Work) -> str:
    """How far off an approximation may be, within its range and beyond; empty where nothing is known."""
    if formula.exact or "Allen" not in formula.queue.name:
        return ""
    out = []
    if formula.queue.utilisation < 0.5:
        out.append(f"a load of {formula.queue.utilisation:.2g}")
    out += [
        f"{what} with a coefficient of variation of {cv:.3g}"
        for what, cv in (("arrivals", stream.cv), ("work", work.cv))
        if what == "work" or stream.kind == "renewal"
        if cv > 1.0 + 1e-9
    ]
    if not out:
        return "It is usually within 10 % at this load and variation."
    return (
        f"It is outside its range here ({' and '.join(out)}; it is good for loads above 0.5 and variations "
        "up to 1): the wait may be off by more than 10 %, so trust the simulation."
    )


def _renewal(stream: Stream, work: Work, servers: int) -> Queue:
    if stream.cv == 0.0 and work.constant:
        return _clockwork(stream.rate, work.mean, servers)
    if work.exponential and stream.gap is not None:
        return gimc(stream.rate, stream.gap, 1.0 / work.mean, servers)
    if servers == 1:
        return replace(kingman(stream.rate, work.mean, stream.cv, work.cv), name="GI/G/1 by Kingman")
    name = f"GI/G/{servers} by Allen and Cunneen"
    return replace(allen_cunneen(stream.rate, work.mean, servers, stream.cv, work.cv), name=name)


def _clockwork(rate: float, mean: float, servers: int) -> Queue:
    """Regular arrivals and constant work: below a load of 1 nobody ever waits."""
    at_once = Law(_never, mean)
    return Queue(
        name=f"D/D/{servers}",
        arrival_rate=rate,
        utilisation=rate * mean / servers,
        p_wait=0.0,
        mean_wait=0.0,
        mean_sojourn=mean,
        mean_waiting=0.0,
        mean_in_system=rate * mean,
        throughput=rate,
        wait_law=at_once,
        sojourn_law=shifted(at_once, mean),
    )


def _never(_t: float) -> float:
    return 0.0


def _switching(scenario: Scenario, stream: Stream, work: Work, servers: int) -> Formula | str:
    spec = scenario.producers[stream.producers[0]]
    arrivals = spec.arrivals
    assert isinstance(arrivals, Mmpp)
    if spec.count > 1:
        return "Several streams whose rates switch independently have no formula here."
    whole = float(stationary(arrivals) @ arrivals.rates)
    rates = [rate * stream.rate / whole for rate in arrivals.rates]
    return Formula(mmpp_mc(rates, arrivals.switch, 1.0 / work.mean, servers), (_say(stream, work),))


def _batches(scenario: Scenario, stream: Stream, work: Work) -> Formula | str:
    arrivals = scenario.producers[stream.producers[0]].arrivals
    assert isinstance(arrivals, Batches)
    mean, square, chances = batch_size(arrivals)
    if chances.get(0):
        # Empty batches do not happen: the others are fewer, and larger.
        kept = 1.0 - chances[0]
        mean, square = mean / kept, square / kept
        chances = {size: chance / kept for size, chance in chances.items() if size}
    rate = stream.rate / mean
    if work.exponential:
        return Formula(batch_mm1(rate, 1.0 / work.mean, chances), (_say(stream, work),))
    return Formula(batch_mg1(rate, work.mean, work.second_moment, mean, square), (_say(stream, work),))


def dealt(stream: Stream, servers: int) -> Stream:
    """What each of several consumers gets where the broker deals messages out in turn as they come."""
    if servers == 1 or stream.kind not in ("poisson", "renewal"):
        return stream if servers == 1 else replace(stream, kind="other", says=_DEALT_ODD)
    gap = erlang_transform(servers, servers / stream.rate) if stream.kind == "poisson" else None
    if stream.kind == "renewal" and stream.gap is not None:
        gap = partial(power, stream.gap, servers)
    says = (
        f"The broker deals messages out in turn as they come, so each of the {servers} consumers has a line "
        f"of its own and gets every {_nth(servers)} message."
    )
    return replace(
        stream, kind="renewal", rate=stream.rate / servers, gap=gap, cv=stream.cv * servers**-0.5, says=says
    )


_DEALT_ODD = (
    "The broker deals messages out in turn as they come, and for these arrivals that has no formula here."
)


def _nth(number: int) -> str:
    return f"{number}{ {2: 'nd', 3: 'rd'}.get(number, 'th') }"
