"""Builds prompts from evidence, and checks what an untrusted model makes of them."""

from collections.abc import Sequence

from omnilive.core.events import Answer, Evidence
from omnilive.memory.recall import stem
from omnilive.memory.words import content_words, words
from omnilive.reasoning.base import Message
from omnilive.reasoning.finding import Finding, clock, span

RULES = (
    "You answer questions about a video and audio stream from notes that were taken of it. "
    "Use only the notes. Name the time (m:ss) of what you say. If the notes do not hold the "
    "answer, say that you have not seen or heard it. Answer in the language of the question, "
    "in one or two sentences."
)
SHORT = "Answer with a few words copied from the note."


def full_prompt(
    question: str,
    t: float,
    finding: Finding,
    evidence: Sequence[Evidence],
    dialogue: Sequence[Answer],
    images: Sequence[bytes],
) -> list[Message]:
    """Return the prompt for a model that may word the answer freely."""
    notes = "\n".join(
        f"[{span(e.start_s, e.end_s)}] {e.kind}: {e.text}"
        for e in sorted(evidence, key=lambda e: e.start_s)
    )
    hint = f"Computed from the notes: {finding.text}" if finding.supported else ""
    text = f"It is {clock(t)}.\nNotes:\n{notes or '(none)'}\n{hint}\nQuestion: {question}"
    past = [
        message
        for answer in dialogue
        for message in (
            Message(role="user", text=answer.question),
            Message(role="assistant", text=answer.text),
        )
    ]
    return [
        Message(role="system", text=RULES),
        *past,
        Message(role="user", text=text, images=tuple(images)),
    ]


def short_prompt(question: str, note: str) -> list[Message]:
    """Return the prompt that asks a small model for a few words out of one note."""
    return [
        Message(role="system", text=SHORT),
        Message(role="user", text=f"Note: {note}\nQuestion: {question}"),
    ]


def checked(reply: str, note: str, question: str, max_words: int = 12) -> str:
    """Return a small model's reply if every word of it is in the note, else an empty string.

    A reply that only repeats the question says nothing and is dropped as well.
    """
    reply = reply.strip().split("\n")[0].strip(' "“”.')
    held = {stem(w) for w in words(note)}
    said = [stem(w) for w in content_words(reply)]
    news = [w for w in said if w not in {stem(w) for w in words(question)}]
    if not news or len(reply.split()) > max_words or any(w not in held for w in said):
        return ""
    return reply[0].upper() + reply[1:]
