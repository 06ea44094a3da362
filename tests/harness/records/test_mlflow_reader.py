"""A store whose last writer was killed in a transaction is read as it was before that transaction."""

import subprocess
import sys
from pathlib import Path

from frontrunner.harness.records.mlflow_reader import DatabaseReader

KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("pragma cache_size = 2")  # so that pages reach the file before the transaction ends
connection.execute("begin immediate")
connection.execute("update tags set value = 'half' where key = 'frontrunner.kind'")
connection.execute("create table junk (content text)")
for _ in range(2000):
    connection.execute("insert into junk values (?)", ("x" * 1000,))
os._exit(9)
"""


def test_half_a_transaction_is_undone(store, make_cell, record):
    record(store, make_cell(), [[0.1, 0.6], [0.3, 0.3]])
    database = Path(store.folder) / "mlflow.db"
    before = DatabaseReader(database).runs("frontrunner.kind", "cell")
    assert len(before) == 1
    ended = subprocess.run([sys.executable, "-c", KILLED, str(database)], check=False)
    assert ended.returncode == 9
    assert Path(f"{database}-journal").stat().st_size > 0
    assert DatabaseReader(database).runs("frontrunner.kind", "cell") == before
    assert not Path(f"{database}-journal").exists()
