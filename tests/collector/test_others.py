"""The Velociraptor artifact and the KAPE target: sound YAML of the form that those programs read."""

import csv
import io
import re
import uuid

import yaml


def test_the_artifact_has_what_velociraptor_asks_for(artifact):
    made = yaml.safe_load(artifact)
    assert made["name"] == "Custom.Exsweep.Exchange"
    assert made["type"] == "CLIENT"
    assert {each["name"] for each in made["parameters"]} == {
        "Days",
        "ExchangeFolder",
        "RegistryValues",
        "Plan",
    }
    query = made["sources"][0]["query"]
    assert query.count("(") == query.count(")")
    assert query.count("{") == query.count("}")
    assert "execve" not in query


def test_each_row_of_the_artifacts_plan_is_whole(artifact, plan):
    text = next(each for each in yaml.safe_load(artifact)["parameters"] if each["name"] == "Plan")["default"]
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    assert len(rows) == len(plan.files) + len(plan.channels)
    for row in rows:
        assert None not in row
        assert row["Dated"] in ("Y", "N")
        assert row["MaxBytes"].isdigit()
        assert row["Root"] == "exchange" or re.match(r"[A-Z]:", row["Root"])
        assert "\\" not in row["Glob"]


def test_the_target_has_what_kape_asks_for(target, plan):
    made = yaml.safe_load(target)
    assert uuid.UUID(made["Id"])
    assert made["RecreateDirectories"] is True
    for each in made["Targets"]:
        assert set(each) == {"Name", "Category", "Path", "FileMask", "Recursive"}
        assert each["Path"].startswith("C:\\") and each["Path"].endswith("\\")


def test_the_id_of_the_target_stays_while_the_plan_does(plan, target):
    from exsweep.knowledge.collection_target import kape

    assert yaml.safe_load(kape(plan, program="9"))["Id"] == yaml.safe_load(target)["Id"]
