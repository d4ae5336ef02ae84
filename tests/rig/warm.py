"""What the server of forks has done before it forks: what each API does at its start takes half of the CPU time then.

Imported by name where nothing of the tests is on the path yet: rig/forks.py.
"""

import gc
from unittest import mock

from leadgen.app import main
from leadgen.settings import Settings

with mock.patch("leadgen.app.main.configure_logging"):
    main.create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nothing"))
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
