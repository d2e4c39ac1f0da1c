"""The senders of an installation, as its settings have them."""

from pathlib import Path

from omnilive.dialogue.watches.deliver.base import Sender
from omnilive.dialogue.watches.deliver.config import DeliveryConfig
from omnilive.dialogue.watches.deliver.mqtt import MqttSender
from omnilive.dialogue.watches.deliver.webhook import WebhookSender, secret_bytes, stored_secret
from omnilive.media.base import MediaConfig


def load_senders(config: DeliveryConfig, media: MediaConfig, folder: Path) -> dict[str, Sender]:
    """Return a sender for each kind of target; `folder` keeps the secret that is made.

    ConfigError for settings that are none. Private addresses are refused as they are for sources.
    """
    if given := config.secret.get_secret_value():
        secret_bytes(given)
    return {
        "webhook": WebhookSender(
            lambda: secret_bytes(secret_of(config, folder)), config.timeout_s, media
        ),
        "mqtt": MqttSender(config.mqtt_url.get_secret_value(), config.timeout_s),
    }


def secret_of(config: DeliveryConfig, folder: Path) -> str:
    """Return the secret that signs webhooks: the one that is set, else the one that was made."""
    return config.secret.get_secret_value() or stored_secret(folder)
