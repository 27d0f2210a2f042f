"""Selection of dialogues: a few of many, stratified, always the same ones."""

from collections import Counter
from collections.abc import Sequence

from livetalk.evaluation.dialogue.scenarios import Scenario


def stratified(scenarios: Sequence[Scenario], count: int) -> tuple[Scenario, ...]:
    """So many dialogues in which the dimensions, and what visitors do, come as evenly as they can.

    Taken one by one, each time the dialogue that holds most of what has come least; by name where several do. So fewer
    are the beginning of more: a run can be made larger. Raises ValueError if there are not so many.
    """
    if not 1 <= count <= len(scenarios):
        raise ValueError(
            f"there are {len(scenarios)} dialogues to choose from: --scenarios takes 1 to {len(scenarios)}"
        )
    left, taken, seen = sorted(scenarios, key=lambda scenario: scenario.name), list[Scenario](), Counter[str]()
    for _ in range(count):
        best = max(left, key=lambda scenario: sum(1 / (1 + seen[trait]) ** 2 for trait in traits(scenario)))
        left.remove(best)
        taken.append(best)
        seen.update(traits(best))
    return tuple(taken)


def traits(scenario: Scenario) -> frozenset[str]:
    """The dimensions that a dialogue tries, and the kinds of its turns."""
    return frozenset([*(str(one) for one in scenario.dimensions), *(f"turn {turn.kind}" for turn in scenario.turns)])
