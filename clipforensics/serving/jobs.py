"""Videos on their way: a bounded line, fair between senders, and results that are kept for a while."""

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from clipforensics.core.faults import InputError
from clipforensics.serving.faults import Refused
from clipforensics.serving.limits import Limits
from clipforensics.serving.uploads import Upload
from clipforensics.serving.worker import Task, Worker

if TYPE_CHECKING:
    from clipforensics.serving.models import State

KEPT = 32
"""Finished jobs that are kept, the last ones."""

KEPT_SECONDS = 1800
"""So long each is kept."""

RETRY = 5.0
"""Seconds between attempts to start a worker that cannot be started."""


@dataclass(eq=False)
class Job:
    """One video. Touched by the server's loop alone, but for `stage`.

    Attributes:
        upload: The file; deleted when the job is over.
        client: Who sent it.
        prior: As `worker.Task` has it.
        draw: As `worker.Task` has it.
        id: Cannot be guessed.
        state: How far it is.
        stage: What the worker does with it.
        began: When it was taken up, by the monotonic clock.
        ended: When it was over.
        answer: As `judge.Judge.answer`.
        refusal: Why there is none.
        over: Set at its end.
    """

    upload: Upload
    client: str
    prior: float | None = None
    draw: bool = False
    id: str = field(default_factory=partial(secrets.token_urlsafe, 16))
    state: "State" = "waiting"
    stage: str | None = None
    began: float | None = None
    ended: float | None = None
    answer: Mapping[str, Any] | None = None
    refusal: Refused | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seconds(self) -> float:
        """Since it was taken up, until it was over."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began


class Line:
    """Jobs that wait: each sender's in order, senders in turn."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._of: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._of.values()))

    def add(self, job: Job) -> None:
        """At the end of its sender's."""
        self._of.setdefault(job.client, deque()).append(job)

    def next(self) -> Job:
        """Take out whose turn it is; IndexError if nobody waits."""
        if not self._of:
            raise IndexError("nobody waits")
        client, jobs = self._of.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._of[client] = jobs
        return job

    def remove(self, job: Job) -> None:
        """Take it out, wherever it stands."""
        jobs = self._of[job.client]
        jobs.remove(job)
        if not jobs:
            del self._of[job.client]

    def before(self, job: Job) -> int:
        """How many are taken up before it, if nobody comes or goes."""
        own = self._of[job.client].index(job)
        clients = list(self._of)
        place = clients.index(job.client)
        return own + sum(
            min(len(jobs), own + (n < place)) for n, jobs in enumerate(self._of.values()) if n != place
        )


class Desk:
    """Takes jobs, has workers score them, and keeps what came of it. For one event loop.

    Attributes:
        limits: Of the server.
        jobs: By id: those under way, and the last that are over.
    """

    def __init__(self, limits: Limits, workers: Sequence[Worker]) -> None:
        """Take workers that were started."""
        self.limits, self._workers = limits, workers
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self._line, self._coming = Line(), asyncio.Semaphore(0)
        self._at_work: dict[Job, Worker] = {}
        self._stopped: set[Worker] = set()
        self._n_uploading = 0
        self._closed = False
        self._threads = ThreadPoolExecutor(len(workers), thread_name_prefix="worker")
        self._slots: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to work."""
        self._slots = [asyncio.create_task(self._serve(worker)) for worker in self._workers]

    async def close(self) -> None:
        """End all work; workers are killed."""
        self.stop()
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        ending = asyncio.create_task(asyncio.to_thread(self._threads.shutdown))
        while not ending.done():  # a worker may just be starting
            for worker in self._workers:
                worker.stop()
            await asyncio.wait([ending], timeout=0.05)
        for worker in self._workers:
            worker.kill()

    def stop(self) -> None:
        """Take no more, and let nobody wait any longer."""
        self._closed = True
        for job in [job for job in self.jobs.values() if not job.over.is_set()]:
            self._cancel(job, Refused(503, "stopping", "the server is being stopped"))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while a video is uploaded.

        Raises:
            Refused: as many as may be are under way, or the server stops.
        """
        if self._closed:
            raise Refused(503, "stopping", "the server is being stopped")
        if self.n_in_hand >= self.limits.in_hand:
            raise Refused(503, "busy", f"{self.n_in_hand} videos are under way already; try again later")
        self._n_uploading += 1
        try:
            yield
        finally:
            self._n_uploading -= 1

    def submit(self, job: Job) -> None:
        """Put it in the line; within `place`."""
        self._forget()
        self.jobs[job.id] = job
        if self._closed:
            self._end(job, refusal=Refused(503, "stopping", "the server is being stopped"))
            return
        self._line.add(job)
        self._coming.release()

    def find(self, name: str) -> Job:
        """The job of an id.

        Raises:
            Refused: there is none, or none any more.
        """
        self._forget()
        if name not in self.jobs:
            raise Refused(404, "unknown job", "there is no such job, or its result is no longer kept")
        return self.jobs[name]

    def drop(self, job: Job) -> None:
        """End its work and forget it."""
        self._cancel(job, Refused(409, "cancelled", "it was cancelled"))
        self.jobs.pop(job.id, None)

    def before(self, job: Job) -> int:
        """Videos that are taken up before it."""
        return self._line.before(job) if job.state == "waiting" else 0

    @property
    def counts(self) -> dict[str, int]:
        """Videos by how far they are, and workers that live."""
        return {
            "uploading": self._n_uploading,
            "waiting": len(self._line),
            "working": len(self._at_work),
            "workers": sum(worker.is_alive for worker in self._workers),
        }

    @property
    def n_in_hand(self) -> int:
        """Videos under way."""
        return self._n_uploading + len(self._line) + len(self._at_work)

    async def _serve(self, worker: Worker) -> None:
        """One worker's life: a job after another, and a new start where one ended it."""
        while True:
            while not worker.is_alive:
                await self._start(worker)
            await self._coming.acquire()
            if len(self._line):  # what was come for may have been cancelled
                await self._work(worker, self._line.next())

    async def _work(self, worker: Worker, job: Job) -> None:
        self._at_work[job] = worker
        job.state, job.began = "working", time.monotonic()
        try:
            self._end(job, answer=await self._in_thread(self._score, worker, job))
        except Refused as refusal:
            self._end(job, refusal=refusal)
        finally:
            del self._at_work[job]
        if worker in self._stopped:  # perhaps after its answer: it must not begin another job and die of this
            await self._in_thread(worker.kill)
            self._stopped.remove(worker)

    async def _start(self, worker: Worker) -> None:
        try:
            await self._in_thread(worker.start)
        except (InputError, OSError) as error:
            print(f"a worker cannot be started: {error}", flush=True)
            await asyncio.sleep(RETRY)

    def _score(self, worker: Worker, job: Job) -> dict[str, Any]:
        """In a thread."""

        def on_stage(stage: str) -> None:
            job.stage = stage

        task = Task(str(job.upload.path), job.upload.name, job.prior, job.draw)
        return worker.score(task, seconds=self.limits.time_limit, on_stage=on_stage)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _cancel(self, job: Job, refusal: Refused) -> None:
        if job.state == "waiting":
            self._line.remove(job)
        worker = self._at_work.get(job)
        self._end(job, refusal=refusal)
        if worker is not None:
            self._stopped.add(worker)
            worker.stop()

    def _end(
        self, job: Job, *, answer: Mapping[str, Any] | None = None, refusal: Refused | None = None
    ) -> None:
        """The first end of a job counts: it may have been cancelled while it was worked on."""
        if job.over.is_set():
            return
        job.upload.path.unlink(missing_ok=True)
        job.state, job.answer, job.refusal = "failed" if refusal else "done", answer, refusal
        job.stage, job.ended = None, time.monotonic()
        job.over.set()
        self.jobs.move_to_end(job.id)

    def _forget(self) -> None:
        """Of those that are over, keep the last, and for a while."""
        over = [job for job in self.jobs.values() if job.ended is not None]
        now = time.monotonic()
        for n, job in enumerate(reversed(over)):
            if n >= KEPT or now - (job.ended or now) > KEPT_SECONDS:
                del self.jobs[job.id]
