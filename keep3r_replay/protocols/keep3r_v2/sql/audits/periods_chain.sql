-- Periods that do not add up, or do not open with what the one before closed with.
-- A period belongs to a range that it overlaps.
select * from (
    select *, lag(closing) over (partition by keep3r, job order by begins_at) as former from periods)
where (opening + minted + repriced + spent + expired + capped + removed + migrated_out + migrated_in + forced + adopted
        <> closing
    or (former is not null and former <> opening))
    and begins_at <= range_end() and ends_at > (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number));
