"""Families of language models, since a judge tends to prefer answers of the same kind as itself. Knows names only."""

import re

FAMILIES = (
    "qwen",
    "gpt",
    "gemini",
    "gemma",
    "claude",
    "llama",
    "mistral",
    "internvl",
    "smollm",
    "phi",
    "deepseek",
    "glm",
)


def family(model: str) -> str | None:
    """The family that a model's name tells, if it is a known one: "qwen" of "Qwen/Qwen3-VL-30B-A3B-Instruct"."""
    words = re.sub(r"[^a-z]+", " ", model.lower()).split()
    return next((name for name in FAMILIES if any(word.startswith(name) for word in words)), None)


def self_preference(judge: str, brain: str) -> str | None:
    """A sentence where judge and brain are of one family."""
    same = family(judge)
    if same is None or same != family(brain):
        return None
    return (
        f"the judge {judge} and the brain {brain} are of one family, {same}, and judges prefer their own kind: "
        "report a judge of another family beside it"
    )
