"""The commands of filecli: one module per noun, with arguments, options and output.

Rule: thin. A command parses its arguments and calls `sync`, `transfer`, `remote` or the API; what is not
needed for `--help` is imported inside the function.
"""
