"""The desk: a bounded line, fair between senders; every job ends, and its file with it."""

import asyncio
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.serving import jobs
from clipforensics.serving.faults import Refused
from clipforensics.serving.jobs import Desk, Job, Line
from clipforensics.serving.limits import Limits
from clipforensics.serving.uploads import Upload


class Hand:
    """Stands for a worker: takes a while, and dies if it is told to."""

    def __init__(self, seconds=0.0):
        self.seconds, self.is_alive, self.done, self.starts, self.broken = seconds, True, [], 0, 0

    def start(self):
        if self.broken:
            self.broken -= 1
            raise InputError("no model")
        self.starts += 1
        self.is_alive = True

    def score(self, task, *, seconds, on_stage):
        on_stage("scoring")
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and self.is_alive:
            time.sleep(0.005)
        if task.name == "die" or not self.is_alive:
            self.is_alive = False
            raise Refused(500, "worker died", "it died")
        self.done.append(task.name)
        return {"verdict": {"path": task.name}, "words": {}, "figures": ""}

    def stop(self):
        self.is_alive = False

    kill = stop


def job(folder, name, client="a"):
    path = folder / f"{client}-{name}"
    path.write_bytes(b"x")
    return Job(Upload(path, name), client)


def at_desk(body, *workers, **limits):
    """Run a coroutine with a desk that is open."""

    async def run():
        desk = Desk(Limits(**{"workers": len(workers), **limits}), workers)
        desk.open()
        try:
            await asyncio.wait_for(body(desk), 30)
        finally:
            await desk.close()

    asyncio.run(run())


def submit(desk, one):
    with desk.place():
        desk.submit(one)
    return one


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_senders_take_turns_and_each_keeps_its_own_order(clients):
    line = Line()
    waiting = [Job(Upload(None, str(n)), client) for n, client in enumerate(clients)]
    for one in waiting:
        line.add(one)
    said = {one.id: line.before(one) for one in waiting}
    taken = [line.next() for _ in waiting]
    assert [said[one.id] for one in taken] == list(range(len(taken)))
    for client in "abc":
        own = [one for one in taken if one.client == client]
        assert own == [one for one in waiting if one.client == client]
    for n in range(len(taken)):  # nobody is ahead of one who still waits by more than a turn
        served, left = Counter(one.client for one in taken[:n]), {one.client for one in taken[n:]}
        assert all(served[one] + 1 >= max(served.values(), default=0) for one in left)
    with pytest.raises(IndexError, match="nobody waits"):
        line.next()


def test_one_who_sends_many_does_not_keep_another_waiting(tmp_path):
    hand = Hand(0.01)

    async def body(desk):
        many = [submit(desk, job(tmp_path, f"many {n}", "a")) for n in range(5)]
        one = submit(desk, job(tmp_path, "one", "b"))
        for each in (*many, one):
            await each.over.wait()

    at_desk(body, hand)
    assert hand.done.index("one") <= 2


def test_as_many_at_once_as_there_are_workers_and_none_is_lost(tmp_path):
    hands = [Hand(0.2), Hand(0.2)]

    async def body(desk):
        sent = [submit(desk, job(tmp_path, str(n))) for n in range(10)]
        await asyncio.sleep(0.1)
        assert desk.counts == {"uploading": 0, "waiting": 8, "working": 2, "workers": 2}
        assert [desk.before(one) for one in sent] == [0, 0, *range(8)]
        for each in sent:
            await each.over.wait()
        assert [one.state for one in sent] == ["done"] * 10
        assert [one.answer["verdict"]["path"] for one in sent] == [str(n) for n in range(10)]

    at_desk(body, *hands)
    assert all(4 <= len(hand.done) <= 6 for hand in hands)
    assert list(tmp_path.iterdir()) == []


def test_of_more_than_may_wait_one_is_refused_and_places_come_free(tmp_path):
    async def body(desk):
        sent = [submit(desk, job(tmp_path, str(n))) for n in range(2)]
        too_many = pytest.raises(Refused, match="3 videos are under way")
        with desk.place(), too_many as caught, desk.place():  # one that is being uploaded counts too
            pass
        assert caught.value.status == 503
        await sent[-1].over.wait()
        await asyncio.sleep(0)
        submit(desk, job(tmp_path, "later"))

    at_desk(body, Hand(0.05), waiting=2)


def test_a_death_costs_one_job_and_the_next_is_worked_on(tmp_path):
    hand = Hand()
    hand.broken = 1  # and the first new start fails

    async def body(desk):
        dead, later = submit(desk, job(tmp_path, "die")), submit(desk, job(tmp_path, "later"))
        await dead.over.wait()
        assert (dead.state, dead.refusal.status) == ("failed", 500)
        await later.over.wait()
        assert later.state == "done"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "RETRY", 0.01)
        at_desk(body, hand)
    assert hand.starts == 1
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_dropped_ends_at_once_whether_it_waits_or_not(tmp_path):
    hand = Hand(20)

    async def body(desk):
        first, second, third = (submit(desk, job(tmp_path, name)) for name in "xyz")
        await asyncio.sleep(0.05)
        desk.drop(second)
        assert second.over.is_set()
        assert desk.before(third) == 0
        hand.seconds = 0
        desk.drop(first)
        await asyncio.wait_for(third.over.wait(), 5)
        assert (third.state, list(desk.jobs)) == ("done", [third.id])
        with pytest.raises(Refused, match="no such job"):
            desk.find(first.id)

    at_desk(body, hand)
    assert (hand.starts, hand.done) == (1, ["z"])


def test_when_the_server_stops_nobody_waits(tmp_path):
    async def body(desk):
        sent = [submit(desk, job(tmp_path, str(n))) for n in range(3)]
        await asyncio.sleep(0.05)
        desk.stop()
        assert [(one.state, one.refusal.error) for one in sent] == [("failed", "stopping")] * 3
        with pytest.raises(Refused, match="being stopped"), desk.place():
            pass

    begin = time.monotonic()
    at_desk(body, Hand(20))
    assert time.monotonic() - begin < 10
    assert list(tmp_path.iterdir()) == []


def test_the_last_results_are_kept_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 3)

    async def body(desk):
        sent = []
        for n in range(6):
            sent.append(submit(desk, job(tmp_path, str(n))))
            await sent[-1].over.wait()
        assert [one.id in desk.jobs for one in sent] == [False, False, True, True, True, True]
        assert desk.find(sent[-1].id) is sent[-1]
        assert list(desk.jobs) == [one.id for one in sent[3:]]
        monkeypatch.setattr(jobs, "KEPT_SECONDS", -1)
        with pytest.raises(Refused, match="no longer kept"):
            desk.find(sent[-1].id)
        assert not desk.jobs

    at_desk(body, Hand())


def test_a_stage_is_shown_while_it_is_worked_on(tmp_path):
    async def body(desk):
        one = submit(desk, job(tmp_path, "a"))
        assert (one.state, one.seconds) == ("waiting", 0)
        await asyncio.sleep(0.1)
        assert (one.state, one.stage) == ("working", "scoring")
        await one.over.wait()
        taken = one.seconds
        await asyncio.sleep(0.02)
        assert (one.stage, one.seconds) == (None, taken)
        assert taken >= 0.2

    at_desk(body, Hand(0.2))
