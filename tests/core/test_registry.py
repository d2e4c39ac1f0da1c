import pytest

from omnilive.core.config import Config
from omnilive.core.errors import BackendError, ConfigError
from omnilive.core.registry import Registry

KINDS = Registry(
    "fruit",
    {
        "pear": "tests.fakes:FakeVAD",
        "melon": "no_such_package.inside:Melon",
        "apple": "tests.fakes:FakeASR",
    },
)


def test_names_are_sorted_and_load_imports_what_was_chosen() -> None:
    assert KINDS.names() == ["apple", "melon", "pear"]
    assert KINDS.load("pear").__name__ == "FakeVAD"


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        ConfigError, match="no fruit backend 'plum'; choose from apple, melon, pear"
    ):
        KINDS.load("plum")


def test_missing_library_is_named() -> None:
    with pytest.raises(BackendError, match="'melon' needs the Python package 'no_such_package'"):
        KINDS.load("melon")


def test_config_is_strict_and_frozen() -> None:
    class Fruit(Config):
        weight: int = 1

    with pytest.raises(ValueError, match="colour"):
        Fruit(colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="frozen"):
        Fruit().weight = 2  # type: ignore[misc]
