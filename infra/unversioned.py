"""The template as emulators take it: functions without published versions and without an alias.

On AWS callers reach the alias `live`, which moves to a new version at once or gradually.
LocalStack's CloudFormation cannot move an alias: it makes a second one of the same name, fails, and
refuses every deployment from then on. No emulator deploys gradually, so there callers reach a
function itself, whose new code and settings hold at once.

`python -m infra.unversioned .aws-sam/build/template.yaml` rewrites what `sam build` wrote.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

# Libyaml takes a tenth of the time, where PyYAML has it; each start of a run reads the template.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_OF_VERSIONS = frozenset(
    {
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "DeploymentPreference",
        "ProvisionedConcurrencyConfig",
        "VersionDescription",
    }
)


def without_versions(template: str) -> str:
    """The template (YAML) without what publishes versions of functions; tags stay as they are."""
    tree = yaml.compose(template, Loader=_LOADER)
    found = list(_function_properties(tree))
    if not any(key.value in _OF_VERSIONS for node in found for key, _ in node.value):
        return template
    for node in found:
        node.value = [pair for pair in node.value if pair[0].value not in _OF_VERSIONS]
    return str(yaml.serialize(tree, Dumper=_DUMPER))


def _function_properties(tree: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """What all functions share, and what each of them has for itself."""
    yield _under(tree, "Globals", "Function")
    for _, resource in _under(tree, "Resources").value:
        kind = next(value.value for key, value in resource.value if key.value == "Type")
        if kind == "AWS::Serverless::Function":
            yield _under(resource, "Properties")


def _under(node: yaml.MappingNode, *keys: str) -> yaml.MappingNode:
    for wanted in keys:
        node = next(value for key, value in node.value if key.value == wanted)
    return node


def main() -> None:
    """Rewrite the template that is named, unless it is one without versions already."""
    path = Path(sys.argv[1])
    before = path.read_text(encoding="utf-8")
    after = without_versions(before)
    if after != before:
        path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
