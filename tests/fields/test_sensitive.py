"""Which names are sensitive, and how lines are shown without what they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.fields.sensitive import holds_secret, is_file_of_secret, is_sensitive_name, mask_line


@pytest.mark.parametrize(
    "name", ["POSTGRES_PASSWORD", "db_passwd", "GITHUB_TOKEN", "ClientSecret", "API_KEY", "AWS_CREDENTIALS"]
)
def test_names_of_secrets_are_sensitive(name: str) -> None:
    """The patterns of the manual, in any case."""
    assert is_sensitive_name(name)


@pytest.mark.parametrize("name", ["KEYBOARD", "MONKEY", "KEY", "KEY_ID", "PASS", "DEBUG", ""])
def test_other_names_are_not(name: str) -> None:
    """`*KEY*` would hide keyboards."""
    assert not is_sensitive_name(name)


def test_a_stack_adds_names_and_takes_them_away() -> None:
    """`x-deployer: {sensitive: [PIN, "!TOKEN_COUNT"]}`."""
    assert is_sensitive_name("PIN", ["PIN", "!TOKEN_COUNT"])
    assert not is_sensitive_name("TOKEN_COUNT", ["PIN", "!TOKEN_COUNT"])
    assert is_sensitive_name("API_TOKEN", ["PIN", "!TOKEN_COUNT"])


@pytest.mark.parametrize("path", ["/run/secrets/db_password", "/var/run/secrets/tls/key.pem"])
def test_the_path_of_a_secrets_file_is_none(path: str) -> None:
    """Images read it from there: `POSTGRES_PASSWORD_FILE`. A stack that calls the name sensitive is heard."""
    assert is_file_of_secret("POSTGRES_PASSWORD_FILE", path)
    assert is_file_of_secret("api_token_file", path, ["PIN"])
    assert not is_file_of_secret("POSTGRES_PASSWORD_FILE", path, ["postgres_password_file"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PASSWORD", "/run/secrets/db_password"),
        ("POSTGRES_PASSWORD_FILES", "/run/secrets/db_password"),
        ("POSTGRES_PASSWORD_FILE", "hunter2"),
        ("POSTGRES_PASSWORD_FILE", "/hunter2"),
        ("POSTGRES_PASSWORD_FILE", "/etc/passwd"),
        ("POSTGRES_PASSWORD_FILE", "run/secrets/db_password"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/../../tmp/a"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/a:b@c"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/a b"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/a\nb"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/a\n"),
    ],
)
def test_where_in_doubt_it_is_a_secret(name: str, value: str) -> None:
    assert not is_file_of_secret(name, value)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  API_KEY: abc", "  API_KEY: (sensitive)"),
        ('  "API_KEY": "a b" # old: x', '  "API_KEY": (sensitive)'),
        ("  - API_KEY=a=b c", "  - API_KEY=(sensitive)"),
        ('  - "API_KEY=a b"', '  - "API_KEY=(sensitive)"'),
        ("  command: mysql --password=abc db", "  command: mysql --password=(sensitive)"),
        ('{"API_KEY":"a,}b","B":1}', '{"API_KEY":******,"B":1}'),
        ("a: [DEBUG=1, API_KEY=abcdefghijklmno, B=2]", "a: [DEBUG=1, API_KEY=(sensitive)    , B=2]"),
        ('a: [sh, "x --token=a,b c", B]', 'a: [sh, "x --token=*****", B]'),
        ("{API_KEY: [a, {b: c}], d: e}", "{API_KEY: (sensitive), d: e}"),
        ("url: amqp://u:p/w@host/x", "url: amqp://(sensitive)@host/x"),
        ("url: amqp://u:p@ss@w@host/x", "url: amqp://(sensitive)@host/x"),
        ("secrets: [db_password]", "secrets: [db_password]"),
        ("secrets: abc", "secrets: (sensitive)"),
        ("API_KEY:", "API_KEY:"),
        ("image: nginx@sha256:1234", "image: nginx@sha256:1234"),
        ("KEYBOARD: us", "KEYBOARD: us"),
    ],
)
def test_a_line_is_shown_without_sensitive_values(line: str, shown: str) -> None:
    """Values under sensitive names and user info in URLs are masked; all else stays."""
    assert mask_line(line) == shown


SECRET = st.from_regex(r"[A-Z0-9+/.:-]{6,20}", fullmatch=True).map(lambda text: f"q{text}q")


@given(
    SECRET,
    st.sampled_from(
        [
            "  A_TOKEN: {}",
            "- A_TOKEN={}",
            "- 'A_TOKEN={}'",
            "{{A_TOKEN: {}, b: 1}}",
            "[x, A_TOKEN={}]",
            "u: x://u:{}@h",
            "A_TOKEN: '{}'",
            'x: {{"A_TOKEN": "{}"}}',
        ]
    ),
)
def test_no_secret_is_left_in_a_line(secret: str, form: str) -> None:
    """In whatever form it is written."""
    assert secret not in mask_line(form.format(secret))


@given(st.text(alphabet="aA_KEY:='\"{}[],- #$\\@/", max_size=60))
def test_any_line_can_be_masked(line: str) -> None:
    """What is before the first masked value keeps its place, whatever the line is."""
    shown = mask_line(line)
    common = next((index for index, pair in enumerate(zip(line, shown, strict=False)) if pair[0] != pair[1]), len(line))
    assert shown[:common] == line[:common]
    assert shown == line or shown[common] in "(*" or "(sensitive)" in shown or "*" in shown


def test_a_value_is_a_secret_by_its_name_unless_it_is_such_a_path() -> None:
    assert holds_secret("POSTGRES_PASSWORD_FILE", "hunter2")
    assert holds_secret("POSTGRES_PASSWORD_FILE", None)
    assert not holds_secret("POSTGRES_PASSWORD_FILE", "/run/secrets/db_password")
    assert holds_secret("POSTGRES_PASSWORD_FILE", "/run/secrets/db_password", ["POSTGRES_PASSWORD_FILE"])
    assert not holds_secret("POSTGRES_DB", "hunter2")
