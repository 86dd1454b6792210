"""The workflows: pinned actions, few permissions, and a release that only a tag can make."""

import re

import pytest
from sources import ROOT, need

need(".github/workflows")
yaml = pytest.importorskip("yaml")

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())
PUBLISHERS = {"pypi": "push", "testpypi": "workflow_dispatch"}
PUBLISH = "pypa/gh-action-pypi-publish"


def text_of(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def load(name):
    return yaml.safe_load(text_of(name))


def triggers(name):
    """What starts a workflow; YAML 1.1 reads the key `on` as True."""
    return load(name)[True]


def jobs():
    """Workflow, name and content of each job."""
    return [(name, job, content) for name in NAMES for job, content in load(name)["jobs"].items()]


def steps():
    return [(name, step) for name, _, content in jobs() for step in content["steps"]]


def action_of(step):
    return step.get("uses", "").split("@")[0]


def test_the_workflows_are_there():
    assert NAMES == ["tests.yml", "wheels.yml"]


def test_actions_are_pinned_by_hash_with_their_version():
    used = [line for name in NAMES for line in text_of(name).splitlines() if "uses:" in line]
    assert len(used) == sum("uses" in step for _, step in steps()) > 10
    pins = {}
    for line in used:
        pin = re.fullmatch(r" +(?:- )?uses: ([\w-]+/[\w./-]+)@([0-9a-f]{40}) # (v[\d.]+)", line)
        assert pin, f"write it as owner/action@hash # version: {line}"
        pins.setdefault(pin[1], set()).add(pin.groups()[1:])
    assert {action for action, versions in pins.items() if len(versions) > 1} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_may_only_read(name):
    assert load(name)["permissions"] == {"contents": "read"}


def test_only_the_jobs_that_publish_get_a_permission():
    given = {job: content["permissions"] for _, job, content in jobs() if "permissions" in content}
    assert given == {job: {"id-token": "write"} for job in PUBLISHERS}
    publishing = {
        job
        for _, job, content in jobs()
        if any(action_of(step) == PUBLISH for step in content["steps"])
    }
    assert publishing == set(PUBLISHERS)


@pytest.mark.parametrize("job", PUBLISHERS)
def test_a_job_that_publishes(job):
    """It waits for all that is built, and runs nothing of the project's own."""
    content = load("wheels.yml")["jobs"][job]
    assert set(content["needs"]) == set(load("wheels.yml")["jobs"]) - set(PUBLISHERS)
    assert content["environment"]["name"] == job
    assert f"github.event_name == '{PUBLISHERS[job]}'" in content["if"]
    assert [action_of(step) for step in content["steps"] if "uses" in step] == [
        "actions/download-artifact",
        PUBLISH,
    ]
    upload = content["steps"][-1]
    assert action_of(upload) == PUBLISH
    assert upload["with"]["attestations"] is True
    assert ("test.pypi.org" in upload["with"].get("repository-url", "")) == (job == "testpypi")


def test_only_a_tag_publishes():
    assert "github.ref_type == 'tag'" in load("wheels.yml")["jobs"]["pypi"]["if"]
    assert set(triggers("wheels.yml")) == {"push", "workflow_dispatch"}
    assert triggers("wheels.yml")["push"] == {"tags": ["v*"]}
    assert "inputs.testpypi" in load("wheels.yml")["jobs"]["testpypi"]["if"]
    assert triggers("wheels.yml")["workflow_dispatch"]["inputs"]["testpypi"]["default"] is False


def test_jobs_end_and_steps_take_no_expression_into_a_shell():
    assert all(content["timeout-minutes"] <= 45 for _, _, content in jobs())
    assert [step for _, step in steps() if "${{" in step.get("run", "")] == []


def test_no_step_keeps_the_token():
    checkouts = [step for _, step in steps() if action_of(step) == "actions/checkout"]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def wheels():
    """Python, platform and runner of each job: an entry of `include` fits or adds jobs."""
    matrix = load("wheels.yml")["jobs"]["wheels"]["strategy"]["matrix"]
    extras = [extra for extra in matrix["include"] if "python" in extra]
    runners = {extra["platform"]: extra["runner"] for extra in matrix["include"]}
    combined = [(python, name) for python in matrix["python"] for name in matrix["platform"]]
    combined += [(extra["python"], extra["platform"]) for extra in extras]
    return [(python, platform, runners[platform]) for python, platform in combined]


def test_the_matrix_is_the_list_of_wheels():
    listed = (ROOT / ".github" / "wheels.txt").read_text(encoding="ascii").split()
    assert sorted(f"{python}-{platform}" for python, platform, _ in wheels()) == sorted(listed)


def test_no_platform_is_emulated():
    """The machine's system and processor are the platform's; Pyodide's needs Node alone."""
    kinds = {
        r"m\w+linux_x86_64": r"ubuntu-[\d.]+",
        r"m\w+linux_aarch64": r"ubuntu-[\d.]+-arm",
        "macosx_x86_64": r"macos-\d+-intel",
        "macosx_arm64": r"macos-\d+",
        "win_amd64": r"windows-\d+",
        "win_arm64": r"windows-\d+-arm",
        "pyodide_wasm32": r"ubuntu-[\d.]+",
    }
    for _, platform, runner in wheels():
        (kind,) = (kind for name, kind in kinds.items() if re.fullmatch(name, platform))
        assert re.fullmatch(kind, runner), platform


def test_dependabot_renews_actions_and_tools():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {entry["package-ecosystem"] for entry in updates["updates"]} == {
        "github-actions",
        "pip",
    }
