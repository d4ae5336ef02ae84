"""What the product can do, as ratios of one run: `.venv/bin/python -m tests.bench [--quick]`.

A throw-away server on this machine; loopback only; nothing is left running and nothing is written down.
"""
