// Times and counts in words.

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 0.001))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const rest = `${String(m).padStart(h ? 2 : 1, "0")}:${String(s).padStart(2, "0")}`
  return h ? `${h}:${rest}` : rest
}

export function count(number) {
  return number.toLocaleString("en")
}

export function oneLine(text) {
  return text.replaceAll("\n", " ")
}

export function statusWords(status) {
  return {
    waiting: "no captions yet",
    live: "captions are being written",
    done: "captions are there",
    failed: "no captions: it failed",
  }[status]
}

export function countsInWords(counts, expected) {
  if (!counts.known) return "none yet"
  const total = expected > counts.known ? `about ${count(expected)}` : count(counts.known)
  const words = [`${count(counts.done)} of ${total} done`]
  if (counts.live) words.push(`${count(counts.live)} live`)
  if (counts.failed) words.push(`${count(counts.failed)} failed`)
  return words.join(", ")
}

export function tokensInWords(progress) {
  const unmetered = progress.unmetered ? `, ${count(progress.unmetered)} answers not metered` : ""
  return `${count(progress.tokens)}${unmetered}`
}

export function firstInWords(progress) {
  return progress.first_caption === null ? "waiting" : `${progress.first_caption.toFixed(2)} s`
}
