import { exitCodeOf, Unreachable } from './failures.ts'
import { print, printJson, printLine, remark, thrownText } from './screen/print.ts'

interface Acting<Answer> {
  json?: boolean | undefined
  act(word: string): Promise<Answer>
  text(answer: Answer, word: string): string
}

/** One act on several things: what is refused of one keeps no other from it. Several answers are a line each. */
export async function onEach<Answer>(words: string[], { json, act, text }: Acting<Answer>): Promise<number> {
  let code = 0
  for (const word of words) {
    try {
      const answer = await act(word)
      if (!json) print(text(answer, word))
      else if (words.length > 1) printLine(answer)
      else printJson(answer)
    } catch (error) {
      if (words.length === 1 || error instanceof Unreachable) throw error
      remark(`${word}: ${thrownText(error)}`)
      code = exitCodeOf(error)
    }
  }
  return code
}
