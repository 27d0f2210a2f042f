"""Brain processor of a pipecat pipeline: turns go in as sound, answers come out as speech frames.

Hears the visitor from a moment before their turn was noticed, answers when it is over, stops when interrupted, and
keeps the memory of what was heard. Tells what happens as events. Knows no face; the service behind it does.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import numpy as np
from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.text.base_text_aggregator import TextType

from livetalk.conversation.avatar_service import FaceEndedFrame, FaceLostFrame, FaceReturnedFrame, FramePlayed
from livetalk.conversation.brains.base import Answer, BrainError, BrainSession, Speech, TextDelta, Transcript
from livetalk.conversation.events import Caption, Event, LatencyBreakdown, Problem, State, StateChanged
from livetalk.conversation.history import ChatHistory
from livetalk.conversation.microphone import MicrophoneCheck
from livetalk.geometry import SAMPLE_RATE

BEFORE = 0.8  # seconds heard from before a turn was noticed
FORGIVEN = 0.25  # seconds that resampling and rounding may swallow of an answer
MOST_SILENT = 32  # silent frames after which an answer that was handed on whole is over, however much is missing
SEEN = 12  # frames for which it shows that a face was stopped by a button
LONGEST_TEXT = 2_000  # characters of typed text


@dataclass
class _TypedFrame(SystemFrame):
    """What the visitor wrote."""

    text: str = ""


class BrainProcessor(FrameProcessor):
    """See the module docstring. `tell` is called on the pipeline's loop and must return at once."""

    def __init__(self, mind: BrainSession, memory: ChatHistory, tell: Callable[[Event], None]) -> None:
        super().__init__()
        self.mind, self.memory, self._tell = mind, memory, tell
        self.turn, self.state = 0, State.LISTENING
        self._before: deque[np.ndarray] = deque()
        self._hearing, self._microphone = False, MicrophoneCheck(tell)
        self._answering: asyncio.Task[None] | None = None
        self._caption, self._times = "", LatencyBreakdown(0)
        self._ended_at = 0.0  # when the visitor's speech ended
        self._said = 0.0  # seconds of the answer handed on
        self._played = 0.0  # seconds of it that were heard
        self._cut = False  # the answer was interrupted
        self._silent = 0  # frames without speech, at the end of an answer
        self._face_is_there = asyncio.Event()
        self._face_is_there.set()
        self._complete = True  # the answer has been handed on to its end

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case InputAudioRawFrame():
                self._hear(frame)
            case UserStartedSpeakingFrame() if direction is FrameDirection.DOWNSTREAM:
                self._begin()
            case VADUserStoppedSpeakingFrame() if direction is FrameDirection.DOWNSTREAM:
                self._ended_at = time.monotonic() - frame.stop_secs
            case UserStoppedSpeakingFrame() if direction is FrameDirection.DOWNSTREAM and self._hearing:
                await self._decide()  # else they have written meanwhile, and that is being answered
            case _TypedFrame():
                await self._turn_to(frame.text)
                return
            case InterruptionFrame():
                await self._interrupt(self.push_frame(frame, direction))
                return
            case FaceLostFrame() if direction is FrameDirection.UPSTREAM:
                self._face_is_there.clear()
                await self._leave_off()
                self._said, self._played, self._cut = 0.0, 0.0, True
                self._be(State.RECONNECTING)
            case FaceReturnedFrame() if direction is FrameDirection.UPSTREAM:
                self._face_is_there.set()
                self._be(State.THINKING if self._answering is not None else State.LISTENING)
            case FaceEndedFrame() if direction is FrameDirection.UPSTREAM:
                self._tell(Problem("face", frame.reason))
            case EndFrame() | CancelFrame():
                await self._leave_off()
            case StartFrame():
                self._tell(StateChanged(self.state))
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._leave_off()

    async def send_text(self, text: str) -> None:
        """Answer typed text; interrupts what is being said. Raises ValueError for nothing, or far too much."""
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise ValueError(f"a message must have 1 to {LONGEST_TEXT} characters: this one has {len(text)}")
        # In line with the pipeline's own frames: an interruption under way would cut off the answer to this.
        await self.queue_frame(_TypedFrame(text.strip()))

    def on_partial(self, words: Transcript) -> None:
        """Words of a turn that goes on, or of one whose answer was cut off before they came (`final`)."""
        if words.text and words.final:
            self.memory.user_said(words.text)
            self._tell(Caption(self.turn, "user", words.text, final=True))
        elif words.text and self._hearing:
            self._tell(Caption(self.turn + 1, "user", words.text, final=False))

    def heard(self, words: str) -> None:
        """Words of the answer that have been played; called in step with the sound."""
        if self._cut:  # they were on their way when the answer was cut off
            return
        self.memory.face_said(words)
        self._caption = f"{self._caption} {words}".strip()
        self._tell(Caption(self.turn, "assistant", self._caption, final=self.state is State.LISTENING))

    def played(self, frame: FramePlayed) -> None:
        """A picture and its sound went out."""
        if frame.held:  # the face is late, or stands still because nobody looks: nothing is known of its answer
            return
        self._played = max(self._played, frame.said / SAMPLE_RATE)
        if self.state is State.THINKING:
            self._silent = self._silent + 1 if self._complete and not frame.spoken else 0
            if frame.spoken:
                self._note("first_frame")
                self._be(State.SPEAKING)
            elif self._silent > MOST_SILENT * 5:
                self._tell(Problem("face", "the face did not say its answer: say it again"))
                self._be(State.LISTENING)
        elif self.state is State.SPEAKING:
            self._silent = 0 if frame.spoken or not self._complete else self._silent + 1
            all_said = self._played > self._said - FORGIVEN and self._silent > 0
            if self._complete and (all_said or self._silent > MOST_SILENT):
                self._said = 0.0
                self._tell(Caption(self.turn, "assistant", self._caption, final=True))
                self._be(State.LISTENING)
        elif self.state is State.INTERRUPTED and not self._hearing:  # by a button: nobody speaks
            self._silent += 1
            if self._silent > SEEN:
                self._be(State.LISTENING)

    def _hear(self, frame: InputAudioRawFrame) -> None:
        sound = np.frombuffer(frame.audio, np.int16).astype(np.float32) / 32768
        if frame.num_channels > 1:
            sound = sound.reshape(-1, frame.num_channels).mean(1)
        assert frame.sample_rate == SAMPLE_RATE, "the pipeline listens at 16 kHz"
        if self._hearing:
            self.mind.hear(sound)
            return
        self._microphone.push(sound, alone=self.state is State.LISTENING)
        self._before.append(sound)
        while sum(map(len, self._before)) > BEFORE * SAMPLE_RATE:
            self._before.popleft()

    def _begin(self) -> None:
        self._hearing, self._ended_at = True, 0.0
        self._microphone.noticed()
        while self._before:
            self.mind.hear(self._before.popleft())
        if self.state is not State.RECONNECTING:
            self._be(State.INTERRUPTED if self.state in (State.SPEAKING, State.INTERRUPTED) else State.LISTENING)

    async def _turn_to(self, text: str) -> None:
        await self._interrupt(self.broadcast_interruption())
        self.mind.forget()
        self._hearing = False
        self._ended_at = time.monotonic()
        await self._decide(text)

    async def _decide(self, text: str | None = None) -> None:
        """The turn is over: answer it."""
        await self._leave_off()
        self._hearing = False
        self.turn += 1
        self._caption, self._said, self._played = "", 0.0, 0.0
        self._complete = self._cut = False
        self._ended_at = self._ended_at or time.monotonic()
        self._times = LatencyBreakdown(self.turn)
        self._note("decided")
        if self._face_is_there.is_set():
            self._be(State.THINKING)
        self.memory.turn_begins()
        self._answering = self.create_task(self._answer(self.mind.answer(text), self.turn))

    async def _answer(self, answer: AsyncIterator[Answer], turn: int) -> None:
        try:
            await self._face_is_there.wait()
            async with aclosing(answer) as parts:  # type: ignore[type-var]
                async for part in parts:
                    await self._hand_on(part, turn)
        except BrainError as error:
            logger.warning("the brain failed at {}", error.step)
            self._tell(Problem(error.step, str(error)))
        except Exception as error:
            logger.error("the brain failed: {}", type(error).__name__)
            self._tell(Problem("thinking", "the answer failed for a reason we did not foresee: say it again"))
        self._complete = True
        self._answering = None
        if self._said:
            await self.push_frame(TTSStoppedFrame())
        else:
            self._be(State.LISTENING)

    async def _hand_on(self, part: Answer, turn: int) -> None:
        match part:
            case Transcript(text, final):
                self._tell(Caption(turn, "user", text, final))
                if final:
                    self._note("understood")
                    self.memory.user_said(text)
            case TextDelta():
                self._note("first_text")
            case Speech(audio, rate, text):
                if text:
                    await self.push_frame(TTSTextFrame(text, TextType.SENTENCE))
                if not len(audio):
                    return
                self._note("first_audio")
                if not self._said:
                    await self.push_frame(TTSStartedFrame())
                self._said += len(audio) / rate
                pcm = (audio.clip(-1, 1) * 32767).astype(np.int16)
                await self.push_frame(TTSAudioRawFrame(pcm.tobytes(), rate, 1))

    async def _interrupt(self, handed_on: Awaitable[None]) -> None:
        """The interruption is handed on first: silence does not wait for a brain that hangs up."""
        task, heard = self._let_go(), self._played
        begun = task is not None or self._said > 0
        self._said, self._played, self._cut = 0.0, 0.0, True
        await handed_on
        if begun:
            self.memory.interrupted()
            if self._caption:
                self._tell(Caption(self.turn, "assistant", self._caption, final=True))
            if self.state in (State.SPEAKING, State.THINKING):
                self._be(State.INTERRUPTED)
                self._silent = 0
        if task is not None:
            await asyncio.wait([task])
        if begun:
            await self.mind.heard(heard)

    def _let_go(self) -> asyncio.Task[None] | None:
        """Have the answer under way cancelled; returns it, if there is one. Nothing more is handed on."""
        task, self._answering = self._answering, None
        self._complete = True
        if task is None or task.done():
            return None
        task.cancel()
        return task

    async def _leave_off(self) -> None:
        """Stop answering."""
        if (task := self._let_go()) is not None:
            await asyncio.wait([task])

    def _note(self, step: str) -> None:
        if getattr(self._times, step) is None:
            self._times = replace(self._times, **{step: time.monotonic() - self._ended_at})
            self._tell(self._times)

    def _be(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._tell(StateChanged(state))
