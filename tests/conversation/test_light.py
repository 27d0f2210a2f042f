"""The promise that a conversation needs no torch: not even its imports bring it."""

import subprocess
import sys
from importlib import metadata

ROOMS = """conversation.bot worker.host avatar.fake conversation.brains.factory conversation.brains.local.brain
conversation.brains.local.models conversation.brains.local.asr conversation.brains.local.llm"""


def test_nothing_of_the_conversation_loads_torch():
    imports = "; ".join(f"import livetalk.{room}" for room in ROOMS.split())
    code = f"import sys; {imports}; import ctranslate2, faster_whisper; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"


def test_one_environment_holds_one_opencv_at_most():
    names = {distribution.name.lower() for distribution in metadata.distributions()}
    assert len({name for name in names if name.startswith("opencv")}) <= 1
