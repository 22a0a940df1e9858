"""`mqsim plan`: questions about capacity, each answered in a sentence."""

from __future__ import annotations

import typer

from mqsim.cli.plan.comparing import sensitivity, sweep, what_if
from mqsim.cli.plan.groups import grouped
from mqsim.cli.plan.presets import questions
from mqsim.cli.plan.reading import backtest, from_definitions, from_log, to_definitions
from mqsim.cli.plan.reality import calibrate, perf_test
from mqsim.cli.plan.sizing import drain, prefetch, size

plan = typer.Typer(
    name="plan",
    help="How many workers, which prefetch, how long to drain, what if one dies: answers in a sentence.",
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    *(size, what_if, drain, prefetch, sweep, sensitivity),
    *(from_log, backtest, from_definitions, to_definitions, calibrate, perf_test),
):
    plan.command(name=_command.__name__.replace("_", "-"))(grouped(_command))
plan.command()(questions)
