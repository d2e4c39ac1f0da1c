"""A stream URL in, an open StreamSource out: what FFmpeg is allowed and told for each protocol."""

from omnilive.core.masking import masked
from omnilive.media.base import MediaConfig
from omnilive.media.reach import Reach
from omnilive.media.stream import StreamSource
from omnilive.media.wire import Request

# What a stream may lead to (playlists, redirects): never files, pipes or odd protocols.
_HTTP = "http,https,tcp,tls,crypto"
_PROTOCOLS = {
    "http": _HTTP,
    "https": _HTTP,
    "rtsp": "rtsp,rtp,tcp,tls,udp",
    "rtsps": "rtsp,rtsps,rtp,tcp,tls,udp",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tcp,tls",
    "srt": "srt,udp",
}
_ANALYZE_S = 2.0  # how long FFmpeg may look for streams before it says what there is


def open_network(url: str, config: MediaConfig, *, offset_s: float, start_s: float) -> StreamSource:
    """Connect; SourceError when nothing comes within `connect_s`."""
    scheme = url.split(":", 1)[0].lower()
    is_http = scheme in ("http", "https")
    if config.public_only:
        Reach(config).pinned(url)  # said at once; the child looks the host up again, and connects
    request = Request(
        name=url,
        options=_options(scheme, config),
        live=None if is_http else True,
        start_s=start_s if is_http else 0.0,
        config=config,
    )
    return StreamSource(masked(url), "network", request, offset_s=offset_s, ends=is_http)


def _options(scheme: str, config: MediaConfig) -> dict[str, str]:
    silence_us = str(round(config.stall_s * 1e6))
    options = {
        "protocol_whitelist": _PROTOCOLS[scheme],
        "analyzeduration": str(round(_ANALYZE_S * 1e6)),
    }
    if not scheme.startswith("http"):
        options["fpsprobesize"] = "0"  # guessing the frame rate costs seconds of a live stream
    if scheme.startswith("rtsp"):
        return options | {"rtsp_transport": "tcp", "timeout": silence_us}
    return options | {"rw_timeout": silence_us}
