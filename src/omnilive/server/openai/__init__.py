"""What clients of OpenAI's APIs may use unmodified: chat completions and the Realtime API."""
