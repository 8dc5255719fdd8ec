"""Holds objects to the schemas of a version of Kubernetes: kubernetes.py VERSION FILE... (YAML or JSON, lists too).

Prints what they are, or the first mistake of each with exit status 1. Needs kubernetes-validate (scripts/install-test-deps).
"""

import sys

import kubernetes_validate
import yaml


def objects(path):
    with open(path, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            yield from document["items"] if document["kind"] == "List" else [document]


version, *paths = sys.argv[1:]
mistakes = 0
for path in paths:
    for found in objects(path):
        name = f"{found['kind']} {found['metadata']['name']}"
        try:
            kubernetes_validate.validate(found, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            mistakes += 1
            place = ".".join(map(str, error.path))
            print(f"{path}: {name}: {place}: {error.message}")
        else:
            print(f"{path}: {name}")
sys.exit(mistakes != 0)
