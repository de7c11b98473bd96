"""Who may do what staff does, wired from a function's settings."""

from smartscale.adapters.cloudwatch import metrics_for
from smartscale.adapters.metrics_sink import MetricsSink
from smartscale.adapters.tokens import GivenToken, StoredToken
from smartscale.clock import now
from smartscale.operations.access.authorise import Authorise
from smartscale.operations.access.staff import Staff
from smartscale.operations.ports.access import AdminToken
from smartscale.settings import DEFAULT_ADMIN_TOKEN, AdminSettings, StaffSettings


def administrators(configured: AdminSettings, models_table: str, sink: MetricsSink) -> Authorise:
    """The operation that compares admin tokens.

    Args:
        configured: where the token is.
        models_table: where wrong ones are counted.
        sink: where metrics go.
    """
    # The upload function hardly ever asks, and would load PynamoDB at each cold start.
    from smartscale.adapters.tables import DynamoRefusals  # noqa: PLC0415

    region = configured.aws_region
    token: AdminToken
    if configured.admin_token_secret:
        token = StoredToken.in_secrets_manager(configured.admin_token_secret, region)
    elif configured.admin_token_parameter:
        token = StoredToken.in_parameter_store(configured.admin_token_parameter, region)
    else:
        token = GivenToken(configured.admin_token.get_secret_value())
    return Authorise(
        token,
        DynamoRefusals(models_table, region),
        metrics_for(sink, region, configured.smartscale_stack),
        now,
        never=None if configured.default_token_will_do else DEFAULT_ADMIN_TOKEN,
    )


def staff(configured: StaffSettings, models_table: str, sink: MetricsSink) -> Staff:
    """The operation that tells staff from everybody else; its parameters are as above."""
    secret: AdminToken | None = None
    if configured.smartscale_kiosk_secret.get_secret_value():
        secret = GivenToken(configured.smartscale_kiosk_secret.get_secret_value())
    elif configured.kiosk_secret_arn:
        secret = StoredToken.in_secrets_manager(configured.kiosk_secret_arn, configured.aws_region)
    return Staff(
        secret,
        administrators(configured, models_table, sink),
        now,
        reads_freely=configured.history_is_open,
    )
