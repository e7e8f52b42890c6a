// The page: what comes over the connection goes into the captions, and from there onto the screen.

import { Captions } from "./captions.js"
import { Connection } from "./connection.js"
import { Player } from "./player.js"
import { Timeline } from "./timeline.js"
import { Transcript } from "./transcript.js"
import { clock, countsInWords, firstInWords, oneLine, statusWords, tokensInWords } from "./words.js"

const LINKS = {
  live: "Live",
  lost: "Connection lost, reconnecting…",
  gone: "No answer: foxstream was probably ended. What is here stays.",
  done: "All captions are here",
  stopped: "Captioning was stopped",
  broken: "Captioning broke off",
}
const SAID = 3 // captions that a screen reader still finds in the live region

const at = id => document.getElementById(id)
const captions = new Captions()
const player = new Player(at("video"), at("trouble"))
const timeline = new Timeline(at("runs"), at("seek"), captions, seek)
const transcript = new Transcript(at("lines"), at("scroll"), at("follow"), seek)
let about = { title: "", seconds: null, every: null }
let progress = null
let place = 0
let over = false
let drawing = 0

function seek(seconds) {
  place = seconds
  player.seek(seconds)
  move()
}

function length() {
  return player.duration || about.seconds || Math.max(captions.end, progress?.cut ?? 0)
}

function move() {
  const moment = captions.at(place)
  timeline.move(place)
  transcript.move(place)
  at("now").textContent = clock(place)
  at("length").textContent = clock(length())
  const status = moment?.status ?? "waiting"
  const words = statusWords(status)
  at("moment").textContent = over && status === "waiting" ? `${clock(place)}` : `${clock(place)}: ${words}`
  at("moment").dataset.status = status
}

// The words themselves are never put off; what counts them is drawn once a frame.
function redraw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0
    const counts = captions.counts() // of what is on the page: answers may be there before their turn
    counts.done += progress?.skipped ?? 0
    counts.known = Math.max(progress?.windows ?? 0, counts.done + counts.live + counts.failed)
    const expected = !over && about.seconds && about.every ? Math.round(about.seconds / about.every) : 0
    at("counts").textContent = countsInWords(counts, expected)
    at("empty").hidden = captions.windows.size > 0
    timeline.draw(length())
    move()
  })
}

function show(number) {
  const window = captions.get(number)
  player.show(number, window?.cues ?? [])
  transcript.show(number, window)
}

function say({ text }) {
  const line = document.createElement("p")
  line.textContent = oneLine(text)
  at("said").append(line)
  while (at("said").childElementCount > SAID) at("said").firstElementChild.remove()
}

function tell(told) {
  progress = told
  at("tokens").textContent = tokensInWords(told)
  at("first").textContent = firstInWords(told)
  at("failure").hidden = told.failure === null
  const failure = told.failure === null ? "" : `Captioning ended early: ${told.failure}`
  if (at("failure").textContent !== failure) at("failure").textContent = failure
  redraw()
}

new Connection({
  state(state) {
    about = state.about
    at("title").textContent = document.title = about.title
    captions.reset(state.cues)
    player.clear()
    transcript.clear()
    for (const { number } of captions.inOrder()) show(number)
    tell(state.progress)
  },
  cue(cue) {
    for (const number of captions.take(cue)) show(number)
    if (cue.final && cue.error === null) say(cue)
    redraw()
  },
  progress: tell,
  link(link) {
    over = ["done", "stopped", "broken"].includes(link)
    const failed = link === "done" && progress?.failure
    at("link").textContent = failed ? LINKS.broken : LINKS[link]
    at("link").dataset.link = failed ? "broken" : link
    redraw()
  },
})

player.onMove(() => {
  if (player.duration) place = player.time
  redraw()
})
at("toggle").addEventListener("click", () => {
  player.shown = !player.shown
  at("toggle").setAttribute("aria-pressed", String(player.shown))
})
