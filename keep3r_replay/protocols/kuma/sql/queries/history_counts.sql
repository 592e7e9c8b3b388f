-- What happened, counted: sales, purchases, clones, expiries, refreshes, epoch lengths, self-transfers, failures.
with done as (select * from res.calls where class in ('exact', 'silent', 'mismatch') and reason = '')
select
    (select count(*) from done where function = 'sell_bond') as sold,
    (select count(*) from done where function in ('buy_bond', 'buy_bond_for_stable_coin')) as bought,
    (select count(*) from raw."kbc_token.CloneBondIssued") as clones,
    (select count(*) from raw."kbc_token.CloneBondIssued" where coupon = 1000000000000000000000000000) as clones_at_zero,
    (select count(*) from done where function = 'expire_bond') as expired,
    (select count(*) from res.keeper_calls where judgement = 'repeated') as expired_again,
    (select count(*) from done where function = 'refresh_yield') as refreshed,
    (select count(*) from done where function = 'refresh_yield' and class = 'silent') as refreshed_silently,
    (select count(*) from res.epoch_changes where is_alone) as epoch_lengths_alone,
    (select count(*) from res.self_transfers) as self_transfers,
    (select count(*) from res.calls where class = 'reverted') as failed;
