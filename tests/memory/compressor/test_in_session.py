import asyncio
from pathlib import Path

from omnilive.config import MemoryConfig
from omnilive.memory.compressor.backbone import SmallBackbone
from omnilive.memory.compressor.checkpoint import Card, save_checkpoint
from omnilive.memory.compressor.config import CompressorConfig
from omnilive.memory.compressor.model import Compressor
from omnilive.memory.compressor.ranker import ClipRanker
from omnilive.memory.library import Library
from omnilive.reasoning.mind import Mind
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.memory.compressor.test_ranker import SHAPE, Tokens
from tests.story import write_long


class Counting(ClipRanker):
    taken: list[int]

    def catch_up(self, store: object) -> int:
        count = super().catch_up(store)  # type: ignore[arg-type]
        self.taken.append(count)
        return count


def test_a_session_takes_moments_in_as_they_come_and_answers_with_them(tmp_path: Path):
    net = Compressor(SHAPE, SmallBackbone(SHAPE))
    save_checkpoint(tmp_path / "net", net, Card(shape=SHAPE, encoder="fake"))
    write_long(tmp_path / "long.mkv")
    compressor = CompressorConfig(checkpoint=str(tmp_path / "net"))
    memory = MemoryConfig(recall="compressor", compressor=compressor)
    config = FAKE_CONFIG.model_copy(update={"memory": memory})
    mind = Mind(config)
    mind._embedder, mind._embedder_loaded = Tokens(), True
    mind._ranker = ranker = Counting(tmp_path / "net", Tokens())
    ranker.taken = []
    senses = fake_senses()

    async def watched() -> None:
        library = Library(tmp_path / "sessions")
        async with Session("s", config, library=library, senses=senses, mind=mind) as session:
            await session.watch(str(tmp_path / "long.mkv"), pace="fast")
            count = len(session.store.moments())
            answer = await session.ask("What was said?")
            ranker.catch_up(session.store)
            assert count > 0 and sum(ranker.taken) <= count
            assert len(ranker._stores[session.store].ids) == count
            assert answer.evidence

    asyncio.run(asyncio.wait_for(watched(), 60))
    assert ranker.taken[0] > 0  # as the moments came, not when the question did
    senses.close()
    mind.close()
