import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { checkOf, refuse } from '#schema/check.ts'

/**
 * Checks requests as task arguments are checked, so that messages about fields are the same. Query strings have only
 * text, so their numbers and booleans are converted first; in a body "5" is not a number.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // The routes check their headers themselves; these schemas serve the documentation only.
  if (httpPart === 'headers') return () => true
  const check = checkOf(schema)
  return (data: unknown) => {
    const value = httpPart === 'querystring' ? readText(schema, data as Record<string, unknown>) : data
    const problems = check(value)
    return problems.length > 0 ? { error: refuse(problems) } : { value }
  }
}

/** Converts numerals, `true` and `false` only: an empty string stays one, and 1.5 is not rounded for an integer. */
function readText(schema: TSchema, query: Record<string, unknown>) {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> }
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      typeof value === 'string' ? converted(value, properties[name]?.type) : value
    ])
  )
}

function converted(text: string, type: string | undefined) {
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  const numeric = type === 'number' || type === 'integer'
  return numeric && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
