// Looking closer: one stage, one or two frames in it that move together; wheel, pinch, drag, double click, keys.

const MOST = 12; // screen pixels for one of the picture
const SWIPE = 60;

export class Zoom {
  #fingers = new Map();
  #natural = { width: 1, height: 1 };
  #look = { scale: 1, x: 0, y: 0 };

  /** `frames` lie at the upper left of `stage`; `swiped(-1 | 1)` is called for a swipe over a picture that fits. */
  constructor(stage, frames, swiped = () => {}) {
    Object.assign(this, { stage, frames, swiped });
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) stage.addEventListener(type, (event) => this.#up(event));
    stage.addEventListener("dblclick", (event) => this.toggle(this.#at(event)));
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.by(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * (event.ctrlKey ? 0.012 : 0.004)), this.#at(event));
    }, { passive: false });
    new ResizeObserver(() => this.#draw(this.isFit)).observe(stage);
  }

  /** The size in pixels of what is looked at. */
  size(width, height) {
    this.#natural = { width: Math.max(width, 1), height: Math.max(height, 1) };
    for (const frame of this.frames) {
      frame.style.width = `${this.#natural.width}px`;
      frame.style.height = `${this.#natural.height}px`;
    }
    this.fit();
  }

  fit() {
    this.#draw(true);
  }

  get isFit() {
    return Math.abs(this.#look.scale - this.#fitting()) < 1e-3;
  }

  by(factor, at = this.#middle()) {
    const least = Math.min(this.#fitting(), 1);
    const scale = Math.max(least, Math.min(MOST, this.#look.scale * factor));
    const share = scale / this.#look.scale;
    this.#look = { scale, x: at.x - (at.x - this.#look.x) * share, y: at.y - (at.y - this.#look.y) * share };
    this.#draw(false);
  }

  /** From fitting to pixel by pixel and back. */
  toggle(at = this.#middle()) {
    if (!this.isFit) this.fit();
    else this.by((this.#look.scale < 0.9 ? 1 : 2.5 * this.#look.scale) / this.#look.scale, at);
  }

  /** The keys of a view: whether this was one of them. */
  key(event) {
    const acts = { "+": () => this.by(1.3), "=": () => this.by(1.3), "-": () => this.by(1 / 1.3), 0: () => this.fit(),
      1: () => this.by(1 / this.#look.scale) };
    if (!(event.key in acts) || event.ctrlKey || event.metaKey) return false;
    acts[event.key]();
    return true;
  }

  #fitting() {
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(clientWidth / this.#natural.width, clientHeight / this.#natural.height) || 1;
  }

  #middle() {
    return { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 };
  }

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #draw(fit) {
    const look = this.#look;
    if (fit) look.scale = this.#fitting();
    for (const [axis, side, room] of [["x", "width", this.stage.clientWidth], ["y", "height", this.stage.clientHeight]]) {
      const free = room - this.#natural[side] * look.scale;
      look[axis] = free >= 0 ? free / 2 : Math.max(free, Math.min(0, look[axis]));
    }
    for (const frame of this.frames) {
      frame.style.transform = `translate(${look.x}px, ${look.y}px) scale(${look.scale})`;
      frame.classList.toggle("near", look.scale >= 3 && look.scale > 1.5 * this.#fitting());
    }
    this.stage.classList.toggle("closer", !this.isFit);
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button, input, .edge")) return;
    this.stage.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, { ...this.#at(event), from: this.#at(event) });
  }

  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    const at = this.#at(event);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const far = (one) => Math.hypot(one.x - other.x, one.y - other.y);
      this.by(far(at) / Math.max(far(finger), 1), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
      other.from = null;
    } else if (!this.isFit) {
      this.#look.x += at.x - finger.x;
      this.#look.y += at.y - finger.y;
      this.#draw(false);
    }
    Object.assign(finger, at, other ? { from: null } : {});
  }

  #up(event) {
    const finger = this.#fingers.get(event.pointerId);
    this.#fingers.delete(event.pointerId);
    if (event.type === "pointercancel" || !finger?.from || !this.isFit) return;
    const moved = this.#at(event).x - finger.from.x;
    if (Math.abs(moved) > SWIPE) this.swiped(moved < 0 ? 1 : -1);
  }
}
