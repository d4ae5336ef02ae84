"""`leadgen demo`: the whole system at work on loopback, on a database of its own.

One road, a module each: `database` makes leadgen_demo, `catalogue` fills it, `buyers` receive webhooks and
emails as companies would, `processes` runs the API and the worker, `leads` invents 200 leads and says what
must become of each, `posting` sends them, `checks` compares what became of them, `report` shows it all.
`run` strings them together. `account` shows one decision; `leadgen explain` uses it too.
"""
