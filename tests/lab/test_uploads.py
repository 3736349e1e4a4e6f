"""Every way in which a table can be unfit has its own plain sentence, and nothing else is ever raised."""

import hashlib
import os
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.datasets import uploaded
from lab.datasets.choose import load
from lab.datasets.dataset import UnfitData
from lab.datasets.own import own
from lab.datasets.uploaded import check_csv, check_target, load_upload, save

FLOWERS = ["rose", "tulip", "daisy"]


def csv_of(rows=40, header="height,colour,label", line=lambda i: f"{i * 0.37 % 5:.2f},{'rgb'[i % 3]},{FLOWERS[i % 3]}"):
    return "\n".join([header, *(line(row) for row in range(rows))]).encode()


def numbers(rows, columns, separator=","):
    cells = np.random.default_rng(0).normal(size=(rows, columns)).round(3)
    names = separator.join(f"c{number}" for number in range(columns))
    return "\n".join([names, *(separator.join(map(str, row)) for row in cells)]).encode()


def test_a_good_table():
    table = check_csv(csv_of(), "flowers.csv")
    assert [(column.name, column.kind) for column in table.columns] == [
        ("height", "numeric"), ("colour", "categorical"), ("label", "categorical"),
    ]  # fmt: skip
    assert table.notes == ()
    assert table.digest == hashlib.sha256(csv_of()).hexdigest()
    np.testing.assert_allclose(table.frame["height"], [round(i * 0.37 % 5, 2) for i in range(40)])


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
UNFIT = {
    "empty": (b"", "The file is empty"),
    "blank": (b"\n \n\t\n", "The file is empty"),
    "large": (b"a,b\n" + b"1,2\n" * 1_300_000, r"has 5\.2 MB; at most 5 MB"),
    "many rows": (b"a,b\n" + b"1,2\n" * 20_001, "more than 20,000 rows"),
    "few rows": (csv_of(19), "has 19 rows of data; at least 20"),
    "names only": (b"a,b\n", "has 0 rows of data"),
    "one column": (b"a\n" + b"1\n" * 30, "only one column"),
    "spaces": (b"a b\n" + b"1 2\n" * 30, "only one column"),
    "picture": (PNG, "not a text file"),
    "nul byte": (csv_of() + b"\n1,\x00,rose", "not a text file"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    "short row": (csv_of() + b"\n1,g", "Line 42 has 2 values, but there are 3 column names"),
    "long row": (csv_of() + b"\n1,g,rose,x", "Line 42 has 4 values"),
    "same names": (csv_of(header="height,colour,height"), 'Two columns are called "height"'),
    "wide": (numbers(30, 201), "has 201 columns; at most 200"),
    "empty column": (csv_of(line=lambda i: f"{i},,rose"), 'The column "colour" has no values at all'),
    "no header": (b"1.5,2\n" * 30, "The first row holds values, not column names"),
    "no header, gap": (b"1.5,\n" + b"1,2\n" * 30, "The first row holds values"),
    "open quote": (csv_of() + b'\n1,"g,rose', "cannot be read as CSV"),
    "quote inside": (csv_of() + b'\n1,"g"h,rose', "Line 42 cannot be read as CSV"),
    "endless cell": (csv_of() + b'\n1,"' + b"x" * 200_000 + b'",rose', "cannot be read as CSV"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_tables_are_told_apart(case):
    data, sentence = UNFIT[case]
    with pytest.raises(UnfitData, match=sentence) as caught:
        check_csv(data, "table.csv")
    assert str(caught.value).endswith(".")


def test_a_spreadsheet_is_named_as_such():
    with pytest.raises(UnfitData, match="Save it as CSV"):
        check_csv(b"PK\x03\x04" + bytes(50), "Table.XLSX")


def test_limits_are_inclusive():
    assert len(check_csv(b"a,b\n" + b"1.5,2\n" * 20_000, "").frame) == 20_000
    assert len(check_csv(numbers(20, 200), "").columns) == 200


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_byte_order_marks(separator, ending, mark):
    text = mark + numbers(25, 3, separator).decode().replace("\n", ending) + ending
    frame = check_csv(text.encode(), "").frame
    expected = np.random.default_rng(0).normal(size=(25, 3)).round(3)
    assert list(frame.columns) == ["c0", "c1", "c2"]
    np.testing.assert_allclose(frame, expected)


def test_decimal_commas_are_read_and_noted():
    table = check_csv(csv_of(header="a;b", line=lambda i: f"{i},5;{i % 4}"), "")
    np.testing.assert_allclose(table.frame["a"], np.arange(40) + 0.5)
    assert any("decimal commas" in note for note in table.notes)


def test_quoted_separators_and_line_breaks_stay_inside_their_cell():
    table = check_csv(csv_of(header='"a, b";label', line=lambda i: f'{i % 7};"one; two\n""{"xy"[i % 2]}"""'), "")
    assert table.columns[0].name == "a, b"
    assert set(table.frame["label"]) == {'one; two\n"x"', 'one; two\n"y"'}


def test_latin_1_is_read_and_noted():
    data = "größe,label\n".encode("latin-1") + b"".join(f"{i % 9},{'äö'[i % 2]}\n".encode("latin-1") for i in range(30))
    table = check_csv(data, "")
    assert table.columns[0].name == "größe" and set(table.frame["label"]) == {"ä", "ö"}
    assert "Latin-1" in table.notes[0]


def test_gaps_in_every_spelling():
    spellings = ["", "NA", "n/a", "NaN", "null", "None", "?", "-"]
    lines = [*spellings, *"abcabcabcabcabcabcabc"]
    table = check_csv(
        csv_of(len(lines), "x,y,kind", lambda i: f"{i % 5},{lines[i] if i < 8 else i / 2},{lines[i]}"), ""
    )
    assert [column.missing for column in table.columns] == [0, 8, 8]
    assert table.columns[1].kind == "numeric"


def test_a_few_words_among_numbers_are_noted():
    table = check_csv(csv_of(line=lambda i: f"{'12 kg' if i == 3 else i % 7},r,rose"), "")
    assert table.columns[0].kind == "categorical"
    assert '1 of its values are not numbers, such as "12 kg"' in table.notes[0]


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "TRUE", "1,5", "--1"])
def test_what_is_not_a_number(cell):
    table = check_csv(csv_of(line=lambda i: f'"{cell}",{"rg"[i % 2]},rose'), "")
    assert table.columns[0].kind == "categorical"


def test_columns_that_single_out_rows_are_not_inputs():
    header = "id,day,name,height,label"
    day = ["2026-03-{:02d}", "{}.3.2026", "3/{}/26", "2026/3/{} 12:30:01"]
    for form in day:
        data = csv_of(
            header=header, line=lambda i, form=form: f"{i},{form.format(i % 28 + 1)},n{i},{i % 7},{FLOWERS[i % 3]}"
        )
        table = check_csv(data, "")
        assert [column.kind for column in table.columns] == [
            "identifier",
            "date",
            "identifier",
            "numeric",
            "categorical",
        ]
        assert sum("not used as an input" in note for note in table.notes) == 3
        assert own(table, "label").input_names == ("height",)


def test_a_nameless_first_column_gets_a_name():
    table = check_csv(csv_of(header=",colour,label"), "")
    assert table.columns[0].name == "column 1"
    assert "has no name" in table.notes[0]


def targets_of(values, others=lambda i: i % 7):
    return check_csv(csv_of(len(values), "x,y", lambda i: f"{others(i)},{values[i]}"), "")


def test_text_and_few_whole_numbers_are_classes():
    text = check_target(targets_of([FLOWERS[i % 3] for i in range(30)]), "y")
    assert (text.task, text.class_names) == ("classification", ("daisy", "rose", "tulip"))
    np.testing.assert_array_equal(text.targets[:3], [1, 2, 0])
    whole = check_target(targets_of([i % 3 - 1 for i in range(30)]), "y")
    assert (whole.task, whole.class_names) == ("classification", ("-1", "0", "1"))


def test_many_or_fractional_numbers_are_a_quantity():
    fractions = check_target(targets_of([i % 3 + 0.5 for i in range(30)]), "y")
    assert (fractions.task, fractions.class_names) == ("regression", ())
    assert check_target(targets_of([i % 11 for i in range(33)]), "y").task == "regression"
    assert check_target(targets_of([i % 10 for i in range(30)]), "y").task == "classification"


def test_rows_without_a_target_are_dropped_with_a_note():
    table = targets_of(["" if i % 4 == 0 else "ab"[i % 2] for i in range(40)])
    target = check_target(table, "y")
    np.testing.assert_array_equal(target.rows, [i for i in range(40) if i % 4])
    assert target.notes == ('10 rows without a value of "y" are left out.',)
    data = own(table, "y", seed=2)
    assert set(data.train_rows) | set(data.test_rows) == set(target.rows)
    raw = np.array([i % 7 for i in range(40)])[data.train_rows]
    np.testing.assert_allclose(data.train_inputs[:, 0], (raw - raw.mean()) / raw.std(), atol=1e-5)
    letters = np.array(["ab"[i % 2] for i in range(40)])
    np.testing.assert_array_equal(np.array(data.class_names)[data.train_targets], letters[data.train_rows])


UNFIT_TARGETS = {
    "one class": (["a"] * 30, 'same value in every row'),
    "one number": (["3.5"] * 30, "same value in every row"),
    "lonely class": (["a", *("bc"[i % 2] for i in range(29))], 'The class "a" of "y" has one row only'),
    "too many classes": ([f"t{i % 31}" for i in range(93)], "31 different texts; at most 30"),
    "infinite": (["inf", *(i / 3 for i in range(30))], "infinite or enormous"),
    "enormous": (["1e300", *(i / 3 for i in range(30))], "infinite or enormous"),
    "mostly missing": ([i / 3 if i % 3 == 0 else "" for i in range(60)], "is missing in 40 of 60 rows"),
    "few left": ([i / 3 if i < 19 else "" for i in range(30)], "Only 19 rows have a value"),
    "dates": ([f"2026-01-{i % 28 + 1:02d}" for i in range(60)], "holds dates"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT_TARGETS)
def test_unfit_targets_are_told_apart(case):
    values, sentence = UNFIT_TARGETS[case]
    with pytest.raises(UnfitData, match=sentence) as caught:
        check_target(targets_of(values), "y")
    assert str(caught.value).endswith(".")


def test_a_target_must_be_a_column_and_leave_something_to_predict_it_from():
    table = targets_of([FLOWERS[i % 3] for i in range(30)], others=lambda i: f"name {i}")
    for column in ("", "z", "../y"):
        with pytest.raises(UnfitData, match='Choose the column to predict, one of "x", "y"'):
            check_target(table, column)
    with pytest.raises(UnfitData, match='nothing to predict "y" from'):
        own(table, "y")


def test_own_data_against_pandas(tmp_path):
    table = check_csv(csv_of(60), "flowers.csv")
    save(table, tmp_path)
    data = load("own", upload=table.digest, target="label", uploads=tmp_path, seed=4)
    frame = pd.read_csv(tmp_path / f"{table.digest}.csv")
    height, train = frame["height"], frame["height"].iloc[data.train_rows]
    expected = np.column_stack(
        [(height - train.mean()) / train.std(ddof=0), *(frame["colour"] == colour for colour in "bgr")]
    )
    assert data.input_names == ("height", "colour = b", "colour = g", "colour = r")
    np.testing.assert_allclose(data.train_inputs, expected[data.train_rows].astype(float), atol=1e-5)
    np.testing.assert_allclose(data.test_inputs, expected[data.test_rows].astype(float), atol=1e-5)
    with pytest.raises(UnfitData, match="Choose the column"):
        load("own", upload=table.digest, uploads=tmp_path)


def test_the_same_content_is_stored_once_and_read_back(tmp_path):
    table = check_csv(csv_of(), "a.csv")
    assert save(table, tmp_path) == save(check_csv(csv_of(), "another name.csv"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{table.digest}.csv"]
    again = load_upload(table.digest, tmp_path)
    pd.testing.assert_frame_equal(again.frame, table.frame)
    assert (again.columns, again.notes, again.digest) == (table.columns, table.notes, table.digest)


@pytest.mark.parametrize("digest", ["", "../secret", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 64, "/etc/passwd"])
def test_only_a_stored_digest_opens_a_file(tmp_path, digest):
    (tmp_path / "secret").write_bytes(csv_of())
    (tmp_path / "secret.csv").write_bytes(csv_of())
    (tmp_path / "uploads").mkdir()
    with pytest.raises(UnfitData, match="no longer stored"):
        load_upload(digest, tmp_path / "uploads")


def test_what_is_no_digest_never_touches_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(uploaded.Path, "read_bytes", lambda path: pytest.fail(f"read {path}"))
    for name in ("", "../secret", "a" * 64 + "\n", "A" * 64):
        with pytest.raises(UnfitData, match="no longer stored"):
            load_upload(name, tmp_path)


def test_a_changed_file_is_not_trusted(tmp_path):
    path = save(check_csv(csv_of(), ""), tmp_path)
    path.write_bytes(csv_of(41))
    with pytest.raises(UnfitData, match="no longer stored"):
        load_upload(path.stem, tmp_path)


def test_the_files_read_longest_ago_go_first(tmp_path, monkeypatch):
    monkeypatch.setattr(uploaded, "MAX_STORED_FILES", 3)
    tables = [check_csv(csv_of(30 + number), "") for number in range(4)]
    for age, table in enumerate(tables[:3]):
        os.utime(save(table, tmp_path), (1000 + age, 1000 + age))
    load_upload(tables[0].digest, tmp_path)  # the oldest is read, hence the youngest now
    save(tables[3], tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {tables[number].digest for number in (0, 2, 3)}


def test_a_failing_write_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(handle):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        save(check_csv(csv_of(), ""), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_savers_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(uploaded, "MAX_STORED_FILES", 2)
    tables, failures = [check_csv(csv_of(30 + number), "") for number in range(6)], []

    def work(table):
        try:
            for _ in range(10):
                save(table, tmp_path)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(table,)) for table in tables]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in tmp_path.iterdir())


FUZZ = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
CELLS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", "1", "1e999", "-0", "9" * 400, "٣", "1,5", '"', "2026-01-01", "nan", "\x00", "\ud7ff", "= 1"]),
    st.floats().map(str),
)


def tries_everything(data: bytes) -> None:
    """Check, choose each column as a target, and prepare: UnfitData with a sentence is the only way out."""
    try:
        table = check_csv(data, "fuzz.csv")
    except UnfitData as error:
        assert len(str(error)) > 20
        return
    for column in table.columns:
        try:
            prepared = own(table, column.name)
        except UnfitData:
            continue
        assert np.isfinite(prepared.train_inputs).all() and np.isfinite(prepared.test_inputs).all()
        assert np.isfinite(prepared.train_targets).all()


@FUZZ
@given(st.binary(max_size=2000))
def test_random_bytes(data):
    tries_everything(data)


@FUZZ
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_random_tables(rows, separator):
    lines = [separator.join(row) for row in rows * 25]
    tries_everything(("a,b,c\n".replace(",", separator) + "\n".join(lines)).encode("utf-8", "replace"))


@FUZZ
@given(st.integers(0, 600), st.binary(max_size=3))
def test_a_good_table_with_a_spoiled_spot(place, bytes_there):
    data = csv_of()
    tries_everything(data[:place] + bytes_there + data[place + 1 :])
