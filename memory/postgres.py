"""A library's database in Postgres, for several machines at once.

One writer at a time, as in SQLite: a transaction first takes an advisory lock, so nothing that is true when it starts
is changed by somebody else before it ends. Whoever holds jobs holds another advisory lock, for as long as the session
lives: the server lets go of it when the process dies, or when its machine has been silent for about a minute.
These locks belong to a session, so a pooler in between must pool sessions, not transactions.
"""

from __future__ import annotations

import hashlib
import os
import uuid
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .database import Connection, Database, Rows
from .errors import LibraryBusy, LibraryDamaged, StorageFailed

if TYPE_CHECKING:
    import psycopg

_SCHEMES = ("postgresql://", "postgres://")
_SILENCE: dict[str, Any] = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_SERVER_SETTINGS = {
    # The server must notice a machine that has gone, or its locks would stay for hours.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # A transaction sees what was committed before its lock was granted, statement by statement.
    "default_transaction_isolation": "read committed",
}
_open: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()


def is_postgres(url: str) -> bool:
    """Whether that is the address of a Postgres database."""
    return url.startswith(_SCHEMES)


def lock_key(name: str) -> int:
    """The number that stands for a name among Postgres' advisory locks (64 bits, signed)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def options(url: str) -> dict[str, Any]:
    """A database's address as options of a connection, with timeouts; nothing in an error shows the password.

    Raises:
        StorageFailed: it is no address, or psycopg is not installed.
    """
    try:
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise StorageFailed(
            "A Postgres database needs the package psycopg.", "Install it with: pip install 'gpt4video[postgres]'."
        ) from None
    wrong = StorageFailed(
        "The setting 'database' is no address of a Postgres database.",
        "Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
    )
    if not is_postgres(url):
        raise wrong
    try:
        given = conninfo_to_dict(url)
    except Error:
        raise wrong from None  # the driver's message quotes the address
    return {"connect_timeout": 10, "application_name": "gpt4video", **_SILENCE, **given}


def connect(url: str, *, timeout: float = 30.0) -> psycopg.Connection[Any]:
    """A connection of its own in autocommit mode, whose rows are dictionaries; a forked child lets go of it.

    Args:
        url: ``postgresql://user:password@host:port/database``.
        timeout: seconds to wait for a lock.

    Raises:
        StorageFailed: it is no address, or the database cannot be reached.
    """
    import psycopg
    from psycopg.rows import dict_row

    given = options(url)
    with translated(url):
        connection = psycopg.connect(**given, autocommit=True, row_factory=dict_row)
        _open.add(connection)
        try:
            wanted = {**_SERVER_SETTINGS, "lock_timeout": str(max(1, round(timeout * 1000)))}
            for name, value in wanted.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except BaseException:
            connection.close()
            raise
    return connection


def shown(url: str) -> str:
    """What of an address may be shown: host, port and database."""
    given = options(url)
    return f"{given.get('host', 'localhost')}:{given.get('port', 5432)}/{given.get('dbname', '')}"


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the driver's errors into ours; neither message nor cause shows the password.

    Raises:
        LibraryBusy: somebody else holds a lock for too long.
        StorageFailed: no connection, a full disk, no permission.
        LibraryDamaged: the tables are not those of a library.
    """
    import psycopg
    from psycopg import errors

    try:
        yield
    except errors.LockNotAvailable as error:
        raise LibraryBusy(
            f"The library {shown(url)} is in use by another process.", "Wait for it to end and try again."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StorageFailed(
            f"The database {shown(url)} cannot be used ({_reason(error)}).",
            "Check its address, that it runs and has free disk space; then ask again.",
        ) from error
    except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
        raise StorageFailed(
            f"The database {shown(url)} refuses ({_reason(error)}).", "Give its user the right to create and write."
        ) from error
    except psycopg.Error as error:
        raise LibraryDamaged(
            f"The database {shown(url)} is damaged or holds no library ({_reason(error)}).",
            "Restore it from a backup or use another database.",
        ) from error


class PostgresDatabase(Database):
    """A library in Postgres; also the holder of its jobs (see :class:`~.owner.Holder`): alive while its session is.

    A session that was cut between two statements is opened again; one that is cut within a transaction is an error,
    and the transaction has not happened. While it was away, another process may have taken its running jobs over:
    then :meth:`~.ledger.Ledger.done` refuses the first holder, and the effect is kept once.
    """

    json_list = "coalesce(json_agg(item), '[]')::text"

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        super().__init__()
        self.name = uuid.uuid4().hex
        self._url = url
        self._timeout = timeout
        self._begin = f"BEGIN; SELECT pg_advisory_xact_lock({lock_key('library')})"
        self._process = os.getpid()
        self._raw: psycopg.Connection[Any] | None = None
        self._closed = False
        try:
            self._migrate(shown(url))
        except BaseException:
            self.close()
            raise

    def alive(self, name: str) -> bool:
        """Whether the holder of that name still has its session, on whatever machine."""
        if name == self.name:
            return not self._closed
        with self.read() as connection:
            held = connection.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " AND ((classid::bigint << 32) | objid::bigint) = ?",
                (lock_key(name),),
            ).fetchone()
        return held is not None

    def close(self) -> None:
        """End the session: its locks are free and its running jobs count as abandoned."""
        with self._lock:
            self._closed = True
            if self._raw is not None:
                self._let_go(self._raw)
                self._raw.close()

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        """Run one statement; a session that was cut while nothing was under way is opened again first."""
        from psycopg import OperationalError

        try:
            return self._run(sql, values)
        except OperationalError:
            if self._depth or self._raw is None or not self._raw.closed:
                raise
            return self._run(sql, values)

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> None:
        """Run one statement with each row of values."""
        for row in values:
            self.execute(sql, row)

    def _run(self, sql: str, values: Sequence[Any]) -> Rows:
        # Without values, several statements may be sent in one go ("BEGIN; SELECT ...").
        given = [_held(value) for value in values] or None
        return self._opened().execute(sql.replace("?", "%s") if given else sql, given)

    def _opened(self) -> psycopg.Connection[Any]:
        from psycopg import OperationalError

        if self._closed:
            raise StorageFailed("This library has been closed.", "Open it again.")
        if self._process != os.getpid():
            # The session is the parent's, and so are its jobs.
            self._raw, self._process, self.name = None, os.getpid(), uuid.uuid4().hex
        if self._raw is not None and self._raw.closed and self._depth:
            raise OperationalError("the connection was lost within a transaction")
        if self._raw is None or self._raw.closed:
            self._raw = connect(self._url, timeout=self._timeout)
            self._raw.execute("SELECT pg_advisory_lock(%s)", (lock_key(self.name),))
        return self._raw

    def _session(self) -> Connection:
        return self

    def _undo(self, statement: str) -> None:
        import psycopg
        from psycopg.pq import TransactionStatus

        raw = self._raw
        if raw is not None and not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE:
            # A connection that fails now has rolled back; the first fault is the one to tell.
            with suppress(psycopg.Error):
                raw.execute(statement)

    def _let_go(self, raw: psycopg.Connection[Any]) -> None:
        # The server frees a session's locks some moments after its client has gone; said to it, they are free at once.
        import psycopg

        if self._process == os.getpid() and not raw.closed:
            with suppress(psycopg.Error):
                raw.execute("SELECT pg_advisory_unlock_all()")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self._url):
            yield


def _held(value: Any) -> Any:
    # Postgres' text cannot hold NUL, and its integers are no booleans.
    if isinstance(value, str):
        return value.replace("\0", "\\x00")
    return int(value) if isinstance(value, bool) else value


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _after_fork() -> None:
    # A worker that outlives its killed parent must not keep the parent's session and locks alive. Closing properly
    # would end the session for the parent too, so the socket alone is taken away.
    for connection in list(_open):
        if not connection.closed:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, connection.fileno())
            os.close(nothing)


os.register_at_fork(after_in_child=_after_fork)
