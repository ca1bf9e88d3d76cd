"""YAML text into ruamel's events, one after the other: its scanner and parser, and none of the rest."""

# ruamel's own annotations leave out most of what its classes hold.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml.docinfo import DocInfo
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner

from deployer.errors import Diagnostic
from deployer.stack.places import Source
from deployer.stack.syntax import SyntaxProblem, explain


def events(source: Source) -> Iterator[Event]:
    """The events of the text, one after the other; SyntaxProblem where it is no YAML."""
    loader = _Events(source.text)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    except MarkedYAMLError as error:
        raise SyntaxProblem(explain(error, source, loader.marks[-1] if loader.marks else None)) from None
    except (YAMLError, ValueError, OverflowError):
        # An escape such as "\UFFFFFFFF" names no character, and the scanner lets Python's own error through.
        place = source.place_without_path(loader.line + 1, loader.column + 1)
        hint = "write a backslash as '\\\\' in double quotes, or use single quotes"
        raise SyntaxProblem(
            Diagnostic("yaml-syntax", "this text holds an escape that names no character", place, hint)
        ) from None


class _Events(Reader, Scanner, Parser):
    """ruamel's scanner and parser without the rest of it, reading as YAML 1.2 whatever `%YAML` says."""

    comment_handling = None
    processing_version = (1, 2)

    def __init__(self, text: str) -> None:
        self._resolver = self
        self.doc_infos = [DocInfo()]
        Reader.__init__(self, text, loader=self)
        Scanner.__init__(self, loader=self)
        Parser.__init__(self, loader=self)

    def scan_to_next_token(self) -> None:
        """As ruamel, but a tab that separates or trails is a space, as it is to Compose; one that indents is none."""
        while True:
            while self.peek() == " ":
                self.forward()
            if self.peek() == "\t" and not self._skip_tabs():
                return
            if self.peek() == "#":
                while self.peek() not in "\n\0\r\x85\u2028\u2029":
                    self.forward()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def _skip_tabs(self) -> bool:
        length = 1
        while self.peek(length) in " \t":
            length += 1
        skips = bool(self.flow_level) or not self.allow_simple_key or self.peek(length) in "\n\0\r#"
        if skips:
            self.forward(length)
        return skips

    def scan_block_scalar_indentation(self) -> tuple[list[str], int, Any]:
        """As ruamel 0.19, which refuses a block whose first line is empty but for fewer spaces than its text has."""
        breaks: list[str] = []
        widest = 0
        end = self.get_mark()
        while self.peek() in " \r\n\x85\u2028\u2029":
            if self.peek() == " ":
                self.forward()
                widest = max(widest, self.column)
            else:
                breaks.append(self.scan_line_break())
                end = self.get_mark()
        return breaks, widest, end

    # The next two are ruamel's own, less what they do over and over: a third of the time of a long file.

    def need_more_tokens(self) -> bool:
        if self.done:
            return False
        if not self.tokens:
            return True
        if not self.possible_simple_keys:
            return False
        self.stale_possible_simple_keys()
        return bool(self.next_possible_simple_key() == self.tokens_taken)

    def check_token(self, *choices: Any) -> bool:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))
