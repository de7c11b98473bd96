"""`smartscale certificate`: the certificate by which the kiosk is served over https."""

from typing import Annotated

import typer

from infra.certificate import certificate_in, names_of_machine
from infra.errors import PlainError
from infra.private import make_private
from infra.settings import load_settings

app = typer.Typer()


@app.command()
def certificate(
    new_authority: Annotated[
        bool, typer.Option(help="Make another authority, which devices have to trust anew.")
    ] = False,
) -> None:
    """Make the kiosk's certificate, renew it if it is time, and tell what devices have to trust."""
    settings = load_settings()
    names = names_of_machine(settings.allowed_hosts.split())
    try:
        make_private(settings.home)
        made = certificate_in(settings.certificates, names, new_authority=new_authority)
    except OSError as error:
        raise PlainError(
            f"{settings.certificates} cannot be written ({error.strerror}); "
            "choose another folder by SMARTSCALE_HOME, or ask as the user whose it is"
        ) from error
    for line in made.news():
        typer.echo(line, err=True)
    typer.echo(f"For       {', '.join(made.names)}")
    typer.echo(f"Ends      {made.ends:%Y-%m-%d}, and is renewed before")
    typer.echo(f"Serve     {made.file}")
    typer.echo(f"Trust     {made.authority}")
    typer.echo(f"SHA-256   {made.fingerprint}")
