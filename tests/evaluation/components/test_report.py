"""Reports hold what was measured, and nothing of what was not."""

import json
from xml.etree import ElementTree

import pytest

from livetalk.evaluation.components.report import ComponentReport, markdown, mean_points, svg
from livetalk.evaluation.components.streams import StreamPoint

STREAM = [StreamPoint(30.0 * k, 0.2 + 0.01 * k, 1.0 * k, 1.0, 0.9) for k in range(3)]
OTHER = [StreamPoint(30.0 * k, 0.3, 2.0 * k, 1.0, 0.7) for k in range(3)]


def test_points_of_people_are_averaged() -> None:
    mean = mean_points([STREAM, OTHER])
    assert [point.second for point in mean] == [0, 30, 60]
    assert mean[2].colour == 3
    assert mean[0].lips == pytest.approx(0.8)


def test_tables_and_json_hold_what_was_measured() -> None:
    report = ComponentReport(
        {"the system": {"lip_r_share": 0.9}}, {0: STREAM, 9: OTHER}, {"beside": 50.0, "after": 40.0}
    )
    text = markdown(report)
    assert "| the system | 0.9 | nan" in text
    assert "| 9 anchors, after 60 s | 0.3 | 4 | 1 | 0.7 |" in text
    assert "| decoding beside denoising | 50.0 |" in text
    document = json.loads(json.dumps(report.document()))
    assert document["streams"]["9"][1]["second"] == 30
    assert list(ComponentReport(None, None, {"beside": 1.0}).document()) == ["rates"]
    assert "anchors" not in markdown(ComponentReport(None, None, {"beside": 1.0}))


def test_the_plot_has_a_line_a_number_of_anchors_in_every_panel() -> None:
    drawn = ElementTree.fromstring(svg({0: STREAM, 9: OTHER}))
    assert len([node for node in drawn.iter() if node.tag.endswith("polyline")]) == 8
