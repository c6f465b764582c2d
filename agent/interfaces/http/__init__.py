"""The assistant over HTTP: an API with streamed turns, an OpenAI-compatible one, and the page that uses them."""
