"""Text to sound: voices behind one protocol, each with its own worker."""
