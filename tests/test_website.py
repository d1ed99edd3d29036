"""The web edition: pages that need no network, with every picture's words."""

import re
import subprocess
import sys

import pytest

from tests.notebooks import ALL, ROOT
from tools import commands, website
from tools.browser import listen
from tools.files import CourseError

README = """\
# The course

Words.

![A seven in grey levels.](notebooks/pictures/cover.png)

```
python3 course.py lab
```

## Lessons

| notebook | minutes |
|---|---|
| [01 One](notebooks/01_one.ipynb) | 180 |

<!-- links -->

## What is here
"""


def test_the_first_page_has_title_picture_table_and_every_notebook():
    page = website.first_page(README, ["01_one.ipynb", "solutions/01_one.ipynb"])
    assert page.startswith("# The course")
    assert "](pictures/cover.png)" in page
    assert "| [01 One](01_one.ipynb) | 180 |" in page
    assert "course.py" not in page
    assert "What is here" not in page
    assert re.search(r":caption: Lessons\n\n01_one\n```", page)
    assert re.search(r":caption: Worked answers\n\nsolutions/01_one\n```", page)


def test_a_pictures_words_and_width_reach_sphinx():
    about = {"image/png": {"alt": "A line.", "width": 900}, "data": "[1]"}
    shown = {"output_type": "display_data", "data": {"image/png": ""}}
    cell = {"cell_type": "code", "source": "draw()", "metadata": {}}
    cell["outputs"] = [shown | {"metadata": about}]
    made = website.prepared({"cells": [cell]})["cells"][0]
    image = {"alt": "A line.", "width": "900px"}
    assert made["metadata"]["mystnb"] == {"image": image}


def test_a_mermaid_fence_becomes_what_mermaid_draws():
    source = ["Before\n", "```mermaid\n", 'A["1<br/>x"] --> B\n', "```\n", "after"]
    cell = {"cell_type": "markdown", "source": source, "metadata": {}}
    made = website.prepared({"cells": [cell]})["cells"][0]["source"]
    inside = 'A["1&lt;br/&gt;x"] --&gt; B\n'
    assert made == f'Before\n<pre class="mermaid">\n{inside}</pre>\nafter'


def test_a_folder_with_other_work_is_never_replaced(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert website.main([str(tmp_path)]) == 1
    assert "holds something else than an earlier web edition" in capsys.readouterr().err
    with pytest.raises(CourseError, match="is a file"):
        website.refuse_other_work(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_an_empty_folder_a_new_one_and_an_earlier_edition_are_taken(tmp_path):
    website.refuse_other_work(tmp_path)
    website.refuse_other_work(tmp_path / "new")
    for name in (website.STAMP, "index.html"):
        (tmp_path / name).touch()
    website.refuse_other_work(tmp_path)


def test_two_folders_are_refused_before_any_set_up(capsys):
    assert commands.run("html", ["a", "b"]) == 1
    assert "Name one folder, or none" in capsys.readouterr().err


# The whole build, read in a browser


@pytest.fixture(scope="module")
def site(request, tmp_path_factory):
    """The web edition as the command makes it; it warns of nothing."""
    folder = tmp_path_factory.mktemp("web") / "site"
    command = [sys.executable, "course.py", "html", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


LOOK = """() => ({
    formulas: document.querySelectorAll('.math').length,
    drawn: document.querySelectorAll('.math > mjx-container').length,
    errors: document.querySelectorAll('[data-mml-node=merror]').length,
    diagrams: document.querySelectorAll('pre.mermaid').length,
    shown: document.querySelectorAll('pre.mermaid svg').length,
    images: [...document.images].map(image => [image.naturalWidth, image.alt]),
    width: document.documentElement.scrollWidth,
    links: [...document.querySelectorAll('article a[href]')].map(link => link.href),
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_drawn_on_a_phone_and_asks_for_nothing(
    all_of_it, chromium, site, scheme
):
    home = site.as_uri()
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == len(ALL) + 2  # the first page, and the search
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    for page in pages:
        problems = []
        tab = context.new_page()
        listen(tab, home, problems)
        tab.goto(page.as_uri(), wait_until="load")
        ready = "() => window.MathJax?.startup?.promise ?? true"
        tab.evaluate(f"async () => {{ await ({ready})(); }}")
        tab.wait_for_timeout(400)  # Mermaid tells nobody when it is done
        seen = tab.evaluate(LOOK)
        assert problems == [], page
        assert seen["formulas"] == seen["drawn"], page
        assert (seen["errors"], seen["diagrams"]) == (0, seen["shown"]), page
        assert all(width and len(alt) > 20 for width, alt in seen["images"]), page
        assert seen["width"] <= 390, page
        for link in seen["links"]:
            if link.startswith("file:"):
                assert link.startswith(home), link
        tab.close()
    context.close()


def test_the_search_finds_a_word_without_a_network(all_of_it, chromium, site):
    tab = chromium.new_page()
    tab.goto(f"{(site / 'search.html').as_uri()}?q=saturation")
    tab.wait_for_selector("#search-results li", timeout=10_000)
    assert "Lesson 01" in tab.locator("#search-results").inner_text()
