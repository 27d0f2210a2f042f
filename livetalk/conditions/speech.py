"""Speech encoders of `tiny` from their files: Whisper's first layers with a head, or the small one of ours.

Both give the same kind of rows; which of them a file holds, its tensors' names tell.
"""

from pathlib import Path

from livetalk.conditions.speech_tiny import SpeechEncoder, frozen
from livetalk.conditions.speech_whisper import WhisperSpeechEncoder, is_whisper, whisper_encoder
from livetalk.weights import load_into, load_mean

LoadedSpeechEncoder = SpeechEncoder | WhisperSpeechEncoder


def load_speech_encoder(path: str | Path) -> LoadedSpeechEncoder:
    """A frozen encoder from its weights, a bundle or floats.

    Raises ValueError if there is no such file or it holds no speech encoder.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no speech encoder weights at {path}: reinstall livetalk or pass the path of a trained one")
    state = load_mean([path])
    try:
        if is_whisper(state):
            return frozen(whisper_encoder(state))
        encoder = SpeechEncoder()
        load_into(encoder, state)
        return frozen(encoder)
    except ValueError as error:
        raise ValueError(f"{path} does not hold weights of a speech encoder: {error}") from error
