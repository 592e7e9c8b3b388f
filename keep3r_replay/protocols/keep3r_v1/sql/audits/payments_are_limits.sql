-- Payments whose class says that they are a limit, and that are another amount than it.
select block_number, log_index, class, payment, "limit" from res.works
where class in ('work_exact', 'work_deep', 'work_stale', 'receipt_measured') and payment <> "limit" and in_range(block_number);
