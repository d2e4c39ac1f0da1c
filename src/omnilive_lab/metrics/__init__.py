"""Metrics as plain functions of texts, times and arrays; nothing here knows a model."""
