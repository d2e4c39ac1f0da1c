"""The base of every config: immutable, strict about its keys, documented field by field."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of every config: an unknown key is an error that names the key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
