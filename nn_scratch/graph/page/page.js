"use strict";
/* The page: an image to draw on, the net's answer, and the maps inside the net. */

const page = JSON.parse(document.getElementById("exported").textContent);
const net = new Net(page);
const [channels, height, width] = page.shape, pixels = height * width;
const byId = (id) => document.getElementById(id);
const made = (parent, tag, more = {}) =>
  parent.appendChild(Object.assign(document.createElement(tag), more));

/* ------------------------------------------------------------ pixels on the screen */

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
const classColours = page.colours.map(rgb);
let mapColours; // for zero, positive numbers, negative numbers and a frame; dark mode has its own

/* Draw a map of H rows and W columns, whose pixel k is colourOf(k), [red, green, blue]. */
function paint(canvas, [, H, W], colourOf) {
  if (canvas.width !== W || canvas.height !== H) Object.assign(canvas, { width: W, height: H });
  const context = canvas.getContext("2d"), picture = context.createImageData(W, H);
  for (let k = 0; k < H * W; k++) picture.data.set([...colourOf(k), 255], 4 * k);
  context.putImageData(picture, 0, 0);
}

/* The colour of each pixel of a grey or coloured image, which holds numbers from 0 to 1. */
const visible = (image) => (k) =>
  [0, 1, 2].map((c) => 255 * image.data[(channels === 3 ? c * pixels : 0) + k]);

const mix = (a, b, share) => a.map((part, c) => part + share * (b[c] - part));

/* The row and column of the pixel under a pointer. */
function pixelUnder(event, [, H, W]) {
  const box = event.currentTarget.getBoundingClientRect();
  const place = (share, n) => Math.max(0, Math.min(n - 1, Math.floor(share * n)));
  const [down, across] = [event.clientY - box.top, event.clientX - box.left];
  return [place(down / box.height, H), place(across / box.width, W)];
}

/* Draw a rectangle, given in pixels of the image, over a canvas; and on it the words, if any. */
function frame(canvas, { left, top, wide, high, words = "", kind = "" }) {
  const rectangle = made(canvas.parentElement, "div", { className: `frame ${kind}` });
  if (words) made(rectangle, "span", { textContent: words });
  if (top < 0.1 * height) rectangle.classList.add("low");
  const share = (part, n) => `${(100 * part) / n}%`;
  Object.assign(rectangle.style, { left: share(left, width), top: share(top, height),
    width: share(wide, width), height: share(high, height) });
}

/* ------------------------------------------------------------ the image */

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const bell = () => random() + random() + random() + random() - 2; // its standard deviation is 0.577
const grain = Float32Array.from({ length: pixels }, () => (page.paper.noise / 0.577) * bell());

const image = { shape: page.shape, data: new Float32Array(channels * pixels) };
const pen = { erases: false, last: null, place: null }; // `place` is that of the keyboard's pen

/* Move the pen to a place: pixels near the line from its last place take the pen's colour. */
function draw(row, column, erases) {
  const [fromRow, fromColumn] = pen.last ?? [row, column];
  const [down, across] = [row - fromRow, column - fromColumn];
  const radius = page.paper.pen * (erases ? 2 : 1), length = down * down + across * across || 1;
  for (let k = 0; k < pixels; k++) {
    const [h, w] = [Math.floor(k / width) - fromRow, (k % width) - fromColumn];
    const along = Math.max(0, Math.min(1, (h * down + w * across) / length));
    const covered = radius + 0.5 - Math.hypot(h - along * down, w - along * across);
    if (covered <= 0) continue;
    const colour = grain[k] + (erases ? page.paper.level : page.paper.ink);
    for (let at = k; at < image.data.length; at += pixels)
      image.data[at] += Math.min(1, covered) * (colour - image.data[at]);
  }
  pen.last = [row, column];
  show();
}

function take(numbers) {
  image.data.set(numbers);
  show();
}

const clear = () => take(image.data.map((_, k) => page.paper.level + grain[k % pixels]));

/* Show a picture file of the reader, resized to the images of the net. */
async function open(file) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(await createImageBitmap(file), 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  take(image.data.map((_, k) => data[4 * (k % pixels) + Math.floor(k / pixels)] / 255));
}

/* ------------------------------------------------------------ the net's answer */

let values = []; // all maps of the last forward pass
let chosen = null; // the pixel that was touched last: { value, row, column }
let waiting = false;

/* Run the net and draw everything, at most once for each frame of the screen. */
function show() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const begin = performance.now();
    values = net.run(image);
    byId("speed").value = `${(performance.now() - begin).toFixed(0)} ms`;
    for (const old of document.querySelectorAll(".frame")) old.remove();
    paint(byId("image"), image.shape, visible(image));
    const found = answers[page.task](...page.outputs.map((k) => values[k]));
    legend.forEach(({ item, number }, k) => {
      number.textContent = found[k]?.text ?? "";
      item.className = found[k] ? "found" : "";
      item.style.setProperty("--share", found[k]?.share ?? 0);
    });
    for (const tile of tiles) drawTile(tile);
    if (chosen) drawChosen();
    const [top, left] = pen.place ?? [];
    if (pen.place) frame(byId("image"), { left, top, wide: 1, high: 1 });
  });
}

const largestOf = (numbers) => numbers.indexOf(Math.max(...numbers));
const percent = (share) => `${Math.round(100 * share)} %`;
const scoresAt = (map, k) => page.classes.map((_, c) => map.data[c * pixels + k]);

/* For each task: draw the outputs, and return for each class its entry in the legend, { text,
   share }, or nothing if the class was not found. */
const answers = {
  segmentation(scores) {
    const counts = page.classes.map(() => 0);
    paint(byId("answer"), scores.shape, (k) => {
      const label = largestOf(scoresAt(scores, k));
      counts[label]++;
      return classColours[label];
    });
    return counts.map((count) => count && { text: count });
  },

  localization(scores, boxes) {
    const shares = softmax([...scores.data]), best = largestOf(shares);
    const at = boxes.data.length > 4 ? 4 * best : 0;
    const [left, top, wide, high] = boxes.data.subarray(at, at + 4);
    const words = `${page.classes[best]}  ${percent(shares[best])}`;
    paint(byId("answer"), image.shape, visible(image));
    frame(byId("answer"), { left: left * width, top: top * height, wide: wide * width,
      high: high * height, words });
    return shares.map((share) => share >= 0.005 && { text: percent(share), share });
  },

  detection(...maps) {
    const found = detections(maps, [height, width]);
    const count = (k) => found.filter((one) => one.label === k).length;
    paint(byId("answer"), image.shape, visible(image));
    for (const box of found)
      frame(byId("answer"), { ...box, words: `${page.classes[box.label]}  ${percent(box.score)}` });
    return page.classes.map((_, k) => count(k) && { text: count(k) });
  },
};

const legend = page.classes.map((name, k) => {
  const item = made(byId("legend"), "li");
  made(item, "i").style.background = page.colours[k];
  made(item, "span", { textContent: name, title: name });
  return { item, number: made(item, "output") };
});

/* ------------------------------------------------------------ the maps inside the net */

const DEEP = 4; // the number of channels that are shown of each map
const tiles = [];

/* The `count` channels of a map whose numbers have the largest range in any example, in ascending
   order. */
function liveliest(runs, value, count) {
  const [C, H, W] = runs[0][value].shape;
  const spread = Array.from({ length: C }, (_, c) => Math.max(...runs.map((run) => {
    const numbers = run[value].data.subarray(c * H * W, (c + 1) * H * W);
    return Math.max(...numbers) - Math.min(...numbers);
  })));
  const order = spread.map((_, c) => c).sort((a, b) => spread[b] - spread[a]);
  return order.slice(0, count).sort((a, b) => a - b);
}

function makeTiles() {
  const begin = performance.now(), runs = [];
  for (const numbers of page.examples)
    if (performance.now() - begin < 500) runs.push(net.run({ ...image, data: numbers }));
  for (const { value, name } of page.stages) {
    const shape = runs[0][value].shape, [C, H, W] = shape;
    const stage = made(byId("hourglass"), "div", { className: "stage" });
    const row = made(stage, "div"), words = made(stage, "p");
    stage.style.setProperty("--rows", H);
    stage.style.setProperty("--columns", W);
    made(words, "b", { textContent: name });
    words.append(`${C} × ${H}×${W}`);
    for (const channel of liveliest(runs, value, DEEP)) {
      const canvas = made(row, "canvas", { tabIndex: 0, role: "img" });
      canvas.ariaLabel = `${name}, channel ${channel}: ${H} × ${W}`;
      tiles.push({ canvas, value, channel });
      choosable(canvas, value, shape);
    }
  }
}

/* Set the size of a map's pixel on the screen so that all maps fit: side by side, or one below the
   other on a telephone. */
function layOut() {
  const room = byId("hourglass").clientWidth, columns = page.stages.map(({ value }) =>
    values[value].shape[2]);
  const wide = (unit) => columns.reduce((sum, W) => sum + Math.max(W * unit, 48) + 6, 0);
  let unit = 120 / width;
  if (matchMedia("(max-width: 50rem)").matches) unit = (room - 125) / (DEEP * width);
  else while (wide(unit) > room && unit > 50 / width) unit *= 0.98;
  byId("hourglass").style.setProperty("--unit", `${unit}px`);
}

/* Draw one channel of a map. The number farthest from 0 in all of the map has the full colour. */
function drawTile({ canvas, value, channel }) {
  const { shape, data } = values[value], plane = shape[1] * shape[2], first = channel * plane;
  if (value === 0) return paint(canvas, shape, visible(image));
  const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-9);
  const [zero, positive, negative] = mapColours;
  const hit = chosen?.value === value ? chosen.row * shape[2] + chosen.column : -1;
  paint(canvas, shape, (k) => {
    const v = data[first + k] / largest;
    return k === hit ? mapColours[3] : mix(zero, v < 0 ? negative : positive, Math.abs(v));
  });
}

/* Frame the part of the image that the chosen pixel sees, and describe it in words. */
function drawChosen() {
  const { value, row, column } = chosen;
  const isLabel = page.task === "segmentation" && value === page.outputs[0];
  const { rows, columns } = net.sees(values, value, row, column);
  const [high, wide] = [rows, columns].map(([first, last]) => last - first + 1);
  frame(byId("image"), { left: columns[0], top: rows[0], wide, high, kind: "dashed" });
  if (isLabel) frame(byId("answer"), { left: column, top: row, wide: 1, high: 1 });
  const shares = isLabel && softmax(scoresAt(values[value], row * width + column));
  const best = shares && largestOf(shares);
  const says = shares ? `: ${page.classes[best]}, ${percent(shares[best])}` : "";
  const map = `${values[value].shape[1]} × ${values[value].shape[2]}`;
  byId("seen").textContent = `Row ${row}, column ${column} of ${map}${says}. It sees rows ` +
    `${rows.join("–")}, columns ${columns.join("–")} of the image: ${high} × ${wide} pixels.`;
}

/* Let the reader choose pixels of a canvas, by pointer or by arrow keys. */
function choosable(canvas, value, shape) {
  const choose = (row, column) => {
    chosen = { value, row, column };
    show();
  };
  const touch = (event) => choose(...pixelUnder(event, shape));
  canvas.addEventListener("pointerdown", touch);
  canvas.addEventListener("pointermove", (event) => event.buttons && touch(event));
  withArrows(canvas, shape, () => (chosen?.value === value ? [chosen.row, chosen.column]
    : [shape[1] >> 1, shape[2] >> 1]), choose);
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/* Let arrow keys call go(row, column, event) with a neighbour of the place that where() gives. */
function withArrows(canvas, [, H, W], where, go) {
  canvas.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key], place = where();
    if (!step) return;
    event.preventDefault();
    go(...[H, W].map((n, axis) => Math.max(0, Math.min(n - 1, place[axis] + step[axis]))), event);
  });
}

/* ------------------------------------------------------------ pen, keys and buttons */

function listenToPen(canvas) {
  const drawn = (event) => draw(...pixelUnder(event, image.shape), pen.erases);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    Object.assign(pen, { last: null, place: null });
    drawn(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && drawn(event));
  const middle = [height >> 1, width >> 1];
  withArrows(canvas, image.shape, () => pen.place ?? middle, (row, column, event) => {
    pen.last = event.shiftKey ? pen.place : null;
    pen.place = [row, column];
    if (event.shiftKey) draw(row, column, pen.erases);
    show();
  });
  canvas.addEventListener("keydown", (event) => {
    if (![" ", "Delete", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    pen.last = null;
    draw(...(pen.place ??= middle), event.key !== " " || pen.erases);
  });
}

function listenToButtons() {
  for (const [id, erases] of [["pen", false], ["eraser", true]])
    byId(id).addEventListener("click", () => {
      pen.erases = erases;
      byId("pen").ariaPressed = !erases;
      byId("eraser").ariaPressed = erases;
    });
  byId("clear").addEventListener("click", clear);
  byId("open").hidden = channels !== 3;
  byId("open").addEventListener("change", (event) => open(event.target.files[0]));
  page.examples.forEach((numbers, k) => {
    const button = made(byId("examples"), "button", { ariaLabel: `Example ${k + 1}` });
    paint(made(button, "canvas"), image.shape, visible({ data: numbers }));
    button.addEventListener("click", () => take(numbers));
  });
}

function lookAtColours() {
  const style = getComputedStyle(document.documentElement);
  mapColours = ["--zero", "--positive", "--negative", "--frame"].map((name) =>
    rgb(style.getPropertyValue(name).trim()));
  show();
}

page.examples = page.examples.map((numbers) => decoded(numbers));
listenToPen(byId("image"));
listenToButtons();
makeTiles();
if (page.task === "segmentation")
  choosable(byId("answer"), page.outputs[0], net.steps.at(-1).shape);
addEventListener("resize", layOut);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", lookAtColours);
take(page.examples[0]);
lookAtColours();
requestAnimationFrame(layOut);
