-- What a rate limit counts: requests, not only posts.
comment on column leadgen.rate_limits.name is
  'Requests without a key from one address, or with a key or signature that is not known to be valid (address); posts '
  'without a key for one source (source); requests with one API key (key); bytes that come into quarantine from one '
  'address without a source (quarantine_address), for one source (quarantine_source) and from everybody (quarantine).';
comment on column leadgen.rate_limits.amount is 'Requests, or bytes of quarantine; 0: nothing is taken.';
