"""What the tests stand on: a throw-away cluster, cloned databases, the pgTAP collector."""
