"""Cells, rows and batches of files: read back as they were written, and refused in words."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.bulk.rules import cells
from tradewind.bulk.rules.batches import MOST_TOGETHER, Batch, batches
from tradewind.bulk.rules.cells import BadCell
from tradewind.bulk.rules.products import FORM
from tradewind.bulk.rules.seen import Seen
from tradewind.bulk.rules.sheet import Row, Sheet, written
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.money import Money

NAIROBI = ZoneInfo("Africa/Nairobi")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = TEXT.map(str.strip).filter(bool)


def sheet(text: str | bytes) -> Sheet:
    raw = text if isinstance(text, bytes) else text.encode()
    return Sheet(io.BytesIO(raw), FORM.canonical)


def read(text: str | bytes) -> list[Row]:
    return list(sheet(text))


def cut(text: str, position: int = 0) -> list[Batch]:
    return list(batches(sheet(text), FORM, position))


@given(TEXT)
def test_no_text_becomes_a_formula_and_all_come_back(text: str) -> None:
    cell = cells.guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cells.unguarded(cell) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'=1", "''-"])
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(text: str) -> None:
    assert cells.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["'tis", "don't", "", "5-1", "''"])
def test_other_apostrophes_are_let_be(text: str) -> None:
    assert cells.guarded(text) == text
    assert cells.unguarded(text) == text


@given(st.lists(st.tuples(NAMES, TEXT, TEXT), max_size=8))
def test_rows_come_back_as_they_were_written(rows: list[tuple[str, str, str]]) -> None:
    found = read(written([("handle", "title", "description"), *rows]))
    assert [tuple(row.cells.values()) for row in found] == rows
    assert not any(row.fault for row in found)


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=4))
def test_paths_come_back_as_they_were_written(paths: list[tuple[str, ...]]) -> None:
    assert cells.paths(cells.paths_listed(paths)) == paths


@given(st.lists(NAMES, max_size=4))
def test_lists_come_back_as_they_were_written(texts: list[str]) -> None:
    assert cells.parts(cells.listed(texts)) == texts


@given(st.integers(0, 10**12), st.sampled_from(["KES", "UGX", "KWD"]))
def test_amounts_come_back_as_they_were_written(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert cells.amount(cells.major(money), currency, comma=False) == money
    assert Decimal(cells.major(money)) == money.major()


@pytest.mark.parametrize(
    ("text", "currency", "comma", "minor"),
    [
        ("1250.5", "KES", False, 125050),
        (" 1250 ", "KES", False, 125000),
        ("0", "KES", False, 0),
        ("1250,50", "KES", True, 125050),
        ("100", "UGX", False, 100),
        ("0.125", "KWD", False, 125),
        ("24.990", "KES", False, 2499),
        ("1,250", "KWD", True, 1250),
    ],
)
def test_an_amount_is_read_in_major_units(
    text: str, currency: str, minor: int, *, comma: bool
) -> None:
    assert cells.amount(text, currency, comma=comma) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1,250.50", "KES", "invalid"),
        ("1250,50", "KES", "invalid"),
        ("1e5", "KES", "invalid"),
        ("-1", "KES", "invalid"),
        ("NaN", "KES", "invalid"),
        ("١٢", "KES", "invalid"),
        ("KES 5", "KES", "invalid"),
        ("1.005", "KES", "too_many_decimals"),
        ("0.5", "UGX", "too_many_decimals"),
        ("99999999999999", "KES", "out_of_range"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str, code: str) -> None:
    with pytest.raises(BadCell) as refused:
        cells.amount(text, currency, comma=False)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["1.250", "1,250", "12.000"])
@pytest.mark.parametrize("currency", ["KES", "UGX"])
def test_where_a_comma_may_be_the_point_thousands_are_not_taken_for_units(
    text: str, currency: str
) -> None:
    with pytest.raises(BadCell) as refused:
        cells.amount(text, currency, comma=True)
    assert refused.value.code == "ambiguous"


def test_a_time_without_a_zone_is_in_the_stores() -> None:
    assert cells.moment("2026-12-24", NAIROBI) == datetime(2026, 12, 23, 21, tzinfo=UTC)
    at = cells.moment("2026-12-24T18:00:00+02:00", NAIROBI)
    assert cells.moment_text(at) == "2026-12-24T16:00:00Z"
    with pytest.raises(BadCell):
        cells.moment("24/12/2026", NAIROBI)


@pytest.mark.parametrize(
    "text",
    [
        "handle,sku,title\ntea,T,Tea\n",
        "\ufeffhandle,sku,title\r\ntea,T,Tea\r\n",
        "handle;sku;title\r\ntea;T;Tea\r\n",
        "sep=;\r\nhandle;sku;title\r\ntea;T;Tea",
        "handle\tsku\ttitle\ntea\tT\tTea",
        'Handle , SKU,TITLE\n"tea",T,"Tea"\n',
        "title,handle,sku,,\nTea,tea,T,,\n",
    ],
)
def test_a_file_is_read_however_it_was_saved(text: str) -> None:
    (row,) = read(text)
    assert (row.cells["handle"], row.cells["sku"], row.cells["title"]) == ("tea", "T", "Tea")
    assert row.fault is None
    assert row.end == len(text.encode())


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    text = 'handle,sku,description\na,1,"two\nlines"\n\n,,\nb,2,\n'
    assert [(row.number, row.cells["handle"]) for row in read(text)] == [(2, "a"), (5, "b")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"tea,T,Caf\xe9\n", "wrong_encoding"),
        (b"tea,T,\0\n", "invalid"),
        (b"tea,T,Tea,more\n", "too_many_cells"),
        (b'tea,T,"Tea"x\n', "malformed"),
        (b'tea,T,"Tea', "malformed"),
    ],
)
def test_a_row_that_cannot_be_read_says_so_and_the_next_one_is_read(line: bytes, code: str) -> None:
    first, *others = read(b"handle,sku,title\n" + line + b"mug,M,Mug\n")
    assert first.fault is not None
    assert first.fault.code == code
    if not line.endswith(b'"Tea'):
        assert [row.cells["handle"] for row in others] == ["mug"]


def test_a_cell_may_be_as_long_as_a_row() -> None:
    cell = "x" * 999_999
    rows = read(f'handle,sku,description\na,1,{cell}\nb,2,"{cell}\n"\n')
    assert [(row.fault, len(row.cells["description"])) for row in rows] == [
        (None, 999_999),
        (None, 1_000_000),
    ]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_row_that_is_too_long_is_passed_over_where_its_end_is_certain(quote: str) -> None:
    text = f"handle,sku,title\na,1,A\nb,2,{quote}{'x' * (3 << 20)}{quote}\nc,3,C\n"
    rows = read(text)
    assert [(row.number, row.cells["handle"]) for row in rows] == [(2, "a"), (3, ""), (4, "c")]
    assert rows[1].fault is not None
    assert rows[1].fault.code == "too_long"
    assert rows[-1].end == len(text)


@pytest.mark.parametrize(
    "row", ['b,2,"' + "line\n" * (1 << 19) + '"\n', 'b,"2,B\n' + "c,3,C\n" * (1 << 19)]
)
def test_a_row_whose_end_is_not_certain_ends_the_file(row: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(f"handle,sku,title\na,1,A\n{row}d,4,D\n")
    assert [one.message for one in refused.value.errors] == [
        "Row 3 is longer than 1 MB, or a quotation mark is missing."
    ]


@pytest.mark.parametrize("file", ["handle,sku\n".encode("utf-16-le"), b"PK\x03\x04\0\0\n"])
def test_zero_bytes_in_the_header_mean_another_encoding(file: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        sheet(file)
    assert [one.code for one in refused.value.errors] == ["wrong_encoding"]


def test_a_line_without_an_end_is_not_taken_into_memory() -> None:
    with pytest.raises(InvalidInput, match="cannot be imported"):
        read(b"handle,sku\n" + b"x" * (1 << 21))


def test_rows_of_a_product_are_one_group_and_what_comes_again_is_refused() -> None:
    text = "handle,sku\na,1\na,2\nb,1\na,3\n"
    (batch,) = cut(text)
    assert [[row.number for row in group.rows] for group in batch.groups] == [[2, 3], [4], [5]]
    found = [(e.row, e.column, e.code) for group in batch.groups for e in group.errors]
    assert found == [(4, "sku", "repeated"), (5, "handle", "repeated")]


def test_a_row_that_cannot_be_read_belongs_to_the_product_it_stands_in() -> None:
    (batch,) = cut('handle,sku\na,1\na,"2"x\na,3\nb,4\n')
    assert [group.size for group in batch.groups] == [3, 1]
    assert [error.code for error in batch.groups[0].errors] == ["malformed"]


def test_batches_go_on_behind_any_group_and_remember_what_came_before() -> None:
    text = "handle,sku\n" + "".join(f"h{n},s{n}\n" for n in range(1200)) + "x,S7\n"
    whole = cut(text)
    assert [len(batch.groups) for batch in whole] == [500, 500, 201]
    rest = cut(text, whole[0].end)
    assert [(batch.start, batch.end) for batch in rest] == [(b.start, b.end) for b in whole[1:]]
    assert [error.code for error in rest[-1].groups[-1].errors] == ["repeated"]
    assert cut(text, whole[-1].end) == []


def test_a_product_with_too_many_rows_is_refused_without_keeping_them() -> None:
    many = "".join(f"a,s{n}\n" for n in range(MOST_TOGETHER)) + "a,s1\n" * 10
    text = f"handle,sku\n{many}b,1\n"
    first, second = cut(text)[0].groups[0], cut(text)[-1].groups[-1]
    assert (first.size, len(first.rows)) == (MOST_TOGETHER + 10, MOST_TOGETHER)
    assert [error.code for error in first.errors] == ["too_many"]
    assert second.rows[0].cells["handle"] == "b"


def test_a_batch_has_no_more_bytes_than_fit_into_memory() -> None:
    long = "x" * 100_000
    text = "handle,description\n" + "".join(f"p{n},{long}\n" for n in range(200))
    sizes = [one.end - one.start for one in cut(text)]
    assert len(sizes) == 3
    assert max(sizes) < 9 << 20


@given(st.lists(TEXT, max_size=200))
def test_what_was_seen_is_known_again(texts: list[str]) -> None:
    seen, kept = Seen(), set[str]()
    for text in texts:
        assert seen.add(text) == (text not in kept)
        kept.add(text)


def test_what_was_seen_takes_few_bytes() -> None:
    seen = Seen()
    assert sum(seen.add(str(number)) for number in range(50_000)) == 50_000
    assert not any(seen.add(str(number)) for number in range(50_000))
    assert len(seen._slots) * 8 <= 50_000 * 32
