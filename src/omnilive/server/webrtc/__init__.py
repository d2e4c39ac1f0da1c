"""WebRTC: cameras and microphones come in by WHIP, sound goes back on the same connection."""
