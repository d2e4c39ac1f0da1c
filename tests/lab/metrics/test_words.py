"""Error rates against jiwer and by hand; Chinese as it is read aloud."""

import random

import jiwer
import pytest
from rapidfuzz.distance import Levenshtein

from omnilive_lab.metrics.chinese import number, spoken_chinese
from omnilive_lab.metrics.normalise import (
    chinese_characters,
    english_words,
    plain_characters,
    plain_words,
)
from omnilive_lab.metrics.words import Errors, edit_distance


def test_distance_by_hand() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance(["a", "b"], []) == edit_distance([], ["a", "b"]) == 2
    assert edit_distance([], []) == edit_distance("same", "same") == 0


def test_distance_equals_another_implementation() -> None:
    dice = random.Random(0)
    for _ in range(500):
        left = [dice.choice("abcd") for _ in range(dice.randrange(90))]
        right = [dice.choice("abcd") for _ in range(dice.randrange(90))]
        assert edit_distance(left, right) == Levenshtein.distance(left, right)


def test_rates_divide_once() -> None:
    parts = [Errors.of(["a"], ["a", "b"]), Errors.of(["x", "y"], ["x"])]
    assert parts == [Errors(1, 2), Errors(1, 1)]
    assert Errors.total(parts).rate == 2 / 3  # not the mean of 1/2 and 1
    assert Errors().rate is None
    assert Errors.of("abc", "").errors == 3


SAID = [
    ("HE HOPED THERE WOULD BE STEW FOR DINNER", "He hoped there'd be stew for dinner."),
    ("MISTER QUILTER IS THE APOSTLE OF THE MIDDLE CLASSES", "Mr. Quilter is the apostle"),
    ("THE COLOUR WAS GREY", "the color was gray"),
    ("TWENTY ONE DOLLARS", "$21"),
    ("WELL WELL", "um, well -- well"),
    ("NOTHING", ""),
]


def test_corpus_rate_equals_jiwer_to_the_last_digit() -> None:
    wanted = [" ".join(english_words(reference)) for reference, _ in SAID]
    said = [" ".join(english_words(reply)) for _, reply in SAID]
    ours = Errors.total(Errors.of(b.split(), a.split()) for a, b in zip(wanted, said, strict=True))
    assert ours.rate == jiwer.wer(wanted, said)


def test_english_is_normalised_as_officially() -> None:
    assert english_words("<|en|>Mr. Quilter's colour , it's $21!") == english_words(
        "mister quilter's color it is twenty one dollars"
    )
    assert plain_words("It's $21!") == ["its", "$21"]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [  # the examples that come with SpeechIO's rules
        ("这块黄金重达324.75克", "这块黄金重达三百二十四点七五克"),
        ("她出生于86年8月18日，她弟弟出生于1995年3月1日",
         "她出生于八六年八月十八日 她弟弟出生于一九九五年三月一日"),
        ("电影中梁朝伟扮演的陈永仁的编号27149", "电影中梁朝伟扮演的陈永仁的编号二七一四九"),
        ("现场有7/12的观众投出了赞成票", "现场有十二分之七的观众投出了赞成票"),
        ("随便来几个价格12块5，34.5元，20.1万", "随便来几个价格十二块五 三十四点五元 二十点一万"),
        ("明天有62％的概率降雨", "明天有百分之六十二的概率降雨"),
        ("这是固话0421-33441122或这是手机+86 18544139121",
         "这是固话零四二一三三四四一一二二或这是手机八六一八五四四一三九一二一"),
        ("3456万吨", "三千四百五十六万吨"),
        ("今天吃了115个小笼包", "今天吃了一百一十五个小笼包"),
        ("O2O或B2C", "O2O或B2C"),
        # 48 is also found in 248, and said there first, as the published rules have it.
        ("，248会议48个吗", " 二四十八会议四十八个吗"),
    ],
)  # fmt: skip
def test_chinese_is_read_aloud(written: str, spoken: str) -> None:
    assert spoken_chinese(written) == spoken


@pytest.mark.parametrize(
    ("digits", "words"),
    [("0", "零"), ("10", "十"), ("12", "十二"), ("20", "二十"), ("200", "两百"),
     ("220", "两百二十"), ("1001", "一千零一"), ("10100", "一万零一百"), ("10200", "一万零二百"),
     ("22000", "两万两千"), ("100000000", "一亿"), ("0.5", "零点五")],
)  # fmt: skip
def test_numbers(digits: str, words: str) -> None:
    assert number(digits) == words


def test_chinese_characters() -> None:
    assert chinese_characters("今天，12个人。") == list("今天十二个人")
    assert plain_characters("今天，12个人。") == list("今天12个人")
    assert chinese_characters("<|zh|>OK 吗") == list("ok吗")
