// Keys as they are meant, whatever the layout of the keyboard.

/** Whether an input method is composing: its Enter and Escape are its own. Safari tells by 229. */
export const composing = (event) => event.isComposing || event.keyCode === 229

/**
 * The key that is meant: what was typed, if that is Latin or a sign; else, on a layout like the
 * Cyrillic, Hebrew or Arabic one, what a Latin one has at this place. Caps Lock changes nothing.
 */
export function keyOf(event) {
  const { key, code, shiftKey } = event
  const letter = /^[a-z]$/i.test(key) ? key : isLatin(key) ? null : /^Key([A-Z])$/.exec(code)?.[1]
  if (letter) return shiftKey ? letter.toUpperCase() : letter.toLowerCase()
  if (code === 'Digit3' && shiftKey && !isLatin(key)) return '#'
  // Where those layouts have a full stop and a comma, which are no keys of ours.
  if (code === 'Slash' && (!isLatin(key) || key === '.' || key === ',')) return shiftKey ? '?' : '/'
  return key
}

const isLatin = (key) => key.length > 1 || /^[\x20-\x7e\u00a0-\u024f]$/.test(key)
