"""A machine has a name, whatever it is."""

from livetalk.evaluation.table.machine import device_name, load, machine_name


def test_processor_cores_and_memory_are_named() -> None:
    assert " cores, " in machine_name()
    assert machine_name().endswith(" GB")
    assert device_name(None) == device_name("cpu")
    assert device_name("cuda:99") == "cuda:99"
    assert load() is None or load() >= 0  # type: ignore[operator]
