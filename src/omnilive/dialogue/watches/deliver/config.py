"""The settings of delivery."""

from pydantic import Field, SecretStr

from omnilive.core.config import Config


class DeliveryConfig(Config):
    """How alerts leave this machine."""

    secret: SecretStr = SecretStr("")
    """Signs webhooks; empty: one is made and kept, `omnilive watches secret` shows it."""

    mqtt_url: SecretStr = SecretStr("")
    """The broker, such as mqtt://user:password@broker.local:1883 or mqtts://broker:8883."""

    timeout_s: float = Field(default=10.0, gt=0, le=120)
    """Time that one attempt may take."""

    first_retry_s: float = Field(default=1.0, gt=0)
    """Wait after the first failure; each further one doubles it."""

    max_retry_s: float = Field(default=30.0, gt=0)
    """Longest wait between two attempts, unless the receiver asks for more."""

    give_up_s: float = Field(default=86400.0, gt=0)
    """Attempts end this long after the first one; the alert stays in the log."""

    at_once: int = Field(default=8, ge=1, le=100)
    """Targets that are served at the same time; one target gets one alert after the other."""
