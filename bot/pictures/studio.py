"""The studio: makes the pictures that handlers ask for."""

import handlers.desk
from bot.pictures.chromium import PictureUnavailable
from bot.pictures.gallery import Gallery, Renderer
from bot.pictures.heatmap import heatmap_figure
from handlers.desk import HeatmapRequest


class Studio:
    """Pictures by a renderer, each rendered once.

    Args:
        renderer: Makes a PNG of a figure.
    """

    def __init__(self, renderer: Renderer) -> None:
        self.gallery = Gallery(renderer)

    async def heatmap(self, request: HeatmapRequest) -> bytes | str:
        """See `handlers.desk.Pictures`."""
        try:
            return await self.gallery.photo(
                request.key,
                lambda: heatmap_figure(request.density, request.measure, request.heading),
            )
        except PictureUnavailable as error:
            raise handlers.desk.PictureUnavailable(error.reason) from error

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        """See `handlers.desk.Pictures`."""
        self.gallery.remember(key, file_id)
