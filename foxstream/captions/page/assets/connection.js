// The stream of events. The browser itself connects again and says which event it had last; only
// where it gives up, a new stream is begun, and that one opens with the whole state.

const LATER = 1000 // milliseconds until a new stream is tried
const GONE = 8000 // milliseconds after which nobody is expected to come back

export class Connection {
  #on
  #source = null
  #lost = null
  #ended = false

  // `on` has the functions state, cue, progress (each of a value) and link (of a word).
  constructor(on) {
    this.#on = on
    this.#open()
    addEventListener("pagehide", () => this.#source?.close())
    addEventListener("pageshow", event => event.persisted && !this.#ended && this.#open())
  }

  #open() {
    const source = new EventSource("/events")
    this.#source = source
    source.addEventListener("open", () => this.#live())
    for (const name of ["state", "cue", "progress"]) {
      source.addEventListener(name, event => this.#on[name](JSON.parse(event.data)))
    }
    for (const name of ["done", "stopped"]) {
      source.addEventListener(name, () => this.#end(name))
    }
    source.addEventListener("error", event => {
      if (event.data === undefined) this.#failed(source)
      else this.#end("broken")
    })
  }

  #live() {
    this.#lost = null
    this.#on.link("live")
  }

  #end(link) {
    this.#ended = true
    this.#source.close()
    this.#on.link(link)
  }

  #failed(source) {
    if (this.#ended || source !== this.#source) return
    this.#lost ??= performance.now()
    this.#on.link(performance.now() - this.#lost > GONE ? "gone" : "lost")
    if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), LATER)
  }

  #again(source) {
    if (source === this.#source && !this.#ended) this.#open()
  }
}
