"""From a scenario to the arrays of a run: who takes part, what is declared, what is to be done first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim import run_size
from mqsim.broker.profiles import profile
from mqsim.distributions import Constant, Streams
from mqsim.scenario.arrivals import Closed, Saturate
from mqsim.scenario.autoscaling import Autoscale
from mqsim.twin import buffers, codes, state
from mqsim.twin.broker import LOOK_EVERY, LOOK_FOR_OVERDUE, NO_SUCH_QUEUE, NO_TARGET
from mqsim.twin.pipelines import forwards_of, ways_of
from mqsim.twin.pointers import words_of
from mqsim.twin.samples import LARGEST_BLOCK, Chance, ChanceColumns, MessageBlocks, PreloadBlocks, Service

if TYPE_CHECKING:
    from mqsim.distributions import Distribution, Sampler
    from mqsim.scenario import Scenario
    from mqsim.scenario.actors import ConsumerSpec, ProducerSpec

PRELOAD = "preload"
_FIRST_ROWS = 4096
_TIMES_AT_ONCE = 8192
_CHUNK = 64
_SMALLEST_BLOCK = 64
_GRACE = 10.0
_MOST_ROWS_AT_ONCE = 1 << 21


class Setting:
    """A run that is about to begin.

    Args:
        scenario: one that `eligible` says nothing against.
        seed, replication: of all random numbers.
        counts_from: seconds from which on messages count, if only numbers are wanted; None for tables.

    Attributes:
        state: the arrays.
        columns: what is left to chance.
        blocks: what each actor's messages say, by actor; None for consumers.
        streams: other random numbers, by number.
        names: what each actor is called.
        actor_names: the names behind the codes in the tables.
    """

    def __init__(
        self, scenario: Scenario, seed: int, replication: int, counts_from: float | None = None
    ) -> None:
        self.scenario = scenario
        self.counts_from = counts_from
        self.random = Streams(seed, replication)
        self.queue_numbers = {name: k for k, name in enumerate(scenario.broker.queues)}
        self.consumers = [
            (f"{group}-{k}", group, spec, k)
            for group, spec in scenario.consumers.items()
            for k in range(1, spec.most + 1)
        ]
        self.producers = [
            (f"{group}-{k}", group, spec)
            for group, spec in scenario.producers.items()
            for k in range(1, spec.count + 1)
        ]
        self.preloads = [(name, spec.ready) for name, spec in scenario.broker.queues.items() if spec.ready]
        self.names = [one[0] for one in self.consumers] + [one[0] for one in self.producers]
        self.actor_names = ([PRELOAD] if self.preloads else []) + self.names
        self.first_code = 1 if self.preloads else 0
        self.places = {name: k for k, name in enumerate(self.names)}
        self.streams: list[Sampler] = []
        self.blocks: list[MessageBlocks | PreloadBlocks | None] = []
        self._set_ways()
        self._make_actors()
        self._make_faults()
        self.state = self._make_state()
        self._words: Any = None
        self._stands_for: state.State | None = None

    # -- what is left to chance ------------------------------------------------------------------------------

    def _set_ways(self) -> None:
        """Columns of what is left to chance, for each way by which a message can come to a group."""
        consumers = self.scenario.consumers
        self.forward_list = forwards_of(self.scenario)
        ways = ways_of(self.scenario)
        assert ways is not None
        slots: dict[tuple[str, str], int] = {}
        services: list[Service] = []
        chances: list[Chance] = []
        found: list[tuple[int, int, int]] = []
        for number, way in enumerate(ways):
            for group, spec in consumers.items():
                if spec.queue not in way.queues:
                    continue
                if spec.service is not None:
                    slot = slots.setdefault((group, "service"), len(slots))
                    found.append((number, slot, len(services)))
                    services.append(Service(f"service {group}{way.name}", spec.service))
                shares = {f"forward {k}": one.probability for k, one in enumerate(spec.publish)}
                shares = {name: share for name, share in shares.items() if share < 1}
                if spec.fails is not None and spec.fails.probability > 0:
                    shares["fails"] = spec.fails.probability
                for purpose, share in shares.items():
                    slot = slots.setdefault((group, purpose), len(slots))
                    found.append((number, slot, len(chances)))
                    chances.append(Chance(f"{purpose} {group}{way.name}", share))
        self.slots = slots
        self.ways = ways
        self.chances = ChanceColumns(self.random, services, chances)
        self.column_table = np.full((len(ways), max(len(slots), 1)), -1, np.int32)
        for number, slot, column in found:
            self.column_table[number, slot] = column
        self.lineage_table = np.zeros((len(ways), max(len(self.forward_list), 1)), np.int32)
        for number, way in enumerate(ways):
            if way.before >= 0:
                self.lineage_table[way.before, way.forward] = number

    def _stream(self, name: str, purpose: str, law: Distribution, margin: int = 4) -> int:
        """The number of a stream from which the kernel draws one by one."""
        self.streams.append(self.random.sampler(name, purpose, law))
        self.stream_rows.append((law.value if isinstance(law, Constant) else np.nan, margin))
        return len(self.streams) - 1

    # -- who takes part --------------------------------------------------------------------------------------

    def _make_actors(self) -> None:
        self.stream_rows: list[tuple[float, int]] = []
        self.points: list[tuple[float, float]] = []
        self.user_rows: list[tuple[int, int]] = []
        self.thinkers: list[tuple[int, Sampler]] = []
        self.forward_rows: list[tuple[int, int, int]] = []
        self.scaler_rows: list[tuple[Any, ...]] = []
        self.script: list[tuple[float, int, int, int]] = []
        self.rings: dict[tuple[str, int], int] = {}
        self.rings_of: dict[str, list[int]] = {}
        self._number_rings()
        self._list_forwards_and_factors()
        count = len(self.names) + len(self.preloads)
        actors = self.actors = state.rows(state.ACTORS, count)
        for name in ("session", "listeners", "working", "buffer_head", "buffer_tail", "service", "fails"):
            actors[name] = -1
        actors["broken"] = -1
        for name in (
            "attempts",
            "backlog_head",
            "backlog_tail",
            "waiting_head",
            "waiting_tail",
            "queue",
            "then",
        ):
            actors[name] = -1
        actors["slowed"] = 1.0
        actors["stop_at"] = actors["arrivals_stop"] = np.inf
        actors["confirm_timeout"] = actors["restart_after"] = np.nan
        actors["messages"] = -1
        for k, (name, _) in enumerate(self.preloads):
            self.script.append((0.0, codes.SET_PRELOAD, len(self.names) + k, 0))
            self._preload(actors[len(self.names) + k], name)
        poison = any(spec.poison for spec in self.scenario.producers.values())
        for place, (name, group, consumer, k) in enumerate(self.consumers):
            self.blocks.append(None)
            self._consumer(actors[place], place, name, group, consumer, k, poison)
        for k, (name, group, producer) in enumerate(self.producers):
            place = len(self.consumers) + k
            self.blocks.append(MessageBlocks(producer, self.random, name, self.queue_numbers))
            self._producer(actors[place], place, name, group, producer)
        first = 0
        for name, ready in self.preloads:
            self.blocks.append(PreloadBlocks(self._work_for(name), self.queue_numbers[name], ready, first))
            first += ready

    def _number_rings(self) -> None:
        """A rotation for each priority of a queue's consumers, the highest first."""
        for name in self.queue_numbers:
            found = {spec.priority for spec in self.scenario.consumers.values() if spec.queue == name}
            self.rings_of[name] = []
            for priority in sorted(found, reverse=True):
                self.rings_of[name].append(len(self.rings))
                self.rings[name, priority] = len(self.rings)

    def _list_forwards_and_factors(self) -> None:
        """What the consumers of a group have in common: where they publish to, and how their work is
        stretched.
        """
        self.forwards_of: dict[str, tuple[int, int]] = {}
        self.points_of: dict[str, tuple[int, int]] = {}
        for group, spec in self.scenario.consumers.items():
            begins = len(self.forward_rows), len(self.points)
            for index, one in enumerate(spec.publish):
                chance = self.slots.get((group, f"forward {index}"), -1)
                to = self.queue_numbers[one.to[0].key.values[0]]
                self.forward_rows.append((to, chance, one.when == "before_ack"))
            self.points += spec.factor or []
            self.forwards_of[group] = begins[0], len(self.forward_rows)
            self.points_of[group] = begins[1], len(self.points)

    def _common(self, a: Any, name: str, group: str, spec: ConsumerSpec | ProducerSpec) -> None:
        a.code = self.first_code + self.places[name]
        a.latency = self._latency(name, group)
        a.heartbeat = spec.heartbeat
        a.reconnects = self._stream(name, "reconnect", spec.reconnect)

    def _latency(self, name: str, group: str) -> float:
        """Seconds one way: the actor's own, else its group's, else the network's."""
        network, host = self.scenario.network, "broker-1"
        latency = network.latency
        for spec in sorted(network.links, key=lambda spec: (name in spec.between, host in spec.between)):
            first, second = spec.between
            ends, nodes = (name, group), (host, "broker")
            if (first in ends and second in nodes) or (second in ends and first in nodes):
                latency = latency if spec.latency is None else spec.latency
        return latency

    def _consumer(
        self, a: Any, place: int, name: str, group: str, spec: ConsumerSpec, k: int, poison: bool
    ) -> None:
        self._common(a, name, group, spec)
        a.kind = codes.CONSUMER
        a.queue = self.queue_numbers[spec.queue]
        a.ring = self.rings[spec.queue, spec.priority]
        a.prefetch = spec.prefetch
        a.ack = codes.ACKS.index(spec.ack)
        a.speed = spec.speed if isinstance(spec.speed, float | int) else spec.speed[min(k, spec.count) - 1]
        a.plain = spec.fails is None and not poison
        a.service = self.slots.get((group, "service"), -1)
        if spec.stop is not None:
            a.stop_at = spec.stop
        a.factor_from, a.factor_to = self.points_of[group]
        if (fails := spec.fails) is not None:
            a.fails = self.slots.get((group, "fails"), -1)
            a.after = fails.after
            a.then = codes.THEN.index(fails.then)
            a.attempts = -1 if fails.attempts is None else fails.attempts
            a.restart_after = np.nan if fails.restart_after is None else fails.restart_after
        a.forwards_from, a.forwards_to = self.forwards_of[group]
        if k <= spec.count:
            self._schedule(place, spec.start, spec.stop)
        if k == spec.most and isinstance(scale := spec.autoscale, Autoscale):
            delays = self._stream(group, "start delay", scale.start_delay, spec.most + 1)
            self.script.append((0.0, codes.SET_SCALER, len(self.scaler_rows), 0))
            row = (scale.every, scale.backlog_per, 0, a.queue, place - spec.most + 1, spec.most)
            self.scaler_rows.append((*row, scale.max, scale.min, delays, scale.stop == "graceful"))

    def _schedule(self, place: int, start: float, stop: float | None) -> None:
        self.script.append((start, codes.SET_START if start == 0 else codes.SET_START_AT, place, 0))
        if stop is not None:
            self.script.append((stop, codes.SET_STOP_AT, place, 0))

    def _producer(self, a: Any, place: int, name: str, group: str, spec: ProducerSpec) -> None:
        self._common(a, name, group, spec)
        arrivals = spec.arrivals
        a.kind = codes.TIMED
        if len(spec.to) == 1 and spec.to[0].key.kind == "fixed" and isinstance(spec.priority, int):
            a.queue = self.queue_numbers[spec.to[0].key.values[0]]
        a.drops = spec.when_blocked == "drop"
        a.messages = -1 if spec.messages is None else spec.messages
        a.arrivals_stop = np.inf if spec.stop is None else spec.stop
        a.draw_margin = 2
        if isinstance(arrivals, Closed):
            a.kind = codes.USERS
            a.users, a.users_from = arrivals.users, len(self.user_rows)
            self.user_rows += [(place, 0)] * arrivals.users
            self.thinkers.append((place, self.random.sampler(name, "think", arrivals.think)))
        elif isinstance(arrivals, Saturate):
            a.kind = codes.SATURATING
            a.users = a.draw_margin = arrivals.ready
        if spec.confirms is not None:
            a.confirms = True
            a.window = spec.confirms.window
            a.confirm_timeout = np.nan if spec.confirms.timeout is None else spec.confirms.timeout
        if spec.retry is not None:
            a.retry_on = sum(1 << codes.CAUSES.index(cause) for cause in set(spec.retry.on))
            a.retry_limit = spec.retry.limit
            a.retry_factor = spec.retry.factor
            a.retry_delays = self._stream(name, "retry", spec.retry.delay, self._window(spec) + 2)
        self.script.append((0.0, codes.SET_PRODUCER, place, 0))
        self._schedule(place, spec.start, None)
        self.script.append((spec.start, codes.SET_ARRIVALS, place, 0))

    def _window(self, spec: ProducerSpec) -> int:
        return spec.confirms.window if spec.confirms is not None else 0

    def _preload(self, a: Any, name: str) -> None:
        a.code = 0
        a.kind = codes.PRELOADED
        a.queue = self.queue_numbers[name]
        a.final = True

    def _work_for(self, queue: str) -> Sampler | None:
        for name, spec in self.scenario.producers.items():
            if any(target.queue == queue for target in spec.to):
                return self.random.sampler(f"{PRELOAD} {queue}", f"work as {name}", spec.work)
        return None

    # -- what goes wrong -------------------------------------------------------------------------------------

    def _make_faults(self) -> None:
        faults = self.scenario.faults
        self.faults = state.rows(state.FAULTS, len(faults))
        self.targets: list[tuple[int, int]] = []
        self.recurrence_rows: list[tuple[Any, ...]] = []
        self.hits = 0
        for number, fault in enumerate(faults):
            f = self.faults[number]
            target = fault.targets[0]
            alone = target in self.places
            hit = [self.places[target]] if alone else self._members(target)
            f.kind = codes.FAULT_KINDS.index(fault.kind)
            f.alone = alone
            f.factor = 1.0 if fault.factor is None else fault.factor
            given = (fault.restart_after, fault.down, fault.for_, fault.grace)
            back = next((one for one in given if one is not None), None)
            if fault.kind == "restart" and back is None:
                back = 0.0
            if fault.kind == "terminate" and back is None:
                back = _GRACE
            f.back = np.nan if back is None else back
            if fault.every is not None and fault.repair is not None:
                for place in hit:
                    name, purpose = self.names[place], f"{fault.kind} {number}"
                    lives = self._stream(name, purpose, fault.every)
                    repairs = self._stream(name, f"{purpose} repair", fault.repair)
                    self.script.append((0.0, codes.SET_RECURRENCE, len(self.recurrence_rows), 0))
                    self.recurrence_rows.append((0.0, 0.0, place, number, lives, repairs, 0, 0))
            else:
                f.targets_from = len(self.targets)
                self.targets += [(place, 0) for place in hit]
                f.targets_to = len(self.targets)
                self.script.append((fault.at or 0.0, codes.SET_FAULT, number, 0))
                self.hits += len(hit)
        self.script.append((0.0, codes.SET_END, 0, 0))

    def _members(self, group: str) -> list[int]:
        """The producers of a group, or its consumers, in the order in which the world lists them."""
        return [place for place, name in enumerate(self.names) if name.rpartition("-")[0] == group]

    # -- the arrays ------------------------------------------------------------------------------------------

    def _make_state(self) -> state.State:
        scenario = self.scenario
        margin = 64 + 8 * (len(self.names) + len(self.queue_numbers))
        margin += max((int(a.users) for a in self.actors if a.kind == codes.SATURATING), default=0)
        margin += max((self._window(spec) for spec in scenario.producers.values()), default=0)
        g = state.rows(state.GLOBALS, 1)
        one = g[0]
        limit = scenario.duration if scenario.duration is not None else scenario.max_duration
        one.end = np.inf if limit is None else limit
        one.wake_at = np.inf
        one.margin = margin
        one.free_messages = one.free_deliveries = -1
        one.measures = self.counts_from is not None
        one.counts_from = 0.0 if self.counts_from is None else self.counts_from
        one.services, one.chances = len(self.chances.services), len(self.chances.chances)
        one.attempts = 1 if one.chances else run_size.MOST_ATTEMPTS
        empty = getattr(scenario.until, "empty", None)
        one.may_end = scenario.until is not None
        one.waits_for_producers = empty is None
        one.empty = -1 if empty is None else self.queue_numbers[empty]
        one.outer = -1
        queues = scenario.broker.queues
        dead = any(spec.dead_letter is not None for spec in queues.values())
        one.copies_factor = 1 + len(queues) if dead else 1
        one.bulk = any(spec.message_ttl is not None for spec in queues.values()) or any(
            spec.ack == "auto" for spec in scenario.consumers.values()
        )
        one.bulk |= any(spec.expiration is not None for spec in scenario.producers.values())
        limits = [
            1 << 40 if spec.ack == "auto" or spec.prefetch == 0 else spec.prefetch * spec.most
            for spec in scenario.consumers.values()
        ]
        one.most_sends = sum(limits)
        one.cancel_waits = profile(scenario.broker.profile).single_active_waits
        queue_rows, levels = self._make_queues()
        one.due_n = one.asked = 1
        rows = max(_FIRST_ROWS, 32 * margin)
        power = 1 << (32 * margin).bit_length()
        blank = state.rows(state.MESSAGES, 1)
        for name in ("published", "enqueued", "delivered", "started", "finished", "acked", "ended"):
            blank[name] = np.nan
        blank["expires"] = blank["expiration"] = np.nan
        for name in ("parent", "consumer", "attempt", "at", "next", "child", "way"):
            blank[name] = -1
        script = state.rows(state.SCRIPT, len(self.script))
        for k, (time, what, a, b) in enumerate(self.script):
            script[k] = (time, a, b, what)
        streams, pool = self._make_streams()
        due_t = np.zeros(rows)
        due_t[0] = LOOK_EVERY
        due_what = np.full(rows, LOOK_FOR_OVERDUE, np.int64)
        due_k = np.ones(rows, np.int64)
        services, chances = max(one.services, 1), max(one.chances, 1)
        messages = self._table("messages", self._likely(rows))
        return state.State(
            g=g,
            **{name: self._table(name, rows) for name in ("heap_t", "heap_k", "heap_what")},
            due_t=due_t,
            due_k=due_k,
            due_what=due_what,
            outbox=np.zeros(power, np.int64),
            messages=messages,
            blank=blank,
            deliveries=self._table("deliveries", self._likely(rows)),
            sessions=self._table("sessions", rows),
            actors=self.actors,
            queues=queue_rows,
            levels=levels,
            rings=self._filled(state.RINGS, [(-1, -1)] * len(self.rings)),
            frames=state.rows(state.FRAMES, 64 + 8 * len(queues)),
            draws=state.rows(state.DRAWS, 1),
            streams=streams,
            pool=pool,
            service=np.zeros((len(messages) if one.services else 1, services)),
            chance=np.zeros((len(messages) if one.chances else 1, chances), np.uint8),
            draw_service=np.zeros((1, services)),
            draw_chance=np.zeros((1, chances), np.uint8),
            columns=self.column_table,
            lineages=self.lineage_table,
            points=np.array(self.points, np.float64).reshape(-1, 2),
            forwards=self._filled(state.FORWARDS, self.forward_rows),
            scalers=self._filled(state.SCALERS, self.scaler_rows),
            users=np.array(self.user_rows, np.int32).reshape(-1, 2),
            thoughts=np.zeros(1),
            faults=self.faults,
            targets=np.array(self.targets, np.int32).reshape(-1, 2),
            recurrences=self._filled(state.RECURRENCES, self.recurrence_rows),
            listeners=state.rows(state.LISTENERS, len(self.recurrence_rows) + self.hits),
            slowness=np.zeros((len(self.actors), 1 + sum(f.kind == "slow" for f in scenario.faults))),
            script=script,
            saturators=np.zeros(max(len(self.names), 1), np.int32),
            events=self._table("events", rows),
            ups=self._table("ups", rows),
            spans=self._table("spans", rows),
            publishes=self._table("publishes", rows),
            notes=self._table("notes", rows),
            samples=self._table("samples", max(_TIMES_AT_ONCE, rows)),
            tallies=np.zeros((len(queues) + 1, state.TALLIES), np.int64),
            handled=np.zeros((len(self.actor_names) + 1, len(queues) + 1), np.int64),
            **{name: np.zeros(1, state.FIELDS[name][0]) for name in state.FIELDS if name[:2] in ("m_", "d_")},
        )

    def _table(self, name: str, count: int) -> Any:
        return buffers.rows(name, state.FIELDS[name][0], (count,))

    def _likely(self, least: int) -> int:
        """Rows for about as many messages as there will be, if each is to be kept."""
        if self.counts_from is not None:
            return least
        horizon = self.scenario.horizon
        found = sum(_expected(spec, horizon) for _, _, spec in self.producers)
        found += sum(ready for _, ready in self.preloads)
        return least + int(min(found, _MOST_ROWS_AT_ONCE))

    @property
    def words(self) -> Any:
        """What stands for the arrays in the kernel (`pointers.words_of`)."""
        if self._stands_for is not self.state:
            self._words, self._stands_for = words_of(self.state), self.state
        return self._words

    def give_back(self) -> None:
        """The run is over, and its tables are read: others may have their memory."""
        for name in (
            *("heap_t", "heap_k", "heap_what", "messages", "deliveries", "sessions", "events", "ups"),
            *("spans", "publishes", "notes", "samples"),
        ):
            buffers.give_back(name, getattr(self.state, name))

    def _filled(self, kind: np.dtype[Any], given: list[tuple[Any, ...]]) -> Any:
        made = state.rows(kind, len(given))
        for k, row in enumerate(given):
            made[k] = row
        return made

    def _make_queues(self) -> tuple[Any, Any]:
        scenario = self.scenario
        consumed = {spec.queue for spec in scenario.consumers.values()}
        may_expire = any(spec.expiration is not None for spec in scenario.producers.values())
        rows = state.rows(state.QUEUES, len(self.queue_numbers))
        levels = 0
        for name, number in self.queue_numbers.items():
            spec = scenario.broker.queues[name]
            q = rows[number]
            q.index = number
            q.code = -1
            q.ttl = np.nan if spec.message_ttl is None else spec.message_ttl
            q.expiring = spec.message_ttl is not None
            q.armed = np.inf
            q.limited = spec.max_length is not None
            q.max_length = -1 if spec.max_length is None else spec.max_length
            q.overflow = codes.OVERFLOWS.index(spec.overflow)
            q.dead = NO_TARGET
            if spec.dead_letter is not None:
                q.dead = self.queue_numbers.get(spec.dead_letter.key or "", NO_SUCH_QUEUE)
            q.levels = levels
            q.levels_n = (spec.max_priority or 0) + 1
            levels += int(q.levels_n)
            rings = self.rings_of[name]
            q.rings, q.rings_n = (rings[0], len(rings)) if rings else (0, 0)
            q.terminal = name not in consumed and spec.message_ttl is None and not may_expire
        if not len(self.queue_numbers):
            rows["code"] = -1
        return rows, self._filled(state.LEVELS, [(-1, -1, -1)] * levels)

    def _make_streams(self) -> tuple[Any, Any]:
        streams = state.rows(state.STREAMS, len(self.streams))
        widest = max((2 * margin for _, margin in self.stream_rows), default=1)
        pool = np.zeros((max(len(self.streams), 1), max(widest, _CHUNK)))
        for k, (constant, margin) in enumerate(self.stream_rows):
            streams[k] = (constant, 0, 0, margin)
            if constant != constant:
                pool[k] = self.streams[k].block(0, pool.shape[1])
                streams[k].end = pool.shape[1]
        return streams, pool


def first_blocks(setting: Setting) -> list[int]:
    """For each actor how many messages to draw at first: about as many as there will be."""
    sizes = [0] * len(setting.consumers)
    for k, (_, _, spec) in enumerate(setting.producers):
        margin = int(setting.actors[len(setting.consumers) + k].draw_margin)
        sizes.append(_first_block(spec, setting.scenario.horizon, margin, len(setting.producers)))
    return sizes + [ready for _, ready in setting.preloads]


def _expected(spec: ProducerSpec, horizon: float) -> float:
    """About how many messages a producer will have, or a few hundred where that can't be told."""
    arrivals: Any = spec.arrivals
    mean = None
    if arrivals.kind == "poisson":
        mean = 1.0 / arrivals.rate
    elif arrivals.kind == "renewal":
        mean = arrivals.law.mean
    elif arrivals.kind == "every":
        mean = arrivals.interval
    elif arrivals.kind in ("at", "trace"):
        return float(len(arrivals.times))
    likely = 256.0 if mean is None else horizon / mean * 1.02 + _SMALLEST_BLOCK
    if spec.messages is not None:
        likely = spec.messages if mean is None else min(likely, spec.messages)
    return likely


def _first_block(spec: ProducerSpec, horizon: float, margin: int, producers: int) -> int:
    likely = max(_expected(spec, horizon), _SMALLEST_BLOCK, 4 * margin)
    if spec.arrivals.kind in ("at", "trace"):
        return int(likely)
    return int(min(likely, max(LARGEST_BLOCK // producers, _SMALLEST_BLOCK, 4 * margin)))
