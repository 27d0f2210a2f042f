"""The face as a pipecat service: speech goes in, the same speech and pictures of who says it come out, in step.

Put it between a pipeline's text-to-speech and its output transport, like any hosted avatar:

    Pipeline([transport.input(), stt, user, llm, tts, AvatarVideoService(face), transport.output(), assistant])

It takes `TTSAudioRawFrame` and `TTSTextFrame`, and gives, sixteen times a second, one picture (`sync_with_audio`)
followed by its 62.5 ms of sound; words follow the sound they are heard in, so what comes out behind the transport
has been played. An interruption stops sound at once, pictures go on. Knows no model and no transport.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import numpy as np
from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    DataFrame,
    EndFrame,
    EndWorkerFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    OutputImageRawFrame,
    SpeechOutputAudioRawFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.text.base_text_aggregator import TextType

from livetalk.avatar.session import AvatarLost, AvatarRestored, AvatarSession, Interrupted, TimedBlock
from livetalk.conversation.word_timing import WordTimeline
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

PER_FRAME = SAMPLE_RATE // FRAME_RATE
GRACE = 0.3  # seconds without a new picture after which the last one is held, in silence
LEAD = 4  # pictures that may wait; more are sent on at once, so that nothing falls behind
LOUDEST = 32767
FORGIVEN = SAMPLE_RATE // 4  # samples that resampling and rounding may swallow of an utterance


@dataclass
class FramePlayed(DataFrame):
    """Follows each picture and its sound: behind the transport it says that they went out.

    `pts`: samples of the service's clock before the picture. `spoken`: some of its sound is speech.
    """

    clock: int = 0
    spoken: bool = False
    said: int = 0  # samples of the utterance that have been played with it
    held: bool = False  # no new picture had come: the last one was shown again, in silence


@dataclass
class FaceLostFrame(SystemFrame):
    """The face is gone for a moment; a picture is held meanwhile."""

    reason: str = ""


@dataclass
class FaceReturnedFrame(SystemFrame):
    """The face is there again."""

    from_snapshot: bool = False


@dataclass
class FaceEndedFrame(SystemFrame):
    """The face will not come back; the pipeline ends."""

    reason: str = ""


@dataclass(frozen=True)
class _Shown:
    """One picture and its sound, on the way out."""

    number: int  # of the face's frame
    image: np.ndarray
    audio: np.ndarray
    said: int
    held: bool = False


@dataclass
class _Timeline:
    """What waits to go out, and where we are."""

    waiting: deque[_Shown] = field(default_factory=deque)
    clock: int = 0  # samples sent so far
    said: int = 0  # samples of the utterance sent so far
    cutting: int = 0  # interrupts whose `Interrupted` has not come yet
    last: np.ndarray | None = None


class AvatarVideoService(FrameProcessor):
    """See the module docstring. The face is closed with the pipeline if `owns_face`."""

    def __init__(
        self,
        face: AvatarSession,
        *,
        owns_face: bool = True,
        on_block: Callable[[TimedBlock], None] = lambda block: None,
    ) -> None:
        super().__init__()
        self.face, self._owns_face, self._on_block = face, owns_face, on_block
        self._line = _Timeline()
        self._script = WordTimeline(SAMPLE_RATE)
        self._speaking = False  # an utterance has begun and is not over
        self._ended = False  # all of it has come
        self._held: list[Frame] = []  # what must not be told before it is heard
        self._arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                await self.push_frame(frame, direction)
                self._tasks = [self.create_task(self._take()), self.create_task(self._send())]
            case EndFrame() | CancelFrame():
                await self._stop()
                await self.push_frame(frame, direction)
            case InterruptionFrame():
                await self._interrupt()
                await self.push_frame(frame, direction)
            case TTSAudioRawFrame() if direction is FrameDirection.DOWNSTREAM:
                await self._say(frame)
            case TTSTextFrame() if direction is FrameDirection.DOWNSTREAM:
                self._script.text(frame.text)
            case TTSStartedFrame() if direction is FrameDirection.DOWNSTREAM:
                pass  # the transport would take these as marks of its own speech; ours is continuous
            case TTSStoppedFrame() if direction is FrameDirection.DOWNSTREAM:
                self._script.end()
                self._ended = True
                await self._face(self.face.end())
            case LLMFullResponseEndFrame() if direction is FrameDirection.DOWNSTREAM and self._speaking:
                self._held.append(frame)
            case _:
                await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._stop()

    async def _say(self, frame: TTSAudioRawFrame) -> None:
        sound = np.frombuffer(frame.audio, np.int16).astype(np.float32) / 32768
        if frame.num_channels > 1:
            sound = sound.reshape(-1, frame.num_channels).mean(1)
        self._script.audio(round(len(sound) * SAMPLE_RATE / frame.sample_rate))
        self._speaking, self._ended = True, False
        await self._face(self.face.push(sound, frame.sample_rate))

    async def _interrupt(self) -> None:
        """Sound that has not gone out is not played any more; its pictures are shown."""
        self._script.clear()
        self._held.clear()
        self._line.said = 0
        if not self._speaking:  # a face that is silent is left alone
            return
        self._speaking = False
        self._line.cutting += 1
        self._line.waiting = deque(_silent(shown) for shown in self._line.waiting)
        await self._face(self.face.interrupt())

    async def _face(self, call: Awaitable[None]) -> None:
        """A call of the face; if it fails, the pipeline is told and goes on."""
        try:
            await call
        except ValueError as error:
            await self.push_error(f"the face refused: {error}", exception=error)

    async def _take(self) -> None:
        """Keep what the face gives."""
        try:
            async for item in self.face.items():
                match item:
                    case TimedBlock():
                        self._on_block(item)
                        self._lay(item)
                        self._arrived.set()
                    case Interrupted():
                        self._line.cutting = max(0, self._line.cutting - 1)
                    case AvatarLost():
                        self._line.cutting, self._line.said, self._speaking = 0, 0, False
                        self._script.clear()
                        await self._tell_held()
                        await self.broadcast_frame(FaceLostFrame, reason=item.reason)
                    case AvatarRestored():
                        await self.broadcast_frame(FaceReturnedFrame, from_snapshot=item.from_snapshot)
        except Exception as error:
            logger.error("the face ended: {}", type(error).__name__)
            known = isinstance(error, ValueError)
            await self.broadcast_frame(FaceEndedFrame, reason=str(error) if known else "the face broke down")
            await self.push_frame(EndWorkerFrame(), FrameDirection.UPSTREAM)

    def _lay(self, block: TimedBlock) -> None:
        waiting = self._line.waiting
        while block.replaces and waiting and waiting[-1].number >= block.first_frame:
            waiting.pop()
        sound = block.audio.reshape(len(block.frames), -1)
        for i, image in enumerate(block.frames):
            said = min(max(0, block.speech_samples - i * PER_FRAME), PER_FRAME)
            shown = _Shown(block.first_frame + i, image, sound[i], said)
            waiting.append(_silent(shown) if self._line.cutting else shown)

    async def _send(self) -> None:
        """One picture and its sound every sixteenth of a second."""
        due, patience = time.monotonic(), GRACE
        while True:
            if not self._line.waiting:
                self._arrived.clear()
                try:
                    await asyncio.wait_for(self._arrived.wait(), None if self._line.last is None else patience)
                    patience = GRACE
                except TimeoutError:
                    patience = 1 / FRAME_RATE
                    await self._hold()
                    continue
                due = max(due, time.monotonic())
            await self._out(self._line.waiting.popleft())
            due += 1 / FRAME_RATE
            if len(self._line.waiting) <= LEAD:
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _hold(self) -> None:
        assert self._line.last is not None
        await self._out(_Shown(0, self._line.last, np.zeros(PER_FRAME, np.float32), 0, held=True))

    async def _out(self, shown: _Shown) -> None:
        line = self._line
        line.last = shown.image
        line.said += shown.said
        picture = OutputImageRawFrame(shown.image.tobytes(), self.face.size, "RGB")
        picture.sync_with_audio = True
        picture.interruptible = False
        picture.metadata["pts"] = line.clock
        pcm = (shown.audio.clip(-1, 1) * LOUDEST).astype(np.int16)
        sound = SpeechOutputAudioRawFrame(pcm.tobytes(), SAMPLE_RATE, 1)
        sound.metadata["pts"] = line.clock
        played = FramePlayed(clock=line.clock, spoken=shown.said > 0, said=line.said, held=shown.held)
        line.clock += PER_FRAME
        await self.push_frame(picture)
        await self.push_frame(sound)
        over = self._speaking and self._ended and not shown.said and line.said > self._script.sound - FORGIVEN
        for word in self._script.heard(self._script.sound + 1 if over else line.said):
            await self.push_frame(TTSTextFrame(word, TextType.WORD))
        await self.push_frame(played)
        if over:
            self._speaking, line.said = False, 0
            self._script.clear()
            await self._tell_held()

    async def _tell_held(self) -> None:
        held, self._held = self._held, []
        for frame in held:
            await self.push_frame(frame)

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            await self.cancel_task(task)
        if self._owns_face:
            await self.face.close()


def _silent(shown: _Shown) -> _Shown:
    return replace(shown, audio=np.zeros_like(shown.audio), said=0)
