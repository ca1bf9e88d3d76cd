"""`.dockerignore` as BuildKit reads it; the cases are those that its documentation and its matcher's tests make."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import InvalidStack, Place
from deployer.sources.dockerignore import ignored, read_patterns


def left_out(text: str, *paths: str) -> list[str]:
    verdict = ignored(read_patterns(text, ".dockerignore"))
    return [path for path in paths if verdict.ignored(path)]


@pytest.mark.parametrize(
    ("pattern", "out", "stays"),
    [
        ("a", ["a", "a/b", "a/b/c"], ["b/a", "ab", "A"]),
        ("/a", ["a", "a/b"], ["b/a"]),
        ("a/", ["a", "a/b"], ["b/a"]),
        ("./a/../b", ["b"], ["a"]),
        ("a/b", ["a/b", "a/b/c"], ["a", "a/c", "b"]),
        ("*", ["a", ".a", "a/b"], []),
        ("*.md", ["a.md", "a.md/b"], ["a/a.md", "a.mdx"]),
        ("*/temp*", ["a/temp", "a/temporary.txt"], ["temp", "a/b/temp"]),
        ("*/*/temp*", ["a/b/temp"], ["a/temp", "a/b/c/temp"]),
        ("temp?", ["tempa"], ["temp", "temp/x", "tempab"]),
        ("**/*.go", ["a.go", "a/b.go", "a/b/c.go"], ["a.gox"]),
        ("**/a", ["a", "b/a", "b/c/a", "b/a/c"], ["ba"]),
        ("**", ["a", "a/b"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "ab", "a/xb"]),
        ("a**", ["a", "ab", "ab/c"], ["b"]),
        ("**log", ["log", "a/catalog", "catalog"], ["log2"]),
        ("**/a/**", ["a/b", "c/a/b"], ["a"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "[a-c]x"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("[\\]]", ["]"], ["\\"]),
        (r"\*", ["*"], ["a"]),
        (r"\!a", ["!a"], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a+(b)|{c}^$", ["a+(b)|{c}^$"], ["aa"]),
        ("ä?", ["äö"], ["ä"]),
        ("  a  ", ["a"], []),
        ("# a", [], ["a", "# a"]),
        (".", [], ["a"]),
        ("..", [], ["a"]),
        ("a\r", ["a"], []),
    ],
)
def test_a_pattern_leaves_out_what_it_matches_and_all_beneath(pattern: str, out: list[str], stays: list[str]) -> None:
    """Patterns match from the context's folder on; `*` stays in one folder, `**` crosses them."""
    assert left_out(pattern, *out, *stays) == out


@pytest.mark.parametrize(
    ("text", "out", "stays"),
    [
        ("*.md\n!README.md", ["a.md"], ["README.md"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["a.md", "README-secret.md"], ["README.md"]),
        ("*.md\nREADME-secret.md\n!README*.md", ["a.md"], ["README-secret.md"]),
        ("*\n!src/a", ["src", "src/b", "c"], ["src/a", "src/a/deep"]),
        ("a\n!a/b\na/b/c", ["a", "a/x", "a/b/c"], ["a/b", "a/b/d"]),
        ("node_modules\n!**/keep", ["node_modules/x"], ["node_modules/x/keep"]),
        ("!a\na", ["a"], []),
        ("a\n ! a", [], ["a"]),
        ("a\n!/a", [], ["a"]),
        ("*\n!.", ["a"], []),
        ("a/b\n!a", ["a/b", "a/b/c"], ["a", "a/c"]),
    ],
)
def test_the_last_pattern_that_matches_decides(text: str, out: list[str], stays: list[str]) -> None:
    """`!` takes in again what an earlier line left out, also beneath a folder that is left out itself."""
    assert sorted(left_out(text, *out, *stays)) == sorted(out)


def test_a_byte_order_mark_and_empty_lines_are_skipped() -> None:
    """They are no patterns."""
    assert [pattern.text for pattern in read_patterns("\ufeffa\n\n \n#x\n/b/\n!c", "f")] == ["a", "b", "c"]


@pytest.mark.parametrize("pattern", ["!", "a[", "[]a]", "a\\", "[z-a]", "[-x]", "[^]", "! "])
def test_a_malformed_pattern_is_an_error_at_its_line(pattern: str) -> None:
    """Docker refuses them too, but without the line."""
    with pytest.raises(InvalidStack) as caught:
        read_patterns(f"ok\n  {pattern}\n{pattern}", "web/.dockerignore")
    places = [diagnostic.place for diagnostic in caught.value.diagnostics]
    assert places == [Place("web/.dockerignore", 2, 3), Place("web/.dockerignore", 3, 1)]
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {"dockerignore-pattern"}


def test_a_folder_without_exceptions_beneath_need_not_be_walked() -> None:
    """What `node_modules` holds is not even listed; an exception with a wildcard may lie anywhere."""
    plain = ignored(read_patterns("node_modules\nsrc\n!src/keep/a\n!lib/*", ".dockerignore"))
    assert plain.prunable("node_modules")
    assert not plain.prunable("src")
    assert not plain.prunable("src/keep")
    assert plain.prunable("src/other")
    assert not plain.prunable("lib")
    assert not ignored(read_patterns("node_modules\n!**/keep", ".dockerignore")).prunable("node_modules")


_NAMES = st.sampled_from(["a", "b", "ab"])
_PARTS = st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?"])
_LINES = st.builds(lambda mark, parts: mark + "/".join(parts), st.sampled_from(["", "!"]), st.lists(_PARTS, min_size=1))
_TREE = ["/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(["a", "b", "ab"], repeat=depth)]


@given(st.lists(_LINES, max_size=5))
def test_a_prunable_folder_holds_nothing_that_stays(lines: list[str]) -> None:
    """Pruning is only about time: it never changes what is in a context."""
    verdict = ignored(read_patterns("\n".join(lines), ".dockerignore"))
    for folder in _TREE:
        if verdict.ignored(folder) and verdict.prunable(folder):
            assert all(verdict.ignored(path) for path in _TREE if path.startswith(folder + "/"))


@given(st.lists(_LINES, max_size=5), st.permutations(_TREE))
def test_the_verdict_does_not_depend_on_the_order_of_asking(lines: list[str], order: list[str]) -> None:
    """What is remembered of folders speeds the asking up and changes no answer."""
    patterns = read_patterns("\n".join(lines), ".dockerignore")
    verdict = ignored(patterns)
    together = {path: verdict.ignored(path) for path in order}
    assert together == {path: ignored(patterns).ignored(path) for path in order}
