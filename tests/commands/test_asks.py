import pytest

from omnilive.commands.asks import parse_ask
from omnilive.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("what was said?", ("what was said?", None)),
        ("what was said?@12", ("what was said?", 12.0)),
        ("what was said? @ 12.5 ", ("what was said?", 12.5)),
        ("who is a@b.org?@.5", ("who is a@b.org?", 0.5)),
        ("who is root@10.0.0.1", ("who is root@10.0.0.1", None)),
        ("what is at 12@noon", ("what is at 12@noon", None)),
        ("price @5 each?", ("price @5 each?", None)),
        ("what?@3@", ("what?@3@", None)),
        ("when?@0", ("when?", 0.0)),
    ],
)
def test_only_a_number_at_the_very_end_is_a_time(text, wanted):
    assert parse_ask(text) == wanted


@pytest.mark.parametrize("text", ["what?@-3", "what?@1:30"])
def test_a_time_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match=r"give seconds from the start, such as 12\.5"):
        parse_ask(text)


@pytest.mark.parametrize("text", ["", "  ", "@5", " @ 5"])
def test_an_empty_question_is_refused(text):
    with pytest.raises(ConfigError, match="the question is empty"):
        parse_ask(text)
