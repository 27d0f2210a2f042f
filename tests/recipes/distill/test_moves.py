"""Moves are read from latents, and pull what a network makes towards those that the clip had."""

from dataclasses import replace

import torch

from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.moves import MOVES, MoveReader, fit_move_reader, known_moves, move_agreement, move_pull

REST = len(MOVES) - 2


class _Bank:
    """Clips whose mouth is a bright patch, as bright as the lips are open, in places that vary."""

    def draw(self, batch: int) -> ClipBatch:
        frames = torch.arange(81) / 81
        opening = 0.2 + 0.2 * torch.sin(20 * frames * (0.5 + torch.rand(batch, 1)) + 6 * torch.rand(batch, 1))
        moves = known_moves(opening, 0.5 * opening, *REST * (0 * opening,))
        latents = 0.1 * torch.randn(batch, 4, 21, 8, 8)
        row, column = int(torch.randint(4, 6, ())), int(torch.randint(2, 5, ()))
        latents[:, :, :, row : row + 2, column : column + 2] += (
            4 * moves[:, :, 0 :: len(MOVES)].transpose(1, 2)[..., None, None]
        )
        nothing = torch.zeros(batch, 21, 1)
        return ClipBatch(latents, nothing, nothing, torch.ones_like(latents[:, :1]), moves)


def _reader() -> MoveReader:
    torch.manual_seed(0)
    return fit_move_reader(_Bank(), torch.device("cpu"), steps=150, batch=4)


def test_moves_of_a_latent_frame_are_those_of_its_video_frames() -> None:
    count = len(MOVES)
    moves = known_moves(torch.arange(9.0)[None], -torch.arange(9.0)[None], *REST * (torch.ones(1, 9),))
    assert moves[0, :, 0::count].tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert torch.equal(moves[..., 1::count], -moves[..., 0::count])
    assert moves[..., count - 1 :: count].min() == 1


def test_a_reader_finds_moves_and_sees_that_others_are_not_those() -> None:
    reader, clips = _reader(), _Bank().draw(6)
    assert move_agreement(reader, clips.latents, clips)["lips"] > 0.9
    assert "lids" not in move_agreement(reader, clips.latents, clips), "nobody blinks"
    assert abs(move_agreement(reader, clips.latents.roll(1, 0), clips)["lips"]) < 0.7
    assert abs(move_agreement(reader, clips.latents[:, :, torch.randperm(21)], clips)["lips"]) < 0.5


def test_the_pull_is_as_long_as_asked_and_brings_the_moves_nearer() -> None:
    reader, clips = _reader(), _Bank().draw(4)
    made, main = clips.latents.roll(1, 0), torch.randn_like(clips.latents)
    asked = torch.ones(4, 21)
    asked[:, :3] = 0
    torch.manual_seed(1)
    pull, error = move_pull(reader, made, clips, main, 0.25, asked)
    torch.testing.assert_close(pull.norm(), 0.25 * main.norm(), rtol=1e-4, atol=0)
    assert pull[:, :, :3].abs().max() == 0
    spread = reader.standardised(clips.moves)
    spread[..., 3 :: len(MOVES)] += 9  # a smile is read, not pulled
    smiling = replace(clips, moves=spread * reader.spread + reader.mean)
    torch.manual_seed(1)
    torch.testing.assert_close(move_pull(reader, made, smiling, main, 0.25, asked)[1], error, rtol=1e-4, atol=0)
    for _ in range(60):
        made = made - 0.02 * move_pull(reader, made, clips, torch.full_like(made, 0.05), 1.0, asked)[0]
    assert float(move_pull(reader, made, clips, main, 0.25, asked)[1]) < 0.5 * float(error)
