"""The report shows values, intervals and remarks, and says what was not measured."""

import json

from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.fidelity.measure import Findings
from livetalk.evaluation.fidelity.options import FidelityOptions
from livetalk.evaluation.fidelity.report import as_json, direction, markdown

NAN = float("nan")
FOUND = Findings({"nbc": Estimate(NAN, NAN, NAN, 0), "fid_pytorchfid": Estimate(12.34567, 10, 14, 9)}, ["Said."])


def test_a_table_for_people() -> None:
    shown = markdown(FOUND)
    assert "| `fid_pytorchfid` | 12.35 | 10 to 14 | 9 | lower |" in shown
    assert "| `nbc` | not measured |  | 0 | higher |" in shown
    assert "- Said." in shown


def test_a_document_for_machines() -> None:
    found = json.loads(as_json(FOUND, FidelityOptions(seconds=5)))
    assert found["figures"]["nbc"]["value"] is None
    assert (found["remarks"], found["options"]["seconds"]) == (["Said."], 5)


def test_similarity_and_quality_are_better_when_higher() -> None:
    assert [direction(name) for name in ("csim_mean_dlib", "iqa_vlm", "fd_dlib", "drift_csim_60s")] == [
        "higher",
        "higher",
        "lower",
        "lower",
    ]
