// The transcript: one button for each caption, in the order of the video.

import { clock, oneLine } from "./words.js"

const QUIET = 250 // milliseconds after scrolling by itself in which no scrolling is the reader's

export class Transcript {
  #list
  #scroll
  #follow
  #entries = new Map() // window -> its entries, each {start, end, item, ...}
  #current = null
  #following = true
  #moved = 0

  constructor(list, scroll, follow, onSeek) {
    this.#list = list
    this.#scroll = scroll
    this.#follow = follow
    list.addEventListener("click", event => {
      const button = event.target.closest("button")
      if (button) onSeek(Number(button.dataset.start))
    })
    for (const name of ["wheel", "touchmove"]) {
      scroll.addEventListener(name, () => this.#leave(), { passive: true })
    }
    scroll.addEventListener("scroll", () => performance.now() - this.#moved > QUIET && this.#leave())
    follow.addEventListener("click", () => this.#comeBack())
  }

  clear() {
    this.#list.replaceChildren()
    this.#entries.clear()
    this.#current = null
  }

  show(number, window) {
    const old = this.#entries.get(number) ?? []
    const wanted = window ? entriesOf(window) : []
    for (const gone of old.slice(wanted.length)) gone.item.remove()
    const entries = wanted.map((each, index) => this.#set(old[index], each))
    if (entries.length) this.#entries.set(number, entries)
    else this.#entries.delete(number)
  }

  // Marks the caption at the playhead, and brings it into view unless the reader has left.
  move(seconds) {
    const item = this.#at(seconds)
    if (item === this.#current) return
    this.#current?.firstElementChild.removeAttribute("aria-current")
    this.#current = item
    item?.firstElementChild.setAttribute("aria-current", "true")
    if (item && this.#following) this.#bring()
  }

  #at(seconds) {
    for (const entries of this.#entries.values()) {
      for (const { start, end, item } of entries) {
        if (start <= seconds && seconds < end && item.isConnected) return item
      }
    }
    return null
  }

  #set(old, { start, end, status, text }) {
    const item = old?.item ?? blank()
    const [button] = item.children
    const [time, words] = button.children
    button.dataset.start = start
    button.dataset.end = end
    item.dataset.status = status
    time.textContent = clock(start)
    if (words.textContent !== text) words.textContent = text
    if (!old || old.start !== start) this.#place(item, start)
    return { start, end, item }
  }

  // Most captions belong at the end, so it is looked for from there.
  #place(item, start) {
    let next = null
    let before = this.#list.lastElementChild
    while (before && (before === item || Number(before.firstElementChild.dataset.start) > start)) {
      if (before !== item) next = before
      before = before.previousElementSibling
    }
    this.#list.insertBefore(item, next)
  }

  #bring() {
    this.#moved = performance.now()
    const box = this.#scroll
    const above = this.#current.offsetTop - box.offsetTop
    if (box.scrollHeight > box.clientHeight) box.scrollTop = above - box.clientHeight / 3
  }

  #leave() {
    if (this.#scroll.scrollHeight <= this.#scroll.clientHeight) return
    this.#following = false
    this.#follow.hidden = false
  }

  #comeBack() {
    this.#following = true
    this.#follow.hidden = true
    if (this.#current) this.#bring()
    this.#current?.firstElementChild.focus({ preventScroll: true })
  }
}

function entriesOf({ start, end, status, cues, error }) {
  if (error !== null) {
    const words = status === "failed" ? "No captions here" : "Asked about again"
    return [{ start, end, status, text: `${words}: ${error}` }]
  }
  return [...cues]
    .sort((one, other) => one.start - other.start)
    .map(cue => ({ start: cue.start, end: cue.end, status, text: oneLine(cue.text) }))
}

function blank() {
  const item = document.createElement("li")
  const button = document.createElement("button")
  button.type = "button"
  button.append(document.createElement("time"), document.createElement("span"))
  item.append(button)
  return item
}
