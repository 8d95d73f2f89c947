export interface Wanted {
  /** One of these; null for any. */
  only: string[] | null
  /** None of these. */
  not: string[]
}

/**
 * Reads the value of a filter: `a,b` is either, `-a,b` is none of them, and `a,-b` is a that is not b. A backslash takes
 * the next character as it is.
 */
export function readWords(text: string | undefined): Wanted {
  if (text === undefined) return { only: null, not: [] }
  const words = split(text)
  const none = words[0]!.negated
  const of = (negated: boolean) => words.filter(word => (none || word.negated) === negated).map(({ word }) => word)
  const only = of(false)
  return { only: only.length > 0 ? only : null, not: of(true) }
}

function split(text: string) {
  // A backslash at the end is one.
  const pieces = text.match(/\\.|[^,]|,/gsu) ?? []
  const words = [{ word: '', negated: false }]
  for (const [at, piece] of pieces.entries()) {
    const last = words.at(-1)!
    if (piece === ',') words.push({ word: '', negated: false })
    else if (piece === '-' && last.word === '' && !last.negated && (at === 0 || pieces[at - 1] === ',')) {
      last.negated = true
    } else last.word += piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece
  }
  return words
}

/** Whether a value is wanted. */
export function wants({ only, not }: Wanted, word: string) {
  return (only === null || only.includes(word)) && !not.includes(word)
}
