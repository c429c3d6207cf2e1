"""In which order the gallery shows the examples: as one would read them."""

ORDER = [
    "plot_quickstart",
    "plot_choosing",
    "plot_balance_classes",
    "plot_transformations",
    "plot_multivariate",
    "plot_gaps_and_lengths",
    "plot_error_bars",
    "plot_diffusion",
    "plot_adversarial",
    "plot_grid_search",
    "plot_sktime_pipeline",
    "plot_forecasting_windows",
    "plot_evaluate_any_generator",
    "plot_transformer_or_cnn_gru",
    "plot_lstm_waves",
    "plot_save_and_share",
    "plot_anonymizer",
    "plot_training_loop",
]


class ExampleOrder:
    """Key of an example in the gallery; one that is not listed is an error."""

    def __init__(self, src_dir: str) -> None:
        self.src_dir = src_dir

    def __call__(self, filename: str) -> int:
        return ORDER.index(filename.removesuffix(".py"))

    def __repr__(self) -> str:
        return "ExampleOrder"
