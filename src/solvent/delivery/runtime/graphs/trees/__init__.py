"""Trees of scikit-learn, LightGBM and XGBoost, as each of them decides."""
