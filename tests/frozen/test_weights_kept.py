"""Names and shapes of the bundled weights and keys of their metadata stay; how many bits a number has may change."""

from functools import partial

import pytest

from tests.helpers.frozen import BUNDLES, SCALE, decompress, load_tensors
from tests.helpers.recorded import differences


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_has_the_names_and_shapes_it_had(frozen, name: str) -> None:
    tensors, metadata = load_tensors(BUNDLES[name])
    shapes = {key: "x".join(map(str, t.shape)) for key, t in decompress(tensors).items() if not key.endswith(SCALE)}
    frozen.same(f"weights {name}", shapes)
    frozen.same(f"metadata {name}", dict.fromkeys(metadata, ""), partial(differences, more=True))
