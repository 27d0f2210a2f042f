"""Measurements of a fitted photograph for the drawing half: eyes, lids, lips, teeth, colours, light.

numpy, scipy and Pillow only: this runs where puppets are drawn. Conventions: see `fitted`.
"""

import numpy as np
from jaxtyping import Bool, Float, UInt8

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.occlusion import normals
from livetalk.data.puppets.correspondence import IRISES, LID_RINGS, LOWER_LIP, UPPER_LIP, load_correspondence
from livetalk.data.puppets.fitted import FaceMeasures, FittedEye, FittedPortrait, Slit
from livetalk.data.puppets.posed import FOCAL, PosedHead, posed_head, project, unproject
from livetalk.data.puppets.slits import lid_slit, lip_slit

IRIS_SHARES = (0.30, 0.62)  # least and most an iris' radius is of the eyeball's
RIM = 1.12  # iris radii at which the white of the eye begins
CHEEKS = (205, 425, 50, 280)  # landmarks
INNER_LIPS = (13, 14)
TEETH_GAP, TOOTH_GAP = 0.085, 0.045  # inter-ocular distances between lips that show teeth; that show a tooth's colour
PRIOR = np.array((1e-3, 2, 2, 2, 8, 8, 8, 8, 8))  # holds the harmonics small: faces show half of all normals


def measure(portrait: FittedPortrait, head: PosedHead | None = None) -> FaceMeasures:
    """`head` is `posed_head(portrait)`, if that is at hand."""
    head = head or posed_head(portrait)
    photograph = _Photograph(portrait, head)
    gaze = head.rotation.T @ np.array((0.0, 0.0, 1.0))  # people in portraits look at the camera
    skin = photograph.skin_colour()
    sclera = photograph.sclera_colour(skin)
    tooth, teeth = photograph.teeth(sclera, skin)
    return FaceMeasures(
        eyes=(photograph.eye(0, gaze), photograph.eye(1, gaze)),
        gaze=np.array((np.arctan2(gaze[0], gaze[2]), -np.arcsin(gaze[1]))),
        sclera_colour=sclera,
        skin_colour=skin,
        lips=lip_slit(photograph.points),
        lip_colour=photograph.lip_colour(),
        tooth_colour=tooth,
        teeth=teeth,
        light=photograph.light(),
    )


def harmonics(normal: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 9"]:
    """Spherical harmonics up to the second order, not normalised: smooth light over camera-space normals."""
    x, y, z = np.moveaxis(normal, -1, 0)
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], -1)


class _Photograph:
    """The pixels of a portrait, with the fitted head's vertices on them."""

    def __init__(self, portrait: FittedPortrait, head: PosedHead) -> None:
        self.portrait, self.head, self.side = portrait, head, portrait.side
        self.image = portrait.photograph.astype(np.float32)
        self.points = head.to_head(head.warped)
        self.normals = normals(head.warped.astype(np.float32), load_asset().triangles)
        self.places = project(head.warped)
        rings = [portrait.landmarks[list(ring)] for ring in LID_RINGS]
        self.between = float(np.linalg.norm(rings[0].mean(0) - rings[1].mean(0)))

    def at(self, places: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "p 3"]:
        """Colours of the nearest pixels."""
        column, row = (places * self.side).astype(int).clip(0, self.side - 1).T
        return self.image[row, column]

    def inside(self, polygon: Float[np.ndarray, "p 2"], shrink: int = 1) -> Bool[np.ndarray, "side side"]:
        """The pixels of a polygon, less so many rows of them along its edge."""
        from PIL import Image, ImageDraw
        from scipy.ndimage import binary_erosion

        mask = Image.new("1", (self.side, self.side))
        ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in polygon * self.side], fill=1)
        return binary_erosion(np.asarray(mask), np.ones((3, 3)), iterations=shrink) if shrink else np.asarray(mask)

    def eye(self, side: int, gaze: Float[np.ndarray, "3"]) -> FittedEye:
        """The eyeball: its model's size, put where its iris falls on the photographed one."""
        landmarks, person = self.portrait.landmarks, self.head.person
        place = landmarks[IRISES[side][0]].astype(float)
        reach = float(np.linalg.norm(landmarks[list(IRISES[side][1:])] - place, axis=1).mean())
        radius = person.eye_radius
        depth = float(self.head.to_camera(person.eyes[side])[2]) + radius
        pupil = self.head.to_head(unproject(place, depth))
        lids = lid_slit(self.points, side)
        return FittedEye(
            centre=pupil - radius * gaze,
            radius=radius,
            iris=float(np.clip(reach * -depth / FOCAL / radius, *IRIS_SHARES)),
            place=place,
            reach=reach,
            outline=landmarks[list(LID_RINGS[side])].astype(float),
            lids=lids,
            lid_colour=self._lid_colour(side, lids),
        )

    def _lid_colour(self, side: int, lids: Slit) -> Float[np.ndarray, "3"]:
        """Nearly the lighter of the skins above and below the eye (one may be brow or make-up), a little darker."""
        from scipy.ndimage import gaussian_filter

        x = lids.x[3:-3]
        depth = float(self.points[load_correspondence().upper_lids[side], 2].mean())
        soft = gaussian_filter(self.image, (1.2, 1.2, 0))
        colours = []
        for height in (lids.lower.mean() - 0.1, lids.upper.max() + 0.1):
            spots = np.stack([x, np.full_like(x, height), np.full_like(x, depth)], -1)
            column, row = (project(self.head.to_camera(spots)) * self.side).astype(int).clip(0, self.side - 1).T
            colours.append(np.median(soft[row, column], axis=0))
        return 0.93 * (0.8 * np.maximum(*colours) + 0.2 * np.minimum(*colours))

    def skin_colour(self) -> Float[np.ndarray, "3"]:
        """Of cheeks and forehead."""
        return np.median(self.at(self.places[self._plain_skin()]), axis=0)

    def _plain_skin(self) -> Bool[np.ndarray, "n"]:
        """Vertices of the face that look at the camera, away from eyes and lips."""
        asset, resting = load_asset(), self.head.person.points
        face = (asset.kind == 0) & (asset.columns[:, 0] < 0.2) & (self.normals[:, 2] > 0.2)
        face &= (resting[:, 1] > 6.25) & (resting[:, 1] < 7.9) & (resting[:, 2] > 0.7)
        for eye in self.head.person.eyes:
            face &= np.linalg.norm(resting - eye, axis=1) > 2.2 * self.head.person.eye_radius
        return face

    def sclera_colour(self, skin: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """The lighter half of what is seen of both eyes' whites, half freed of its tint."""
        rows, columns = np.mgrid[: self.side, : self.side] / self.side
        whites = []
        for ring, iris in zip(LID_RINGS, IRISES, strict=True):
            centre, *rim = self.portrait.landmarks[list(iris)]
            reach = np.linalg.norm(np.array(rim) - centre, axis=1).mean()
            away = np.hypot(columns - centre[0], rows - centre[1])
            colours = self.image[self.inside(self.portrait.landmarks[list(ring)]) & (away > RIM * reach)]
            if len(colours) > 6:
                level = colours.mean(1)
                whites.append(np.median(colours[level >= np.median(level)], axis=0))
        white = np.mean(whites, axis=0) if whites else np.full(3, skin.mean())
        white = white.clip(0.75 * skin.mean(), 1.5 * skin.mean())
        return 0.6 * white + 0.4 * white.mean()

    def lip_colour(self) -> Float[np.ndarray, "3"]:
        """The median over the lips' vertices that look at the camera."""
        lips = (load_asset().columns[:, 0] > 0.5) & (self.normals[:, 2] > 0.3)
        lips &= np.isin(np.arange(len(lips)), load_correspondence().skin)
        return np.median(self.at(self.places[lips]), axis=0)

    def teeth(
        self, sclera: Float[np.ndarray, "3"], skin: Float[np.ndarray, "3"]
    ) -> tuple[Float[np.ndarray, "3"], UInt8[np.ndarray, "side side"] | None]:
        """The colour of teeth, and the opacity of the photographed ones, if they can be seen."""
        from scipy.ndimage import gaussian_filter, grey_closing

        landmarks = self.portrait.landmarks
        gap = float(np.linalg.norm(np.subtract(*landmarks[list(INNER_LIPS)]))) / self.between
        cheeks = float(np.median(self.at(landmarks[list(CHEEKS)]).mean(1)))
        level = np.clip(0.95 * sclera.mean(), 0.92 * cheeks, 1.25 * cheeks)
        guess = (sclera / sclera.mean() * level * (1.03, 0.99, 0.90)).clip(40, 250)
        mouth = self.inside(landmarks[[*UPPER_LIP, *LOWER_LIP[::-1]]])
        colours = self.image[mouth]
        if gap < TOOTH_GAP or len(colours) < 40:
            return guess, None
        lightness = colours.mean(1)
        tooth = np.median(colours[lightness >= np.percentile(lightness, 70)], axis=0)
        if tooth.mean() < 0.62 * sclera.mean() or np.ptp(tooth) > 0.45 * tooth.max():
            return guess, None
        if gap < TEETH_GAP:
            return tooth, None
        like = ((self.image.mean(-1) / tooth.mean() - 0.42) / 0.2).clip(0, 1)
        tall, wide = self.side // 50, self.side // 24  # gaps between teeth and a dark edge belong to them
        soft = gaussian_filter(mouth * grey_closing(like, (tall, wide)), 0.8)
        return tooth.clip(40, 250), (255 * soft).round().astype(np.uint8)

    def light(self) -> Float[np.ndarray, "9"]:
        """Harmonics that explain how bright the skin is where it looks in each direction."""
        from scipy.ndimage import gaussian_filter

        skin = self._plain_skin()
        luminance = gaussian_filter(self.image.mean(-1), 1.6) / 255
        column, row = (self.places * self.side).astype(int).clip(0, self.side - 1).T
        bright = luminance[row, column]
        middle = np.median(bright[skin])
        skin &= (bright > 0.45 * middle) & (bright < 1.7 * middle)  # neither hair nor glints
        terms = harmonics(self.normals[skin])
        return np.linalg.solve(terms.T @ terms + np.diag(PRIOR), terms.T @ bright[skin])
