// Small pictures of large ones: a scan of a hundred megapixels is decoded once, and not twelve times.

const SIDE = 1200;
const MOST_KEPT = 12;
const kept = new Map();

/** A picture of at most 1200 pixels as {url, width, height}; null for what browsers cannot show. */
export async function smallPicture(source) {
  if (typeof source !== "string") return shrunk(source);
  const known = kept.get(source)
    ?? fetch(source).then((answer) => (answer.ok ? answer.blob() : null)).then(shrunk).catch(() => null);
  kept.delete(source);
  kept.set(source, known); // the last one asked for is forgotten last
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT) forget(oldest);
  const small = await known;
  if (!small) kept.delete(source);
  return small;
}

function forget(source) {
  kept.get(source).then((small) => small && URL.revokeObjectURL(small.url));
  kept.delete(source);
}

async function shrunk(blob) {
  try {
    const whole = await createImageBitmap(blob, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(whole.width * scale));
    canvas.height = Math.max(1, Math.round(whole.height * scale));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
    const size = { width: whole.width, height: whole.height };
    whole.close();
    const small = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
    return small ? { url: URL.createObjectURL(small), ...size } : null;
  } catch {
    return null;
  }
}
