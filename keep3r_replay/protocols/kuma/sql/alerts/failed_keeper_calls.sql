-- Calls of keepers that failed.
-- They leave no log: only a lake that follows calls without logs, or has all transactions, knows them.
-- not of what-ifs
select block_number, "at", category, sender, function, bond_id, outlay from keeper_calls
where judgement = 'failed' and in_range(block_number)
order by block_number, sender;
