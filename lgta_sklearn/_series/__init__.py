"""Sets of series: containers, panels, checks, labels."""
