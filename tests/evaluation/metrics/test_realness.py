"""The kernel distance is 0 between draws of one distribution and grows with what separates two."""

import numpy as np
import pytest

from livetalk.evaluation.metrics.realness import SUBSETS, DescriptorSet, kernel_distance, subset_distances


def drawn(count: int, seed: int, moved: float = 0.0, spread: float = 1.0) -> DescriptorSet:
    """Everybody another person."""
    rows = np.random.default_rng(seed).normal(moved, spread, (count, 16))
    return DescriptorSet(rows, [f"{seed} {place}" for place in range(count)])


def test_the_estimate_is_unbiased_and_equals_its_definition() -> None:
    one, other = drawn(4, 0), drawn(3, 1)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 16 + 1) ** 3)

    within = sum(kernel(a, b) for i, a in enumerate(one.rows) for j, b in enumerate(one.rows) if i != j) / 12
    beyond = sum(kernel(a, b) for i, a in enumerate(other.rows) for j, b in enumerate(other.rows) if i != j) / 6
    across = sum(kernel(a, b) for a in one.rows for b in other.rows) / 12
    assert kernel_distance(one, other) == pytest.approx(within + beyond - 2 * across)
    same = [kernel_distance(drawn(20, 2 * i), drawn(20, 2 * i + 1)) for i in range(200)]
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(200)
    assert np.isnan(kernel_distance(one.at(np.arange(1)), other))


def test_many_frames_of_few_people_are_not_far_from_many_people() -> None:
    real, found, blind = drawn(200, 0), [], []
    for seed in range(1, 30):
        few = drawn(5, seed)
        frames = np.random.default_rng(seed).normal(0, 0.2, (100, 16)) + np.repeat(few.rows, 20, axis=0)
        names = [few.names[place // 20] for place in range(100)]
        found.append(kernel_distance(DescriptorSet(frames, names), real))
        blind.append(kernel_distance(DescriptorSet(frames, [str(place) for place in range(100)]), real))
    assert abs(np.mean(found)) < 0.25 * np.mean(blind)


def test_a_person_s_own_photograph_makes_nobody_real() -> None:
    real, moved = drawn(50, 0), 0.8
    frames = real.rows[:5] + moved
    own, apart = (kernel_distance(DescriptorSet(frames, names), real) for names in (real.names[:5], list("abcde")))
    assert own > apart > 0


def test_what_is_farther_away_measures_more() -> None:
    real = drawn(100, 0)
    near, far, narrow = (subset_distances(drawn(300, 1, *how), real).mean() for how in ((0.1,), (1.0,), (0.0, 0.2)))
    assert abs(near) < 0.1 < narrow < far


def test_a_column_that_real_faces_never_move_does_not_outweigh_the_others() -> None:
    def silent(people: DescriptorSet, value: float) -> DescriptorSet:
        return DescriptorSet(np.concatenate([people.rows, np.full((len(people.rows), 1), value)], axis=1), people.names)

    real, other = drawn(100, 0), drawn(100, 1, 0.5)
    plain = subset_distances(other, real).mean()
    assert subset_distances(silent(other, 0.2), silent(real, 0.0)).mean() == pytest.approx(plain, rel=0.3)


def test_subsets_are_drawn_anew_and_the_same_each_time() -> None:
    found = subset_distances(drawn(80, 0), drawn(90, 1))
    assert len(found) == SUBSETS == len(set(found))
    assert (found == subset_distances(drawn(80, 0), drawn(90, 1))).all()


def test_rows_without_a_face_are_left_out() -> None:
    made, real = drawn(80, 0), drawn(90, 1)
    holed = DescriptorSet(np.concatenate([made.rows, np.full((5, 16), np.nan)]), [*made.names, *"abcde"])
    assert (subset_distances(holed, real) == subset_distances(made, real)).all()
    assert np.isnan(subset_distances(DescriptorSet(np.full((50, 16), np.nan), made.names[:50]), real)).all()
