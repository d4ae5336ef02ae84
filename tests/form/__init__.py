"""The form of sql/functions, bodies included, which sqlfluff does not see, and of pgtap."""
