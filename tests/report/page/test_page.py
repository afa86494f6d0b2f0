"""The report in a real browser: the slider, the keyboard, both colour schemes, narrow windows, and nothing from elsewhere."""

import re

import numpy as np
import pytest
from scipy.special import expit

pytest.importorskip("jinja2")

from boostimb.decision import ConstraintReport
from boostimb.metrics import confusion_at
from boostimb.notebook import Grid
from boostimb.report import Costs, Estimate, History, Levers, ModelScores, Page, in_plain_words, write_page
from boostimb.report._cuts import cuts_of
from boostimb.report._scored import Scored

NASTY = "<script>document.title='broken'</script> & \"quoted\" 'x' </title></script><!--"


@pytest.fixture(scope="module")
def content():
    """A page with every section, on 3,000 rows."""
    rng = np.random.default_rng(0)
    y = rng.random(3000) < 0.04
    proba = expit(rng.normal(size=3000) + 3 * y - 4)
    return Page(
        NASTY,
        y,
        proba,
        0.2,
        positive=NASTY,
        rows="out of fold",
        chosen_by="the best F1",
        plain=confusion_at(y, proba, 0.5),
        plain_name=NASTY,
        estimate=Estimate("average precision", 0.5, 0.4, 0.6, 0.52, 0.45),
        costs=Costs(fp=2.0, fn=25.0, given=True),
        constraints=(ConstraintReport("recall", ">=", 0.5, 0.6, 0.02), ConstraintReport("f1", ">=", 0.1, 0.6, None)),
        models=(ModelScores.of(NASTY, y, proba, proba >= 0.2),),
        levers=Levers(NASTY, (Grid(NASTY, ("", NASTY), ((NASTY, NASTY),)),), NASTY),
        history=History((0, 1, 4), (0.4, 0.5, 0.45), ("lightgbm", "xgboost", NASTY)),
        importances=((NASTY, 0.7), ("age", 0.3)),
        warned=(NASTY,),
        facts={NASTY: {NASTY: NASTY}},
    )


@pytest.fixture(scope="module")
def path(content, tmp_path_factory):
    return write_page(content, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def page(browser, path):
    browser.look(width=1400)
    return browser.open(path)


def number(text):
    return float(text.replace(",", ""))


def expect_decision(page, content, threshold, false_alarm, miss):
    """Compare all that the page shows with what Python says at a threshold."""
    at = confusion_at(content.y, content.proba, threshold)
    n = content.y.size
    for rate in ("precision", "recall", "f1"):
        assert number(page.text(rate)) == pytest.approx(getattr(at, rate), abs=5.1e-4)
    assert number(page.text("alerts")) == pytest.approx(1000 * at.alerts, abs=0.051)
    assert number(page.text("cost")) == pytest.approx(1000 * (false_alarm * at.fp + miss * at.fn) / n, abs=0.051)
    for cell in ("tp", "fp", "fn", "tn"):
        assert number(page.text(cell)) == getattr(at, cell)
    assert page.text("live") == in_plain_words(at)
    assert float(page.text("value")) == pytest.approx(threshold, rel=1e-3)


def test_it_starts_at_the_chosen_cut(page, content):
    expect_decision(page, content, 0.2, 2, 25)
    assert page.run("document.getElementById('to-chosen').getAttribute('aria-pressed')") == "true"
    assert page.text("cost-was") == ""


def test_the_arrow_keys_move_everything(page, content):
    cuts = cuts_of(Scored.of(content.y, content.proba), content.threshold)
    page.run("document.getElementById('cut').focus()")
    at = cuts.chosen
    for key, times, move in (("ArrowRight", 7, 7), ("ArrowLeft", 12, -12)):
        page.press(key, times)
        at += move
        expect_decision(page, content, cuts.values[at], 2, 25)
    page.press("End")
    expect_decision(page, content, cuts.values[-1], 2, 25)
    page.press("Home")
    expect_decision(page, content, cuts.values[0], 2, 25)
    spoken = page.run("document.getElementById('cut').getAttribute('aria-valuetext')")
    assert "flags 1,000.0 of 1,000 cases" in spoken
    assert page.text("recall-was") == f"chosen cut: {confusion_at(content.y, content.proba, 0.2).recall:.3f}"


def test_any_value_of_the_slider(page, content):
    cuts = cuts_of(Scored.of(content.y, content.proba), content.threshold)
    set_to = "(() => {{ const cut = document.getElementById('cut'); cut.value = {}; cut.dispatchEvent(new Event('input')); }})()"
    for at in range(0, len(cuts.values), 37):
        page.run(set_to.format(at))
        expect_decision(page, content, cuts.values[at], 2, 25)


def test_the_costs_are_the_reader_s(page, content):
    cuts = cuts_of(Scored.of(content.y, content.proba), content.threshold)
    page.run("document.getElementById('cost-fn').select()")
    page.send("Input.insertText", text="4.5")
    expect_decision(page, content, 0.2, 2, 4.5)
    page.run("document.getElementById('to-cost').click()")
    counts = zip(cuts.tp, cuts.fp, strict=True)
    costs = [2 * fp + 4.5 * (content.y.sum() - tp) for tp, fp in counts]
    best = len(costs) - 1 - int(np.argmin(costs[::-1]))  # of equals the higher threshold, as everywhere
    expect_decision(page, content, cuts.values[best], 2, 4.5)


def test_the_button_finds_the_best_f1(page, content):
    page.run("document.getElementById('to-f1').click()")
    best = Scored.of(content.y, content.proba).sweep.f_score().max()
    assert number(page.text("f1")) == pytest.approx(best, abs=5.1e-4)


def test_every_control_is_reached_by_the_tab_key(page):
    reached = []
    for _ in range(8):
        page.press("Tab")
        reached.append(page.run("document.activeElement.id || document.activeElement.tagName"))
    assert reached[:6] == ["cut", "to-chosen", "to-f1", "to-cost", "cost-fp", "cost-fn"]
    page.run("document.getElementById('to-f1').focus()")
    page.press("Enter")
    assert page.run("document.getElementById('to-f1').getAttribute('aria-pressed')") == "true"


def test_names_of_the_user_s_stay_text(page, content):
    assert page.run("document.title") == f"{NASTY} - boostimb report"
    assert page.run("document.querySelector('h1').textContent") == NASTY
    assert page.run("document.scripts.length") == 2
    assert page.run("document.querySelector('#features tbody th').textContent") == NASTY
    assert page.run("document.querySelectorAll('#levers caption')[0].textContent") == NASTY


def test_it_needs_nothing_from_elsewhere(page, path):
    asked = {each["params"]["request"]["url"] for each in page.events if each.get("method") == "Network.requestWillBeSent"}
    assert asked == {path.as_uri()}
    assert not [each for each in page.events if each.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert not re.search(r"(src|href)=|@import|url\(", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_and_reads_in_light_and_dark(browser, path, width, dark):
    browser.look(width=width, dark=dark)
    browser.open(path)
    assert browser.run("document.documentElement.scrollWidth") <= width
    # WCAG 2.2, success criterion 1.4.3: text stands out from its ground by 4.5 to 1.
    assert browser.run(CONTRAST) >= 4.5
    assert browser.run("[...document.querySelectorAll('figure svg')].every((svg) => svg.querySelector('path, circle, rect'))")


# The cells of tables whose text leaves them, and so lies on its neighbour.
CROWDED = """[...document.querySelectorAll("th, td")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)"""


@pytest.mark.parametrize("width", [360, 768, 1000, 1400])
def test_numbers_of_a_table_stay_in_their_cells_and_nothing_jumps(browser, tmp_path, content, width):
    numbers = ("12", "12", "0.02542", "0.02539", "+0.00003", "0.00099", "nothing measurable")
    columns = ("", "trials off", "trials on", "off", "on", "gain", "±", "")
    levers = Levers("Summary", (Grid("by Brier score", columns, (("the booster's own parameters", *numbers),)),), "Notes")
    proba = content.proba
    browser.look(width=width)
    page = browser.open(write_page(Page("A table", content.y, proba, 0.2, levers=levers), tmp_path / "report.html"))
    assert page.run(CROWDED) == []
    height = page.run("document.documentElement.scrollHeight")
    page.run("document.getElementById('to-cost').click()")
    assert page.text("recall-was")
    assert page.run("document.documentElement.scrollHeight") == height


def test_curves_keep_to_their_axes(page):
    """Of the cuts below the axis one lies on its edge, and the precision goes in steps."""
    path = (
        "document.querySelector('#{} path.curve').getAttribute('d').slice(1).split('L').map((each) => each.split(',').map(Number))"
    )
    cost = page.run(path.format("plot-cost"))
    assert sum(x == cost[0][0] for x, _ in cost) == 1
    steps = page.run(path.format("plot-pr"))
    assert all(x == previous[0] or y == previous[1] for (x, y), previous in zip(steps[1:], steps, strict=False))


def test_boosters_are_told_apart_by_shape(page):
    shapes = page.run("[...document.querySelectorAll('#plot-history path:has(title)')].map((each) => each.getAttribute('d'))")
    assert len(set(shapes)) == len(shapes) == 3


@pytest.mark.parametrize("up", [True, False])
def test_the_best_trials_are_told_apart_and_the_worst_lie_on_the_edge(browser, tmp_path, content, up):
    sign = 1 if up else -1
    scores = (*(sign * (0.5 + at / 100) for at in range(11)), sign * -9.0)
    history = History(tuple(range(12)), scores, ("xgboost",) * 12, up)
    estimate = Estimate("score", sign * 0.6, sign * 0.5, sign * 0.7, sign * 0.6, sign * 0.55)
    shown = Page("A search", content.y, content.proba, 0.2, estimate=estimate, history=history)
    page = browser.open(write_page(shown, tmp_path / "report.html"))
    places = page.run(
        "[...document.querySelectorAll('#plot-history path:has(title)')].map((each) => each.getAttribute('transform'))"
    )
    height = [sign * -float(place.strip(")").split()[1]) for place in places]  # a picture counts from the top
    assert min(np.diff(height[:11])) > 10
    assert height[11] < height[0]


def test_a_screen_reader_finds_names_for_all(page):
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    named = {}
    for node in tree:
        named.setdefault(node.get("role", {}).get("value"), []).append(node.get("name", {}).get("value", ""))
    assert all(named["image"])
    assert len(named["image"]) == 6
    assert any(name.startswith("Flag a case from a probability of") for name in named["slider"])
    assert sorted(named["spinbutton"]) == ["A false alarm", "A miss"]
    assert {"The answer", "Move the threshold", "Beside other models"} <= set(named["heading"])
    assert named["status"]
    assert all(page.run("[...document.querySelectorAll('tbody th')].map((each) => each.scope === 'row')"))


@pytest.mark.parametrize("n_pos", [1, 5])
def test_few_positives_and_no_sections(browser, tmp_path, n_pos):
    y = np.arange(200) < n_pos
    content = Page("Few", y, np.where(y, 0.7, np.linspace(0, 0.9, 200)), 0.5)
    browser.look(width=1400)
    page = browser.open(write_page(content, tmp_path / "report.html"))
    expect_decision(page, content, 0.5, 1, 10)
    assert not [each for each in page.events if each.get("method") == "Runtime.exceptionThrown"]


# The least room between two texts of one line in a chart, in pixels.
ROOM = """Math.min(...[...document.querySelectorAll("svg")].flatMap((svg) => {
  const boxes = [...svg.querySelectorAll(":scope > text:not([transform])")].map((each) => each.getBoundingClientRect());
  return boxes.flatMap((a) => boxes.filter((b) => b.top === a.top && b.left > a.left).map((b) => b.left - a.right));
}))"""


def test_ticks_do_not_touch_in_a_folder_that_was_not_there(browser, tmp_path):
    proba = expit(np.linspace(-8.7, 9.3, 300))
    browser.look(width=1400)
    page = browser.open(write_page(Page("Wide", proba > 0.9, proba, 0.5), tmp_path / "new" / "report.html"))
    assert page.run(ROOM) > 6


# The least contrast of any text with the ground behind it, by the formula of WCAG 2.2.
CONTRAST = """(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    throw new Error("no ground");
  };
  let least = 99;
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || ["SCRIPT", "STYLE", "NOSCRIPT", "INPUT", "TITLE"].includes(node.tagName.toUpperCase())) continue;
    const style = getComputedStyle(node), color = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(parse(color)), light(ground(node))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})()"""
