"use strict";
(async () => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = [];

  // Colours of text, lines and ground of a figure, by Plotly's paths.
  const colours = (layout) => {
    const found = {
      "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font.color": colour("--text"),
      "hoverlabel.bgcolor": colour("--raised"), "hoverlabel.font.color": colour("--text"),
      "hoverlabel.bordercolor": colour("--line"), "modebar.color": colour("--soft"),
      "modebar.activecolor": colour("--accent"), "modebar.bgcolor": "rgba(0,0,0,0)", "legend.bgcolor": "rgba(0,0,0,0)",
    };
    for (const axis of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
      found[`${axis}.gridcolor`] = colour("--line");
      found[`${axis}.linecolor`] = colour("--soft");
      found[`${axis}.tickcolor`] = colour("--soft");
      found[`${axis}.zerolinecolor`] = colour("--line");
    }
    return found;
  };
  const put = (object, path, value) => {
    const names = path.split(".");
    const last = names.pop();
    names.reduce((at, name) => (at[name] ??= {}), object)[last] = value;
  };
  const narrow = (data, layout, width, named) => {
    if (width >= 620) return;
    // Scales of colour lie above the figure, where they take none of its width.
    for (const { marker } of data) {
      if (marker?.showscale) Object.assign(marker.colorbar, { orientation: "h", y: 1, yanchor: "bottom", thickness: 10 });
    }
    // On a phone the legend goes below, and the margins are small.
    if (layout.showlegend === false) return;
    const room = 19 * named;
    layout.height += room;
    layout.margin = { ...layout.margin, b: layout.margin.b + room };
    layout.legend = {
      ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom", font: { size: 11 },
    };
  };

  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  };
  const restyle = () => {
    label();
    for (const { node, layout } of plots) Plotly.relayout(node, colours(layout));
  };
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    restyle();
  });
  dark.addEventListener("change", restyle);

  // Plotly's code, unpacked.
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);

  const draw = async (source) => {
    const node = document.getElementById(source.dataset.for);
    const { data, layout } = JSON.parse(source.textContent);
    const full = { autosize: true, height: Number(source.dataset.height), ...layout };
    for (const [path, value] of Object.entries(colours(full))) put(full, path, value);
    narrow(data, full, node.clientWidth, data.filter((trace) => trace.name).length);
    await Plotly.newPlot(node, data, full, { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] });
    for (const each of node.querySelectorAll("svg")) each.setAttribute("aria-hidden", "true");
    plots.push({ node, layout: full });
  };
  for (const source of document.querySelectorAll("script.figure")) await draw(source);

  // On paper: in light colours, as wide as the page, everything folded open.
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details.part:not([open])")) {
      each.open = true;
      opened.push(each);
    }
    for (const { node, layout } of plots) Plotly.relayout(node, { ...colours(layout), "font.color": "#000", width: 660, autosize: false });
  });
  addEventListener("afterprint", () => {
    for (const each of opened.splice(0)) each.open = false;
    for (const { node, layout } of plots) Plotly.relayout(node, { ...colours(layout), width: null, autosize: true });
  });
  root.dataset.ready = "yes";
})();
