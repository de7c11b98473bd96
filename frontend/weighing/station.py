"""The wired scale with the one shopper at it: whatever pages show it, a load is one weighing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from frontend.devices.scales.scale import Scale
from frontend.weighing.camera_watch import CameraWatch
from frontend.weighing.last_load import LoadFile
from frontend.weighing.session import Post, ShopService
from frontend.weighing.shopper import Shopper
from frontend.words.languages import Language


class Station:
    """Follows the scale from the first page on that shows it, and tells all pages of changes."""

    def __init__(
        self,
        scale: Scale,
        service: ShopService,
        post: Post,
        language: Language,
        last: LoadFile,
        run: Callable[[Coroutine[Any, Any, None]], object],
        *,
        on_sold: Callable[[str], None] = lambda _label: None,
        camera_watch: CameraWatch | None = None,
    ) -> None:
        self.language = language
        """The language of the page that was opened or touched last."""
        self._last = last
        self._pages: list[Callable[[], None]] = []
        self._following: asyncio.Task[None] | None = None
        self.shopper = Shopper(
            scale,
            service,
            lambda: self.language,
            post,
            run,
            self._tell,
            on_sold=on_sold,
            camera_watch=camera_watch,
            last=last,
        )

    def show_on(self, draw: Callable[[], None], language: Language) -> None:
        """Have a page draw what changes from now on."""
        self._pages.append(draw)
        self.language = language
        if self._following is None:
            self._following = asyncio.get_running_loop().create_task(self.shopper.follow())

    def leave(self, draw: Callable[[], None]) -> None:
        """A page has been closed. The load that lies there stays the same weighing."""
        self._pages.remove(draw)

    def _tell(self) -> None:
        for draw in list(self._pages):
            draw()

    async def close(self) -> None:
        """Stop following the scale."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        self._last.close()
