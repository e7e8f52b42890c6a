// What is known of the captions, window by window. No element of the page is touched here.

export class Captions {
  constructor() {
    this.windows = new Map() // number -> {number, start, end, status, cues, error}
  }

  reset(cues) {
    this.windows.clear()
    for (const cue of cues) this.take(cue)
  }

  // Takes a cue and gives the numbers of the windows that have changed.
  take(cue) {
    const changed = this.#forgetKnown(cue)
    const window = this.#window(cue)
    if (cue.error !== null) {
      Object.assign(window, { status: cue.final ? "failed" : "waiting", cues: [], error: cue.error })
    } else if (!cue.final) {
      Object.assign(window, { status: "live", cues: [cue], error: null })
    } else {
      const others = window.status === "done" ? window.cues.filter(each => each.start !== cue.start) : []
      Object.assign(window, { status: "done", cues: [...others, cue], error: null })
    }
    return [...changed, cue.window]
  }

  get(number) {
    return this.windows.get(number)
  }

  at(seconds) {
    for (const window of this.windows.values()) {
      if (window.start <= seconds && seconds < window.end) return window
    }
    return undefined
  }

  inOrder() {
    return [...this.windows.values()].sort((one, other) => one.start - other.start)
  }

  // How many windows of this run have each status; those of an earlier run are numbered by the cue.
  counts() {
    const counts = { done: 0, live: 0, failed: 0, waiting: 0 }
    for (const { number, status } of this.windows.values()) counts[status] += number >= 0
    return counts
  }

  get end() {
    let end = 0
    for (const window of this.windows.values()) end = Math.max(end, window.end)
    return end
  }

  #window(cue) {
    const window = this.windows.get(cue.window)
      ?? { number: cue.window, start: cue.start, end: cue.end, status: "waiting", cues: [], error: null }
    window.start = Math.min(window.start, cue.start)
    window.end = Math.max(window.end, cue.end)
    this.windows.set(cue.window, window)
    return window
  }

  // Captions of an earlier run have negative numbers, and give way to new ones.
  #forgetKnown(cue) {
    if (cue.window < 0) return []
    const gone = [...this.windows.values()]
      .filter(window => window.number < 0 && window.start < cue.end && cue.start < window.end)
      .map(window => window.number)
    for (const number of gone) this.windows.delete(number)
    return gone
  }
}
