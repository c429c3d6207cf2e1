"""How many changes of the code the tests notice: docs/benchmarks/mutation.md.

    pip install mutmut
    mutmut run && python benchmarks/mutation.py

What is changed, and which tests look for it, stands under ``[tool.mutmut]`` in
pyproject.toml. The tests that train a critic for seconds are left out.
"""

import subprocess
from collections import Counter, defaultdict
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "mutation.md"
KILLED = {"killed", "timeout", "suspicious", "segfault"}
HEAD = (
    "# Mutation testing\n\nWritten by `benchmarks/mutation.py` from the results of "
    "[mutmut](https://mutmut.readthedocs.io) (Jia and Harman, 2011, "
    "doi:10.1109/TSE.2010.62): each mutant is the package with one small change, and "
    "is killed if a test fails. Those not run (here the last of `reporting`, each of "
    "which trains a network for a minute) count as if they had survived.\n\n"
)


def mutmut(*arguments):
    done = subprocess.run(
        ["mutmut", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def module_of(name):
    return name.split(".x", 1)[0].removeprefix("lgta_sklearn.")


def change_of(name):
    """Return the lines of a mutant that differ, as one."""
    lines = [line for line in mutmut("show", name) if line[:1] in "+-"]
    changed = [line for line in lines if not line.startswith(("+++", "---"))]
    old, new = ([x[1:].strip() for x in changed if x[0] == sign] for sign in "-+")
    return f"`{' '.join(old)}` → `{' '.join(new)}`"


def main():
    results = dict(
        line.strip().rsplit(": ", 1) for line in mutmut("results", "--all", "1")
    )
    counts = defaultdict(Counter)
    for name, result in results.items():
        counts[module_of(name)][result] += 1
    head = "| module | mutants | killed | survived | not run | share killed |"
    rows = [head, "|---" * 6 + "|"]
    total = Counter()
    for module, found in sorted(counts.items()):
        total.update(found)
        rows.append(row(f"`{module}`", found))
    rows.append(row("**all**", total))
    survivors = ["", "## Survivors", ""]
    for name, result in sorted(results.items()):
        if result not in KILLED | {"not checked"}:
            survivors.append(f"- `{module_of(name)}`, {result}: {change_of(name)}")
    PAGE.write_text(HEAD + "\n".join([*rows, *survivors]) + "\n")


def row(name, found):
    killed = sum(found[result] for result in KILLED)
    n, skipped = found.total(), found["not checked"]
    survived = n - killed - skipped
    share = f"{100 * killed / n:.0f} %"  # those not run count as if they survived
    return f"| {name} | {n} | {killed} | {survived} | {skipped} | {share} |"


if __name__ == "__main__":
    main()
