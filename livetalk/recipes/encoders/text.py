"""Supervised training of the small text encoder: prompts in, what they ask for out.

The encoder's tokens must let a linear reading tell each acting attribute, or that the prompt does not speak of
it. Prompts come from the acting writer and are roughened: synonyms, words that say nothing about the acting,
dropped words, slips of the keyboard. The readout is thrown away; the encoder is frozen. Knows no video.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from livetalk.conditions.speech_tiny import frozen, save_weights
from livetalk.conditions.text_tiny import TextEncoder, words_of
from livetalk.data.acting.prompts import ENERGIES, GAZES, HEADS, MOODS, sample_acting, vocabulary, write_prompt
from livetalk.data.sentences import sentence

CLASSES = (len(MOODS) + 1, len(HEADS) + 1, len(GAZES) + 1, len(ENERGIES) + 1)  # the last: not spoken of
NAMES = ("mood", "head", "gaze", "energy")

# Words a person may use where the writer uses its own.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "happy": ("joyful", "glad", "delighted", "pleased", "merry", "joyous", "content"),
    "smiles": ("beams", "laughs", "grins"),
    "smiling": ("beaming", "laughing", "grinning"),
    "smile": ("grin", "laugh"),
    "cheerful": ("joyful", "bright", "upbeat", "jolly", "positive"),
    "joy": ("happiness", "delight", "cheer"),
    "sad": ("mournful", "gloomy", "miserable", "depressed", "tearful", "melancholic", "heartbroken"),
    "unhappy": ("downcast", "dejected", "upset", "gloomy"),
    "sorrow": ("sadness", "grief"),
    "sorrowful": ("grieving", "mournful", "melancholy"),
    "angry": ("mad", "enraged", "irritated", "cross", "outraged", "hostile"),
    "furious": ("raging", "livid", "mad"),
    "anger": ("rage", "fury"),
    "annoyed": ("irritated", "frustrated", "grumpy"),
    "surprised": ("shocked", "startled", "stunned", "astounded"),
    "amazed": ("stunned", "shocked", "awed"),
    "astonished": ("astounded", "startled", "shocked"),
    "surprise": ("shock", "amazement", "astonishment", "disbelief"),
    "neutral": ("blank", "expressionless", "serious", "deadpan", "plain"),
    "still": ("steady", "motionless", "fixed", "unmoving"),
    "nods": ("agrees", "approves"),
    "nodding": ("agreeing", "approving"),
    "looks": ("gazes", "peers", "stares", "glances"),
    "looking": ("gazing", "peering", "staring", "glancing"),
    "glances": ("looks", "peeks"),
    "camera": ("lens", "viewer", "audience", "screen"),
    "viewer": ("audience", "camera", "us"),
    "floor": ("ground", "desk", "table"),
    "calm": ("relaxed", "gentle", "peaceful", "serene", "composed", "quiet"),
    "calmly": ("gently", "quietly", "peacefully", "softly", "slowly"),
    "lively": ("energetic", "vivid", "dynamic", "enthusiastic", "expressive", "animated"),
    "energy": ("enthusiasm", "vigor", "passion"),
    "excitement": ("enthusiasm", "passion", "vigor"),
    "excited": ("thrilled", "enthusiastic", "energetic"),
    "normal": ("usual", "ordinary", "regular", "moderate"),
    "normally": ("ordinarily", "regularly", "naturally"),
    "speaks": ("talks", "chats", "says something", "is speaking"),
    "talks": ("speaks", "chats"),
    "talking": ("speaking", "chatting"),
    "woman": ("girl", "lady", "mother", "actress", "teacher"),
    "man": ("boy", "guy", "father", "actor", "presenter"),
    "person": ("human", "speaker", "presenter", "host"),
}
# Additions that ask for nothing the acting knows.
FILLERS = (
    "in a blue shirt", "with long hair", "wearing glasses", "in a kitchen", "soft light", "cinematic lighting",
    "in front of a plain background", "high quality", "4k", "studio portrait", "wearing a red dress", "with a beard",
    "in an office", "outdoors", "realistic", "in a green sweater", "with short dark hair", "medium shot", "please",
    "at home", "old", "young", "professional", "about the weather", "to a friend", "into a microphone",
)  # fmt: skip
KEPT = frozenset(["left", "down", "nods", "sad", "no", "not", "up"])  # short words that are never left out
FRAME_WORDS = frozenset(["while", "who", "video", "portrait", "close-up", "to", "with", "in", "of"])
# Words that may ask for something; idle talk must hold none of them.
TELLING = vocabulary() | {word for key, values in SYNONYMS.items() for word in (key, *values)}


class AttributeReadout(nn.Module):
    """Reads each attribute off the mean of a prompt's tokens."""

    def __init__(self, text_width: int) -> None:
        super().__init__()
        self.score = nn.Linear(text_width, text_width)
        self.heads = nn.ModuleList(nn.Linear(text_width, count) for count in CLASSES)

    def forward(self, tokens: Float[Tensor, "b s d"]) -> list[Float[Tensor, "b classes"]]:
        # The largest value over the words, as one word is enough to ask for something.
        padding = (tokens == 0).all(dim=-1, keepdim=True)
        top = self.score(tokens).masked_fill(padding, -1e4).amax(dim=1).clamp(min=-1e2)
        return [head(top) for head in self.heads]


@dataclass(frozen=True)
class Prompts:
    """Prompts and, for each attribute in the order of NAMES, the class asked for."""

    texts: list[str]
    labels: Int[Tensor, "b attributes"]


def sample_prompts(count: int, rng: np.random.Generator, held_out: bool = False, rough: bool = True) -> Prompts:
    """Prompts of the acting writer; roughened like what people type if `rough`."""
    texts, labels = [], []
    for _ in range(count):
        acting = sample_acting(rng)
        person = (None, "woman", "man")[rng.integers(3)]
        text = write_prompt(acting, rng, held_out=held_out, person=person)
        texts.append(roughen(text, rng) if rough else text)
        codes = zip(NAMES, acting.codes(), CLASSES, strict=True)
        labels.append([code if name in acting.mentioned else count - 1 for name, code, count in codes])
    return Prompts(texts, torch.tensor(labels))


def roughen(text: str, rng: np.random.Generator) -> str:
    """Synonyms, fillers, idle words, and now and then a lost letter or a lost small word."""
    words = []
    for word in text.split():
        bare = word.strip(".,:").lower()
        if bare in SYNONYMS and rng.random() < 0.25:
            options = SYNONYMS[bare]
            word = options[rng.integers(len(options))]
        elif len(bare) <= 4 and bare not in KEPT and rng.random() < 0.1:
            continue
        if len(word) > 4 and rng.random() < 0.03:
            word = slip(word, rng)
        words.append(word)
    if rng.random() < 0.3:
        filler = FILLERS[rng.integers(len(FILLERS))]
        words = [filler, *words] if rng.random() < 0.3 else [*words, filler]
    if rng.random() < 0.7:
        for word in idle_words(rng)[: int(rng.integers(1, 5))]:
            place = int(rng.integers(len(words) + 1))
            if place < len(words) and words[place].strip(".,:").lower() in FRAME_WORDS:
                words[place] = word
            else:
                words.insert(place, word)
    return " ".join(words)


def idle_words(rng: np.random.Generator) -> list[str]:
    """Words that ask for nothing, in random order: words of everyday sentences, and nonsense of halves of words.

    The nonsense may share a beginning or an end with a word that does ask for something: that is not enough.
    """
    words = [word for word in words_of(sentence(rng)) if word not in TELLING]
    telling = sorted(TELLING)
    for i, word in enumerate(words):
        if rng.random() < 0.5:
            other = telling[rng.integers(len(telling))]
            cut = int(rng.integers(2, 5))
            words[i] = (word[:cut] + other[-cut:], other[:cut] + word[-cut:])[rng.integers(2)]
    return [words[i] for i in rng.permutation(len(words)) if words[i] not in TELLING]


def slip(word: str, rng: np.random.Generator) -> str:
    """The word with a letter lost, doubled or swapped with the next."""
    i = int(rng.integers(1, len(word) - 1))
    kinds = (word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:], word[:i] + word[i + 1] + word[i] + word[i + 2 :])
    return kinds[rng.integers(3)]


def train_text_encoder(
    out: Path, steps: int = 1000, batch: int = 96, seed: int = 0, report: Callable[[int, float], None] | None = None
) -> TextEncoder:
    """Train from scratch, write the weights to `out` (.safetensors), return the frozen encoder."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, readout = TextEncoder(), AttributeReadout(128)
    parameters = [*encoder.parameters(), *readout.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        prompts = sample_prompts(batch, rng)
        ids = torch.stack([encoder.tokenise(text) for text in prompts.texts])
        # Whole n-grams go missing at random, so that no meaning hangs on one of them.
        ids = ids * (torch.rand(ids.shape) > 0.15)
        scores = readout(encoder(ids))
        loss = sum(
            (functional.cross_entropy(s, prompts.labels[:, i], label_smoothing=0.03) for i, s in enumerate(scores)),
            torch.zeros(()),
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if report:
            report(step, loss.item())
    save_weights(encoder, out)
    save_weights(readout, out.with_suffix(".readout"))
    return frozen(encoder)
