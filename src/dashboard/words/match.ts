export interface Choice {
  group: string
  label: string
  act(): void
}

const most = 40

/** Those that have every word of the text, the ones that begin with it first. */
export function best(text: string, choices: readonly Choice[]): Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return choices
    .map(choice => ({ choice, score: scoreOf(words, choice) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ choice }) => choice)
}

// A letter or two are in the name of nearly every group.
const shortestOfGroup = 3

function scoreOf(words: string[], choice: Choice): number {
  const name = choice.label.toLowerCase()
  const label = `${name} ${choice.group.toLowerCase()}`
  let score = 1
  for (const word of words) {
    const at = (word.length < shortestOfGroup ? name : label).indexOf(word)
    if (at < 0) return 0
    score += at === 0 ? 4 : label[at - 1] === ' ' || label[at - 1] === '_' ? 2 : 1
  }
  return score
}
