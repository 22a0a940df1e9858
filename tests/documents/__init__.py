"""What checks the project's documents; `tests/test_documents.py` puts it to use."""
