"""README, config.toml, the help texts and the code say the same."""

import argparse
import re
import tomllib
from typing import Any, get_args

import msgspec
import pytest

from bot.access_file import access_file
from bot.command_settings import COMMANDS, Role
from bot.commands import Commands
from bot.language import VARIABLES, LanguageName
from bot.obs.rules import DO, WHEN
from bot.obs.settings import ReactionSettings
from bot.settings import HistorySettings, Settings, settings_from
from lera import configuration
from lera.cli import PROGRAMS
from lera.configuration import Configuration
from lera.obs.settings import ObsSettings
from lera.vault import secrets_file
from model.emotions import EMOTIONS
from streamer_agent.consent import payload as streamer_payload
from streamer_agent.settings import StreamerSettings
from tests.conftest import ROOT
from tests.test_architecture import MAY_IMPORT
from transport.sheet_layout import LIVE_COLUMNS
from viewer_agent.consent import payload
from viewer_agent.settings import ModelSettings, ViewerSettings

README = (ROOT / "README.md").read_text("utf-8")
CONFIG = (ROOT / "config.toml").read_text("utf-8")
TABLES: dict[str, type[msgspec.Struct]] = {
    "viewer": ViewerSettings,
    "model": ModelSettings,
    "streamer_agent": StreamerSettings,
    **{field.name: field.type for field in msgspec.structs.fields(Settings) if field.name != "reaction"},
}


def test_config_has_every_table_and_no_other() -> None:
    assert set(tomllib.loads(CONFIG)) == set(TABLES)
    assert {*TABLES, "reaction"} == configuration.TABLES


@pytest.mark.parametrize("table", TABLES)
def test_config_shows_every_setting_with_its_default(table: str) -> None:
    shown = tomllib.loads(CONFIG)[table]
    default = msgspec.to_builtins(TABLES[table]())
    assert shown == {key: list(value) if isinstance(value, tuple) else value for key, value in default.items()}


def test_every_setting_has_a_comment() -> None:
    for line in CONFIG.splitlines():
        if re.match(r"\w+ *=", line):
            assert re.search(r"  ?# \w.{10,}", line), line


def test_the_reaction_in_config_works_without_the_marks_in_front() -> None:
    example = CONFIG[CONFIG.index("# [[reaction]]") :].split("\n\n")[0]
    (rule,) = settings_from(Configuration(example.replace("# ", ""))).reaction
    assert rule.says() == "happiness at 60% or more for 5 s: scene Party"


def test_readme_tells_all_that_reactions_can_do() -> None:
    section = README[README.index("### Reactions") :].split("\n## ")[0]
    for word in [*ReactionSettings.__struct_fields__, *WHEN, *DO]:
        assert f"`{word}`" in section, word


def test_readme_names_every_setting_of_obs() -> None:
    section = README[README.index("## OBS") :].split("\n## ")[0]
    for name in ObsSettings.__struct_fields__:
        assert f"`{name}`" in section, name


def test_readme_names_every_command_and_every_word_of_mood() -> None:
    for name in [*PROGRAMS, "test", "check"]:
        assert f"python run.py {name}" in README, name
    for word in Commands.SUBCOMMANDS:
        assert re.search(rf"`!mood {word}[` ]", README), word


def test_readme_names_every_command_role_and_variable_of_chat() -> None:
    for command in COMMANDS:
        assert f"`{command}`" in README, command
    for role in get_args(Role):
        assert f"`{role}`" in README, role
    for variable, meaning in VARIABLES.items():
        assert f"| `{{{variable}}}` | {meaning} |" in README, variable


def test_config_names_every_role_and_language() -> None:
    assert all(role in CONFIG for role in get_args(Role)) and all(name in CONFIG for name in get_args(LanguageName))


def options(program: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The long options that a program's parser knows."""

    class Seen(Exception):
        pass

    known: set[str] = set()

    def parse(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        known.update(option for action in parser._actions for option in action.option_strings if option[:2] == "--")
        raise Seen

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    module = __import__(PROGRAMS[program].module, fromlist=["main"])
    with pytest.raises(Seen):
        module.main([])
    return known - {"--help"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_readme_names_every_option(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(option in README for option in options(program, monkeypatch))


def test_readme_names_no_option_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"--pictures", "--hypothesis-profile"}.union(*(options(program, monkeypatch) for program in PROGRAMS))
    # The commands of `python -m model` need torch to be imported, so their options are read off their source.
    fuzzing = ROOT / "tests" / "fuzz" / "__main__.py"
    for path in [*(ROOT / "model").rglob("*.py"), *(ROOT / "bench").glob("*.py"), fuzzing]:
        known.update(re.findall(r'add_argument\(\s*"(--[a-z-]+)"', path.read_text("utf-8")))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known


def test_readme_names_every_bench() -> None:
    benches = {path.stem for path in (ROOT / "bench").glob("*.py")} - {"__init__"}
    assert benches == set(re.findall(r"python -m bench\.(\w+)", README))


def test_readme_names_the_layouts_and_commands_of_training() -> None:
    source = (ROOT / "model" / "train" / "clips" / "pictures.py").read_text("utf-8")
    layouts = re.findall(r'^    "(\w+)": \w+,$', source[source.index("LAYOUTS: ") :], re.MULTILINE)
    assert len(layouts) >= 7 and all(f"`{name}`" in README for name in layouts), layouts
    for command in ("finetune", "pretrain", "evaluate-clips"):
        assert f"python -m model {command}" in README


def test_readme_names_every_setting_of_the_overlay() -> None:
    source = (ROOT / "overlay" / "settings.js").read_text("utf-8")
    known = set(re.findall(r'(?:oneOf|get|told|listed)\("(\w+)"', source))
    table = README[README.index("The overlay has themes") : README.index("**Twitch**, from nothing")]
    assert len(known) >= 11 and all(f"`{name}`" in table for name in known | {"plate"}), known
    assert all(f"`{path.name}`" in table for path in (ROOT / "overlay" / "themes").iterdir() if path.is_dir())


def test_readme_names_every_setting_and_option_of_the_virtual_camera() -> None:
    for field in msgspec.structs.fields(TABLES["virtual_camera"]):
        assert re.search(rf"`(\[virtual_camera\] )?{field.name}\b", README), field.name
    source = (ROOT / "bot" / "virtual_camera" / "__main__.py").read_text("utf-8")
    assert all(option in README for option in re.findall(r'add_argument\("(--[a-z-]+)"', source))


def test_the_virtual_camera_is_an_extra_that_nothing_else_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (requirement,) = project["optional-dependencies"]["virtual-camera"]
    assert requirement in (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert "pyvirtualcam" not in (ROOT / "requirements.txt").read_text("utf-8")


def test_the_threat_model_names_what_is_there() -> None:
    model = (ROOT / "THREAT_MODEL.md").read_text("utf-8")
    named = re.findall(r"`([\w./-]+\.\w+)(?:::(\w+))?`", model)
    assert len(named) > 60
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), test
    for setting in re.findall(r"`\[(\w+)\] (\w+)`", model):
        assert setting[1] in TABLES[setting[0]].__struct_fields__, setting


def test_every_boundary_of_the_threat_model_has_its_table() -> None:
    model = (ROOT / "THREAT_MODEL.md").read_text("utf-8")
    sections = model.split("\n## ")[1:]
    assert len(sections) == 11
    for section in sections:
        rows = [line for line in section.splitlines() if re.match(r"\| [STRIDE] \|", line)]
        assert len(rows) >= 4, section[:40]
        for row in rows:
            assert row.count("|") == 5 and any(cell.strip() for cell in row.split("|")[3:5]), row


def test_readme_tells_how_to_fuzz() -> None:
    source = (ROOT / "tests" / "fuzz" / "__main__.py").read_text("utf-8")
    for option in re.findall(r'add_argument\("(--[a-z]+)"', source):
        assert option in README, option
    assert "python -m tests.fuzz" in README


def test_links_of_the_documents_lead_somewhere() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "PRIVACY.md", "CHANGELOG.md", "THREAT_MODEL.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text("utf-8")):
            assert "://" in target or (ROOT / target).exists(), f"{name}: {target}"


def test_the_page_on_deploying_names_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for target, place in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", page):
        assert (ROOT / "docs" / target).exists() and (not place or place in slugs(page)), target
    for path in (ROOT / "deploy").iterdir():
        assert path.name in page, path.name
    for table, setting in re.findall(r"`\[(\w+)\] (\w+)", page):
        assert setting in TABLES[table].__struct_fields__, setting
    known = {"--url", "--webroot", "--nginx"}.union(*(options(name, monkeypatch) for name in PROGRAMS))
    known |= {"--now", "--require-hashes", "--only-binary", "--signal", "--reference"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) <= known
    for bench in re.findall(r"python -m bench\.(\w+)", page):
        assert (ROOT / "bench" / f"{bench}.py").is_file(), bench


def test_every_metric_that_is_watched_is_told() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    source = "".join((ROOT / room / "metrics.py").read_text("utf-8") for room in ("transport", "bot", "hub"))
    watched = set(re.findall(r"\b(?:lera|process)_[a-z_]+", page)) - {"lera_hubs"}
    assert len(watched) > 15
    for name in watched:
        plain = name.removeprefix("lera_").removesuffix("_total")
        assert f'"{plain}"' in source, name


def slugs(page: str) -> set[str]:
    """The names under which a page's headings can be linked to."""
    return {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.+)$", page, re.M)}


def test_the_package_holds_every_floor_and_the_one_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["scripts"] == {"lera": "lera.cli:main"}
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages == {*MAY_IMPORT, "overlay"}


def test_privacy_names_all_that_is_sent() -> None:
    fields = set(msgspec.json.decode(payload()))
    assert fields == {"type", "sequence", "probabilities", "quality", "captured"}, "PRIVACY.md must be told, then this"


def test_privacy_names_all_that_is_sent_of_a_streamer() -> None:
    for line in streamer_payload().splitlines():
        fields = set(msgspec.json.decode(line))
        told = {"type", "modality", "probabilities", "quality", "captured"}
        assert fields == told, "PRIVACY.md must be told, then this"


def test_readme_names_every_setting_of_the_streamers_agent() -> None:
    section = README[README.index("## Your own face, voice and words") :].split("\n## ")[0]
    assert all(f"`{name}`" in section for name in StreamerSettings.__struct_fields__)


def test_privacy_names_all_that_stands_in_a_sheets_row() -> None:
    columns = ("viewer", "sequence", *EMOTIONS, "quality", "state", "captured")
    assert columns == LIVE_COLUMNS, "PRIVACY.md must be told, then this"


def test_every_theme_has_its_picture() -> None:
    for path in (ROOT / "overlay" / "themes").glob("*/theme.js"):
        picture = f"docs/theme-{path.parent.name}.png"
        assert f"({picture})" in README and (ROOT / picture).is_file(), "take it: python -m tests.pictures"


def test_what_is_to_be_backed_up_names_all_that_the_bot_keeps() -> None:
    section = (ROOT / "docs" / "deploy.md").read_text("utf-8").split("## Backups")[1].split("\n## ")[0]
    for path in (HistorySettings().file, secrets_file(), access_file("CHANNEL")):
        assert path.name in section, path.name
