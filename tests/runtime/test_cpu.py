"""The machine has a processor with a name, and at least one core for us."""

from livetalk.runtime.cpu import cores, processor


def test_the_processor_has_a_name_and_cores() -> None:
    assert processor()
    assert cores() >= 1
