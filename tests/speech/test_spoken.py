"""Written forms become words that a voice can read out."""

import pytest

from omnilive.speech.spoken import has_words, is_latin, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("The red car appeared at 0:15 (15.7 s).", "The red car appeared at 15 seconds."),
        ("at 1:05 (65.2 s)", "at 1 minute 5 seconds"),
        ("at 1:02:03", "at 1 hour 2 minutes 3 seconds"),
        ("at 2:00:00", "at 2 hours"),
        ("At 0:00 (0.2 s) someone spoke", "At the start someone spoke"),
        ("Red (0:15–1:20).", "Red, 15 seconds to 1 minute 20 seconds."),
        ("at 3:45 pm", "at 3:45 pm"),
        ("Two (2) cars.", "Two cars."),
        ("No (0) dogs.", "No dogs."),
        ("12 s in 3 stretches.", "12 seconds in 3 stretches."),
        ("1 s, 1.5 s, 30 fps", "1 second, 1.5 seconds, 30 frames per second"),
        ("3 sheep", "3 sheep"),
        ("“Hello there.”", "Hello there."),
        ("It is **red** [1, 12].", "It is red."),
        ("see [the page](http://a.b/c)", "see the page"),
        ("see https://a.b/c?d", "see a link"),
        ("a dog (the brown one), too", "a dog, the brown one, too"),
        ("(quietly) yes", "quietly, yes"),
        ("", ""),
    ],
)
def test_the_spoken_form(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("text", "latin"),
    [("hello", True), ("café", True), ("你好", False), ("안녕하세요", False), ("12:30", True),
     ("at 0:15: 你好世界", False), ("He said 好 to everyone", True), ("привет", False)],
)  # fmt: skip
def test_the_script_decides_who_can_say_it(text: str, latin: bool) -> None:
    assert is_latin(text) is latin


def test_marks_alone_are_nothing_to_say() -> None:
    assert not has_words(spoken("“**”")) and has_words("12")
