-- What each caller added, in how many events.
create or replace view callers as
select who, count(*) as events, sum(amount) as added, max(total) as last_total
from res.counts
where log_index is not null
group by who;
