-- Transactions whose works were paid for more gas than so many times what the transaction used.
-- What is paid for is the gas between the validation and the work, of each work; extra gas and boost do not count. A validation
-- of an earlier transaction, and one that several works share, pay for gas that this transaction never used.
-- not of what-ifs
-- $times DECIMAL(9, 4) = 1.25: how many times; refunds give back up to a fifth of what was used
select w.block_number, w.transaction_hash, w.keep3r, w.works, w.keepers, w.paid_gas, t.gas_used, w.paid_kp3r
from (
    select block_number, transaction_hash, keep3r, count(*) as works, string_agg(distinct keeper, ' ' order by keeper) as keepers,
        wei(sum(initial_gas - gas_left)) as paid_gas, kp3r(sum(payment)) as paid_kp3r
    from res.works where class in ('exact', 'interval', 'stale_gas') and initial_gas is not null and in_range(block_number)
    group by block_number, transaction_hash, keep3r) w
    join raw.transactions t on t.hash = w.transaction_hash
where w.paid_gas::HUGEINT * 10000 > ($times * 10000)::HUGEINT * t.gas_used
order by w.block_number, w.transaction_hash, w.keep3r;
