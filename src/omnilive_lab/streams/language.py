"""What people say in a place: templates with slots, filled from a seed."""

import re
from collections.abc import Sequence
from random import Random

from omnilive_lab.streams.base import pick

SLOTS: dict[str, tuple[str, ...]] = {
    "name": tuple(
        """Anna Ben Carla David Elena Felix Grace Hugo Ines Jonas Karin Liam Marta Noah Olga Paul
        Rosa Simon Tina Victor Wendy Yusuf Zoe Amir Bea Chen Dora Emil Farah Gustav Hana""".split()
    ),
    "who": ("my sister", "my brother", "the neighbour", "my boss", "the landlord", "my cousin",
            "the teacher", "an old friend", "the new colleague", "my uncle", "the coach"),
    "day": ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday",
            "at the weekend", "next week", "the other day", "last month", "soon"),
    "hour": ("at seven", "at half past eight", "around noon", "at quarter to five", "after lunch",
             "before six", "late in the evening", "first thing in the morning"),
    "few": ("two", "three", "four", "five", "six", "seven", "a dozen", "twenty"),
    "food": ("tomatoes", "bread", "cheese", "onions", "rice", "lentil soup", "pasta", "salad",
             "mushrooms", "yoghurt", "olives", "noodles", "potatoes", "beans", "butter", "eggs"),
    "drink": ("coffee", "tea", "water", "juice", "lemonade", "milk", "cocoa", "mineral water"),
    "topic": ("the election", "the new series", "the football match", "her thesis", "gardening",
              "the price of everything", "that documentary", "the concert", "old photographs",
              "the trip to the lake", "their wedding", "the school play", "chess", "astronomy"),
    "adj": ("really good", "a bit odd", "quite boring", "better than I thought", "too long",
            "fine", "surprisingly funny", "not worth it", "wonderful", "rather expensive"),
    "place": ("the library", "the market", "the station", "the park", "the harbour", "downtown",
              "the old bridge", "the museum", "the swimming pool", "the town hall", "the gym"),
    "furniture": ("the drawer", "the top shelf", "the cupboard", "the corner", "the box",
                  "the cabinet", "the hallway", "the back room"),
    "colour": ("red", "blue", "green", "yellow", "white", "black", "grey", "brown", "orange"),
    "verb": ("cleaning", "sorting", "checking", "moving", "fixing", "labelling", "counting",
             "packing", "wiping", "measuring"),
    "feeling": ("tired", "hungry", "in a good mood", "a bit stressed", "well rested", "bored",
                "curious", "relieved", "proud of that", "confused"),
    "reason": ("because it was late", "since nobody else did", "to be on the safe side",
               "for a change", "as we agreed", "because of the noise", "without a reason"),
    "amount": ("ten euros", "about forty", "half of it", "almost nothing", "twice as much",
               "the same as last year", "thirty per cent", "a hundred and twenty"),
}  # fmt: skip

COMMON = (
    "I talked to {name} about {topic}, it was {adj}.",
    "Did {name} say anything about {topic}?",
    "We could meet {hour} and walk to {place}.",
    "{name} called {day}, {who} is coming too.",
    "I am {feeling}, let us take a break.",
    "Can you put it back in {furniture}, please?",
    "It costs {amount}, can you believe it?",
    "I think {who} would like {topic}.",
    "Give me {few} minutes, I am still {verb} this.",
    "Not now, {name} is waiting for me at {place}.",
    "Have you seen the {colour} one anywhere?",
    "I left it in {furniture} {reason}.",
    "{who} said the same thing {day}.",
    "So {name} went to {place} {reason}.",
    "What do you think of {topic}?",
    "It was {adj}, to be honest.",
    "Okay, see you {hour} then.",
    "Thanks, that is exactly what I meant.",
    "Hold on, somebody is at the other end of the line.",
    "No, the {colour} one is mine, yours is in {furniture}.",
    "{name} and {who} are {verb} things again.",
    "I will do it {day}, I promise.",
    "There are {few} of them left, I believe.",
    "He asked for {amount} and got it {reason}.",
    "Could you help me {hour} with {verb}?",
    "Right, and then she told me about {topic}.",
    "Well, {who} is {feeling} today.",
    "That makes {amount} in total.",
    "Let me write that down before I forget.",
    "I never liked {place} very much, it is {adj}.",
    "Have you heard from {name} lately?",
    "We should talk about {topic} {day}.",
    "Wait, which one, the {colour} one?",
    "It is bright in here today.",
    "It smells of paint in this room.",
)

CHINESE = (
    "我们晚上吃什么?", "你看见我的书了吗?", "等我几分钟。", "明天我要去图书馆。", "这个太贵了。",
    "他昨天给我打电话了。", "没关系,我自己来。", "你觉得怎么样?", "我有点累了。", "把它放回去吧。",
)  # fmt: skip


class Speaker:
    """Makes sentences out of templates; each is cut into pieces once."""

    def __init__(self, templates: Sequence[str]) -> None:
        self._cut = [_cut(template) for template in templates]

    def say(self, rng: Random) -> str:
        """Return one sentence."""
        text = "".join(
            piece if isinstance(piece, str) else pick(rng, piece) for piece in pick(rng, self._cut)
        )
        return text[0].upper() + text[1:]


def filled(rng: Random, template: str, given: dict[str, str] | None = None) -> str:
    """Return a template with its slots filled: with what is given, else from SLOTS."""
    given = given or {}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        return given[name] if name in given else pick(rng, SLOTS[name])

    text = re.sub(r"\{(\w+)\}", fill, template)
    return text[0].upper() + text[1:]


def _cut(template: str) -> list[str | tuple[str, ...]]:
    parts = re.split(r"\{(\w+)\}", template)
    return [SLOTS[part] if i % 2 else part for i, part in enumerate(parts)]
