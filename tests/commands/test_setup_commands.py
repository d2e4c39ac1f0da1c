import json

from tests.commands.conftest import Shell


def test_models_are_listed_with_their_state(omnilive: Shell):
    home = str(omnilive.folder / "home")
    lines = omnilive("models", "list", "--json", OMNILIVE_HOME=home).lines
    assert {line["name"] for line in lines} >= {"whisper-base", "silero-vad"}
    assert all(line["state"] == "missing" for line in lines)
    shown = omnilive("models", "list", OMNILIVE_HOME=home).out
    assert "MODEL" in shown and "whisper-base" in shown and "missing" in shown


def test_verify_is_status_4_when_something_is_missing(omnilive: Shell):
    home = str(omnilive.folder / "home")
    done = omnilive("models", "verify", "silero-vad", "--json", OMNILIVE_HOME=home)
    assert done.status == 4
    assert [(line["model"], line["state"]) for line in done.lines] == [("silero-vad", "missing")]
    assert "type `omnilive models pull`" in done.err


def test_an_unknown_model_is_status_2(omnilive: Shell):
    done = omnilive("models", "pull", "nonesuch")
    assert done.status == 2 and "no model 'nonesuch' in the catalog" in done.err


def test_doctor_says_what_is_missing_and_what_to_type(omnilive: Shell):
    done = omnilive("doctor", OMNILIVE_HOME=str(omnilive.folder / "home"))
    assert done.status in (1, 4)
    assert "ok    python: " in done.out
    assert "FAIL  model silero-vad: missing" in done.out
    assert "-> `omnilive models pull silero-vad`" in done.out
    lines = omnilive("doctor", "--json", OMNILIVE_HOME=str(omnilive.folder / "home")).lines
    assert all(line["type"] == "check" for line in lines)


def test_config_show_says_where_each_value_comes_from(omnilive: Shell):
    (omnilive.folder / "omnilive.yaml").write_text("perception: {asr: off}\n")
    args = ["--set", "reasoning.evidence=3", "--json", "--recipe", "captions"]
    env = {"OMNILIVE_REASONING__OPENAI__API_KEY": "sk-secret", "OMNILIVE_MEMORY__EMBEDDER": "off"}
    done = omnilive("config", "show", *args, **env)
    found = {line["name"]: (line["value"], line["from"]) for line in done.lines}
    assert found["perception.asr"] == ("off", "omnilive.yaml")
    assert found["perception.text"] == ("off", "recipe captions")
    assert found["reasoning.evidence"] == (3, "--set")
    assert found["memory.embedder"] == ("off", "OMNILIVE_MEMORY__EMBEDDER")
    assert found["media.max_fps"][1] == "default"
    assert found["reasoning.openai.api_key"][0] == "**********"
    assert "sk-secret" not in done.out + omnilive("config", "show", **env).out


def test_config_schema_is_a_json_schema(omnilive: Shell):
    schema = json.loads(omnilive("config", "schema").out)
    assert schema["type"] == "object" and "perception" in schema["properties"]


def test_a_wrong_variable_is_named(omnilive: Shell):
    done = omnilive("config", "show", OMNILIVE_PERCEPTION__WHISPER__BEAM="2")
    assert done.status == 2
    assert "perception.whisper.beam (OMNILIVE_PERCEPTION__WHISPER__BEAM)" in done.err
    assert "perception.whisper.beam_size" in done.err


def test_a_port_out_of_range_is_refused(omnilive: Shell):
    assert omnilive("serve", "--port", "99999").status == 2
