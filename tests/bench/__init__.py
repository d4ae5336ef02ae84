"""What the product can do, on a throw-away server of this machine: `.venv/bin/python -m tests.bench`.

Without arguments: what a lead costs in CPU time and by the clock, directly and over HTTP, beside its rows alone; which
functions and statements take it; deliveries, wake-up and what-if. `--against REV` compares with a revision in git,
`--plans` shows what one lead reads, `--quick` is one short round. CPU time is the number to trust: the clock also shows
what else the machine does. Loopback only; nothing is left running and nothing is written down.
"""
