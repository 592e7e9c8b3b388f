-- Periods that do not add up, or do not open with what the one before closed with.
select * from (
    select *, lag(closing) over (partition by keep3r, job order by begins_at) as former from periods)
where opening + minted + repriced + spent + expired + capped + removed + migrated_out + migrated_in + forced + adopted
        <> closing
    or (former is not null and former <> opening);
