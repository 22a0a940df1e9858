# Thin on purpose: bootstrap.py does the work, on every system. ARGS is handed on: make test ARGS="-k crash".
PYTHON ?= python3

.PHONY: demo lab site test validate bench check fast clean

demo lab site test validate bench check fast clean:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
