"""`smartscale model`: what an operator does with model packages."""

import typer

from infra.commands import model_compare, model_import, model_switch, model_trial

app = typer.Typer(
    name="model", help="Model packages: import, compare, list, activate, try.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Model packages: import, compare, list, activate, try."""


app.command("compare")(model_compare.compare)
app.command("import")(model_import.import_model)
app.command("list")(model_switch.list_models)
app.command("activate")(model_switch.activate)
app.command("rollback")(model_switch.rollback)
app.command("try")(model_trial.try_model)
app.command("trial")(model_trial.trial)
app.command("promote")(model_trial.promote)
app.command("stop")(model_trial.stop)
