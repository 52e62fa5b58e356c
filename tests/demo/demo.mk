# SPDX-License-Identifier: MIT

.PHONY: demo
demo:
	@tests/demo/demo '$(MAKE)'
