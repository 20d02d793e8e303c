"""The studio: makes the pictures that handlers ask for."""

from collections.abc import Callable

from plotly.graph_objects import Figure

import handlers.desk
from bot.pictures.charts import FIGURES
from bot.pictures.chromium import PictureUnavailable
from bot.pictures.gallery import Gallery, Renderer
from bot.pictures.heatmap import heatmap_figure
from bot.pictures.idle_hours import idle_hours_figure
from bot.pictures.uploads import Uploads
from handlers.desk import ChartRequest, HeatmapRequest, IdleHoursRequest


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
        return await self._picture(
            request.key,
            lambda: heatmap_figure(request.density, request.measure, request.heading),
        )

    async def chart(self, request: ChartRequest) -> bytes | str:
        """See `handlers.desk.Pictures`."""
        draw = FIGURES[request.kind]
        return await self._picture(request.key, lambda: draw(request.report, request.heading))

    async def idle_hours(self, request: IdleHoursRequest) -> bytes | str:
        """See `handlers.desk.Pictures`."""
        return await self._picture(
            request.key, lambda: idle_hours_figure(request.rows, request.heading)
        )

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        """See `handlers.desk.Pictures`."""
        self.gallery.remember(key, file_id)
        self._uploads.ended(key)

    def forget(self, key: tuple[object, ...]) -> None:
        """See `handlers.desk.Pictures`."""
        self.gallery.forget(key)
        self._uploads.ended(key)

    async def _picture(self, key: tuple[object, ...], draw: Callable[[], Figure]) -> bytes | str:
        try:
            return await self._uploads.take(key, lambda: self.gallery.photo(key, draw))
        except PictureUnavailable as error:
            raise handlers.desk.PictureUnavailable(error.reason) from error
