"""Making new video: the request, the generator protocol and its backends."""
