"""The report holds every figure with its interval, what is missing with its reason, and the paper's rows as such."""

import json

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.report import absent, document, markdown, shown
from tests.helpers.table_reports import NAN, a_report


def test_the_page_shows_values_intervals_and_what_is_best() -> None:
    page = markdown(a_report())
    assert "| | one_50% | two | truth |" in page
    assert "| `fid_pytorchfid` ↓ | 13 [12, 14] | **11 [10, 12]** | – |" in page
    assert "| `sync_c` ↑ | 4.5 [3.5, 5.5] | – | 8 [7, 9] |" in page  # one system and the truth: nothing is best
    assert "| `iqa` ↑ | – | not to be told | – |" in page
    assert "| clips made | 1 of 2 | 2 of 2 | 2 of 2 |" in page
    assert "| frames a second ↑ | 24 [23, 25] | – | – |" in page
    assert "timed alone and warm on a GPU, n = 2, load 1.2" in page


def test_the_page_says_what_failed_and_what_is_missing() -> None:
    page = markdown(a_report())
    assert "failed at hdtf/b: it broke & ended" in page
    assert "Skipped while drawing: c is silent." in page
    assert "not measured: `fid`, `fvd`: the truth is what it is measured against." in page
    assert "not measured: `iqa`, `ase`: needs Q-Align" in page
    assert "- crops by a light tracker" in page


def test_without_truth_nothing_is_held_against_it() -> None:
    block = a_report().sets[0].blocks[0]
    assert absent(block.rows[1], has_truth=False)["fvd"] == "there is no truth to measure it against"
    assert "no truth" in markdown(a_report(has_truth=False))


def test_the_papers_rows_are_apart_and_marked() -> None:
    page = markdown(a_report())
    assert "| as published, another protocol | FPS | first frame s | FID |" in page
    assert "| LiveTalk (1.3B) | 24.82 | 0.33 | 13.68 |" in page
    assert "as published" not in markdown(a_report("renders"))


def test_the_document_is_json_with_all_of_it() -> None:
    held = json.loads(json.dumps(document(a_report()), allow_nan=False))
    block = held["sets"][0]["blocks"][0]
    assert block["best"] == {"fid_pytorchfid": "two"}
    assert block["rows"][0]["figures"]["sync_c"] == {"value": 4.5, "low": 3.5, "high": 5.5, "n": 2}
    assert block["rows"][0]["speed"]["first_frame"] == {"value": 0.3, "low": None, "high": None, "n": 1}
    assert block["rows"][0]["failed"] == {"hdtf/b": "it broke & ended"}
    assert held["sets"][0]["published"][0]["note"] == "as published, another protocol"
    assert held["machine"] == "a GPU, 8 cores"


def test_one_clip_has_no_interval() -> None:
    assert shown(Estimate(3.14159, NAN, NAN, 1)) == "3.14"
