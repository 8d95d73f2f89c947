export interface Token {
  kind: 'key' | 'string' | 'number' | 'literal' | 'plain'
  text: string
}

const part = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g

/** Of JSON text, in its order; together they are the text. */
export function tokensOf(json: string): Token[] {
  const tokens: Token[] = []
  let end = 0
  for (const match of json.matchAll(part)) {
    const [text, colon] = match
    if (match.index > end) tokens.push({ kind: 'plain', text: json.slice(end, match.index) })
    tokens.push({ kind: kindOf(text, colon), text })
    end = match.index + text.length
  }
  if (end < json.length) tokens.push({ kind: 'plain', text: json.slice(end) })
  return tokens
}

function kindOf(text: string, colon: string | undefined): Token['kind'] {
  if (text.startsWith('"')) return colon === undefined ? 'string' : 'key'
  return /^[-\d]/.test(text) ? 'number' : 'literal'
}

const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** With characters that turn the direction of what follows as escapes: they would make one text look like another. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'undefined'
  return text.replaceAll(turns, turn => `\\u${turn.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** On one line, for a table: "customer=c7 month=12". */
export function brief(value: unknown, most = 160): string {
  if (value === null || value === undefined) return ''
  const isObject = typeof value === 'object' && !Array.isArray(value)
  const parts = isObject ? Object.entries(value).map(([name, one]) => `${name}=${plain(one)}`) : [plain(value)]
  const text = parts.join(' ')
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function plain(value: unknown) {
  const text = jsonText(value)
  return typeof value === 'string' && text.length === value.length + 2 && /^\S+$/.test(value) ? value : text
}
