"""Words for things: which labels a noun may mean, in English and Chinese. General, not learned."""

SYNONYMS = {
    "person": (
        "person people man men woman women guy guys boy boys girl girls child children kid kids "
        "human humans somebody someone anybody anyone nobody visitor visitors pedestrian "
        "pedestrians customer customers worker workers lady gentleman player players "
        "astronaut photographer individual individuals"
    ),
    "cell phone": "phone phones cellphone cellphones smartphone smartphones mobile",
    "bicycle": "bike bikes bicycle bicycles",
    "motorcycle": "motorbike motorbikes motorcycle motorcycles",
    "couch": "sofa sofas couch couches",
    "tv": "tv tvs television televisions monitor monitors",
    "airplane": "plane planes airplane airplanes aeroplane aircraft",
    "dining table": "table tables desk desks",
    "potted plant": "plant plants",
    "cup": "cup cups mug mugs",
    "wine glass": "glass glasses wineglass wineglasses",
    "laptop": "laptop laptops notebook computer computers",
    "cat": "cat cats kitten kittens",
    "dog": "dog dogs puppy puppies",
    "cow": "cow cows cattle",
    "bird": "bird birds",
    "car": "car cars automobile automobiles",
    "bus": "bus buses",
    "refrigerator": "fridge fridges refrigerator refrigerators",
    "handbag": "handbag handbags purse purses",
    "donut": "donut donuts doughnut doughnuts",
    "sports ball": "ball balls football basketball",
    "knife": "knife knives",
    "sheep": "sheep lamb lambs",
}

GROUPS = {
    "animal": "bird cat dog horse sheep cow elephant bear zebra giraffe",
    "vehicle": "bicycle car motorcycle airplane bus train truck boat",
    "furniture": "chair,couch,bed,dining table,bench,toilet",
    "fruit": "banana apple orange",
    "food": "banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake",
    "device": "tv,laptop,mouse,remote,keyboard,cell phone",
    "drink": "bottle,wine glass,cup",
}

CHINESE = {
    "人": "person", "男人": "person", "女人": "person", "孩子": "person", "行人": "person",
    "车": "car", "汽车": "car", "轿车": "car", "自行车": "bicycle", "摩托车": "motorcycle",
    "公交车": "bus", "巴士": "bus", "卡车": "truck", "火车": "train", "飞机": "airplane",
    "船": "boat", "狗": "dog", "猫": "cat", "鸟": "bird", "马": "horse", "牛": "cow", "羊": "sheep",
    "瓶子": "bottle", "瓶": "bottle", "杯子": "cup", "桌子": "dining table", "椅子": "chair",
    "沙发": "couch", "床": "bed", "手机": "cell phone", "电脑": "laptop", "电视": "tv",
    "书": "book", "钟": "clock", "雨伞": "umbrella", "包": "handbag", "背包": "backpack",
    "音乐": "music", "歌": "singing",
    "苹果": "apple", "香蕉": "banana", "蛋糕": "cake", "动物": "animal", "球": "sports ball",
}  # fmt: skip

COLOURS = {
    "black", "white", "grey", "gray", "brown", "red", "orange", "yellow", "green", "cyan", "blue",
    "purple", "pink", "silver",
}  # fmt: skip
CHINESE_COLOURS = {
    "black": "黑色", "white": "白色", "grey": "灰色", "brown": "棕色", "red": "红色",
    "orange": "橙色", "yellow": "黄色", "green": "绿色", "cyan": "青色", "blue": "蓝色",
    "purple": "紫色", "pink": "粉色",
}  # fmt: skip
CHINESE_PLACES = {"left": "左边", "centre": "中间", "right": "右边"}

LANGUAGES = {
    "english": "en", "chinese": "zh", "mandarin": "zh", "korean": "ko", "japanese": "ja",
    "french": "fr", "german": "de", "spanish": "es", "italian": "it", "russian": "ru",
    "中文": "zh", "汉语": "zh", "普通话": "zh", "英文": "en", "英语": "en",
}  # fmt: skip

NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve").split()
ORDINALS = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "latest": -1,
    "第一": 0, "第二": 1, "第三": 2, "最后": -1,
}  # fmt: skip

_LABEL_OF = {word: label for label, text in SYNONYMS.items() for word in text.split()}
_GROUP_OF = {
    name: tuple(text.split(",") if "," in text else text.split()) for name, text in GROUPS.items()
}
_GROUP_OF |= {f"{name}s": labels for name, labels in _GROUP_OF.items()}


def labels_for(noun: str, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """Return the detector's labels that a noun (singular or plural) may mean; () for none."""
    noun = noun.lower()
    if noun in _LABEL_OF:
        return (_LABEL_OF[noun],)
    if noun in _GROUP_OF:
        return _GROUP_OF[noun]
    for form in (noun, noun.removesuffix("s"), noun.removesuffix("es")):
        exact = tuple(label for label in vocabulary if label == form)
        if exact:
            return exact
        part = tuple(label for label in vocabulary if form in _heads(label))
        if part:
            return part
    return ()


def _heads(label: str) -> set[str]:
    """Return the words that alone may stand for a label: a fire is no fire hydrant."""
    words = label.split()
    return {words[-1], *(word for word in words if word in ("teddy", "cell", "hot"))}


def spell(number: int) -> str:
    """Return a small number in words, a large one in digits."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def plural(label: str, count: int) -> str:
    """Return a label in the number that goes with `count`."""
    if count == 1:
        return label
    irregular = {"person": "people", "sheep": "sheep", "knife": "knives", "skis": "skis"}
    if label in irregular:
        return irregular[label]
    return label + ("es" if label.endswith(("s", "x", "ch", "sh")) else "s")
