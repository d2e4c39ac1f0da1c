"""Alerts on their way out of this machine: webhooks, MQTT, and who sees to it that they arrive."""
