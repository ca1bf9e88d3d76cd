import os
from pathlib import Path

import psycopg
from flask import Flask

app = Flask(__name__)


def database() -> psycopg.Connection:
    """PGHOST and PGUSER say where and who; the password is in a file, so that no environment shows it."""
    return psycopg.connect(password=Path("/run/secrets/db_password").read_text().strip(), connect_timeout=3)


@app.route("/")
def page() -> str:
    with database() as connection:
        visit = connection.execute("INSERT INTO visits DEFAULT VALUES RETURNING id").fetchone()
    return f"<h1>{os.environ.get('GREETING', 'welcome')}</h1>\n<p>visit {visit[0]}</p>\n"


@app.route("/health")
def health() -> str:
    with database() as connection:
        connection.execute("SELECT FROM visits LIMIT 0")
    return "ok\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
