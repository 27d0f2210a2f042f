"""The paper's rows stand as they were published."""

from livetalk.evaluation.table.paper import COLUMNS, published_rows


def test_rows_are_complete() -> None:
    for data in ("hdtf", "avspeech", "celebvhq"):
        rows = published_rows(data)
        assert [len(row.numbers) for row in rows] == [len(COLUMNS)] * 7
        assert rows[-1].system == "LiveTalk (1.3B)"
    assert published_rows("hdtf")[-1].numbers == (24.82, 0.33, 13.68, 190.07, 4.50, 11.00, 4.13, 2.52)


def test_other_sets_have_none() -> None:
    assert published_rows("renders") == []
