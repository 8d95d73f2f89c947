const longest = 2_048
// What opens a door is not for logs, wherever a client has put it.
const secretFields = /([?&](?:ticket|key|api[_-]?key|access_token|token|password|secret)=)[^&#]*/gi
const tokens = /(dr_[a-z]_[\dA-Za-z]{10})(?:_|%5f)?[\dA-Za-z]*/gi
const escaped = /dr(?:_|%5f)[a-z](?:_|%5f)[\dA-Za-z%]*/gi

/** A URL as logs and problems say it: at most 2 KiB, and without keys and tickets. */
export function loggedUrl(url: string): string {
  const short = url.length > longest ? `${url.slice(0, longest)}…` : url
  if (!/[?%]|dr_/i.test(short)) return short
  return short
    .replaceAll(secretFields, '$1…')
    .replaceAll(tokens, '$1_…')
    .replaceAll(escaped, text => (text.includes('%') ? 'dr_…' : text))
}
