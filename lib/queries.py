"""The eight questions of the course, each from the three clean tables to its answer.

A post is one row of the three clean tables joined on `ind`. A person is a distinct (user_name, age, date_joined): names
alone are shared by different people, and one person has many posts. The followers of a person are the largest
follower_count among the person's posts. Ties are kept, and each answer is sorted by its key columns.
Years are those of the session's time zone, which `lib.notebook.prepare` sets to UTC.

Every function takes the clean DataFrames `pin`, `geo` and `user` (`lib.schemas.clean_schema`).
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lib.schemas import KEY

POST_YEARS = (2018, 2022)
JOIN_YEARS = (2015, 2020)
_PERSON = ("user_name", "age", "date_joined")


def posts(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """The posts, with all columns of the three tables; a row whose key one of them lacks is no post."""
    return pin.join(geo, KEY).join(user, KEY)


def followers_per_person(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """One row a person with a known count: age_group (NULL below 18), join_year, followers (bigint)."""
    people = posts(pin, geo, user).groupBy(*_PERSON).agg(F.max("follower_count").alias("followers"))
    known = people.where(F.col("followers").isNotNull())
    return known.select(age_group(F.col("age")).alias("age_group"), _join_year(), "followers")


def age_group(age: Column) -> Column:
    """18-24, 25-35, 36-50 or 50+ (51 and over); NULL below 18: there is no other group."""
    return (
        F.when(age.between(18, 24), "18-24")
        .when(age.between(25, 35), "25-35")
        .when(age.between(36, 50), "36-50")
        .when(age > 50, "50+")
    )


def question_1(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Most popular category per country: country, category, category_count (posts)."""
    counts = posts(pin, geo, user).groupBy("country", "category").agg(F.count("*").alias("category_count"))
    return _sorted(_top(counts, "category_count", per="country"), "country", "category")


def question_2a(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Posts per category per year, 2018 to 2022: post_year (of the post's timestamp), category, category_count."""
    return _sorted(_categories_per_year(pin, geo, user), "post_year", "category")


def question_2b(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Most popular category per year, 2018 to 2022: post_year, category, category_count."""
    top = _top(_categories_per_year(pin, geo, user), "category_count", per="post_year")
    return _sorted(top, "post_year", "category")


def question_3a(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Per country the poster with most followers: country, poster_name, follower_count."""
    return _sorted(_top_posters(pin, geo, user), "country", "poster_name")


def question_3b(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """The country of the poster with most followers of all: country, follower_count."""
    top = _top(_top_posters(pin, geo, user), "follower_count")
    return _sorted(top.select("country", "follower_count").distinct(), "country")


def question_4(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Most popular category per age group: age_group, category, category_count (posts)."""
    grouped = posts(pin, geo, user).withColumn("age_group", age_group(F.col("age")))
    known = grouped.where(F.col("age_group").isNotNull())
    counts = known.groupBy("age_group", "category").agg(F.count("*").alias("category_count"))
    return _sorted(_top(counts, "category_count", per="age_group"), "age_group", "category")


def question_5(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Median followers per age group, over people: age_group, median_follower_count (double, exact)."""
    return _median(followers_per_person(pin, geo, user), "age_group")


def question_6(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:  # noqa: ARG001
    """People who joined per year, 2015 to 2020: join_year (of date_joined), number_users_joined.

    People are those of the user table: joining needs no post.
    """
    people = user.select(*_PERSON).distinct().select(_join_year())
    counts = people.where(_joined_in_range()).groupBy("join_year").agg(F.count("*").alias("number_users_joined"))
    return _sorted(counts, "join_year")


def question_7(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Median followers per joining year, 2015 to 2020, over people: join_year, median_follower_count (double)."""
    return _median(followers_per_person(pin, geo, user).where(_joined_in_range()), "join_year")


def question_8(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    """Median followers per age group and joining year, over people: age_group, join_year, median_follower_count."""
    return _median(followers_per_person(pin, geo, user).where(_joined_in_range()), "age_group", "join_year")


Question = Callable[[DataFrame, DataFrame, DataFrame], DataFrame]

QUESTIONS: dict[str, Question] = {
    "1": question_1,
    "2a": question_2a,
    "2b": question_2b,
    "3a": question_3a,
    "3b": question_3b,
    "4": question_4,
    "5": question_5,
    "6": question_6,
    "7": question_7,
    "8": question_8,
}
"""The functions by the name of the question, in its order."""


def _sorted(answer: DataFrame, *keys: str) -> DataFrame:
    """In one partition, so that a table written from it is one file and is read back in the same order."""
    return answer.repartition(1).orderBy(*keys)


def _top(rows: DataFrame, measure: str, per: str | None = None) -> DataFrame:
    """The rows that share the largest non-null `measure`, of all or of each `per`."""
    group = F.lit("all") if per is None else F.col(per)
    ranked = rows.withColumn("_best", F.max(measure).over(Window.partitionBy(group)))
    return ranked.where(F.col(measure) == F.col("_best")).drop("_best")


def _categories_per_year(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    dated = posts(pin, geo, user).withColumn("post_year", F.year("timestamp"))
    in_range = dated.where(F.col("post_year").between(*POST_YEARS))
    return in_range.groupBy("post_year", "category").agg(F.count("*").alias("category_count"))


def _top_posters(pin: DataFrame, geo: DataFrame, user: DataFrame) -> DataFrame:
    posters = posts(pin, geo, user).groupBy("country", "poster_name").agg(F.max("follower_count").alias("most"))
    return _top(posters.withColumnRenamed("most", "follower_count"), "follower_count", per="country")


def _join_year() -> Column:
    return F.year("date_joined").alias("join_year")


def _joined_in_range() -> Column:
    return F.col("join_year").between(*JOIN_YEARS)


def _median(people: DataFrame, *keys: str) -> DataFrame:
    """The exact median of each group; a group in which nobody's followers are known has no row."""
    grouped = people.where(F.col(keys[0]).isNotNull())
    medians = grouped.groupBy(*keys).agg(F.median("followers").alias("median_follower_count"))
    return _sorted(medians, *keys)
