"""From a noun to what perception calls it: labels of objects, names of sounds, tags of pictures."""

import difflib
import re
from dataclasses import dataclass

from omnilive.dialogue.watches.known import COLOURS, Known
from omnilive.dialogue.watches.outcome import Unread
from omnilive.dialogue.watches.rule import Object
from omnilive.reasoning.lexicon import CHINESE, labels_for

PEOPLE = frozenset(
    """someone somebody anyone anybody everyone everybody person people man men woman women guy guys
    guest guests visitor visitors stranger strangers intruder intruders burglar burglars thief
    thieves postman mailman courier couriers baby babies toddler toddlers neighbour neighbours
    neighbor neighbors colleague colleagues employee employees student students teacher driver
    drivers human humans crowd staff grandma grandpa mother father mum mom dad customer
    customers passer-by passers-by cyclist cyclists cook waiter nurse doctor
    patient patients""".split()
)
MORE = {
    "van": ("truck", "car"), "vans": ("truck", "car"), "lorry": ("truck",), "lorries": ("truck",),
    "taxi": ("car",), "taxis": ("car",), "cab": ("car",), "suv": ("car",), "jeep": ("car",),
    "bag": ("handbag",), "bags": ("handbag",), "luggage": ("suitcase",), "pet": ("cat", "dog"),
    "pets": ("cat", "dog"), "pup": ("dog",), "hound": ("dog",), "kitty": ("cat",),
    "scooter": ("motorcycle",), "ship": ("boat",), "ships": ("boat",), "yacht": ("boat",),
    "pickup": ("truck",), "pigeon": ("bird",), "pigeons": ("bird",), "crow": ("bird",),
    "pony": ("horse",), "armchair": ("chair",), "stool": ("chair",), "iphone": ("cell phone",),
    "flowerpot": ("potted plant",), "screen": ("tv", "laptop"), "jar": ("bottle",),
    "calf": ("cow",), "bull": ("cow",), "oxen": ("cow",), "tram": ("train",),
}  # fmt: skip
NOT_GROUPS = frozenset(["left", "right", "hot", "light", "sign", "stop", "glass", "plane", "table"])
COLOUR_WORDS = {
    "gray": "grey", "silver": "grey", "violet": "purple", "turquoise": "cyan", "beige": "white",
    "golden": "yellow", "gold": "yellow", "dark": "black", "crimson": "red", "scarlet": "red",
    "navy": "blue", "magenta": "pink",
}  # fmt: skip
ZH_COLOURS = {
    "黑": "black", "白": "white", "灰": "grey", "棕": "brown", "红": "red", "橙": "orange",
    "黄": "yellow", "绿": "green", "青": "cyan", "蓝": "blue", "紫": "purple", "粉": "pink",
}  # fmt: skip
ZH_PEOPLE = "客人 小孩 小朋友 大人 顾客 学生 老师 邻居 外卖员 陌生人 老人 快递员 小偷 婴儿 宝宝"
ZH_MORE = {name: ("person",) for name in ZH_PEOPLE.split()} | {
    "行李箱": ("suitcase",), "箱子": ("suitcase",), "面包车": ("truck", "car"), "出租车": ("car",),
    "宠物": ("cat", "dog"), "小狗": ("dog",), "小猫": ("cat",), "公共汽车": ("bus",),
    "电动车": ("motorcycle",), "单车": ("bicycle",), "手提包": ("handbag",), "熊": ("bear",),
    "大象": ("elephant",), "笔记本电脑": ("laptop",), "键盘": ("keyboard",), "碗": ("bowl",),
    "刀": ("knife",), "剪刀": ("scissors",), "冰箱": ("refrigerator",), "车辆": ("car",),
    "滑板": ("skateboard",), "风筝": ("kite",), "交通工具": tuple(
        "bicycle car motorcycle airplane bus train truck boat".split()
    ), "红绿灯": ("traffic light",), "水杯": ("cup",), "花瓶": ("vase",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase that perception has a word for."""

    phrase: str
    labels: tuple[str, ...]
    colour: str = ""
    start: int = 0  # of the head in the text
    end: int = 0

    def object(self) -> Object:
        """Return the condition that it appears."""
        name = self.phrase if self.phrase not in self.labels else ""
        return Object(labels=self.labels, name=name, colour=self.colour)


def labels_of(noun: str, known: Known) -> tuple[str, ...]:
    """Return the labels that an English noun may mean; () for none that is known."""
    noun = noun.lower()
    if noun in PEOPLE:
        found: tuple[str, ...] = ("person",)
    elif noun in MORE:
        found = MORE[noun]
    elif noun in known.labels:
        found = (noun,)
    elif noun in NOT_GROUPS or noun.removesuffix("s") in NOT_GROUPS:
        found = ()
    else:
        found = labels_for(noun, known.labels)
    return tuple(label for label in found if label in known.labels)


def find_noun(text: str, known: Known, start: int = 0) -> Noun | None:
    """Return the first noun of an English text that means an object, with its colour."""
    words = list(re.finditer(r"[A-Za-z][\w'-]*", text))
    for i, word in enumerate(words):
        if word.start() < start or re.fullmatch(r"[QU]\d+[QU]", word[0]):
            continue
        two = f"{word[0]} {words[i + 1][0]}".lower() if i + 1 < len(words) else ""
        end = word.end()
        labels = ()
        for form in (two, two.removesuffix("s"), two.removesuffix("es")):
            if form and form in known.labels:
                labels, end = (form,), words[i + 1].end()
                break
        # "phone case", "car park": the second word says what it is.
        labels = labels or labels_of(word[0], known)
        if not labels:
            continue
        # "delivery truck", "school bus": the last of them says what it is.
        while i + 1 < len(words) and words[i + 1].start() == end + 1 and end == word.end():
            later = labels_of(words[i + 1][0], known)
            if not later or words[i + 1][0].lower() in PEOPLE:
                break
            i, word, labels, end = i + 1, words[i + 1], later, words[i + 1].end()
        before = [other[0].lower() for other in words[max(0, i - 2) : i]]
        colour = next((c for w in reversed(before) if (c := colour_of(w))), "")
        if labels == ("person",):
            colour = colour or _dress(text[end:])
        return Noun(text[word.start() : end], labels, colour, word.start(), end)
    return None


def _dress(rest: str) -> str:
    match = re.match(
        r" (?:in|wearing|with|dressed in|who wears)(?: an?| the)? (\w+)(?: (?:\w+ )?"
        r"(?:shirt|jacket|coat|dress|hat|clothes|hoodie|sweater|trousers|vest|uniform|cap))?\b",
        rest,
    )
    return colour_of(match[1]) if match else ""


def colour_of(word: str) -> str:
    """Return the colour that perception names for a colour word; "" when it is none."""
    word = word.lower()
    word = COLOUR_WORDS.get(word, word)
    return word if word in COLOURS else ""


def find_noun_zh(text: str, known: Known) -> Noun | None:
    """Return the noun of a Chinese text that means an object, with its colour."""
    names: dict[str, tuple[str, ...]] = {}
    for name, label in CHINESE.items():
        names[name] = labels_for(label, known.labels)
    names |= ZH_MORE
    best: tuple[int, int, str] | None = None
    for name in names:
        labels = tuple(label for label in names[name] if label in known.labels)
        at = text.find(name)
        if not labels or at < 0:
            continue
        if best is None or (at, -len(name)) < (best[0], -best[1]):
            best = (at, len(name), name)
    if best is None:
        return None
    at, length, name = best
    labels = tuple(label for label in names[name] if label in known.labels)
    colour = re.search(r"([黑白灰棕红橙黄绿青蓝紫粉])(?:颜?色)?的?$", text[:at])
    return Noun(name, labels, ZH_COLOURS[colour[1]] if colour else "", at, at + length)


def tag_of(phrase: str, known: Known) -> str:
    """Return the picture model's name for a phrase, or ""."""
    phrase = re.sub(r"^(?:an?|the|some|any|my|your) ", "", phrase.lower().strip())
    forms = (phrase, phrase.removesuffix("s"), phrase.removesuffix("es"))
    exact = {tag.lower(): tag for tag in known.tags}
    return next((exact[form] for form in forms if form in exact), "")


def unseen(thing: str, known: Known, *, is_sound: bool = False, doing: str = "") -> Unread:
    """Return the reply that nothing perceives this, with the remedy and what would do instead."""
    if is_sound:
        have = _list(known.sounds) or "none, for it is switched off"
        return Unread(
            "unseen",
            f"I cannot hear {thing}: the sound model that is running knows {have} only. If it can "
            "be seen, read or said as well, watch for that instead.",
            *(["tell me when music starts"] if "music" in known.sounds else []),
            'tell me when someone says "listen"',
        )
    if doing:
        return Unread(
            "unseen",
            f"I can see {thing}, but not whether it “{doing}”: I see what comes, stays, leaves and "
            "how many there are. With a vision model set up (--recipe api) it could be checked.",
            f"tell me when {thing} appears",
            f"tell me when {thing} stays longer than 10 seconds",
        )
    near = difflib.get_close_matches(thing.lower(), [*known.labels, *known.tags], n=3, cutoff=0.75)
    hint = f" Near to it: {_list(near)}." if near else ""
    return Unread(
        "unseen",
        f"I do not know what “{thing}” looks or sounds like: the object model that is running "
        f"knows "
        f"{len(known.labels)} kinds of things (such as {_list(known.labels[:6])}), and the sound "
        f"model {_list(known.sounds) or 'is off'}.{hint} If it is written somewhere or somebody "
        "says it, watch for that instead.",
        *(f"tell me when a {label} appears" for label in near[:1]),
        f'tell me when the text "{thing}" appears',
        f"tell me when someone mentions {thing}",
    )


def _list(words: tuple[str, ...] | list[str]) -> str:
    *rest, last = words or ("",)
    return f"{', '.join(rest)} and {last}" if rest else last
