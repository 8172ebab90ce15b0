"""Prints what `go test -json` tells as `go test` would, and also which tests were skipped, and why."""

import collections
import json
import sys

held = collections.defaultdict(list)  # output of tests that have not ended, by package and test


def tell(lines):
    print("".join(lines), end="", flush=True)


for line in sys.stdin:
    if not line.startswith("{"):
        tell([line])
        continue
    event = json.loads(line)
    action, package, test = event["Action"], event.get("Package"), event.get("Test")
    key = package, test
    if action in ("output", "build-output"):
        if test:
            held[key].append(event["Output"])
        elif event["Output"] != "PASS\n":
            tell([event["Output"]])
    elif action == "fail":
        for k in [k for k in held if k == key or k[0] == package and not test]:
            tell(held.pop(k))
    elif action == "skip" and test:
        why = [text.strip() for text in held.pop(key, []) if not text.lstrip().startswith(("=== ", "--- "))]
        tell([f"skipped: {package} {test}: {' '.join(why)}\n"])
    elif action == "pass":
        held.pop(key, None)
