// Keys, focus, choosing and the badge. Everything here has a plain link or form behind it.

import { composing, keyOf } from './keyboard.js'

const shownNumber = (number) =>
  new Intl.NumberFormat(document.documentElement.lang).format(number)
const $ = (selector, root = document) => root.querySelector(selector)
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)]

// --- Lines and the pane ------------------------------------------------------------------------

const lines = () => $$('#lines > .line')
const link = (line) => line && $('a', line)
const currentLine = () =>
  document.activeElement?.closest('.line') ?? $('.line:has([aria-current])')

function step(by) {
  const all = lines()
  const at = all.indexOf(currentLine())
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]
  link(next)?.focus()
  next?.scrollIntoView({ block: 'nearest' })
  if (next === all.at(-1)) $('#more a')?.click()
}

function markOpened() {
  const post = $('#pane')?.dataset.post
  for (const each of $$('.line a[aria-current]')) each.removeAttribute('aria-current')
  if (post) $(`#line-${CSS.escape(post)} a`)?.setAttribute('aria-current', 'true')
}

const listAddress = (back) => $('#list')?.dataset.address ?? back.href

function closePane({ push = true } = {}) {
  const pane = $('#pane.opened')
  const back = pane && $('.back', pane)
  const nothing = $('#no-post')
  if (!back || !nothing) return false
  const line = $(`#line-${CSS.escape(pane.dataset.post)}`)
  pane.replaceWith(nothing.content.cloneNode(true))
  if (push) history.pushState({ htmx: true }, '', listAddress(back))
  markOpened()
  showUnread()
  ;(link(line) ?? $('#list-name'))?.focus()
  return true
}

// Where a hit was opened and acted on, the search is what is shown then.
function showAddress() {
  const address = $('#list')?.dataset.address
  const away = address && new URL(address, location.href).pathname !== location.pathname
  if (away && !$('#pane.opened')) history.replaceState({ htmx: true }, '', address)
}

// Back from a post to the list that it was opened from: the list is still there, in its place.
document.addEventListener('htmx:before:history:restore', (event) => {
  const back = $('#pane.opened .back')
  const home = (url) => new URL(url, location.href).pathname.replace(/^\/$/, '/inbox/')
  if (back && home(listAddress(back)) === home(event.detail.path)) {
    event.preventDefault()
    closePane({ push: false })
  }
})

// --- The badge ---------------------------------------------------------------------------------

// Of the post that is open, else of the list.
function title() {
  const shown = $('#pane.opened #post-subject') ?? $('#list-name')
  return shown ? `${shown.textContent.trim()} – Opost` : document.title.replace(/^\([^)]*\) /, '')
}

function showUnread() {
  const folders = $('#folders')
  if (!folders) return
  const unread = Number(folders.dataset.unread)
  document.title = unread ? `(${shownNumber(unread)}) ${title()}` : title()
  const icon = $('link[rel=icon]')
  icon.dataset.read ??= icon.getAttribute('href')
  const wanted = unread ? icon.dataset.unread : icon.dataset.read
  if (icon.getAttribute('href') !== wanted) icon.setAttribute('href', wanted)
}

// --- Choosing ----------------------------------------------------------------------------------

let lastChosen = null
const boxes = () => $$('#lines input[name=uid]')

function showChosen() {
  const list = $('#list')
  if (!list) return
  const all = boxes()
  const chosen = all.filter((box) => box.checked)
  const whole = $('.whole input', list)
  const full = chosen.length > 0 && chosen.length === all.length
  if (whole && !full) whole.checked = false
  list.toggleAttribute('data-choosing', chosen.length > 0)
  list.toggleAttribute('data-full', full)
  const head = $('[data-all]', list)
  if (head) {
    head.checked = full
    head.indeterminate = chosen.length > 0 && !full
  }
  const said = $('[data-chosen]', list)
  const text = whole?.checked ? whole.dataset.total : chosen.length || ''
  if (said && said.textContent !== String(text)) said.textContent = text
  askAbout(text)
}

function askAbout(number) {
  const asking = $('#list [data-confirm]')
  asking?.setAttribute('hx-confirm', asking.dataset.confirm.replace('{n}', number))
}

function choose(box, range) {
  const all = boxes()
  const anchor = lastChosen?.isConnected ? lastChosen : all.find((each) => each.checked && each !== box)
  const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b)
  if (range && from >= 0) for (const each of all.slice(from, to + 1)) each.checked = box.checked
  lastChosen = box
  showChosen()
}

document.addEventListener('click', (event) => {
  if (event.target.matches?.('#lines input[name=uid]')) choose(event.target, event.shiftKey)
})

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-all]')) {
    for (const each of boxes()) each.checked = event.target.checked
    showChosen()
  } else if (event.target.matches('.whole input')) showChosen()
})

// --- Focus after what was acted on has gone ------------------------------------------------------

let actor = null // the button whose action may take away what has the focus,
let following = null // and the line that is to have it then
let leaving = null // the opened post, where it leaves that for later
let forOnce = [] // boxes that a key checked for its action only

function remember(source) {
  const form = source.closest?.('form')
  if (!form?.matches('#chosen, .actions, .toast form')) return
  actor = source
  const opened = $('#pane')?.dataset.post
  leaving = source.matches('#pane [data-key="u"]') ? opened : null
  if (form.closest('.toast')) return
  const touched = form.id === 'chosen'
    ? boxes().filter((box) => box.checked).map((box) => box.closest('.line'))
    : [document.getElementById(`line-${opened}`)]
  const all = lines()
  const rest = all.slice(all.indexOf(touched.at(-1)) + 1).filter((line) => !touched.includes(line))
  following = rest[0] ?? all.filter((line) => !touched.includes(line)).at(-1) ?? null
}

// What is sent is read by now, and it may yet be asked whether to send it at all.
document.addEventListener('htmx:config:request', (event) => {
  remember(event.target)
  for (const box of forOnce) box.checked = false
  forOnce = []
})

document.addEventListener('htmx:after:swap', (event) => {
  markOpened()
  if ($('.whole input')?.checked) for (const box of boxes()) box.checked = true // also what came
  showChosen()
  showUnread()
  watchToasts()
  if (event.detail.ctx.sourceElement !== actor) return
  // What is marked unread would be read again by the next load of the page, were it opened still.
  const isOpen = leaving && leaving === $('#pane').dataset.post
  if (isOpen && event.detail.ctx.response.status < 400) closePane()
  if (document.activeElement === document.body) {
    const target = following?.isConnected ? link(following) : $('#list-name')
    target?.focus({ preventScroll: true })
  }
  actor = following = null
})

// The title of a page that came back from the history is set last.
document.addEventListener('htmx:finally:swap', () => {
  showUnread()
  showAddress()
})

// --- Keys --------------------------------------------------------------------------------------

const shown = (element) => element && element.getClientRects().length > 0
const typing = (element) =>
  element.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')

function act(key) {
  const chosen = boxes().some((box) => box.checked)
  const line = document.activeElement?.closest('.line')
  if (!chosen && line && !line.matches(':has([aria-current])')) {
    const box = $('input[name=uid]', line)
    box.checked = true
    forOnce = [box]
    askAbout(1)
  }
  const tool = $(`[data-tool="${key}"]`)
  if (tool && (chosen || forOnce.length)) tool.click()
  else $(`#pane [data-key="${key}"]`)?.click()
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  o: () => link(currentLine())?.click(),
  x: () => $('input[name=uid]', currentLine() ?? document.createElement('i'))?.click(),
  '?': () => $('#keys')?.showModal(),
  '/': () => $('[data-key="/"]')?.focus(),
  Escape: () => {
    const menu = $('details.menu[open]')
    if (menu) {
      menu.open = false
      $('summary', menu).focus()
    } else if (boxes().some((box) => box.checked)) {
      for (const box of boxes()) box.checked = false
      showChosen()
    } else closePane()
  },
  c: () => $('[data-key="c"]')?.click(),
}
for (const key of ['e', '#', 'u', 'I', 's']) keys[key] = () => act(key)
for (const key of ['r', 'a', 'f', 'm']) keys[key] = () => $(`#pane [data-key="${key}"]`)?.click()

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  if (composing(event)) return
  if (typing(event.target) || event.target.closest('dialog, #composer')) return
  const key = keyOf(event)
  const run = Object.hasOwn(keys, key) ? keys[key] : null
  if (!run || !$('#mailbox')) return
  event.preventDefault()
  run()
})

// --- Small things --------------------------------------------------------------------------------

const STAYS = 30_000 // milliseconds: as long as a sending can be undone

function watchToasts() {
  for (const toast of $$('.toast:not([data-watched])')) {
    toast.dataset.watched = ''
    setTimeout(() => toast.matches(':hover, :focus-within') || toast.remove(), STAYS)
  }
}

document.addEventListener('click', (event) => {
  const on = (selector) => event.target.closest(selector)
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0
  if (on('[data-close]')) on('.toast').remove()
  if (on('[data-opens]')) document.getElementById(on('[data-opens]').dataset.opens).showModal()
  if (on('[data-print]')) print()
  if (on('[data-copy]')) copy(on('[data-copy]'))
  if (on('[data-retry]')) retry()
  if (on('#pane .back') && plain && closePane()) event.preventDefault()
  for (const menu of $$('details.menu[open]')) {
    if (!menu.contains(event.target) || on('#chosen .sheet-menu button')) menu.open = false
  }
})

async function copy(button) {
  const { copy, copied } = button.dataset
  await navigator.clipboard.writeText(document.getElementById(copy).textContent)
  button.textContent = copied
}

function setOffline(is) {
  const notice = $('#offline')
  if (notice) notice.hidden = !is
}

function retry() {
  const news = $('#news')
  if (news) htmx.trigger(news, 'look')
  else setOffline(!navigator.onLine)
}

addEventListener('offline', () => setOffline(true))
addEventListener('online', retry)
document.addEventListener('htmx:error', () => setOffline(true))
document.addEventListener('htmx:after:request', (event) => {
  setOffline(event.detail.ctx.response.status >= 500)
})

const look = () => {
  const news = $('#news')
  if (news && !document.hidden) htmx.trigger(news, 'look')
}
for (const name of ['visibilitychange', 'opost:sent', 'opost:undone']) {
  document.addEventListener(name, look)
}

// What was just sent belongs to the conversation that is open.
document.addEventListener('opost:sent', () => {
  if ($('#pane.opened')) {
    htmx.ajax('GET', location.href, { target: '#pane', swap: 'outerMorph' })
  }
})

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
document.cookie = `tz=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`

markOpened()
showChosen()
showUnread()
watchToasts()
