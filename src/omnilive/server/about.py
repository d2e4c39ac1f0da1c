"""What a client has to know before it connects: version, ICE servers, voice, limits."""

from typing import Any

from fastapi import APIRouter

from omnilive import __version__
from omnilive.server.routing import HubDep, errors
from omnilive.server.shapes import AboutFacts

router = APIRouter(tags=["health"])


@router.get("/v1/about", response_model=AboutFacts, responses=errors())
async def about(hub: HubDep) -> dict[str, Any]:
    """Return what this server is and offers."""
    server, speech = hub.server, hub.config.speech
    return {
        "version": __version__,
        "ice_servers": [
            {
                "urls": list(ice.urls),
                "username": ice.username,
                "credential": ice.credential.get_secret_value(),
            }
            for ice in server.ice_servers
        ],
        "voice": None if speech.voice == "off" else {"name": speech.voice, **_languages(hub)},
        "limits": {
            "upload_max_bytes": server.upload_max_bytes,
            "peers_max": server.peers_max,
            "sources_max": server.sources_max,
            "sessions_max": server.sessions_max,
            "sockets_max": server.sockets_max,
            "watch_max_s": server.watch_max_s,
            "clip_max_s": server.clip_max_s,
        },
    }


def _languages(hub: HubDep) -> dict[str, Any]:
    """Return the languages of the voice as far as is known without loading it."""
    speech = hub.config.speech
    known = {"hibari": ["en"], "openai": list(speech.openai.languages)}
    return {"languages": known.get(speech.voice, [])}
