-- The lake, if it ends more than so many blocks behind the head of the chain.
-- $head BIGINT: number of the chain's newest block; keep3r update asks the node for it, and keep3r audit too if there is one
-- $blocks BIGINT = 300: how far behind it may be
select last_block, $head as head, $head - last_block as behind
from (select coalesce(max(number)::BIGINT, -1) as last_block from raw.blocks)
where $head - last_block > $blocks;
