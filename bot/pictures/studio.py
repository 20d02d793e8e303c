"""The studio: makes the pictures that handlers ask for."""

from plotly.graph_objects import Figure

import handlers.desk
from bot.pictures.chromium import PictureUnavailable
from bot.pictures.gallery import Gallery, Renderer
from bot.pictures.heatmap import heatmap_figure
from bot.pictures.uploads import Uploads
from handlers.desk import ChartRequest, HeatmapRequest


class Studio:
    """Pictures by a renderer, each rendered once and uploaded once.

    Args:
        renderer: Makes a PNG of a figure.
        uploads: Lets one at a time have the bytes of a picture.
    """

    def __init__(self, renderer: Renderer, uploads: Uploads | None = None) -> None:
        self.gallery = Gallery(renderer)
        self._uploads = uploads or Uploads()

    async def heatmap(self, request: HeatmapRequest) -> bytes | str:
        """See `handlers.desk.Pictures`."""
        try:
            return await self._uploads.take(
                request.key, lambda: self.gallery.photo(request.key, lambda: _drawn(request))
            )
        except PictureUnavailable as error:
            raise handlers.desk.PictureUnavailable(error.reason) from error

    async def chart(self, request: ChartRequest) -> bytes | str:
        """See `handlers.desk.Pictures`."""
        raise handlers.desk.PictureUnavailable(f"the picture of {request.kind} cannot be drawn")

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        """See `handlers.desk.Pictures`."""
        self.gallery.remember(key, file_id)
        self._uploads.ended(key)

    def forget(self, key: tuple[object, ...]) -> None:
        """See `handlers.desk.Pictures`."""
        self.gallery.forget(key)
        self._uploads.ended(key)


def _drawn(request: HeatmapRequest) -> Figure:
    return heatmap_figure(request.density, request.measure, request.heading)
