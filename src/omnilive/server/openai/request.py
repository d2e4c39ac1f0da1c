"""The body of a chat completion: what of OpenAI's parameters is heeded, ignored and refused."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from omnilive.server.openai.problems import Problem

IGNORED = frozenset(
    "frequency_penalty presence_penalty temperature top_p seed logit_bias metadata moderation "
    "prediction prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort "
    "safety_identifier service_tier store user verbosity parallel_tool_calls max_tokens "
    "max_completion_tokens".split()
)
"""Known parameters that only tune how a model words its answer, or how OpenAI bills it."""

REFUSED = {
    "audio": "spoken answers come through /v1/realtime",
    "functions": "use tools",
    "function_call": "use tools and tool_choice",
    "logprobs": "log probabilities are not known",
    "top_logprobs": "log probabilities are not known",
    "stop": "answers are not cut at stop words",
    "web_search_options": "the web is not searched",
}
"""Known parameters that would change the answer in a way that cannot be had."""


class StreamOptions(BaseModel):
    """What a stream carries beside the answer."""

    model_config = ConfigDict(extra="allow")
    include_usage: bool | None = None


class OmniLiveOptions(BaseModel):
    """Ours: `t` is the stream time up to which the answer may look."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    t: float | None = None


class ChatRequest(BaseModel):
    """A chat completion to be made. The session is the model."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "model": "omnilive:kitchen",
                    "messages": [{"role": "user", "content": "When did the cat come in?"}],
                    "stream": False,
                }
            ]
        },
    )
    model: str = Field(max_length=200)
    messages: list[dict[str, Any]] = Field(min_length=1, max_length=500)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[dict[str, Any]] | None = Field(default=None, max_length=128)
    tool_choice: str | dict[str, Any] | None = None
    n: int | None = None
    modalities: list[str] | None = None
    response_format: dict[str, Any] | None = None
    omnilive: OmniLiveOptions | None = None

    def check(self) -> None:
        """Raise Problem for what cannot be had and for what nobody knows."""
        for name, value in (self.model_extra or {}).items():
            if value is None or value is False or value == [] or name in IGNORED:
                continue
            if name in REFUSED:
                raise Problem(
                    f"{name} is not supported: {REFUSED[name]}",
                    code="unsupported_parameter", param=name,
                )  # fmt: skip
            raise Problem(
                f"Unrecognized request argument supplied: {name}",
                code="unknown_parameter", param=name,
            )  # fmt: skip
        if self.n not in (None, 1):
            raise Problem("n: one answer is given", code="unsupported_value", param="n")
        if set(self.modalities or ["text"]) != {"text"}:
            raise Problem(REFUSED["audio"], code="unsupported_value", param="modalities")
        if (self.response_format or {}).get("type", "text") != "text":
            raise Problem(
                "response_format: answers are plain text",
                code="unsupported_value", param="response_format",
            )  # fmt: skip
        self._check_tools()

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The functions that may be called."""
        return [] if self.tool_choice == "none" else self.tools or []

    def _check_tools(self) -> None:
        for i, tool in enumerate(self.tools or []):
            inner = tool.get("function")
            name = inner.get("name") if isinstance(inner, dict) else None
            if tool.get("type") != "function" or not isinstance(name, str) or not name:
                raise Problem("a tool is {type: function, function: {name}}", param=f"tools[{i}]")
        if self.tool_choice not in (None, "auto", "none"):
            raise Problem(
                "tool_choice: auto or none; a call cannot be forced",
                code="unsupported_value", param="tool_choice",
            )  # fmt: skip
