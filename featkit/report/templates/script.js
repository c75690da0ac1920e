// What a hand can do: choose a class, look at a dot, sort a table. The page is complete without it.
// Text from outside is only ever set as text; tables by name are Maps.
"use strict";
(() => {
  const make = (name, text, ...inside) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...inside);
    return made;
  };

  // One class at a time.
  const panels = [...document.querySelectorAll("#panels > details")];
  const choice = document.getElementById("choice");
  if (choice && panels.length > 1) {
    const select = make("select");
    select.id = "class";
    const label = make("label", "Class ");
    label.htmlFor = select.id;
    panels.forEach((panel, k) => {
      const summary = panel.querySelector("summary");
      const option = make("option", summary.textContent);
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

  // Counts or shares.
  document.querySelectorAll(".matrices").forEach((both) => {
    const toggle = both.querySelector(".toggle");
    const matrices = [...both.querySelectorAll(".matrix")];
    const buttons = ["counts", "shares"].map((text) => {
      const button = make("button", text);
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

  // Where there is room, what spoke for and against is open.
  if (matchMedia("(min-width: 40rem)").matches) {
    document.querySelectorAll(".card details").forEach((each) => { each.open = true; });
  }

  // On paper everything is open.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));

  // Tables that can be sorted.
  const number = (text) => {
    const plain = text.replace(/[,%\s]/g, "").replace(/−/g, "-");
    return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : null;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return x === null ? 1 : -1;
    return a.localeCompare(b, "en", { numeric: true });
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const sorted = head.getAttribute("aria-sort");
        const first = head.classList.contains("number") ? "descending" : "ascending";
        const second = first === "ascending" ? "descending" : "ascending";
        const order = sorted === first ? second : first;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const rows = [...body.rows].map((row) => [row.cells[column].textContent.trim(), row]);
        rows.sort((a, b) => sign * compare(a[0], b[0]));
        body.append(...rows.map((row) => row[1]));
      });
    });
  });

  // What stands beside the pointer, or beside what has the focus.
  const tip = make("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "tooltip");
  tip.id = "tip";
  document.body.append(tip);
  const place = (x, y, ...lines) => {
    tip.replaceChildren(...lines.filter(Boolean).map((line) => make("div", line)));
    tip.hidden = false;
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(x + 12, width - tip.offsetWidth - 8));
    const below = y + 16 + tip.offsetHeight < window.innerHeight;
    const top = below ? y + 16 : Math.max(8, y - tip.offsetHeight - 16);
    // Through the object model: the page's policy forbids attributes only.
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${top + window.scrollY}px`;
  };
  const away = () => { tip.hidden = true; };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") away(); });
  window.addEventListener("scroll", away, { passive: true });

  // Columns: unit and definition, as the last table has them.
  document.querySelectorAll("a.term").forEach((link) => {
    const show = () => {
      const row = document.getElementById(link.getAttribute("href").slice(1));
      const unit = row.cells[1].textContent;
      const definition = row.cells[3].firstElementChild.textContent;
      const box = link.getBoundingClientRect();
      if (!unit && !definition) return;
      place(box.left, box.bottom - 8, definition, unit ? `in ${unit}` : "without a unit");
      link.setAttribute("aria-describedby", "tip");
    };
    const hide = () => { away(); link.removeAttribute("aria-describedby"); };
    link.addEventListener("click", () => {
      const folded = document.getElementById(link.getAttribute("href").slice(1)).closest("details");
      if (folded) folded.open = true;
    });
    link.addEventListener("mouseenter", show);
    link.addEventListener("focus", show);
    link.addEventListener("mouseleave", hide);
    link.addEventListener("blur", hide);
  });

  // Dots: the nearest to the pointer. Where they are is what they say.
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.rows || [];
  const columns = new Map(Object.entries(data.columns || {}));
  const figures = (value, digits) => String(Number(value.toPrecision(digits))).replace("-", "−");
  const signed = (value, digits) => (value > 0 ? "+" : "") + figures(value, digits);
  const parsed = new WeakMap();
  const dotsOf = (svg) => {
    if (!parsed.has(svg)) {
      const dots = [];
      svg.querySelectorAll("path.dots").forEach((path) => {
        const step = /\bv(\d)\b/.exec(path.getAttribute("class"));
        path.getAttribute("d").split("h0").forEach((dot, k) => {
          const at = /M(-?\d+) (-?\d+)/.exec(dot);
          if (at) dots.push([Number(at[1]), Number(at[2]), k, step ? Number(step[1]) : null]);
        });
      });
      parsed.set(svg, dots);
    }
    return parsed.get(svg);
  };
  const nearest = (svg, event) => {
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const [sx, sy] = [box.width / view.width, box.height / view.height];
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, least] = [null, 144];
    dotsOf(svg).forEach((dot) => {
      const distance = (dot[0] * sx - x) ** 2 + (dot[1] * sy - y) ** 2;
      if (distance < least) [best, least] = [dot, distance];
    });
    return best;
  };
  // The dots of a strip are drawn colour by colour, and those of one colour in the order of the rows.
  const rowOf = (steps, step, k) => {
    let left = k;
    return steps.findIndex((other) => other === step && left-- === 0);
  };
  const said = new Map([
    ["swarm", (svg, [x, , k, step]) => {
      const { values, steps } = columns.get(svg.dataset.column);
      const row = rowOf(steps, step === null ? -1 : step, k);
      return [
        rows[row],
        `value ${values[row]}`,
        `contribution about ${signed(((x - 10) / 980 * 2 - 1) * Number(svg.dataset.top), 2)}`,
      ];
    }],
    ["dependence", (svg, [, y, k]) => [
      rows[k] || "",
      `value ${columns.get(svg.dataset.column).values[k]}`,
      `contribution about ${signed((80 - y) / 70 * Number(svg.dataset.top), 2)}`,
    ]],
  ]);
  said.forEach((lines, kind) => document.querySelectorAll(`svg.${kind}`).forEach((svg) => {
    svg.addEventListener("pointermove", (event) => {
      const dot = nearest(svg, event);
      if (dot) place(event.clientX, event.clientY, ...lines(svg, dot)); else away();
    });
    svg.addEventListener("pointerleave", away);
  }));
})();
