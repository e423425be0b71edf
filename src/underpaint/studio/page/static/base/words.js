// Everything that is counted or timed, as an artist would say it.

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

export const KINDS = [
  ["ink", "ink on white"],
  ["paper", "scan of a sheet"],
  ["photo", "photo of a sheet"],
  ["transparent", "lines on nothing"],
  ["white-on-black", "white on black"],
  ["blue-pencil", "ink over blue"],
  ["colored", "coloured lines"],
];

export function kindName(kind) {
  return (KINDS.find(([name]) => name === kind) ?? [kind, kind])[1];
}

export function inWords(count) {
  return NUMBERS[count] ?? String(count);
}

export function some(count, one, many = `${one}s`) {
  return `${inWords(count)} ${count === 1 ? one : many}`;
}

/** "about 3 minutes left"; nothing where nobody knows yet. */
export function timeLeft(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} seconds left`;
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return "about a minute left";
  if (minutes < 60) return `about ${minutes} minutes left`;
  const hours = Math.round(minutes / 30) / 2;
  return hours === 1 ? "about an hour left" : `about ${hours} hours left`;
}

export function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The first letter large, and a full stop: what a server says becomes a sentence. */
export function sentence(text) {
  const said = String(text ?? "").trim();
  if (!said) return "";
  const begun = said[0].toUpperCase() + said.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** An error in one line with the way out. */
export function inOneLine(error) {
  return [sentence(error.message), sentence(error.hint)].filter(Boolean).join(" ");
}

/** When something was painted: today's hour, or the day. */
export function when(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}

/** The lines kept and invented, if they were measured. */
export function linesKept(lines) {
  if (!lines || typeof lines.kept !== "number") return "";
  const kept = `lines kept ${Math.round(lines.kept * 100)} %`;
  return typeof lines.invented === "number" ? `${kept}, invented ${Math.round(lines.invented * 100)} %` : kept;
}
