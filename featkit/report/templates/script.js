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

  // Open the folded issue that a link leads to.
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    const folded = target && target.closest("details:not([open])");
    if (folded) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", reveal);
  reveal();

  // Play one recording at a time.
  const players = [...document.querySelectorAll("audio")];
  players.forEach((player) => player.addEventListener("play", () => {
    players.forEach((other) => { if (other !== player) other.pause(); });
  }));

  // Open the contributions of examples on wide screens.
  if (matchMedia("(min-width: 40rem)").matches) {
    document.querySelectorAll(".example details").forEach((details) => { details.open = true; });
  }

  // Open everything for printing.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));

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
      const unit = row.cells[1].textContent;
      const definition = row.cells[3].firstElementChild.textContent;
      const box = link.getBoundingClientRect();
      if (!unit && !definition) return;
      showTooltip(box.left, box.bottom - 8, definition, unit ? `in ${unit}` : "without a unit");
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
