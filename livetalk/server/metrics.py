"""Metrics for Prometheus that an operator plots: counts and times, never words. One registry a server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from livetalk.avatar.blocks import TimedBlock
from livetalk.conversation.events import LatencyBreakdown, Problem

LATE = 0.06  # seconds: a frame. Less is covered by what waits behind
SECONDS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0, 10.0)


class Metrics:
    """See the module docstring."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.sessions = Gauge("livetalk_sessions", "Sessions that are open.", registry=registry)
        self.places = Gauge("livetalk_places", "Sessions that can be held at once.", registry=registry)
        self.ready = Gauge("livetalk_ready", "Whether new sessions are taken.", registry=registry)
        self.opened = Counter("livetalk_sessions_opened", "Sessions opened.", registry=registry)
        self.refused = Counter("livetalk_refused", "Requests refused.", ["reason"], registry=registry)
        self.ended = Counter("livetalk_sessions_ended", "Sessions ended.", ["reason"], registry=registry)
        self.links = Counter("livetalk_connections", "Connections made.", ["transport"], registry=registry)
        self.problems = Counter("livetalk_problems", "Steps that failed.", ["step"], registry=registry)
        self.faces_lost = Counter("livetalk_faces_lost", "Times a visitor's face was lost.", registry=registry)
        self.interrupts = Counter("livetalk_interrupts", "Answers that were interrupted.", registry=registry)
        self.gaps = Counter("livetalk_gaps", "Times a visitor's sound ran dry.", registry=registry)
        self.blocks = Counter("livetalk_blocks", "Blocks of frames that came.", registry=registry)
        self.late = Counter("livetalk_blocks_late", "Blocks that came after their time.", registry=registry)
        self.tasks = Gauge("livetalk_tasks", "Tasks of the event loop.", registry=registry)
        self.steps = Histogram(
            "livetalk_answer_seconds",
            "Seconds from the end of a visitor's speech to each step of the answer.",
            ["step"],
            registry=registry,
            buckets=SECONDS,
        )

    def answered(self, turn: LatencyBreakdown) -> None:
        """An answer has reached the visitor."""
        for step in ("decided", "understood", "first_text", "first_audio", "first_frame"):
            seconds = getattr(turn, step)
            if seconds is not None:
                self.steps.labels(step).observe(seconds)

    def failed(self, problem: Problem) -> None:
        self.problems.labels(problem.step).inc()

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self.registry)


class BlockCounter:
    """Counter of one session's blocks, piece by piece; a block is late once, by what the engine says of its pieces."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._index, self._counted = -1, False

    def __call__(self, block: TimedBlock) -> None:
        if block.index != self._index:
            self._metrics.blocks.inc()
            self._index, self._counted = block.index, False
        if block.late > LATE and not self._counted:
            self._metrics.late.inc()
            self._counted = True
