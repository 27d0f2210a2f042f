"""Pages of the documentation as tests read them: which there are, their code blocks, the commands they show."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "examples", "runs", "livetalk", "tests", "checkpoints", ".github")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_blocks(page: Path, language: str) -> list[str]:
    """Fenced code blocks of a language; "" for those that name none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [block for found, block in fenced if found == language]


def shown_commands() -> Iterator[tuple[Path, str]]:
    """Each command that a page shows, without its comment: lines that go on are joined, `&&` parts them."""
    for page in PAGES:
        for block in code_blocks(page, "") + code_blocks(page, "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                for command in (part.strip() for part in re.sub(r"\s+#.*", "", line).split("&&")):
                    if re.match(
                        r"(livetalk|pip|python|pytest|torchrun|scripts/\w+|runs/\w+\.sh|pre-commit)( |$)", command
                    ):
                        yield page, command
