"""Names and shapes of the bundled weights and keys of their metadata stay; how many bits a number has may change."""

from functools import partial

import pytest
from safetensors import safe_open

from tests.helpers.frozen import BUNDLES, SCALE
from tests.helpers.recorded import differences


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_has_the_names_and_shapes_it_had(frozen, name: str) -> None:
    with safe_open(BUNDLES[name], "np") as file:
        keys = [key for key in file.keys() if not key.endswith(SCALE)]  # noqa: SIM118
        shapes = {key: "x".join(map(str, file.get_slice(key).get_shape())) for key in keys}
        metadata = dict.fromkeys(file.metadata() or {}, "")
    frozen.same(f"weights {name}", shapes)
    frozen.same(f"metadata {name}", metadata, partial(differences, more=True))
