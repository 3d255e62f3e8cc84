"""Write the pages that are made from the code and from the result files; with --check, say which are stale.

    python docs/generate.py            # or: make docs
    python docs/generate.py --check    # part of make check
    python docs/generate.py --check docs/results.md    # make results-check

docs/cli.md, docs/recipes.md, docs/networks.md, docs/data.md and docs/results.md are written whole, or those that are
named; in README.md the lines between the `results` marks. The plots (docs/schedules.svg, docs/cyclic.svg) are drawn, and
not checked, since other versions of Matplotlib draw other bytes.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import typer
from card_pages import CARD, draw_risk, model_card_page
from cyclic_pages import draw_cyclic
from markdown_table import table
from results_pages import results_page
from story_pages import label_audit_page, skew_page

from glifo.cli import app
from glifo.data.catalog import SOURCES
from glifo.files import read_json
from glifo.networks import NETWORKS, build
from glifo.networks.summary import summarize
from glifo.recipes import RECIPES, run_sheet
from glifo.report.drawing import BLUE, STYLE
from glifo.training.callbacks import ReduceOnPlateau
from glifo.training.schedules import SCHEDULES, make_schedule

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
HEADLINES = (
    *("digits", "mnist", "mnist-net_1", "emnist-custom", "emnist-custom-62", "champion"),
    *("e1-custom-modern", "e2-scanner-modern", "e4-mlp-f-modern"),
)
START, END = "<!-- results: made by docs/generate.py -->", "<!-- end of results -->"
MADE = "<!-- Made by docs/generate.py; do not edit. -->\n\n"


def cli_page() -> str:
    """Every verb with its help and options."""
    group = typer.main.get_command(app)
    parts = [f"# The command line\n\n{MADE}{group.help}\n"]
    parts += [verb_text(f"glifo {name}", command) for name, command in walk(group)]
    return "\n".join(parts)


def walk(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """The verbs of a group and of the groups in it."""
    verbs: list[tuple[str, Any]] = []
    for name, command in sorted(group.commands.items()):
        below = walk(command, f"{prefix}{name} ") if hasattr(command, "commands") else [(prefix + name, command)]
        verbs += below
    return verbs


def verb_text(name: str, command: Any) -> str:
    """A verb's section: help, then its arguments and options."""
    lines = [f"## {name}\n", plain(command.help or ""), ""]
    for parameter in command.params:
        flags = " ".join(f"`{flag}`" for flag in parameter.opts) if parameter.param_type_name == "option" else ""
        label = flags or f"`{(parameter.metavar or parameter.name).upper()}`"
        text = plain(getattr(parameter, "help", "") or "")
        lines.append(f"- {label}: {text}" if text else f"- {label}")
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Help without Rich's marks; lines that begin with `glifo` as code."""
    for tag in ("[bold]", "[/bold]"):
        text = text.replace(tag, "")
    lines = (line.strip() for line in inspect.cleandoc(text).splitlines())
    return "\n".join(f"    {line}" if line.startswith("glifo ") else line for line in lines)


def recipes_page() -> str:
    """Every recipe, those of one family together: the run sheet, what was measured, and what is not the default."""
    parts = [
        f"# Recipes\n\n{MADE}`glifo train NAME` trains one, `glifo recipes NAME --json` prints it whole; edit that and "
        "`glifo train mine.json`. Fields that are not listed have their defaults.\n"
    ]
    families: dict[str, list[str]] = {}
    for name in RECIPES:
        families.setdefault(run_sheet(name), []).append(name)
    parts += [family_text(sheet, names) for sheet, names in families.items()]
    return "\n".join(parts)


def family_text(sheet: str, names: list[str]) -> str:
    """A section of recipes that share a run sheet."""
    own = [own_fields(name) for name in names]
    shared = {field: value for field, value in own[0].items() if all(each.get(field) == value for each in own)}
    rows = [["all", code(shared)]] if len(names) > 1 else []
    for name, values in zip(names, own, strict=True):
        differing = {field: value for field, value in values.items() if len(names) == 1 or field not in shared}
        rows.append([f"`{name}`", code(differing)])
    measures = "".join(measured(name) for name in names)
    return f"## {', '.join(names)}\n\n{sheet}\n\n{measures}{table(['recipe', 'fields'], rows)}\n"


def own_fields(name: str) -> dict[str, Any]:
    """The fields of a recipe that are not the defaults, but its name and description."""
    recipe = RECIPES[name]()
    usual = {field.name: field.default for field in fields(recipe)}
    return {
        field: value
        for field, value in asdict(recipe).items()
        if field not in ("name", "description") and value != usual[field] and value != {}
    }


def code(values: dict[str, Any]) -> str:
    return ", ".join(f"`{field}={value}`" for field, value in values.items()) or "-"


def measured(name: str) -> str:
    """What the result file of a recipe says, in a sentence; nothing where there is none."""
    if not (RESULTS / f"{name}.json").is_file():
        return ""
    result = read_json(RESULTS / f"{name}.json")
    summary, hardware = result["summary"], result["hardware"]
    return (
        f"Measured, {name}: sealed test {percent(summary['test_accuracy'])}, "
        f"validation {percent(summary['validation_accuracy'])}, "
        f"{summary['test_accuracy']['num_seeds']} seeds, {summary['training_seconds']['mean'] / 60:.1f} min of training on "
        f"{hardware['cores']} cores ({hardware['processor']}, other work beside it).\n\n"
    )


def networks_page() -> str:
    """Every network: parameters and FLOPs on its usual pictures."""
    rows = []
    for name, builder in NETWORKS.items():
        shape, num = ((1, 8, 8), 10) if name.startswith("mlp_") else ((1, 28, 28), 10 if "net_" in name else 62)
        summary = summarize(build(name, shape=shape, num_classes=num), shape)
        doc = (inspect.getdoc(builder) or "").splitlines()[0]
        size = "x".join(map(str, shape))
        rows.append([name, f"{size} -> {num}", f"{summary.num_parameters:,}", f"{summary.flops / 1e6:,.3f}", doc])
    head = ["network", "pictures -> classes", "parameters", "MFLOP forward", "what it is"]
    note = "`glifo networks show NAME` prints the layers. A multiply-add counts 2."
    return f"# Networks\n\n{MADE}{note}\n\n{table(head, rows)}\n"


def data_page() -> str:
    """Every data set of the catalogue."""
    parts = [f"# Data sets\n\n{MADE}`glifo data fetch NAME` brings one, `glifo data show NAME` draws it.\n"]
    for source in SOURCES.values():
        rows = [["classes", f"{len(source.classes)}: {' '.join(source.classes)}"]]
        rows.append(["rows", f"{source.counts[0]:,} for training, {source.counts[1]:,} official test"])
        where = "comes with scikit-learn" if source.embedded else f"{source.size / 1e6:,.1f} MB" if source.size else "-"
        rows += [["download", where], ["licence", source.licence], ["cite", source.citation]]
        rows += [["note", source.note]] if source.note else []
        parts.append(f"## {source.name}\n\n{source.title}. <{source.homepage}>\n\n{table(['what', 'is'], rows)}\n")
    return "\n".join(parts)


def results_table() -> str:
    """The rows of the README's results table, from the result files of the recipes."""
    rows = []
    for name in HEADLINES:
        path = RESULTS / f"{name}.json"
        if path.is_file():
            rows.append(result_row(name, read_json(path)))
    head = ["recipe", "network, parameters", "validation", "sealed test", "validation - test", "training", "n, seeds"]
    return f"{table(head, rows)}\n{speed_lines()}"


def result_row(name: str, result: dict[str, Any]) -> list[str]:
    summary, recipe = result["summary"], result["recipe"]
    first = result["seeds"][0]
    seconds = summary["training_seconds"]["mean"]
    return [
        f"`{name}`",
        f"{recipe['network']}, {result['num_parameters']:,}",
        percent(summary["validation_accuracy"]),
        percent(summary["test_accuracy"]),
        f"{100 * summary['gap']['mean']:+.2f} points",
        f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min",
        f"{first['test_n']:,}, {summary['test_accuracy']['num_seeds']}",
    ]


def percent(figure: dict[str, Any]) -> str:
    spread = "" if figure["stdev"] is None else f" ± {100 * figure['stdev']:.2f}"
    return f"{100 * figure['mean']:.2f}{spread} %"


def speed_lines() -> str:
    """What the benchmarks measured, in sentences."""
    lines = []
    for path in sorted(RESULTS.glob("training_speed*.json")):
        result = read_json(path)
        medians, ratios = result["medians"], result["ratios"]
        hardware = f"{result['hardware']['cores']} cores, {result['hardware']['processor']}"
        best = "bf16" if medians["peak_bf16"] > medians["peak_fp32"] else "fp32"
        lines.append(
            f"Training net_1 at batch 128 ({hardware}, {result['num_rounds']} rounds): {medians['glifo']:,.0f} pictures/s, "
            f"{ratios['glifo_over_keras']['median']:.2f} times Keras 3 on TensorFlow, "
            f"{ratios['glifo_over_pytorch']['median']:.2f} times a plain PyTorch loop, "
            f"{ratios[f'glifo_share_of_{best}_peak']['median']:.0%} of the machine's matrix-product peak in {best}, its "
            f"faster precision ({medians[f'peak_{best}']:,.0f} GFLOP/s)."
        )
    if (RESULTS / "reading_time.json").is_file():
        result = read_json(RESULTS / "reading_time.json")
        lines.append(
            f"Reading one glyph, whole process from `python` to the answer: {result['read_s']['median']:.2f} s "
            f"(median of {result['num_rounds']}); torch is not imported."
        )
    return "".join(f"\n{line}\n" for line in lines)


def readme_page() -> str:
    """README.md with its results lines made anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{results_table()}{END}{after}"


def draw_schedules() -> None:
    """Each schedule in a panel of its own; reduce-on-plateau over a run whose loss stopped falling twice."""
    progress = [step / 400 for step in range(401)]
    curves = {name: [make_schedule(name, {})(share) for share in progress] for name in SCHEDULES}
    curves["reduce_on_plateau"] = [plateau_rates()[min(int(share * 20), 19)] for share in progress]
    with plt.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": "glifo"}):
        figure, axes = plt.subplots(2, 4, figsize=(9, 3.6), sharex=True, sharey=True, layout="constrained")
        for panel, (name, curve) in zip(axes.flat, curves.items(), strict=False):
            panel.plot(progress, curve, color=BLUE)
            panel.set_title(name, fontsize=10)
        axes.flat[-1].set_visible(False)
        figure.savefig(ROOT / "docs" / "schedules.svg", metadata={"Date": None})
    plt.close(figure)


def plateau_rates() -> list[float]:
    """The callback's rate after each of 20 epochs of which the loss stops falling at the fourth and at the twelfth."""
    losses = [1.0 - 0.1 * min(epoch, 4) - 0.05 * max(0, min(epoch, 12) - 9) for epoch in range(20)]
    run = SimpleNamespace(history=[], rate_factor=1.0)
    rates = []
    for loss in losses:
        rates.append(run.rate_factor)
        run.history.append({"validation_loss": loss})
        ReduceOnPlateau(patience=3).after_epoch(run)  # type: ignore[arg-type]  # it reads the history alone
    return rates


PAGES = {
    "docs/cli.md": cli_page,
    "docs/recipes.md": recipes_page,
    "docs/networks.md": networks_page,
    "docs/data.md": data_page,
    "docs/results.md": results_page,
    "docs/skew.md": skew_page,
    "docs/label-audit.md": label_audit_page,
    **({"docs/model-card.md": model_card_page} if CARD.is_file() else {}),
    "README.md": readme_page,
}


def main() -> None:
    wanted = [name for name in PAGES if name in sys.argv] or list(PAGES)
    stale = [name for name in wanted if read(ROOT / name) != PAGES[name]()]
    if "--check" in sys.argv:
        sys.exit(f"stale: {', '.join(stale)}; run: make docs" if stale else 0)
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stderr.write(f"wrote {name}\n")
    draw_schedules()
    draw_cyclic()
    draw_risk()


def read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    main()
