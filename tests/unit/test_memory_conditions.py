"""Filters on metadata that is at hand mean what they mean to Chroma."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gpt4video.memory.conditions import fits, understood
from hypothesis import given
from hypothesis import strategies as st

RANGES = st.builds(lambda op, value: {op: value}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.integers(-3, 3))
SETS = st.builds(
    lambda op, value: {op: value}, st.sampled_from(["$in", "$nin"]), st.lists(st.sampled_from("abc"), min_size=1)
)
LEAVES = st.one_of(
    st.builds(lambda value: {"n": value}, RANGES),
    st.builds(lambda value: {"s": value}, SETS),
    st.builds(lambda op, value: {"s": {op: value}}, st.sampled_from(["$eq", "$ne"]), st.sampled_from("abc")),
    st.builds(lambda value: {"b": value}, st.booleans()),
)
FILTERS = st.recursive(
    LEAVES,
    lambda part: st.builds(
        lambda op, parts: {op: parts}, st.sampled_from(["$and", "$or"]), st.lists(part, min_size=2, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def chroma_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[dict[str, Any]]]:
    import chromadb

    metadata: list[dict[str, Any]] = [
        {"n": number, "s": letter, "b": yes} for number in range(-3, 4) for letter in "ab" for yes in (True, False)
    ]
    metadata += [{"n": 1}, {"s": "a"}, {"b": True}]
    client = chromadb.EphemeralClient(settings=chromadb.config.Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection("filters", embedding_function=None)
    collection.add(
        ids=[str(place) for place in range(len(metadata))],
        embeddings=np.random.default_rng(0).standard_normal((len(metadata), 4)),
        metadatas=metadata,  # type: ignore[arg-type]
    )
    return collection, metadata


@given(where=FILTERS)
def test_filters_mean_here_what_they_mean_to_chroma(
    where: dict[str, Any], chroma_rows: tuple[Any, list[dict[str, Any]]]
) -> None:
    collection, metadata = chroma_rows
    assert understood(where)
    ours = {str(place) for place, one in enumerate(metadata) if fits(where, one)}
    assert ours == set(collection.get(where=where, include=[])["ids"])
