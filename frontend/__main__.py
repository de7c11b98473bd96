"""`python -m frontend`: serves the kiosk."""

import sys

from nicegui import app, ui
from pydantic import ValidationError

from frontend.app import create_kiosk, serve
from frontend.settings import Settings


def main() -> None:
    """Serve until stopped."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        sys.exit(f"{name}: {first['msg']} (got {first['input']!r})")
    kiosk = create_kiosk(settings)
    serve(kiosk)
    app.on_shutdown(kiosk.api.close)
    ui.run(
        host=settings.host,
        port=settings.port,
        title="SmartScale",
        reload=False,
        show=False,
        show_welcome_message=False,
        tailwind=False,
        language="en-US",
    )


if __name__ == "__main__":
    main()
