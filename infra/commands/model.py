"""`smartscale model`: what an operator does with model packages."""

import typer

app = typer.Typer(help="Model packages: compare, list, activate.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Model packages: compare, list, activate."""
