"""Photographed-looking heads keep the promises of rendered ones, with made-up assets."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.cli.console import ASSETS
from livetalk.data.arkit import INDEX
from livetalk.data.heads import HeadRenderer, sample_look
from livetalk.data.heads.mesh import Person, load_asset
from livetalk.data.heads.painted import PaintedScene
from livetalk.data.heads.photo import avatars, light
from livetalk.data.heads.photo.anatomy import make_anatomy
from livetalk.data.heads.photo.asset_pack import pack_assets
from livetalk.data.heads.photo.closet import Closet, parse_fastening, read_radiance
from livetalk.data.heads.photo.fasten import base_points, worn
from livetalk.data.heads.photo.outfit import LASHES, TEETH, calmed, names_of_all, sample_outfit
from tests.helpers.free_assets import SPANS, make_assets, panorama

REST, STILL = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_assets(tmp_path_factory.mktemp("assets"))


@pytest.fixture(scope="module")
def renderer(folder: Path) -> Iterator[HeadRenderer]:
    try:
        one = HeadRenderer(96, assets=folder)
    except ValueError as error:
        if "OpenGL" not in str(error):
            raise
        pytest.skip(f"no EGL here: {error}")
    yield one
    one.close()


def test_same_seed_same_picture(renderer: HeadRenderer) -> None:
    pictures = []
    for seed in (3, 4, 3):
        renderer.dress(sample_look(seed))
        pictures.append(renderer.render(REST, STILL))
    assert np.array_equal(pictures[0], pictures[2])
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5


def test_truth_is_that_of_the_head_that_is_drawn(renderer: HeadRenderer, folder: Path) -> None:
    renderer.dress(sample_look(3))
    assert renderer.person is not None
    own = Person(calmed(sample_look(3)))
    count = len(own.points)
    assert np.allclose(renderer.person.points[:count], own.points, atol=1e-5)
    jaw = REST.copy()
    jaw[0, INDEX["jawOpen"]] = 0.5
    assert renderer.opening(jaw) == pytest.approx(own.lip_gap(jaw) / own.between_eyes, rel=1e-4)
    mouth = renderer.boxes(REST, STILL)[0, 2]
    shut, open_ = renderer.render(REST, STILL)[0].astype(int), renderer.render(jaw, STILL)[0].astype(int)
    rows, columns = np.nonzero(np.abs(open_ - shut).max(2) > 60)
    assert np.hypot(np.median(rows) - mouth[1], np.median(columns) - mouth[0]) < 15


def test_grain_moves_and_nothing_else_does(renderer: HeadRenderer) -> None:
    renderer.dress(sample_look(5))
    one, two = renderer.render(np.repeat(REST, 2, 0), np.repeat(STILL, 2, 0)).astype(int)
    assert 0 < np.abs(one - two).mean() < 6


def test_an_outfit_follows_from_the_seed() -> None:
    rooms = ("a", "b", "c")
    assert sample_outfit(sample_look(7), rooms) == sample_outfit(sample_look(7), rooms)
    outfits = [sample_outfit(sample_look(seed), rooms) for seed in range(60)]
    assert {outfit.surroundings for outfit in outfits} == set(rooms)
    assert len({outfit.skin for outfit in outfits}) > 6
    known = names_of_all()
    assert {outfit.hair for outfit in outfits} <= {*known["hair"], ""}
    assert {outfit.brows for outfit in outfits} <= set(known["eyebrows"])


def test_avatars_are_drawn_from_what_outfits_may_use() -> None:
    known = names_of_all()
    for role in avatars.ROLES.values():
        look, outfit = avatars.dressed(role)
        assert look.is_man == role.man
        assert outfit.skin in known["skins"]
        assert {outfit.hair, outfit.cloth, outfit.eyes} <= {*known["hair"], *known["clothes"], *known["eyes"]}
        assert outfit.brows in known["eyebrows"]


def test_bundled_avatars_are_the_cast_and_small() -> None:
    bundled = {path.stem: path for path in (ASSETS / "avatars").glob("*.jpg")}
    assert sorted(bundled) == sorted(avatars.ROLES)
    for path in bundled.values():
        assert path.stat().st_size <= 100_000
        with Image.open(path) as picture:
            assert picture.size == (512, 512)


def test_a_jpeg_fits() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    assert len(avatars.as_jpeg(noise, 6_000)) <= 6_000
    assert len(avatars.as_jpeg(noise, 90_000)) > 6_000


def test_an_outfit_needs_assets() -> None:
    with pytest.raises(ValueError, match="needs the assets"):
        PaintedScene.chosen(PaintedScene.__new__(PaintedScene), *avatars.dressed(avatars.ROLES["ada"]))


def test_a_folder_without_assets_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no assets of people"):
        Closet(tmp_path)


def test_a_pack_shows_what_the_folder_shows(renderer: HeadRenderer, folder: Path, tmp_path: Path) -> None:
    size = pack_assets(Closet(folder), tmp_path / "assets.pack")
    assert size == (tmp_path / "assets.pack").stat().st_size
    packed = HeadRenderer(96, assets=tmp_path / "assets.pack")
    renderer.dress(sample_look(3))
    packed.dress(sample_look(3))
    assert np.array_equal(packed.render(REST, STILL), renderer.render(REST, STILL))
    packed.close()


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"hair/none/none\.obj is missing"):
        Closet(folder).mesh("hair/none/none")


def test_added_parts_move_like_the_parts_they_replace(folder: Path) -> None:
    anatomy, own = make_anatomy(Closet(folder), LASHES, TEETH), load_asset()
    asset, jaw = anatomy.asset, INDEX["jawOpen"]
    new = np.arange(len(asset.points)) >= anatomy.old
    lower = new & (asset.kind == 2) & (asset.columns[:, 1] < 0.5)
    upper = new & (asset.kind == 2) & (asset.columns[:, 1] > 0.5)
    before = (own.kind == 2) & (own.columns[:, 1] < 0.5)
    assert asset.action[jaw, lower, 1].mean() == pytest.approx(own.action[jaw, before, 1].mean(), abs=0.1)
    assert np.abs(asset.action[jaw, upper]).max() < 0.05
    assert np.array_equal(asset.points[: anatomy.old], own.points)


def test_a_mesh_goes_with_the_head_it_is_fastened_to(folder: Path) -> None:
    mesh = Closet(folder).fastened("hair/bob01/bob01")
    points = load_asset().points
    moved = worn(mesh, base_points(points + np.float32(0.3))) - worn(mesh, base_points(points))
    assert np.allclose(moved, 0.3, atol=1e-4)


def test_fastenings_of_both_forms_are_read() -> None:
    spans, rows = parse_fastening(
        f"# a comment\n{SPANS}verts 0\n12\n1 2 3 0.5 0.25 0.25 0.1 0.2 0.3\ndelete_verts\n7\n"
    )
    assert spans[1] == (791, 881, 2.3)
    assert rows.tolist() == [[12, 0, 0, 1, 0, 0, 0, 0, 0], [1, 2, 3, 0.5, 0.25, 0.25, 0.1, 0.2, 0.3]]


def test_packed_and_plain_panoramas_are_the_same() -> None:
    plain = read_radiance(panorama())
    head, body = panorama()[: -256 * 512 * 4], np.frombuffer(panorama()[-256 * 512 * 4 :], np.uint8)
    packed = b""
    for row in body.reshape(256, 512, 4):
        packed += bytes((2, 2, 2, 0))
        for channel in row.T:
            packed += b"".join(bytes((128, *part)) for part in channel.reshape(4, 128))
    assert np.array_equal(read_radiance(head + packed), plain)
    assert plain[0, 0] == pytest.approx(np.array([90, 100, 110]) / 256)


def test_the_window_is_the_main_light_and_nothing_is_lost() -> None:
    found = light.measure(read_radiance(panorama()))
    assert found.key_way[0] < -0.2
    assert found.key_way[2] > 0.5
    even = light.measure(np.ones((256, 512, 3)))
    assert even.matt(np.array([0.0, 0.6, 0.8])) == pytest.approx(1, abs=0.05)


def test_exposure_brings_a_white_face_to_its_level() -> None:
    shown = light.exposed(light.measure(read_radiance(panorama()) * 40), 0.9, 1.0)
    assert shown.matt(np.array([0.0, 0.1, 0.99])) == pytest.approx(0.9, abs=0.25)
