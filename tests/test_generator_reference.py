"""At 11,154 rows the data has the counts of the published copy."""

from collections import Counter
from datetime import datetime
from math import sqrt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sandbox.data import generate

ROWS = 11_154
# posts of a person: persons, mean age, mean latitude, mean days after 2015-10-21
ARTEFACT = {
    1: (3869, 39.9, 0.4, 370),
    2: (640, 33.3, -33, 236),
    3: (272, 30.1, -48, 177),
    5: (88, 27.1, -52, 121),
    10: (25, 23.3, -71, 74),
}
PERSON = ["first_name", "last_name", "age", "date_joined"]


def joined(rows: int = ROWS, seed: int = 1) -> pd.DataFrame:
    """All columns of the three tables side by side."""
    chunks = list(generate(rows, seed))
    tables = [pa.concat_tables(list(parts)) for parts in zip(*((c.pin, c.geo, c.user) for c in chunks), strict=True)]
    return pd.concat([tables[0].to_pandas(), *(t.drop_columns("ind").to_pandas() for t in tables[1:])], axis=1)


@pytest.fixture(scope="module", params=[1, 2, 3, 99, 2**63 - 1])
def data(request: pytest.FixtureRequest) -> pd.DataFrame:
    return joined(seed=request.param)


@pytest.fixture(scope="module")
def people(data: pd.DataFrame) -> pd.DataFrame:
    """One row a person, with the number of posts."""
    return data.groupby(PERSON, as_index=False).agg(
        posts=("index", "size"), latitude=("latitude", "first"), longitude=("longitude", "first")
    )


def test_the_tables_number_their_rows_alike(data: pd.DataFrame) -> None:
    for chunk in generate(ROWS, 1, chunk_rows=5_000):
        numbers = range(chunk.first_row, chunk.first_row + chunk.pin.num_rows)
        assert chunk.pin["index"].to_pylist() == list(numbers)
        assert chunk.geo["ind"].to_pylist() == chunk.user["ind"].to_pylist() == list(numbers)
    assert len(data) == ROWS


def test_persons_and_their_posts_are_as_many_as_counted(people: pd.DataFrame) -> None:
    persons = people["posts"].value_counts()
    assert len(people) == 5307
    assert {posts: persons[posts] for posts in ARTEFACT} == {posts: row[0] for posts, row in ARTEFACT.items()}
    assert sorted(people["posts"])[:-4:-1] == [244, 140, 88]
    assert (people["posts"] > 1).sum() == 1438


def test_some_full_names_are_shared(people: pd.DataFrame) -> None:
    holders = people.groupby(["first_name", "last_name"]).size()
    assert abs(len(holders) - 5081) <= 4 * sqrt(5307 - 5081)
    assert abs((holders > 1).sum() - 196) <= 4 * sqrt(196)
    assert holders.max() <= 4


def test_busy_persons_are_young_southern_and_early(people: pd.DataFrame) -> None:
    days = (people["date_joined"] - pd.Timestamp("2015-10-21")) / pd.Timedelta(days=1)
    for posts, (_, age, latitude, joined_after) in ARTEFACT.items():
        group = people["posts"] == posts
        for values, wanted in ((people["age"], age), (people["latitude"], latitude), (days, joined_after)):
            error = values[group].std() / sqrt(group.sum())
            assert abs(values[group].mean() - wanted) <= 4 * error, (posts, wanted)


def test_the_smallest_of_n_draws_holds_in_every_column(people: pd.DataFrame) -> None:
    for posts in ARTEFACT:
        group = people[people["posts"] == posts]
        wanted = 1 / (posts + 1)
        spread = sqrt(posts / ((posts + 1) ** 2 * (posts + 2)) / len(group))
        for fraction in ((group["latitude"] + 90) / 180, (group["longitude"] + 180) / 360):
            assert abs(fraction.mean() - wanted) <= 4 * spread


def test_first_names_and_countries_of_busy_persons_come_early_in_the_alphabet(data: pd.DataFrame) -> None:
    posts = data.groupby(PERSON)["index"].transform("size")
    for column in ("first_name", "last_name", "country"):
        place = data[column].rank(method="dense")
        means = [place[posts == n].mean() for n in (1, 2, 3, 5, 10)]
        assert means == sorted(means, reverse=True), column


def test_poster_and_person_are_one_to_one(data: pd.DataFrame) -> None:
    assert data["poster_name"].nunique() == 5307
    assert len(data.drop_duplicates(["poster_name", *PERSON])) == 5307


def test_all_rows_without_user_info_belong_to_one_person(data: pd.DataFrame) -> None:
    nameless = data[data["poster_name"] == "User Info Error"]
    assert len(nameless) == 88
    assert len(nameless.drop_duplicates(PERSON)) == 1
    assert (nameless["follower_count"] == "User Info Error").all()


def test_placeholders_occur_together(data: pd.DataFrame) -> None:
    nameless = data["poster_name"] == "User Info Error"
    story = data["is_image_or_video"].str.startswith("multi-video")
    both = data[nameless & story]
    assert len(both) > 0
    assert set(both["title"]) == {"No Title Data Available"}
    assert set(both["tag_list"]) == {"N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"}
    assert set(both["image_src"]) == {"Image src error."}
    assert set(both["description"]) == {"No description available Story format"}


def test_downloaded_is_nought_exactly_where_the_image_is_missing(data: pd.DataFrame) -> None:
    assert (data["downloaded"] == (data["image_src"] != "Image src error.").astype(int)).all()


def test_texts_have_their_form(data: pd.DataFrame) -> None:
    assert data["unique_id"].str.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").all()
    assert data["unique_id"].is_unique
    image = r"https://i\.pinimg\.com/(videos/thumbnails/)?originals/(..)/(..)/(..)/\2\3\4[0-9a-f]{26}\.jpg"
    assert (data["image_src"].str.fullmatch(image) | (data["downloaded"] == 0)).all()
    assert (data["save_location"] == "Local save in /data/" + data["category"]).all()
    moving = data["image_src"].str.contains("videos/thumbnails")
    assert (moving == ((data["is_image_or_video"] != "image") & (data["downloaded"] == 1))).all()


def test_titles_and_descriptions_have_their_length(data: pd.DataFrame) -> None:
    assert data["title"].str.len().between(1, 199).all()
    assert data["title"].str.len().max() > 150
    assert data["description"].str.len().max() <= 180
    assert data["description"].str.len().median() == 148


def test_titles_hold_five_kinds_of_foreign_text(data: pd.DataFrame) -> None:
    for letters in ("[α-ω]", "[а-я]", "[ぁ-んァ-ン一-龥]", "[א-ת]", "[✨🎄🌿🎨]"):
        assert data["title"].str.contains(letters).sum() > 20, letters


def test_no_value_is_missing_or_empty(data: pd.DataFrame) -> None:
    assert not data.isna().any().any()
    assert not (data == "").any().any()


def test_some_posts_repeat_the_content_of_another(data: pd.DataFrame) -> None:
    real = data[data["title"] != "No Title Data Available"]
    content = ["title", "description", "image_src"]
    copies = real.duplicated(content)
    assert abs(copies.sum() - 0.008 * ROWS) <= 4 * sqrt(0.008 * ROWS)
    assert real[real.duplicated(content, keep=False)].groupby(content)["category"].nunique().eq(1).all()


def test_a_few_posters_show_two_neighbouring_counts(data: pd.DataFrame) -> None:
    counts = data.groupby("poster_name")["follower_count"].unique()
    several = counts[counts.map(len) > 1]
    assert abs(len(several) - 5307 * 8 / 1942) <= 4 * sqrt(5307 * 8 / 1942)
    for texts in several:
        low, high = sorted(int(text.removesuffix("k")) for text in texts)
        assert high == low + 1


def test_followers_stay_in_their_range(data: pd.DataFrame) -> None:
    forms = {"^([0-9]+)$": (0, 940), "^([0-9]+)k$": (1, 985), "^([0-9]+)M$": (1, 15)}
    for form, (low, high) in forms.items():
        numbers = data["follower_count"].str.extract(form)[0].dropna().astype(int)
        assert len(numbers) > 0
        assert numbers.between(low, high).all()


def test_the_young_have_more_followers_by_the_artefact(data: pd.DataFrame) -> None:
    unit = data["follower_count"].str[-1].map({"k": 1_000, "M": 1_000_000}).fillna(1)
    number = pd.to_numeric(data["follower_count"].str.rstrip("kM"), errors="coerce") * unit
    people = data.assign(number=number).groupby(PERSON)["number"].max().reset_index()
    medians = people.groupby(np.digitize(people["age"], [25, 36, 51]))["number"].median()
    assert medians[0] > medians[2] and medians[0] > medians[3]


def test_times_are_distinct_and_in_range(data: pd.DataFrame) -> None:
    assert data["timestamp"].is_unique
    assert data["timestamp"].min() >= datetime(2017, 10, 19, 15, 13)
    assert data["timestamp"].max() <= datetime(2022, 10, 19, 17, 54)
    middle = pd.Timestamp("2020-04-19 16:33")
    assert abs((data["timestamp"] < middle).mean() - 0.5) <= 4 * sqrt(0.25 / ROWS)


def test_nobody_posts_before_joining(data: pd.DataFrame) -> None:
    assert (data["timestamp"] >= data["date_joined"]).all()
    assert data["date_joined"].between("2015-10-21", "2017-10-20 23:59:59").all()
    assert data["age"].between(20, 60).all()


def test_every_country_occurs_and_the_rarest_is_rare(data: pd.DataFrame) -> None:
    rows = data["country"].value_counts()
    assert len(rows) == 243
    assert abs(rows.min() - 5) <= 4 * sqrt(5)


def test_coordinates_have_six_significant_digits(data: pd.DataFrame) -> None:
    for column, limit in (("latitude", 90), ("longitude", 180)):
        assert data[column].abs().max() <= limit
        assert all(float(f"{value:.6g}") == value for value in data[column])


def test_latitude_does_not_follow_the_country_among_persons_with_one_post(data: pd.DataFrame) -> None:
    single = data[data.groupby(PERSON)["index"].transform("size") == 1]
    place = single["country"].rank(method="dense")
    assert abs(np.corrcoef(place, single["latitude"])[0, 1]) <= 4 / sqrt(len(single))


def test_busy_persons_scale_with_the_rows() -> None:
    for rows in (1_000, 50_000):
        data = joined(rows)
        posts = data.groupby(PERSON).size().sort_values(ascending=False)
        assert abs(posts.iloc[0] - 244 * rows / ROWS) <= 4 * sqrt(244 * rows / ROWS)
        assert abs(len(posts) - 5307 * rows / ROWS) <= 4 * sqrt(rows * 0.4758 * 0.5242)
        assert data["poster_name"].nunique() == len(posts)
        assert data["timestamp"].is_unique


@pytest.mark.full
def test_half_a_million_rows_keep_the_identities() -> None:
    seen: Counter[str] = Counter()
    moments, pairs = [], set()
    for chunk in generate(500_000, 7):
        moments.append(chunk.geo["timestamp"].cast(pa.int64()).to_numpy())
        seen["late"] += pc.sum(pc.less(chunk.geo["timestamp"], chunk.user["date_joined"])).as_py()
        person = pa.table({"poster": chunk.pin["poster_name"]} | {name: chunk.user[name] for name in PERSON})
        pairs |= {tuple(row) for row in zip(*person.to_pydict().values(), strict=True)}
    assert seen["late"] == 0
    assert len(np.unique(np.concatenate(moments))) == 500_000
    assert len({pair[0] for pair in pairs}) == len({pair[1:] for pair in pairs}) == len(pairs)
