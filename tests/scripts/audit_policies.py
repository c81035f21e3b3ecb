"""Print what parliament finds in policies, as JSON: statements come as JSON on the standard input.

Run by the tests in an environment that has it.
"""

import json
import sys

import parliament

if __name__ == "__main__":
    found = {}
    for name, document in json.load(sys.stdin).items():
        findings = parliament.analyze_policy_string(json.dumps(document), ignore_private_auditors=True).findings
        if findings:
            found[name] = [f"{finding.issue} {finding.detail}" for finding in findings]
    print(json.dumps(found))
