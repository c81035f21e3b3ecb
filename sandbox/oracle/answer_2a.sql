-- Posts per category per year, 2018 to 2022; a category without a post in a year has no row.
select year("timestamp") as post_year, category, count(*) as category_count
from post
where post_year between 2018 and 2022
group by post_year, category
order by post_year, category
