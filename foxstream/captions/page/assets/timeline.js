// The timeline: what is waiting, live, done or failed, and a slider to move along it.

import { clock, statusWords } from "./words.js"

const SHAPES = { // told apart by height and pattern, not by colour alone
  waiting: { y: 13, height: 6 },
  live: { y: 6, height: 20 },
  done: { y: 6, height: 20 },
  failed: { y: 6, height: 20 },
}
const GAP = 4 // pixels that a window must have, or there are no gaps between them
const STEPS = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5 } // seconds, by key
const SVG = "http://www.w3.org/2000/svg"

export class Timeline {
  #runs
  #seek
  #captions
  #length = 0

  constructor(runs, seek, captions, onSeek) {
    this.#runs = runs
    this.#seek = seek
    this.#captions = captions
    seek.addEventListener("input", () => onSeek(Number(seek.value)))
    seek.addEventListener("keydown", event => {
      const step = STEPS[event.key]
      if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      onSeek(Math.min(Math.max(0, Number(seek.value) + step), this.#length))
    })
    new ResizeObserver(() => this.draw(this.#length)).observe(runs.ownerSVGElement)
  }

  move(seconds) {
    const window = this.#captions.at(seconds)
    this.#seek.value = seconds
    const words = statusWords(window?.status ?? "waiting")
    this.#seek.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(this.#length)}, ${words}`)
  }

  draw(length) {
    this.#length = length
    this.#seek.max = length
    if (!length) return
    const width = this.#runs.ownerSVGElement.clientWidth
    const windows = this.#captions.inOrder()
    const dense = windows.length && width / windows.length < 3 * GAP
    const gap = dense ? 0 : 2
    this.#runs.replaceChildren(...runsOf(windows, dense).map(run => rect(run, length, width, gap)))
  }
}

// Neighbours of the same status are one where there are too many to be seen one by one.
function runsOf(windows, dense) {
  const runs = []
  for (const { start, end, status } of windows) {
    if (status === "waiting") continue
    const last = runs.at(-1)
    if (dense && last?.status === status && start - last.end < 0.1) last.end = end
    else runs.push({ start, end, status })
  }
  return runs
}

function rect({ start, end, status }, length, width, gap) {
  const element = document.createElementNS(SVG, "rect")
  const { y, height } = SHAPES[status]
  const wide = (Math.min(end, length) - start) / length * width - gap
  const attributes = {
    class: status, x: start / length * width, width: Math.max(1, wide), y, height, rx: 2,
  }
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}
