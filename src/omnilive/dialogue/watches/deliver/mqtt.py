"""Publishes an alert to a topic of an MQTT broker, at QoS 1. Needs the extra `mqtt`."""

import asyncio
import json
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from omnilive.core.errors import BackendError, ConfigError
from omnilive.dialogue.watches.deliver.base import NotDelivered, Parcel

PORTS = {"mqtt": 1883, "mqtts": 8883}


class MqttSender:
    """One connection for each alert: rare messages need none that stays open.

    The payload is the alert as JSON with its key as "id", by which a subscriber can drop what
    QoS 1 may deliver twice.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url, self._timeout_s = url, timeout_s
        if url:
            _address(url)

    async def send(self, parcel: Parcel) -> None:
        """Publish it and wait until the broker has it. Raises NotDelivered."""
        if not self._url:
            raise NotDelivered("no MQTT broker is set: delivery.mqtt_url=mqtt://host:1883")
        try:
            paho = _library()
        except BackendError as error:
            raise NotDelivered(str(error)) from error
        payload = json.dumps({"id": parcel.key, **parcel.alert}, ensure_ascii=False)
        try:
            await asyncio.to_thread(self._publish, paho, str(parcel.target["topic"]), payload)
        except (OSError, ValueError, RuntimeError) as error:
            raise NotDelivered(f"MQTT broker: {error}"[:200]) from error

    def _publish(self, paho: Any, topic: str, payload: str) -> None:
        scheme, host, port, user, password = _address(self._url)
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        refused: list[str] = []
        answered = threading.Event()

        def connected(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
            if reason.is_failure:
                refused.append(str(reason))
            answered.set()

        client.on_connect = connected
        client.connect_timeout = self._timeout_s
        if user:
            client.username_pw_set(user, password)
        if scheme == "mqtts":
            client.tls_set()
        client.connect(host, port, keepalive=30)
        client.loop_start()
        try:
            # Nothing is published before the broker has said that it takes us.
            if answered.wait(self._timeout_s) and not refused:
                message = client.publish(topic, payload.encode(), qos=1)
                message.wait_for_publish(self._timeout_s)
                if message.is_published():
                    return
            why = refused[0] if refused else f"no word from it within {self._timeout_s:g} s"
            raise NotDelivered(f"MQTT broker: {why}")
        finally:
            client.disconnect()
            client.loop_stop()


def _address(url: str) -> tuple[str, str, int, str, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise ConfigError(
            "delivery.mqtt_url is no broker's address: write mqtt://host:1883 or mqtts://host:8883"
        ) from error
    if not parts.hostname:
        raise ConfigError("delivery.mqtt_url names no host: write mqtt://host:1883")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return parts.scheme, parts.hostname, port, user, password


def _library() -> Any:
    try:
        from paho.mqtt import client
    except ModuleNotFoundError as error:
        raise BackendError(
            "MQTT needs the Python package paho-mqtt: pip install 'omnilive[mqtt]'"
        ) from error
    return client
