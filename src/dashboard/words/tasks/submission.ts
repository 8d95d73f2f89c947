/** What a form says about a task beside its arguments, as it was typed. */
export interface TaskOptions {
  name: string
  queue: string
  priority: string
  countdown: string
  max_retries: string
  tags: string
}

export const noOptions: TaskOptions = { name: '', queue: '', priority: '', countdown: '', max_retries: '', tags: '' }

const numbers = ['priority', 'countdown', 'max_retries'] as const

/** The request. What is no number is sent as it is: the API says what is wrong with it. */
export function bodyOf(task: string, args: object | undefined, options: TaskOptions) {
  const { name, queue, tags } = options
  const words = tags.split(/[\s,]+/).filter(Boolean)
  const given = numbers.flatMap(field => {
    const text = options[field].trim()
    return text === '' ? [] : [[field, Number.isNaN(Number(text)) ? text : Number(text)]]
  })
  return {
    task,
    args: args ?? {},
    ...(name && { name }),
    ...(queue && { queue }),
    ...Object.fromEntries(given),
    ...(words.length > 0 && { tags: words })
  }
}
