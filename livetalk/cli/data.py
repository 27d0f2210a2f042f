"""`livetalk data ...`: rendered talking heads, their voices and portraits, from the command line.

Knows options and files; how heads look, act and speak is the business of `livetalk.data`. Everything follows from
seeds; those from 900,000,000 on give people, voices, sentences and paraphrases that no training ever uses.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from livetalk.cli import free_assets
from livetalk.cli.console import out as console
from livetalk.cli.console import progress
from livetalk.cli.options import with_options
from livetalk.data.acting.prompts import DEFAULT_PROMPT
from livetalk.data.puppets.options import PackOptions
from livetalk.geometry import FRAME_RATE
from livetalk.media.files import claim, written

if TYPE_CHECKING:
    from livetalk.data.speech import SpeechDataset, Utterance

app = typer.Typer(help="Render talking heads with exact truth.", no_args_is_help=True)
app.command("avatars")(free_assets.avatars)
app.command("pack-assets")(free_assets.pack)
app.command("assets")(free_assets.check)

Assets = Annotated[
    Path | None, typer.Option(help="Folder of free assets, or a pack of them: heads look photographed.", exists=True)
]
Seed = Annotated[int, typer.Option(help="Which person; 900000000 and up are never trained on.", min=0)]


@app.command()
def render(
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option(help="Length of the clip.", min=0.1)] = 5.0625,
    out: Annotated[Path, typer.Option(help="The mp4; its truth goes beside it as json.")] = Path("clip.mp4"),
    speech: Annotated[Path | None, typer.Option(help="A speech shelf; without it, speech is made anew.")] = None,
    size: Annotated[int, typer.Option(help="Pixels a side.", min=64)] = 256,
    assets: Assets = None,
) -> None:
    """Render a talking head with its sound, and write down everything that is true of it."""
    from livetalk.data.clips import render_clip, write_clip
    from livetalk.data.heads.renderer import HeadRenderer
    from livetalk.data.speech import SpeechDataset

    claim(out, [speech])
    with progress() as bar:
        bar.add_task("rendering", total=None)
        renderer = HeadRenderer(size, assets=assets)
        try:
            with _spoken_anew(seed) if speech is None else _opened(SpeechDataset(speech)) as shelf:
                clip = render_clip(seed, shelf, renderer, math.ceil(seconds * FRAME_RATE))
        finally:
            renderer.close()
    truth = write_clip(clip, out)
    console.print(f"{out} and {truth}: {len(clip.frames)} frames, {clip.truth['prompt']!r}", markup=False)


@app.command()
def portrait(
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("portrait.png"),
    size: Annotated[int, typer.Option(help="Pixels a side.", min=64)] = 256,
    assets: Assets = None,
) -> None:
    """Render one resting face."""
    from livetalk.data.heads import sheet as faces

    claim(out)
    _save(faces.portrait(seed, size, assets), out)


@app.command()
def sheet(
    seed: Seed = 0,
    count: Annotated[int, typer.Option(help="How many people.", min=1)] = 24,
    expressions: Annotated[int, typer.Option(help="Faces each of them makes.", min=1, max=5)] = 1,
    columns: Annotated[int, typer.Option(min=1)] = 6,
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("sheet.png"),
    size: Annotated[int, typer.Option(help="Pixels a side of one face.", min=64)] = 256,
    puppets: Annotated[
        Path | None, typer.Option(help="Pack of fitted portraits: a row for each of `count` from `seed` on.")
    ] = None,
    assets: Assets = None,
) -> None:
    """Render many faces side by side, for people to judge."""
    claim(out, [puppets])
    people = range(seed, seed + count)
    with progress() as bar:
        bar.add_task("rendering", total=None)
        if puppets is None:
            from livetalk.data.heads import sheet as faces

            picture = faces.sheet(people, size, columns, expressions, assets)
        else:
            from livetalk.data.puppets.contact import contact_sheet
            from livetalk.data.puppets.portraits import open_portraits

            picture = contact_sheet(open_portraits(puppets), people, size, expressions)
    _save(picture, out)


@app.command()
def puppet(
    photo: Annotated[Path, typer.Argument(help="A portrait photograph.")],
    prompt: Annotated[str, typer.Option(help="What the person does while speaking.")] = DEFAULT_PROMPT,
    speech: Annotated[Path | None, typer.Option(help="A sound file, with --text; or a speech shelf.")] = None,
    text: Annotated[str | None, typer.Option(help="What is said; without --speech in a voice made anew.")] = None,
    seed: Annotated[int, typer.Option(help="Which of its performances.", min=0)] = 0,
    seconds: Annotated[float | None, typer.Option(help="Length; the speech's without it.", min=0.1)] = None,
    out: Annotated[Path, typer.Option(help="The mp4; its truth goes beside it as json.")] = Path("puppet.mp4"),
    size: Annotated[int, typer.Option(help="Pixels a side.", min=64)] = 256,
) -> None:
    """Let a photograph speak, without any model: fitted, moved and drawn, with everything that is true of it."""
    from livetalk.data.clips import write_clip
    from livetalk.data.puppets.clip import puppet_clip
    from livetalk.data.puppets.fit import Fitter
    from livetalk.data.puppets.renderer import PuppetRenderer

    claim(out, [photo, speech])
    with progress() as bar:
        bar.add_task("fitting and rendering", total=None)
        with Fitter() as fitter:
            portrait = fitter.fit_file(photo).portrait
        spoken = _utterance(speech, text, seed, prompt)
        renderer = PuppetRenderer(size)
        try:
            frames = math.ceil((spoken.seconds if seconds is None else seconds) * FRAME_RATE)
            clip = puppet_clip(portrait, spoken, prompt, renderer, seed, frames)
        finally:
            renderer.close()
    truth = write_clip(clip, out)
    console.print(f"{out} and {truth}: {len(clip.frames)} frames, {prompt!r}", markup=False)


@app.command()
def speech(
    out: Annotated[Path, typer.Option(help="Folder of the shelf; it is continued if it is there.")],
    minutes: Annotated[float, typer.Option(help="How much speech the shelf is to hold.", min=0.1)] = 10.0,
    held_out: Annotated[bool, typer.Option("--held-out", help="The voices and sentences nobody trains on.")] = False,
    seed: Seed = 0,
) -> None:
    """Fill a shelf with speech and the exact time of every phoneme."""
    from livetalk.data.speech import synthesise
    from livetalk.voice.assets import ALL_VOICES, MORE_VOICES
    from livetalk.voice.kokoro import Kokoro

    engine = Kokoro()
    if len(engine.voices) < ALL_VOICES:
        said = (
            f"{len(engine.voices)} of Kokoro's {ALL_VOICES} voices are here; a model that is trained on few knows few."
        )
        console.print(f"{said} For all of them {MORE_VOICES}.", markup=False)
    with progress() as bar, written(out):
        task = bar.add_task("speaking (seconds)", total=round(60 * minutes))
        for utterance in synthesise(out, engine, engine.voices, 60 * minutes, seed, held_out):
            bar.advance(task, utterance.seconds)
    console.print(f"{out}: at least {minutes:g} minutes of speech", markup=False)


@app.command()
def features(
    out: Annotated[Path, typer.Option(help="Folder of the features.")],
    speech: Annotated[list[Path], typer.Option(help="A speech shelf; may be given several times.")],
    encoder: Annotated[Path, typer.Option(help="Weights of the speech encoder.")],
    variants: Annotated[int, typer.Option(help="Of each utterance: as it is, and altered ones.", min=1)] = 2,
) -> None:
    """Encode shelves of speech into what the model is conditioned on."""
    from livetalk.conditions.speech import load_speech_encoder
    from livetalk.data.features import encode_shelf

    with progress() as bar, written(out):
        bar.add_task("encoding", total=None)
        shelf = encode_shelf(speech, load_speech_encoder(encoder), out, variants)
    console.print(f"{out}: {len(shelf)} utterances", markup=False)


@app.command()
@with_options
def pack(
    out: Annotated[Path, typer.Argument(help="The file; fits are kept beside it, in OUT.fits.")],
    portraits: Annotated[Path, typer.Option(help="Folder of portrait photographs.")],
    options: PackOptions,
    held_out: Annotated[
        Path | None, typer.Option("--held-out", help="List of file names that are left out, one a line.")
    ] = None,
    processes: Annotated[int, typer.Option(help="Photographs fitted at a time.", min=1)] = 1,
) -> None:
    """Fit portrait photographs and put the usable ones into one small file, from which puppets are drawn."""
    from livetalk.data.puppets import pack as packing

    claim(out, [portraits, held_out])
    listed = packing.listed_names(held_out) if held_out else frozenset()
    if options.held_out and not listed:
        raise ValueError("--only-held-out needs a list: give it with --held-out")
    photographs = packing.photographs_of(portraits)
    chosen = [photo for photo in photographs if (photo.stem in listed) == options.held_out]
    cache = packing.FitCache(out.with_name(f"{out.name}.fits"))
    with progress() as bar:
        task = bar.add_task("fitting", total=len(chosen))
        for _ in packing.fit_all(chosen, cache, processes):
            bar.advance(task)
    for line in packing.pack(chosen, cache, out, options).lines():
        console.print(line, markup=False)


def _utterance(speech: Path | None, text: str | None, seed: int, prompt: str) -> "Utterance":
    """What a puppet says: recorded, from a shelf, or in a made voice that suits the prompt."""
    from livetalk.data.acting.reading import person_of
    from livetalk.data.speech import Script, SpeechDataset, Utterance, perform, scripts
    from livetalk.evaluation.metrics.phones import align
    from livetalk.media.sound import read_speech

    if speech is not None and speech.is_dir():
        shelf = SpeechDataset(speech)
        return shelf[seed % len(shelf)]
    if speech is not None:
        if text is None:
            raise ValueError("the mouth needs the words of a sound file: give them with --text")
        heard = align(np.concatenate(list(read_speech(speech))), text)
        return Utterance(speech.stem, text, "", heard.audio, tuple(heard.phonemes))
    from livetalk.voice.kokoro import Kokoro

    engine, person = Kokoro(), person_of(prompt)
    suiting = [voice for voice in engine.voices if person is None or (voice[1] == "m") == (person == "man")]
    script = next(scripts(seed, suiting))
    if text is not None:
        script = Script(script.id, (text,), script.voice, 1.0, (0.3, 0.3))
    return perform(script, engine)


@contextmanager
def _opened(shelf: "SpeechDataset") -> Iterator["SpeechDataset"]:
    yield shelf


@contextmanager
def _spoken_anew(seed: int) -> Iterator["SpeechDataset"]:
    """A shelf of one utterance, in a voice that suits the person of the seed, for as long as it is needed."""
    from livetalk.data.acting.performance import HELD_OUT_FROM
    from livetalk.data.heads.look import sample_look
    from livetalk.data.speech import SpeechDataset, add, perform, scripts
    from livetalk.voice.kokoro import Kokoro

    engine = Kokoro()
    man = sample_look(seed).is_man
    suiting = [voice for voice in engine.voices if (voice[1] == "m") == man]
    held_out = seed >= HELD_OUT_FROM
    with TemporaryDirectory() as folder:
        script = next(scripts(seed, suiting, held_out))
        add(Path(folder), perform(script, engine))
        yield SpeechDataset(folder)


def _save(picture: np.ndarray, path: Path) -> None:
    from PIL import Image

    with written(path):
        Image.fromarray(picture).save(path)
    console.print(f"{path}: {picture.shape[1]} x {picture.shape[0]} pixels", markup=False)
