import pytest

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.deliver.base import NotDelivered, Parcel
from omnilive.dialogue.watches.deliver.mqtt import MqttSender
from tests.dialogue.watches.deliver.receivers import broking

pytestmark = pytest.mark.anyio
PARCEL = Parcel(key="s-1-x", target={"kind": "mqtt", "topic": "home/door"}, alert={"text": "狗"})


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


async def test_published_at_qos_1_with_its_key() -> None:
    async with broking() as broker:
        await MqttSender(f"mqtt://me:p%40ss@127.0.0.1:{broker.port}", 5).send(PARCEL)
    assert broker.messages == [("home/door", {"id": "s-1-x", "text": "狗"})]
    assert b"p@ss" in broker.logins[0]


async def test_a_broker_that_refuses() -> None:
    async with broking(refuses=True) as broker:
        with pytest.raises(NotDelivered, match="MQTT broker"):
            await MqttSender(f"mqtt://127.0.0.1:{broker.port}", 1).send(PARCEL)
    assert broker.messages == []


async def test_a_broker_that_never_acknowledges() -> None:
    async with broking(is_silent=True) as broker:
        with pytest.raises(NotDelivered, match=r"0\.5 s"):
            await MqttSender(f"mqtt://127.0.0.1:{broker.port}", 0.5).send(PARCEL)


async def test_no_broker(unused_tcp_port: int) -> None:
    with pytest.raises(NotDelivered, match="MQTT broker"):
        await MqttSender(f"mqtt://127.0.0.1:{unused_tcp_port}", 1).send(PARCEL)
    with pytest.raises(NotDelivered, match="mqtt_url"):
        await MqttSender("", 1).send(PARCEL)


@pytest.mark.parametrize("url", ["broker:1883", "http://b", "mqtt://:1883", "mqtt://b:99999"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError, match="mqtt_url"):
        MqttSender(url, 1)
