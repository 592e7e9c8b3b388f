-- Transactions that take more or less from one job than another gets.
select keep3r, block_number, log_index, sum(amount) as difference from ledger
where kind in ('migrated_out', 'migrated_in') and in_range(block_number)
group by keep3r, block_number, log_index having sum(amount) <> 0;
