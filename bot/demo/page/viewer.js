/** A picture over the whole screen: fitted at first, up to its natural size and beyond by zooming. */

const BEYOND = 2; // times the natural size
const dialog = document.getElementById("viewer");
const pane = dialog.querySelector(".viewer-pane");
const picture = dialog.querySelector(".viewer-picture");
const zoomButton = dialog.querySelector(".viewer-zoom");
let scale = 1; // times the natural size
let pinch = null; // the scale and the distance of the fingers when two came down
let dragged = false;

/** @param {HTMLImageElement} image the picture in the chat */
export function openPicture(image) {
  picture.src = image.src;
  picture.alt = image.alt;
  dialog.showModal();
  pane.focus();
  const [width, height] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
  Object.assign(picture.dataset, { width, height });
  zoomTo(fitted());
}

/** The scale at which the whole picture is seen; a small picture is not blown up. */
function fitted() {
  const { width, height } = picture.dataset;
  return Math.min(pane.clientWidth / width, pane.clientHeight / height, 1);
}

/** Change the scale, keeping the point of the picture under (x, y) where it is. */
function zoomTo(wanted, x = innerWidth / 2, y = innerHeight / 2) {
  const before = picture.getBoundingClientRect();
  const [partX, partY] = [(x - before.left) / before.width, (y - before.top) / before.height];
  scale = Math.min(Math.max(wanted, fitted()), BEYOND);
  picture.style.width = `${picture.dataset.width * scale}px`;
  picture.style.height = `${picture.dataset.height * scale}px`;
  const after = picture.getBoundingClientRect();
  pane.scrollLeft += after.left + partX * after.width - x;
  pane.scrollTop += after.top + partY * after.height - y;
  const large = scale > fitted() * 1.01;
  picture.classList.toggle("large", large);
  zoomButton.setAttribute("aria-pressed", String(large));
}

function toggle(x, y) {
  zoomTo(scale > fitted() * 1.01 ? fitted() : Math.max(1, fitted() * 2), x, y);
}

// Two fingers zoom; one finger moves the picture by the pane's own scrolling.

function spread([one, other]) {
  return {
    distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
    x: (one.clientX + other.clientX) / 2,
    y: (one.clientY + other.clientY) / 2,
  };
}

pane.addEventListener("touchstart", ({ touches }) => {
  pinch = touches.length === 2 ? { scale, from: spread(touches).distance } : null;
});
pane.addEventListener(
  "touchmove",
  (event) => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const { distance, x, y } = spread(event.touches);
    zoomTo((pinch.scale * distance) / pinch.from, x, y);
  },
  { passive: false },
);

// A mouse zooms by its wheel, moves by dragging and toggles by a click.

pane.addEventListener("pointerdown", () => (dragged = false));
pane.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "mouse" || event.buttons !== 1) return;
  pane.scrollLeft -= event.movementX;
  pane.scrollTop -= event.movementY;
  dragged ||= Math.abs(event.movementX) + Math.abs(event.movementY) > 1;
});
pane.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    zoomTo(scale * Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
  },
  { passive: false },
);

pane.addEventListener("click", (event) => {
  if (dragged) return;
  if (event.target === picture) toggle(event.clientX, event.clientY);
  else dialog.close();
});
zoomButton.addEventListener("click", () => toggle());
dialog.querySelector(".viewer-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "+" || event.key === "=") zoomTo(scale * 1.25);
  if (event.key === "-") zoomTo(scale / 1.25);
});
addEventListener("resize", () => dialog.open && zoomTo(scale));
