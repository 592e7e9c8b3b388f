-- Failed transactions to functions through which jobs are worked.
-- They leave no log: only a lake that has all transactions knows them.
-- not of what-ifs
select block_number, transaction_index, hash as transaction_hash, "from" as sender, "to" as transaction_to, selector,
    gas_used, gas_used * effective_gas_price as gas_paid
from (select *, lower(hex(input[:4])) as selector from raw.transactions where status = 0 and in_range(block_number))
where ("to", selector) in (select (transaction_to, selector) from res.works)
order by block_number, transaction_index;
