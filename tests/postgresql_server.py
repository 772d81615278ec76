"""A PostgreSQL server of the tests' own: started in a folder, gone when they end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BIN_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([*map(str, BIN_FOLDERS), os.environ["PATH"]]))
    assert found is not None, f"{name} is not installed: apt-get install postgresql"
    return found


def _as_server_user(command: list[str], folder: Path) -> None:
    """Run as a user that PostgreSQL accepts: it refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    subprocess.run(command, check=True, cwd=folder, user=user, capture_output=True, timeout=60)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The address of a server without databases of ours; it listens on a socket in its folder."""
    folder = Path(tempfile.mkdtemp(prefix="limner-pg-", dir="/tmp"))  # a socket's path is short
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    control = [_program("pg_ctl"), "-D", str(data), "-w", "-t", "50"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=40"
    try:
        init = [_program("initdb"), "-D", str(data), "-U", "limner", "-A", "trust", "-N"]
        _as_server_user([*init, "-E", "UTF8", "--locale=C"], folder)
        _as_server_user([*control, "-l", str(folder / "log"), "-o", options, "start"], folder)
        yield f"postgresql://limner@/postgres?unix_sock={folder}/.s.PGSQL.5432"
    finally:
        if (data / "postmaster.pid").exists():
            _as_server_user([*control, "-m", "immediate", "stop"], folder)
        # A hundred thousand files by then, of three hundred databases: nobody waits for that.
        subprocess.run(["sh", "-c", 'rm -rf "$0" &', str(folder)], check=True)
