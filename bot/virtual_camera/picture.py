"""The plate on its background, as the camera shows it."""

from pathlib import Path

from PIL import Image, ImageOps

from bot.drawing import layout
from bot.drawing.canvas import Canvas
from bot.drawing.fonts import drawable
from bot.drawing.palette import colour
from bot.drawing.plate import Plate
from bot.virtual_camera.settings import VirtualCameraSettings
from lera.errors import LeraError

_MARGIN = 0.5
"""Between the plate and the edge of the picture, in em."""


def plate_of(settings: VirtualCameraSettings) -> Plate:
    """The plate in its place, as large as the settings ask and the picture allows. Raises LeraError."""
    width, height = settings.width, settings.height
    whole_width, whole_height = layout.WIDTH + 2 * _MARGIN, layout.HEIGHT + 2 * _MARGIN
    em = min(settings.size * height / whole_height, width / whole_width)
    spare = width - whole_width * em
    left = {"left": 0.0, "center": spare / 2, "right": spare}[settings.position] + _MARGIN * em
    top = (height - layout.HEIGHT * em) / 2
    return Plate(_background(settings), left, top, em, drawable(settings.language), settings.theme)


def _background(settings: VirtualCameraSettings) -> Canvas:
    size = (settings.width, settings.height)
    ground = Image.new("RGB", size, colour(settings.background))
    if settings.image:
        try:
            with Image.open(Path(settings.image)) as opened:
                # Cut to the picture's shape, and what is transparent shows the colour.
                image = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGBA"), size)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise LeraError(
                f"Can't use the background {settings.image} ({error}): set [virtual_camera] image to a picture's file."
            ) from None
        ground.paste(image, (0, 0), image)
    return Canvas.over(ground)
