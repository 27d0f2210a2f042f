"""Pictures and sound in and out of files, all of it through PyAV.

Files and numpy arrays meet here and nowhere else. This room knows no model, no torch and no preset.
"""

from livetalk.media.sound import SoundFile, open_sound, read_speech
from livetalk.media.video import Mp4Writer, read_frames, write_talking

__all__ = ["Mp4Writer", "SoundFile", "open_sound", "read_frames", "read_speech", "write_talking"]
