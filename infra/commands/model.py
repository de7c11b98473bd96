"""`smartscale model`: what an operator does with model packages."""

import typer

from infra.commands import model_compare

app = typer.Typer(help="Model packages: compare, list, activate.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Model packages: compare, list, activate."""


app.command("compare")(model_compare.compare)
