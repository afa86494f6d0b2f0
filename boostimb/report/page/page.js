"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { values, tp, fp } = data.cuts;
  const n = data.n, nPos = data.nPos, nNeg = n - nPos, last = values.length - 1;
  const get = (id) => document.getElementById(id);
  const ratio = (part, whole) => (whole > 0 ? part / whole : 0);
  const count = (value) => Math.round(value).toLocaleString("en-US");
  const fixed = (value, digits) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  // Half to even, as Python rounds: the sentence is the one that Python says.
  const round = (value) => {
    const floor = Math.floor(value), rest = value - floor;
    return rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor + (floor % 2);
  };

  // ---- the decision at a cut ----

  function decide(at) {
    const fn = nPos - tp[at], tn = nNeg - fp[at];
    return {
      threshold: values[at], tp: tp[at], fp: fp[at], fn, tn,
      precision: ratio(tp[at], tp[at] + fp[at]), recall: ratio(tp[at], nPos), f1: ratio(2 * tp[at], tp[at] + fp[at] + nPos),
      alerts: (1000 * (tp[at] + fp[at])) / n,
    };
  }
  const decisions = values.map((_, at) => decide(at));

  function inWords(at) {
    let per = 1000;
    while (per < 1e6 && (per * nPos) / n < 5) per *= 10;
    const [flagged, right, missed] = [at.tp + at.fp, at.tp, at.fn].map((each) => round((per * each) / n));
    return `Of ${count(per)} cases it flags ${count(flagged)}, ${count(right)} of them rightly, and misses ${count(missed)}.`;
  }
  function costs() {
    const price = (id) => { const value = get(id).valueAsNumber; return Number.isFinite(value) ? value : 0; };
    const of = { tn: data.costs.tn, tp: data.costs.tp, fp: price("cost-fp"), fn: price("cost-fn") };
    return decisions.map((at) => (1000 * (of.tn * at.tn + of.fp * at.fp + of.fn * at.fn + of.tp * at.tp)) / n);
  }
  const best = (list, better) => list.reduce((found, value, at) => (better(value, list[found]) ? at : found), 0);
  const probability = (value) => String(Number(value.toPrecision(4)));

  // ---- drawing ----

  const BOX = { left: 70, right: 416, top: 38, bottom: 254 };
  function draw(parent, name, attributes, text) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return parent.appendChild(node);
  }
  const logit = (p) => { const q = Math.min(Math.max(p, 1e-6), 1 - 1e-6); return Math.log(q / (1 - q)); };
  const plain = (value) => value;
  const scale = (map, low, high, from, to) => (value) => {
    const share = (map(value) - map(low)) / (map(high) - map(low) || 1);
    return from + (to - from) * Math.min(Math.max(share, 0), 1);
  };
  function steps(low, high, wanted) {
    const rough = (high - low) / wanted || 1, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((each) => each * unit >= rough);
    const ticks = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step; at++) ticks.push(Number((at * step).toPrecision(12)));
    return ticks;
  }
  const rates = { low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };
  const odds = { map: logit, ...data.axis };
  const short = (value) => Math.abs(value) >= 10000 || Number.isInteger(value) ? value.toLocaleString("en-US", { notation: Math.abs(value) >= 10000 ? "compact" : "standard" }) : String(value);

  function chart(id, x, y, xLabel, yLabel) {
    const svg = get(id);
    svg.replaceChildren();
    const X = scale(x.map || plain, x.low, x.high, BOX.left, BOX.right), Y = scale(y.map || plain, y.low, y.high, BOX.bottom, BOX.top);
    for (const tick of y.ticks) {
      draw(svg, "line", { class: "gridline", x1: BOX.left, x2: BOX.right, y1: Y(tick), y2: Y(tick) });
      draw(svg, "text", { x: BOX.left - 7, y: Y(tick) + 4, "text-anchor": "end" }, short(tick));
    }
    for (const tick of x.ticks) {
      draw(svg, "line", { class: "gridline", x1: X(tick), x2: X(tick), y1: BOX.top, y2: BOX.bottom });
      draw(svg, "text", { x: X(tick), y: BOX.bottom + 17, "text-anchor": "middle" }, short(tick));
    }
    draw(svg, "line", { class: "axis", x1: BOX.left, x2: BOX.right, y1: BOX.bottom, y2: BOX.bottom });
    draw(svg, "text", { x: (BOX.left + BOX.right) / 2, y: BOX.bottom + 38, "text-anchor": "middle" }, xLabel);
    const middle = (BOX.top + BOX.bottom) / 2;
    draw(svg, "text", { x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` }, yLabel);
    const still = draw(svg, "g", {}), moving = draw(svg, "g", {});
    return { svg, X, Y, still, moving };
  }
  const path = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
  const curve = (parent, style, points) => draw(parent, "path", { class: `curve ${style}`, d: path(points) });
  // Between two thresholds the decision changes where a score lies: halfway, as far as the page knows. Of the cuts below the axis
  // only the last shows: all have their place on its edge.
  function stairs(X, Y, heights) {
    const points = [];
    heights.forEach((height, at) => {
      if (values[at + 1] <= data.axis.low) return;
      if (points.length) { const half = (X(values[at - 1]) + X(values[at])) / 2; points.push([half, Y(heights[at - 1])], [half, Y(height)]); }
      points.push([X(values[at]), Y(height)]);
    });
    return points;
  }
  // By shape as well as by colour.
  const SHAPES = { circle: "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", square: "M-3.6,-3.6h7.2v7.2h-7.2z", triangle: "M0,-4.6L4.4,3.4H-4.4z", diamond: "M0,-5L5,0L0,5L-5,0z" };
  const symbol = (parent, shape, style, x, y) => draw(parent, "path", { class: style, d: SHAPES[shape], transform: `translate(${x} ${y})` });
  function legend(parent, entries) {
    let x = BOX.left, y = 25;
    const lines = [draw(parent, "g", {})];
    for (const [style, text, mark] of entries) {
      const entry = draw(lines.at(-1), "g", {}), width = mark ? 14 : 22;
      if (typeof mark === "string") symbol(entry, mark, style, 8, -4);
      else if (mark) draw(entry, "rect", { class: style, x: 0, y: -9, width, height: 10 });
      else draw(entry, "line", { class: `curve ${style}`, x1: 0, x2: width, y1: -4, y2: -4 });
      const wide = width + 5 + draw(entry, "text", { class: "key", x: width + 5, y: 0 }, text).getComputedTextLength();
      if (x + wide > BOX.right + 20 && x > BOX.left) {
        lines.push(draw(parent, "g", {}));
        lines.at(-1).append(entry);
        x = BOX.left;
      }
      entry.setAttribute("transform", `translate(${x} 0)`);
      x += wide + 14;
    }
    lines.forEach((line, at) => line.setAttribute("transform", `translate(0 ${y - 15 * (lines.length - 1 - at)})`));
  }
  const cutline = (plot, at) => draw(plot.moving, "line", { class: "cutline", x1: plot.X(values[at]), x2: plot.X(values[at]), y1: BOX.top, y2: BOX.bottom });
  const point = (plot, x, y) => draw(plot.moving, "circle", { class: "point", cx: plot.X(x), cy: plot.Y(y), r: 6.5 });

  // The last cut flags nobody and has no precision.
  const flagging = decisions.filter((at) => at.tp + at.fp > 0);
  const CURVES = [["precision", "precision", "blue"], ["recall", "recall", "green dash"], ["f1", "F1", "purple dots"]];
  const onThreshold = chart("plot-threshold", odds, rates, "threshold", "rate");
  const [from, to] = data.plateau.map(onThreshold.X);
  draw(onThreshold.still, "rect", { class: "plateau", x: from, y: BOX.top, width: Math.max(to - from, 1), height: BOX.bottom - BOX.top });
  for (const [key, , style] of CURVES) curve(onThreshold.still, style, stairs(onThreshold.X, onThreshold.Y, flagging.map((at) => at[key])));

  const pr = chart("plot-pr", rates, rates, "recall", "precision");
  curve(pr.still, "grey dash", [[BOX.left, pr.Y(nPos / n)], [BOX.right, pr.Y(nPos / n)]]);
  // The step to a recall has the precision at this recall, as average precision counts it.
  curve(pr.still, "blue", flagging.flatMap((at, i) => [at.recall, flagging[i + 1]?.recall ?? 0].map((recall) => [pr.X(recall), pr.Y(at.precision)])));

  const rows = data.scores, most = Math.max(...rows.pos, ...rows.neg), powers = [];
  for (let power = 1; power <= Math.max(10, most * 1.2); power *= 10) powers.push(power);
  const histogram = chart("plot-scores", { map: logit, ...rows.axis }, { map: Math.log, low: 0.7, high: Math.max(10, most * 1.4), ticks: powers }, "probability", "rows");
  for (const [key, style] of [["neg", "fill-grey pale"], ["pos", "fill-blue"]]) {
    rows[key].forEach((height, at) => {
      if (!height) return;
      const left = histogram.X(rows.edges[at]), width = histogram.X(rows.edges[at + 1]) - left, inset = key === "pos" ? width * 0.22 : 0;
      const top = histogram.Y(height);
      draw(histogram.still, "rect", { class: style, x: left + inset, y: top, width: width - 2 * inset - 0.5, height: BOX.bottom - top });
    });
  }
  legend(histogram.still, [["fill-blue", "positive", true], ["fill-grey pale", "negative", true], ["cutline", "cut"]]);

  const ends = { map: logit, ...data.calibration.axis };
  const calibration = chart("plot-calibration", ends, ends, "predicted probability", "rate of positives");
  curve(calibration.still, "grey dash", [[BOX.left, BOX.bottom], [BOX.right, BOX.top]]);
  for (const bin of data.calibration.bins) {
    const x = calibration.X(bin.mean), mark = draw(calibration.still, "g", {});
    draw(mark, "title", {}, `${count(bin.n)} rows with mean probability ${probability(bin.mean)}: ${probability(bin.rate)} are positive`);
    draw(mark, "line", { class: "curve blue pale", x1: x, x2: x, y1: calibration.Y(bin.low), y2: calibration.Y(bin.high) });
    // A rate of 0 or 1 has no place among log-odds: a hollow mark at the edge.
    draw(mark, "circle", { class: bin.rate > 0 && bin.rate < 1 ? "fill-blue" : "hollow-blue", cx: x, cy: calibration.Y(bin.rate), r: 4.5 });
  }
  legend(calibration.still, [["blue", "rate, 95% interval"], ["grey dash", "as predicted"]]);

  if (data.history) {
    const { numbers, scores, boosters } = data.history, plainScore = data.history.plain;
    const ranked = [...scores].sort((a, b) => (data.history.up ? a - b : b - a));
    // The worst trials would press all others together.
    const ends = [ranked[Math.floor(ranked.length * 0.1)], ranked.at(-1), plainScore, data.history.best[0]];
    const floor = Math.min(...ends), ceiling = Math.max(...ends);
    const pad = 0.06 * (ceiling - floor) || 0.01, high = Math.max(numbers.at(-1), 1);
    const y = { low: floor - pad, high: ceiling + pad };
    const plot = chart("plot-history", { low: 0, high, ticks: steps(0, high, 6).filter(Number.isInteger) }, { ...y, ticks: steps(y.low, y.high, 5) }, "trial", data.history.metric);
    const looks = { lightgbm: ["circle", "fill-green"], xgboost: ["square", "fill-blue"], catboost: ["triangle", "fill-orange"] };
    const look = (name) => looks[name] || ["diamond", "fill-purple"];
    scores.forEach((score, at) => {
      const dot = symbol(plot.still, ...look(boosters[at]), plot.X(numbers[at]), plot.Y(score));
      draw(dot, "title", {}, `trial ${numbers[at]}, ${boosters[at]}: ${score.toFixed(4)}`);
    });
    curve(plot.still, "grey dash", [[BOX.left, plot.Y(plainScore)], [BOX.right, plot.Y(plainScore)]]);
    curve(plot.still, "grey", numbers.flatMap((number, at) => (at ? [[plot.X(number), plot.Y(data.history.best[at - 1])]] : []).concat([[plot.X(number), plot.Y(data.history.best[at])]])));
    const tried = [...new Set(boosters)].map((name) => [look(name)[1], name, look(name)[0]]);
    legend(plot.still, [["grey", "best so far"], ["grey dash", data.history.beside], ...tried]);
  }

  // ---- moving ----

  const slider = get("cut"), chosen = data.chosen;
  let cost = costs(), onCost = null;
  const bestF1 = best(decisions.map((at) => at.f1), (a, b) => a >= b);
  let cheapest = 0;

  function drawCost() {
    cost = costs();
    cheapest = best(cost, (a, b) => a <= b);
    const low = Math.min(0, ...cost), inView = cost.filter((_, at) => values[at] >= data.axis.low), high = Math.max(...inView) || 1;
    onCost = chart("plot-cost", odds, { low, high: high * 1.05, ticks: steps(low, high, 5) }, "threshold", "cost per 1,000");
    curve(onCost.still, "blue", stairs(onCost.X, onCost.Y, cost));
    draw(onCost.still, "circle", { class: "fill-blue", cx: onCost.X(values[cheapest]), cy: onCost.Y(cost[cheapest]), r: 4.5 });
  }

  function show() {
    const at = Number(slider.value), now = decisions[at], was = decisions[chosen];
    for (const plot of [onThreshold, pr, onCost, histogram]) plot.moving.replaceChildren();
    get("value").textContent = probability(now.threshold);
    const words = inWords(now);
    if (get("live").textContent !== words) get("live").textContent = words;
    const tiles = [["precision", 3], ["recall", 3], ["f1", 3], ["alerts", 1]].map(([key, digits]) => [key, now[key], was[key], digits]);
    for (const [key, value, before, digits] of [...tiles, ["cost", cost[at], cost[chosen], 1]]) {
      get(key).textContent = fixed(value, digits);
      get(`${key}-was`).textContent = at === chosen ? "" : `chosen cut: ${fixed(before, digits)}`;
    }
    for (const key of ["tp", "fp", "fn", "tn"]) get(key).textContent = count(now[key]);
    slider.setAttribute("aria-valuetext", `probability ${probability(now.threshold)}: flags ${fixed(now.alerts, 1)} of 1,000 cases, ` +
      `precision ${fixed(now.precision, 2)}, recall ${fixed(now.recall, 2)}, cost ${fixed(cost[at], 1)} per 1,000`);
    for (const [id, target] of [["to-chosen", chosen], ["to-f1", bestF1], ["to-cost", cheapest]]) get(id).setAttribute("aria-pressed", String(at === target));
    cutline(onThreshold, at);
    legend(onThreshold.moving, CURVES.map(([key, name, style]) => [style, `${name} ${fixed(now[key], 2)}`]));
    point(pr, now.recall, now.precision);
    legend(pr.moving, [["blue", `precision ${fixed(now.precision, 2)} at recall ${fixed(now.recall, 2)}`], ["grey dash", "guessing"]]);
    cutline(onCost, at);
    legend(onCost.moving, [["blue", `${fixed(cost[at], 1)} here, lowest ${fixed(cost[cheapest], 1)}`]]);
    cutline(histogram, at);
  }
  const move = (at) => { slider.value = at; show(); };

  slider.max = last;
  slider.addEventListener("input", show);
  for (const id of ["cost-fp", "cost-fn"]) get(id).addEventListener("input", () => { drawCost(); show(); });
  get("to-chosen").addEventListener("click", () => move(chosen));
  get("to-f1").addEventListener("click", () => move(bestF1));
  get("to-cost").addEventListener("click", () => move(cheapest));
  drawCost();
  move(chosen);
})();
