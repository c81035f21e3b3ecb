-- Most popular category per country, ties kept.
select country, category, count(*) as category_count
from post
group by country, category
qualify category_count = max(category_count) over (partition by country)
order by country, category
