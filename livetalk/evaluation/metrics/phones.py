"""Forced alignment of recorded English: when each phone is spoken, and how far the mouth should be open then.

pocketsphinx aligns the words with the sound; its phones become those of `livetalk.voice`, and the rules of
articulation say how wide an average speaker's lips part for them. No picture is looked at. What comes out is a
prediction from sounds, not a measurement of a mouth: filmed speakers themselves follow it only in part, and the
correlation they reach is the ceiling of everything measured against it. Needs the `eval` extra.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from livetalk.data.acting.visemes import Articulation, articulate, lip_gap, seal_lips
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.voice.timing import Phoneme

ALIGNER_RATE = 100  # frames a second in which pocketsphinx counts

# The 39 sounds of pocketsphinx's dictionary (ARPAbet) in the alphabet of livetalk.voice; the others are silence.
SOUNDS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɜ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
SILENCE = " "


@dataclass(frozen=True)
class AlignedSpeech:
    """A recording with its sounds."""

    audio: Float32[np.ndarray, " n"]  # 16 kHz, mono
    phonemes: tuple[Phoneme, ...]

    @property
    def frames(self) -> int:
        """Whole video frames that it lasts."""
        return len(self.audio) * FRAME_RATE // SAMPLE_RATE


def align(audio: Float32[np.ndarray, " n"], text: str) -> AlignedSpeech:
    """When each sound of `text` is spoken.

    Raises ValueError if pocketsphinx is missing, knows a word of the text not, or cannot fit the text to the sound.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise ValueError("recorded voices are aligned with pocketsphinx: pip install 'livetalk[eval]'") from error
    decoder = Decoder(samprate=SAMPLE_RATE, bestpath=False, loglevel="FATAL")
    said = words(text)
    unknown = [word for word in said if decoder.lookup_word(word) is None]
    if unknown or not said:
        raise ValueError(f"these words are not in the dictionary: {', '.join(unknown) or 'none were given'}; respell")
    sound = (np.clip(audio, -1, 1) * 32767).astype(np.int16).tobytes()
    decoder.set_align_text(" ".join(said))
    _hear(decoder, sound)  # words first, then the phones within them
    if decoder.hyp() is None:
        raise ValueError(f"the text does not fit the recording: is it {text[:60]!r} that is said?")
    decoder.set_alignment()
    _hear(decoder, sound)
    phones = [phone for word in decoder.get_alignment() for phone in word]
    return AlignedSpeech(audio, tuple(_sound(phone.name, phone.start, phone.duration) for phone in phones))


def words(text: str) -> list[str]:
    """The words of a text as the dictionary spells them."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower().replace("’", "'"))


def opening(phonemes: Sequence[Phoneme], frames: int, frame_rate: float = FRAME_RATE) -> Float[np.ndarray, " t"]:
    """Lip gap (inter-ocular distances) that an average speaker shows at each frame; 0 where lips press together."""
    mouth = articulate(phonemes, np.arange(frames) / frame_rate, Articulation())
    return np.maximum(lip_gap(seal_lips(mouth.weights, mouth.seal)), 0.0)


def _hear(decoder, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _sound(name: str, start: int, duration: int) -> Phoneme:
    return Phoneme(SOUNDS.get(name, SILENCE), start / ALIGNER_RATE, (start + duration) / ALIGNER_RATE)
