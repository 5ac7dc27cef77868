"use strict";
(() => {
  const known = JSON.parse(document.getElementById("known").textContent);
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const add = (parent, tag, attributes = {}, text = "") => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    parent.append(node);
    return node;
  };

  // Numbers as people read them.
  const PREFIXES = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "u"], [1e-9, "n"]];
  const digits = (value, count) => String(Number(value.toPrecision(count)));
  const quantity = (value, unit, count = 4) => {
    const [scale, prefix] = PREFIXES.find(([least]) => Math.abs(value) >= least) ?? (value ? [1e-12, "p"] : [1, ""]);
    return `${digits(value / scale, count)} ${prefix}${unit}`.trim();
  };
  const timeText = (seconds, count = 4) =>
    seconds >= 1e4 ? `${seconds.toFixed(0)} s` : seconds >= 1 ? `${digits(seconds, count)} s` : quantity(seconds, "s", count);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const RATES = {
    images_per_second: "images/s", frames_per_second: "frames/s", videos_per_hour: "videos an hour", tokens_per_second: "tokens/s",
  };
  const RESOURCES = {
    compute: "compute: units, clock", memory: "memory: DRAM, caches", power: "power limit", link: "links",
    launch: "launch gaps, short kernels", host: "host",
  };

  // Answers of the server; the last one asked for counts.
  const ask = async (path, query) => {
    try {
      const response = await fetch(`api/${path}?${query}`);
      return await response.json().catch(() => ({ error: `the server says ${response.status}` }));
    } catch {
      return { error: "whatif explore does not answer: is it still running?" };
    }
  };
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const inner = { "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)" };
  const axisOf = (title) => ({
    type: "log", title: { text: title }, automargin: true, exponentformat: "SI extended",
    gridcolor: colour("--line"), linecolor: colour("--soft"), tickcolor: colour("--soft"), zerolinecolor: colour("--line"),
  });
  const legendOf = (width, named) => 21 * Math.ceil(named / Math.max(1, Math.floor((width - 60) / 230)));
  // The legend lies below, in as many rows as its names take.
  const layoutOf = (width, named, ranges) => ({
    ...inner, autosize: true, height: 400 + legendOf(width, named), margin: { l: 55, r: 10, t: 10, b: 50 + legendOf(width, named) },
    hovermode: "closest", modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--accent") },
    font: { color: colour("--text") }, uirevision: "keep",
    hoverlabel: { align: "left", bgcolor: colour("--raised"), bordercolor: colour("--line"), font: { color: colour("--text") } },
    xaxis: { ...axisOf("operations by byte [FLOP/B]"), range: ranges.x }, yaxis: { ...axisOf("attained rate [FLOP/s]"), range: ranges.y },
    legend: { bgcolor: "rgba(0,0,0,0)", itemsizing: "constant", font: { size: 11 }, orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" },
  });

  const MOST_MARKS = 150;
  const DRAWN_EVERY = 300; // [ms]
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
  const CLEAN = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  const clean = (text) => text.replace(/[&<>]/g, (sign) => CLEAN[sign]);

  class Design {
    constructor(key, pairs) {
      this.key = key;
      this.pairs = pairs;
      this.node = byId("design").content.firstElementChild.cloneNode(true);
      this.asked = 0;
      this.busy = false;
      this.again = false;
      this.one("h2").textContent = `Design ${key.toUpperCase()}`;
      this.node.setAttribute("aria-label", `Design ${key.toUpperCase()}`);
      for (const [name, region] of [["gains", "What would help"], ["kernels", "The costliest kernels"]])
        this.one(`.${name}`).parentElement.setAttribute("aria-label", `${region}, design ${key.toUpperCase()}`);
      this.one(".all").addEventListener("click", () => {
        this.put("set");
        keep();
        this.load();
      });
      this.one(".plot").setAttribute("aria-label", `Roofline of design ${key.toUpperCase()}`);
    }

    one(selector) { return this.node.querySelector(selector); }
    get(name) { return this.pairs.find(([own]) => own === name)?.[1]; }
    put(name, value) {
      const rest = this.pairs.filter(([own]) => own !== name);
      this.pairs = value === undefined ? rest : [...rest, [name, value]];
    }
    changes() { return this.pairs.filter(([name]) => name === "set").map(([, text]) => text.split("=").map((part) => part.trim())); }
    change(path, value) {
      this.pairs = this.pairs.filter(([name, text]) => name !== "set" || text.split("=")[0].trim() !== path);
      if (value !== undefined) this.pairs.push(["set", `${path}=${value}`]);
    }
    query() { return new URLSearchParams(this.pairs).toString(); }

    say(error) {
      const node = this.one(".head .warning");
      node.hidden = !error;
      node.textContent = error ?? "";
      this.node.classList.toggle("stale", Boolean(error));
    }
    wait(text) {
      const node = this.one(".waiting");
      node.hidden = !text;
      node.textContent = text ?? "";
      if (text) this.node.classList.add("stale");
    }

    // Everything anew: the form, then kernels and sliders, which may have to wait for a trace.
    async load() {
      const asked = ++this.asked;
      const form = await ask("form", this.query());
      if (asked !== this.asked) return;
      if (form.error) {
        if (!this.form) this.fill({ design: { model: this.get("model"), hw: this.get("hw") }, form: [] });
        return this.say(form.error);
      }
      this.form = form;
      this.fill(form);
      for (;;) {
        const parts = await ask("parts", this.query());
        if (asked !== this.asked) return;
        if (parts.error) { this.wait(); return this.say(parts.error); }
        if (parts.waiting) { this.wait(`${parts.waiting}: done once, then kept`); await pause(400); continue; }
        this.wait();
        this.kernels = parts.kernels.filter((kernel) => kernel.bytes > 0);
        this.slide(parts.sliders);
        this.shown = null;
        await this.refresh();
        await settled();
        return;
      }
    }

    // Figures alone, while something is dragged: one question at a time, and the last state always.
    async refresh() {
      if (this.busy) { this.again = true; return; }
      this.busy = true;
      do {
        this.again = false;
        const asked = this.asked;
        const found = await ask("figures", this.query());
        if (asked !== this.asked) continue;
        if (found.waiting) { this.wait(found.waiting); await pause(400); this.again = true; continue; }
        this.wait();
        this.say(found.error);
        if (!found.error) {
          this.figures = found;
          this.show(found);
          compare();
          await new Promise(requestAnimationFrame);
          // Marks take longer to draw than figures to write: where the next figures are due they come now and then.
          if (!this.again || performance.now() - this.drawn > DRAWN_EVERY) this.draw(found);
        }
      } while (this.again);
      this.busy = false;
    }

    fill({ design, form }) {
      this.one("h2").textContent = `Design ${this.key.toUpperCase()}: ${design.model ?? "?"} on ${design.hw ?? "?"}`;
      const place = this.one(".choices");
      const focused = place.contains(document.activeElement) ? document.activeElement.name : null;
      place.replaceChildren();
      const chooser = (name, label, values, value) => {
        const select = this.field(place, name, label, "select", "wide");
        for (const each of values) add(select, "option", { value: each }, each);
        select.value = values.includes(value) ? value : "";
        select.addEventListener("change", () => { this.put(name, select.value); this.restart(name); });
      };
      chooser("model", "Model", known.models, design.model);
      chooser("hw", "Accelerator", known.accelerators, design.hw);
      for (const field of form) this.setting(place, field);
      const rent = this.field(place, "rent", "Rent of an hour", "input", "", { type: "number", min: 0, step: "any", placeholder: "none" });
      rent.value = design.rent ?? "";
      rent.addEventListener("input", () => { this.put("rent", rent.value || undefined); keep(); this.refresh(); });
      if (focused) place.elements[focused]?.focus();
    }

    field(place, name, label, tag, kind = "", attributes = {}) {
      const around = add(place, "label", kind ? { class: kind } : {}, label);
      return add(around, tag, { name, ...attributes });
    }

    setting(place, field) {
      const set = (value) => { this.put(field.name, value === "" || value === field.default ? undefined : value); this.restart(field.name); };
      const tag = field.kind === "choice" ? "select" : "input";
      const numbers = field.kind === "number" ? { type: "number", min: field.step, step: field.step } : {};
      const texts = field.kind === "text" ? { type: "text", placeholder: field.hint ?? "" } : {};
      const node = this.field(place, field.name, field.label, tag, "", { ...numbers, ...texts });
      if (tag === "select") {
        const values = field.choices.includes(field.value) ? field.choices : [field.value, ...field.choices];
        for (const each of values) add(node, "option", { value: each }, each);
      }
      node.value = field.value;
      node.classList.toggle("changed", field.value !== field.default);
      node.addEventListener("change", () => set(node.value.trim()));
    }

    // Another model has other settings: what it has none of goes. Another accelerator has other numbers.
    restart(name) {
      if (name === "model") this.pairs = this.pairs.filter(([own]) => ["model", "hw", "set", "rent"].includes(own));
      if (name === "hw") this.pairs = this.pairs.filter(([own]) => own !== "set");
      this.say();
      keep();
      this.load();
    }

    slide(sliders) {
      const place = this.one(".sliders");
      const open = new Map([...place.querySelectorAll("details")].map((node) => [node.dataset.group, node.open]));
      place.replaceChildren();
      const moved = new Map(this.changes());
      const groups = new Map();
      for (const slider of sliders) {
        if (!slider.acts && !moved.has(slider.path)) continue;
        const group = slider.path.split(".")[0];
        if (!groups.has(group)) {
          const details = add(place, "details", { "data-group": group });
          details.open = open.get(group) ?? group !== "peak";
          add(details, "summary", {}, { peak: "Peak rates", cores: "Cores", memory: "Memory", links: "Links", power: "Power" }[group] ?? group);
          groups.set(group, details);
        }
        this.slider(groups.get(group), slider, moved.get(slider.path));
      }
      const idle = sliders.filter((slider) => !slider.acts).map((slider) => slider.path);
      if (idle.length) add(place, "p", { class: "hint" }, `Without effect on this run between a quarter and four times: ${idle.join(", ")}.`);
    }

    slider(place, { path, unit, value }, text) {
      const node = add(place, "div", { class: "slider", "data-path": path });
      const id = `${this.key}-${path}`;
      add(node, "label", { for: id }, path.split(".").slice(1).join(" ").replaceAll("_", " "));
      const output = add(node, "output", { for: id });
      const reset = add(node, "button", { type: "button", class: "reset", "aria-label": `Reset ${path}` }, "reset");
      const range = add(node, "input", { type: "range", id, min: Math.log2(known.ends[0]), max: Math.log2(known.ends[1]), step: 0.01 });
      const show = (factor, asked) => {
        const number = unit ? value * factor : Math.max(1, Math.round(value * factor));
        const words = unit ? quantity(number, unit) : String(number);
        const times = `${(number / value).toPrecision(3)}x`;
        output.textContent = asked && !/^[\d.]+x$/.test(asked) ? asked : asked ? `${words}, ${times}` : words;
        range.setAttribute("aria-valuetext", output.textContent);
        node.classList.toggle("moved", Boolean(asked));
      };
      const factorOf = (asked) => {
        const match = /^([\d.]+)\s*x$/.exec(asked ?? "");
        if (match) return Number(match[1]);
        return !unit && /^\d+$/.test(asked ?? "") ? Number(asked) / value : 1;
      };
      range.value = Math.log2(factorOf(text));
      show(factorOf(text), text);
      range.addEventListener("input", () => {
        const near = Math.abs(range.value) < 0.015;
        const factor = near ? 1 : Number((2 ** range.value).toPrecision(3));
        const count = Math.max(1, Math.round(value * factor));
        const asked = near || (!unit && count === value) ? undefined : unit ? `${factor}x` : String(count);
        this.change(path, asked);
        show(factor, asked);
        keep();
        this.refresh();
      });
      range.addEventListener("change", settled);
      reset.addEventListener("click", () => {
        this.change(path);
        range.value = 0;
        show(1);
        keep();
        range.focus();
        this.refresh().then(settled);
      });
    }

    show(found) {
      this.one(".time").textContent = timeText(found.latency);
      this.one(".ends").textContent = found.low === null ? "" : `${timeText(found.low, 3)} to ${timeText(found.high, 3)}`;
      const rate = Object.entries(RATES).find(([name]) => name in found.throughput);
      const outputs = rate ? `${digits(found.throughput[rate[0]], 4)} ${rate[1]}` : `${digits(found.outputs, 4)} outputs/s`;
      const first = found.throughput.time_to_first_token;
      this.one(".throughput").textContent = first ? `${outputs}, first token after ${timeText(first, 3)}` : outputs;
      this.one(".energy").textContent = found.energy === null ? "not known" : quantity(found.energy / (found.outputs * found.latency), "J");
      this.one(".memory").textContent = `${quantity(found.peak_memory, "B", 3)} of ${quantity(found.capacity, "B", 3)}${found.fits ? "" : ": does not fit"}`;
      const price = found.price === null ? "" : `, the part ${digits(found.price, 4)}`;
      this.one(".cost").textContent = `${found.cost === null ? "give a rent" : digits(found.cost, 4)}${price}`;
      this.breakdown(found);
      const rows = Object.entries(found.gains).filter(([, gain]) => gain > 1.0005);
      const body = this.one(".gains tbody");
      body.replaceChildren();
      for (const [name, gain] of rows) {
        const row = add(body, "tr");
        add(row, "th", { scope: "row" }, RESOURCES[name] ?? name);
        const saves = add(row, "td", { class: "number" });
        const bar = add(saves, "span", { class: "bar", "aria-hidden": "true" });
        bar.style.setProperty("--share", Math.min(1, 2 * (1 - 1 / gain)).toFixed(4));
        saves.append(percent(1 - 1 / gain));
        add(row, "td", { class: "number" }, gain.toFixed(3));
      }
    }

    breakdown(found) {
      const longest = Math.max(...designs().map((design) => design.figures?.latency ?? 0));
      const bar = this.one(".breakdown");
      const legend = this.one(".legend");
      bar.replaceChildren();
      legend.replaceChildren();
      const parts = Object.entries(found.categories).filter(([, time]) => time > 0).sort((one, two) => two[1] - one[1]);
      for (const [name, time] of parts) {
        const { label, colour: shade } = known.categories[name] ?? { label: name, colour: "#7f7f7f" };
        const piece = add(bar, "span");
        piece.style.setProperty("--share", (time / longest).toFixed(4));
        piece.style.setProperty("--colour", shade);
        const item = add(legend, "li");
        add(item, "span", { class: "key", "aria-hidden": "true" }).style.setProperty("--colour", shade);
        item.append(`${label} `);
        add(item, "b", {}, `${timeText(time, 3)}, ${percent(time / found.latency)}`);
      }
    }

    // Marks keep their order while numbers are dragged; only where they stand and how large they are moves.
    draw(found) {
      this.drawn = performance.now();
      const time = (kernel) => kernel.launches * found.times[kernel.row];
      const all = this.kernels.reduce((sum, kernel) => sum + time(kernel), 0) || 1;
      if (!this.shown) {
        this.shown = this.kernels.filter((kernel) => kernel.operations > 0).sort((one, two) => time(two) - time(one)).slice(0, MOST_MARKS);
        this.ranges = this.rangesOf(found);
      }
      const computing = this.kernels.filter((kernel) => kernel.operations > 0).length;
      const share = this.shown.reduce((sum, kernel) => sum + time(kernel), 0) / all;
      this.one(".says").textContent =
        `The costliest ${this.shown.length} of ${computing} distinct kernels that compute, ${percent(share)} of kernel time; areas are shares of it.`;
      const categories = Object.keys(known.categories).filter((name) => this.shown.some((kernel) => kernel.category === name));
      const marks = categories.map((name) => {
        const own = this.shown.filter((kernel) => kernel.category === name);
        const { label, colour: shade, symbol } = known.categories[name];
        return {
          type: "scatter", mode: "markers", name: label, hovertemplate: "%{text}<extra></extra>",
          x: own.map((kernel) => kernel.operations / kernel.bytes),
          y: own.map((kernel) => kernel.operations / found.times[kernel.row]),
          text: own.map((kernel) => this.hover(kernel, found, all)),
          marker: {
            size: own.map((kernel) => Math.max(5, 42 * Math.sqrt(time(kernel) / all))),
            color: shade, symbol, opacity: 0.8, line: { width: 0.7, color: "#555555" },
          },
        };
      });
      const node = this.one(".plot");
      const traces = [...this.roofs(found), ...marks];
      Plotly.react(node, traces, layoutOf(node.clientWidth, traces.length, this.ranges), {
        responsive: true, displaylogo: false, displayModeBar: node.clientWidth >= 560, modeBarButtonsToRemove: ["select2d", "lasso2d"],
      }).then(() => { for (const each of node.querySelectorAll("svg")) each.setAttribute("aria-hidden", "true"); });
      this.table(found, all);
    }

    hover(kernel, found, all) {
      const each = found.times[kernel.row];
      const lines = [
        `${kernel.kernel} of ${kernel.operator}, ${kernel.format}`, `first in ${kernel.module.slice(-70)} (${kernel.stage})`,
        `${digits(kernel.launches, 6)} launches of ${timeText(each)}: ${percent((kernel.launches * each) / all)} of kernel time`,
        `${quantity(kernel.operations / each, "FLOP/s", 3)}, ${quantity(kernel.bytes / each, "B/s", 3)}`,
      ];
      return lines.map(clean).join("<br>");
    }

    rangesOf(found) {
      const x = this.shown.map((kernel) => kernel.operations / kernel.bytes);
      const y = this.shown.map((kernel) => kernel.operations / found.times[kernel.row]);
      const top = Math.max(1, ...found.ceilings.filter((each) => each.kind === "arithmetic").map((each) => each.rate));
      const ends = (values, below, above) => [Math.log10(Math.min(...values) / below), Math.log10(Math.max(...values) * above)];
      return this.shown.length ? { x: ends(x, 2, 3), y: ends([...y, top], 4, 5) } : { x: [-1, 4], y: [9, 15] };
    }

    roofs(found) {
      const units = found.ceilings.filter((each) => each.kind === "arithmetic");
      const memory = found.ceilings.filter((each) => each.kind === "memory");
      if (!units.length || !memory.length) return [];
      const [low, high] = this.ranges.x.map((end) => 10 ** end);
      const top = Math.max(...units.map((each) => each.rate));
      const fastest = Math.max(...memory.map((each) => each.rate));
      const line = (each, x, y, at) => ({
        type: "scatter", mode: "lines", x, y, hoverinfo: "name", showlegend: true,
        name: clean(`${each.name}: ${quantity(each.rate, each.kind === "memory" ? "B/s" : "FLOP/s", 3)}`),
        line: { width: each.published ? 2 : 1.2, dash: DASHES[at % DASHES.length], color: each.kind === "memory" ? "#7a8791" : "#c0504d" },
      });
      return [
        ...memory.map((each, at) => line(each, [low, Math.min(high, top / each.rate)], [low * each.rate, Math.min(high * each.rate, top)], at)),
        ...units.map((each, at) => line(each, [Math.min(Math.max(low, each.rate / fastest), high), high], [each.rate, each.rate], at)),
      ];
    }

    table(found, all) {
      if (!this.one(".numbers").open) return;
      const time = (kernel) => kernel.launches * found.times[kernel.row];
      const body = this.one(".kernels tbody");
      body.replaceChildren();
      for (const kernel of [...this.shown].sort((one, two) => time(two) - time(one)).slice(0, 20)) {
        const row = add(body, "tr");
        add(row, "th", { scope: "row" }, `${kernel.kernel} of ${kernel.operator}, ${kernel.module}`);
        add(row, "td", { class: "number" }, `${timeText(time(kernel), 3)}, ${percent(time(kernel) / all)}`);
        add(row, "td", { class: "number" }, digits(kernel.operations / kernel.bytes, 4));
        add(row, "td", { class: "number" }, quantity(kernel.operations / found.times[kernel.row], "FLOP/s", 3));
      }
    }

    tell(details) {
      this.one(".said").textContent = details.answer;
      this.one(".bound").textContent = `Held back by: ${details.bound.map(([name, share]) => `${name} ${(100 * share).toFixed(0)} %`).join(", ")}.`;
      const notes = this.one(".notes");
      notes.replaceChildren();
      for (const line of [...details.warnings, ...details.notes]) add(notes, "li", {}, line);
      this.one(".command code").textContent = details.command;
    }

    links() {
      this.one(".all").hidden = !this.changes().length;
      this.one(".report").href = `save/report.html?${this.query()}`;
      this.one(".part").href = `save/accelerator.yaml?${this.query()}`;
    }
  }

  const state = { a: null, b: null };
  const designs = () => [state.a, state.b].filter(Boolean);
  const query = () => {
    const second = state.b ? state.b.pairs.map(([name, value]) => [`b.${name}`, value]) : [];
    return new URLSearchParams([...state.a.pairs, ...second]).toString();
  };

  // The address, and what is saved, follow; browsers count changes of the address.
  let kept = 0;
  const keep = () => {
    clearTimeout(kept);
    kept = setTimeout(() => history.replaceState(null, "", `?${query()}`), 150);
    byId("study").href = `save/study.yaml?${query()}`;
    for (const design of designs()) design.links();
  };

  // How the second stands to the first: at once, and with its interval where nothing has moved for a while.
  const compare = (interval) => {
    const [one, two] = [state.a?.figures, state.b?.figures];
    if (!one || !two) { byId("ratio").textContent = ""; return; }
    const ratio = one.latency / two.latency;
    const ends = interval?.low != null && Math.abs(interval.ratio / ratio - 1) < 1e-3
      ? `, 80 % interval ${digits(interval.low, 3)} to ${digits(interval.high, 3)}${interval.low < 1 && interval.high > 1 ? `: which is faster is not certain (B with ${(100 * interval.faster).toFixed(0)} %)` : ""}`
      : "";
    const alike = digits(ratio, 3) === "1";
    byId("ratio").textContent = `B is ${alike ? "as fast" : `${digits(ratio, 3)} times as fast`} as A${ends}`;
    for (const design of designs()) if (design.figures) design.breakdown(design.figures);
  };

  let waiting = 0;
  const settled = async () => {
    const own = ++waiting;
    await pause(250);
    if (own !== waiting || designs().some((design) => !design.figures)) return;
    const found = await ask("details", query());
    if (own !== waiting || found.error || found.waiting) {
      if (own === waiting && found.error) designs().at(-1).say(found.error);
      return;
    }
    designs().forEach((design, at) => design.tell(found.designs[at]));
    compare(found.ratio);
    root.dataset.settled = String(own);
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const restyle = () => {
    const button = byId("theme");
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    for (const design of designs()) if (design.figures && design.shown) design.draw(design.figures);
  };
  byId("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; restyle(); });
  dark.addEventListener("change", restyle);

  const place = (key, pairs) => {
    state[key] = new Design(key, pairs);
    byId("designs").append(state[key].node);
    state[key].one(".numbers").addEventListener("toggle", () => {
      const own = state[key];
      if (own?.figures && own.shown) own.draw(own.figures);
    });
    return state[key].load();
  };
  const arrange = () => {
    byId("designs").classList.toggle("two", Boolean(state.b));
    byId("second").textContent = state.b ? "Remove the second design" : "Add a second design";
    for (const design of designs()) if (design.shown) Plotly.Plots.resize(design.one(".plot"));
  };
  byId("second").addEventListener("click", () => {
    if (state.b) {
      state.b.node.remove();
      state.b = null;
      compare();
      if (state.a.figures) state.a.breakdown(state.a.figures);
    } else place("b", [...state.a.pairs]);
    arrange();
    keep();
  });

  const given = [...new URLSearchParams(location.search || `?${known.start}`)].filter(([name]) => name !== "token");
  const first = given.filter(([name]) => !name.startsWith("b."));
  const second = given.filter(([name]) => name.startsWith("b.")).map(([name, value]) => [name.slice(2), value]);
  const loads = [place("a", first)];
  if (second.length) loads.push(place("b", second));
  arrange();
  keep();
  restyle();
  Promise.all(loads).then(() => { root.dataset.ready = "yes"; });
})();
