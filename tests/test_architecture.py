import subprocess
import sys


def test_importing_the_package_loads_no_framework():
    code = (
        "import sys, lgta_sklearn; "
        "heavy = {'torch', 'skorch', 'sktime', 'aeon', 'imblearn', 'matplotlib'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
