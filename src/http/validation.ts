import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { checkOf, refuse } from '#schema/check.ts'

/**
 * The validator of task arguments checks requests too: one way to say what is wrong with a field. A query string is
 * all texts, so its numbers are read as such first; a body means what it says, and "5" is not a number.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // The code that reads a header validates it; its schema is for the documentation.
  if (httpPart === 'headers') return () => true
  const check = checkOf(schema)
  return (data: unknown) => {
    const value = httpPart === 'querystring' ? readNumbers(schema, data as Record<string, unknown>) : data
    const problems = check(value)
    return problems.length > 0 ? { error: refuse(problems) } : { value }
  }
}

/** Only what is written as a number is one: not an empty text, and 1.5 is not rounded to please an integer. */
function readNumbers(schema: TSchema, query: Record<string, unknown>) {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> }
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      const numeric = ['number', 'integer'].includes(properties[name]?.type ?? '')
      return [name, numeric && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]
    })
  )
}
