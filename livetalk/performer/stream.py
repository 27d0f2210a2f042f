"""Avatar stream, stepped by hand: speech is pushed; blocks are planned, denoised, decoded, and can be rolled back.

The synchronous core under offline generation and live sessions. A stream plans what its next block hears; the
stages (`stages.py`) make it. The newest blocks are kept as records, so that an interrupt can go back to what the
viewer saw. Knows no threads and no wall clock.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.codec.base import Carry
from livetalk.conditions.lids import blinking, with_lids
from livetalk.dit.audio import pack_audio
from livetalk.media.pictures import as_picture
from livetalk.performer.block_plan import BlockPlan, BlockRecord, StreamSnapshot
from livetalk.performer.kv_pool import KEPT, PagedCache, Slot
from livetalk.performer.networks import Networks, Portrait
from livetalk.performer.rollout import BlockConditions, RolloutState, remember_block
from livetalk.performer.speech_buffer import BlockAudio


class AvatarStream:
    """See the module docstring. `slot`: the stream's place in a pool of the networks'; freed by `close`."""

    def __init__(self, networks: Networks, slot: Slot, portrait: Portrait, prompt: str, seed: int) -> None:
        self.networks, self.slot, self.seed = networks, slot, seed
        self.reference = networks.encode_portrait(portrait)
        self.text = networks.encode_prompt(prompt)
        self.speech = networks.new_speech_buffer()
        self.index = 0
        self.attempt = 0
        self.quick = False  # the next block is to be there soon
        self.rollout = RolloutState(slot.cache(), networks.preset.positions)
        self.carry: Carry = networks.start_decoder(portrait)
        self.records: deque[BlockRecord] = deque(maxlen=KEPT - 1)
        self.last_frame: UInt8[np.ndarray, "h w 3"] = as_picture(portrait)

    def push(self, speech: np.ndarray, rate: int = 16_000) -> None:
        """Speech for the blocks to come; see `SpeechBuffer.push`. Raises ValueError after `close`."""
        self._open()
        self.speech.push(speech, rate)

    def end(self) -> None:
        """The utterance is over: the last block is filled up with silence instead of waiting for more."""
        self._open()
        self.speech.end()

    def set_prompt(self, prompt: str) -> None:
        """Acts from the next planned block on."""
        self._open()
        self.text = self.networks.encode_prompt(prompt)

    @property
    def ready(self) -> bool:
        """True if enough speech is pending for the next block."""
        return self.speech.ready(len(self.networks.preset.geometry.frames_of_block(self.index)))

    def plan(self, mute: bool = False) -> BlockPlan:
        """Plan the next block. `mute`: silence, though speech is pending (too little of it, say)."""
        self._open()
        frames = self.networks.preset.geometry.frames_of_block(self.index)
        past = self.speech.history
        heard = self.speech.next(len(frames), mute)
        quick, self.quick = self.quick or self._idles(past, heard), False
        return BlockPlan(self.index, frames, heard, past, self.rollout, self.text, self.attempt, quick=quick)

    def cancel(self, job: BlockPlan) -> None:
        """Take back a plan that was not carried out. Its speech is gone; sound that nobody heard is no past.

        If some of the block is seen, it is kept as it was made before, so that the next interrupt finds it.
        """
        self.speech.history = job.past
        if job.origin is not None:
            self.records.append(job.origin)
            self.index = job.index + 1

    def commit(
        self,
        job: BlockPlan,
        latents: Float[Tensor, "1 c f h w"],
        after: RolloutState,
        done: torch.cuda.Event | None = None,
    ) -> BlockRecord:
        """Take over a denoised block; the next one can be planned."""
        record = BlockRecord(replace(job, origin=None), latents, [], done)
        self.records.append(record)
        self.rollout, self.index = after, job.index + 1
        return record

    @torch.inference_mode()
    def interrupt(self, shown: int) -> BlockPlan | None:
        """Go back to what is seen. `shown`: frames of the session that are seen for certain.

        Speech that waits stays: what came before the interrupt is dropped when it is asked for (`track.clear`), and
        what has come since is the next utterance. No job may be under way. Returns the block to be made again with
        its seen latent frames given, if one is partly seen; frames from the first latent frame that is not given on
        replace those announced before.
        """
        record = self._back_to(shown)
        if record is None:
            return None
        heard, seen = self._cut(record.job, shown), self._seen_latents(record.job, shown)
        self.attempt += 1
        if seen < record.latents.shape[2]:
            self._undo(self.records.pop(), seen)
            self.speech.history = self.speech.following(record.job.past, heard.modelled)
            return self._rest_of(record, seen, heard)
        conditions = self.conditions(replace(record.job, heard=heard))
        self.rollout = remember_block(self.networks.student, record.latents, conditions, record.job.before)
        self.speech.history = self.speech.following(record.job.past, heard.modelled)
        return None

    def resume_from(self, shown: int) -> BlockPlan | None:
        """Go back to what is seen and let what waits begin there: nothing but silence may come behind `shown`.

        Returns the block to be made again from there on, if one is partly seen; as in `interrupt`.
        """
        record = self._back_to(shown)
        if record is None:
            return None
        job, seen = record.job, self._seen_latents(record.job, shown)
        if seen >= record.latents.shape[2]:
            return None
        self._undo(self.records.pop(), seen)
        self.attempt += 1
        kept = self.networks.preset.geometry.samples_before(shown - job.frames.start)
        before, modelled = job.heard.audio[:kept], job.heard.levelled
        heard = self.speech.joining(job.past, before, len(job.frames), None if modelled is None else modelled[:kept])
        return self._rest_of(record, seen, heard)

    def retry(self, record: BlockRecord) -> BlockPlan:
        """A block once more, with fresh noise; what was made on top of it is undone."""
        while self.records[-1] is not record:
            self._undo(self.records.pop())
        self._undo(self.records.pop(), len(record.job.carries))
        self.attempt += 1
        self.speech.history = self.speech.following(record.job.past, record.job.heard.modelled)
        return replace(record.job, attempt=self.attempt)

    def reset_rolling_window(self) -> None:
        """Forget the rolling past; the anchors stay. For a face that has drifted."""
        self.slot.forget_rolling()
        del self.slot.kept[-2]  # the state that is forgotten; the one before the newest block stays for interrupts
        self.rollout = replace(self.rollout, cache=self.slot.cache())
        while len(self.records) > 1:
            self.records.popleft()

    def snapshot(self) -> StreamSnapshot:
        self._open()
        return StreamSnapshot(
            self.seed,
            self.attempt,
            self.quick,
            self.index,
            self.rollout.latents,
            self.speech.history,
            self.slot.snapshot(),
            self.carry,
            self.reference,
            self.text,
        )

    def snapshot_before(self, record: BlockRecord) -> StreamSnapshot | None:
        """The state before a block whose decoding has begun, copied out; None where it is not kept any more."""
        before, job, carries = record.job.before, record.job, record.known_carries
        assert isinstance(before.cache, PagedCache)
        table = before.cache.tables[0]
        if not carries or table not in self.slot.kept:
            return None
        return StreamSnapshot(
            self.seed,
            self.attempt,
            True,
            job.index,
            before.latents,
            job.past,
            self.slot.snapshot(table),
            carries[0],
            self.reference,
            self.text,
        )

    def restore(self, snapshot: StreamSnapshot) -> None:
        """Go on where a snapshot was taken; speech that waits is dropped. Raises ValueError for another frame size."""
        self._open()
        if any(mine != theirs for mine, theirs in zip(self.carry.shapes, snapshot.carry.shapes, strict=False)):
            raise ValueError("the snapshot is of frames of another size: open the face from its portrait")
        self.speech.clear()
        self.records.clear()
        self.slot.restore(snapshot.slot)
        self.seed, self.attempt, self.quick = snapshot.seed, snapshot.attempt, snapshot.quick
        self.index, self.speech.history = snapshot.index, self.speech.reaching(snapshot.past)
        self.carry, self.reference, self.text = snapshot.carry, snapshot.reference, snapshot.text
        self.rollout = replace(self.rollout, cache=self.slot.cache(), latents=snapshot.latents)

    def close(self) -> None:
        self.slot.close()
        self.records.clear()
        self.speech.clear()

    @property
    def phase(self) -> tuple[int, bool]:
        """Streams of one phase can be stepped in one batch: as many past blocks, and a decoder started or not."""
        cache = self.rollout.cache
        assert isinstance(cache, PagedCache)
        return len(cache.tables[0]), self.index == 0

    def conditions(self, job: BlockPlan) -> BlockConditions:
        return BlockConditions(self.reference, job.text, _packed_rows(self.networks, job, self.seed))

    def noise(self, job: BlockPlan) -> Iterator[Float[Tensor, "1 c f h w"]]:
        """Noise of a block, step by step: a function of seed, block and attempt alone.

        Drawn when it is asked for: a GPU is busy with the step before meanwhile.
        """
        g = self.networks.preset.geometry
        generator = torch.Generator().manual_seed(((self.seed * 1_000_003 + job.index) * 64 + job.attempt % 64) % 2**63)
        shape = (1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size)
        return (torch.randn(shape, generator=generator) for _ in self.networks.steps.sigmas)

    def _idles(self, past: np.ndarray, heard: BlockAudio) -> bool:
        """Nothing is heard and nothing was: a still face needs half of the steps. Anchors are always made with all."""
        g = self.networks.preset.geometry
        silent = not heard.audio.any() and not past[-g.samples_before(g.frames_per_block) :].any()
        return silent and self.index >= g.anchor_latents // g.block_latents

    def _back_to(self, shown: int) -> BlockRecord | None:
        """Undo the blocks of which nothing is seen; returns the newest that is left, if any is."""
        self._open()
        self.quick = True
        while self.records and self.records[-1].job.frames.start >= shown:
            self._undo(self.records.pop())
        return self.records[-1] if self.records else None

    def _rest_of(self, record: BlockRecord, seen: int, heard: BlockAudio) -> BlockPlan:
        """An undone block once more, its seen latent frames given, hearing something else."""
        self.quick = False
        known, carries = record.latents[:, :, :seen], tuple(record.known_carries[:seen])
        job = replace(record.job, heard=heard, attempt=self.attempt, quick=True)
        return replace(job, known=known, carries=carries, origin=record)

    def _undo(self, record: BlockRecord, latents: int = 0) -> None:
        """Go back to before a block, the decoder to before one of its latent frames."""
        self.rollout, self.index = record.job.before, record.job.index
        self.speech.history = record.job.past
        cache = self.rollout.cache
        assert isinstance(cache, PagedCache)
        while self.slot.kept[-1] != cache.tables[0]:  # a snapshot must not find what is undone
            self.slot.kept.pop()
        if latents < len(record.known_carries):  # else it has not been decoded so far
            self.carry = self._carry_before(record, latents)

    def _carry_before(self, record: BlockRecord, latents: int) -> Carry:
        """Decoder memory before one of a block's latent frames, decoded again from the last one that was kept."""
        kept = record.known_carries
        start = max(i for i in range(latents + 1) if kept[i] is not None)
        carry = kept[start]
        assert carry is not None
        if start < latents:
            given = record.latents[:, :, start:latents].to(self.networks.decoder_device, self.networks.dtype)
            carry = self.networks.codec.step(given, carry)[1]
        return carry

    def _cut(self, job: BlockPlan, shown: int) -> BlockAudio:
        """What a block has been heard to say until frame `shown`, silence from there on."""
        g = self.networks.preset.geometry
        kept = g.samples_before(max(0, min(shown, job.frames.stop) - job.frames.start))
        return self.speech.cut(job.past, job.heard, kept)

    def _seen_latents(self, job: BlockPlan, shown: int) -> int:
        g = self.networks.preset.geometry
        return min(g.block_latents, g.latents_of(min(shown, job.frames.stop)) - job.index * g.block_latents)

    def _open(self) -> None:
        if self.slot.closed:
            raise ValueError("the session is closed: open a new one")


def _packed_rows(networks: Networks, job: BlockPlan, seed: int) -> Float[Tensor, "1 f g"]:
    """What a block hears and, of networks that are told, when its face blinks."""
    g, rows = networks.preset.geometry, job.heard.rows[None].to(networks.device)
    every = g.time_compression
    if networks.preset.dit.lids:
        rows = with_lids(rows, blinking(job.frames.start, rows.shape[1], seed, g)[None])
    return pack_audio(rows, every) if job.index == 0 else rearrange(rows, "b (f r) a -> b f (r a)", r=every)
