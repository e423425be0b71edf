"use strict";
(() => {
  const find = (name) => document.getElementById(name);
  const cells = [...document.querySelectorAll("button.cell")];
  const view = find("view"), stage = find("stage"), under = find("under"), over = find("over"), edge = find("edge");
  const slider = find("slider"), names = find("names"), compare = find("compare"), size = find("size");
  const picked = [];
  const look = { shown: null, pair: null, zoom: 1, x: 0, y: 0 };
  const place = (cell) => ["x", "y", "z"].map((axis) => Number(cell.dataset[axis]));
  const called = (cell) => cell.getAttribute("aria-label");
  const picture = (cell) => cell.querySelector("img");

  // One cell at a time takes the Tab key; arrows walk from there.
  const focus = (cell) => {
    cells.forEach((one) => { one.tabIndex = one === cell ? 0 : -1; });
    cell.focus();
  };
  const next = (cell, dx, dy, dz) => {
    let [x, y, z] = place(cell);
    for (;;) {
      x += dx; y += dy; z += dz;
      const line = cells.filter((one) => {
        const at = place(one);
        return at[0] === x && at[1] === y && at[2] === z;
      });
      if (line.length) { return line[0]; }
      const further = cells.some((one) => {
        const at = place(one);
        return (dx && at[1] === y && at[2] === z && (at[0] - x) * dx > 0)
          || (dy && at[0] === x && at[2] === z && (at[1] - y) * dy > 0)
          || (dz && at[0] === x && at[1] === y && (at[2] - z) * dz > 0);
      });
      if (!further) { return null; }
    }
  };
  const walks = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
    PageUp: [0, 0, -1], PageDown: [0, 0, 1] };

  const mark = () => {
    cells.forEach((cell) => {
      const at = picked.indexOf(cell);
      cell.setAttribute("aria-pressed", String(at >= 0));
      cell.querySelector("b").textContent = at < 0 ? "" : "AB"[at];
    });
    compare.disabled = picked.length < 2;
    find("chosen").textContent = picked.length ? picked.map((cell, at) => "AB"[at] + ": " + called(cell)).join("  |  ")
      : "nothing chosen";
  };
  const pick = (cell) => {
    const at = picked.indexOf(cell);
    if (at >= 0) { picked.splice(at, 1); } else { picked.push(cell); }
    if (picked.length > 2) { picked.shift(); }
    mark();
  };

  const draw = () => {
    const near = look.zoom >= 2;
    const at = `translate(${look.x}px, ${look.y}px) scale(${look.zoom})`;
    for (const one of [under, over]) {
      one.style.transform = at;
      one.classList.toggle("near", near);
    }
    find("zoom").textContent = Math.round(look.zoom * 100) + " %";
    if (!look.pair) { return; }
    const share = Number(slider.value) / 100;
    over.style.clipPath = `inset(0 0 0 ${share * 100}%)`;
    edge.style.left = look.x + share * under.naturalWidth * look.zoom + "px";
  };
  const fit = () => {
    const box = stage.getBoundingClientRect();
    look.zoom = Math.min(box.width / under.naturalWidth, box.height / under.naturalHeight) * 0.98;
    look.x = (box.width - under.naturalWidth * look.zoom) / 2;
    look.y = (box.height - under.naturalHeight * look.zoom) / 2;
    draw();
  };
  const scale = (factor, x, y) => {
    const box = stage.getBoundingClientRect();
    const cx = x === undefined ? box.width / 2 : x - box.left, cy = y === undefined ? box.height / 2 : y - box.top;
    const zoom = Math.min(Math.max(look.zoom * factor, 0.05), 32);
    look.x = cx - (cx - look.x) * zoom / look.zoom;
    look.y = cy - (cy - look.y) * zoom / look.zoom;
    look.zoom = zoom;
    draw();
  };
  const show = (cell, pair) => {
    const fresh = !view.open;
    const before = fresh ? 0 : under.naturalWidth;
    look.shown = cell;
    look.pair = pair || null;
    under.src = picture(cell).src;
    under.alt = called(cell);
    names.textContent = pair ? `A: ${called(cell)}  |  B: ${called(pair)}` : called(cell);
    for (const one of [over, edge, find("between"), find("swap")]) { one.hidden = !pair; }
    if (pair) {
      over.src = picture(pair).src;
      over.alt = called(pair);
    }
    if (fresh) { view.showModal(); }
    const ready = pair ? Promise.all([under.decode(), over.decode()]) : under.decode();
    ready.then(() => {
      if (pair) {  // a picture of another size is shown as large as its partner
        over.style.width = under.naturalWidth + "px";
        over.style.height = under.naturalHeight + "px";
      }
      if (fresh || before !== under.naturalWidth) { fit(); } else { draw(); }
    });
    (pair ? slider : stage).focus();
  };
  const flip = (step) => {
    const to = next(look.shown, ...step);
    if (to) { show(to); }
  };

  document.querySelector("main").addEventListener("click", (event) => {
    const cell = event.target.closest("button.cell");
    if (!cell) { return; }
    focus(cell);
    if (event.shiftKey || event.ctrlKey || event.metaKey) { pick(cell); } else { show(cell); }
  });
  document.querySelector("main").addEventListener("keydown", (event) => {
    const cell = event.target.closest("button.cell");
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (event.key in walks) {
      const to = next(cell, ...walks[event.key]);
      if (to) { focus(to); }
    } else if (event.key === " ") {
      pick(cell);
    } else if (event.key === "Enter") {
      show(cell);
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (!view.open && event.key.toLowerCase() === "c" && !event.ctrlKey && !event.metaKey && picked.length === 2) {
      show(...picked);
    }
  });
  compare.addEventListener("click", () => show(...picked));
  find("close").addEventListener("click", () => view.close());
  find("swap").addEventListener("click", () => show(look.pair, look.shown));
  find("fit").addEventListener("click", fit);
  find("larger").addEventListener("click", () => scale(1.25));
  find("smaller").addEventListener("click", () => scale(0.8));
  slider.addEventListener("input", draw);
  size.addEventListener("input", () => document.documentElement.style.setProperty("--cell", size.value + "px"));
  view.addEventListener("close", () => focus(look.shown));
  view.addEventListener("keydown", (event) => {
    const keys = { "+": () => scale(1.25), "=": () => scale(1.25), "-": () => scale(0.8), "0": fit,
      "1": () => scale(1 / look.zoom) };
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (keys[event.key]) {
      keys[event.key]();
    } else if (look.pair && event.key.toLowerCase() === "s") {
      show(look.pair, look.shown);
    } else if (look.pair && event.target !== slider && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      slider.value = Number(slider.value) + (event.key === "ArrowLeft" ? -2 : 2);
      draw();
    } else if (!look.pair && event.key in walks) {
      flip(walks[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    scale(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX, event.clientY);
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => stage.setPointerCapture(event.pointerId));
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) { return; }
    look.x += event.movementX;
    look.y += event.movementY;
    draw();
  });
  window.addEventListener("resize", () => { if (view.open) { fit(); } });

  document.documentElement.style.setProperty("--cell", size.value + "px");
  if (cells.length) { cells.forEach((cell, at) => { cell.tabIndex = at ? -1 : 0; }); }
  mark();
})();
