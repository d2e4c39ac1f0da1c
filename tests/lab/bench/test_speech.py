"""LibriSpeech and WenetSpeech against their layouts, and their rates against jiwer."""

import json
from pathlib import Path

import jiwer
import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Item, Prompt, Reply
from omnilive_lab.bench.films import tone, write_sound
from omnilive_lab.bench.librispeech import LibriSpeech
from omnilive_lab.bench.wenetspeech import WenetSpeech
from omnilive_lab.metrics.normalise import english_words
from tests.lab.bench.scripts import right, run, saying, touch

WORDS = {
    "1089-134686-0000": "HE HOPED THERE WOULD BE STEW FOR DINNER",
    "1089-134686-0001": "STUFF IT INTO YOU HIS BELLY COUNSELLED HIM",
}


def libri(tmp_path: Path, lines: dict[str, str] = WORDS, name: str = "test-clean") -> Path:
    folder = tmp_path / "LibriSpeech" / name / "1089" / "134686"
    for i, id in enumerate(WORDS):
        write_sound(folder / f"{id}{['.flac', '.wav'][i % 2]}", tone(0.2))
    text = "".join(f"{id} {words}\n" for id, words in lines.items())
    (folder / "1089-134686.trans.txt").write_text(text)
    return tmp_path


def test_reads_the_folders(tmp_path: Path) -> None:
    libri(libri(tmp_path), name="dev-other")
    items = LibriSpeech().load(tmp_path)
    assert [(i.id, i.task) for i in items][:2] == [
        ("1089-134686-0000", "LibriSpeech dev-other"),
        ("1089-134686-0001", "LibriSpeech dev-other"),
    ]
    assert items[0].transcribe and items[0].answer == WORDS["1089-134686-0000"]
    assert items[1].clip.path.suffix == ".wav"
    assert len(LibriSpeech({"sets": "test-clean"}).load(tmp_path)) == 2


def test_reads_the_list_of_qwen2_audio(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "1.flac")
    line = {"audio": "a/1.flac", "prompt": "<|en|>", "gt": "hello there",
            "source": "librispeech_test_other", "task": "asr"}  # fmt: skip
    (tmp_path / "librispeech_eval.jsonl").write_text(json.dumps(line) + "\n")
    (item,) = LibriSpeech().load(tmp_path)
    assert (item.id, item.task, item.answer) == (
        "a/1.flac", "LibriSpeech test-other", "hello there"
    )  # fmt: skip


def test_rates_equal_jiwer_after_the_same_normaliser(tmp_path: Path) -> None:
    replies = iter(["He hoped there'd be a stew for dinner.", "Stuff it in to you, his belly"])
    items = LibriSpeech().load(libri(tmp_path))
    rows = run(LibriSpeech(), items, lambda item, prompt: Reply(text=next(replies)))
    wanted = [" ".join(english_words(row.item.answer)) for row in rows]
    said = [" ".join(english_words(row.reply.text)) for row in rows]
    summary = LibriSpeech().summary(rows)
    assert summary.official["LibriSpeech test-clean"] == 100 * jiwer.wer(wanted, said)
    assert summary.official["All"] == 100 * jiwer.wer(wanted, said)
    # By hand: a stew, in, to, counselled and him are five errors in 8 + 8 words.
    assert wanted[0] == "he hoped there would be stew for dinner"
    assert [row.score.parts["errors"] for row in rows] == [1, 4]
    assert summary.official["All"] == 100 * 5 / 16


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"1089-134686-0000": ""}, "line 1: should be an id, a blank and the words"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, lines: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=f"1089-134686.trans.txt, {said}"):
        LibriSpeech().load(libri(tmp_path, lines))


def test_missing_data_and_unknown_sets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="(?s)dev-clean is missing.*openslr.org"):
        LibriSpeech().load(tmp_path)
    with pytest.raises(ConfigError, match="option sets should be .* 'train'"):
        LibriSpeech({"sets": "train"}).load(tmp_path)


def test_made_libri_is_real_speech(tmp_path: Path) -> None:
    benchmark = LibriSpeech()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert {item.clip.path.suffix for item in items} == {".flac", ".wav"}
    assert all(item.clip.path.stat().st_size > 10_000 for item in items)
    assert benchmark.summary(run(benchmark, items, right)).official["All"] == 0
    silent = benchmark.summary(run(benchmark, items, saying("")))
    assert silent.official["All"] == 100


def wenet(tmp_path: Path) -> Path:
    for name, gt in [("net", "今天天气很好"), ("meeting", "他有十二个苹果")]:
        touch(tmp_path / "audio" / f"{name}.wav")
        line = {"audio": f"audio/{name}.wav", "gt": gt, "source": "wenet_test_net"}
        path = tmp_path / f"wenet_test_{name}.jsonl"
        path.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    return tmp_path


def test_meetings_go_by_file_and_not_by_source(tmp_path: Path) -> None:
    items = WenetSpeech().load(wenet(tmp_path))
    assert [item.task for item in items] == ["WenetSpeech Test_Net", "WenetSpeech Test_Meeting"]


def test_character_error_rates_by_hand(tmp_path: Path) -> None:
    said = {"今天天气很好": "今天，天气很 坏。", "他有十二个苹果": "他有12个苹果"}

    def answer(item: Item, prompt: Prompt) -> Reply:
        return Reply(text=said[item.answer])

    summary = WenetSpeech().summary(run(WenetSpeech(), WenetSpeech().load(wenet(tmp_path)), answer))
    assert summary.official["WenetSpeech Test_Net"] == pytest.approx(100 / 6)
    assert summary.official["WenetSpeech Test_Meeting"] == 0  # 12 is read 十二
    assert summary.strict["WenetSpeech Test_Meeting"] == pytest.approx(200 / 7)
    assert summary.official["All"] == pytest.approx(100 / 13)


def test_wenet_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="(?s)wenet_test_net.jsonl is missing.*wenet.org.cn"):
        WenetSpeech().load(tmp_path)
    path = wenet(tmp_path) / "wenet_test_net.jsonl"
    path.write_text('{"audio": "audio/net.wav", "text": "x", "source": "s"}\n')
    with pytest.raises(ConfigError, match="wenet_test_net.jsonl, line 1: field 'gt' is missing"):
        WenetSpeech().load(tmp_path)


def test_made_wenet_round_trip(tmp_path: Path) -> None:
    WenetSpeech().make(tmp_path)
    items = WenetSpeech().load(tmp_path)
    assert len(items) == 3
    assert WenetSpeech().summary(run(WenetSpeech(), items, right)).official["All"] == 0
