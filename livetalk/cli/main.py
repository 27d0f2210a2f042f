"""The `livetalk` command: names the subcommands and turns mistakes into one sentence each.

Exit codes: 0 done, 1 something of ours is broken, 2 a mistake the person can mend, 130 interrupted. Every
subcommand lives in a module of its own and imports what is heavy when it runs; this one knows none of it.
"""

import os
import signal
import sys
import warnings
from typing import Annotated, NoReturn

import typer

import livetalk
from livetalk.cli import (
    bench,
    convert,
    data,
    doctor,
    download,
    evaluate,
    evaluate_components,
    evaluate_dialogue,
    evaluate_dialogue_judge,
    evaluate_dialogue_report,
    evaluate_fidelity,
    evaluate_sync,
    evaluate_table,
    evaluate_turn_taking,
    generate,
    serve,
    train,
    train_ablation,
    train_encoders,
    verify,
)
from livetalk.cli.console import err, mistake, model_version, out, show_warning
from livetalk.runtime.process import ending_signals, tune_process

app = typer.Typer(
    name="livetalk",
    help="A portrait, a prompt and speech go in; a talking video streams out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("generate")(generate.generate)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("download")(download.download)
app.command("convert")(convert.convert)
app.command("verify")(verify.verify)
app.add_typer(bench.app, name="bench")
app.add_typer(data.app, name="data")
train.app.command("ablation")(train_ablation.ablation)
train.app.command()(train_encoders.encoders)
train.app.command()(train_encoders.speech_head)
app.add_typer(train.app, name="train")
evaluate.app.command("components")(evaluate_components.components)
evaluate.app.command("sync")(evaluate_sync.sync)
evaluate_dialogue.app.command("judge")(evaluate_dialogue_judge.judge)
evaluate_dialogue.app.command("report")(evaluate_dialogue_report.report)
evaluate.app.command("turn-taking")(evaluate_turn_taking.turn_taking)
evaluate.app.add_typer(evaluate_dialogue.app, name="dialogue")
evaluate.app.command("fidelity")(evaluate_fidelity.fidelity)
evaluate.app.command("table")(evaluate_table.table)
app.add_typer(evaluate.app, name="evaluate")


def _version(asked: bool) -> None:
    if asked:
        out.print(f"livetalk {livetalk.__version__}")
        out.print(f"model tiny {model_version()}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", help="Print the versions and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """A portrait, a prompt and speech go in; a talking video streams out."""


def main() -> NoReturn:
    """Runs the command and ends the process with its exit code."""
    tune_process()
    for each in ending_signals():
        signal.signal(each, lambda number, _: sys.exit(128 + number))  # as an exception, so that half-written files go
    warnings.showwarning = show_warning
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sentence = mistake(error)
        if sentence is None or os.environ.get("LIVETALK_TRACEBACK"):
            raise
        err.print(f"livetalk: {sentence}", markup=False)
        sys.exit(2)
    sys.exit(0)
