"""What users ask and how an assistant answers, where no language model writes it.

A query is about the past, the present or what comes next, as in VideoLLM-online's templates, each
kind in several phrasings. An answer is built from the annotation as far as it is known at its time;
only what comes next is looked up ahead, for it is what the model shall learn to foresee.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.person import base_form

NARRATE = (
    "Please concisely narrate the video in real time.",
    "Tell me what you see as it happens, in short sentences.",
    "Describe what is going on while you watch.",
    "Keep me posted on what happens in the video.",
    "Comment on this video live, please. Be brief.",
    "Say in a few words what happens, whenever something happens.",
    "Narrate this for me in real time.",
    "What is happening? Go on telling me as you watch.",
)
STEPS = (
    "Tell me whenever a step starts or ends.",
    "Please follow along, and say when each step begins and when it is done.",
    "Let me know what step we are at whenever that changes.",
    "Keep track of the steps for me as they come and go.",
    "Watch me, and speak up when I begin or finish something.",
    "Announce each step, please.",
)
GUIDE = (  # COIN's stream, after VideoLLM-online's author (issue 18)
    "The video is about to {goal}. Please remind me when the related action starts, summarize when "
    "it ends, and forecast the next action.",
    "This is going to be a video of how to {goal}. Say when an action starts, sum it up when it "
    "ends, and tell me which one comes next.",
    "I want to {goal}. Tell me when each action begins, when it is over, and what to expect then.",
)
GUIDE_NO_GOAL = (
    "Please remind me when an action starts, summarize when it ends, and forecast the next action.",
    "Say when an action starts, sum it up when it ends, and tell me which one comes next.",
)
QUERIES: dict[str, tuple[str, ...]] = {
    "past": (
        "What did I just do?",
        "What was the last thing that I finished?",
        "What happened right before this?",
        "Which step was completed most recently?",
        "Remind me: what has just been done?",
        "I lost track. What was the step before this one?",
        "What came before what I am doing now?",
        "What was I doing a moment ago?",
    ),
    "past_all": (
        "What has been done so far?",
        "Sum up what happened until now.",
        "Which steps are behind us?",
        "Can you list what I have done already?",
        "Give me a summary of everything up to now.",
        "What have we finished?",
    ),
    "past_whether": (
        'Has "{x}" been done yet?',
        'Did I already do this: "{x}"?',
        'Is "{x}" behind us?',
        'Have I finished the step "{x}"?',
    ),
    "present": (
        "What is happening now?",
        "What am I doing?",
        "Which step is this?",
        "What is going on at the moment?",
        "Where are we right now?",
        "Can you tell what I am doing here?",
        "Describe the current step.",
        "What do you see right now?",
    ),
    "present_goal": (
        "What is all this for?",
        "What is the goal of what I am doing?",
        "Which task am I working on?",
        "What is this video about?",
    ),
    "next": (
        "What comes next?",
        "What should I do after this?",
        "What is the next step?",
        "Tell me what to do next.",
        "What will happen then?",
        "And after that?",
        "Which step follows?",
        "What do I have to do once this is done?",
    ),
}
ANSWERS: dict[str, tuple[str, ...]] = {
    "past": ("You have just done this: {x}.", "The last step was: {x}.", "Just before: {x}."),
    "past_none": ("No step has been finished yet.", "Nothing has been completed so far."),
    "past_all": ("So far: {x}.", "Done until now: {x}.", "These are behind us: {x}."),
    "yes": ("Yes, that has been done.", "Yes, it is done.", "Yes, that is behind us."),
    "no": ("No, not yet.", "Not yet.", "No, that has not been done so far."),
    "present": ("Now: {x}.", "The current step: {x}.", "You are at this: {x}."),
    "present_none": ("No step is under way right now.", "Nothing in particular at the moment."),
    "present_goal": ("The goal: {x}.", "It is about this: {x}.", "The task: {x}."),
    "next": ("Next: {x}.", "The next step: {x}.", "After this: {x}."),
    "next_none": ("That was all; no step is left.", "No further step comes.", "We are at the end."),
    "start": ("Now: {x}.", "This starts: {x}.", "Next step: {x}."),
    "end": ("Done: {x}.", "Finished: {x}.", "That is it for this step: {x}."),
}
# The first word of "Kneads the dough", but not of "Focus the lens" or "Glasses on a shelf".
ACTS = re.compile(r"\A[A-Za-z]{2,}(?<![ui])s\b(?= (?:the|a|an|some|it|them|his|her|their)\b)")
MOST_LISTED = 8  # steps in one answer


@dataclass(frozen=True, slots=True)
class Known:
    """What has happened when something is asked."""

    done: tuple[Span, ...]  # by their end
    current: tuple[Span, ...]  # by their start
    coming: tuple[Span, ...]  # by their start
    goal: str


def known(spans: Sequence[Span], t: float, goal: str = "") -> Known:
    """Return what is over, under way and still to come at `t` seconds."""
    return Known(
        done=tuple(sorted((s for s in spans if s.end_s <= t), key=lambda s: s.end_s)),
        current=tuple(s for s in spans if s.start_s <= t < s.end_s),
        coming=tuple(s for s in spans if s.start_s > t),
        goal=goal,
    )


def phrase(text: str) -> str:
    """Return a step's text as it stands inside a sentence: "Toasts the bread." as "toast ..."."""
    text = ACTS.sub(lambda m: base_form(m[0]), text.strip().rstrip(".。 "))
    first = text.split(maxsplit=1)[0] if text else ""
    is_name = len(first) > 1 and any(c.isupper() for c in first[1:]) or first in ("I", "C")
    return text if is_name or not text else text[0].lower() + text[1:]


def listed(spans: Sequence[Span]) -> str:
    """Return the texts one after the other, the last MOST_LISTED of them, each once."""
    texts = list(dict.fromkeys(phrase(span.text) for span in spans))
    return "; ".join(texts[-MOST_LISTED:])


def askable(now: Known) -> list[str]:
    """Return which kinds of query make sense: of the goal only where it is known."""
    has_whether = bool(now.done or now.coming)
    left_out = {"present_goal": not now.goal, "past_whether": not has_whether}
    return [kind for kind in QUERIES if not left_out.get(kind)]


def ask(kind: str, now: Known, rng: random.Random) -> tuple[str, str]:
    """Return a question of this kind, and its answer."""
    form = rng.choice(QUERIES[kind])
    if kind == "past_whether":
        is_done = bool(now.done) and (not now.coming or rng.random() < 0.5)
        about = rng.choice(now.done if is_done else now.coming)
        # A step may come twice: it has been done if it is done once.
        is_done = phrase(about.text) in {phrase(span.text) for span in now.done}
        return form.format(x=phrase(about.text)), rng.choice(ANSWERS["yes" if is_done else "no"])
    return form, answer(kind, now, rng)


def answer(kind: str, now: Known, rng: random.Random) -> str:
    """Return the answer to a query that names no step."""
    found = {
        "past": now.done[-1:], "past_all": now.done, "present": now.current, "next": now.coming[:1],
    }.get(kind, ())  # fmt: skip
    if kind == "present_goal":
        return say(kind, phrase(now.goal), rng)
    if not found:
        return rng.choice(ANSWERS[f"{kind.removesuffix('_all')}_none"])
    return say(kind, listed(found), rng)


def say(kind: str, x: str, rng: random.Random) -> str:
    """Return one of the wordings of an answer or remark."""
    return rng.choice(ANSWERS[kind]).format(x=x)
