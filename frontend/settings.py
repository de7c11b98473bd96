"""What the operator can set for the kiosk, read once from the environment."""

from pathlib import Path

from pydantic import AliasChoices, Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

SAMPLE_DATA = Path(__file__).resolve().parents[1] / "sample_data"


class Settings(BaseSettings):
    """The kiosk's settings; the names are the environment's."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", frozen=True)

    api_url: HttpUrl = Field(default=HttpUrl("http://127.0.0.1:8000"), alias="SMARTSCALE_API_URL")
    port: int = Field(default=8501, ge=1, le=65535, alias="SMARTSCALE_UI_PORT")
    host: str = Field(
        default="127.0.0.1",
        validation_alias=AliasChoices("SMARTSCALE_UI_HOST", "SMARTSCALE_HOST"),
    )
    """The kiosk's own address, else the one that API and kiosk share in the embedded run."""
    scale_id: str = Field(default="kiosk-1", alias="SMARTSCALE_SCALE_ID")
    language: str = Field(default="en", pattern="^[a-z]{2}$", alias="SMARTSCALE_LANGUAGE")
    samples: Path = Field(default=SAMPLE_DATA, alias="SMARTSCALE_SAMPLES")
    """A folder with `manifest.json`: the sample pictures. Without it there are none."""
    patience_s: float = Field(default=60.0, gt=0, alias="SMARTSCALE_UI_PATIENCE_S")
    """How long a shopper waits for an answer before the kiosk offers to try again."""
