"""Names that packages dropped and what took their place, and modules whose package has another name."""

from __future__ import annotations

__all__ = ["known_drift", "package_of"]

_PACKAGES = {
    "sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "pillow", "yaml": "pyyaml", "bs4": "beautifulsoup4",
    "skimage": "scikit-image", "dateutil": "python-dateutil", "dotenv": "python-dotenv", "Crypto": "pycryptodome",
    "imblearn": "imbalanced-learn", "umap": "umap-learn", "fitz": "pymupdf", "docx": "python-docx",
    "serial": "pyserial",
    "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary", "git": "gitpython", "jwt": "pyjwt",
    "magic": "python-magic",
    "skopt": "scikit-optimize", "sentence_transformers": "sentence-transformers", "kneed": "kneed", "mpl_toolkits":
    "matplotlib", "pptx": "python-pptx", "usb": "pyusb", "wx": "wxpython", "zmq": "pyzmq", "lxml": "lxml",
    "OpenSSL": "pyopenssl", "attr": "attrs", "pkg_resources": "setuptools", "googleapiclient":
    "google-api-python-client", "mlxtend": "mlxtend", "xgboost": "xgboost", "gym": "gymnasium", "IPython": "ipython",
    "category_encoders": "category-encoders", "pandas_profiling": "ydata-profiling", "sksurv": "scikit-survival",
    "fbprophet": "prophet", "surprise": "scikit-surprise", "tensorflow_hub": "tensorflow-hub",
}  # fmt: skip

_DROPPED = {
    # pandas
    "append": "write pd.concat([a, b]) instead of a.append(b)",
    "ix": "write .loc for labels or .iloc for places",
    "weekday_name": "write .day_name()",
    "iteritems": "write .items()",
    "as_matrix": "write .to_numpy()",
    "get_value": "write .at[row, column]",
    "set_value": "write .at[row, column] = value",
    "lookup": "write .melt() or NumPy's indexing",
    "mad": "write (x - x.mean()).abs().mean()",
    "swaplevel": "write .swaplevel on the index",
    "applymap": "write .map",
    "pad": "write .ffill()",
    "Panel": "use a frame with an index of several levels",
    "Int64Index": "write pd.Index",
    "error_bad_lines": "write on_bad_lines='skip'",
    "warn_bad_lines": "write on_bad_lines='warn'",
    "infer_datetime_format": "leave it out: it is always so",
    "delim_whitespace": r"write sep=r'\s+'",
    "squeeze": "write .squeeze('columns') behind it",
    "line_terminator": "write lineterminator",
    "pandas.util.testing": "import pandas.testing",
    "pandas.io.json.json_normalize": "write pd.json_normalize",
    "datetools": "use pandas.tseries.offsets",
    # NumPy
    **{name: f"write {name}, or np.{name}64 or np.{name}_" for name in ("bool", "int", "float", "object", "complex")},
    "str": "write str, or np.str_",
    "long": "write int",
    "asscalar": "write .item()",
    "NaN": "write np.nan",
    "Inf": "write np.inf",
    "product": "write np.prod",
    "cumproduct": "write np.cumprod",
    "trapz": "write np.trapezoid",
    "float_": "write np.float64",
    "unicode_": "write np.str_",
    "in1d": "write np.isin",
    "alltrue": "write np.all",
    # scikit-learn
    "normalize": "scale before: make_pipeline(StandardScaler(), model)",
    "sklearn.externals": "import joblib itself: import joblib",
    "sklearn.externals.joblib": "import joblib itself: import joblib",
    "sklearn.externals.six": "import six itself, or io.StringIO",
    "joblib": "import joblib itself: import joblib",
    "sklearn.cross_validation": "import from sklearn.model_selection",
    "sklearn.grid_search": "import from sklearn.model_selection",
    "sklearn.learning_curve": "import from sklearn.model_selection",
    "sklearn.neighbors.classification": "import from sklearn.neighbors",
    "sklearn.ensemble.forest": "import from sklearn.ensemble",
    "sklearn.preprocessing.imputation": "import SimpleImputer from sklearn.impute",
    "Imputer": "import SimpleImputer from sklearn.impute",
    "load_boston": "take fetch_california_housing, or bring the data along",
    "plot_confusion_matrix": "write ConfusionMatrixDisplay.from_estimator",
    "plot_roc_curve": "write RocCurveDisplay.from_estimator",
    "plot_precision_recall_curve": "write PrecisionRecallDisplay.from_estimator",
    "plot_partial_dependence": "write PartialDependenceDisplay.from_estimator",
    "get_feature_names": "write get_feature_names_out",
    "sparse": "write sparse_output",
    "base_estimator": "write estimator",
    "squared": "write root_mean_squared_error",
    "affinity": "write metric",
    "max_features": "write max_features='sqrt' (classification) or 1.0 (regression) where it was 'auto'",
    "loss": "look up the new name: 'log' is 'log_loss', 'ls' is 'squared_error', 'deviance' is 'log_loss'",
    "criterion": "'mse' is 'squared_error', 'mae' is 'absolute_error'",
    "presort": "leave it out",
    "iid": "leave it out",
    "multi_class": "leave it out, or wrap the model in OneVsRestClassifier",
    "n_jobs": "leave it out here",
    # matplotlib, seaborn, others
    "normed": "write density",
    "distplot": "write histplot or displot",
    "factorplot": "write catplot",
    "hold": "leave it out",
    "get_cmap": "write matplotlib.colormaps['name']",
    "imread": "import it from imageio or matplotlib.pyplot",
    "imresize": "use PIL.Image.resize",
    "contrib": "TensorFlow 2 has no contrib: look up what took its place",
    "Session": "TensorFlow 2 has none: use Keras, or tf.compat.v1",
    "early_stopping_rounds": "give it to the model itself, or as a callback",
    "evals_result": "record with a callback",
    "clock": "write time.perf_counter()",
}


def package_of(module: str) -> str:
    """The name under which pip installs a module."""
    return _PACKAGES.get(module, module.replace("_", "-"))


def known_drift(name: str) -> str | None:
    """What to write instead of a name that was dropped, where that is known."""
    while name:
        if name in _DROPPED:
            return _DROPPED[name]
        name = name.rpartition(".")[0]
    return None
