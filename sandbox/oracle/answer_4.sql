-- Most popular category per age group, posts counted, ties kept.
select age_group(age) as age_group, category, count(*) as category_count
from post
where age_group(age) is not null
group by age_group(age), category
qualify count(*) = max(count(*)) over (partition by age_group(age))
order by age_group, category
