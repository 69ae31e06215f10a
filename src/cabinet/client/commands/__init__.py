"""The commands of filecli: one module a noun, each with its arguments, options and what it prints.

Rule: thin. A command reads its line and hands over to `sync`, `transfer`, `remote` or the server; what
is not needed for `--help` is imported inside the function.
"""
