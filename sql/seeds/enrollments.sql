-- Enrollments from before there were versions get their first, and their limits as a list.
update leadgen.buyer_offers bo set version = bo.version where bo.limit_codes is null;
