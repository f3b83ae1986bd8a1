"""Files as they come: packed, marked, cut, quoted, broken."""

from __future__ import annotations

import csv
import gzip
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InputError
from streams.connectors import tables
from streams.connectors.base import RejectedRow
from streams.connectors.opening import Format
from streams.connectors.rows import Row, inspect, read


def rows(path: Path, content: bytes, form: Format = "csv") -> list[Row | RejectedRow]:
    file = path / "file"
    file.write_bytes(content)
    table = inspect(file, form)
    return list(read(table, table.columns))


def refused(path: Path, content: bytes, form: Format = "csv") -> str:
    with pytest.raises(InputError) as caught:
        rows(path, content, form)
    return str(caught.value)


PLAIN = "id,words\n1,halo\n2,ågøt\n"
READ = [(2, ("1", "halo")), (3, ("2", "ågøt"))]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        gzip.compress(PLAIN.encode()),
        gzip.compress(PLAIN.encode("utf-8-sig")),
        gzip.compress(PLAIN[:12].encode()) + gzip.compress(PLAIN[12:].encode()),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "|").encode(),
        PLAIN.removesuffix("\n").encode(),
        (PLAIN + "\n\n").encode(),
    ],
    ids=["plain", "mark", "utf-16", "gzip", "gzip-mark", "two-gzips", "crlf", ";", "tab", "|", "no-end", "blanks"],
)
def test_one_table_in_many_wrappings(tmp_path: Path, content: bytes) -> None:
    assert rows(tmp_path, content) == READ


def test_quoted_cells_hold_delimiters_quotes_and_lines_and_the_line_is_where_the_row_begins(tmp_path: Path) -> None:
    content = b'id,"the\nwords"\n1,"a, ""b""\nc"\n2,d\n'
    assert rows(tmp_path, content) == [(3, ("1", 'a, "b"\nc')), (5, ("2", "d"))]


def test_rows_of_another_width_or_encoding_are_refused_alone(tmp_path: Path) -> None:
    content = b"id,words\n1,a\n2\n3,b,c\n4,\xff\n5,\n"
    found = rows(tmp_path, content)
    assert [(item.line, item.reason) for item in found if isinstance(item, RejectedRow)] == [
        (3, "bad_csv"), (4, "bad_csv"), (5, "bad_encoding"),
    ]  # fmt: skip
    assert [item for item in found if not isinstance(item, RejectedRow)] == [(2, ("1", "a")), (6, ("5", None))]


def test_a_cell_may_be_far_larger_than_the_readers_default(tmp_path: Path) -> None:
    words = "x" * 900_000
    assert rows(tmp_path, f"id,words\n1,{words}\n".encode()) == [(2, ("1", words))]


@pytest.mark.parametrize("rows_after", [3, 400_000])
def test_a_quote_that_never_ends_costs_its_line(tmp_path: Path, rows_after: int) -> None:
    found = rows(tmp_path, b'id,words\n1,a\n2,"never ends\n' + b"3,b\n" * rows_after)
    assert [item.line for item in found if isinstance(item, RejectedRow)] == [3]
    assert [item[0] for item in found if not isinstance(item, RejectedRow)] == [2, *range(4, rows_after + 4)]


@pytest.mark.parametrize("last", ['1,"', '1,"never ends', '1,"never ends\n\n'])
def test_a_quote_in_the_last_row_that_never_ends_is_refused(tmp_path: Path, last: str) -> None:
    (refused,) = rows(tmp_path, b"id,words\n" + last.encode())
    assert isinstance(refused, RejectedRow)
    assert (refused.line, "not closed until the end" in refused.detail) == (2, True)


def test_a_stray_quote_that_meets_another_costs_its_line_and_says_which_lines_it_took(tmp_path: Path) -> None:
    plain = "".join(f"{n},words {n}\n" for n in range(89))
    content = f'id,words\n1,"never closed\n{plain}2,"a quoted line"\n3,"two\nlines"\n4,"a, ""b"""\n'
    refused, *found = rows(tmp_path, content.encode())
    fault = "text after a closing quote (lines 2-92 as one row); the lines after the first are read as rows"
    assert refused == RejectedRow(2, "bad_csv", fault)
    assert found[:89] == [(3 + n, (str(n), f"words {n}")) for n in range(89)]
    assert found[89:] == [(92, ("2", "a quoted line")), (93, ("3", "two\nlines")), (95, ("4", 'a, "b"'))]


def test_a_stray_quote_within_one_line_is_let_pass(tmp_path: Path) -> None:
    found = rows(tmp_path, b'id,words\n1,"he said "hi" to me"\n2,5" wide\n')
    assert found == [(2, ("1", 'he said hi" to me"')), (3, ("2", '5" wide'))]


def test_a_text_of_several_lines_in_a_row_of_another_width_is_not_read_as_rows(tmp_path: Path) -> None:
    found = rows(tmp_path, b'id,by,words\n1,a,"a\n7,a,forged\nc",more\n2,a,b\n3,a,"stray\n4,a,", so"\n')
    assert found == [
        RejectedRow(2, "bad_csv", "4 cells, and the header has 3 (lines 2-4 as one row)"),
        (5, ("2", "a", "b")),
        RejectedRow(
            6,
            "bad_csv",
            "4 cells, and the header has 3 (lines 6-7 as one row); the lines after the first are read as rows",
        ),
        (7, ("4", "a", ", so")),
    ]


def test_quotes_that_open_and_close_for_ever_fill_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_ROW_LIMIT", 1000)
    monkeypatch.setattr(tables, "_AGAIN", 5000)
    found = rows(tmp_path, b"id,words\n" + b'x","\n' * 1000)
    assert {item.reason for item in found if isinstance(item, RejectedRow)} == {"bad_csv"}
    assert 5 < len(found) < 1000


# Texts begin with a letter: where one begins as a cell may go on after a quote, it reads as the end of the stray one.
_TEXT = st.from_regex(r'[a-z][a-z ,;"\n]{0,8}', fullmatch=True) | st.just("")


@given(
    st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=8),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.data(),
)
def test_one_stray_quote_loses_no_other_row(texts: list[tuple[str, str]], quoting: Any, data: st.DataObject) -> None:
    written = []
    for number, cells in enumerate(texts):
        line = io.StringIO()
        csv.writer(line, quoting=quoting, lineterminator="\n").writerow([f"r{number}", *cells])
        written.append(line.getvalue())
    bad = data.draw(st.integers(0, len(texts) - 1))
    place = data.draw(st.integers(0, len(written[bad]) - 1))
    expected = [(f"r{number}", *(cell or None for cell in cells)) for number, cells in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        assert values(Path(folder), "id,words,more\n" + "".join(written)) == expected
        written[bad] = written[bad][:place] + '"' + written[bad][place:]
        found = values(Path(folder), "id,words,more\n" + "".join(written))
    del expected[bad]
    assert [row for row in found if row in expected] == expected


def values(path: Path, content: str) -> list[tuple[str | None, ...]]:
    return [item[1] for item in rows(path, content.encode()) if not isinstance(item, RejectedRow)]


def test_objects_a_line(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"id":1,"words":"halo","user":{"name":"ana"},"tags":["a","b"],"body":["l"]}\n\n'
        b'{"words":"","id":2.0,"rated":true,"user":null}\n'
    )
    file = tmp_path / "file"
    file.write_bytes(content)
    table = inspect(file, "jsonl")
    assert table.columns == ("id", "words", "user.name", "tags", "body", "rated", "user")
    assert list(read(table, ("id", "words", "user.name", "tags", "rated", "body"))) == [
        (1, ("1", "halo", "ana", "a,b", None, "l")),
        (3, ("2", None, None, None, "true", None)),
    ]
    assert table.values("user.name") == ["ana"]


def test_a_field_that_appears_late_is_a_column_too(tmp_path: Path) -> None:
    content = b'{"id":1}\n' * 1500 + b'{"id":2,"edited":"2026-11-02"}\n'
    (tmp_path / "file").write_bytes(content)
    assert inspect(tmp_path / "file", "jsonl").columns == ("id", "edited")
    assert rows(tmp_path, content, "jsonl")[-1] == (1501, ("2", "2026-11-02"))


def test_values_that_are_used_as_names_do_not_fill_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("".join(f'{{"id":{n},"name{n}":1}}\n' for n in range(5000)))
    assert len(inspect(file, "jsonl").columns) == 1000


def test_packed_objects_that_end_too_early_say_where(tmp_path: Path) -> None:
    lines = b"".join(b'{"id":%d,"words":"%d"}\n' % (n, n * n * 7919) for n in range(50_000))
    assert "breaks off after line" in refused(tmp_path, gzip.compress(lines)[:-2000], "jsonl")


def test_odd_names_of_fields_do_not_stop_the_reading(tmp_path: Path) -> None:
    content = '{"a\\"b":1,"":2,"ünï":3,"c\\nd":4,"e.f":5,"e":{"f":6,"g":7}}\n'
    file = tmp_path / "file"
    file.write_bytes(content.encode())
    table = inspect(file, "jsonl")
    assert table.columns == ("", "ünï", "e.f", "e.g")
    assert list(read(table, ("ünï", "e.f", "e.g", "ünï"))) == [(1, ("3", "5", "7", "3"))]


def test_lines_that_are_no_object_are_refused_alone_without_their_words(tmp_path: Path) -> None:
    lines = [b'{"id":1}', b"{oops secret", b"[1]", b'{"id":"\xff"}', b'{"id":"\\ud800"}', b'{"id":' + b"[" * 100_000]
    found = rows(tmp_path, b"\n".join([*lines, b'{"id":{"x":1}}', b'{"id":7}']), "jsonl")
    refused = [item for item in found if isinstance(item, RejectedRow)]
    assert [(item.line, item.reason) for item in refused] == [
        (2, "bad_json"), (3, "bad_json"), (4, "bad_encoding"), (5, "bad_json"), (6, "bad_json"), (7, "wrong_type"),
    ]  # fmt: skip
    assert not any("secret" in item.detail for item in refused)


@pytest.mark.parametrize("words", ['[{"type":"bold"}]', '["a",["b"]]', "[" * 900 + "]" * 900, '{"a":1}'])
def test_a_list_of_objects_is_no_text(tmp_path: Path, words: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b'{"id":2,"words":"plain"}\n{"id":1,"words":%s}\n' % words.encode())
    table = inspect(file, "jsonl")
    good, refused = read(table, ("id", "words"))
    assert refused == RejectedRow(2, "wrong_type", "column 'words' holds an object or a nested list")
    assert good == (1, ("2", "plain"))
    assert table.values("words") == ["plain"]


@pytest.mark.parametrize(
    ("content", "form", "says"),
    [
        (b"", "csv", "is empty"),
        (b"\n \n", "jsonl", "is empty"),
        (gzip.compress(b"", mtime=0), "csv", "is empty"),
        (b"PK\x03\x04rest", "csv", "spreadsheet"),
        (b"BZh91AY", "jsonl", "other than gzip"),
        (b'{"id":1}\n', "csv", "suara import jsonl"),
        (b'[{"id":1}]', "csv", "suara import jsonl"),
        (b'[{"id":1}]', "jsonl", "jq -c"),
        (b"id,words\n1,a\n", "jsonl", "suara import csv"),
        (b"{oops\n{oops\n", "jsonl", "names no columns"),
        (b",,\n1,2,3\n", "csv", "names no columns"),
        (b"id,w\xf6rter\n1,a\n", "csv", "header is not UTF-8"),
        (PLAIN.encode("utf-16")[:-1], "csv", "not UTF-16"),
        (b'id,"words\n1,a\n', "csv", "header cannot be read: a quote is not closed"),
        (b"id," + b"x" * 2_000_000 + b"\n1,2\n", "csv", "header cannot be read"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, form: Format, says: str) -> None:
    assert says in refused(tmp_path, content, form)


def test_packed_data_that_end_too_early_say_where(tmp_path: Path) -> None:
    packed = gzip.compress(b"id,words\n1," + os.urandom(1_500_000).hex(",", 8).replace(",", "\n1,").encode(), 1)
    (tmp_path / "file").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="breaks off after line") as caught:
        list(read(inspect(tmp_path / "file", "csv"), ("id",)))
    assert caught.value.remedy == "Get the file again and import that: rows that were imported already are recognised."
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert "breaks off after line" in refused(tmp_path, bytes(damaged))
    assert "cannot be read" in refused(tmp_path, packed[:5])


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        inspect(tmp_path / "nowhere", "csv")
    with pytest.raises(InputError, match="directory"):
        inspect(tmp_path, "csv")
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    with pytest.raises(InputError, match="not a plain file"):
        inspect(tmp_path / "pipe", "csv")
    os.close(writer)
