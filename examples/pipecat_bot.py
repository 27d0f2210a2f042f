"""The avatar as a service of a pipecat pipeline: speech frames go in, pictures and sound come out on one clock.

    python examples/pipecat_bot.py [--model]

Put `AvatarVideoService` where a hosted avatar would stand, between your text-to-speech and your output transport.
"""

import asyncio
import sys
from importlib.resources import files

import numpy as np
from pipecat.frames.frames import EndFrame, Frame, OutputImageRawFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from livetalk.avatar.fake import FakeHost
from livetalk.conditions.portrait import load_portrait
from livetalk.conversation.avatar_service import AvatarVideoService
from livetalk.media import read_speech
from livetalk.worker.host import WorkerHost

ASSETS = files("livetalk") / "assets"


class Screen(FrameProcessor):
    """Stands where your output transport would: counts the pictures, sixteen a second."""

    pictures = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.pictures += isinstance(frame, OutputImageRawFrame)
        await self.push_frame(frame, direction)


async def main(model: bool = False, seconds: float = 2.0) -> int:
    studio = WorkerHost("tiny") if model else FakeHost()  # the model in a process of its own, or a drawn face
    await studio.start()
    face = await studio.open(load_portrait(str(ASSETS / "avatars" / "ada.jpg"), studio.size), "a woman speaks calmly")
    screen = Screen()
    bot = PipelineWorker(Pipeline([AvatarVideoService(face), screen]), enable_rtvi=False, idle_timeout_secs=None)
    speech = np.concatenate(list(read_speech(str(ASSETS / "speech" / "hello.ogg"))))
    await bot.queue_frame(TTSAudioRawFrame((speech * 32767).astype(np.int16).tobytes(), 16_000, 1))
    await bot.queue_frame(TTSStoppedFrame())
    asyncio.get_running_loop().call_later(seconds, lambda: asyncio.ensure_future(bot.queue_frame(EndFrame())))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(bot)
    await runner.run()
    await studio.close()
    return screen.pictures


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(main('--model' in sys.argv))} pictures\n")
