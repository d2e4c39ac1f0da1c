"""Questions made of the stream itself: a few words of something perceived ask for its clips.

They teach what all questions have in common, to see through the wording to what it is about
(after the inverse cloze task: Lee, Chang and Toutanova, arXiv 1906.00300), without a word about
the needles that other questions ask for.
"""

from collections.abc import Sequence
from random import Random

from omnilive.memory.base import Fact
from omnilive.memory.compressor.base import Clip
from omnilive.memory.compressor.features import telling
from omnilive.memory.search.words import content_words
from omnilive_lab.compressor.reels import Ask

MOST_CLIPS = 6  # what is in more clips than this is nothing to ask for
WORDINGS = {
    "speech": ("{}", "What did someone say about {}?", "Did anybody talk about {}?",
               "When was {} mentioned?", "Something about {}", "Who spoke of {}?"),
    "text": ("{}", "Which sign had {} on it?", "Where was {} written?", "Text with {}"),
    "object": ("{}", "Was there a {}?", "When did I see the {}?", "Show me the {}"),
    "sound": ("{}", "Was there a sound of {}?", "When did I hear the {}?"),
}  # fmt: skip


def clozes(clips: Sequence[Clip], count: int, rng: Random) -> list[Ask]:
    """Return up to `count` questions; what was rare is asked for as often as what was common."""
    held: dict[str, list[Clip]] = {}  # text -> clips that hold it
    facts: dict[str, Fact] = {}
    for clip in clips:
        for fact in telling(clip):
            if fact.kind in WORDINGS:
                held.setdefault(fact.text, []).append(clip)
                facts[fact.text] = fact
    texts = list(facts)
    rng.shuffle(texts)
    found: list[Ask] = []
    for text in texts:
        if len(found) == count:
            break
        known = content_words(text)
        size = rng.randint(1, min(3, len(known))) if known else 0
        first = rng.randrange(len(known) - size + 1) if known else 0
        asked = known[first : first + size]
        answers = [c for t in texts if set(asked) <= set(content_words(t)) for c in held[t]]
        if asked and len(answers) <= MOST_CLIPS:
            wording = rng.choice(WORDINGS[facts[text].kind])
            spans = tuple(sorted({(clip.start_s, clip.end_s) for clip in answers}))
            found.append(Ask(wording.format(" ".join(asked)), spans, "cloze"))
    return found
