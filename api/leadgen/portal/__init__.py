"""The portal: the pages of buyers' people. No rule is here, and no SQL but calls of the façade."""
