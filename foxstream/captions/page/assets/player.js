// The video: its text track, its troubles, and where it is.

const TELL_EVERY = 3000 // milliseconds between two tellings of the playhead
const LINE = -3 // lines from below: two of captions, and one that controls may cover

export class Player {
  #video
  #track
  #cues = new Map() // window -> its cues in the text track
  #told = null

  constructor(video, trouble) {
    this.#video = video
    this.#track = video.addTextTrack("captions", "Captions as they are written")
    this.#track.mode = "showing"
    video.addEventListener("error", () => this.#complain(trouble))
    video.addEventListener("loadeddata", () => { trouble.hidden = true })
    video.addEventListener("seeked", () => this.#tell())
    setInterval(() => video.paused || this.#tell(), TELL_EVERY)
    if (video.error) this.#complain(trouble)
  }

  get time() {
    return this.#video.currentTime
  }

  get duration() {
    return Number.isFinite(this.#video.duration) ? this.#video.duration : 0
  }

  get shown() {
    return this.#track.mode === "showing"
  }

  set shown(shown) {
    this.#track.mode = shown ? "showing" : "hidden"
  }

  seek(seconds) {
    this.#video.currentTime = seconds
    if (this.#video.readyState === HTMLMediaElement.HAVE_NOTHING) this.#tell(seconds)
  }

  onMove(call) {
    for (const name of ["timeupdate", "seeking", "loadedmetadata", "durationchange"]) {
      this.#video.addEventListener(name, call)
    }
  }

  clear() {
    for (const number of [...this.#cues.keys()]) this.show(number, [])
  }

  // A cue that grows is changed in place, so that the words before it do not flicker.
  show(number, cues) {
    const old = this.#cues.get(number) ?? []
    for (const gone of old.slice(cues.length)) this.#track.removeCue(gone)
    const shown = cues.map((cue, index) => this.#set(old[index], cue))
    if (shown.length) this.#cues.set(number, shown)
    else this.#cues.delete(number)
  }

  #set(old, { start, end, text }) {
    const cue = old ?? new VTTCue(start, end, "")
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    if (cue.startTime !== start) cue.startTime = start
    if (cue.endTime !== end) cue.endTime = end
    if (cue.text !== escaped) cue.text = escaped
    if (!old) {
      cue.line = LINE
      this.#track.addCue(cue)
    }
    return cue
  }

  // Captions near the playhead are asked for first; where that fails, they come in their turn.
  #tell(seconds = this.#video.currentTime) {
    if (seconds === this.#told) return
    this.#told = seconds
    const body = JSON.stringify({ seconds })
    const headers = { "Content-Type": "application/json" }
    fetch("/playhead", { method: "POST", headers, body }).catch(() => { this.#told = null })
  }

  async #complain(trouble) {
    const missing = await fetch("/video", { method: "HEAD" }).then(answer => !answer.ok, () => null)
    if (missing === null && this.#video.error?.code === MediaError.MEDIA_ERR_NETWORK) return
    trouble.textContent = missing
      ? "The video file is no longer there. The captions and the transcript go on."
      : "This browser cannot play the video. The captions and the transcript go on without it."
    trouble.hidden = false
  }
}
