"""Bot: the pipeline of one conversation, from a transport through a brain to an avatar.

transport in -> voice activity -> turns -> brain -> face -> transport out -> what was heard

Turn-taking is pipecat's (Silero finds speech, smart-turn decides whether a turn is over, speech interrupts). Knows
neither what the transport is made of nor how the face or the brain work.
"""

import asyncio
from collections.abc import Callable
from typing import Self

from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import EndFrame, Frame, TTSTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from livetalk.avatar.session import AvatarSession, TimedBlock
from livetalk.conversation.avatar_service import AvatarVideoService, FramePlayed
from livetalk.conversation.brain_processor import BrainProcessor
from livetalk.conversation.brains.base import Brain, BrainSession, Transcript
from livetalk.conversation.events import Doubt, Event
from livetalk.conversation.history import ChatHistory
from livetalk.geometry import SAMPLE_RATE

SILENCE_ENDS = 1.2  # seconds of silence after which a turn is over whatever smart-turn thinks
LONGEST_MOOD = 300  # characters


class Ear(FrameProcessor):
    """Stands behind the transport: what comes here has been played."""

    def __init__(self, thinker: BrainProcessor) -> None:
        super().__init__()
        self._thinker = thinker

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TTSTextFrame():
                self._thinker.heard(frame.text)
            case FramePlayed():
                self._thinker.played(frame)
            case _:
                await self.push_frame(frame, direction)


class Bot:
    """See the module docstring.

    Made by `make`. tell: called with every event, on this loop; must return at once. The transport listens and plays
    at 16 kHz, mono (`Bot.rate`); the face's pictures are its video. Face and mind are closed when `run` ends.
    """

    rate = SAMPLE_RATE

    def __init__(
        self,
        transport: BaseTransport,
        face: AvatarSession,
        mind: BrainSession,
        tell: Callable[[Event], None],
        memory: ChatHistory,
        turns: tuple[VADProcessor, UserTurnProcessor],
        on_block: Callable[[TimedBlock], None] = lambda block: None,
    ) -> None:
        self.face, self.mind, self.memory = face, mind, memory
        self.thinker = BrainProcessor(mind, self.memory, tell)
        self.video = AvatarVideoService(
            face, on_block=on_block, on_warning=lambda found: tell(Doubt("voice", found.kind, found.message))
        )
        pipeline = Pipeline(
            [transport.input(), *turns, self.thinker, self.video, transport.output(), Ear(self.thinker)]
        )
        self.worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_in_sample_rate=self.rate, audio_out_sample_rate=self.rate),
            idle_timeout_secs=None,
            enable_rtvi=False,
            enable_turn_tracking=False,
        )

    @classmethod
    async def make(
        cls,
        transport: BaseTransport,
        face: AvatarSession,
        brain: Brain,
        tell: Callable[[Event], None],
        memory: ChatHistory | None = None,
        on_block: Callable[[TimedBlock], None] = lambda block: None,
    ) -> Self:
        """A conversation with a mind of its own. Raises BrainError if the brain opens none."""
        made: list[Self] = []

        def partly(words: Transcript) -> None:
            if made:
                made[0].thinker.on_partial(words)

        memory = memory or brain.memory()
        models = await asyncio.to_thread(_models)  # beside the loop, on which everybody else's sound is played
        mind = await brain.open(memory, partly)
        made.append(cls(transport, face, mind, tell, memory, _turns(*models), on_block))
        return made[0]

    async def run(self) -> None:
        """Talk until `stop`, or until the transport ends the pipeline."""
        runner = WorkerRunner(handle_sigint=False)
        try:
            await runner.add_workers(self.worker)
            await runner.run()
        except asyncio.CancelledError:
            await self.worker.cancel()
            raise
        finally:
            await self.face.close()
            await self.mind.close()

    async def send_text(self, text: str) -> None:
        """The visitor wrote something: it is answered like speech."""
        await self.thinker.send_text(text)

    async def set_style(self, prompt: str) -> None:
        """How the face says it, from the next block on. Raises ValueError for nothing, or far too much."""
        if not prompt.strip() or len(prompt) > LONGEST_MOOD:
            raise ValueError(f"a mood must have 1 to {LONGEST_MOOD} characters: this one has {len(prompt)}")
        await self.face.set_prompt(prompt.strip())

    async def stop(self, gently: bool = False) -> None:
        """End the conversation; `gently`: what is being said is said to its end."""
        if gently:
            await self.worker.queue_frame(EndFrame())
        else:
            await self.worker.cancel()


def _models() -> tuple[SileroVADAnalyzer, LocalSmartTurnAnalyzerV3]:
    """What finds speech, and what judges whether a turn is over."""
    voice = SileroVADAnalyzer(sample_rate=SAMPLE_RATE, params=VADParams())
    return voice, LocalSmartTurnAnalyzerV3(params=SmartTurnParams(stop_secs=SILENCE_ENDS))


def _turns(voice: SileroVADAnalyzer, judge: LocalSmartTurnAnalyzerV3) -> tuple[VADProcessor, UserTurnProcessor]:
    strategies = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=judge, wait_for_transcript=False)],
    )
    return VADProcessor(vad_analyzer=voice), UserTurnProcessor(user_turn_strategies=strategies)
