// Interaction: choice of a class, tooltips, sorting. The page is complete without this script.
// Texts from outside are set as text only. Lookups by name use Maps, not objects.
"use strict";
(() => {
  const createElement = (name, text, ...content) => {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    element.append(...content);
    return element;
  };

  // Show one class at a time.
  const panels = [...document.querySelectorAll("#panels > details")];
  const choice = document.getElementById("class-choice");
  if (choice && panels.length > 1) {
    const select = createElement("select");
    select.id = "class";
    const label = createElement("label", "Class ");
    label.htmlFor = select.id;
    panels.forEach((panel, k) => {
      const summary = panel.querySelector("summary");
      const option = createElement("option", summary.textContent);
      option.value = String(k);
      select.append(option);
      summary.hidden = true;
    });
    const show = () => panels.forEach((panel, k) => {
      panel.hidden = k !== Number(select.value);
      panel.open = true;
    });
    select.addEventListener("change", show);
    choice.append(label, select);
    choice.hidden = false;
    show();
  }

  // Switch between counts and shares.
  document.querySelectorAll(".matrices").forEach((group) => {
    const toggle = group.querySelector(".toggle");
    const matrices = [...group.querySelectorAll(".matrix")];
    const buttons = ["counts", "shares"].map((text) => {
      const button = createElement("button", text);
      button.type = "button";
      return button;
    });
    const show = (which) => matrices.forEach((matrix, k) => {
      matrix.hidden = k !== which;
      buttons[k].setAttribute("aria-pressed", String(k === which));
    });
    buttons.forEach((button, k) => button.addEventListener("click", () => show(k)));
    toggle.append(...buttons);
    toggle.hidden = false;
    show(0);
  });

  // Show the issues of a severity, check and label.
  const filter = document.getElementById("issue-filter");
  if (filter) {
    const issues = [...document.querySelectorAll(".issue")];
    const selects = (JSON.parse(document.getElementById("data").textContent).filters || []).map(([name, title, options]) => {
      const select = createElement("select");
      select.id = `filter-${name}`;
      select.append(createElement("option", "all"));
      options.forEach(([value, text]) => {
        const option = createElement("option", text);
        option.value = value;
        select.append(option);
      });
      select.options[0].value = "";
      const label = createElement("label", title);
      label.htmlFor = select.id;
      const field = createElement("span", "", label, select);
      field.className = "filter-field";
      filter.append(field);
      return [name, select];
    });
    const show = () => {
      const chosen = selects.filter(([, select]) => select.value);
      const matches = (issue) => chosen.every(([name, select]) => issue.dataset[name].split(" ").includes(select.value));
      issues.forEach((issue) => { issue.hidden = !matches(issue); });
      document.querySelectorAll(".more").forEach((more) => {
        const left = more.querySelectorAll(".issue:not([hidden])").length;
        more.hidden = left === 0;
        more.open = chosen.length > 0 && left > 0;
      });
      [".kind", ".severity-group"].forEach((name) => document.querySelectorAll(name).forEach((group) => {
        group.hidden = !group.querySelector(".issue:not([hidden])");
      }));
      const left = issues.filter((issue) => !issue.hidden).length;
      document.getElementById("issue-count").textContent = chosen.length ? `${left} of ${issues.length} issues on this page` : "";
    };
    selects.forEach(([, select]) => select.addEventListener("change", show));
    filter.hidden = selects.length === 0;
  }

  // Open everything folded that a link leads to.
  const reveal = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { return; }
    const target = name ? document.getElementById(name) : null;
    if (!target) return;
    let folded = target.closest("details:not([open])");
    if (!folded) return;
    for (; folded; folded = target.closest("details:not([open])")) folded.open = true;
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  document.querySelectorAll('a[href^="#"]').forEach((link) => link.addEventListener("click", () => {
    if (link.hash === location.hash) reveal(); // no hashchange
  }));
  reveal();

  // Play one recording at a time.
  const players = [...document.querySelectorAll("audio")];
  players.forEach((player) => player.addEventListener("play", () => {
    players.forEach((other) => { if (other !== player) other.pause(); });
  }));

  // Open what is short for printing. Glossaries and long lists are printed if they are open.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")].filter((details) => !details.closest(".long:not([open]), [hidden]:not(.panels:not(.many) > .panel)"));
    closed.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));

  // Theme: that of the system, light or dark. The choice is remembered where the browser allows it.
  const themes = document.getElementById("theme");
  if (themes) {
    const root = document.documentElement;
    const stored = (value) => {
      // Some browsers refuse storage for files.
      try {
        if (value === undefined) return localStorage.getItem("featkit-theme");
        localStorage.setItem("featkit-theme", value);
      } catch { /* the choice holds for this visit */ }
      return null;
    };
    const buttons = new Map(["system", "light", "dark"].map((name) => {
      const button = createElement("button", name);
      button.type = "button";
      return [name, button];
    }));
    const show = (chosen) => {
      if (chosen === "system") delete root.dataset.theme; else root.dataset.theme = chosen;
      buttons.forEach((button, name) => button.setAttribute("aria-pressed", String(name === chosen)));
    };
    buttons.forEach((button, name) => {
      button.addEventListener("click", () => { show(name); stored(name); });
      themes.append(button);
    });
    show(buttons.has(stored()) ? stored() : "system");
    themes.setAttribute("role", "group");
    themes.setAttribute("aria-label", "Colours");
    themes.hidden = false;
  }

  // Sortable tables.
  const number = (text) => {
    const digits = text.replace(/[,%\s]/g, "").replace(/−/g, "-");
    return digits !== "" && Number.isFinite(Number(digits)) ? Number(digits) : null;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return x === null ? 1 : -1;
    return a.localeCompare(b, "en", { numeric: true });
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const headers = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    headers.forEach((header, column) => {
      const button = createElement("button", header.textContent);
      button.type = "button";
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const sorted = header.getAttribute("aria-sort");
        const first = header.classList.contains("number") ? "descending" : "ascending";
        const second = first === "ascending" ? "descending" : "ascending";
        const order = sorted === first ? second : first;
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const rows = [...body.rows].map((row) => [row.cells[column].textContent.trim(), row]);
        rows.sort((a, b) => sign * compare(a[0], b[0]));
        body.append(...rows.map((row) => row[1]));
      });
    });
  });

  // All judged rows: search, filters, order and pages. Rows are made when they are shown.
  const judged = document.getElementById("judged");
  const judgedData = JSON.parse(document.getElementById("data").textContent).judged;
  if (judged && judgedData) {
    const { texts, judges, results, rows: all, atOnce } = judgedData;
    const table = judged.querySelector("table");
    const body = table.tBodies[0];
    const headers = [...table.tHead.rows[0].cells];
    const isNumber = (column) => headers[column].classList.contains("number");
    const cell = (row, column) => [row[0], texts[row[1]], texts[row[2]], row[3], judges[row[4]], results[row[5]]][column];
    const folded = all.map((row) => row[0].toLocaleLowerCase());
    let [shown, page, order] = [all.map((_, k) => k), 0, null];
    const counter = createElement("p");
    counter.className = "small";
    counter.setAttribute("role", "status");
    const pages = judged.querySelector(".judged-pages");
    const [previous, next] = ["Previous", "Next"].map((text) => {
      const button = createElement("button", text);
      button.type = "button";
      return button;
    });
    const bdi = (text) => createElement("bdi", text);
    const draw = () => {
      const last = Math.max(0, Math.ceil(shown.length / atOnce) - 1);
      page = Math.min(Math.max(page, 0), last);
      const part = shown.slice(page * atOnce, (page + 1) * atOnce);
      body.replaceChildren(...part.map((k) => {
        const line = createElement("tr");
        headers.forEach((_, column) => {
          const text = cell(all[k], column);
          const item = column < 3 ? createElement(column ? "td" : "th", "", bdi(text)) : createElement("td", text);
          if (!column) item.scope = "row";
          if (isNumber(column)) item.className = "number";
          if (column === 5) item.className = `result ${text}`;
          line.append(item);
        });
        return line;
      }));
      const first = page * atOnce;
      counter.textContent = shown.length
        ? `Rows ${(first + 1).toLocaleString("en")} to ${(first + part.length).toLocaleString("en")} of ${shown.length.toLocaleString("en")}${shown.length < all.length ? ` (${all.length.toLocaleString("en")} in total)` : ""}`
        : "No row matches.";
      previous.disabled = page === 0;
      next.disabled = page === last;
    };
    const controls = judged.querySelector(".judged-filters");
    const field = (title, control, id) => {
      control.id = id;
      const label = createElement("label", title);
      label.htmlFor = id;
      const group = createElement("span", "", label, control);
      group.className = "filter-field";
      controls.append(group);
      return control;
    };
    const search = createElement("input");
    search.type = "search";
    search.autocomplete = "off";
    field("Search names", search, "judged-search");
    const choice = (title, id, options) => {
      const select = createElement("select", "", createElement("option", "all"));
      select.options[0].value = "";
      options.forEach(([value, text]) => {
        const option = createElement("option", text);
        option.value = String(value);
        select.append(option);
      });
      return field(title, select, id);
    };
    const used = (column) => [...new Set(all.map((row) => row[column]))];
    const named = (places) => places.map((k) => [k, texts[k]]).sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }));
    const filters = headers.length < 6 ? [] : [
      [5, choice("Result", "judged-result", results.map((text, k) => [k, text]).filter(([k, text]) => text && used(5).includes(k)))],
      [1, choice("True", "judged-true", named(used(1)))],
      [2, choice("Predicted", "judged-predicted", named(used(2)))],
    ];
    const update = () => {
      const words = search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      const chosen = filters.filter(([, select]) => select.value !== "").map(([column, select]) => [column, Number(select.value)]);
      shown = all.map((_, k) => k).filter((k) => chosen.every(([column, value]) => all[k][column] === value) && words.every((word) => folded[k].includes(word)));
      if (order) {
        const sign = order.ascending ? 1 : -1;
        const keys = new Map(shown.map((k) => [k, cell(all[k], order.column)]));
        shown.sort((a, b) => sign * compare(keys.get(a), keys.get(b)) || a - b);
      }
      page = 0;
      draw();
    };
    search.addEventListener("input", update);
    filters.forEach(([, select]) => select.addEventListener("change", update));
    headers.forEach((header, column) => {
      const button = createElement("button", header.textContent);
      button.type = "button";
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const ascending = order && order.column === column ? !order.ascending : !isNumber(column);
        order = { column, ascending };
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        update();
      });
    });
    const turn = (step) => { page += step; draw(); };
    previous.addEventListener("click", () => turn(-1));
    next.addEventListener("click", () => turn(1));
    pages.append(previous, counter, next);
    judged.querySelectorAll(".static-only").forEach((note) => note.remove());
    controls.hidden = false;
    pages.hidden = false;
    draw();
  }

  // Compare two classes: one pair at a time.
  const pairs = [...document.querySelectorAll("#pairs > details")];
  const pairChoice = document.getElementById("pair-choice");
  if (pairChoice && pairs.length > 1) {
    const names = new Map();
    pairs.forEach((pair) => {
      const [one, other] = pair.querySelectorAll("summary bdi");
      names.set(pair.dataset.first, one.textContent);
      names.set(pair.dataset.second, other.textContent);
    });
    const sorted = [...names.keys()].sort((a, b) => Number(a) - Number(b));
    const selects = ["Class", "and"].map((text, k) => {
      const select = createElement("select");
      select.id = `pair-${k}`;
      const label = createElement("label", text);
      label.htmlFor = select.id;
      sorted.forEach((place) => {
        const option = createElement("option", names.get(place));
        option.value = place;
        select.append(option);
      });
      pairChoice.append(label, select);
      return select;
    });
    const note = createElement("p");
    note.className = "small";
    note.setAttribute("role", "status");
    pairChoice.append(note);
    const show = () => {
      const chosen = new Set(selects.map((select) => select.value));
      const fits = (pair) => chosen.size === 2 && chosen.has(pair.dataset.first) && chosen.has(pair.dataset.second);
      pairs.forEach((pair) => { pair.hidden = !fits(pair); pair.open = true; });
      const text = chosen.size < 2 ? "Choose two different classes." : "These classes are rarely confused, and are not on this page.";
      note.textContent = pairs.some(fits) ? "" : text;
    };
    selects[0].value = pairs[0].dataset.first;
    selects[1].value = pairs[0].dataset.second;
    selects.forEach((select) => select.addEventListener("change", show));
    pairs.forEach((pair) => { pair.querySelector("summary").hidden = true; });
    pairChoice.hidden = false;
    show();
  }

  // Save pictures as SVG files: charts, and tables with bars or shades. Styles are written into them.
  const SVG = "http://www.w3.org/2000/svg";
  const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "opacity", "font-size", "text-anchor", "vector-effect"];
  const shape = (name, attributes, text) => {
    const item = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => item.setAttribute(key, String(value)));
    if (text) item.textContent = text;
    return item;
  };
  const styled = (svg) => {
    const copy = svg.cloneNode(true);
    const originals = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((item, k) => {
      const style = getComputedStyle(originals[k]);
      PROPERTIES.forEach((name) => { if (style.getPropertyValue(name)) item.setAttribute(name, style.getPropertyValue(name)); });
      item.removeAttribute("class");
    });
    return copy;
  };
  const whole = (width, height, title) => {
    const style = getComputedStyle(document.body);
    const svg = shape("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": style.fontFamily, "font-size": 12 });
    svg.append(shape("title", {}, title), shape("rect", { width, height, fill: style.backgroundColor }));
    return svg;
  };
  const shownText = (text) => text.replace(/[\u200b\u2066-\u2069]/g, "").replace(/\s/g, " ");
  const plain = (text) => shownText(text).replace(/ +/g, " ").trim();
  const plotPicture = (svg) => {
    const { width, height } = svg.viewBox.baseVal;
    const picture = whole(2 * width, 2 * height, plain(svg.getAttribute("aria-label") || "chart"));
    const copy = styled(svg);
    copy.setAttribute("width", 2 * width);
    copy.setAttribute("height", 2 * height);
    picture.append(copy);
    return picture;
  };
  const rowsOf = (table) => [...(table.tHead ? table.tHead.rows : []), ...[...table.tBodies].flatMap((body) => [...body.rows])];
  // The lines of a text as they are on the page, with their places.
  const linesOf = (node) => {
    const range = document.createRange();
    const lines = [];
    let at = 0;
    for (const character of node.textContent) {
      range.setStart(node, at);
      at += character.length;
      range.setEnd(node, at);
      const box = range.getClientRects()[0];
      if (!box || (!box.width && /\s/.test(character))) continue; // collapsed space
      const line = lines.at(-1);
      if (line && Math.abs(line.top - box.top) < 2) {
        line.text += character;
        line.left = Math.min(line.left, box.left);
      } else lines.push({ text: character, left: box.left, top: box.top, bottom: box.bottom });
    }
    return lines;
  };
  const CLEAR = "rgba(0, 0, 0, 0)";
  const tablePicture = (table) => {
    const box = table.getBoundingClientRect();
    const picture = whole(Math.ceil(box.width), Math.ceil(box.height), plain(table.caption ? table.caption.textContent : "table"));
    const background = (item) => {
      const [place, colour] = [item.getBoundingClientRect(), getComputedStyle(item).backgroundColor];
      if (colour !== CLEAR && place.width) picture.append(shape("rect", { x: place.left - box.left, y: place.top - box.top, width: place.width, height: place.height, fill: colour }));
    };
    const cells = [table.caption, ...rowsOf(table).flatMap((row) => [...row.cells])];
    cells.filter((item) => item && item.getBoundingClientRect().width && !item.matches(".visually-hidden, .visually-hidden *")).forEach((item) => {
      const [place, style] = [item.getBoundingClientRect(), getComputedStyle(item)];
      [item, ...item.querySelectorAll(":not(svg, svg *)")].forEach(background);
      if (parseFloat(style.borderBottomWidth)) {
        const y = place.bottom - box.top - 0.5;
        picture.append(shape("path", { d: `M${place.left - box.left} ${y}H${place.right - box.left}`, fill: "none", stroke: style.borderBottomColor }));
      }
      const chart = item.querySelector("svg.strip");
      if (chart) {
        const inside = chart.getBoundingClientRect();
        const copy = styled(chart);
        Object.entries({ x: inside.left - box.left, y: inside.top - box.top, width: inside.width, height: inside.height }).forEach(([key, value]) => copy.setAttribute(key, value));
        picture.append(copy);
        return;
      }
      const walker = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!plain(node.textContent) || node.parentElement.closest(".visually-hidden")) continue;
        const own = getComputedStyle(node.parentElement);
        const size = parseFloat(own.fontSize);
        const turned = own.writingMode.startsWith("vertical");
        linesOf(node).forEach((line) => {
          const [left, bottom] = [line.left - box.left, line.bottom - box.top];
          const base = (line.top + line.bottom) / 2 - box.top + 0.36 * size;
          const where = turned ? { transform: `translate(${left + size} ${bottom}) rotate(-90)` } : { x: left, y: base };
          picture.append(shape("text", { ...where, fill: own.color, "font-size": size, "font-weight": own.fontWeight, "font-style": own.fontStyle, "xml:space": "preserve" }, shownText(line.text)));
        });
      }
    });
    return picture;
  };
  const save = (picture, title) => {
    const text = new XMLSerializer().serializeToString(picture);
    const link = createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "picture"}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const addSave = (after, title, picture) => {
    const button = createElement("button", "Save as SVG");
    button.type = "button";
    button.className = "save";
    button.setAttribute("aria-label", `Save as SVG: ${title}`);
    button.addEventListener("click", () => save(picture(), title));
    after.after(button);
  };
  document.querySelectorAll("svg.plot").forEach((svg) => {
    addSave(svg, plain((svg.getAttribute("aria-label") || "chart").split(". ")[0]), () => plotPicture(svg));
  });
  document.querySelectorAll("table.chart, table.heat").forEach((table) => {
    const title = plain(table.caption ? table.caption.textContent : "table");
    const scroll = table.closest(".scroll");
    addSave(scroll || table, title, () => tablePicture(table));
  });

  // The tooltip next to the pointer or the focused element.
  const tooltip = createElement("div");
  tooltip.className = "tooltip";
  tooltip.hidden = true;
  tooltip.setAttribute("role", "tooltip");
  tooltip.id = "tooltip";
  document.body.append(tooltip);
  const showTooltip = (x, y, ...lines) => {
    tooltip.replaceChildren(...lines.filter(Boolean).map((line) => createElement("div", line)));
    tooltip.hidden = false;
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(x + 12, width - tooltip.offsetWidth - 8));
    const below = y + 16 + tooltip.offsetHeight < window.innerHeight;
    const top = below ? y + 16 : Math.max(8, y - tooltip.offsetHeight - 16);
    // The content-security policy forbids style attributes, but not this property.
    tooltip.style.left = `${left + window.scrollX}px`;
    tooltip.style.top = `${top + window.scrollY}px`;
  };
  const hideTooltip = () => { tooltip.hidden = true; };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTooltip(); });
  window.addEventListener("scroll", hideTooltip, { passive: true });

  // Tooltips of column names: definition and unit, from the last table.
  document.querySelectorAll("a.term").forEach((link) => {
    const show = () => {
      const row = document.getElementById(link.getAttribute("href").slice(1));
      const title = row.querySelector(".title");
      const unit = row.cells[1].textContent;
      const definition = row.cells[3].firstElementChild.textContent;
      const box = link.getBoundingClientRect();
      if (!unit && !definition) return;
      showTooltip(box.left, box.bottom - 8, title && title.textContent, definition, unit ? `in ${unit}` : "without a unit");
      link.setAttribute("aria-describedby", "tooltip");
    };
    const hide = () => { hideTooltip(); link.removeAttribute("aria-describedby"); };
    link.addEventListener("click", () => {
      const details = document.getElementById(link.getAttribute("href").slice(1)).closest("details");
      if (details) details.open = true;
    });
    link.addEventListener("mouseenter", show);
    link.addEventListener("focus", show);
    link.addEventListener("mouseleave", hide);
    link.addEventListener("blur", hide);
  });

  // Tooltips of dots. The contribution follows from the position of the dot.
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.rows || [];
  const columns = new Map(Object.entries(data.columns || {}));
  const significant = (value, digits) => String(Number(value.toPrecision(digits))).replace("-", "−");
  const signed = (value, digits) => (value > 0 ? "+" : "") + significant(value, digits);
  const parsedDots = new WeakMap();
  const dotsOf = (svg) => {
    if (!parsedDots.has(svg)) {
      const dots = [];
      svg.querySelectorAll("path.dots").forEach((path) => {
        const step = /\bv(\d)\b/.exec(path.getAttribute("class"));
        path.getAttribute("d").split("h0").forEach((dot, k) => {
          const position = /M(-?\d+) (-?\d+)/.exec(dot);
          if (position) dots.push([Number(position[1]), Number(position[2]), k, step ? Number(step[1]) : null]);
        });
      });
      parsedDots.set(svg, dots);
    }
    return parsedDots.get(svg);
  };
  const nearest = (svg, event) => {
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const [sx, sy] = [box.width / view.width, box.height / view.height];
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [nearestDot, smallest] = [null, 144]; // at most 12 pixels away
    dotsOf(svg).forEach((dot) => {
      const distance = (dot[0] * sx - x) ** 2 + (dot[1] * sy - y) ** 2;
      if (distance < smallest) [nearestDot, smallest] = [dot, distance];
    });
    return nearestDot;
  };
  // The dots of a strip are sorted by colour, and dots of one colour are in the order of the rows.
  const rowOf = (steps, step, k) => {
    let left = k;
    return steps.findIndex((other) => other === step && left-- === 0);
  };
  const tooltipLines = new Map([
    ["swarm", (svg, [x, , k, step]) => {
      const { values, steps } = columns.get(svg.dataset.column);
      const row = rowOf(steps, step === null ? -1 : step, k);
      return [
        rows[row],
        `value ${values[row]}`,
        `contribution about ${signed(((x - 10) / 980 * 2 - 1) * Number(svg.dataset.limit), 2)}`,
      ];
    }],
    ["dependence", (svg, [, y, k]) => [
      rows[k] || "",
      `value ${columns.get(svg.dataset.column).values[k]}`,
      `contribution about ${signed((80 - y) / 70 * Number(svg.dataset.limit), 2)}`,
    ]],
  ]);
  tooltipLines.forEach((lines, kind) => document.querySelectorAll(`svg.${kind}`).forEach((svg) => {
    svg.addEventListener("pointermove", (event) => {
      const dot = nearest(svg, event);
      if (dot) showTooltip(event.clientX, event.clientY, ...lines(svg, dot)); else hideTooltip();
    });
    svg.addEventListener("pointerleave", hideTooltip);
  }));
})();
