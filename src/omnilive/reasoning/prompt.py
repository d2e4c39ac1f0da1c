"""Builds prompts from evidence, and checks what an untrusted model makes of them."""

from collections.abc import Sequence

from omnilive.core.events import Evidence
from omnilive.memory.dialogue import Exchange
from omnilive.memory.recall import stem
from omnilive.memory.search.words import content_words, words
from omnilive.reasoning.base import Message
from omnilive.reasoning.finding import Finding, clock, span

RULES = (
    "You answer questions about a video and audio stream from notes that were taken of it. "
    "Use only the notes. Name the time (m:ss) of what you say. If the notes do not hold the "
    "answer, say that you have not seen or heard it. Answer in the language of the question, "
    "in one or two sentences."
)
SHOWN = " The pictures are shown to you by whoever asks; the question is about them."
NOW = " The first picture is what is seen right now; others belong to the notes."
TOOLS = " Call a function when the question needs one; what it returns counts as a note."
SHORT = "Copy from the note the words that answer the question."
EXAMPLES = (  # made up; they show a small model what copying means
    (
        "The red bicycle was stolen from the station by Peter Lang on Monday.",
        "Who stole the bicycle?",
        "Peter Lang",
    ),
    ("MARIA SILVA - Chief Pilot", "What is Maria's job?", "Chief Pilot"),
    (
        "Tickets cost 12 dollars for adults and 5 dollars for children.",
        "What do tickets cost?",
        "12 dollars for adults and 5 dollars for children",
    ),
)


def full_prompt(
    question: str,
    t: float,
    finding: Finding,
    evidence: Sequence[Evidence],
    dialogue: Sequence[Message],
    images: Sequence[bytes],
    instructions: str = "",
    hints: str = "",
) -> list[Message]:
    """Return the prompt for a model that may word the answer freely.

    `hints` are more rules, such as SHOWN, NOW and TOOLS.

    With an empty question, the dialogue ends with the result of a function, to go on from.
    """
    notes = "\n".join(
        f"[{span(e.start_s, e.end_s)}] {e.kind}: {e.text}"
        for e in sorted(evidence, key=lambda e: e.start_s)
    )
    hint = f"Computed from the notes: {finding.text}" if finding.supported else ""
    text = f"It is {clock(t)}.\nNotes:\n{notes or '(none)'}\n{hint}"
    rules = f"{RULES}{hints}\n\n{instructions.strip()}".strip()
    if not question:
        return [Message(role="system", text=f"{rules}\n\n{text}"), *dialogue]
    asked = Message(role="user", text=f"{text}\nQuestion: {question}", images=tuple(images))
    return [Message(role="system", text=rules), *dialogue, asked]


def as_messages(past: Sequence[Exchange]) -> list[Message]:
    """Return exchanges as messages; of an answer that was cut off, what was heard."""
    return [
        message
        for exchange in past
        for message in (
            Message(role="user", text=exchange.question),
            Message(role="assistant", text=exchange.text or "..."),
        )
    ]


def within(dialogue: Sequence[Message], limit_tok: int) -> list[Message]:
    """Return the newest messages that fit, from a question of the user on.

    What follows the last question (functions called, their results) always stays.
    """
    starts = [i for i, message in enumerate(dialogue) if message.role == "user"]
    if not starts:
        return list(dialogue) if _tok(dialogue) <= limit_tok else []
    tail_is_open = dialogue[-1].role in ("tool", "user")
    fits = [i for i in starts if _tok(dialogue[i:]) <= limit_tok]
    first = fits[0] if fits else starts[-1] if tail_is_open else len(dialogue)
    return list(dialogue[first:])


def _tok(messages: Sequence[Message]) -> float:
    """Return about how many tokens messages have: 4 letters each, or one sign of CJK."""
    return sum(4 + sum(0.25 if c.isascii() else 1.0 for c in message.text) for message in messages)


def short_prompt(question: str, note: str) -> list[Message]:
    """Return the prompt that asks a small model for a few words out of one note."""
    prompt = [Message(role="system", text=SHORT)]
    for example, asked, copied in EXAMPLES:
        prompt.append(Message(role="user", text=f"Note: {example}\nQuestion: {asked}"))
        prompt.append(Message(role="assistant", text=copied))
    return [*prompt, Message(role="user", text=f"Note: {note}\nQuestion: {question}")]


def checked(reply: str, note: str, question: str, max_words: int = 12) -> str:
    """Return a small model's reply if it is a run of words copied from the note, else "".

    Seen to go wrong without it: "costs 3 euros and 50 cents" retold as "costs 50 cents". A
    reply that only repeats the question, or leaves out some of the note's numbers, is dropped.
    """
    reply = reply.strip().split("\n")[0].strip(' "“”.:,;')
    said, held = words(reply), words(note)
    is_copied = any(held[i : i + len(said)] == said for i in range(len(held) - len(said) + 1))
    asked = {stem(w) for w in words(question)}
    has_news = any(stem(w) not in asked for w in content_words(reply))
    numbers = [w for w in held if w.isdigit()]
    is_whole = not set(said) & set(numbers) or all(n in said for n in numbers)
    is_short = 0 < len(said) <= min(max_words, 0.7 * len(held))
    if not (is_short and is_copied and has_news and is_whole):
        return ""
    return reply[0].upper() + reply[1:]
