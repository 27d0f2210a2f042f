"""History that a brain answers from: what was said, as it was heard.

The face's words are added when they have been played, so an interrupted answer is remembered as far as it was heard.
Bounded: old turns go when there are too many words, and of them only a short line stays. Knows no model.
"""

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["user", "assistant"]
INSTRUCTIONS = (
    "You are a friendly person in a video call. Answer in one or two short spoken sentences, "
    "without lists, emojis or markup. Stay with what was said before."
)
CUT_OFF = "—"  # ends an answer that was interrupted
GIST_WORDS = 8  # kept of a turn that had to go
GISTS = 6  # turns so kept


@dataclass
class Message:
    """One turn."""

    role: Role
    text: str


@dataclass
class ChatHistory:
    """See the module docstring. `budget`: words that the turns may have together; the newest always stay."""

    instructions: str = INSTRUCTIONS
    budget: int = 600
    turns: list[Message] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)

    def turn_begins(self) -> None:
        """The visitor has said something; its words may come later than the answer's (`user_said`)."""
        if not self.turns or self.turns[-1] != Message("user", ""):
            self.turns.append(Message("user", ""))

    def user_said(self, text: str) -> None:
        """The words of the visitor's newest turn."""
        waiting = next((turn for turn in reversed(self.turns) if turn.role == "user"), None)
        if waiting is not None and not waiting.text:
            waiting.text = text.strip()
            self._trim()
        else:
            self._add("user", text.strip())

    def face_said(self, words: str) -> None:
        """Words of the face that have been heard, as they are heard."""
        self._add("assistant", words.strip())

    def interrupted(self) -> None:
        """The face was cut off: its turn, if something of it was heard, ends with a dash."""
        last = self.turns[-1] if self.turns else None
        if last is not None and last.role == "assistant" and last.text[-1] not in ".!?…—":
            last.text += CUT_OFF

    def messages(self) -> list[dict[str, str]]:
        """Chat messages: instructions, what is left of the old turns, and the turns."""
        system = self.instructions
        if self.summaries:
            system += "\nEarlier: " + " ".join(self.summaries)
        messages = [{"role": "system", "content": system}]
        for turn in self.turns:
            if turn.text and turn.role == messages[-1]["role"]:  # nothing was heard in between
                messages[-1]["content"] += " " + turn.text
            elif turn.text:
                messages.append({"role": turn.role, "content": turn.text})
        return messages

    def _add(self, role: Role, text: str) -> None:
        if not text:
            return
        if self.turns and self.turns[-1].role == role:
            self.turns[-1].text += " " + text
        else:
            self.turns.append(Message(role, text))
        self._trim()

    def _trim(self) -> None:
        while len(self.turns) > 2 and sum(len(turn.text.split()) for turn in self.turns) > self.budget:
            old = self.turns.pop(0)
            words = old.text.split()
            if not words:
                continue
            short = " ".join(words[:GIST_WORDS]) + (" …" if len(words) > GIST_WORDS else "")
            who = "the visitor said" if old.role == "user" else "you said"
            self.summaries = [*self.summaries, f"{who}: {short};"][-GISTS:]
        newest = self.turns[-1].text.split()
        if len(newest) > self.budget:  # one endless turn: its end is what matters
            self.turns[-1].text = "… " + " ".join(newest[-self.budget :])
