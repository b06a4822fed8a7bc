"""The names within a model's folder; nothing is imported here, so that commands know them early."""

WEIGHTS, RECORD = "model.safetensors", "model.json"
REPORT, CARD = "report.html", "README.md"
