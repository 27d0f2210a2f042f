"""Numbers of the recipe: light to import, each with one home."""

import subprocess
import sys

from livetalk.presets import FULL, MINIATURE, TINY
from livetalk.recipes.config import OdeTraining, dmd_optim
from livetalk.recipes.full import FullTraining


def test_configurations_load_no_torch() -> None:
    words = "import sys, livetalk.cli.train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], timeout=60).returncode == 0


def test_trajectories_can_be_thinned_to_the_students_steps() -> None:
    for preset in (TINY, MINIATURE, FULL):
        assert preset.teacher_steps % preset.steps == 0


def test_the_published_recipe_differs_where_the_paper_says_so() -> None:
    full, ours = FullTraining(), OdeTraining()
    assert full.ode.guidance != ours.guidance
    assert (full.dmd.generator.lr, full.dmd.generator.ema_from) == (4e-6, 40)
    assert full.dmd.critic == dmd_optim(8e-7)
