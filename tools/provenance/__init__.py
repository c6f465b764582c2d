"""Provenance: a signed C2PA manifest in every file that is edited or generated, and reading such manifests."""
