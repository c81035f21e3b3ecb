-- Most popular category per year, from 2a, ties kept.
select post_year, category, category_count
from answer_2a
qualify category_count = max(category_count) over (partition by post_year)
order by post_year, category
