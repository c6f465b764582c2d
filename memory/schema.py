"""The tables of a library, as an ordered list of migrations, in SQL that SQLite and Postgres both read.

A library of version N has had the first N migrations; opening it brings it to the newest. A migration that has been
released is never changed: another one is added. ``"user"`` is quoted everywhere, for it is a word of Postgres'.
"""

from __future__ import annotations

_FIRST = (
    """
    CREATE TABLE clip (
        "user" TEXT NOT NULL, id TEXT NOT NULL, sha256 TEXT NOT NULL, path TEXT NOT NULL, source TEXT,
        title TEXT NOT NULL, duration DOUBLE PRECISION NOT NULL, width BIGINT NOT NULL, height BIGINT NOT NULL,
        fps DOUBLE PRECISION NOT NULL, has_audio BIGINT NOT NULL, bytes BIGINT NOT NULL,
        added DOUBLE PRECISION NOT NULL, status TEXT NOT NULL, PRIMARY KEY ("user", id)
    )
    """,
    "CREATE INDEX clip_by_path ON clip (path)",
    """
    CREATE TABLE lineage (
        "user" TEXT NOT NULL, clip TEXT NOT NULL, operation TEXT NOT NULL, arguments TEXT NOT NULL,
        model TEXT NOT NULL, seed BIGINT, prompt TEXT NOT NULL, PRIMARY KEY ("user", clip),
        FOREIGN KEY ("user", clip) REFERENCES clip ("user", id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE lineage_parent (
        "user" TEXT NOT NULL, clip TEXT NOT NULL, position BIGINT NOT NULL, parent TEXT NOT NULL,
        PRIMARY KEY ("user", clip, position),
        FOREIGN KEY ("user", clip) REFERENCES lineage ("user", clip) ON DELETE CASCADE
    )
    """,
    'CREATE INDEX lineage_by_parent ON lineage_parent ("user", parent)',
    """
    CREATE TABLE analysis (
        "user" TEXT NOT NULL, clip TEXT NOT NULL, version TEXT NOT NULL, data TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL, PRIMARY KEY ("user", clip, version),
        FOREIGN KEY ("user", clip) REFERENCES clip ("user", id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE job (
        "user" TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL,
        started DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION, clips TEXT NOT NULL DEFAULT '[]', result TEXT,
        PRIMARY KEY ("user", key)
    )
    """,
)

_SECOND = (
    # Whose files lie in a shared store: two libraries in one place would sweep each other's clips away.
    "CREATE TABLE library (id TEXT NOT NULL PRIMARY KEY)",
    """
    CREATE TABLE source (
        "user" TEXT NOT NULL, path TEXT NOT NULL, clip TEXT NOT NULL, size BIGINT NOT NULL,
        modified DOUBLE PRECISION NOT NULL, PRIMARY KEY ("user", path),
        FOREIGN KEY ("user", clip) REFERENCES clip ("user", id) ON DELETE CASCADE
    )
    """,
    'CREATE INDEX source_by_clip ON source ("user", clip)',
    """
    CREATE TABLE episode (
        "user" TEXT NOT NULL, id TEXT NOT NULL, thread TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        kind TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY ("user", id)
    )
    """,
    'CREATE INDEX episode_by_time ON episode ("user", at)',
    """
    CREATE TABLE episode_clip (
        "user" TEXT NOT NULL, episode TEXT NOT NULL, clip TEXT NOT NULL, PRIMARY KEY ("user", episode, clip),
        FOREIGN KEY ("user", episode) REFERENCES episode ("user", id) ON DELETE CASCADE
    )
    """,
    'CREATE INDEX episode_by_clip ON episode_clip ("user", clip)',
)

_THIRD = (
    """
    CREATE TABLE project (
        "user" TEXT NOT NULL, name TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, PRIMARY KEY ("user", name)
    )
    """,
    """
    CREATE TABLE project_entry (
        "user" TEXT NOT NULL, project TEXT NOT NULL, number BIGINT NOT NULL, at DOUBLE PRECISION NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY ("user", project, number),
        FOREIGN KEY ("user", project) REFERENCES project ("user", name) ON DELETE CASCADE
    )
    """,
)

_FOURTH = (
    """
    CREATE TABLE background (
        "user" TEXT NOT NULL, id TEXT NOT NULL, thread TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL, beat DOUBLE PRECISION NOT NULL, fraction DOUBLE PRECISION NOT NULL,
        note TEXT NOT NULL, attempts BIGINT NOT NULL, stop BIGINT NOT NULL, told BIGINT NOT NULL, body TEXT NOT NULL,
        result TEXT, PRIMARY KEY ("user", id)
    )
    """,
    'CREATE INDEX background_by_time ON background ("user", created)',
)

_FIFTH = (
    """
    CREATE TABLE turn (
        "user" TEXT NOT NULL, conversation TEXT NOT NULL, id TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        request TEXT NOT NULL, status TEXT NOT NULL, outcome TEXT, PRIMARY KEY ("user", id)
    )
    """,
    'CREATE INDEX turn_by_conversation ON turn ("user", conversation, at)',
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
"""What to run to come from version N to N + 1, by N."""

SCHEMA_VERSION = len(MIGRATIONS)
