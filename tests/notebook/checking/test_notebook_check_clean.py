"""Notebooks that have no fault are not accused of any."""

from __future__ import annotations

import pytest

from solvent.notebook.checking.checking import check

pytestmark = pytest.mark.slow

TABLE = "plot,size,price\n" + "".join(f"{n},{n % 7 + 1},{(n % 7 + 1) * 3 + n % 2}\n" for n in range(60))

LEARNING = [
    "%matplotlib inline\nimport pandas as pd\nimport matplotlib.pyplot as plt\nimport numpy as np",
    "from sklearn.ensemble import RandomForestRegressor\nfrom sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler",
    "df = pd.read_csv('plots.csv')\ndf.head()",
    "df['double'] = df['size'] * 2\ndf.dropna(inplace=True)\ndf.describe()",
    "X = df.drop(columns='price')\ny = df['price']\nX_train, X_test, y_train, y_test = train_test_split("
    "X, y, random_state=1)",
    "scaler = StandardScaler()\nX_train = scaler.fit_transform(X_train)\nX_test = scaler.transform(X_test)",
    "model = RandomForestRegressor(n_estimators=5, random_state=0)",
    "model.fit(X_train, y_train)",
    "print('score', round(model.score(X_test, y_test), 4))\nmodel",
    "fig, ax = plt.subplots(figsize=(2, 2))\nax.scatter(df['size'], df['price'])\nplt.show()",
    "from sklearn.linear_model import LinearRegression\nmodels = [('plain', LinearRegression()), ('trees', model)]\n"
    "grouped = df.groupby('size')",
    "for name, each in models:\n    each.fit(X_train, y_train)\n"
    "means = {key: part['price'].mean() for key, part in grouped}",
    "%%time\ntotal = sum(range(1000))",
    "for i, name in enumerate(df.columns):\n    print(i, name)",
    "def spread(values):\n    return values.max() - values.min()\n\nspread(df['size'])",
    "df.to_csv('out.csv', index=False)\npd.read_csv('out.csv').shape",
]
PLAIN = [
    "from collections import Counter\nfrom pathlib import Path\nimport random\n\nrandom.seed(3)\n"
    "TOKEN_PATTERN = r'[a-z]+'\nURL = 'https://example.org/a/b'\nMAX_TOKENS = 100",
    "words = 'the quick brown fox jumps over the lazy dog the end'.split()\ncounts = Counter(words)",
    "counts.most_common(2)",
    "class Shop:\n    rate = 0.2\n\n    def __init__(self, name):\n        self.name = name\n\n"
    "    def price(self, net):\n        return round(net * (1 + self.rate), 2)",
    "shop = Shop('corner')\nprint(shop.price(10))\nshop",
    "sample = random.sample(words, 3)\nsample",
    "import sys\nsys.path.append('..')\nimport beside_it\nprint(open('../around/a.txt').read(), beside_it.x)",
    "with open('notes.txt', 'w') as file:\n    file.write('a')\nprint(Path('notes.txt').read_text())",
    "try:\n    import nowhere_to_be_found\nexcept ImportError:\n    nowhere_to_be_found = None",
    "import asyncio\nawait asyncio.sleep(0)\nanswer = 42\nanswer",
    "größe = {'länge': 3}\ngrößer = {k: v + 1 for k, v in größe.items()}\ngrößer",
    "import time\nstart = time.time()\nelapsed = time.time() - start\nprint(f'took {elapsed:.3f} s')",
    "object()",
    "sorted(set(words))",
    "%load_ext autoreload\n%autoreload 2",
    "password = input if False else None\nwords = [one.upper() for one in words]",
    "data = [n for n in range(3)]\nmatrix = [[n * m for n in data] for m in data]\nmatrix",
    "",
]


@pytest.mark.parametrize("cells", [LEARNING, PLAIN], ids=["learning", "plain"])
def test_a_clean_notebook_has_no_fault(written, cells):
    """The usual chains, fits, plots, timings, classes and text of other languages pass, and all cells run."""
    around = {"../around/a.txt": "a", "../beside_it.py": "x = 1"}
    report = check(written(*cells, files={"plots.csv": TABLE, **around}))
    assert [(one.cell, one.kind, one.text) for one in report.faults] == []
    assert report.ran == len(cells)
