"""The promise that a conversation needs no torch: not even its imports bring it."""

import subprocess
import sys
from importlib import metadata

ROOMS = "bot, worker, fake, brains.choose, brains.local, brains.models, brains.listener, brains.talker"


def test_nothing_of_the_conversation_loads_torch():
    imports = "; ".join(f"import livetalk.conversation.{room}" for room in ROOMS.split(", "))
    code = f"import sys; {imports}; import ctranslate2, faster_whisper; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"


def test_one_environment_holds_one_opencv_at_most():
    names = {distribution.name.lower() for distribution in metadata.distributions()}
    assert len({name for name in names if name.startswith("opencv")}) <= 1
