import pytest

from omnilive.perception.video.labels import COCO_LABELS
from omnilive.reasoning.question import Question, parse

INTENTS = {
    "when": [
        "When did the dog appear?", "At what time did the red car leave?",
        "When was the word ticket said?", "Since when has the bus been there?",
        "狗什么时候出现?", "车是几点来的?",
    ],
    "how_long": ["How long was the cat there?", "For how long did music play?", "狗在那里多久了?"],
    "how_many": [
        "How many people are there now?", "How many cars have there been in total?",
        "What is the number of chairs?", "How often did the bell ring?",
        "how MANY   dogs were visible at the same time?", "现在有几个人?", "一共有多少辆车?",
    ],
    "exists": [
        "Was there a giraffe?", "Is there a person in the room right now?", "Did anybody speak?",
        "Has the blue bus been there yet?", "Do you see a laptop?", "有没有猫?", "屏幕上有人吗?",
    ],
    "order": [
        "Which came first, the car or the dog?", "Did the dog come before or after the car?",
        "Who left first, the cat or the dog?", "Was the bus or the truck there earlier?",
    ],
    "colour": [
        "What colour is the car?", "What color was the second bus?",
        "Is the picture black and white?", "车是什么颜色的?",
    ],
    "said": [
        "What did the man say about the weather?", "What was said in Chinese?",
        "What is the speaker talking about?", "What did she mention?", "说了什么?",
    ],
    "text": [
        "What text was on the screen?", "What is written on the card?",
        "What is the headline?", "屏幕上写了什么字?",
    ],
    "what": [
        "What is on the table?", "What animals were there?", "What happened after the dog left?",
    ],
}  # fmt: skip


def read(text: str) -> Question:
    return parse(text, COCO_LABELS)


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, text) for intent, texts in INTENTS.items() for text in texts]
)
def test_intents(intent: str, text: str) -> None:
    assert read(text).intent == intent
    assert read(text).chinese == (not text.isascii())


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("When did the doggy... er, the dog appear?", ("dog",)),
        ("How many people are there?", ("person",)),
        ("Was there a phone?", ("cell phone",)),
        ("When did the sofa come?", ("couch",)),
        ("Was there a xylophone?", ()),
        ("一共有多少辆车?", ("car",)),
        ("有没有自行车?", ("bicycle",)),
    ],
)
def test_targets_are_the_labels_that_the_detector_knows(text: str, labels: tuple[str, ...]) -> None:
    assert read(text).targets[0].labels == labels


def test_a_group_is_all_its_labels() -> None:
    assert {"cat", "dog", "horse"} <= set(read("What animals were there?").targets[0].labels)


def test_colour_ordinal_and_side() -> None:
    asked = read("What time did the second red car come?")
    assert (asked.targets[0].colour, asked.ordinal) == ("red", 1)
    assert read("When did the last bus leave?").ordinal == -1
    assert read("What colour was the car on the left?").side == "left"
    assert read("Was there a gray cat?").targets[0].colour == "grey"


def test_now_in_total_and_at_once() -> None:
    assert read("How many dogs are there now?").now
    assert not read("How many dogs have there been so far?").now
    assert read("How many dogs have there been so far?").total
    assert read("How many dogs were there at the same time?").together
    assert read("When did the dog leave?").leaving


def test_an_order_question_has_two_targets() -> None:
    asked = read("Which came first, the car or the dog?")
    assert [t.labels for t in asked.targets] == [("car",), ("dog",)]


def test_languages() -> None:
    assert read("What was said in Chinese?").language == "zh"
    assert read("What was said?").language == ""


@pytest.mark.parametrize(
    "text", ["?", "…", "the", "🦒", "a" * 3000, "( [ \\ *", "how many", "什么"]
)
def test_nothing_is_too_odd_to_read(text: str) -> None:
    assert read(text).text == text


@pytest.mark.parametrize(
    ("question", "labels"),
    [("was there a fire?", ()), ("did you see a fire hydrant?", ("fire hydrant",)),
     ("is there a hot dog?", ("hot dog",)), ("where is the racket?", ("tennis racket",))],
)  # fmt: skip
def test_a_fire_is_no_fire_hydrant(question: str, labels: tuple[str, ...]) -> None:
    (target,) = parse(question, COCO_LABELS).targets
    assert target.labels == labels
