"""Judges the form of sql/functions and pgtap/, as `make lint` does; with --allow it writes tests/form/not_yet anew."""

import sys

from .allowed import NOT_YET, judge, key, list_faults, read_allowed, read_files

REASON = "from before the rule"


def main() -> None:
    """Exit status 1 and a line for each fault."""
    text = NOT_YET.read_text(encoding="utf-8")
    allowed = read_allowed(text)
    files = read_files()
    if "--allow" in sys.argv[1:]:
        keys = dict.fromkeys(key(fault) for file in files for fault in list_faults(file))
        head = [line for line in text.splitlines() if line.startswith("#")]
        lines = [f"{one}  # {allowed.get(one, REASON)}" for one in sorted(keys)]
        NOT_YET.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
        return
    faults = judge(files, allowed)
    print(
        *faults
        or [f"sql/functions and pgtap: {len(files)} files in form, but for what tests/form/not_yet names"],
        sep="\n",
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
