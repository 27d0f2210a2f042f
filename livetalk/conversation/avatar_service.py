"""The face as a pipecat service: speech goes in, the same speech and pictures of who says it come out, in step.

Put it between a pipeline's text-to-speech and its output transport, like any hosted avatar:

    Pipeline([transport.input(), stt, user, llm, tts, AvatarVideoService(face), transport.output(), assistant])

It takes `TTSAudioRawFrame` and `TTSTextFrame`, and gives pictures (`sync_with_audio`), each followed by its 62.5 ms of
sound; words follow the sound they are heard in, so what comes out behind the transport has been played. The face
releases a quarter of a second at its time, the transport plays it at its own: nothing waits here. An interruption
stops sound at once, pictures go on. Knows no model and no transport.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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
from livetalk.conditions.input_checks import InputWarning, SpeechCheck
from livetalk.conversation.word_timing import WordTimeline
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

PER_FRAME = SAMPLE_RATE // FRAME_RATE
GRACE = 0.3  # seconds without a new picture after which the last one is held, in silence
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


class AvatarVideoService(FrameProcessor):
    """See the module docstring. The face is closed with the pipeline if `owns_face`."""

    def __init__(
        self,
        face: AvatarSession,
        *,
        owns_face: bool = True,
        on_block: Callable[[TimedBlock], None] = lambda block: None,
        on_warning: Callable[[InputWarning], None] = lambda warning: None,
    ) -> None:
        super().__init__()
        self.face, self._owns_face, self._on_block = face, owns_face, on_block
        self._on_warning, self._check = on_warning, SpeechCheck()
        self._clock = 0  # samples sent so far
        self._said = 0  # samples of the utterance sent so far
        self._cutting = 0  # interrupts whose `Interrupted` has not come yet
        self._last: TimedBlock | None = None
        self._lasts_until = 0.0  # when what was sent has been played, if that began at once
        self._script = WordTimeline(SAMPLE_RATE)
        self._speaking = False  # an utterance has begun and is not over
        self._ended = False  # all of it has come
        self._held: list[Frame] = []  # what must not be told before it is heard
        self._tasks: list[asyncio.Task[None]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case StartFrame():
                await self.push_frame(frame, direction)
                self._tasks = [self.create_task(self._take()), self.create_task(self._hold())]
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
                self._warn(self._check.end())
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
        self._warn(self._check.push(sound, frame.sample_rate))
        await self._face(self.face.push(sound, frame.sample_rate))

    def _warn(self, warnings: list[InputWarning]) -> None:
        for warning in warnings:
            self._on_warning(warning)

    async def _interrupt(self) -> None:
        """What the face says is not to be heard any more; what has gone out is the transport's business."""
        self._script.clear()
        self._held.clear()
        self._check.begin()
        self._said = 0
        if not self._speaking:  # a face that is silent is left alone
            return
        self._speaking = False
        self._cutting += 1
        await self._face(self.face.interrupt())

    async def _face(self, call: Awaitable[None]) -> None:
        """A call of the face; if it fails, the pipeline is told and goes on."""
        try:
            await call
        except ValueError as error:
            await self.push_error(f"the face refused: {error}", exception=error)

    async def _take(self) -> None:
        """Send on what the face gives, as it comes: a quarter of a second at its time."""
        try:
            async for item in self.face.items():
                match item:
                    case TimedBlock():
                        self._on_block(item)
                        await self._send(item)
                    case Interrupted():
                        self._cutting = max(0, self._cutting - 1)
                    case AvatarLost():
                        self._cutting, self._said, self._speaking = 0, 0, False
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

    async def _send(self, block: TimedBlock) -> None:
        self._lasts_until = max(self._lasts_until, time.monotonic()) + block.seconds
        muted = block.muted()
        for frame in range(len(block.frames)):  # an interrupt may come between them
            await self._show(muted if self._cutting else block, frame)

    async def _hold(self) -> None:
        """Where nothing comes for a while the last picture is shown again, in silence."""
        while True:
            lacking = time.monotonic() - self._lasts_until - GRACE
            if self._last is not None and lacking >= 0:
                await self._show(self._last.muted(), len(self._last.frames) - 1, held=True)
            await asyncio.sleep(max(1 / FRAME_RATE, -lacking))

    async def _show(self, block: TimedBlock, frame: int, held: bool = False) -> None:
        """A frame and its sound, and then what is heard in it."""
        self._last = block
        said = min(max(0, block.speech_samples - frame * PER_FRAME), PER_FRAME)
        self._said += said
        picture = OutputImageRawFrame(block.frames[frame].tobytes(), self.face.size, "RGB")
        picture.sync_with_audio = True
        picture.interruptible = False
        picture.metadata["pts"] = self._clock
        pcm = block.audio[frame * PER_FRAME : (frame + 1) * PER_FRAME].clip(-1, 1) * LOUDEST
        sound = SpeechOutputAudioRawFrame(pcm.astype(np.int16).tobytes(), SAMPLE_RATE, 1)
        sound.metadata["pts"] = self._clock
        played = FramePlayed(clock=self._clock, spoken=said > 0, said=self._said, held=held)
        self._clock += PER_FRAME
        await self.push_frame(picture)
        await self.push_frame(sound)
        over = self._speaking and self._ended and not said and self._said > self._script.sound - FORGIVEN
        for word in self._script.heard(self._script.sound + 1 if over else self._said):
            await self.push_frame(TTSTextFrame(word, TextType.WORD))
        await self.push_frame(played)
        if over:
            self._speaking, self._said = False, 0
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
