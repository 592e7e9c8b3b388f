-- How often the readings show a stale yield (another than a refresh would set then) or a stale rate, from readings alone.
with asked as (
    select c.category, r.block_number,
        any_value(r.value) filter (r.contract = c.token and r.view = 'getYield') as stored,
        any_value(r.value) filter (r.contract = c.swap and r.view = 'getMinCoupon') as min_coupon,
        any_value(r.value) filter (r.view = 'getRate') as rate,
        bool_or(r.view = 'getRate' and r.revert = 'ORACLE_ANSWER_IS_STALE') as is_rate_stale,
        bool_or(r.contract = c.swap and r.view in ('isExpired', 'isDeprecated') and r.value = 'true') as is_at_zero
    from raw.readings r
    join res.categories c on r.contract in (c.token, c.swap) or (r.view = 'getRate' and r.arguments = c.risk_category)
    where r.view in ('getYield', 'getMinCoupon', 'getRate', 'isExpired', 'isDeprecated')
    group by c.category, r.block_number
),
judged as (
    select *, case when is_at_zero then 1000000000000000000000000000::HUGEINT
        when not is_rate_stale then least(rate::HUGEINT, min_coupon::HUGEINT) end as due
    from asked
    where stored is not null
)
select category, count(*) as readings, count(*) filter (due <> stored::HUGEINT) as stale_yields,
    count(*) filter (is_rate_stale) as stale_rates
from judged group by category
union all
select 'all', count(*), count(*) filter (due <> stored::HUGEINT), count(*) filter (is_rate_stale) from judged
order by category = 'all', category;
