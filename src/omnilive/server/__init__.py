"""HTTP: sessions, sources, questions, events and memory over the network, and the web page."""
