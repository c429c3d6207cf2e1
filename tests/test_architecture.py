import pytest
from conftest import run_python

import lgta_sklearn


def test_importing_the_package_loads_no_framework():
    code = """
        import sys
        import lgta_sklearn
        print({"sklearn", "numpy"} & set(sys.modules), lgta_sklearn.__version__)
        from lgta_sklearn import *
        from lgta_sklearn import metrics, plotting
        heavy = {"torch", "skorch", "sktime", "aeon", "imblearn", "matplotlib"}
        print(sorted(heavy & set(sys.modules)))
    """
    assert run_python(code) == [f"set() {lgta_sklearn.__version__}", "[]"]


def test_what_is_imported_when_asked_for_is_all_there():
    assert set(lgta_sklearn.__all__) <= set(dir(lgta_sklearn))
    for name in lgta_sklearn.__all__:
        assert getattr(lgta_sklearn, name).__name__ == name
    with pytest.raises(AttributeError, match="Nothing"):
        lgta_sklearn.Nothing  # noqa: B018
