"""Promises of faces whose model is a process of its own: nothing is lost but what was being said."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from PIL import Image

from livetalk.cli_support import avatars, weights
from livetalk.conversation import worker
from livetalk.conversation import worker_face as module
from livetalk.conversation.face import Cut, FaceItem, FaceLost, FaceReturned, Full, TimedBlock
from livetalk.conversation.worker import WorkerStudio
from livetalk.conversation.worker_face import WorkerFace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not weights(), reason="needs the bundled weights"),
]
PORTRAIT = np.array(Image.open(next(iter(avatars().values()))).convert("RGB"))
TONE = (0.3 * np.sin(np.arange(48_000) * 0.05)).astype(np.float32)


@asynccontextmanager
async def _watched(every: float = 1.0) -> AsyncIterator[tuple[WorkerStudio, WorkerFace, list[tuple[float, FaceItem]]]]:
    before, module.EVERY = module.EVERY, every
    studio = WorkerStudio(places=1)
    seen: list[tuple[float, FaceItem]] = []

    async def watch(face: WorkerFace) -> None:
        async for item in face.items():
            seen.append((time.monotonic(), item))

    try:
        await studio.start()
        face = await studio.open(PORTRAIT, "a person talks, calm and friendly", seed=1)
        watching = asyncio.create_task(watch(face))
        yield studio, face, seen
        await face.close()
        await asyncio.wait_for(watching, 5)
    finally:
        module.EVERY = before
        await studio.close()


async def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def _blocks(seen: list[tuple[float, FaceItem]]) -> list[TimedBlock]:
    return [item for _, item in seen if isinstance(item, TimedBlock)]


def _first(seen: list[tuple[float, FaceItem]], kind: type) -> tuple[float, FaceItem]:
    return next((t, item) for t, item in seen if isinstance(item, kind))


def test_speech_comes_back_with_moving_frames_and_an_interrupt_cuts_it():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            assert (studio.places, studio.size, face.size) == (1, 256, (256, 256))
            with pytest.raises(Full):
                await studio.open(PORTRAIT, "", 0)
            await _until(lambda: len(_blocks(seen)) > 2)
            await face.push(TONE, 24_000)
            await face.end()
            await _until(lambda: sum(b.said for b in _blocks(seen)) > 12_000)
            began = time.monotonic()
            await face.interrupt()
            await _until(lambda: any(isinstance(item, Cut) for _, item in seen))
            assert time.monotonic() - began < 0.25
            after = len(seen)
            await _until(lambda: len(_blocks(seen[after:])) > 3)
            assert not any(block.audio.any() for block in _blocks(seen[after:]))
            blocks = _blocks(seen)
            assert all(block.frames.shape[1:] == (256, 256, 3) for block in blocks)
            numbers = [n for b in blocks for n in range(b.first_frame, b.first_frame + len(b.frames))]
            assert numbers == list(range(len(numbers))), "every frame once"

    asyncio.run(run())


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_process_that_dies_or_hangs_is_told_within_two_seconds_and_the_face_goes_on(blow: signal.Signals):
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: face._kept is not None and bool(_blocks(seen)))
            pid = studio.pid
            assert pid is not None
            struck = time.monotonic()
            os.kill(pid, blow)
            await _until(lambda: any(isinstance(item, FaceLost) for _, item in seen))
            assert _first(seen, FaceLost)[0] - struck < 2.0
            await face.push(TONE, 24_000)  # nobody hears it, and nothing breaks
            await _until(lambda: any(isinstance(item, FaceReturned) for _, item in seen))
            back, returned = _first(seen, FaceReturned)
            assert isinstance(returned, FaceReturned)
            assert returned.from_snapshot
            assert studio.restarts == 1
            await _until(lambda: isinstance(seen[-1][1], TimedBlock) and seen[-1][0] > back)
            pts = [item.pts for _, item in seen if not isinstance(item, Cut)]
            assert pts == sorted(pts), "the clock never goes back"
            last = next(b for b in reversed(_blocks([s for s in seen if s[0] < struck]))).frames[-1].astype(int)
            first = next(b for b in _blocks([s for s in seen if s[0] > back])).frames[0].astype(int)
            assert np.abs(last - first).mean() < 12, "the same face goes on"

    asyncio.run(run())


def test_a_face_without_a_snapshot_begins_anew_from_its_portrait():
    async def run() -> None:
        async with _watched(every=1000.0) as (studio, _, seen):
            await _until(lambda: len(_blocks(seen)) > 1)
            assert studio.pid is not None
            os.kill(studio.pid, signal.SIGKILL)
            await _until(lambda: any(isinstance(item, FaceReturned) for _, item in seen))
            returned = _first(seen, FaceReturned)[1]
            assert isinstance(returned, FaceReturned)
            assert not returned.from_snapshot

    asyncio.run(run())


def test_a_snapshot_opens_a_face_and_strange_bytes_do_not():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: len(_blocks(seen)) > 4)
            kept = await face.snapshot()
            await face.close()
            for strange in (b"", b"x" * 1000, kept[:-100]):
                with pytest.raises(ValueError, match="snapshot"):
                    await studio.open(PORTRAIT, "", 0, strange)
            again = await studio.open(PORTRAIT, "", 0, kept)
            await again.close()

    asyncio.run(run())


def test_faces_that_nobody_looks_at_leave_their_places_to_others():
    async def run() -> None:
        studio = WorkerStudio(places=1)
        await studio.start()
        try:
            for _ in range(2):
                unseen = await studio.open(PORTRAIT, "")
                items = unseen.items()
                await anext(items)
                await asyncio.sleep(2.0)  # frames wait in the shared memory
                await unseen.close()
            face, seen = await studio.open(PORTRAIT, ""), 0
            async for _ in face.items():
                seen += 1
                if seen == 8:
                    break
            await face.close()
        finally:
            await studio.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_face_that_was_not_waited_for_takes_no_place(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        studio = WorkerStudio(places=1)
        await studio.start()
        try:
            monkeypatch.setattr(worker, "ANSWER", 0.0)
            with pytest.raises(Full, match="try again"):
                await studio.open(PORTRAIT, "")
            monkeypatch.undo()
            await asyncio.sleep(1.0)
            face = await studio.open(PORTRAIT, "")
            await anext(aiter(face.items()))
            await face.close()
        finally:
            await studio.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_face_that_stood_still_when_its_process_died_stands_still_in_the_next():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: len(_blocks(seen)) > 2)
            await face.pause()
            assert studio.pid is not None
            os.kill(studio.pid, signal.SIGKILL)
            await _until(lambda: any(isinstance(item, FaceReturned) for _, item in seen))
            await asyncio.sleep(0.5)
            before = len(_blocks(seen))
            await asyncio.sleep(1.5)
            assert len(_blocks(seen)) == before
            await face.resume()
            await _until(lambda: len(_blocks(seen)) > before + 3)

    asyncio.run(run())


def test_weights_that_are_not_there_are_one_sentence(tmp_path):
    async def run() -> None:
        with pytest.raises(ValueError, match="no weights"):
            await WorkerStudio(weights=tmp_path).start()

    asyncio.run(run())
